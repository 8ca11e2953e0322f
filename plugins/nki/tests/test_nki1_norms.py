"""NKI 1 kernels of transpositions, layouts, norms and reductions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from nki_kernels import close, seeded, softmax

from accelcore_nki.nki1 import isa as nisa
from accelcore_nki.nki1 import kernels as nki
from accelcore_nki.nki1 import language as nl

# Transposes and layout


@nki.jit
def transpose_inner(x, first, second):
    """[P, first * second] as [P, second * first]."""
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    i_p = nl.arange(x.shape[0])[:, None]
    tile = nl.load(x[i_p, nl.arange(first * second)[None, :]])
    turned = nl.ndarray((nl.par_dim(x.shape[0]), first * second), dtype=x.dtype)
    for a in nl.affine_range(first):
        for b in nl.affine_range(second):
            turned[i_p, b * first + a] = nl.copy(tile[i_p, a * second + b])
    nl.store(out, value=turned)
    return out


def test_a_transposition_in_the_free_dimensions():
    x = seeded(96, 4 * 5)
    close(transpose_inner(x, 4, 5), x.reshape(96, 4, 5).transpose(0, 2, 1).reshape(96, 20))


def test_transpositions_through_every_engine():
    @nki.jit
    def kernel(x, small):
        outs = [nl.ndarray((64, 128), dtype=x.dtype, buffer=nl.shared_hbm) for _ in range(3)]
        tile = nl.load(x)
        nl.store(outs[0], nl.copy(nisa.nc_transpose(tile)))
        nl.store(outs[1], nl.transpose(tile))
        nl.store(outs[2], nl.load_transpose2d(x))
        last = nl.ndarray((16, 32), dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(last, nisa.nc_transpose(nl.load(small), engine=nisa.vector_engine))
        return (*outs, last)

    x, small = seeded(128, 64), seeded(32, 16)
    *turned, last = kernel(x, small)
    for have in turned:
        close(have, x.T)
    close(last, small.T)


def test_strides_and_blocks_of_an_image():
    """Average pooling by an access pattern of five dimensions."""

    @nki.jit
    def pool(x, size):
        channels, height, width = x.shape
        out = nl.ndarray((channels, height // size, width // size), dtype=x.dtype, buffer=nl.shared_hbm)
        i_p, i_h, i_w, i_a, i_b = nl.mgrid[0:channels, 0 : height // size, 0 : width // size, 0:size, 0:size]
        tile = nl.load(x)
        total = nl.sum(tile[i_p, i_h * size + i_a, i_w * size + i_b], axis=[3, 4])
        nl.store(out, total / (size * size))
        return out

    x = seeded(32, 8, 12)
    close(pool(x, 2), x.reshape(32, 4, 2, 6, 2).mean((2, 4)))


def test_an_index_that_is_not_affine():
    @nki.jit
    def nearest(x, factor):
        out = nl.ndarray((x.shape[0], x.shape[1] * factor), dtype=x.dtype, buffer=nl.shared_hbm)
        i_p, i_f = nl.arange(x.shape[0])[:, None], nl.arange(x.shape[1] * factor)[None, :]
        tile = nl.load(x)
        wide = nl.ndarray((x.shape[0], x.shape[1] * factor), dtype=x.dtype)
        wide[i_p, i_f] = nl.copy(tile[i_p, i_f // factor])
        nl.store(out[i_p, i_f], wide)
        return out

    x = seeded(16, 10)
    close(nearest(x, 3), np.repeat(x, 3, 1))


# Norms and softmax


@nki.jit
def rmsnorm(x, g):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    i_p, i_1, i_f = nl.arange(128)[:, None], nl.arange(1)[:, None], nl.arange(x.shape[1])[None, :]
    gain = nl.load(g.reshape((1, g.shape[0]))[i_1, i_f])
    for i in nl.affine_range(math.ceil(x.shape[0] / 128)):
        rows = i * 128 + i_p < x.shape[0]
        tile = nl.load(x[i * 128 + i_p, i_f], mask=rows)
        mean = nl.sum(nl.square(tile), axis=[1]) / x.shape[1]
        scaled = nl.multiply(tile, nl.rsqrt(mean + 1e-6))
        scaled[...] = nl.multiply(scaled, gain.broadcast_to((128, g.shape[0])), mask=rows)
        nl.store(out[i * 128 + i_p, i_f], value=scaled, mask=rows)
    return out


def test_rmsnorm():
    x, g = seeded(300, 192), seeded(192, seed=5)
    close(rmsnorm(x, g), x / np.sqrt((x * x).mean(1, keepdims=True) + 1e-6) * g, 1e-4)


@nki.jit
def layernorm_by_statistics(x, gamma, beta):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    rows, width = x.shape
    piece = math.gcd(nl.tile_size.bn_stats_fmax, width)
    shift, gain = (nl.load(v.reshape((1, width))).broadcast_to((128, width)) for v in (beta, gamma))
    for i in nl.affine_range(rows // 128):
        tile = nl.load(x[nl.ds(i * 128, 128), :])
        count = width // piece
        stats = nl.ndarray((nl.par_dim(128), 6 * count), dtype=nl.float32)
        for n in nl.affine_range(count):
            stats[:, n * 6 : (n + 1) * 6] = nisa.bn_stats(tile[:, n * piece : (n + 1) * piece], dtype=np.float32)
        both = nisa.bn_aggr(stats)
        root = nl.rsqrt(nl.add(both[:, 1], 1e-5))
        tile = nisa.tensor_scalar(
            data=tile, op0=nl.subtract, operand0=both[:, 0], op1=nl.multiply, operand1=root, dtype=np.float32
        )
        tile = nl.add(nl.multiply(tile, gain), shift)
        nl.store(out[nl.ds(i * 128, 128), :], tile)
    return out


@pytest.mark.parametrize("width", [512, 768])
def test_layernorm(width):
    x, g, b = seeded(256, width), seeded(width, seed=5), seeded(width, seed=6)
    centred = x - x.mean(1, keepdims=True)
    want = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5) * g + b
    close(layernorm_by_statistics(x, g, b), want, 1e-4)


def test_softmax_by_instructions():
    @nki.jit
    def kernel(x):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        tile = nl.load(x)
        top = nisa.tensor_reduce(np.max, tile, axis=(1,), dtype=tile.dtype, negate=True)
        total = nl.zeros((nl.par_dim(128), 1), dtype=np.float32)
        raised = nisa.activation_reduce(np.exp, tile, bias=top, reduce_op=np.add, reduce_res=total[...])
        nl.store(out, nl.multiply(raised, nisa.reciprocal(total)))
        return out

    x = seeded(128, 333)
    close(kernel(x), softmax(x))


@pytest.mark.parametrize("name", ["softmax", "mean", "var", "max", "min", "prod", "rms_norm"])
def test_reductions(name):
    x, w = seeded(40, 24), seeded(40, 24, seed=7)

    @nki.jit
    def kernel(x, w):
        tile = nl.load(x)
        if name == "rms_norm":
            result = nl.rms_norm(tile, nl.load(w), axis=1, n=24)
        else:
            result = getattr(nl, name)(tile, axis=1)
        out = nl.ndarray(result.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(out, result)
        return out

    want = {
        "softmax": lambda: softmax(x),
        "rms_norm": lambda: x / np.sqrt((x * x).mean(1, keepdims=True) + 1e-6) * w,
    }.get(name, lambda: getattr(np, name)(x, axis=1, keepdims=True))()
    close(kernel(x, w), want, 1e-4)
