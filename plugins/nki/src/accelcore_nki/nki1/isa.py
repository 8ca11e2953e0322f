"""`neuronxcc.nki.isa`: instructions that return their result, take masks and a result type."""

from __future__ import annotations

from typing import Any

from accelcore_nki import isa as core
from accelcore_nki.dtypes import name_of
from accelcore_nki.errors import fail
from accelcore_nki.isa.enums import dge_mode, engine, matmul_perf_mode, nc_version, oob_mode, reduce_cmd
from accelcore_nki.isa.functions import get_nc_version
from accelcore_nki.nki1.elementwise import broadcast, joint_shape, mask_of, promote
from accelcore_nki.nki1.landing import along, buffers, column, cut, scalar
from accelcore_nki.nki1.products import nc_matmul, nc_transpose
from accelcore_nki.nki1.selections import (
    affine_select,
    bn_aggr,
    bn_stats,
    iota,
    local_gather,
    max8,
    nc_find_index8,
    nc_match_replace8,
    nc_stream_shuffle,
    range_select,
    select_reduce,
    sequence_bounds,
)
from accelcore_nki.nki1.subscripts import crop
from accelcore_nki.nki1.tiles import Tile, cropped, defer, operand
from accelcore_nki.recorder import current
from accelcore_nki.tensors import SBUF, NkiTensor

tensor_engine, vector_engine, scalar_engine = engine.tensor, engine.vector, engine.scalar
gpsimd_engine, dma_engine, unknown_engine = engine.gpsimd, engine.dma, engine.unknown

__all__ = [
    "activation", "activation_reduce", "affine_select", "bn_aggr", "bn_stats", "dge_mode", "dma_copy", "dma_engine",
    "dma_transpose", "engine", "get_nc_version", "gpsimd_engine", "iota", "local_gather", "matmul_perf_mode", "max8",
    "memset", "nc_find_index8", "nc_match_replace8", "nc_matmul", "nc_stream_shuffle", "nc_transpose", "nc_version",
    "oob_mode", "range_select", "reciprocal", "reduce_cmd", "scalar_engine", "scalar_tensor_tensor", "select_reduce",
    "sequence_bounds", "tensor_copy", "tensor_copy_dynamic_dst", "tensor_copy_dynamic_src", "tensor_copy_predicated",
    "tensor_engine", "tensor_partition_reduce", "tensor_reduce", "tensor_scalar", "tensor_scalar_reduce",
    "tensor_tensor", "tensor_tensor_scan", "unknown_engine", "vector_engine",
]  # fmt: skip


def activation(
    op: Any, data: Any, *, bias: Any = None, scale: Any = 1.0, reduce_op: Any = None, reduce_res: Any = None,
    reduce_cmd: Any = reduce_cmd.idle, mask: Any = None, dtype: Any = None, **_: Any,
) -> Tile:  # fmt: skip
    """op(data * scale + bias), optionally with its sum."""
    b, s = cut(mask, data.shape, bias, scale)
    total = column(reduce_res, mask, data.shape)
    return along(
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
    return along(shape, dtype, kind, mask, [a, b],
                  lambda dst, x, y: core.tensor_tensor(dst, x, y, op, engine), buffers(engine))  # fmt: skip


def tensor_scalar(
    data: Any, op0: Any, operand0: Any, reverse0: bool = False, op1: Any = None, operand1: Any = None,
    reverse1: bool = False, *, dtype: Any = None, mask: Any = None, engine: Any = engine.unknown, **_: Any,
) -> Tile:  # fmt: skip
    """(data op0 operand0) op1 operand1."""
    first, second = cut(mask, data.shape, operand0, operand1)
    return along(
        data.shape, dtype, data.kind, mask, [data],
        lambda dst, x: core.tensor_scalar(dst, x, op0, first, reverse0, op1, second, reverse1, engine),
        buffers(engine),
    )  # fmt: skip


def tensor_scalar_reduce(
    *, data: Any, op0: Any, operand0: Any, reduce_op: Any, reduce_res: Any, reverse0: bool = False, dtype: Any = None,
    mask: Any = None, **_: Any,
) -> Tile:  # fmt: skip
    """data op0 operand0, and its reduction over the free axes in reduce_res."""
    (first,) = cut(mask, data.shape, operand0)
    total = column(reduce_res, mask, data.shape)
    return along(
        data.shape, dtype, data.kind, mask, [data],
        lambda dst, x: core.tensor_scalar_reduce(dst, x, op0, first, reduce_op, total, reverse0),
    )  # fmt: skip


def scalar_tensor_tensor(
    *, data: Any, op0: Any, operand0: Any, op1: Any, operand1: Any, reverse0: bool = False, reverse1: bool = False,
    dtype: Any = None, mask: Any = None, **_: Any,
) -> Tile:  # fmt: skip
    """(data op0 scalar) op1 tensor."""
    (first,) = cut(mask, data.shape, operand0)
    other = operand1 if operand1.shape == data.shape else broadcast(operand1, data.shape)
    kind = promote(data.kind, operand1.kind)
    return along(
        data.shape, dtype, kind, mask, [data, other],
        lambda dst, x, y: core.scalar_tensor_tensor(dst, x, op0, first, op1, y, reverse0, reverse1),
    )  # fmt: skip


def tensor_tensor_scan(
    data0: Any, data1: Any, initial: Any, op0: Any, op1: Any, reverse0: bool = False, reverse1: bool = False, *,
    dtype: Any = None, mask: Any = None, **_: Any,
) -> Tile:  # fmt: skip
    """result[j] = (data0[j] op0 result[j-1]) op1 data1[j]."""
    (first,) = cut(mask, data1.shape, initial)
    a = data0 if data0.shape == data1.shape else broadcast(data0, data1.shape)
    return along(
        data1.shape, dtype, promote(data0.kind, data1.kind), mask, [a, data1],
        lambda dst, x, y: core.tensor_tensor_scan(dst, x, y, first, op0, op1, reverse0, reverse1),
    )  # fmt: skip


def tensor_copy(src: Any, *, mask: Any = None, dtype: Any = None, engine: Any = engine.unknown, **_: Any) -> Tile:
    """A copy of a tile."""
    return along(src.shape, dtype, src.kind, mask, [src], lambda dst, x: core.tensor_copy(dst, x, engine),
                  buffers(engine))  # fmt: skip


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
        core.tensor_copy_predicated(cropped(dst, ranges), scalar(src, ranges), test, reverse_pred)


def reciprocal(data: Any, *, dtype: Any = None, mask: Any = None, **_: Any) -> Tile:
    """1 / data."""
    return along(data.shape, dtype, data.kind, mask, [data], core.reciprocal)


def memset(shape: Any, value: Any, dtype: Any, *, mask: Any = None, engine: Any = engine.unknown, **_: Any) -> Tile:
    """A tile of one value."""
    return along(tuple(shape), dtype, "float32", mask, [], lambda dst: core.memset(dst, value, engine),
                  buffers(engine))  # fmt: skip


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
    from accelcore_nki.errors import Unsimulated, unsupported

    if name == "dropout":
        return Unsimulated("neuronxcc.nki.isa.dropout", "tensor_copy_predicated")
    raise unsupported("neuronxcc.nki.isa", name, __all__)
