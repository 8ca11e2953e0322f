@nki.jit
def gelu_mlp(x, w1, w2):
    """x: [S, H], w1: [H, I], w2: [I, H]; S<=128, H<=128, I % 128 == 0."""
    S, H = x.shape
    I = w1.shape[1]
    out = nl.ndarray((S, H), dtype=x.dtype, buffer=nl.shared_hbm)
    xT = nl.ndarray((H, S), dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=xT, src=x.permute((1, 0)))
    acc = nl.ndarray((S, H), dtype=nl.float32, buffer=nl.psum)
    for i in nl.affine_range(I // 128):
        w1_sb = nl.ndarray((H, 128), dtype=w1.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=w1_sb, src=w1[0:H, nl.ds(i * 128, 128)])
        h_ps = nl.ndarray((128, S), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_matmul(dst=h_ps, stationary=w1_sb, moving=xT, accumulate=False)
        h = nl.ndarray((128, S), dtype=x.dtype, buffer=nl.sbuf)
        nisa.activation(dst=h, op=nl.gelu_apprx_tanh, data=h_ps)
        w2_sb = nl.ndarray((128, H), dtype=w2.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=w2_sb, src=w2[nl.ds(i * 128, 128), :])
        nisa.nc_matmul(dst=acc, stationary=h, moving=w2_sb, accumulate=i > 0)
    o = nl.ndarray((S, H), dtype=x.dtype, buffer=nl.sbuf)
    nisa.tensor_copy(dst=o, src=acc)
    nisa.dma_copy(dst=out, src=o)
    return out


def test_gelu_mlp():
    np.random.seed(0)
    x, w1, w2 = (np.random.randn(*s).astype(np.float32) * 0.2 for s in ((64, 96), (96, 256), (256, 96)))
    h = x @ w1
    h = 0.5 * h * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3)))
    assert np.allclose(gelu_mlp(x, w1, w2), h @ w2, atol=1e-4)
