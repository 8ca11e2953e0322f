import numpy as np
import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def embedding(table, ids):
    """table [V, D], ids [N] int32 -> [N, D]"""
    N = ids.shape[0]
    V, D = table.shape
    out = nl.ndarray((N, D), dtype=table.dtype, buffer=nl.shared_hbm)
    for t in range(N // 128):
        idx = nl.ndarray((128, 1), dtype=nl.uint32, buffer=nl.sbuf)
        nisa.dma_copy(dst=idx, src=ids.reshape((N, 1))[t * 128 : (t + 1) * 128, :])
        rows = nl.ndarray((128, D), dtype=table.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=rows, src=table.ap(pattern=[[D, 128], [1, D]], offset=0, vector_offset=idx, indirect_dim=0))
        nisa.dma_copy(dst=out[t * 128 : (t + 1) * 128], src=rows)
    return out


@nki.jit
def scatter_add(acc, upd, ids):
    N, D = upd.shape
    out = nl.ndarray(acc.shape, dtype=acc.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=acc)
    idx = nl.ndarray((N, 1), dtype=nl.uint32, buffer=nl.sbuf)
    nisa.dma_copy(dst=idx, src=ids)
    u = nl.ndarray((N, D), dtype=upd.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=u, src=upd)
    view = out.ap(pattern=[[D, N], [1, D]], vector_offset=idx, indirect_dim=0)
    nisa.dma_compute(dst=view, srcs=[view, u], reduce_op=nl.add)
    return out


@nki.jit
def pick_row(x, which):
    r = nisa.register_alloc()
    w = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.sbuf)
    nisa.dma_copy(dst=w, src=which)
    nisa.register_load(r, w)
    D = x.shape[1]
    o = nl.ndarray((1, D), dtype=x.dtype, buffer=nl.shared_hbm)
    t = nl.ndarray((1, D), dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=t, src=x.ap(pattern=[[D, 1], [1, D]], scalar_offset=r, indirect_dim=0))
    nisa.dma_copy(dst=o, src=t)
    return o


rng = np.random.default_rng(0)
table = rng.standard_normal((1000, 32)).astype(np.float32)
ids = rng.integers(0, 1000, 256).astype(np.int32)
np.testing.assert_array_equal(embedding(table, ids), table[ids])
acc = rng.standard_normal((50, 8)).astype(np.float32)
upd = rng.standard_normal((10, 8)).astype(np.float32)
who = rng.permutation(50)[:10].astype(np.uint32).reshape(10, 1)
want = acc.copy()
want[who[:, 0]] += upd
np.testing.assert_allclose(scatter_add(acc, upd, who), want, rtol=1e-6)
np.testing.assert_array_equal(pick_row(table, np.array([[17]], np.int32)), table[17:18])
print("gather ok")
