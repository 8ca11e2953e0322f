"""A counter-based generator in 32-bit integers."""

import numpy as np
import nki, nki.language as nl, nki.isa as nisa

ROT = (13, 15, 26, 6)


@nki.jit
def arx(c0, c1, k0: int, k1: int):
    a, b = nl.load(c0), nl.load(c1)
    t = nl.ndarray(a.shape, nl.uint32, buffer=nl.sbuf)
    u = nl.ndarray(a.shape, nl.uint32, buffer=nl.sbuf)
    key = nl.ndarray(a.shape, nl.uint32, buffer=nl.sbuf)
    nisa.memset(key, value=k0)
    nisa.tensor_tensor(a, a, key, nl.add)
    nisa.memset(key, value=k1)
    nisa.tensor_tensor(b, b, key, nl.add)
    for r in ROT:
        nisa.tensor_tensor(a, a, b, nl.add)
        nisa.tensor_scalar(t, b, op0=nl.left_shift, operand0=r)
        nisa.tensor_scalar(u, b, op0=nl.right_shift, operand0=32 - r)
        nisa.tensor_tensor(b, t, u, nl.bitwise_or)
        nisa.tensor_tensor(b, b, a, nl.bitwise_xor)
    o0, o1 = nl.ndarray(a.shape, nl.uint32, buffer=nl.shared_hbm), nl.ndarray(a.shape, nl.uint32, buffer=nl.shared_hbm)
    nisa.dma_copy(o0, a)
    nisa.dma_copy(o1, b)
    return o0, o1


def ref(a, b, k0, k1):
    a, b = a + np.uint32(k0), b + np.uint32(k1)
    for r in ROT:
        a = a + b
        b = (b << np.uint32(r)) | (b >> np.uint32(32 - r))
        b = b ^ a
    return a, b


g = np.random.default_rng(0)
c0, c1 = (g.integers(0, 2**32, (128, 16), dtype=np.uint64).astype(np.uint32) for _ in range(2))
got, want = arx(c0, c1, 0x9E3779B9, 0xBB67AE85), ref(c0, c1, 0x9E3779B9, 0xBB67AE85)
assert (got[0] == want[0]).all() and (got[1] == want[1]).all()
print("arx ok")
