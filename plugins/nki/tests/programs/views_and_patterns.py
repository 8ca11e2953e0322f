"""The same bytes seen in many ways: permute, flatten, split, expand, broadcast, reinterpret, raw patterns."""

import numpy as np
import nki, nki.isa as nisa, nki.language as nl


@nki.jit
def interleave(a, b):
    """out[:, 2 i] = a[:, i], out[:, 2 i + 1] = b[:, i]."""
    p, n = a.shape
    out = nl.ndarray((p, 2 * n), dtype=a.dtype, buffer=nl.shared_hbm)
    both = nl.ndarray((p, n, 2), dtype=a.dtype, buffer=nl.sbuf)
    for at, source in enumerate((a, b)):
        tile = nl.ndarray((p, n), dtype=a.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=tile, src=source)
        nisa.tensor_copy(dst=both[:, :, at], src=tile)
    nisa.dma_copy(dst=out, src=both.reshape((p, 2 * n)))
    return out


@nki.jit
def max_pool(x, k=2):
    """[C, H, W] to [C, H // k, W // k]."""
    c, h, w = x.shape
    out = nl.ndarray((c, h // k, w // k), dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.ndarray((c, h, w), dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=x)
    pooled = nl.ndarray((c, h // k, w // k), dtype=x.dtype, buffer=nl.sbuf)
    view = tile.ap([[h * w, c], [k * w, h // k], [k, w // k], [w, k], [1, k]])
    nisa.tensor_reduce(dst=pooled, op=nl.maximum, data=view, axis=(3, 4))
    nisa.dma_copy(dst=out, src=pooled)
    return out


@nki.jit
def heads_apart(x, heads):
    """[S, H * D] to [H, S, D]."""
    s, hd = x.shape
    d = hd // heads
    out = nl.ndarray((heads, s, d), dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.ndarray((s, heads, d), dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=x.reshape((s, heads, d)))
    for h in range(heads):
        nisa.dma_copy(dst=out[h], src=tile[:, h, :])
    return out


@nki.jit
def weighted(x, w):
    """x [P, A, B] * w [P, A] over the last dimension, with views only."""
    p, a, b = x.shape
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.sbuf)
    factors = nl.ndarray((p, a), dtype=w.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=x)
    nisa.dma_copy(dst=factors, src=w)
    wide = factors.expand_dim(2).broadcast(2, b)
    assert tuple(wide.shape) == (p, a, b) and not wide.is_contiguous()
    nisa.tensor_tensor(dst=tile, data1=tile, data2=wide, op=nl.multiply)
    nisa.dma_copy(dst=out.flatten_dims(1, 2), src=tile.flatten_dims(1, 2))
    return out


@nki.jit
def signs(x):
    """The sign bits of float32 through an integer view."""
    out = nl.ndarray(x.shape, dtype=nl.int32, buffer=nl.shared_hbm)
    tile = nl.ndarray(x.shape, dtype=nl.float32, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=x)
    bits = nl.ndarray(x.shape, dtype=nl.uint32, buffer=nl.sbuf)
    nisa.tensor_scalar(bits, tile.view(nl.uint32), nl.logical_shift_right, 31)
    whole = nl.ndarray(x.shape, dtype=nl.int32, buffer=nl.sbuf)
    nisa.tensor_copy(whole, bits)
    nisa.dma_copy(dst=out, src=whole)
    return out


@nki.jit
def swap_axes(x):
    """[P, A, B] to [P, B, A] on chip."""
    p, a, b = x.shape
    out = nl.ndarray((p, b, a), dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.ndarray((p, a, b), dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=x)
    swapped = nl.ndarray((p, b, a), dtype=x.dtype, buffer=nl.sbuf)
    nisa.tensor_copy(dst=swapped, src=tile.permute((0, 2, 1)))
    nisa.dma_copy(dst=out, src=swapped.reshape_dim(1, (b, 1)).squeeze_dim(2))
    return out


def check(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-6)


rng = np.random.default_rng(5)
a, b = rng.standard_normal((2, 64, 48)).astype("f4")
check(interleave(a, b), np.stack([a, b], -1).reshape(64, -1))
image = rng.standard_normal((32, 8, 12)).astype("f4")
check(max_pool(image), image.reshape(32, 4, 2, 6, 2).max((2, 4)))
check(heads_apart(a, 4), a.reshape(64, 4, 12).transpose(1, 0, 2))
check(weighted(image, image[:, :, 0].copy()), image * image[:, :, :1])
assert (signs(a) == np.signbit(a)).all()
check(swap_axes(image), image.transpose(0, 2, 1))
