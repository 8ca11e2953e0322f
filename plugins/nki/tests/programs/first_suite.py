import numpy as np
import pytest
import neuronxcc.nki as nki
import neuronxcc.nki.isa as nisa
import neuronxcc.nki.language as nl
from neuronxcc.nki.language import par_dim
from neuronxcc.nki.typing import tensor


def sim(k, *a):
    return nki.simulate_kernel(k, *a)


RNG = np.random.default_rng(0)
X = RNG.normal(size=(128, 64)).astype(np.float32)
Y = RNG.normal(size=(128, 64)).astype(np.float32)


def unary_kernel(f, shape=None, dtype=np.float32):
    @nki.jit
    def k(x):
        r = f(nl.load(x))
        o = nl.ndarray(shape or r.shape, dtype=dtype, buffer=nl.shared_hbm)
        nl.store(o, r)
        return o

    return k


@pytest.mark.parametrize(
    "op,ref",
    [
        (nl.exp, np.exp),
        (nl.tanh, np.tanh),
        (nl.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
        (np.exp, np.exp),
        (nl.relu, lambda x: np.maximum(x, 0)),
        (nl.square, np.square),
    ],
)
def test_activation(op, ref):
    np.testing.assert_allclose(
        sim(unary_kernel(lambda t: nisa.activation(op, t, scale=0.5)), X), ref(X * 0.5), rtol=1e-4, atol=1e-5
    )


def test_activation_bias_vector():
    def f(t):
        b = nl.full((128, 1), 0.25, dtype=np.float32)
        return nisa.activation(op=nl.exp, data=t, bias=b[...], scale=2.0)

    np.testing.assert_allclose(sim(unary_kernel(f), X), np.exp(X * 2 + 0.25), rtol=1e-4)


def test_iota():
    @nki.jit
    def k():
        e = nl.arange(128)[:, None] * 10 + nl.arange(16)[None, :]
        t = nisa.iota(e, dtype=nl.int32)
        o = nl.ndarray((128, 16), dtype=nl.int32, buffer=nl.shared_hbm)
        nl.store(o, t)
        return o

    assert np.array_equal(sim(k), np.arange(128)[:, None] * 10 + np.arange(16))


def test_affine_select():
    @nki.jit
    def k(x):
        ix, iy = nl.arange(128)[:, None], nl.arange(64)[None, :]
        t = nl.load(x[ix, iy])
        r = nisa.affine_select(pred=(iy <= ix), on_true_tile=t[ix, iy], on_false_value=nl.fp32.min)
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o[ix, iy], r)
        return o

    want = np.where(np.arange(64)[None] <= np.arange(128)[:, None], X, np.finfo(np.float32).min)
    assert np.allclose(sim(k, X), want)


def test_scan():
    @nki.jit
    def k(a, b):
        x, y = nl.load(a), nl.load(b)
        o = nl.ndarray(a.shape, dtype=np.float32, buffer=nl.shared_hbm)
        r = nl.ndarray((par_dim(128), 64), dtype=np.float32)
        ip, i0, i1 = nl.arange(128)[:, None], nl.arange(32)[None, :], 32 + nl.arange(32)[None, :]
        r[ip, i0] = nisa.tensor_tensor_scan(x[ip, i0], y[ip, i0], initial=0.0, op0=np.multiply, op1=np.add)
        r[ip, i1] = nisa.tensor_tensor_scan(x[ip, i1], y[ip, i1], initial=r[ip, 31], op0=np.multiply, op1=np.add)
        nl.store(o, r)
        return o

    h = np.zeros(128)
    want = []
    for t in range(64):
        h = X[:, t] * h + Y[:, t]
        want.append(h)
    assert np.allclose(sim(k, X, Y), np.stack(want, 1), atol=1e-3)


def test_scalar_tensor_tensor():
    @nki.jit
    def k(a, b):
        o = nl.ndarray(a.shape, dtype=np.float32, buffer=nl.shared_hbm)
        nl.store(
            o,
            nisa.scalar_tensor_tensor(
                data=nl.load(a), op0=np.multiply, operand0=2.0, op1=np.subtract, operand1=nl.load(b)
            ),
        )
        return o

    assert np.allclose(sim(k, X, Y), 2 * X - Y)


def test_transposes():
    @nki.jit
    def k(a):
        t = nl.load(a)
        o = nl.ndarray((64, 128), dtype=a.dtype, buffer=nl.shared_hbm)
        p = nisa.nc_transpose(t)
        s = nisa.tensor_copy(p)
        nl.store(o, value=s)
        return o

    assert np.array_equal(sim(k, X), X.T)

    @nki.jit
    def small(a):
        o = nl.ndarray((32, 32), dtype=a.dtype, buffer=nl.shared_hbm)
        t = nl.load(a[0:32, 0:32])
        nl.store(o, nisa.nc_transpose(t, engine=nisa.vector_engine))
        return o

    assert np.array_equal(sim(small, X), X[:32, :32].T)


def test_dma_copy_and_memset():
    @nki.jit
    def k(a):
        o = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        m = nisa.memset((128, 64), value=1.5, dtype=a.dtype)
        t = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.sbuf)
        nisa.dma_copy(src=a, dst=t)
        r = nisa.tensor_tensor(t, m, op=nl.add, engine=nisa.vector_engine)
        nisa.dma_copy(dst=o, src=r)
        return o

    assert np.allclose(sim(k, X), X + 1.5)


def test_range_select_and_select_reduce():
    @nki.jit
    def k(a, lo, hi):
        t = nl.load(a)
        l, h = nl.load(lo), nl.load(hi)
        mx = nl.ndarray((128, 1), dtype=np.float32)
        s = nl.ndarray((128, 64), dtype=np.float32)
        s[...] = nisa.range_select(
            on_true_tile=t,
            comp_op0=np.greater_equal,
            comp_op1=np.less,
            bound0=l,
            bound1=h,
            reduce_cmd=nisa.reduce_cmd.reset_reduce,
            reduce_res=mx,
            reduce_op=np.max,
            on_false_value=nl.fp32.min,
        )
        o, m = (
            nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm),
            nl.ndarray((128, 1), dtype=a.dtype, buffer=nl.shared_hbm),
        )
        nl.store(o, s)
        nl.store(m, mx)
        return o, m

    lo = RNG.integers(0, 20, (128, 1)).astype(np.float32)
    hi = lo + 10
    o, m = sim(k, X, lo, hi)
    i = np.arange(64)[None]
    want = np.where((i >= lo) & (i < hi), X, np.finfo(np.float32).min)
    assert np.allclose(o, want) and np.allclose(m[:, 0], want.max(1))


def test_predicated_and_max8():
    @nki.jit
    def k(a, p):
        t, q = nl.load(a), nl.load(p)
        d = nl.zeros((128, 64), dtype=np.float32)
        nisa.tensor_copy_predicated(src=t, dst=d, predicate=q)
        b = nisa.max8(src=d)
        ix = nisa.nc_find_index8(data=d, vals=b)
        o, i = (
            nl.ndarray((128, 8), dtype=np.float32, buffer=nl.shared_hbm),
            nl.ndarray((128, 8), dtype=np.uint32, buffer=nl.shared_hbm),
        )
        nl.store(o, b)
        nl.store(i, ix)
        return o, i

    p = (RNG.random((128, 64)) > 0.2).astype(np.uint8)
    o, i = sim(k, X, p)
    d = np.where(p, X, 0)
    assert np.allclose(o, -np.sort(-d, 1)[:, :8])
    assert np.allclose(np.take_along_axis(d, i.astype(int), 1), o)


@pytest.mark.parametrize("dtype", [nl.bfloat16, np.float16, nl.float32])
def test_dtypes(dtype):
    @nki.jit
    def k(a):
        o = nl.ndarray(a.shape, dtype=dtype, buffer=nl.shared_hbm)
        t = nl.load(a, dtype=dtype)
        assert t.dtype == dtype
        nl.store(o, t * 2)
        return o

    r = sim(k, X)
    assert r.dtype == np.dtype(dtype)
    assert np.allclose(r.astype(np.float32), 2 * X, rtol=1e-2)
    assert np.allclose(sim(k, nl.static_cast(X, nl.bfloat16)).astype(np.float32), 2 * X, rtol=2e-2)
