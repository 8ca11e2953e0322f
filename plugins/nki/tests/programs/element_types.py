import numpy as np
import ml_dtypes
import nki, nki.language as nl, nki.isa as nisa


@nki.jit
def cast(x, dtype):
    out = nl.ndarray(x.shape, dtype=dtype, buffer=nl.shared_hbm)
    t = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(t, x)
    u = nl.ndarray(x.shape, dtype=dtype, buffer=nl.sbuf)
    nisa.tensor_copy(u, t)
    nisa.dma_copy(out, u)
    return out


@nki.jit
def quantize(x):
    """Per-row absmax int8 quantisation; returns q and scale."""
    P, N = x.shape
    q = nl.ndarray((P, N), dtype=nl.int8, buffer=nl.shared_hbm)
    s = nl.ndarray((P, 1), dtype=nl.float32, buffer=nl.shared_hbm)
    t = nl.load(x)
    a = nl.ndarray((P, N), nl.float32, buffer=nl.sbuf)
    nisa.activation(dst=a, op=nl.abs, data=t)
    m = nl.ndarray((P, 1), nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=m, op=nl.maximum, data=a, axis=1, keepdims=True)
    nisa.tensor_scalar(dst=m, data=m, op0=nl.multiply, operand0=1 / 127.0, op1=nl.maximum, operand1=1e-12)
    inv = nl.ndarray((P, 1), nl.float32, buffer=nl.sbuf)
    nisa.reciprocal(inv, m)
    qt = nl.ndarray((P, N), nl.int8, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=qt, data=t, op0=nl.multiply, operand0=inv, op1=nl.minimum, operand1=127.0)
    nl.store(q, qt)
    nl.store(s, m)
    return q, s


x = np.random.default_rng(0).uniform(-4, 4, (8, 16)).astype(np.float32)
for d, n in (
    (nl.bfloat16, ml_dtypes.bfloat16),
    (nl.float16, np.float16),
    (nl.int32, np.int32),
    (nl.float8_e4m3, ml_dtypes.float8_e4m3),
    (nl.float8_e5m2, ml_dtypes.float8_e5m2),
):
    y = cast(x, d)
    want = np.rint(x).astype(n) if d == nl.int32 else x.astype(n)
    assert y.dtype == n, (y.dtype, n)
    assert (y.astype(np.float32) == want.astype(np.float32)).all(), d
q, s = quantize(x)
assert q.dtype == np.int8
assert np.abs(q * s - x).max() <= s.max() * 0.51
b = cast(x.astype(ml_dtypes.bfloat16), nl.float32)
assert b.dtype == np.float32
print("dtypes ok")
