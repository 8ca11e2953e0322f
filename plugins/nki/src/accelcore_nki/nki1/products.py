"""`neuronxcc.nki.isa`: matrix products and transpositions."""

from __future__ import annotations

from typing import Any

from accelcore_nki import isa as core
from accelcore_nki.dtypes import name_of
from accelcore_nki.errors import fail
from accelcore_nki.isa.enums import engine as engine_names
from accelcore_nki.isa.enums import matmul_perf_mode
from accelcore_nki.nki1.elementwise import copy, mask_of
from accelcore_nki.nki1.subscripts import crop
from accelcore_nki.nki1.tiles import Tile, cropped, defer, operand
from accelcore_nki.tensors import PSUM, SBUF, NkiTensor

_ANY = (SBUF, PSUM)


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
            return operand(Tile(tile.tensor)), operand(Tile(moving.tensor)), False
        boxes.append(ranges or [(0, n) for n in tile.shape])
    rows = (max(b[0][0] for b in boxes), min(b[0][1] for b in boxes))
    views = [
        operand(Tile(crop(t.tensor, [rows, *b[1:]]), None, t.partition))
        for t, b in zip((stationary, moving), boxes, strict=True)
    ]
    return views[0], views[1], True


def nc_transpose(
    data: Any, *, mask: Any = None, dtype: Any = None, engine: Any = engine_names.unknown, **_: Any
) -> Tile:
    """data.T; by the tensor engine in PSUM, up to 32 by 32 by the vector engine."""
    free = data.size // data.shape[0]
    small = data.shape[0] <= 32 and free <= 32
    by_vector = engine is engine_names.vector or (engine is engine_names.unknown and (small or data.buffer == PSUM))
    ranges, _rest, some = mask_of(mask, data.shape)
    source = cropped(data, ranges) if some else None

    def land(dst: NkiTensor) -> None:
        if source is not None:
            part = crop(dst, ((0, source.free), (0, source.shape[0])))
            core.nc_transpose(part, source, engine_names.vector if by_vector else engine_names.tensor)

    kind = data.kind
    result = defer((free, data.shape[0]), kind, land, buffers=_ANY if by_vector else (PSUM,), fixed=True,
                   masked=mask is not None)  # fmt: skip
    return result if dtype is None or name_of(dtype) == kind else copy(result, dtype=dtype)
