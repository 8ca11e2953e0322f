"""NKI 2 kernels of scans, searches, gathers and register loops."""

from __future__ import annotations

import ml_dtypes
import numpy as np
from nki_kernels import close, fetched, nisa, nl, ps, result, sb, seeded

from accelcore_nki import jit, simulate

BF16 = ml_dtypes.bfloat16


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
