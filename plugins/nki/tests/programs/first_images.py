"""Images in NKI 1: pooling by index arithmetic, resampling, a convolution as shifted products, turned blocks."""

import numpy as np
import neuronxcc.nki as nki
import neuronxcc.nki.isa as nisa
import neuronxcc.nki.language as nl
from neuronxcc.nki.typing import tensor


def pooled(x, out, *, size):
    """[C, H, W] by size x size averages, five index dimensions on one tile."""
    c, h, w = x.shape
    i_c = nl.arange(c)[:, None, None]
    image = nl.load(x[i_c, nl.arange(h)[None, :, None], nl.arange(w)[None, None, :]])
    i = nl.mgrid[0:c, 0 : h // size, 0 : w // size, 0:size, 0:size]
    windows = image[i.p, size * i.x + i.z, size * i.y + i.w]
    total = nl.sum(windows, axis=[3, 4]) / (size * size)
    nl.store(out, value=total)


@nki.jit
def nearest(x, factor: int):
    """[C, H, W] enlarged: each element factor x factor times."""
    c, h, w = x.shape
    out = nl.ndarray((c, h * factor, w * factor), dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.load(x)
    large = nl.ndarray((nl.par_dim(c), h * factor, w * factor), dtype=x.dtype)
    i_c, i_h, i_w = nl.mgrid[0:c, 0:h, 0:w]
    for dy in nl.static_range(factor):
        for dx in nl.static_range(factor):
            large[i_c, i_h * factor + dy, i_w * factor + dx] = nl.copy(tile[i_c, i_h, i_w])
    nl.store(out, value=large)
    return out


@nki.jit
def convolved(x: tensor[np.float32], kernel):
    """x [C, H, W] with kernel [C, KH, KW, F] to [F, H - KH + 1, W - KW + 1], sums in PSUM."""
    c, h, w = x.shape
    _, kh, kw, f = kernel.shape
    oh, ow = h - kh + 1, w - kw + 1
    assert oh * ow <= nl.tile_size.psum_fmax, f"{oh}x{ow} outputs leave a bank"
    out = nl.ndarray((f, oh, ow), dtype=x.dtype, buffer=nl.shared_hbm)
    image, weights = nl.load(x), nl.load(kernel)
    i_c, i_h, i_w = nl.mgrid[0:c, 0:oh, 0:ow]
    i_k, i_f = nl.mgrid[0:c, 0:f]
    sums = nl.zeros((nl.par_dim(f), oh, ow), dtype=nl.float32, buffer=nl.psum)
    for dy in nl.affine_range(kh):
        for dx in nl.affine_range(kw):
            sums += nisa.nc_matmul(weights[i_k, dy, dx, i_f], image[i_c, i_h + dy, i_w + dx])
    nl.store(out, value=nl.copy(sums, dtype=x.dtype))
    return out


@nki.jit
def turned(x):
    """[R, C] to [C, R] in blocks of 128, ragged at both ends."""
    r, c = x.shape
    out = nl.ndarray((c, r), dtype=x.dtype, buffer=nl.shared_hbm)
    i_p, i_f = nl.mgrid[0:128, 0:128]
    for a in nl.affine_range(-(-r // 128)):
        for b in nl.affine_range(-(-c // 128)):
            inside = (a * 128 + i_p < r) & (b * 128 + i_f < c)
            block = nl.load(x[a * 128 + i_p, b * 128 + i_f], mask=inside)
            flipped = nl.copy(nisa.nc_transpose(block, mask=inside), mask=(b * 128 + i_p < c) & (a * 128 + i_f < r))
            nl.store(out[b * 128 + i_p, a * 128 + i_f], flipped, mask=(b * 128 + i_p < c) & (a * 128 + i_f < r))
    return out


rng = np.random.default_rng(13)
image = rng.standard_normal((24, 12, 16)).astype("f4")
small = np.zeros((24, 6, 8), "f4")
nki.simulate_kernel(nki.jit(pooled), image, small, size=2)
np.testing.assert_allclose(small, image.reshape(24, 6, 2, 8, 2).mean((2, 4)), rtol=1e-5, atol=1e-6)
np.testing.assert_array_equal(nearest(image, 3), image.repeat(3, 1).repeat(3, 2))
filters = rng.standard_normal((24, 3, 3, 10)).astype("f4")
windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3), (1, 2))
np.testing.assert_allclose(
    convolved(image, filters), np.einsum("chwyx,cyxf->fhw", windows, filters), rtol=1e-4, atol=1e-4
)
matrix = rng.standard_normal((200, 300)).astype("f4")
np.testing.assert_array_equal(turned(matrix), matrix.T)
print("images agree")
