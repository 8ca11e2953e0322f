"""Element-wise functions of NKI 1: operators with broadcasting, type promotion, `dtype=` and `mask=`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from numbers import Real
from typing import TYPE_CHECKING, Any

from accelcore_nki import isa
from accelcore_nki.dtypes import FLOAT8, INTEGERS, SIGNED, SIZES, name_of
from accelcore_nki.errors import fail
from accelcore_nki.nki1.tiles import Tile, cropped, defer, operand, ranges_of
from accelcore_nki.operators import ACTIVATIONS, COMPARE, UNARY
from accelcore_nki.recorder import current
from accelcore_nki.tensors import PSUM, SBUF, NkiTensor

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_LOGIC = COMPARE | frozenset(("logical_and", "logical_or", "logical_xor", "logical_not"))
_ROUNDINGS = frozenset(("floor", "ceil", "trunc", "tan"))
Selection = tuple[list[tuple[int, int]] | None, bool, bool]
"""The box of a mask (None: no cut), whether it is one, whether it selects anything."""
_RANK = {"float32": 4, "tfloat32": 3, "bfloat16": 2, "float16": 2, **dict.fromkeys(FLOAT8, 1)}


def promote(a: str, b: str) -> str:
    """The type of an operation on two types: the more precise one; two different halves give float32."""
    if a == b:
        return a
    if a in _RANK or b in _RANK:
        if _RANK.get(a) == _RANK.get(b):
            return "float32"
        return a if _RANK.get(a, 0) > _RANK.get(b, 0) else b
    if (a in SIGNED) != (b in SIGNED) and "bool" not in (a, b):
        unsigned, signed = (b, a) if a in SIGNED else (a, b)
        return f"int{min(32, max(16 * SIZES[unsigned], 8 * SIZES[signed]))}"
    return a if SIZES[a] >= SIZES[b] and a != "bool" else b


def mask_of(mask: Any, shape: Sequence[int]) -> tuple[list[tuple[int, int]] | None, Any, bool]:
    """(box or None, mask for the rest or None, whether anything is selected) of a `mask=` argument."""
    if mask is None or mask is True:
        return None, None, True
    if isinstance(mask, Tile):
        hint = "masks compare index tensors (nl.arange, nl.mgrid); nl.where selects by the values of a tile"
        raise fail("mask", "the values of a mask are not known while a kernel is traced", mask, hint=hint)
    import numpy as np

    array = np.asarray(mask)
    while array.ndim > len(shape) and array.shape[0] == 1:
        array = array[0]
    extents = tuple(shape)
    if array.size <= _MOST_KEPT and array.dtype == bool:
        found, box, some = _remembered(array.shape, array.tobytes(), extents)
    else:
        found, box, some = _selection(array, extents)
    return found, (None if box else array), some


_MOST_KEPT = 8192  # elements of a mask whose box is remembered: loops make the same ones again and again


@lru_cache(maxsize=4096)
def _remembered(extents: tuple[int, ...], data: bytes, shape: tuple[int, ...]) -> Selection:
    import numpy as np

    return _selection(np.frombuffer(data, bool).reshape(extents), shape)


def _selection(mask: Array, shape: tuple[int, ...]) -> Selection:
    try:
        found = ranges_of(mask, shape)
    except ValueError:
        raise fail("mask", f"a mask of {mask.shape} does not fit a tile of {shape}") from None
    if not found:
        return None, found is not None, found is None
    whole = found == [(0, extent) for extent in shape]
    return (None if whole else found), True, True


def masked(dst: NkiTensor, ranges: Any, rest: Any, emit: Any) -> None:
    """Call emit(part of dst); what it emits writes only where the mask that is no box holds."""
    from accelcore_nki.nki1.subscripts import crop

    part = dst if ranges is None else crop(dst, ranges)
    if rest is None:
        emit(part)
        return
    recorder = current()
    recorder.where = rest
    emit(part)
    recorder.where = None


def broadcast(tile: Tile, shape: Sequence[int]) -> Tile:
    """A tile with dimensions of 1 repeated to a shape; the partition by a copy, the others by strides."""
    view = operand(tile)
    while view.ndim < len(shape):
        view = view.expand_dim(1) if view.storage.on_chip else view.expand_dim(0)
    if view.storage.on_chip and view.shape[0] == 1 and shape[0] > 1:
        view = _spread(view, shape[0])
    for dim, (have, wanted) in enumerate(zip(view.shape, shape, strict=True)):
        if have not in (1, wanted):
            raise fail("shape", f"{tile.shape} does not broadcast to {tuple(shape)}", view)
        view = view.broadcast(dim, wanted) if have != wanted else view
    return Tile(view)


def _spread(view: NkiTensor, partitions: int) -> NkiTensor:
    """One partition copied to many, by DMA."""
    if view.buffer == PSUM:
        view = operand(copy(Tile(view)))
    result = current().allocate((partitions, *view.shape[1:]), view.dtype, SBUF)
    isa.dma_copy(result, view.broadcast(0, partitions))
    return result


def apply(name: str, operands: Sequence[Any], dtype: Any = None, mask: Any = None) -> Tile:
    """An operator of one or two operands by its name."""
    if name == "negative":
        return binary("multiply", operands[0], -1, dtype, mask)
    if len(operands) == 1 or operands[1] is None:
        return unary(name, operands[0], dtype, mask)
    return binary(name, operands[0], operands[1], dtype, mask)


def unary(name: str, x: Any, dtype: Any = None, mask: Any = None) -> Tile:
    """An activation function or a unary operator."""
    ranges, rest, some = mask_of(mask, x.shape)
    kind = name_of(dtype) if dtype is not None else "bool" if name in _LOGIC else x.kind
    if kind in INTEGERS and name in ACTIVATIONS - {"abs", "copy", "sign", "relu", "square"} and dtype is None:
        kind = "float32"
    source = cropped(x, ranges) if some else None

    def land(dst: NkiTensor) -> None:
        if source is None:
            return
        masked(dst, ranges, rest, lambda part: _unary(name, part, source))

    return defer(x.shape, kind, land, fixed=dtype is not None, masked=mask is not None)


def _unary(name: str, dst: NkiTensor, source: NkiTensor) -> Any:
    if name == "reciprocal":
        return isa.reciprocal(dst, source)
    if name in _ROUNDINGS:
        args = {"op": name, "scale": 1.0, "bias": None, "command": "idle"}
        return current().emit("activation", "scalar", (dst,), (source,), args)
    if name in UNARY and not (name in ACTIVATIONS and source.dtype not in INTEGERS):
        return isa.tensor_scalar(dst, source, name, None)
    return isa.activation(dst, name, source)


def binary(name: str, x: Any, y: Any, dtype: Any = None, mask: Any = None) -> Tile:
    """x op y with broadcasting; one of them may be a number."""
    tiles = [v for v in (x, y) if isinstance(v, Tile)]
    if not tiles:
        raise fail("operand", f"nl.{name} of two Python numbers", hint="use Python's own arithmetic")
    kinds = [v.kind for v in tiles]
    kind = kinds[0] if len(kinds) == 1 else promote(*kinds)
    number = next((v for v in (x, y) if not isinstance(v, Tile)), None)
    if kind in INTEGERS and (name == "divide" or isinstance(number, float)):
        kind = "float32"
    kind = name_of(dtype) if dtype is not None else "bool" if name in _LOGIC else kind
    shape = joint_shape(tiles)
    ranges, rest, some = mask_of(mask, shape)
    if number is not None:
        land = _with_number(name, tiles[0], number, tiles[0] is y, (ranges, rest, some))
    else:
        land = _with_tile(name, x, y, shape, (ranges, rest, some))
    return defer(shape, kind, land, fixed=dtype is not None, masked=mask is not None)


def joint_shape(tiles: Sequence[Tile]) -> tuple[int, ...]:
    """The shape that tiles broadcast to."""
    shapes = [t.shape for t in tiles]
    if all(s == shapes[0] for s in shapes):
        return shapes[0]
    import numpy as np

    longest = max(len(s) for s in shapes)
    # a tile of fewer dimensions keeps its partition in front: [P, 1] beside [P, a, b] is [P, 1, 1]
    shapes = [(s[0], *(1,) * (longest - len(s)), *s[1:]) for s in shapes]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise fail("shape", f"{' and '.join(map(str, shapes))} do not broadcast", *tiles) from None


def _with_number(name: str, tile: Tile, number: Any, reverse: bool, mask: Any) -> Any:
    ranges, rest, some = mask
    if not isinstance(number, Real):
        raise fail("operand", f"a {type(number).__name__} is no operand of nl.{name}", tile)
    source = cropped(tile, ranges) if some else None

    def land(dst: NkiTensor) -> None:
        if source is not None:
            masked(dst, ranges, rest,
                   lambda part: isa.tensor_scalar(part, source, name, number, reverse0=reverse))  # fmt: skip

    return land


def _with_tile(name: str, x: Tile, y: Tile, shape: Sequence[int], mask: Any) -> Any:
    ranges, rest, some = mask
    if not some:
        return lambda dst: None
    a, b = (_ready(v, shape, ranges) for v in (x, y))
    if a.buffer == PSUM and b.buffer == PSUM:
        b = operand(copy(Tile(b)))
    part = [stop - start for start, stop in ranges] if ranges is not None else list(shape)
    for data, vector, reverse in ((a, b, False), (b, a, True)):
        wide = data.free > 1 and vector.free == 1 and vector.shape[0] == data.shape[0] == part[0]
        if wide and vector.dtype == "float32" and list(data.shape) == part:
            return lambda dst, d=data, v=vector, r=reverse: masked(
                dst, ranges, rest, lambda p: isa.tensor_scalar(p, d, name, v, reverse0=r)
            )
    a, b = (v if list(v.shape) == part else operand(broadcast(Tile(v), part)) for v in (a, b))
    return lambda dst: masked(dst, ranges, rest, lambda p: isa.tensor_tensor(p, a, b, name))


def _ready(tile: Tile, shape: Sequence[int], ranges: Any) -> NkiTensor:
    """An operand in the joint number of dimensions, cut to the mask, its partition repeated."""
    view = tile.tensor
    if ranges is None and tile.valid is None and view.shape == shape and not tile.partition:
        return view
    while view.ndim < len(shape):
        view = view.expand_dim(1)
    if view.shape[0] == 1 and shape[0] > 1:
        view = _spread(operand(tile).reshape(view.shape) if tile.valid is None else view, shape[0])
        return cropped(Tile(view), ranges)
    valid = tile.valid
    return cropped(Tile(view, valid if valid is None or valid.ndim == view.ndim else None, tile.partition), ranges)


def copy(src: Any, *, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """A copy of a tile."""
    ranges, rest, some = mask_of(mask, src.shape)
    source = cropped(src, ranges) if some else None

    def land(dst: NkiTensor) -> None:
        if source is not None:
            masked(dst, ranges, rest, lambda part: isa.tensor_copy(part, source))

    kind = name_of(dtype) if dtype is not None else src.kind
    return defer(src.shape, kind, land, fixed=dtype is not None, masked=mask is not None)
