from typing import Optional, Tuple, List
import numpy as np
import nki
import nki.isa as nisa
import nki.language as nl
import nki.typing as nt


@nki.jit
def linear(x: nl.ndarray, w: nl.ndarray, bias: Optional[nl.ndarray] = None, *, activation: str = "none") -> nl.ndarray:
    S, K = x.shape
    N = w.shape[-1]
    xT = nl.load_transpose2d(x)
    wt = nl.load(w)
    ps = nl.matmul(xT, wt, transpose_x=True)
    r = nl.copy(ps)
    if bias is not None:
        b = nl.ndarray((S, N), dtype=nl.float32, buffer=nl.sbuf)
        nisa.dma_copy(dst=b, src=bias.reshape((1, N)).broadcast_to((S, N)))
        r = nl.add(r, b)
    match activation:
        case "relu":
            r = nl.relu(r)
        case "none":
            pass
        case other:
            raise ValueError(f"unknown activation {other}")
    out = nl.ndarray((S, N), dtype=x.dtype, buffer=nl.shared_hbm)
    nl.store(out, r)
    return out


@nki.jit
def stats(x: nt.tensor[nl.float32]) -> Tuple[nt.tensor, nt.tensor]:
    t = nl.load(x)
    hi = nl.ndarray((x.shape[0], 1), dtype=nl.float32, buffer=nl.shared_hbm)
    lo = nl.ndarray((x.shape[0], 1), dtype=nl.float32, buffer=nl.shared_hbm)
    nl.store(hi, nl.max(t, axis=1, keepdims=True))
    nl.store(lo, nl.min(t, axis=[1], keepdims=True))
    return {"hi": hi, "lo": lo}


def check():
    rng = np.random.default_rng(0)
    x, w, b = (
        rng.normal(size=(64, 32)).astype(np.float32),
        rng.normal(size=(32, 48)).astype(np.float32),
        rng.normal(size=(48,)).astype(np.float32),
    )
    assert np.allclose(linear(x, w), x @ w, atol=1e-4)
    assert np.allclose(linear(x, w, b, activation="relu"), np.maximum(x @ w + b, 0), atol=1e-4)
    try:
        linear(x, w, activation="swish")
    except ValueError as e:
        print("expected:", e)
    r = stats(x)
    assert np.allclose(r["hi"][:, 0], x.max(1)) and np.allclose(r["lo"][:, 0], x.min(1))


check()
