import numpy as np
import nki, nki.language as nl, nki.isa as nisa


@nki.jit
def depthwise_conv1d(x, w):
    """x [C, L], w [C, K] -> [C, L-K+1]"""
    C, L = x.shape
    K = w.shape[1]
    O = L - K + 1
    out = nl.ndarray((C, O), dtype=x.dtype, buffer=nl.shared_hbm)
    for c0 in range(0, C, 128):
        p = min(128, C - c0)
        xt = nl.ndarray((p, L), x.dtype, buffer=nl.sbuf)
        wt = nl.ndarray((p, K), nl.float32, buffer=nl.sbuf)
        nisa.dma_copy(xt, x[c0 : c0 + p])
        nisa.dma_copy(wt, w[c0 : c0 + p])
        acc = nl.ndarray((p, O), nl.float32, buffer=nl.sbuf)
        nisa.memset(acc, 0.0)
        for k in range(K):
            nisa.scalar_tensor_tensor(
                dst=acc, data=xt[:, k : k + O], op0=nl.multiply, operand0=wt[:, k : k + 1], op1=nl.add, operand1=acc
            )
        nisa.dma_copy(out[c0 : c0 + p], acc)
    return out


@nki.jit
def conv2d_im2col(img, filt):
    """img [Cin, H, W], filt [Cin, KH, KW, Cout], valid."""
    Cin, H, W = img.shape
    _, KH, KW, Cout = filt.shape
    OH, OW = H - KH + 1, W - KW + 1
    x = nl.ndarray((Cin, H, W), img.dtype, buffer=nl.sbuf)
    f = nl.ndarray((Cin, KH, KW, Cout), filt.dtype, buffer=nl.sbuf)
    nisa.dma_copy(x, img)
    nisa.dma_copy(f, filt)
    acc = nl.ndarray((Cout, OH, OW), nl.float32, buffer=nl.psum)
    first = True
    for i in range(KH):
        for j in range(KW):
            nisa.nc_matmul(acc, f[:, i, j, :], x[:, i : i + OH, j : j + OW], accumulate=not first)
            first = False
    o = nl.ndarray((Cout, OH, OW), nl.float32, buffer=nl.sbuf)
    nisa.tensor_copy(o, acc)
    out = nl.ndarray((Cout, OH, OW), nl.float32, buffer=nl.shared_hbm)
    nisa.dma_copy(out, o)
    return out


rng = np.random.default_rng(0)
x, w = rng.normal(size=(200, 50)).astype(np.float32), rng.normal(size=(200, 4)).astype(np.float32)
want = sum(x[:, k : k + 47] * w[:, k : k + 1] for k in range(4))
assert np.allclose(depthwise_conv1d(x, w), want, atol=1e-5)
img, fl = rng.normal(size=(16, 10, 12)).astype(np.float32), rng.normal(size=(16, 3, 3, 8)).astype(np.float32)
ref = np.zeros((8, 8, 10))
for i in range(3):
    for j in range(3):
        ref += np.einsum("chw,co->ohw", img[:, i : i + 8, j : j + 10], fl[:, i, j])
assert np.allclose(conv2d_im2col(img, fl), ref, atol=1e-3)
print("conv ok")
