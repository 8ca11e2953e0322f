"""Whole kernels of the NKI 1 surface, in the manner people write them, each against NumPy."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from nki_kernels import close, seeded, sigmoid, softmax

from accelcore_nki import ways
from accelcore_nki.nki1 import isa as nisa
from accelcore_nki.nki1 import kernels as nki
from accelcore_nki.nki1 import language as nl

BF16 = ml_dtypes.bfloat16


# Element-wise, masks, grids


@nki.jit
def add_on_a_grid(a, b):
    out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
    row, column = nl.program_id(0) * 128, nl.program_id(1) * 512
    ix = row + nl.arange(128)[:, None]
    iy = column + nl.arange(512)[None, :]
    nl.store(out[ix, iy], value=nl.load(a[ix, iy]) + nl.load(b[ix, iy]))
    return out


def test_addition_on_a_grid():
    a, b = seeded(256, 1024, dtype=BF16), seeded(256, 1024, seed=4, dtype=BF16)
    have = add_on_a_grid[2, 2](a, b)
    assert have.dtype == BF16
    close(have, (a.astype(np.float32) + b.astype(np.float32)).astype(BF16))
    close(add_on_a_grid[nl.spmd_dim(nl.nc(2), 1), 2](a, b), have)


def square_of_a_ragged_shape(x, out):
    rows, columns = x.shape
    i_p, i_f = nl.mgrid[0:128, 0:256]
    for r in nl.affine_range(math.ceil(rows / 128)):
        for c in nl.affine_range(math.ceil(columns / 256)):
            inside = (r * 128 + i_p < rows) & (c * 256 + i_f < columns)
            tile = nl.load(x[r * 128 + i_p, c * 256 + i_f], mask=inside)
            tile = nl.square(tile, mask=inside)
            nl.store(out[r * 128 + i_p, c * 256 + i_f], tile, mask=inside)


@pytest.mark.parametrize("shape", [(128, 256), (130, 300), (5, 7), (257, 255)])
def test_masks_of_ragged_shapes(shape):
    x, out = seeded(*shape), np.zeros(shape, np.float32)
    nki.simulate_kernel(square_of_a_ragged_shape, x, out)
    close(out, x * x)


def test_a_mask_that_selects_nothing_skips_the_instruction():
    @nki.jit
    def kernel(x):
        out = nl.zeros(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        for block in nl.affine_range(4):
            tile = nl.load(x, mask=block < 2)
            nl.store(out, nl.add(tile, 1.0, mask=block < 2), mask=block < 2)
        return out

    x = seeded(16, 16)
    close(kernel(x), x + 1)


def test_a_triangle_is_stored_and_the_rest_is_left():
    @nki.jit
    def kernel(x):
        out = nl.zeros(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        i_p, i_f = nl.arange(64)[:, None], nl.arange(64)[None, :]
        nl.store(out[i_p, i_f], nl.load(x[i_p, i_f]), mask=i_p >= i_f)
        return out

    x = seeded(64, 64)
    close(kernel(x), np.tril(x))


def test_operators_of_tiles():
    @nki.jit
    def kernel(a, b):
        x, y = nl.load(a), nl.load(b)
        z = (x + y) * (x - 1.0) / (2.0 - y * np.float32(0.25)) - (-x)
        z -= 0.5
        z *= y
        flags = nl.greater(x, y)
        z = z + nl.where(flags, x, 0.0) + nl.where(x < y, 1.0, y)
        out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.hbm)
        nl.store(out, z)
        return out

    a, b = seeded(64, 40), seeded(64, 40, seed=9)
    want = ((a + b) * (a - 1) / (2 - b * 0.25) + a - 0.5) * b + np.where(a > b, a, 0) + np.where(a < b, 1, b)
    close(kernel(a, b), want, 1e-4)


def test_integers_and_bits():
    @nki.jit
    def kernel(a):
        x = nl.load(a)
        low = nl.bitwise_and(x, 15)
        high = nl.right_shift(x, 4)
        out = nl.ndarray(a.shape, dtype=nl.int32, buffer=nl.shared_hbm)
        nl.store(out, (low << 2) + high % 3)
        return out

    a = np.arange(64 * 8, dtype=np.int32).reshape(64, 8)
    assert (kernel(a) == ((a & 15) << 2) + (a >> 4) % 3).all()


@pytest.mark.parametrize(
    ("name", "golden"),
    [
        ("exp", np.exp), ("tanh", np.tanh), ("sqrt", lambda x: np.sqrt(x)), ("log", np.log), ("abs", np.abs),
        ("sigmoid", sigmoid), ("silu", lambda x: x * sigmoid(x)), ("relu", lambda x: np.maximum(x, 0)),
        ("reciprocal", lambda x: 1 / x), ("rsqrt", lambda x: 1 / np.sqrt(x)), ("negative", lambda x: -x),
        ("floor", np.floor), ("ceil", np.ceil), ("trunc", np.trunc), ("sin", np.sin), ("cos", np.cos),
        ("softplus", lambda x: np.log1p(np.exp(x))), ("square", np.square), ("sign", np.sign), ("tan", np.tan),
        ("gelu_apprx_tanh", lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
    ],
)  # fmt: skip
def test_functions(name, golden):
    def kernel(x, out):
        nl.store(out, getattr(nl, name)(nl.load(x)))

    x = np.abs(seeded(32, 20)) + np.float32(0.1)
    out = np.zeros_like(x)
    nki.simulate_kernel(kernel, x, out)
    close(out, golden(x), 1e-4)


# Matrix products


@nki.jit
def matmul_one_tile(lhs_t, rhs):
    out = nl.ndarray((lhs_t.shape[1], rhs.shape[1]), dtype=lhs_t.dtype, buffer=nl.shared_hbm)
    i_k = nl.arange(lhs_t.shape[0])[:, None]
    i_m, i_n = nl.arange(lhs_t.shape[1])[None, :], nl.arange(rhs.shape[1])[None, :]
    result = nisa.nc_matmul(nl.load(lhs_t[i_k, i_m]), nl.load(rhs[i_k, i_n]))
    result = nl.copy(result, dtype=out.dtype)
    nl.store(out[nl.arange(lhs_t.shape[1])[:, None], i_n], value=result)
    return out


@nki.jit
def matmul_tiled(lhs_t, rhs):
    depth, rows = lhs_t.shape
    columns = rhs.shape[1]
    out = nl.ndarray((rows, columns), dtype=lhs_t.dtype, buffer=nl.shared_hbm)
    i_k, i_m, i_n = nl.arange(128)[:, None], nl.arange(128)[None, :], nl.arange(512)[None, :]
    for m in nl.affine_range(rows // 128):
        for n in nl.affine_range(columns // 512):
            acc = nl.zeros((nl.par_dim(128), 512), dtype=nl.float32, buffer=nl.psum)
            for k in nl.affine_range(depth // 128):
                left = nl.load(lhs_t[k * 128 + i_k, m * 128 + i_m])
                right = nl.load(rhs[k * 128 + i_k, n * 512 + i_n])
                acc[...] += nisa.nc_matmul(left, right)
            nl.store(out[m * 128 + nl.arange(128)[:, None], n * 512 + i_n], value=nl.copy(acc, dtype=out.dtype))
    return out


@nki.jit
def matmul_hoisted_with_blocks(lhs_t, rhs):
    depth, rows = lhs_t.shape
    columns = rhs.shape[1]
    out = nl.ndarray((rows, columns), dtype=lhs_t.dtype, buffer=nl.shared_hbm)
    i_p = nl.arange(128)[:, None]
    i_m, i_n = nl.arange(128)[None, :], nl.arange(512)[None, :]
    tiles = depth // 128
    for m in nl.affine_range(rows // 128):
        left = nl.ndarray((tiles, nl.par_dim(128), 128), dtype=lhs_t.dtype, buffer=nl.sbuf)
        for k in nl.affine_range(tiles):
            left[k, i_p, i_m] = nl.load(lhs_t[k * 128 + i_p, m * 128 + i_m])
        for n in nl.affine_range(columns // 512):
            right = nl.ndarray((tiles, nl.par_dim(128), 512), dtype=rhs.dtype)
            for k in nl.affine_range(tiles):
                right[k] = nl.load(rhs[k * 128 : (k + 1) * 128, n * 512 : (n + 1) * 512])
            acc = nl.zeros((128, 512), nl.float32, buffer=nl.psum)
            for k in nl.affine_range(tiles):
                acc += nl.matmul(left[k, i_p, i_m], right[k], transpose_x=True)
            result = nl.ndarray((nl.par_dim(128), 512), dtype=out.dtype)
            result[i_p, i_n] = acc[i_p, i_n]
            nl.store(out[m * 128 + i_p, n * 512 + i_n], result[i_p, i_n])
    return out


@nki.jit
def matmul_blocked(lhs_t, rhs, block_m=2, block_n=2, block_k=2):
    depth, rows = lhs_t.shape
    columns = rhs.shape[1]
    out = nl.ndarray((rows, columns), dtype=lhs_t.dtype, buffer=nl.shared_hbm)
    stripes = [n // (size * t) for n, size, t in ((rows, block_m, 128), (columns, block_n, 512), (depth, block_k, 128))]
    i_p, i_m, i_n = nl.arange(128)[:, None], nl.arange(128 * block_m)[None, :], nl.arange(512 * block_n)[None, :]
    for n in nl.affine_range(stripes[1]):
        sums = nl.zeros((stripes[0], block_m, block_n, nl.par_dim(128), 512), dtype=lhs_t.dtype, buffer=nl.sbuf)
        for k in nl.sequential_range(stripes[2]):
            right = nl.ndarray((block_k, nl.par_dim(128), 512 * block_n), dtype=rhs.dtype)
            for d in nl.affine_range(block_k):
                right[d, i_p, i_n] = nl.load(rhs[(k * block_k + d) * 128 + i_p, n * 512 * block_n + i_n])
            for m in nl.affine_range(stripes[0]):
                left = nl.ndarray((block_k, nl.par_dim(128), 128 * block_m), dtype=lhs_t.dtype)
                for d in nl.affine_range(block_k):
                    left[d, i_p, i_m] = nl.load(lhs_t[(k * block_k + d) * 128 + i_p, m * 128 * block_m + i_m])
                for a in nl.affine_range(block_m):
                    for b in nl.affine_range(block_n):
                        acc = nl.zeros((128, 512), dtype=nl.float32, buffer=nl.psum)
                        for d in nl.affine_range(block_k):
                            acc[...] += nisa.nc_matmul(
                                left[d, i_p, a * 128 + nl.arange(128)[None, :]],
                                right[d, i_p, b * 512 + nl.arange(512)[None, :]],
                            )
                        sums[m, a, b, i_p, nl.arange(512)[None, :]] += acc[i_p, nl.arange(512)[None, :]]
        for m in nl.affine_range(stripes[0]):
            for a in nl.affine_range(block_m):
                whole = nl.ndarray((128, 512 * block_n), dtype=out.dtype)
                for b in nl.affine_range(block_n):
                    whole[i_p, b * 512 + nl.arange(512)[None, :]] = nl.copy(sums[m, a, b])
                nl.store(out[(m * block_m + a) * 128 + i_p, n * 512 * block_n + i_n], whole[i_p, i_n])
    return out


@pytest.mark.parametrize(
    ("kernel", "shape"),
    [(matmul_one_tile, (128, 64, 512)), (matmul_tiled, (256, 256, 1024)), (matmul_hoisted_with_blocks, (384, 256, 512)),
     (matmul_blocked, (512, 256, 1024))],
)  # fmt: skip
def test_matrix_products(kernel, shape):
    depth, rows, columns = shape
    a, b = seeded(depth, rows), seeded(depth, columns, seed=8)
    close(kernel(a, b), a.T @ b, 1e-3)
    a, b = a.astype(BF16), b.astype(BF16)
    want = a.astype(np.float32).T @ b.astype(np.float32)
    assert np.abs(np.asarray(kernel(a, b), np.float32) - want).max() < 0.02 * np.abs(want).max()


def test_matmul_transposes_its_first_operand():
    def kernel(a, b, out):
        nl.store(out, nl.matmul(nl.load(a), nl.load(b)))

    a, b = seeded(64, 128), seeded(128, 256, seed=8)
    out = np.zeros((64, 256), np.float32)
    nki.simulate_kernel(kernel, a, b, out)
    close(out, a @ b, 1e-4)


def test_operand_masks_of_a_product():
    @nki.jit
    def kernel(a, b):
        out = nl.zeros((128, 512), dtype=nl.float32, buffer=nl.shared_hbm)
        i_k, i_m, i_n = nl.arange(128)[:, None], nl.arange(128)[None, :], nl.arange(512)[None, :]
        x = nl.load(a[i_k, i_m], mask=(i_k < 100) & (i_m < 60))
        y = nl.load(b[i_k, i_n], mask=(i_k < 100) & (i_n < 70))
        z = nl.matmul(x[(i_k < 100) & (i_m < 60)], y[(i_k < 100) & (i_n < 70)], transpose_x=True)
        i_r = nl.arange(128)[:, None]
        nl.store(out[i_r, i_n], z, mask=(i_r < 60) & (i_n < 70))
        return out

    a, b = seeded(100, 60), seeded(100, 70, seed=8)
    have = kernel(a, b)
    close(have[:60, :70], a.T @ b, 1e-4)
    assert not have[60:].any()


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


# Attention


@nki.jit
def attention(q, k, v, causal=True):
    """One head: q, k [d, s], v [s, d]; rows of 128 queries at a time."""
    depth, length = q.shape
    out = nl.ndarray((length, depth), dtype=v.dtype, buffer=nl.shared_hbm)
    i_p, i_d = nl.arange(128)[:, None], nl.arange(depth)[None, :]
    tiles = length // 128
    keys = nl.load(k)
    values = nl.ndarray((tiles, nl.par_dim(128), depth), dtype=v.dtype)
    for t in nl.affine_range(tiles):
        values[t, i_p, i_d] = nl.load(v[t * 128 + i_p, i_d])
    queries = nl.multiply(nl.load(q), 1 / math.sqrt(depth))
    for t in nl.affine_range(tiles):
        scores = nl.ndarray((nl.par_dim(128), length), dtype=nl.float32)
        for s in nl.affine_range(tiles):
            part = nisa.nc_matmul(queries[:, t * 128 : (t + 1) * 128], keys[:, s * 128 : (s + 1) * 128])
            i_f = nl.arange(128)[None, :]
            if causal:
                scores[i_p, s * 128 + i_f] = nisa.affine_select(
                    pred=(t * 128 + i_p >= s * 128 + i_f), on_true_tile=part[i_p, i_f], on_false_value=-9984.0,
                    dtype=nl.float32,
                )  # fmt: skip
            else:
                scores[i_p, s * 128 + i_f] = nl.copy(part)
        top = nisa.tensor_reduce(nl.max, scores, axis=(1,), negate=True)
        raised = nisa.activation(nl.exp, scores, bias=top)
        total = nl.sum(raised, axis=[1])
        acc = nl.zeros((128, depth), dtype=nl.float32, buffer=nl.psum)
        for s in nl.affine_range(tiles):
            turned = nl.copy(nisa.nc_transpose(raised[i_p, s * 128 + nl.arange(128)[None, :]]), dtype=v.dtype)
            acc[i_p, i_d] += nisa.nc_matmul(turned, values[s, i_p, i_d])
        result = nl.divide(acc, total, dtype=v.dtype)
        nl.store(out[t * 128 + i_p, i_d], value=result)
    return out


@pytest.mark.parametrize("causal", [True, False])
def test_attention(causal):
    q, k, v = seeded(64, 256), seeded(64, 256, seed=4), seeded(256, 64, seed=5)
    scores = q.T @ k / 8
    if causal:
        scores = np.where(np.tril(np.ones((256, 256), bool)), scores, -9984.0)
    close(attention(q, k, v, causal=causal), softmax(scores) @ v, 1e-4)


@nki.jit
def flash(q, k, v):
    """Heads on the grid; running maximum and sum over blocks of keys."""
    batch, head = nl.program_id(axis=0), nl.program_id(axis=1)
    depth, length = q.shape[2:]
    out = nl.ndarray((*q.shape[:2], length, depth), dtype=q.dtype, buffer=nl.shared_hbm)
    i_p, i_q, i_d = nl.arange(depth)[:, None], nl.arange(128)[None, :], nl.arange(depth)[None, :]
    i_r = nl.arange(128)[:, None]
    for t in nl.affine_range(length // 128):
        query = nl.load(q[batch, head, i_p, t * 128 + i_q]) * (depth**-0.5)
        acc = nl.zeros((nl.par_dim(128), depth), dtype=np.float32)
        top = nl.full((nl.par_dim(128), 1), fill_value=-9984.0, dtype=np.float32)
        total = nl.zeros((nl.par_dim(128), 1), dtype=np.float32)
        for s in nl.sequential_range(length // 128):
            key = nl.load(k[batch, head, i_p, s * 128 + i_q])
            value = nl.load(v[batch, head, s * 128 + i_r, i_d])
            scores = nl.ndarray((nl.par_dim(128), 128), dtype=np.float32, buffer=nl.psum)
            scores[i_r, i_q] = nl.matmul(query, key, transpose_x=True)
            new = nl.maximum(top, nisa.tensor_reduce(np.max, scores, axis=(1,), dtype=np.float32))
            fade = nisa.activation(np.exp, new, scale=-1.0, bias=top)
            part = nl.zeros((nl.par_dim(128), 1), dtype=np.float32)
            p = nisa.activation_reduce(
                np.exp, scores, bias=-1 * new, scale=1.0, reduce_op=nl.add, reduce_res=part, dtype=q.dtype
            )
            total[...] = total * fade + part
            acc[i_r, i_d] = acc * fade + nl.matmul(p, value)
            top[...] = nl.copy(new)
        nl.store(out[batch, head, t * 128 + i_r, i_d], acc * (1.0 / total))
    return out


def test_flash_attention_on_a_grid():
    q, k = seeded(2, 2, 32, 256), seeded(2, 2, 32, 256, seed=4)
    v = seeded(2, 2, 256, 32, seed=5)
    want = softmax(q.transpose(0, 1, 3, 2) @ k / math.sqrt(32)) @ v
    close(flash[2, 2](q, k, v), want, 1e-4)


# Scans, gathers, searches


@nki.jit
def scan_of_states(delta, u, a, b, c):
    """Selective scan: channels in partitions, states one after another."""
    out = nl.ndarray(delta.shape, dtype=delta.dtype, buffer=nl.shared_hbm)
    batches, channels, length = delta.shape
    for n in nl.affine_range(batches):
        for i in nl.affine_range(channels // 128):
            rows = nl.ds(i * 128, 128)
            step, value, rates = nl.load(delta[n, rows, 0:length]), nl.load(u[n, rows, 0:length]), nl.load(a[rows, :])
            total = nl.zeros((nl.par_dim(128), length), dtype=delta.dtype)
            for s in nl.affine_range(a.shape[1]):
                decay = nisa.activation(op=nl.exp, data=step, scale=rates[:, s])
                pushed = nisa.tensor_tensor(step, value, op=nl.multiply)
                row = nl.load(b[n, s : s + 1, 0:length])
                pushed = nisa.tensor_tensor(pushed, row.broadcast_to((128, length)), op=nl.multiply)
                state = nisa.tensor_tensor_scan(decay, pushed, initial=0, op0=np.multiply, op1=np.add)
                row = nl.load(c[n, s : s + 1, 0:length])
                total[...] += nisa.tensor_tensor(state, row.broadcast_to((128, length)), op=nl.multiply)
            nl.store(out[n, rows, 0:length], total)
    return out


def test_a_selective_scan():
    delta, u = np.abs(seeded(1, 128, 40)) * 0.1, seeded(1, 128, 40, seed=2)
    a, b, c = -np.abs(seeded(128, 4, seed=3)), seeded(1, 4, 40, seed=4), seeded(1, 4, 40, seed=5)
    state, want = np.zeros((128, 4), np.float32), np.zeros_like(u)
    for t in range(40):
        state = np.exp(delta[0, :, t : t + 1] * a) * state + (delta * u)[0, :, t : t + 1] * b[0, :, t]
        want[0, :, t] = state @ c[0, :, t]
    close(scan_of_states(delta.astype(np.float32), u, a, b, c), want, 1e-4)


def test_a_scan_in_pieces_carries_its_state():
    @nki.jit
    def kernel(x):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        carry = nl.zeros((x.shape[0], 1), dtype=np.float32)
        ones = nl.full((x.shape[0], 16), 1.0, dtype=x.dtype)
        for i in nl.sequential_range(x.shape[1] // 16):
            piece = nisa.tensor_tensor_scan(
                data0=ones, data1=nl.load(x[:, i * 16 : (i + 1) * 16]), initial=carry, op0=nl.multiply, op1=nl.add
            )
            nl.store(out[:, i * 16 : (i + 1) * 16], piece)
            carry[:, :] = piece[:, 15]
        return out

    x = seeded(20, 64)
    close(kernel(x), np.cumsum(x, 1), 1e-4)


def test_rows_by_indices():
    @nki.jit
    def kernel(table, indices):
        out = nl.ndarray((indices.shape[0], table.shape[1]), dtype=table.dtype, buffer=nl.shared_hbm)
        i_p, i_f = nl.arange(64)[:, None], nl.arange(table.shape[1])[None, :]
        picks = nl.load(indices)
        nl.store(out[i_p, i_f], nl.load(table[picks[i_p, 0], i_f]))
        return out

    table, indices = seeded(200, 24), np.random.default_rng(0).integers(0, 200, (64, 1)).astype(np.int32)
    close(kernel(table, indices), table[indices[:, 0]])


def test_rows_are_added_where_indices_say():
    @nki.jit
    def kernel(table, indices, rows):
        i_p, i_f = nl.arange(64)[:, None], nl.arange(table.shape[1])[None, :]
        picks = nl.load(indices)
        nl.atomic_rmw(table[picks[i_p, 0], i_f], value=nl.load(rows), op=np.add)
        return table

    table, rows = seeded(8, 24), seeded(64, 24, seed=9)
    indices = np.random.default_rng(0).integers(0, 8, (64, 1)).astype(np.int32)
    want = table.copy()
    np.add.at(want, indices[:, 0], rows)
    close(kernel(table.copy(), indices, rows), want, 1e-4)


def test_the_largest_of_each_row_with_their_places():
    @nki.jit
    def kernel(x):
        values = nl.ndarray((x.shape[0], 16), dtype=x.dtype, buffer=nl.shared_hbm)
        places = nl.ndarray((x.shape[0], 16), dtype=nl.uint32, buffer=nl.shared_hbm)
        tile = nl.load(x)
        for i in nl.static_range(2):
            top = nisa.max8(src=tile)
            at = nisa.nc_find_index8(data=tile, vals=top)
            tile = nisa.nc_match_replace8(data=tile, vals=top, imm=-1e9)
            nl.store(values[:, i * 8 : i * 8 + 8], top)
            nl.store(places[:, i * 8 : i * 8 + 8], at)
        return values, places

    x = seeded(60, 100)
    values, places = kernel(x)
    order = np.argsort(-x, axis=1)[:, :16]
    close(values, np.take_along_axis(x, order, 1))
    assert (places == order).all()


# Other instructions


def test_iota_and_local_selections():
    @nki.jit
    def kernel(x):
        i_p, i_f = nl.arange(32)[:, None], nl.arange(20)[None, :]
        index = nisa.iota(i_p * 3 + i_f * 2 + 1, dtype=nl.int32)
        mixed = nisa.scalar_tensor_tensor(data=nl.load(x), op0=np.multiply, operand0=2.0, op1=np.add, operand1=index)
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(out, mixed)
        return out

    x = seeded(32, 20)
    close(kernel(x), x * 2 + np.arange(32)[:, None] * 3 + np.arange(20) * 2 + 1)


def test_selections():
    @nki.jit
    def kernel(x, limits):
        tile, low = nl.load(x), nl.load(limits)
        top = nl.ndarray((x.shape[0], 1), dtype=nl.float32)
        kept = nisa.range_select(
            on_true_tile=tile, comp_op0=np.greater_equal, comp_op1=np.less, bound0=low[:, 0], bound1=low[:, 1],
            reduce_cmd=nisa.reduce_cmd.reset_reduce, reduce_res=top, reduce_op=np.max, on_false_value=nl.fp32.min,
        )  # fmt: skip
        copy = nl.zeros(x.shape, dtype=x.dtype)
        nisa.tensor_copy_predicated(src=tile, dst=copy, predicate=nl.greater(tile, 0))
        shuffled = nl.zeros(x.shape, dtype=x.dtype)
        nisa.nc_stream_shuffle(tile, shuffled, [(i + 1) % 32 for i in range(32)])
        outs = [nl.ndarray(t.shape, dtype=x.dtype, buffer=nl.shared_hbm) for t in (kept, top, copy, shuffled)]
        for out, t in zip(outs, (kept, top, copy, shuffled), strict=True):
            nl.store(out, t)
        return tuple(outs)

    x = seeded(32, 50)
    limits = np.tile(np.array([[10, 30]], np.float32), (32, 1))
    kept, top, copy, shuffled = kernel(x, limits)
    close(kept[:, 10:30], x[:, 10:30])
    assert (kept[:, :10] < -1e38).all()
    close(top[:, 0], x[:, 10:30].max(1))
    close(copy, np.maximum(x, 0))
    close(shuffled, np.roll(x, -1, 0))


def test_gathers_partitions_and_reduced_partitions():
    @nki.jit
    def kernel(x, picks):
        tile = nl.load(x)
        outs = [nl.ndarray(s, dtype=x.dtype, buffer=nl.shared_hbm) for s in ((1, x.shape[1]), (x.shape[0], 4))]
        nl.store(outs[0], nisa.tensor_partition_reduce(np.add, tile))
        nl.store(outs[1], nl.gather_flattened(tile, nl.load(picks)))
        return tuple(outs)

    x = seeded(48, 30)
    picks = np.random.default_rng(1).integers(0, 30, (48, 4)).astype(np.uint32)
    total, gathered = kernel(x, picks)
    close(total[0], x.sum(0), 1e-4)
    close(gathered, np.take_along_axis(x, picks.astype(np.int64), 1))


def test_copies_by_dma():
    @nki.jit
    def kernel(x):
        middle = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.private_hbm)
        nisa.dma_copy(dst=middle, src=x)
        tile = nl.ndarray((x.shape[1], x.shape[0]), dtype=x.dtype)
        tile[...] = nisa.dma_transpose(middle)
        out = nl.ndarray((x.shape[1], x.shape[0]), dtype=x.dtype, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=out, src=tile)
        return out

    x = seeded(24, 16)
    close(kernel(x), x.T)


def test_a_running_reduction_over_a_loop():
    @nki.jit
    def kernel(x):
        out = nl.ndarray((32, 8), dtype=x.dtype, buffer=nl.shared_hbm)
        for i in nl.affine_range(5):
            top = nl.loop_reduce(nl.load(x[i]), op=np.maximum, loop_indices=[i])
        nl.store(out, top)
        return out

    x = seeded(5, 32, 8)
    close(kernel(x), x.max(0))


def test_depthwise_convolution_by_shifted_views():
    @nki.jit
    def conv(x, w):
        channels, length = x.shape
        taps = w.shape[1]
        out = nl.ndarray((channels, length - taps + 1), dtype=x.dtype, buffer=nl.shared_hbm)
        i_p, i_f = nl.arange(channels)[:, None], nl.arange(length - taps + 1)[None, :]
        tile, weights = nl.load(x), nl.load(w)
        acc = nl.zeros((channels, length - taps + 1), dtype=np.float32)
        for t in nl.static_range(taps):
            acc += tile[i_p, i_f + t] * weights[i_p, t]
        nl.store(out[i_p, i_f], acc)
        return out

    x, w = seeded(64, 50), seeded(64, 4, seed=2)
    want = sum(x[:, t : t + 47] * w[:, t : t + 1] for t in range(4))
    close(conv(x, w), want, 1e-4)


def test_rotary_embedding():
    @nki.jit
    def rope(x, cos, sin):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        half = x.shape[0] // 2
        i_h, i_f = nl.arange(half)[:, None], nl.arange(x.shape[1])[None, :]
        low, high = nl.load(x[i_h, i_f]), nl.load(x[half + i_h, i_f])
        c, s = nl.load(cos), nl.load(sin)
        nl.store(out[i_h, i_f], low * c - high * s)
        nl.store(out[half + i_h, i_f], high * c + low * s)
        return out

    x, angle = seeded(64, 100), seeded(32, 100, seed=2)
    cos, sin = np.cos(angle), np.sin(angle)
    want = np.concatenate([x[:32] * cos - x[32:] * sin, x[32:] * cos + x[:32] * sin])
    close(rope(x, cos, sin), want, 1e-4)


def test_a_benchmark_reports_modelled_time():
    timed = nki.benchmark(warmup=2, iters=3, save_neff_name="file.neff")(matmul_one_tile)
    a, b = seeded(128, 64), seeded(128, 512)
    close(timed(a, b), a.T @ b, 1e-3)
    latency = timed.benchmark_result.nc_latency
    assert latency.get_latency_percentile(50) == latency.get_latency_percentile(99) > 0
    assert nki.jit(mode="benchmark")(matmul_one_tile)(a, b).shape == (64, 512)


def test_a_kernel_calls_a_kernel_and_helpers():
    @nki.jit
    def twice(tile):
        return nl.multiply(tile, 2.0)

    @nki.jit
    def kernel(x):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(out, twice(nl.load(x)))
        return out

    x = seeded(8, 8)
    close(kernel(x), 2 * x)


def test_a_long_benchmark_is_timed_only(monkeypatch):
    monkeypatch.setattr(ways, "_MOST_RUN", 10)
    timed = nki.benchmark(matmul_tiled)
    assert timed(np.zeros((256, 128), np.float64), np.zeros((256, 1024), np.float64)) is None
    assert timed.benchmark_result.nc_latency.get_latency_percentile(99) > 0


def test_a_masked_reduction_leaves_the_other_partitions_alone():
    @nki.jit
    def kernel(x):
        i_p = nl.arange(128)[:, None]
        tile = nl.load(x[i_p, nl.arange(8)[None, :]], mask=i_p < 100)
        totals = nl.zeros((128, 1), dtype=nl.float32)
        nisa.activation_reduce(nl.square, tile, reduce_op=np.add, reduce_res=totals, mask=i_p < 100)
        out = nl.ndarray((128, 1), dtype=nl.float32, buffer=nl.shared_hbm)
        nl.store(out, totals)
        return out

    x = seeded(100, 8)
    have = kernel(x)
    close(have[:100, 0], (x * x).sum(1))
    assert not have[100:].any()


def test_tensors_in_hbm_of_one_value():
    @nki.jit
    def kernel():
        outs = nl.zeros((300, 5, 7), dtype=nl.float32, buffer=nl.shared_hbm), nl.full((9,), 3, nl.int32, buffer=nl.hbm)
        outs[0][130:140] = 2.0
        return outs

    block, line = kernel()
    assert block.sum() == 2 * 10 * 35
    assert (block[130:140] == 2).all()
    assert (line == 3).all()


def test_segments():
    @nki.jit
    def kernel(ids):
        out = nl.ndarray((1, 2, ids.shape[1]), dtype=nl.int32, buffer=nl.shared_hbm)
        nl.store(out, nisa.sequence_bounds(segment_ids=nl.load(ids)))
        return out

    have = kernel(np.array([[1, 1, 2, 0]], np.int32))
    assert have[0].tolist() == [[0, 0, 2, 4], [2, 2, 3, -1]]
