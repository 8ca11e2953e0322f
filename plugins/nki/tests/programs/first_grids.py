import numpy as np
import neuronxcc.nki as nki
import neuronxcc.nki.language as nl


@nki.jit
def attn_scores(q, k, scale):
    """Grid (batch, head): q,k [B, H, D, S] -> [B, H, S, S]"""
    b, h = nl.program_id(axis=0), nl.program_id(axis=1)
    B, H, D, S = q.shape
    out = nl.ndarray((B, H, S, S), dtype=q.dtype, buffer=nl.shared_hbm)
    i_d, i_s = nl.mgrid[0:D, 0:S]
    qt = nl.load(q[b, h, i_d, i_s])
    kt = nl.load(k[b, h, i_d, i_s])
    for t in nl.affine_range(S // 128):
        ps = nl.matmul(qt[:, nl.ds(t * 128, 128)], kt, transpose_x=True)
        nl.store(out[b, h, nl.ds(t * 128, 128), 0:S], ps * scale)
    return out


@nki.jit
def ragged(x):
    n = nl.num_programs(0)
    i = nl.program_id(0)
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    rows = -(-x.shape[0] // n)
    ix, iy = nl.mgrid[0:rows, 0 : x.shape[1]]
    m = i * rows + ix < x.shape[0]
    t = nl.load(x[i * rows + ix, iy], mask=m)
    nl.store(out[i * rows + ix, iy], nl.exp(t, mask=m), mask=m)
    return out


rng = np.random.default_rng(0)
q, k = rng.normal(size=(2, 3, 32, 256)).astype(np.float32), rng.normal(size=(2, 3, 32, 256)).astype(np.float32)
want = np.einsum("bhds,bhdt->bhst", q, k) * 0.5
assert np.allclose(nki.simulate_kernel(attn_scores[2, 3], q, k, 0.5), want, atol=1e-3)
assert np.allclose(attn_scores[(2, 3)](q, k, 0.5), want, atol=1e-3)
x = rng.normal(size=(70, 9)).astype(np.float32)
assert np.allclose(nki.simulate_kernel(ragged[4], x), np.exp(x), rtol=1e-4)
assert np.allclose(ragged[nl.nc(2)](x), np.exp(x), rtol=1e-4)
print("ok")
