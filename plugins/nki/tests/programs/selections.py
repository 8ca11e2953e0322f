import numpy as np
import nki, nki.language as nl, nki.isa as nisa


@nki.jit
def masked_softmax(x, lens):
    P, N = x.shape
    t = nl.load(x)
    zero = nl.zeros((P, 1), nl.float32, buffer=nl.sbuf)
    ln = nl.load(lens, dtype=nl.float32) if False else nl.ndarray((P, 1), nl.float32, buffer=nl.sbuf)
    nisa.dma_copy(ln, lens)
    m = nl.ndarray((P, N), nl.float32, buffer=nl.sbuf)
    mx = nl.ndarray((P, 1), nl.float32, buffer=nl.sbuf)
    nisa.range_select(
        dst=m,
        on_true_tile=t,
        comp_op0=nl.greater_equal,
        comp_op1=nl.less,
        bound0=zero,
        bound1=ln,
        reduce_cmd=nisa.reduce_cmd.reset_reduce,
        reduce_res=mx,
        reduce_op=nl.maximum,
        range_start=0,
        on_false_value=-3.4028235e38,
    )
    neg = nl.ndarray((P, 1), nl.float32, buffer=nl.sbuf)
    nisa.tensor_scalar(neg, mx, nl.multiply, -1.0)
    s = nl.ndarray((P, 1), nl.float32, buffer=nl.sbuf)
    nisa.activation_reduce(m, nl.exp, m, reduce_op=nl.add, reduce_res=s, bias=neg)
    nisa.reciprocal(s, s)
    nisa.tensor_scalar(m, m, nl.multiply, s)
    o = nl.ndarray((P, N), nl.float32, buffer=nl.shared_hbm)
    nl.store(o, m)
    return o


@nki.jit
def where_kernel(c, a, b):
    cc = nl.ndarray(c.shape, nl.uint8, buffer=nl.sbuf)
    nisa.dma_copy(cc, c)
    x = nl.load(a)
    y = nl.load(b)
    nisa.tensor_copy_predicated(dst=y, src=x, predicate=cc)
    o = nl.ndarray(a.shape, a.dtype, buffer=nl.shared_hbm)
    nl.store(o, y)
    return o


@nki.jit
def clip_where(a):
    x = nl.load(a)
    r = nl.where(nl.greater(x, 0.0), x, 0.0)
    sel = nl.ndarray(a.shape, a.dtype, buffer=nl.sbuf)
    pos = nl.ndarray(a.shape, nl.uint8, buffer=nl.sbuf)
    nisa.tensor_scalar(pos, x, nl.greater, 0.0)
    nisa.select_reduce(dst=sel, predicate=pos, on_true=x, on_false=0.0)
    d = nl.subtract(r, sel)
    o = nl.ndarray(a.shape, a.dtype, buffer=nl.shared_hbm)
    nl.store(o, nl.add(r, d))
    return o


@nki.jit
def positions(n: int):
    t = nl.ndarray((128, n), nl.int32, buffer=nl.sbuf)
    nisa.iota(dst=t, pattern=[[1, n]], offset=0, channel_multiplier=n)
    o = nl.ndarray((128, n), nl.int32, buffer=nl.shared_hbm)
    nisa.dma_copy(o, t)
    return o


rng = np.random.default_rng(0)
x = rng.normal(size=(32, 20)).astype(np.float32)
lens = rng.integers(1, 21, (32, 1)).astype(np.int32)
z = np.where(np.arange(20) < lens, x, -np.inf)
e = np.exp(z - z.max(1, keepdims=True))
assert np.allclose(masked_softmax(x, lens), e / e.sum(1, keepdims=True), atol=1e-5)
c = (x > 0).astype(np.uint8)
assert np.array_equal(where_kernel(c, x, -x), np.where(c, x, -x))
assert np.array_equal(clip_where(x), np.maximum(x, 0))
assert np.array_equal(positions(5), np.arange(640).reshape(128, 5))
print("select ok")
