@nki.jit
def nki_rope(q_in, cos, sin):
    """q [D, S]: halves along the partition."""
    d_head, S = q_in.shape
    q_out = nl.ndarray((d_head, S), dtype=q_in.dtype, buffer=nl.shared_hbm)
    half = d_head // 2
    i_p, i_f = nl.arange(half)[:, None], nl.arange(512)[None, :]
    for t in nl.affine_range(S // 512):
        c = nl.load(cos[i_p, t * 512 + i_f])
        s = nl.load(sin[i_p, t * 512 + i_f])
        lo = nl.load(q_in[i_p, t * 512 + i_f])
        hi = nl.load(q_in[half + i_p, t * 512 + i_f])
        nl.store(q_out[i_p, t * 512 + i_f], lo * c - hi * s)
        nl.store(q_out[half + i_p, t * 512 + i_f], hi * c + lo * s)
    return q_out


def test_rope():
    q = np.random.rand(128, 1024).astype(np.float32)
    a = np.random.rand(64, 1024).astype(np.float32)
    got = nki.simulate_kernel(nki_rope, q, np.cos(a), np.sin(a))
    want = np.concatenate([q[:64] * np.cos(a) - q[64:] * np.sin(a), q[64:] * np.cos(a) + q[:64] * np.sin(a)])
    np.testing.assert_allclose(got, want, atol=1e-5)
