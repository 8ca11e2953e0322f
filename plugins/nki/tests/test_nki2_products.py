"""NKI 2 kernels of matrix products, norms, softmax and attention."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from nki_kernels import close, fetched, nisa, nl, ps, result, sb, seeded, softmax

from accelcore_nki import jit, run

BF16 = ml_dtypes.bfloat16
P = nl.tile_size.pmax


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


def test_a_product_of_1024_cubed_is_right():
    a, b = seeded(1024, 1024), seeded(1024, 1024, seed=2)
    found = run(matmul, (a, b), {})
    close(found.value, a.T @ b, 1e-2)
    assert sum(i.op == "nc_matmul" for i in found.programs[0].instructions) == 128
