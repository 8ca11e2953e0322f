"""Radix-2 butterfly stages on rows, real and imaginary parts apart."""

import numpy as np
import nki, nki.language as nl, nki.isa as nisa


@nki.jit
def fft_rows(re, im, wr, wi):
    P, N = re.shape
    xr, xi = nl.load(re), nl.load(im)
    half = 1
    stage = 0
    while half < N:
        groups = N // (2 * half)
        cr, ci = nl.ndarray((P, half), nl.float32, buffer=nl.sbuf), nl.ndarray((P, half), nl.float32, buffer=nl.sbuf)
        nisa.dma_copy(dst=cr, src=wr[stage : stage + 1, 0:half].broadcast(0, P))
        nisa.dma_copy(dst=ci, src=wi[stage : stage + 1, 0:half].broadcast(0, P))
        yr, yi = nl.ndarray((P, N), nl.float32, buffer=nl.sbuf), nl.ndarray((P, N), nl.float32, buffer=nl.sbuf)
        vr, vi = xr.reshape((P, groups, 2, half)), xi.reshape((P, groups, 2, half))
        ur, ui = yr.reshape((P, groups, 2, half)), yi.reshape((P, groups, 2, half))
        crb, cib = cr.expand_dim(1).broadcast(1, groups), ci.expand_dim(1).broadcast(1, groups)
        tr, ti, tmp = (nl.ndarray((P, groups, half), nl.float32, buffer=nl.sbuf) for _ in range(3))
        lo, hi = (slice(None), slice(None), 0), (slice(None), slice(None), 1)
        nisa.tensor_tensor(tr, vr[hi], crb, nl.multiply)
        nisa.tensor_tensor(tmp, vi[hi], cib, nl.multiply)
        nisa.tensor_tensor(tr, tr, tmp, nl.subtract)
        nisa.tensor_tensor(ti, vr[hi], cib, nl.multiply)
        nisa.tensor_tensor(tmp, vi[hi], crb, nl.multiply)
        nisa.tensor_tensor(ti, ti, tmp, nl.add)
        for u, v, t in ((ur, vr, tr), (ui, vi, ti)):
            nisa.tensor_tensor(u[lo], v[lo], t, nl.add)
            nisa.tensor_tensor(u[hi], v[lo], t, nl.subtract)
        xr, xi = yr, yi
        half *= 2
        stage += 1
    outs = [nl.ndarray((P, N), nl.float32, buffer=nl.shared_hbm) for _ in range(2)]
    nl.store(outs[0], xr)
    nl.store(outs[1], xi)
    return outs[0], outs[1]


N = 32
bits = 5
rev = np.array([int(f"{i:05b}"[::-1], 2) for i in range(N)])
x = np.random.default_rng(0).standard_normal((16, N)) + 1j * np.random.default_rng(1).standard_normal((16, N))
w = np.zeros((bits, N // 2), complex)
for s in range(bits):
    h = 2**s
    w[s, :h] = np.exp(-1j * np.pi * np.arange(h) / h)
r, i = fft_rows(*(z.astype(np.float32) for z in (x[:, rev].real, x[:, rev].imag, w.real, w.imag)))
assert np.allclose(r + 1j * i, np.fft.fft(x, axis=1), atol=1e-3)
print("fft ok")
