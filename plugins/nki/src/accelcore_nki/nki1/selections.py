"""`neuronxcc.nki.isa`: patterns of indices, selections, statistics, searches, gathers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accelcore_nki import isa as core
from accelcore_nki.dtypes import FLOAT32_MIN, name_of
from accelcore_nki.errors import fail
from accelcore_nki.isa.enums import reduce_cmd
from accelcore_nki.nki1.elementwise import copy, mask_of
from accelcore_nki.nki1.landing import along, column, cut, rows, scalar
from accelcore_nki.nki1.subscripts import affine
from accelcore_nki.nki1.tiles import Tile, defer, operand
from accelcore_nki.recorder import current
from accelcore_nki.tensors import SBUF, NkiTensor


def iota(expr: Any, dtype: Any, *, mask: Any = None, **_: Any) -> Tile:
    """The values of an affine index expression."""
    found = affine(expr)
    if found is None:
        raise fail("operand", "iota takes an affine index expression", hint="nl.arange(...) times and plus numbers")
    base, steps = found.base, found.steps
    pattern = [[s, n] for s, n in zip(steps[1:], expr.shape[1:], strict=True)]
    return along(expr.shape, dtype, "int32", mask, [], lambda dst: core.iota(dst, pattern, base, steps[0]), (SBUF,))


def affine_select(
    pred: Any, on_true_tile: Any, on_false_value: Any, *, mask: Any = None, dtype: Any = None, **_: Any
) -> Tile:
    """on_true_tile where the index predicate holds, else a constant; on GpSimd."""
    import numpy as np

    full = np.broadcast_to(np.asarray(pred), on_true_tile.shape)
    ranges, _rest, _some = mask_of(mask, on_true_tile.shape)
    chosen = full if ranges is None else full[tuple(slice(a, b) for a, b in ranges)]

    def emit(dst: NkiTensor, source: NkiTensor) -> None:
        args = {"predicate": chosen.reshape(source.shape[0], -1), "value": float(on_false_value)}
        current().emit("affine_select", "gpsimd", (dst,), (source,), args)

    tile = on_true_tile
    source = tile if tile.buffer == SBUF else copy(tile)  # GpSimd does not reach PSUM
    return along(tile.shape, dtype, tile.kind, mask, [source], emit, (SBUF,))


def range_select(
    *, on_true_tile: Any, comp_op0: Any, comp_op1: Any, bound0: Any, bound1: Any,
    reduce_cmd: Any = reduce_cmd.reset_reduce, reduce_res: Any = None, reduce_op: Any = "maximum",
    range_start: Any = 0, on_false_value: Any = FLOAT32_MIN, mask: Any = None, dtype: Any = None, **_: Any,
) -> Tile:  # fmt: skip
    """on_true_tile where its position is within per-partition bounds, else a constant; and its maximum."""
    low, high = cut(mask, on_true_tile.shape, bound0, bound1)
    total = column(reduce_res, mask, on_true_tile.shape)
    return along(
        on_true_tile.shape, dtype, on_true_tile.kind, mask, [on_true_tile],
        lambda dst, x: core.range_select(
            dst, x, comp_op0, comp_op1, low, high, reduce_cmd, total, reduce_op, range_start, on_false_value
        ),
    )  # fmt: skip


def select_reduce(
    *, dst: Any, predicate: Any, on_true: Any, on_false: Any, reduce_res: Any = None,
    reduce_cmd: Any = reduce_cmd.idle, reduce_op: Any = "maximum", reverse_pred: bool = False, **_: Any,
) -> None:  # fmt: skip
    """dst = on_true where the predicate holds, else on_false; and its maximum."""
    total = None if reduce_res is None else operand(reduce_res)
    core.select_reduce(operand(dst), operand(predicate), operand(on_true), scalar(on_false), total, reduce_cmd,
                       reduce_op, reverse_pred)  # fmt: skip


def bn_stats(data: Any, *, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """Counts, means, variances * count of even and odd elements."""
    return rows(data, 6, data.kind, mask, dtype, core.bn_stats)


def bn_aggr(data: Any, *, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """Mean and variance of groups of statistics."""
    return rows(data, 2, data.kind, mask, dtype, core.bn_aggr)


def max8(*, src: Any, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """The 8 largest of each partition."""
    return rows(src, 8, src.kind, mask, dtype, core.max8)


def nc_find_index8(*, data: Any, vals: Any, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """Positions of 8 values in each partition."""
    wanted = operand(vals)
    return rows(data, 8, "uint32", mask, dtype, lambda dst, x: core.nc_find_index8(dst, x, wanted))


def nc_match_replace8(
    *, data: Any, vals: Any, imm: float, dst_idx: Any = None, mask: Any = None, dtype: Any = None, **_: Any
) -> Tile:
    """data with the first occurrence of each of 8 values replaced."""
    wanted, index = operand(vals), None if dst_idx is None else operand(dst_idx)
    return along(data.shape, dtype, data.kind, mask, [data],
                  lambda dst, x: core.nc_match_replace8(dst, x, wanted, imm, index))  # fmt: skip


def nc_stream_shuffle(src: Any, dst: Any, shuffle_mask: Sequence[int], *, mask: Any = None, **_: Any) -> None:
    """Move partitions inside each quadrant of 32."""
    core.nc_stream_shuffle(operand(dst), operand(src), shuffle_mask)


def local_gather(
    src_buffer: Any, index: Any, num_elem_per_idx: int = 1, num_valid_indices: Any = None, *, mask: Any = None, **_: Any
) -> Tile:
    """Each GpSimd core gathers from its 16 partitions."""
    valid = index.size // index.shape[0] * 16 if num_valid_indices is None else num_valid_indices
    source, picks = operand(src_buffer), operand(index)
    shape = (src_buffer.shape[0], valid) if num_elem_per_idx == 1 else (src_buffer.shape[0], valid, num_elem_per_idx)

    def land(dst: NkiTensor) -> None:
        core.local_gather(dst, source, picks, num_elem_per_idx, valid)

    return defer(shape, src_buffer.kind, land, buffers=(SBUF,))


def sequence_bounds(*, segment_ids: Any, dtype: Any = None, **_: Any) -> Tile:
    """First index and last index + 1 of the segment that each element is in, [1, 2, n]."""
    source = operand(segment_ids)
    kind = segment_ids.kind if dtype is None else name_of(dtype)
    shape = (1, 2, source.free)
    return defer(shape, kind, lambda dst: core.sequence_bounds(dst, source), buffers=(SBUF,), fixed=True)
