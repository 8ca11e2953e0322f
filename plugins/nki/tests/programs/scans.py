import numpy as np
import nki
import nki.language as nl
import nki.isa as nisa


@nki.jit
def ssm(delta, u, A, B, C):
    """delta,u [C, L]; A [C, S]; B, C [S, L] -> [C, L]"""
    channels, seq = delta.shape
    states = A.shape[1]
    out = nl.ndarray((channels, seq), dtype=delta.dtype, buffer=nl.shared_hbm)
    for c in nl.affine_range(channels // 128):
        rows = nl.ds(c * 128, 128)
        d, x, a = nl.load(delta[rows, :]), nl.load(u[rows, :]), nl.load(A[rows, :])
        acc = nl.zeros((128, seq), dtype=nl.float32, buffer=nl.sbuf)
        du = nl.ndarray((128, seq), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_tensor(du, d, x, nl.multiply)
        for s in nl.static_range(states):
            dA = nl.ndarray((128, seq), dtype=nl.float32, buffer=nl.sbuf)
            nisa.activation(dst=dA, op=nl.exp, data=d, scale=a[:, s : s + 1])
            bb = nl.ndarray((128, seq), dtype=nl.float32, buffer=nl.sbuf)
            nisa.dma_copy(dst=bb, src=B[s : s + 1, :].broadcast(0, 128))
            dBu = nl.ndarray((128, seq), dtype=nl.float32, buffer=nl.sbuf)
            nisa.tensor_tensor(dBu, du, bb, nl.multiply)
            h = nl.ndarray((128, seq), dtype=nl.float32, buffer=nl.sbuf)
            nisa.tensor_tensor_scan(dst=h, data0=dA, data1=dBu, initial=0.0, op0=nl.multiply, op1=nl.add)
            cc = nl.ndarray((128, seq), dtype=nl.float32, buffer=nl.sbuf)
            nisa.dma_copy(dst=cc, src=C[s : s + 1, :].broadcast(0, 128))
            nisa.tensor_tensor(h, h, cc, nl.multiply)
            nisa.tensor_tensor(acc, acc, h, nl.add)
        nl.store(out[rows, :], acc)
    return out


@nki.jit
def cumsum(x):
    t = nl.load(x)
    r = nl.ndarray(x.shape, nl.float32, buffer=nl.sbuf)
    nisa.tensor_tensor_scan(r, nl.ones(x.shape, nl.float32), t, 0, nl.multiply, nl.add)
    o = nl.ndarray(x.shape, nl.float32, buffer=nl.shared_hbm)
    nl.store(o, r)
    return o


if __name__ == "__main__":
    rng = np.random.default_rng(11)
    L, S, CH = 48, 4, 256
    delta = rng.uniform(0, 1, (CH, L)).astype(np.float32)
    u = rng.normal(size=(CH, L)).astype(np.float32)
    A = -rng.uniform(0, 1, (CH, S)).astype(np.float32)
    B = rng.normal(size=(S, L)).astype(np.float32)
    C = rng.normal(size=(S, L)).astype(np.float32)
    y = ssm(delta, u, A, B, C)
    h = np.zeros((CH, S))
    want = np.zeros((CH, L))
    for t in range(L):
        h = np.exp(delta[:, t : t + 1] * A) * h + (delta[:, t] * u[:, t])[:, None] * B[:, t]
        want[:, t] = (h * C[:, t]).sum(1)
    assert np.allclose(y, want, atol=1e-3), np.abs(y - want).max()
    x = rng.normal(size=(5, 77)).astype(np.float32)
    assert np.allclose(cumsum(x), x.cumsum(1), atol=1e-4)
    print("PASS")
