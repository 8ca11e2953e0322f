"""Several versions of one kernel, selected by name, timed by a harness."""

import time
import numpy as np
import nki
import nki.isa as nisa
import nki.language as nl

PMAX = nl.tile_size.pmax


def silu_v1(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    for i in nl.affine_range(x.shape[0] // PMAX):
        t = nl.load(x[i * PMAX : (i + 1) * PMAX, :])
        s = nl.sigmoid(t)
        nl.store(out[i * PMAX : (i + 1) * PMAX, :], nl.multiply(t, s))
    return out


def silu_v2(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    xv = x.reshape((x.shape[0] // PMAX, PMAX, x.shape[1]))
    ov = out.reshape((x.shape[0] // PMAX, PMAX, x.shape[1]))
    for i in nl.affine_range(xv.shape[0]):
        t = nl.ndarray((PMAX, x.shape[1]), dtype=x.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=t, src=xv[i])
        nisa.activation(dst=t, op=nl.silu, data=t)
        nisa.dma_copy(dst=ov[i], src=t)
    return out


KERNELS = {"v1": silu_v1, "v2": silu_v2}


def run(name, x):
    kernel = nki.jit(KERNELS[name])
    t0 = time.perf_counter()
    y = kernel(x)
    dt = time.perf_counter() - t0
    assert dt > 0
    return y


if __name__ == "__main__":
    x = np.random.default_rng(0).standard_normal((512, 256)).astype(np.float32)
    ref = x / (1 + np.exp(-x))
    ok = True
    for name in KERNELS:
        y = run(name, x)
        good = np.allclose(y, ref, atol=1e-5)
        print(name, "correct" if good else "WRONG")
        ok &= good
    raise SystemExit(0 if ok else 1)
