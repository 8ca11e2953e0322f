"""nki.isa: matrix products and transpositions."""

from __future__ import annotations

from typing import Any

from accelcore_nki.dtypes import FLOAT8, FLOATS
from accelcore_nki.errors import fail
from accelcore_nki.generations import PARTITIONS
from accelcore_nki.isa.enums import engine as engines
from accelcore_nki.isa.enums import matmul_perf_mode
from accelcore_nki.recorder import Instruction, current
from accelcore_nki.rules import PSUM_ONLY, SBUF_ONLY, at_least, choose, same_dtype, tile
from accelcore_nki.tensors import PSUM, NkiTensor

_WIDE = frozenset(("float32", "tfloat32"))


def nc_matmul(
    dst: Any,
    stationary: Any,
    moving: Any,
    is_stationary_onezero: bool = False,
    is_moving_onezero: bool = False,
    is_transpose: bool = False,
    accumulate: bool | None = None,
    tile_position: Any = (),
    tile_size: Any = (),
    perf_mode: Any = matmul_perf_mode.none,
    name: Any = None,
) -> Instruction:
    """dst (+)= stationary.T @ moving: [K, M], [K, N] in SBUF, [M, N] in PSUM."""
    target = tile("dst", dst, PSUM_ONLY)
    left, right = tile("stationary", stationary, SBUF_ONLY), tile("moving", moving, SBUF_ONLY)
    double = getattr(perf_mode, "name", "none") == "double_row"
    _matmul_types(target, left, right, is_transpose, double)
    _matmul_shapes(target, left, right, 2 if double else 1)
    if tile_position or tile_size:
        _tiling(left, tile_position, tile_size, double)
    _one_bank(target)
    if accumulate:
        _accumulates(target)
    onezero = is_stationary_onezero or is_moving_onezero
    args = {"transpose": is_transpose, "accumulate": accumulate, "double_row": double, "onezero": onezero}
    sources = (left, right, target) if accumulate else (left, right)
    return current().emit("nc_matmul", "tensor", (target,), sources, args)


def _accumulates(target: NkiTensor) -> None:
    """What is added to came from the tensor engine: NeuronCore-v2 and v3 define nothing else."""
    recorder, writer = current(), target.storage.writer
    if recorder.generation.version < 4 and writer not in ("", "nc_matmul", "nc_transpose"):
        hint = "let the first product overwrite (accumulate=False or None)"
        error = fail("psum-accumulate", f"a product is added to what {writer} wrote", target, hint=hint)
        if recorder.memory is None or recorder.memory.strict:
            raise error
        recorder.memory.findings.setdefault(error.where, str(error))


def _matmul_types(target: NkiTensor, left: NkiTensor, right: NkiTensor, transpose: bool, double: bool) -> None:
    for role, view in (("stationary", left), ("moving", right)):
        if view.dtype not in FLOATS and not transpose:
            raise fail("dtype", f"{role} is {view.dtype}", view, hint="the tensor engine multiplies floats")
        if double and view.dtype not in FLOAT8:
            raise fail("dtype", f"double_row with {view.dtype}", view, hint="double_row takes 8-bit floats")
    if double:
        at_least(3, "double_row")
    kinds = {left.dtype, right.dtype}
    if "float8_e4m3fn" in kinds and not transpose:
        at_least(4, "a product of float8_e4m3fn")
        if "float8_e4m3" in kinds:
            raise fail("dtype", "float8_e4m3 and float8_e4m3fn do not mix", left, right, hint="cast one of them")
    if (left.dtype in _WIDE) != (right.dtype in _WIDE):
        raise fail("dtype", "float32 does not mix with narrower types", left, right, hint="cast one of them")
    allowed = {"float32"} | ({"bfloat16"} if current().generation.version >= 4 else set())
    if target.dtype not in allowed and not (transpose and target.dtype == left.dtype):
        raise fail("dtype", f"the result in PSUM is {target.dtype}", target, hint=f"one of {sorted(allowed)}")


def _matmul_shapes(target: NkiTensor, left: NkiTensor, right: NkiTensor, rows: int) -> None:
    chip = current().generation
    if left.shape[0] != right.shape[0]:
        raise fail("shape", f"stationary contracts {left.shape[0]} partitions, moving {right.shape[0]}", left, right)
    columns, width = left.free // rows, right.free // rows
    if columns > chip.stationary:
        raise fail("tile-size", f"stationary has {columns} columns, at most {chip.stationary}", left)
    most = chip.moving * (2 if chip.version >= 4 and target.dtype == "bfloat16" else 1)
    if width > most:
        raise fail("tile-size", f"moving has {width} columns, at most {most}", right, hint="tile the free dimension")
    if (target.shape[0], target.free) != (columns, width):
        raise fail("shape", f"the product is {columns} by {width}", target)


def _tiling(left: NkiTensor, position: Any, size: Any, double: bool) -> None:
    """Part of the array is used: rows and columns by quarters (halves on NeuronCore-v2)."""
    if len(position) != 2 or len(size) != 2:
        raise fail("tiling", "tile_position and tile_size go together, two numbers each", left)
    least = 64 if current().generation.version < 3 else 32
    allowed = tuple(n for n in (32, 64, 128) if n >= least)
    for what, start, extent, used in (("rows", position[0], size[0], left.shape[0]),
                                      ("columns", position[1], size[1], left.free)):  # fmt: skip
        if extent not in allowed:
            raise fail("tiling", f"{extent} {what} are no tile of the array", left, hint=f"one of {allowed}")
        if start % extent or not 0 <= start < PARTITIONS:
            raise fail("tiling", f"a tile of {extent} {what} cannot start at {start}", left, hint="a multiple of it")
        if used > extent:
            raise fail("tiling", f"stationary has {used} {what}, the tile {extent}", left)
    if double and size[1] != PARTITIONS:
        raise fail("tiling", "double_row uses all columns of the array", left)


def _one_bank(target: NkiTensor) -> None:
    """The elements of a partition lie in one PSUM bank (NeuronCore-v2, v3)."""
    chip = current().generation
    if chip.version >= 4:
        return
    free = target.storage.free_bytes
    first = (target.offset * target.itemsize) % free
    last = first + sum((c - 1) * s for c, s in zip(target.shape[1:], target.strides[1:], strict=True)) * target.itemsize
    start = target.storage.address[1] if target.storage.address else 0
    if (start + first) // chip.psum_bank != (start + last) // chip.psum_bank:
        raise fail("psum-bank", f"bytes {first} to {last} of a partition cross a bank of {chip.psum_bank}", target)


def nc_transpose(dst: Any, data: Any, engine: Any = engines.unknown, name: Any = None) -> Instruction:
    """dst = data.T; up to 128x128 from SBUF to PSUM on the tensor engine, 32x32 on the vector engine."""
    target, source = tile("dst", dst), tile("data", data)
    fits = source.shape[0] <= 32 and source.free <= 32
    wants_tensor = target.storage.buffer == PSUM and source.storage.buffer != PSUM
    chosen = choose(engine, "tensor" if wants_tensor or not fits else "vector", ("tensor", "vector"))
    most = 128 if chosen == "tensor" else 32
    if source.shape[0] > most or source.free > most:
        raise fail("tile-size", f"the {chosen} engine transposes up to {most} by {most}", source)
    if chosen == "tensor":
        tile("data", source, SBUF_ONLY)
        tile("dst", target, PSUM_ONLY)
    if (target.shape[0], target.free) != (source.free, source.shape[0]):
        raise fail("shape", f"the transposed tile is {source.free} by {source.shape[0]}", target)
    same_dtype("dst", target, source)
    return current().emit("nc_transpose", chosen, (target,), (source,), {})
