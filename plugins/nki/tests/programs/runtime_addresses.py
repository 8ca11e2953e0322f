import numpy as np
import nki
import nki.language as nl
import nki.isa as nisa


@nki.jit
def moe_select(tokens, expert_w, route):
    """tokens [T, H], expert_w [E, H, I], route [T//128, 1] int32: expert of each block."""
    T, H = tokens.shape
    E, _, I = expert_w.shape
    out = nl.ndarray((T, I), dtype=nl.float32, buffer=nl.shared_hbm)
    for t in nl.affine_range(T // 128):
        rid = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.sbuf)
        nisa.dma_copy(dst=rid, src=route[t : t + 1, :])
        reg = nisa.register_alloc()
        nisa.register_load(reg, rid)
        w = nl.ndarray((H, I), dtype=expert_w.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=w, src=expert_w.ap(pattern=[[I, H], [1, I]], offset=0, scalar_offset=reg, indirect_dim=0))
        xT = nl.ndarray((H, 128), dtype=tokens.dtype, buffer=nl.sbuf)
        nisa.dma_transpose(dst=xT, src=tokens[t * 128 : (t + 1) * 128, :])
        ps = nl.ndarray((128, I), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_matmul(ps, xT, w)
        o = nl.ndarray((128, I), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy(o, ps)
        nisa.dma_copy(dst=out[t * 128 : (t + 1) * 128, :], src=o)
    return out


@nki.jit
def kv_update(cache, new, pos):
    """cache [B, S, D]; new [B, D]; pos [B, 1] -> copy of the cache with a row set for each batch."""
    B, S, D = cache.shape
    out = nl.ndarray(cache.shape, dtype=cache.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=cache)
    base = nl.ndarray((B, 1), dtype=nl.int32, buffer=nl.sbuf)
    nisa.iota(dst=base, pattern=[[0, 1]], offset=0, channel_multiplier=S)
    p = nl.ndarray((B, 1), dtype=nl.int32, buffer=nl.sbuf)
    nisa.dma_copy(dst=p, src=pos)
    idx = nl.ndarray((B, 1), dtype=nl.uint32, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=idx, data1=base, data2=p, op=nl.add)
    n = nl.ndarray((B, D), dtype=new.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=n, src=new)
    flat = out.reshape((B * S, D))
    nisa.dma_copy(
        dst=flat.ap(pattern=[[D, B], [1, D]], vector_offset=idx, indirect_dim=0), src=n, oob_mode=nisa.oob_mode.skip
    )
    return out


rng = np.random.default_rng(0)
t, w = rng.normal(size=(256, 64)).astype(np.float32), rng.normal(size=(4, 64, 32)).astype(np.float32)
r = np.array([[2], [3]], np.int32)
want = np.concatenate([t[:128] @ w[2], t[128:] @ w[3]])
assert np.allclose(moe_select(t, w, r), want, atol=1e-4)
c, n, p = (
    rng.normal(size=(8, 16, 4)).astype(np.float32),
    rng.normal(size=(8, 4)).astype(np.float32),
    rng.integers(0, 16, (8, 1)).astype(np.int32),
)
w2 = c.copy()
w2[np.arange(8), p[:, 0]] = n
assert np.array_equal(kv_update(c, n, p), w2)
print("ok")
