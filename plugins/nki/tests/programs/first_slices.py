import numpy as np
import neuronxcc.nki as nki
import neuronxcc.nki.language as nl
import neuronxcc.nki.isa as nisa


@nki.jit
def swiglu(x, wg, wu, wd):
    """x [T,H] bf16, wg/wu [H,I], wd [I,H]."""
    T, H = x.shape
    I = wg.shape[1]
    out = nl.ndarray((T, H), dtype=x.dtype, buffer=nl.shared_hbm)
    xT = nl.ndarray((nl.par_dim(128), H // 128, T), dtype=x.dtype)
    for h in nl.affine_range(H // 128):
        xT[:, h, :] = nl.load_transpose2d(x[:, h * 128 : (h + 1) * 128])
    hid = nl.ndarray((nl.par_dim(128), I // 128, T), dtype=x.dtype)
    for i in nl.affine_range(I // 128):
        g = nl.zeros((nl.par_dim(128), T), dtype=nl.float32, buffer=nl.psum)
        u = nl.zeros((nl.par_dim(128), T), dtype=nl.float32, buffer=nl.psum)
        for h in nl.affine_range(H // 128):
            a = nl.load(wg[h * 128 : (h + 1) * 128, nl.ds(i * 128, 128)])
            b = nl.load(wu[h * 128 : (h + 1) * 128, nl.ds(i * 128, 128)])
            g += nisa.nc_matmul(a, xT[:, h, :])
            u += nisa.nc_matmul(b, xT[:, h, :])
        hid[:, i, :] = nl.multiply(nl.silu(g), u, dtype=x.dtype)
    o = nl.zeros((T, H), dtype=nl.float32, buffer=nl.psum)
    for i in nl.affine_range(I // 128):
        w = nl.load(wd[i * 128 : (i + 1) * 128, :])
        o[...] += nl.matmul(hid[:, i, :], w, transpose_x=True)
    nl.store(out, value=nl.copy(o, dtype=out.dtype))
    return out


x = (np.random.rand(96, 256) - 0.5).astype(nl.bfloat16)
wg, wu = ((np.random.rand(256, 384) - 0.5).astype(nl.bfloat16) for _ in range(2))
wd = (np.random.rand(384, 256) - 0.5).astype(nl.bfloat16)
f = np.float32
g = x.astype(f) @ wg.astype(f)
want = (g / (1 + np.exp(-g)) * (x.astype(f) @ wu.astype(f))) @ wd.astype(f)
got = nki.simulate_kernel(swiglu, x, wg, wu, wd)
assert got.dtype == nl.bfloat16
err = np.abs(got.astype(f) - want).max()
print(err, np.abs(want).max())
assert err < 0.03 * np.abs(want).max() + 0.02
