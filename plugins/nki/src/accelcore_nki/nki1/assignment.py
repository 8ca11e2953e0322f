"""Assignment to subscripts and in-place operators: a deferred result lands in its target, anything else is copied."""

from __future__ import annotations

from numbers import Real
from typing import Any

from accelcore_nki import isa
from accelcore_nki.errors import fail
from accelcore_nki.functions import fill
from accelcore_nki.nki1.elementwise import apply, broadcast
from accelcore_nki.nki1.tiles import Open, Tile, operand
from accelcore_nki.recorder import current
from accelcore_nki.tensors import PSUM, SBUF, NkiTensor


def assign(target: Tile, value: Any) -> None:
    """target[...] = value."""
    view = operand(target, "the target")
    if isinstance(value, Real):
        fill(view, value)
    elif not isinstance(value, Tile):
        hint = "host arrays enter as arguments"
        raise fail("assignment", f"a {type(value).__name__} is no tile", view, hint=hint)
    elif value.open is not None and _lands(value.open, view):
        value.land(_as(view, value.open.shape))
    else:
        _copy(view, value)


def _lands(opened: Open, view: NkiTensor) -> bool:
    """Whether a deferred operation may write there itself."""
    same = (opened.shape[0], _free(opened.shape)) == (view.shape[0], view.free)
    return (
        same and view.buffer in opened.buffers and (view.dtype == opened.dtype or not opened.fixed)
        and (len(view.shape) == len(opened.shape) or view.is_contiguous())
    )  # fmt: skip


def _as(view: NkiTensor, shape: tuple[int, ...]) -> NkiTensor:
    return view if view.shape == shape else view.reshape(shape)


def _free(shape: tuple[int, ...]) -> int:
    result = 1
    for extent in shape[1:]:
        result *= extent
    return result


def _copy(view: NkiTensor, value: Tile) -> None:
    if value.size != view.size:
        value = broadcast(value, view.shape)
    source = operand(value, "the value")
    if view.storage.on_chip and source.storage.on_chip:
        isa.tensor_copy(view, source)
    elif PSUM in (view.buffer, source.buffer):
        tile = current().allocate(source.shape, source.dtype, SBUF)
        (isa.tensor_copy if source.buffer == PSUM else isa.dma_copy)(tile, source)
        (isa.tensor_copy if view.buffer == PSUM else isa.dma_copy)(view, tile)
    else:
        isa.dma_copy(view, source)


def combine(name: str, target: Tile, value: Any) -> Tile:
    """target op= value; a matrix product is accumulated by the tensor engine itself when the target is in PSUM."""
    if isinstance(value, Tile) and value.open is not None and value.open.add is not None and name == "add":
        view = operand(target, "the target")
        if view.buffer == PSUM and view.dtype == "float32" and _lands(value.open, view):
            value.land(_as(view, value.open.shape), add=True)
            return target
    assign(target, apply(name, (target, value), dtype=target.kind))
    return target
