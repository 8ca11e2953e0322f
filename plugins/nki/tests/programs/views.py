import numpy as np
import nki, nki.language as nl, nki.isa as nisa


@nki.jit
def rope(x, cos, sin):
    """x [S, H, D] interleaved halves, cos/sin [S, D/2]."""
    S, H, D = x.shape
    h = D // 2
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    for t in range(0, S, 128):
        x_sb = nl.ndarray((128, H, D), dtype=x.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=x_sb, src=x[t : t + 128])
        c = nl.ndarray((128, h), dtype=nl.float32, buffer=nl.sbuf)
        s = nl.ndarray((128, h), dtype=nl.float32, buffer=nl.sbuf)
        nisa.dma_copy(dst=c, src=cos[t : t + 128, :])
        nisa.dma_copy(dst=s, src=sin[t : t + 128, :])
        cb = c.reshape((128, 1, h)).broadcast(1, H)
        sb = s.expand_dim(1).broadcast(1, H)
        lo, hi = x_sb[:, :, 0:h], x_sb[:, :, h:D]
        o = nl.ndarray((128, H, D), dtype=x.dtype, buffer=nl.sbuf)
        t1 = nl.ndarray((128, H, h), dtype=nl.float32, buffer=nl.sbuf)
        t2 = nl.ndarray((128, H, h), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_tensor(t1, lo, cb, nl.multiply)
        nisa.tensor_tensor(t2, hi, sb, nl.multiply)
        nisa.tensor_tensor(o[:, :, :h], t1, t2, nl.subtract)
        nisa.tensor_tensor(t1, hi, cb, nl.multiply)
        nisa.tensor_tensor(t2, lo, sb, nl.multiply, engine=nisa.gpsimd_engine)
        nisa.tensor_tensor(o[:, :, h:], t1, t2, nl.add)
        nisa.dma_copy(dst=out[t : t + 128], src=o)
    return out


@nki.jit
def maxpool2x2(x):
    C, H, W = x.shape
    t = nl.ndarray((C, H, W), dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=t, src=x)
    win = t.ap(pattern=[[H * W, C], [2 * W, H // 2], [2, W // 2], [W, 2], [1, 2]])
    m = nl.ndarray((C, H // 2, W // 2), dtype=x.dtype, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=m, op=nl.maximum, data=win, axis=[3, 4])
    out = nl.ndarray((C, H // 2, W // 2), dtype=x.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=m)
    return out


@nki.jit
def transpose_heads(x):
    S, H, D = x.shape
    out = nl.ndarray((H, S, D), dtype=x.dtype, buffer=nl.shared_hbm)
    t = nl.ndarray((S, H * D), dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=t, src=x.reshape((S, H * D)))
    v = t.reshape_dim(1, (H, D)).permute((0, 1, 2))
    for h in range(H):
        nisa.dma_copy(dst=out.select(0, h), src=v.slice(1, h, h + 1).squeeze_dim(1))
    nisa.dma_copy(dst=out[0], src=t.rearrange("s (h d) -> s h d", h=H)[:, 0])
    return out


rng = np.random.default_rng(0)
x = rng.standard_normal((256, 3, 16)).astype(np.float32)
ang = rng.standard_normal((256, 8)).astype(np.float32)
got = rope(x, np.cos(ang), np.sin(ang))
c, s = np.cos(ang)[:, None], np.sin(ang)[:, None]
want = np.concatenate([x[..., :8] * c - x[..., 8:] * s, x[..., 8:] * c + x[..., :8] * s], -1)
assert np.allclose(got, want, atol=1e-5)
im = rng.standard_normal((64, 8, 12)).astype(np.float32)
assert np.array_equal(maxpool2x2(im), im.reshape(64, 4, 2, 6, 2).max((2, 4)))
assert np.array_equal(transpose_heads(x[:100]), x[:100].transpose(1, 0, 2))
print("views ok")
