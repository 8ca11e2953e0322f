import numpy as np
import nki, nki.language as nl, nki.isa as nisa


@nki.jit
def unpack_nibbles(x):
    P, N = x.shape
    lo = nl.ndarray((P, N), dtype=nl.uint8, buffer=nl.sbuf)
    hi = nl.ndarray((P, N), dtype=nl.uint8, buffer=nl.sbuf)
    t = nl.load(x)
    nisa.tensor_scalar(dst=lo, data=t, op0=nl.bitwise_and, operand0=0x0F)
    nisa.tensor_scalar(
        dst=hi, data=t, op0=nl.logical_shift_right if hasattr(nl, "logical_shift_right") else nl.right_shift, operand0=4
    )
    out = nl.ndarray((P, N, 2), dtype=nl.uint8, buffer=nl.shared_hbm)
    o = nl.ndarray((P, N, 2), dtype=nl.uint8, buffer=nl.sbuf)
    nisa.tensor_copy(dst=o[:, :, 0], src=lo)
    nisa.tensor_copy(dst=o[:, :, 1], src=hi)
    nl.store(out, o)
    return out


@nki.jit
def xorshift(seed):
    t = nl.load(seed)
    u = nl.ndarray(t.shape, dtype=nl.uint32, buffer=nl.sbuf)
    for sh, left in ((13, True), (17, False), (5, True)):
        nisa.tensor_scalar(dst=u, data=t, op0=nl.left_shift if left else nl.right_shift, operand0=sh)
        nisa.tensor_tensor(dst=t, data1=t, data2=u, op=nl.bitwise_xor)
    out = nl.ndarray(seed.shape, dtype=nl.uint32, buffer=nl.shared_hbm)
    nl.store(out, t)
    return out


@nki.jit
def int_math(a, b):
    x, y = nl.load(a), nl.load(b)
    s = nl.ndarray(a.shape, dtype=nl.int32, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=s, data1=x, data2=y, op=nl.multiply)
    nisa.tensor_tensor(dst=s, data1=s, data2=y, op=nl.add)
    out = nl.ndarray(a.shape, dtype=nl.int32, buffer=nl.shared_hbm)
    nl.store(out, s)
    return out


x = np.random.default_rng(0).integers(0, 256, (16, 32)).astype(np.uint8)
g = unpack_nibbles(x)
assert (g[..., 0] == x & 15).all() and (g[..., 1] == x >> 4).all()
s = np.random.default_rng(1).integers(1, 2**32, (8, 8), dtype=np.uint64).astype(np.uint32)
w = s.copy()
w ^= w << np.uint32(13)
w ^= w >> np.uint32(17)
w ^= w << np.uint32(5)
assert (xorshift(s) == w).all()
a = np.random.default_rng(2).integers(-30000, 30000, (8, 8)).astype(np.int32)
b = np.random.default_rng(3).integers(-30000, 30000, (8, 8)).astype(np.int32)
assert (int_math(a, b) == a * b + b).all()
print("bits ok")
