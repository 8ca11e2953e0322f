"""What deferred instructions of NKI 1 share: operands and destinations cut to the box of a mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from accelcore_nki import isa as core
from accelcore_nki.dtypes import name_of
from accelcore_nki.isa.enums import engine
from accelcore_nki.nki1.elementwise import mask_of, masked
from accelcore_nki.nki1.subscripts import crop
from accelcore_nki.nki1.tiles import Tile, cropped, defer, operand
from accelcore_nki.recorder import current
from accelcore_nki.tensors import PSUM, SBUF, NkiTensor

_ANY = (SBUF, PSUM)


def along(
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


def wide(value: Any) -> Any:
    """A per-partition operand in float32, as the engines want it; numbers stay."""
    if not isinstance(value, Tile) or value.kind == "float32":
        return value
    copy = current().allocate((value.shape[0], 1), "float32", SBUF)
    core.tensor_copy(copy, operand(value))
    return Tile(copy)


def scalar(value: Any, ranges: Any = None) -> Any:
    """A per-partition operand, cut to a box; numbers stay."""
    return cropped(value, ranges) if isinstance(value, Tile) else value


def cut(mask: Any, shape: Sequence[int], *values: Any) -> list[Any]:
    """Per-partition operands, cut to the mask's partitions."""
    ranges, _, some = mask_of(mask, shape)
    box = [ranges[0], (0, 1)] if ranges is not None and some else None
    return [scalar(wide(v), box) if some else v for v in values]


def column(value: Any, mask: Any, shape: Sequence[int]) -> NkiTensor | None:
    """Where a reduction goes, cut to the mask's partitions."""
    ranges, _rest, _some = mask_of(mask, shape)
    if value is None:
        return None
    return cropped(value, None if ranges is None else [ranges[0], *[(0, n) for n in value.shape[1:]]], "reduce_res")


def buffers(chosen: Any) -> tuple[str, ...]:
    """Where an engine can write; GpSimd does not reach PSUM."""
    return (SBUF,) if chosen is engine.gpsimd else _ANY


def rows(data: Any, width: int, kind: str, mask: Any, dtype: Any, emit: Callable[..., Any]) -> Tile:
    """A result of `width` elements for each partition of what the mask selects."""
    ranges, _rest, some = mask_of(mask, data.shape)
    source = cropped(data, ranges) if some else None

    def land(dst: NkiTensor) -> None:
        if source is not None:
            emit(dst if ranges is None else crop(dst, [ranges[0], (0, width)]), source)

    named = kind if dtype is None else name_of(dtype)
    return defer((data.shape[0], width), named, land, fixed=dtype is not None, masked=mask is not None)
