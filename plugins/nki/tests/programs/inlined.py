import functools
import numpy as np
import nki
import nki.language as nl
import nki.isa as nisa
from nki.language import float32, bfloat16, sbuf, psum, shared_hbm, ndarray, ds, affine_range


@functools.lru_cache
def config():
    return {"tile": 256}


@nki.jit
def leaf(x_tile, factor):
    y = ndarray(x_tile.shape, float32, buffer=sbuf)
    nisa.tensor_scalar(dst=y, data=x_tile, op0=nl.multiply, operand0=factor)
    return y


@nki.jit
def root(x, factor=2.0, *, repeat: int = 1):
    P, N = x.shape
    T = config()["tile"]
    out = ndarray([P, N], dtype=x.dtype, buffer=shared_hbm)
    for j in affine_range(N // T):
        cols = ds(j * T, T)
        t = ndarray((P, T), x.dtype, buffer=sbuf)
        nisa.dma_copy(t, x[:, cols], dge_mode=nisa.dge_mode.hwdge)
        for _ in nl.sequential_range(repeat):
            t = leaf(t, factor)
        nisa.dma_copy(out[:, cols], t, dge_mode=nisa.dge_mode.none)
    return out


@nki.jit
def negative_axes(x):
    t = nl.load(x)
    m = nl.max(t, axis=-1, keepdims=True)
    s = nl.sum(nl.exp(nl.subtract(t, m)), axis=-1, keepdims=True)
    r = nl.add(m, nl.log(s))
    out = nl.ndarray((x.shape[0], 1), dtype=nl.float32, buffer=nl.shared_hbm)
    nl.store(out, r)
    return out


@nki.jit
def one_d(x, y):
    """dot of two vectors of n = 128 * k elements"""
    n = x.shape[0]
    a = nl.ndarray((128, n // 128), dtype=x.dtype, buffer=nl.sbuf)
    b = nl.ndarray((128, n // 128), dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=a, src=x.reshape((128, n // 128)))
    nisa.dma_copy(dst=b, src=y.reshape((128, n // 128)))
    prod = nl.ndarray((128, n // 128), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=prod, data1=a, data2=b, op=nl.multiply)
    part = nl.ndarray((128, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=part, op=nl.add, data=prod, axis=1)
    ones = nl.ndarray((128, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.memset(ones, 1.0)
    tot = nl.ndarray((1, 1), dtype=nl.float32, buffer=nl.psum)
    nisa.nc_matmul(dst=tot, stationary=part, moving=ones)
    res = nl.ndarray((1, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.activation(dst=res, op=nl.copy, data=tot)
    out = nl.ndarray((1,), dtype=nl.float32, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=res)
    return out


@nki.jit
def stacked(*xs):
    n = len(xs)
    P, N = xs[0].shape
    out = nl.ndarray((n, P, N), dtype=xs[0].dtype, buffer=nl.shared_hbm)
    for i, x in enumerate(xs):
        nisa.dma_copy(dst=out[i], src=x)
    return out


x = np.random.default_rng(0).standard_normal((64, 512)).astype(np.float32)
assert np.allclose(root(x), 2 * x) and np.allclose(root(x, 3.0, repeat=2), 9 * x)
assert np.allclose(negative_axes(x)[:, 0], np.log(np.exp(x).sum(1)), atol=1e-4)
u, v = x.reshape(-1)[:1024], x.reshape(-1)[1024:2048]
assert np.allclose(one_d(u, v), u @ v, atol=1e-3)
assert np.array_equal(stacked(x, -x), np.stack([x, -x]))
assert root.__name__ == "root" and "Kernel" in repr(type(root))
part = functools.partial(root, repeat=3)
assert np.allclose(part(x), 8 * x)
print("misc ok")
