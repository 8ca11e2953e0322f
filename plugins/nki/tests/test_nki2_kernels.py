"""Whole kernels of the NKI 2 surface, in the manner people write them, each against NumPy."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from nki_kernels import close, nisa, nl, seeded, sigmoid, softmax

from accelcore_nki import jit, run, simulate

BF16 = ml_dtypes.bfloat16
P = nl.tile_size.pmax


def sb(shape, dtype=nl.float32):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.sbuf)


def ps(shape, dtype=nl.float32):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.psum)


def result(shape, dtype=nl.float32):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.shared_hbm)


def fetched(x, dtype=None):
    tile = sb(x.shape, dtype or x.dtype)
    nisa.dma_copy(dst=tile, src=x)
    return tile


# Element-wise chains, ragged shapes


def chain(x, body):
    """Rows of 128 at a time through body(dst, tile), the last one smaller."""
    out = result(x.shape, x.dtype)
    for start in nl.affine_range(math.ceil(x.shape[0] / P)):
        rows = slice(start * P, min(x.shape[0], (start + 1) * P))
        tile = fetched(x[rows, :])
        done = sb(tile.shape, x.dtype)
        body(done, tile)
        nisa.dma_copy(dst=out[rows, :], src=done)
    return out


def swish(dst, x):
    gate = sb(x.shape)
    nisa.activation(dst=gate, op=nl.sigmoid, data=x)
    nisa.tensor_tensor(dst=dst, data1=x, data2=gate, op=nl.multiply)


def gelu_by_hand(dst, x):
    cube = sb(x.shape)
    nisa.activation(dst=cube, op=nl.square, data=x)
    nisa.tensor_scalar(dst=cube, data=cube, op0=nl.multiply, operand0=0.044715, op1=nl.add, operand1=1.0)
    nisa.tensor_tensor(dst=cube, data1=cube, data2=x, op=nl.multiply)
    nisa.activation(dst=cube, op=nl.tanh, data=cube, scale=math.sqrt(2 / math.pi))
    nisa.scalar_tensor_tensor(dst=cube, data=cube, op0=nl.add, operand0=1.0, op1=nl.multiply, operand1=x)
    nisa.tensor_scalar(dst=dst, data=cube, op0=nl.multiply, operand0=0.5)


def leaky(dst, x):
    nisa.scalar_tensor_tensor(dst=dst, data=x, op0=nl.multiply, operand0=0.1, op1=nl.maximum, operand1=x)


def clipped(dst, x):
    nisa.tensor_scalar(dst=dst, data=x, op0=nl.minimum, operand0=1.0, op1=nl.maximum, operand1=-1.0)


def one_over(dst, x):
    nisa.tensor_scalar(dst=dst, data=x, op0=nl.abs_max, operand0=0.5)
    nisa.reciprocal(dst=dst, data=dst)


@pytest.mark.parametrize(
    ("body", "golden"),
    [
        (swish, lambda x: x * sigmoid(x)),
        (gelu_by_hand, lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
        (leaky, lambda x: np.maximum(0.1 * x, x)),
        (clipped, lambda x: np.clip(x, -1, 1)),
        (one_over, lambda x: 1 / np.maximum(np.abs(x), 0.5)),
    ],
)
@pytest.mark.parametrize("rows", [128, 200, 7])
def test_chains(body, golden, rows):
    x = seeded(rows, 70)
    close(simulate(lambda x: chain(x, body))(x), golden(x))


def test_swiglu():
    @jit
    def kernel(x, gate, up):
        """[k, t] by [k, n] twice."""
        out = result((x.shape[1], gate.shape[1]))
        tokens, weights = fetched(x), [fetched(gate), fetched(up)]
        products = [ps(out.shape) for _ in weights]
        for product, weight in zip(products, weights, strict=True):
            nisa.nc_matmul(dst=product, stationary=tokens, moving=weight)
        both = sb(out.shape)
        nisa.activation(dst=both, op=nl.silu, data=products[0])
        nisa.tensor_tensor(dst=both, data1=both, data2=products[1], op=nl.multiply)
        nisa.dma_copy(dst=out, src=both)
        return out

    x, gate, up = seeded(96, 64), seeded(96, 128, seed=1), seeded(96, 128, seed=2)
    a = x.T @ gate
    close(kernel(x, gate, up), a * sigmoid(a) * (x.T @ up), 1e-3)


# Matrix products


@jit
def matmul(lhs_t, rhs, rows=128, columns=512):
    depth = lhs_t.shape[0]
    out = result((lhs_t.shape[1], rhs.shape[1]), lhs_t.dtype)
    for m in nl.affine_range(lhs_t.shape[1] // rows):
        left = [fetched(lhs_t[nl.ds(k, P), nl.ds(m * rows, rows)]) for k in range(0, depth, P)]
        for n in nl.affine_range(rhs.shape[1] // columns):
            acc = ps((rows, columns))
            for k in nl.affine_range(depth // P):
                right = fetched(rhs[k * P : (k + 1) * P, n * columns : (n + 1) * columns])
                nisa.nc_matmul(dst=acc, stationary=left[k], moving=right, accumulate=k > 0)
            tile = sb(acc.shape, out.dtype)
            nisa.tensor_copy(dst=tile, src=acc, engine=nisa.scalar_engine)
            nisa.dma_copy(dst=out[nl.ds(m * rows, rows), nl.ds(n * columns, columns)], src=tile)
    return out


@pytest.mark.parametrize("dtype", [np.float32, BF16, np.float16])
def test_matmul(dtype):
    a, b = seeded(256, 128, dtype=dtype), seeded(256, 1024, seed=2, dtype=dtype)
    want = a.astype(np.float32).T @ b.astype(np.float32)
    assert np.abs(matmul(a, b).astype(np.float32) - want).max() < 0.01 * np.abs(want).max()


def test_matmul_of_rows_transposes_by_the_tensor_engine():
    @jit
    def kernel(a, b):
        out = result((a.shape[0], b.shape[1]))
        left, right = fetched(a), fetched(b)
        turned, copy = ps((a.shape[1], a.shape[0])), sb((a.shape[1], a.shape[0]))
        nisa.nc_transpose(dst=turned, data=left)
        nisa.tensor_copy(dst=copy, src=turned)
        acc = ps(out.shape)
        nisa.nc_matmul(acc, copy, right)
        tile = sb(out.shape)
        nisa.tensor_copy(tile, acc)
        nisa.dma_copy(out, tile)
        return out

    a, b = seeded(64, 128), seeded(128, 300, seed=2)
    close(kernel(a, b), a @ b, 1e-3)


def test_a_product_with_an_identity_is_a_transposition():
    @jit
    def kernel(x):
        out = result((x.shape[1], x.shape[0]))
        tile, eye = fetched(x), fetched(nl.shared_identity_matrix(x.shape[0], dtype=nl.float32))
        turned = ps(out.shape)
        nisa.nc_matmul(turned, tile, eye, is_moving_onezero=True, is_transpose=True)
        done = sb(out.shape)
        nisa.tensor_copy(done, turned)
        nisa.dma_copy(out, done)
        return out

    x = seeded(100, 60)
    assert (kernel(x) == x.T).all()


def test_fp8_products_in_double_rows():
    @jit
    def kernel(a, b):
        out = result((a.shape[2], b.shape[2]))
        acc = ps(out.shape)
        nisa.nc_matmul(acc, fetched(a), fetched(b), perf_mode=nisa.matmul_perf_mode.double_row)
        tile = sb(out.shape)
        nisa.tensor_copy(tile, acc)
        nisa.dma_copy(out, tile)
        return out

    a, b = (seeded(128, 2, n, dtype=ml_dtypes.float8_e4m3) for n in (64, 256))
    want = np.einsum("kdm,kdn->mn", a.astype(np.float32), b.astype(np.float32))
    close(kernel(a, b), want, 1e-3)


# Norms, softmax, attention


@jit
def rmsnorm(x, g, eps=1e-6):
    out = result(x.shape, x.dtype)
    gain = sb((P, x.shape[1]))
    nisa.dma_copy(dst=gain, src=g.reshape((1, x.shape[1])).broadcast(0, P))
    for row in range(0, x.shape[0], P):
        tile = fetched(x[row : row + P])
        squares, total = sb(tile.shape), sb((P, 1))
        nisa.activation_reduce(dst=squares, op=nl.square, data=tile, reduce_op=nl.add, reduce_res=total)
        nisa.tensor_scalar(total, total, op0=nl.multiply, operand0=1 / x.shape[1], op1=nl.add, operand1=eps)
        nisa.activation(total, op=nl.rsqrt, data=total)
        done = sb(tile.shape, x.dtype)
        nisa.scalar_tensor_tensor(done, data=tile, op0=nl.multiply, operand0=total, op1=nl.multiply, operand1=gain)
        nisa.dma_copy(out[row : row + P], done)
    return out


def test_rmsnorm():
    x, g = seeded(256, 192), seeded(192, seed=5)
    close(rmsnorm(x, g), x / np.sqrt((x * x).mean(1, keepdims=True) + 1e-6) * g)


@jit
def layernorm(x, gamma, beta):
    out = result(x.shape)
    width = x.shape[1]
    pieces = math.ceil(width / nl.tile_size.bn_stats_fmax)
    shift, gain = sb((P, width)), sb((P, width))
    for tile, source in ((shift, beta), (gain, gamma)):
        nisa.dma_copy(dst=tile, src=source.ap([[0, P], [1, width]]))
    for row in range(0, x.shape[0], P):
        tile = fetched(x[row : row + P])
        stats = sb((P, pieces, 6))
        for n in range(pieces):
            end = min(width, (n + 1) * 512)
            nisa.bn_stats(dst=stats[:, n], data=tile[:, n * 512 : end])
        moments = sb((P, 2))
        nisa.bn_aggr(dst=moments, data=stats)
        root = sb((P, 1))
        nisa.tensor_scalar(root, moments[:, 1:2], nl.add, 1e-5, op1=nl.rsqrt, operand1=None)
        nisa.tensor_scalar(tile, tile, nl.subtract, moments[:, 0:1], op1=nl.multiply, operand1=root)
        nisa.tensor_tensor(tile, tile, gain, nl.multiply)
        nisa.tensor_tensor(tile, tile, shift, nl.add, engine=nisa.gpsimd_engine)
        nisa.dma_copy(out[row : row + P], tile)
    return out


@pytest.mark.parametrize("width", [300, 700])
def test_layernorm(width):
    x, g, b = seeded(128, width), seeded(width, seed=5), seeded(width, seed=6)
    centred = x - x.mean(1, keepdims=True)
    close(layernorm(x, g, b), centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5) * g + b)


@jit
def attention(q, k, v, causal=False):
    """q, k [d, s], v [s, d]."""
    depth, length = q.shape
    out = result((length, depth))
    queries, keys = fetched(q), fetched(k)
    nisa.tensor_scalar(queries, queries, nl.multiply, depth**-0.5)
    values = [fetched(v[s : s + P]) for s in range(0, length, P)]
    for t in range(length // P):
        scores = sb((P, length))
        for s in range(0, length, 512):
            part = ps((P, min(512, length)))
            nisa.nc_matmul(part, queries[:, nl.ds(t * P, P)], keys[:, s : s + part.shape[1]])
            nisa.tensor_copy(scores[:, s : s + part.shape[1]], part)
        if causal:
            nisa.affine_select(
                dst=scores, pattern=[[-1, length]], channel_multiplier=1, offset=t * P, on_true_tile=scores,
                on_false_value=-1e30, cmp_op=nl.greater_equal,
            )  # fmt: skip
        top, total = sb((P, 1)), sb((P, 1))
        nisa.tensor_reduce(top, nl.maximum, scores, axis=1, negate=True)
        nisa.activation(
            scores, op=nl.exp, data=scores, bias=top, reduce_op=nl.add, reduce_res=total,
            reduce_cmd=nisa.reduce_cmd.reset_reduce,
        )  # fmt: skip
        nisa.reciprocal(total, total)
        acc = ps((P, depth))
        for s in range(length // P):
            turned, copy = ps((P, P)), sb((P, P))
            nisa.nc_transpose(turned, scores[:, nl.ds(s * P, P)])
            nisa.tensor_copy(copy, turned)
            nisa.nc_matmul(acc, copy, values[s])
        done = sb((P, depth))
        nisa.tensor_scalar(done, acc, nl.multiply, total)
        nisa.dma_copy(out[nl.ds(t * P, P)], done)
    return out


@pytest.mark.parametrize("causal", [True, False])
def test_attention(causal):
    q, k, v = seeded(64, 512), seeded(64, 512, seed=4), seeded(512, 64, seed=5)
    scores = q.T @ k / 8
    if causal:
        scores = np.where(np.tril(np.ones((512, 512), bool)), scores, -np.inf)
    close(attention(q, k, v, causal=causal), softmax(scores) @ v)


def test_heads_on_a_grid():
    @jit
    def kernel(q, k, v):
        batch, head = nl.program_id(0), nl.program_id(1)
        out = result((*q.shape[:2], q.shape[3], q.shape[2]))
        part = attention.function(q[batch, head], k[batch, head], v[batch, head])
        nisa.dma_copy(out[batch, head], part)
        return out

    q, k, v = seeded(2, 2, 32, 128), seeded(2, 2, 32, 128, seed=4), seeded(2, 2, 128, 32, seed=5)
    want = softmax(q.transpose(0, 1, 3, 2) @ k / math.sqrt(32)) @ v
    close(kernel[2, 2](q, k, v), want)


# Layout: pooling, resizing, convolution, rotation


def test_average_pooling_by_an_access_pattern():
    @jit
    def pool(x, size):
        channels, height, width = x.shape
        out = result((channels, height // size, width // size))
        tile = fetched(x)
        windows = tile.ap([[height * width, channels], [size * width, height // size], [size, width // size],
                           [width, size], [1, size]])  # fmt: skip
        total = sb(out.shape)
        nisa.tensor_reduce(dst=total, op=nl.add, data=windows, axis=[3, 4])
        nisa.tensor_scalar(total, total, nl.multiply, 1 / size**2)
        nisa.dma_copy(out, total)
        return out

    x = seeded(32, 8, 12)
    close(pool(x, 2), x.reshape(32, 4, 2, 6, 2).mean((2, 4)))


def test_nearest_neighbours_by_repeated_strides():
    @jit
    def kernel(x, factor):
        rows, width = x.shape
        out = result((rows, width * factor))
        tile, wide = fetched(x), sb((rows, width, factor))
        nisa.tensor_copy(wide, tile.ap([[width, rows], [1, width], [0, factor]]))
        nisa.dma_copy(out, wide.reshape((rows, width * factor)))
        return out

    x = seeded(16, 10)
    close(kernel(x, 3), np.repeat(x, 3, 1))


def test_transposition_of_free_dimensions_and_by_dma():
    @jit
    def kernel(x):
        rows, a, b = x.shape
        outs = [result((rows, b, a)), result((a * b, rows))]
        tile, turned = fetched(x), sb((rows, b, a))
        nisa.tensor_copy(turned, tile.permute((0, 2, 1)))
        nisa.dma_copy(outs[0], turned)
        across = sb((a * b, rows))
        nisa.dma_transpose(across, x.reshape((rows, a * b)))
        nisa.dma_copy(outs[1], across)
        return tuple(outs)

    x = seeded(64, 6, 8)
    turned, across = kernel(x)
    close(turned, x.transpose(0, 2, 1))
    close(across, x.reshape(64, 48).T)


def test_depthwise_convolution():
    @jit
    def conv(x, w):
        channels, length = x.shape
        taps = w.shape[1]
        out = result((channels, length - taps + 1))
        tile, weights, acc = fetched(x), fetched(w), sb(out.shape)
        nisa.memset(acc, value=0.0)
        for t in nl.static_range(taps):
            nisa.scalar_tensor_tensor(
                acc, data=tile[:, t : t + out.shape[1]], op0=nl.multiply, operand0=weights[:, t : t + 1], op1=nl.add,
                operand1=acc,
            )  # fmt: skip
        nisa.dma_copy(out, acc)
        return out

    x, w = seeded(64, 50), seeded(64, 4, seed=2)
    close(conv(x, w), sum(x[:, t : t + 47] * w[:, t : t + 1] for t in range(4)))


def test_rotary_embedding():
    @jit
    def rope(x, cos, sin):
        rows, width = x.shape
        half = width // 2
        out = result(x.shape)
        tile, c, s, done, part = fetched(x), fetched(cos), fetched(sin), sb(x.shape), sb((rows, half))
        low, high = tile[:, 0:half], tile[:, half:width]
        for first, second, op, place in ((low, high, nl.subtract, 0), (high, low, nl.add, half)):
            into = done[:, place : place + half]
            nisa.tensor_tensor(into, first, c, nl.multiply)
            nisa.tensor_tensor(part, second, s, nl.multiply)
            nisa.tensor_tensor(into, into, part, op)
        nisa.dma_copy(out, done)
        return out

    x, angle = seeded(100, 64), seeded(100, 32, seed=2)
    cos, sin = np.cos(angle), np.sin(angle)
    want = np.concatenate([x[:, :32] * cos - x[:, 32:] * sin, x[:, 32:] * cos + x[:, :32] * sin], 1)
    close(rope(x, cos, sin), want)


# Scans, searches, gathers


def test_a_selective_scan():
    @jit
    def mamba(delta, u, a, b, c):
        channels, length = delta.shape
        states = a.shape[1]
        out = result(delta.shape)
        step, value, rates, total = fetched(delta), fetched(u), fetched(a), sb((channels, length))
        nisa.memset(total, 0.0)
        pushed = sb((channels, length))
        nisa.tensor_tensor(pushed, step, value, nl.multiply)
        for n in range(states):
            decay, state, row = (sb((channels, length)) for _ in range(3))
            nisa.activation(decay, nl.exp, step, scale=rates[:, n : n + 1])
            nisa.dma_copy(row, b.ap([[0, channels], [1, length]], offset=n * length))
            nisa.tensor_tensor(row, row, pushed, nl.multiply)
            nisa.tensor_tensor_scan(state, decay, row, initial=0.0, op0=nl.multiply, op1=nl.add)
            nisa.dma_copy(row, c[n : n + 1].broadcast(0, channels))
            nisa.tensor_tensor(state, state, row, nl.multiply)
            nisa.tensor_tensor(total, total, state, nl.add)
        nisa.dma_copy(out, total)
        return out

    delta, u = (np.abs(seeded(128, 40)) * 0.1).astype(np.float32), seeded(128, 40, seed=2)
    a, b, c = -np.abs(seeded(128, 4, seed=3)), seeded(4, 40, seed=4), seeded(4, 40, seed=5)
    state, want = np.zeros((128, 4), np.float32), np.zeros_like(u)
    for t in range(40):
        state = np.exp(delta[:, t : t + 1] * a) * state + (delta * u)[:, t : t + 1] * b[:, t]
        want[:, t] = state @ c[:, t]
    close(mamba(delta, u, a, b, c), want)


def test_cumulative_sums_by_scan_and_by_a_triangle():
    @jit
    def kernel(x):
        rows = x.shape[0]
        outs = [result(x.shape), result(x.shape)]
        tile, ones, done = fetched(x), sb(x.shape), sb(x.shape)
        nisa.memset(ones, 1.0)
        nisa.tensor_tensor_scan(done, ones, tile, 0.0, nl.multiply, nl.add)
        nisa.dma_copy(outs[0], done)
        square = sb((rows, rows))
        nisa.memset(square, 1.0)
        triangle, acc, down = sb((rows, rows)), ps(x.shape), sb(x.shape)
        nisa.affine_select(triangle, [[1, rows]], -1, square, 0.0, cmp_op=nl.greater_equal)
        nisa.nc_matmul(acc, triangle, tile)
        nisa.tensor_copy(down, acc)
        nisa.dma_copy(outs[1], down)
        return tuple(outs)

    x = seeded(96, 64)
    along, down = kernel(x)
    close(along, np.cumsum(x, 1), 1e-3)
    close(down, np.cumsum(x, 0), 1e-3)


def test_the_largest_of_each_row():
    @jit
    def kernel(x, rounds):
        values, places = result((x.shape[0], 8 * rounds)), result((x.shape[0], 8 * rounds), nl.uint32)
        tile = fetched(x)
        for n in range(rounds):
            top, at = sb((x.shape[0], 8)), sb((x.shape[0], 8), nl.uint32)
            nisa.max8(dst=top, src=tile)
            nisa.nc_find_index8(dst=at, data=tile, vals=top)
            nisa.nc_match_replace8(dst=tile, data=tile, vals=top, imm=-3e38)
            nisa.dma_copy(values[:, nl.ds(8 * n, 8)], top)
            nisa.dma_copy(places[:, nl.ds(8 * n, 8)], at)
        return values, places

    x = seeded(60, 100)
    values, places = kernel(x, 3)
    order = np.argsort(-x, axis=1)[:, :24]
    assert (places == order).all()
    close(values, np.take_along_axis(x, order, 1))


def test_topk_of_sixteen_partitions():
    @jit
    def kernel(x, k):
        values, places = result((32, k), nl.bfloat16), result((32, k), nl.uint32)
        tiles = sb((32, k), nl.bfloat16), sb((32, k), nl.uint32)
        for tile in tiles:
            nisa.memset(tile, 0)
        nisa.topk(tiles[0], tiles[1], fetched(x), n=16 * x.shape[1], sorted=True)
        for tile, out in zip(tiles, (values, places), strict=True):
            nisa.dma_copy(out, tile)
        return values, places

    x = np.random.default_rng(2).permutation(256).astype(BF16).reshape(32, 8)
    values, places = kernel(x, 20)
    for group in (0, 16):
        snake = x[group : group + 16].astype(np.float32).T.reshape(-1)
        order = np.argsort(-snake)[:20]
        have = values[group : group + 16, :2].astype(np.float32).T.reshape(-1)[:20]
        assert (have == snake[order]).all()
        assert (places[group : group + 16, :2].T.reshape(-1)[:20] == order).all()


def gathered(table, indices, skip):
    out = result((indices.shape[0], table.shape[1]))
    picks, rows = fetched(indices), sb(out.shape)
    nisa.memset(rows, -1.0)
    view = table.ap([[table.shape[1], indices.shape[0]], [1, table.shape[1]]], vector_offset=picks, indirect_dim=0)
    mode = nisa.oob_mode.skip if skip else nisa.oob_mode.error
    nisa.dma_copy(rows, view, oob_mode=mode)
    nisa.dma_copy(out, rows)
    return out


def test_rows_of_a_table_by_index():
    table = seeded(50, 24)
    indices = np.random.default_rng(0).integers(0, 50, (64, 1)).astype(np.uint32)
    close(simulate(gathered)(table, indices, False), table[indices[:, 0]])
    indices[3] = 77
    have = simulate(gathered)(table, indices, True)
    assert (have[3] == -1).all()
    close(np.delete(have, 3, 0), table[np.delete(indices[:, 0], 3)])


def test_rows_by_vector_select_and_scattered():
    @jit
    def kernel(table, indices, rows):
        picks, tile = fetched(indices), sb((indices.shape[0], table.shape[1]))
        nisa.dma_copy(tile, table.vector_select(0, picks))
        nisa.tensor_scalar(tile, tile, nl.multiply, 2.0)
        out = result(table.shape)
        nisa.dma_copy(out, table)
        nisa.dma_copy(out.vector_select(0, picks), tile)
        return out

    table = seeded(50, 24)
    indices = np.random.default_rng(0).permutation(50)[:16].astype(np.uint32)[:, None]
    want = table.copy()
    want[indices[:, 0]] *= 2
    close(kernel(table, indices, 0), want)


def test_loops_over_registers():
    @jit
    def kernel(x, count):
        out = result(x.shape)
        nisa.dma_copy(out, x)
        bound, register = fetched(count), nisa.register_alloc()
        nisa.register_load(register, bound)
        tile, one = sb((1, x.shape[1])), sb((1, 1), nl.int32)
        nisa.memset(one, 1)

        def negate(i):
            nisa.dma_copy(tile, x.ap([[x.shape[1], 1], [1, x.shape[1]]], scalar_offset=i, indirect_dim=0))
            nisa.tensor_scalar(tile, tile, nl.multiply, -1.0)
            nisa.dma_copy(out.indirect(0, i), tile)

        def countdown(r):
            nisa.tensor_tensor(bound, bound, one, nl.subtract)
            again = nisa.register_alloc()
            nisa.register_load(again, bound)
            steps.append(int(r))
            return again

        nl.fori_loop(0, register, negate, step=2)
        nl.while_loop(register, countdown)
        return out

    steps = []
    x = seeded(8, 12)
    want = x.copy()
    want[0:5:2] *= -1
    close(kernel(x, np.array([[5]], np.int32)), want)
    assert steps == [5, 4, 3, 2, 1]


def test_segments():
    @jit
    def kernel(ids):
        out = result((1, 2, ids.shape[1]), nl.int32)
        tile = sb(out.shape, nl.int32)
        nisa.sequence_bounds(tile, fetched(ids))
        nisa.dma_copy(out, tile)
        return out

    have = kernel(np.array([[1, 1, 2, 2, 2, 0, 0, 3]], np.int32))
    assert have[0].tolist() == [[0, 0, 2, 2, 2, 8, 8, 7], [2, 2, 5, 5, 5, -1, -1, 8]]


def test_a_product_of_1024_cubed_is_right():
    a, b = seeded(1024, 1024), seeded(1024, 1024, seed=2)
    found = run(matmul, (a, b), {})
    close(found.value, a.T @ b, 1e-2)
    assert sum(i.op == "nc_matmul" for i in found.programs[0].instructions) == 128


def test_a_copy_from_a_run_time_place_on_chip():
    @jit
    def kernel(x, at):
        tile, register, picked = fetched(x), nisa.register_alloc(), sb((x.shape[0], 4))
        nisa.register_load(register, fetched(at))
        view = tile.ap([[x.shape[1], x.shape[0]], [1, 4]], scalar_offset=register, indirect_dim=1)
        nisa.tensor_copy_dynamic_src(dst=picked, src=view)
        out = result(picked.shape)
        nisa.dma_copy(out, picked)
        return out

    x = seeded(16, 12)
    close(kernel(x, np.array([[5]], np.int32)), x[:, 5:9])
