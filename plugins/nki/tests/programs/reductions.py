import numpy as np
import nki, nki.language as nl, nki.isa as nisa


@nki.jit
def col_sum(x):
    """Sum over partitions by a product with ones."""
    K, N = x.shape
    ones = nl.ones((128, 1), dtype=nl.float32, buffer=nl.sbuf)
    ps = nl.ndarray((1, N), dtype=nl.float32, buffer=nl.psum)
    for k in range(K // 128):
        t = nl.load(x[k * 128 : (k + 1) * 128])
        nisa.nc_matmul(ps, ones, t, is_stationary_onezero=True)
    out = nl.ndarray((1, N), dtype=nl.float32, buffer=nl.shared_hbm)
    nl.store(out, ps)
    return out


@nki.jit
def part_reduce(x):
    t = nl.load(x)
    r = nl.ndarray((1, x.shape[1]), nl.float32, buffer=nl.sbuf)
    nisa.tensor_partition_reduce(dst=r, op=nl.add, data=t)
    o = nl.ndarray((1, x.shape[1]), nl.float32, buffer=nl.shared_hbm)
    nl.store(o, r)
    return o


@nki.jit
def fused_reduce(x):
    P, N = x.shape
    t = nl.load(x)
    y = nl.ndarray((P, N), nl.float32, buffer=nl.sbuf)
    s = nl.ndarray((P, 1), nl.float32, buffer=nl.sbuf)
    nisa.tensor_scalar_reduce(dst=y, data=t, op0=nl.multiply, operand0=3.0, reduce_op=nl.add, reduce_res=s)
    c = nl.ndarray((P, N), nl.float32, buffer=nl.sbuf)
    nisa.tensor_scalar_cumulative(dst=c, src=t, op0=nl.add, op1=nl.add, imm0=0.0)
    inv = nl.ndarray((P, N), nl.float32, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=inv, data=t, op0=nl.abs, operand0=None, op1=nl.reciprocal, operand1=None)
    o = [nl.ndarray(z.shape, nl.float32, buffer=nl.shared_hbm) for z in (y, s, c, inv)]
    for d, z in zip(o, (y, s, c, inv)):
        nl.store(d, z)
    return tuple(o)


@nki.jit
def shuffle_rotate(x):
    t = nl.load(x)
    u = nl.ndarray(x.shape, x.dtype, buffer=nl.sbuf)
    nisa.nc_stream_shuffle(dst=u, src=t, shuffle_mask=[(i + 1) % 32 for i in range(32)])
    o = nl.ndarray(x.shape, x.dtype, buffer=nl.shared_hbm)
    nl.store(o, u)
    return o


x = np.random.default_rng(0).normal(size=(256, 40)).astype(np.float32)
assert np.allclose(col_sum(x), x.sum(0, keepdims=True), atol=1e-3)
assert np.allclose(part_reduce(x[:128]), x[:128].sum(0, keepdims=True), atol=1e-3)
y, s, c, inv = fused_reduce(x[:64])
assert (
    np.allclose(y, 3 * x[:64])
    and np.allclose(s, 3 * x[:64].sum(1, keepdims=True), atol=1e-4)
    and np.allclose(c, x[:64].cumsum(1), atol=1e-4)
    and np.allclose(inv, 1 / abs(x[:64]), rtol=1e-4)
)
z = shuffle_rotate(x[:64])
assert np.array_equal(z, np.concatenate([np.roll(x[:32], -1, 0), np.roll(x[32:64], -1, 0)]))
print("ok")
