"""Other instructions of NKI 1, and kernels inside kernels."""

from __future__ import annotations

import numpy as np
from nki_kernels import close, seeded

from accelcore_nki.nki1 import isa as nisa
from accelcore_nki.nki1 import kernels as nki
from accelcore_nki.nki1 import language as nl

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
