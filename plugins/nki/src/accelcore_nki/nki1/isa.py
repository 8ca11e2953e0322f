"""`neuronxcc.nki.isa`: instructions that return their result, take masks and a result type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from accelcore_nki import isa as core
from accelcore_nki.dtypes import FLOAT32_MIN, name_of
from accelcore_nki.errors import fail
from accelcore_nki.isa.enums import dge_mode, engine, matmul_perf_mode, nc_version, oob_mode, reduce_cmd
from accelcore_nki.isa.functions import get_nc_version
from accelcore_nki.nki1.elementwise import broadcast, joint_shape, mask_of, masked, promote
from accelcore_nki.nki1.subscripts import affine, crop
from accelcore_nki.nki1.tiles import Tile, cropped, defer, operand
from accelcore_nki.recorder import current
from accelcore_nki.tensors import PSUM, SBUF, NkiTensor

tensor_engine, vector_engine, scalar_engine = engine.tensor, engine.vector, engine.scalar
gpsimd_engine, dma_engine, unknown_engine = engine.gpsimd, engine.dma, engine.unknown
_ANY = (SBUF, PSUM)

__all__ = [
    "activation", "activation_reduce", "affine_select", "bn_aggr", "bn_stats", "dge_mode", "dma_copy", "dma_engine",
    "dma_transpose", "engine", "get_nc_version", "gpsimd_engine", "iota", "local_gather", "matmul_perf_mode", "max8",
    "memset", "nc_find_index8", "nc_match_replace8", "nc_matmul", "nc_stream_shuffle", "nc_transpose", "nc_version",
    "oob_mode", "range_select", "reciprocal", "reduce_cmd", "scalar_engine", "scalar_tensor_tensor", "select_reduce",
    "sequence_bounds", "tensor_copy", "tensor_copy_dynamic_dst", "tensor_copy_dynamic_src", "tensor_copy_predicated",
    "tensor_engine", "tensor_partition_reduce", "tensor_reduce", "tensor_scalar", "tensor_scalar_reduce",
    "tensor_tensor", "tensor_tensor_scan", "unknown_engine", "vector_engine",
]  # fmt: skip


def _along(
    shape: Sequence[int], dtype: Any, kind: str, mask: Any, tiles: Sequence[Any], emit: Callable[..., Any],
    buffers: tuple[str, ...] = _ANY,
) -> Tile:  # fmt: skip
    """A deferred element-wise instruction: operands and destination are cut to the mask's box alike."""
    ranges, rest, some = mask_of(mask, shape)
    views = [cropped(t, ranges) if some and t is not None else None for t in tiles]

    def land(dst: NkiTensor) -> None:
        if some:
            masked(dst, ranges, rest, lambda part: emit(part, *views))

    named = kind if dtype is None else name_of(dtype)
    return defer(shape, named, land, buffers=buffers, fixed=dtype is not None, masked=mask is not None)


def _wide(value: Any) -> Any:
    """A per-partition operand in float32, as the engines want it; numbers stay."""
    if not isinstance(value, Tile) or value.kind == "float32":
        return value
    copy = current().allocate((value.shape[0], 1), "float32", SBUF)
    core.tensor_copy(copy, operand(value))
    return Tile(copy)


def _scalar(value: Any, ranges: Any = None) -> Any:
    return cropped(value, ranges) if isinstance(value, Tile) else value


def _cut(mask: Any, shape: Sequence[int], *values: Any) -> list[Any]:
    """Per-partition operands, cut to the mask's partitions."""
    ranges, _, some = mask_of(mask, shape)
    box = [ranges[0], (0, 1)] if ranges is not None and some else None
    return [_scalar(_wide(v), box) if some else v for v in values]


def _column(value: Any, mask: Any, shape: Sequence[int]) -> NkiTensor | None:
    """Where a reduction goes, cut to the mask's partitions."""
    ranges, _rest, _some = mask_of(mask, shape)
    if value is None:
        return None
    return cropped(value, None if ranges is None else [ranges[0], *[(0, n) for n in value.shape[1:]]], "reduce_res")


def _buffers(chosen: Any) -> tuple[str, ...]:
    return (SBUF,) if chosen is engine.gpsimd else _ANY


def nc_matmul(
    stationary: Any, moving: Any, *, is_stationary_onezero: bool = False, is_moving_onezero: bool = False,
    is_transpose: bool = False, tile_position: Any = (), tile_size: Any = (), mask: Any = None,
    perf_mode: Any = matmul_perf_mode.none, **_: Any,
) -> Tile:  # fmt: skip
    """stationary.T @ moving in PSUM; += on a PSUM tile accumulates."""
    left, right, some = _factors(stationary, moving, mask)
    if str(getattr(perf_mode, "name", perf_mode)).startswith("double_row"):  # NKI 1 has names with a generation too
        perf_mode = matmul_perf_mode.double_row
    double = perf_mode is matmul_perf_mode.double_row
    shape = (stationary.size // stationary.shape[0], moving.size // moving.shape[0])
    shape = (shape[0] // 2, shape[1] // 2) if double else shape

    def emit(dst: NkiTensor, accumulate: bool | None) -> None:
        if some:
            width = (left.free // (1 + double), right.free // (1 + double))
            part = dst if dst.shape == width else crop(dst, ((0, width[0]), (0, width[1])))
            core.nc_matmul(
                part, left, right, is_stationary_onezero, is_moving_onezero, is_transpose, accumulate,
                tile_position, tile_size, perf_mode,
            )  # fmt: skip

    kind = stationary.kind if is_transpose else "float32"
    return defer(
        shape, kind, lambda dst: emit(dst, False), buffers=(PSUM,), fixed=True, masked=mask is not None,
        add=lambda dst: emit(dst, None),
    )  # fmt: skip


def _factors(stationary: Any, moving: Any, mask: Any) -> tuple[NkiTensor, NkiTensor, bool]:
    """The operands of a product without what operand masks (and `mask` over the moving one) leave out."""
    if mask is None and stationary.valid is None and moving.valid is None:
        return operand(stationary, "stationary"), operand(moving, "moving"), True
    boxes = []
    for tile, more in ((stationary, None), (moving, mask)):
        valid = tile.valid if more is None else more if tile.valid is None else tile.valid & more
        ranges, rest, some = mask_of(valid, tile.shape)
        if rest is not None:
            raise fail("mask", "the mask of a product is no box", tile)
        if not some:
            return operand(Tile(tile.view)), operand(Tile(moving.view)), False
        boxes.append(ranges or [(0, n) for n in tile.shape])
    rows = (max(b[0][0] for b in boxes), min(b[0][1] for b in boxes))
    views = [
        operand(Tile(crop(t.view, [rows, *b[1:]]), None, t.partition))
        for t, b in zip((stationary, moving), boxes, strict=True)
    ]
    return views[0], views[1], True


def nc_transpose(data: Any, *, mask: Any = None, dtype: Any = None, engine: Any = engine.unknown, **_: Any) -> Tile:
    """data.T; by the tensor engine in PSUM, up to 32 by 32 by the vector engine."""
    free = data.size // data.shape[0]
    small = data.shape[0] <= 32 and free <= 32
    by_vector = engine is vector_engine or (engine is unknown_engine and (small or data.buffer == PSUM))
    ranges, _rest, some = mask_of(mask, data.shape)
    source = cropped(data, ranges) if some else None

    def land(dst: NkiTensor) -> None:
        if source is not None:
            part = crop(dst, ((0, source.free), (0, source.shape[0])))
            core.nc_transpose(part, source, vector_engine if by_vector else tensor_engine)

    kind = data.kind
    result = defer((free, data.shape[0]), kind, land, buffers=_ANY if by_vector else (PSUM,), fixed=True,
                   masked=mask is not None)  # fmt: skip
    return result if dtype is None or name_of(dtype) == kind else tensor_copy(result, dtype=dtype)


def activation(
    op: Any, data: Any, *, bias: Any = None, scale: Any = 1.0, reduce_op: Any = None, reduce_res: Any = None,
    reduce_cmd: Any = reduce_cmd.idle, mask: Any = None, dtype: Any = None, **_: Any,
) -> Tile:  # fmt: skip
    """op(data * scale + bias), optionally with its sum."""
    b, s = _cut(mask, data.shape, bias, scale)
    total = _column(reduce_res, mask, data.shape)
    return _along(
        data.shape, dtype, data.kind, mask, [data],
        lambda dst, x: core.activation(dst, op, x, b, s, reduce_op, total, reduce_cmd),
    )  # fmt: skip


def activation_reduce(
    op: Any, data: Any, *, reduce_op: Any = None, reduce_res: Any = None, bias: Any = None, scale: Any = 1.0,
    mask: Any = None, dtype: Any = None, **_: Any,
) -> Tile:  # fmt: skip
    """`activation`, and the sum of its result over the free axes."""
    return activation(op, data, bias=bias, scale=scale, reduce_op=reduce_op, reduce_res=reduce_res,
                      reduce_cmd=reduce_cmd.reset_reduce, mask=mask, dtype=dtype)  # fmt: skip


def tensor_reduce(
    op: Any, data: Any, axis: Any, *, mask: Any = None, dtype: Any = None, negate: bool = False,
    keepdims: bool = False, **_: Any,
) -> Tile:  # fmt: skip
    """data reduced over free axes; with a mask over what it selects."""
    axes = sorted({a % data.ndim for a in (axis if isinstance(axis, tuple | list) else (axis,))})
    if not axes or axes[0] == 0:
        hint = "partitions are reduced by a transpose or a product with ones"
        raise fail("axes", f"axis={axis} of a tile of {data.ndim} dimensions", data, hint=hint)
    kept = [d for d in range(data.ndim) if d not in axes]
    ranges, rest, some = mask_of(mask, data.shape)
    if rest is not None:
        raise fail("mask", "the mask of a reduction is no box", data, hint="select with nl.where first")
    source = cropped(data, ranges).permute((*kept, *axes)) if some else None
    shape = [1 if d in axes else n for d, n in enumerate(data.shape)] if keepdims else [data.shape[d] for d in kept]
    shape = shape if len(shape) > 1 else [*shape, 1]
    box = None if ranges is None else [ranges[d] for d in (range(data.ndim) if keepdims else kept)]

    def land(dst: NkiTensor) -> None:
        if source is not None:
            part = dst if box is None else crop(dst, [*box, *[(0, 1)] * (dst.ndim - len(box))])
            core.tensor_reduce(part, op, source, tuple(range(len(kept), data.ndim)), negate)

    kind = data.kind if dtype is None else name_of(dtype)
    return defer(shape, kind, land, fixed=dtype is not None, masked=mask is not None)


def tensor_partition_reduce(op: Any, data: Any, *, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """data reduced over its partitions, in one."""
    source = cropped(data, mask_of(mask, data.shape)[0])
    kind = data.kind if dtype is None else name_of(dtype)
    shape = (1, *source.shape[1:])
    return defer(shape, kind, lambda dst: core.tensor_partition_reduce(dst, op, source), buffers=(SBUF,))


def tensor_tensor(
    data1: Any, data2: Any, op: Any, *, dtype: Any = None, mask: Any = None, engine: Any = engine.unknown, **_: Any
) -> Tile:
    """data1 op data2."""
    alike = (data1.shape[0], data1.size) == (data2.shape[0], data2.size)
    shape = data1.shape if alike else joint_shape([data1, data2])
    a, b = (data1, data2) if alike else (broadcast(t, shape) for t in (data1, data2))
    kind = promote(data1.kind, data2.kind)
    return _along(shape, dtype, kind, mask, [a, b],
                  lambda dst, x, y: core.tensor_tensor(dst, x, y, op, engine), _buffers(engine))  # fmt: skip


def tensor_scalar(
    data: Any, op0: Any, operand0: Any, reverse0: bool = False, op1: Any = None, operand1: Any = None,
    reverse1: bool = False, *, dtype: Any = None, mask: Any = None, engine: Any = engine.unknown, **_: Any,
) -> Tile:  # fmt: skip
    """(data op0 operand0) op1 operand1."""
    first, second = _cut(mask, data.shape, operand0, operand1)
    return _along(
        data.shape, dtype, data.kind, mask, [data],
        lambda dst, x: core.tensor_scalar(dst, x, op0, first, reverse0, op1, second, reverse1, engine),
        _buffers(engine),
    )  # fmt: skip


def tensor_scalar_reduce(
    *, data: Any, op0: Any, operand0: Any, reduce_op: Any, reduce_res: Any, reverse0: bool = False, dtype: Any = None,
    mask: Any = None, **_: Any,
) -> Tile:  # fmt: skip
    """data op0 operand0, and its reduction over the free axes in reduce_res."""
    (first,) = _cut(mask, data.shape, operand0)
    total = _column(reduce_res, mask, data.shape)
    return _along(
        data.shape, dtype, data.kind, mask, [data],
        lambda dst, x: core.tensor_scalar_reduce(dst, x, op0, first, reduce_op, total, reverse0),
    )  # fmt: skip


def scalar_tensor_tensor(
    *, data: Any, op0: Any, operand0: Any, op1: Any, operand1: Any, reverse0: bool = False, reverse1: bool = False,
    dtype: Any = None, mask: Any = None, **_: Any,
) -> Tile:  # fmt: skip
    """(data op0 scalar) op1 tensor."""
    (first,) = _cut(mask, data.shape, operand0)
    other = operand1 if operand1.shape == data.shape else broadcast(operand1, data.shape)
    kind = promote(data.kind, operand1.kind)
    return _along(
        data.shape, dtype, kind, mask, [data, other],
        lambda dst, x, y: core.scalar_tensor_tensor(dst, x, op0, first, op1, y, reverse0, reverse1),
    )  # fmt: skip


def tensor_tensor_scan(
    data0: Any, data1: Any, initial: Any, op0: Any, op1: Any, reverse0: bool = False, reverse1: bool = False, *,
    dtype: Any = None, mask: Any = None, **_: Any,
) -> Tile:  # fmt: skip
    """result[j] = (data0[j] op0 result[j-1]) op1 data1[j]."""
    (first,) = _cut(mask, data1.shape, initial)
    a = data0 if data0.shape == data1.shape else broadcast(data0, data1.shape)
    return _along(
        data1.shape, dtype, promote(data0.kind, data1.kind), mask, [a, data1],
        lambda dst, x, y: core.tensor_tensor_scan(dst, x, y, first, op0, op1, reverse0, reverse1),
    )  # fmt: skip


def tensor_copy(src: Any, *, mask: Any = None, dtype: Any = None, engine: Any = engine.unknown, **_: Any) -> Tile:
    """A copy of a tile."""
    return _along(src.shape, dtype, src.kind, mask, [src], lambda dst, x: core.tensor_copy(dst, x, engine),
                  _buffers(engine))  # fmt: skip


tensor_copy_dynamic_src = tensor_copy


def tensor_copy_dynamic_dst(*, dst: Any, src: Any, mask: Any = None, engine: Any = engine.unknown, **_: Any) -> None:
    """dst = src at a run-time address."""
    core.tensor_copy(operand(dst), operand(src), engine)


def tensor_copy_predicated(
    *, src: Any, dst: Any, predicate: Any, mask: Any = None, reverse_pred: bool = False, **_: Any
) -> None:
    """dst = src where the predicate holds."""
    ranges, _rest, some = mask_of(mask, dst.shape)
    if some:
        test = cropped(predicate, ranges)
        test = test.view("uint8") if test.dtype in ("bool", "int8") else test
        core.tensor_copy_predicated(cropped(dst, ranges), _scalar(src, ranges), test, reverse_pred)


def reciprocal(data: Any, *, dtype: Any = None, mask: Any = None, **_: Any) -> Tile:
    """1 / data."""
    return _along(data.shape, dtype, data.kind, mask, [data], core.reciprocal)


def iota(expr: Any, dtype: Any, *, mask: Any = None, **_: Any) -> Tile:
    """The values of an affine index expression."""
    found = affine(expr)
    if found is None:
        raise fail("operand", "iota takes an affine index expression", hint="nl.arange(...) times and plus numbers")
    base, steps = found.base, found.steps
    pattern = [[s, n] for s, n in zip(steps[1:], expr.shape[1:], strict=True)]
    return _along(expr.shape, dtype, "int32", mask, [], lambda dst: core.iota(dst, pattern, base, steps[0]), (SBUF,))


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
    source = tile if tile.buffer == SBUF else tensor_copy(tile)  # GpSimd does not reach PSUM
    return _along(tile.shape, dtype, tile.kind, mask, [source], emit, (SBUF,))


def range_select(
    *, on_true_tile: Any, comp_op0: Any, comp_op1: Any, bound0: Any, bound1: Any,
    reduce_cmd: Any = reduce_cmd.reset_reduce, reduce_res: Any = None, reduce_op: Any = "maximum",
    range_start: Any = 0, on_false_value: Any = FLOAT32_MIN, mask: Any = None, dtype: Any = None, **_: Any,
) -> Tile:  # fmt: skip
    """on_true_tile where its position is within per-partition bounds, else a constant; and its maximum."""
    low, high = _cut(mask, on_true_tile.shape, bound0, bound1)
    total = _column(reduce_res, mask, on_true_tile.shape)
    return _along(
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
    core.select_reduce(operand(dst), operand(predicate), operand(on_true), _scalar(on_false), total, reduce_cmd,
                       reduce_op, reverse_pred)  # fmt: skip


def memset(shape: Any, value: Any, dtype: Any, *, mask: Any = None, engine: Any = engine.unknown, **_: Any) -> Tile:
    """A tile of one value."""
    return _along(tuple(shape), dtype, "float32", mask, [], lambda dst: core.memset(dst, value, engine),
                  _buffers(engine))  # fmt: skip


def bn_stats(data: Any, *, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """Counts, means, variances * count of even and odd elements."""
    return _rows(data, 6, data.kind, mask, dtype, core.bn_stats)


def bn_aggr(data: Any, *, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """Mean and variance of groups of statistics."""
    return _rows(data, 2, data.kind, mask, dtype, core.bn_aggr)


def max8(*, src: Any, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """The 8 largest of each partition."""
    return _rows(src, 8, src.kind, mask, dtype, core.max8)


def _rows(data: Any, width: int, kind: str, mask: Any, dtype: Any, emit: Callable[..., Any]) -> Tile:
    """A result of `width` elements for each partition of what the mask selects."""
    ranges, _rest, some = mask_of(mask, data.shape)
    source = cropped(data, ranges) if some else None

    def land(dst: NkiTensor) -> None:
        if source is not None:
            emit(dst if ranges is None else crop(dst, [ranges[0], (0, width)]), source)

    named = kind if dtype is None else name_of(dtype)
    return defer((data.shape[0], width), named, land, fixed=dtype is not None, masked=mask is not None)


def nc_find_index8(*, data: Any, vals: Any, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """Positions of 8 values in each partition."""
    wanted = operand(vals)
    return _rows(data, 8, "uint32", mask, dtype, lambda dst, x: core.nc_find_index8(dst, x, wanted))


def nc_match_replace8(
    *, data: Any, vals: Any, imm: float, dst_idx: Any = None, mask: Any = None, dtype: Any = None, **_: Any
) -> Tile:
    """data with the first occurrence of each of 8 values replaced."""
    wanted, index = operand(vals), None if dst_idx is None else operand(dst_idx)
    return _along(data.shape, dtype, data.kind, mask, [data],
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


def dma_copy(
    *, dst: Any, src: Any, mask: Any = None, dst_rmw_op: Any = None, oob_mode: Any = oob_mode.error,
    dge_mode: Any = dge_mode.unknown, **_: Any,
) -> None:  # fmt: skip
    """dst = src (or dst op= src) between HBM and SBUF."""
    ranges, rest, some = mask_of(mask, dst.shape)
    if not some:
        return
    target, source = cropped(dst, ranges), cropped(src, ranges)
    if dst_rmw_op is not None:
        add_rows(target, source, dst_rmw_op)
        return
    current().where = rest
    core.dma_copy(target, source, oob_mode=oob_mode, dge_mode=dge_mode)


def add_rows(target: NkiTensor, source: NkiTensor, op: Any) -> None:
    """target = target op source by DMA, element after element, at run-time addresses too."""
    core.dma_copy(target, source, dst_rmw_op=op)


def dma_transpose(src: Any, *, axes: Any = None, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """src with its axes reversed, in SBUF."""
    source = cropped(src, mask_of(mask, src.shape)[0])
    order = {2: (1, 0), 3: (2, 1, 0), 4: (3, 1, 2, 0)}[source.ndim]
    shape = tuple(source.shape[a] for a in order)
    return defer(shape, src.kind, lambda dst: core.dma_transpose(dst, source, axes), buffers=(SBUF,), fixed=True)


def __getattr__(name: str) -> object:
    """An instruction that is not simulated: an error that names the nearest that is."""
    if name.startswith("__"):
        raise AttributeError(name)
    if name == "constants":
        from accelcore_nki.isa import enums

        return enums
    from difflib import get_close_matches

    from accelcore_nki.errors import UnsupportedCall, source_line

    near = ", ".join(get_close_matches(name, __all__, n=3, cutoff=0.4)) or "none"
    what = f"neuronxcc.nki.isa.{name} is not simulated"
    raise UnsupportedCall(what, rule="unsupported", where=source_line(), hint=f"nearest: {near}")
