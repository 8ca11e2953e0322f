"""NKI 1 kernels of attention, scans, gathers and searches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from nki_kernels import close, seeded, softmax

from accelcore_nki.nki1 import isa as nisa
from accelcore_nki.nki1 import kernels as nki
from accelcore_nki.nki1 import language as nl

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
