import numpy as np
from neuronxcc import nki
import neuronxcc.nki.language as nl
import neuronxcc.nki.isa as nisa

P = nl.tile_size.pmax


@nki.jit
def cumsum_by_tiles(x):
    n, d = x.shape
    out = nl.ndarray((n, d), dtype=x.dtype, buffer=nl.shared_hbm)
    carry = nl.zeros((nl.par_dim(P), 1), dtype=nl.float32)
    ones = nl.ones((P, 128), dtype=nl.float32)
    for j in nl.sequential_range(d // 128):
        t = nl.load(x[0:P, j * 128 : (j + 1) * 128])
        r = nisa.tensor_tensor_scan(ones, t, initial=carry, op0=np.multiply, op1=np.add)
        nl.store(out[0:P, j * 128 : (j + 1) * 128], r)
        carry[:, 0] = nl.copy(r[:, 127])
    return out


@nki.jit
def transposed_add(a, b):
    """a [M, N] + b.T, b [N, M]"""
    M, N = a.shape
    out = nl.ndarray((M, N), dtype=a.dtype, buffer=nl.shared_hbm)
    bt = nl.load(b)
    btt = nl.transpose(bt)
    nl.store(out, nl.add(nl.load(a), btt))
    return out


@nki.jit
def causal_mask(x):
    n = x.shape[0]
    out = nl.ndarray((n, n), dtype=x.dtype, buffer=nl.shared_hbm)
    ix, iy = nl.mgrid[0:P, 0:n]
    for t in nl.affine_range(n // P):
        s = nl.load(x[t * P + ix, iy])
        keep = nl.zeros((P, n), dtype=x.dtype)
        keep[ix, iy] = nl.copy(s[ix, iy], mask=(t * P + ix >= iy))
        nl.store(out[t * P + ix, iy], keep)
    return out


@nki.jit
def store_masked(x, limit):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    ix, iy = nl.arange(x.shape[0])[:, None], nl.arange(x.shape[1])[None, :]
    nl.store(out[ix, iy], nl.zeros(x.shape, dtype=x.dtype))
    t = nl.load(x[ix, iy])
    nl.store(out[ix, iy], t, mask=(iy < limit))
    return out


@nki.jit
def outer(a, b):
    m, n = a.shape[0], b.shape[0]
    out = nl.ndarray((m, n), dtype=a.dtype, buffer=nl.shared_hbm)
    x = nl.load(a.reshape((m, 1)))
    y = nl.load(b.reshape((1, n)))
    nl.store(out, nl.multiply(x, y.broadcast_to((m, n))))
    return out


@nki.jit
def argmax_rows(x):
    t = nl.load(x)
    m8 = nisa.max8(src=t)
    i8 = nisa.nc_find_index8(data=t, vals=m8)
    out = nl.ndarray((x.shape[0], 1), dtype=nl.uint32, buffer=nl.shared_hbm)
    nl.store(out, i8[:, 0:1])
    return out


@nki.jit
def int_ops(x):
    t = nl.load(x)
    a = nl.bitwise_and(t, 0xFF)
    b = nl.right_shift(t, 8)
    c = nl.bitwise_xor(a, b)
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    nl.store(out, c)
    return out


@nki.jit
def sigmoid_cross_entropy(x, y):
    t, z = nl.load(x), nl.load(y)
    loss = nl.maximum(t, 0) - t * z + nl.log(1.0 + nl.exp(-nl.abs(t)))
    s = nl.sum(loss, axis=1, keepdims=True) / x.shape[1]
    out = nl.ndarray((x.shape[0], 1), dtype=x.dtype, buffer=nl.shared_hbm)
    nl.store(out, s)
    return out


def sim(k, *a, **kw):
    return nki.simulate_kernel(k, *a, **kw)


rng = np.random.default_rng(0)
x = rng.normal(size=(128, 512)).astype(np.float32)
assert np.allclose(sim(cumsum_by_tiles, x), x.cumsum(1), atol=1e-3)
a, b = rng.normal(size=(64, 96)).astype(np.float32), rng.normal(size=(96, 64)).astype(np.float32)
assert np.allclose(sim(transposed_add, a, b), a + b.T)
q = rng.normal(size=(256, 256)).astype(np.float32)
assert np.array_equal(sim(causal_mask, q), np.tril(q))
w = x.copy()
w[:, 300:] = 0
assert np.array_equal(sim(store_masked, x, 300), w)
assert np.allclose(sim(outer, a[:, 0], b[:, 0]), np.outer(a[:, 0], b[:, 0]))
assert np.array_equal(sim(argmax_rows, x)[:, 0], x.argmax(1))
i = rng.integers(0, 60000, (128, 8)).astype(np.int32)
assert np.array_equal(sim(int_ops, i), (i & 255) ^ (i >> 8))
y = (rng.random((128, 512)) > 0.5).astype(np.float32)
want = (np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))).mean(1)
assert np.allclose(sim(sigmoid_cross_entropy, x, y)[:, 0], want, atol=1e-4)
print("misc1 ok")
