"""Subscripts of NKI 1: integers, slices, index tensors (nl.arange, nl.mgrid), tiles as run-time indices.

Index tensors are NumPy integer arrays.  An affine one becomes strides; any other becomes a list of addresses.  Indices
may leave the tensor, because a mask may exclude them later: `Found.valid` says which elements exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from accelcore_nki.errors import fail
from accelcore_nki.tensors import Indirect, NkiTensor, Scattered

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Found:
    """A view, and which of its elements lie inside the tensor: a boolean array that broadcasts to it, or None: all."""

    view: NkiTensor
    valid: Array | None


@dataclass
class _Axes:
    """The result while it is built: dimensions of slices, where the index tensors go among them, and what is inside.

    along: (dimension among the slices, validity along it).  inside: validity over the index tensors.
    """

    offset: int
    shape: list[int]
    strides: list[int]
    along: list[tuple[int, Array]]
    inside: list[Array]
    place: int | None = None

    def joined(self) -> None:
        """Note that the index tensors go here, unless an earlier one has said so."""
        self.place = len(self.shape) if self.place is None else self.place

    def valid(self, joint: int) -> Array | None:
        """Validity in the shape of the result, where the index tensors have `joint` dimensions."""
        place = self.place or 0
        after = len(self.shape) - place
        shaped = [v.reshape(v.shape + (1,) * after) for v in self.inside]
        for axis, v in self.along:
            behind = len(self.shape) - axis - 1 + (joint if axis < place else 0)
            shaped.append(v.reshape((-1,) + (1,) * behind))
        result = None
        for v in shaped:
            result = v if result is None else result & v
        return result


def resolve(tensor: NkiTensor, key: tuple[Any, ...], partition: int = -1) -> Found:
    """tensor[key]; raises NkiError for what is no subscript.

    An integer drops its dimension, except the partition of an on-chip tensor (dimension `partition`), which stays.
    """
    import numpy as np

    if len(key) == tensor.ndim and all(type(part) is np.ndarray and part.ndim for part in key):  # kept fast
        plain = {id(part): affine(part) for part in key}
        if None not in plain.values():
            return _indexed(tensor, key, _joint(key), plain)
    parts = _expanded(tensor, key)
    fresh = [at for at, part in enumerate(parts) if part is None]
    if fresh:
        parts = [part for part in parts if part is not None]
    arrays = [p for p in parts if isinstance(p, np.ndarray)] + [
        np.zeros(p.shape, np.int64) for p in parts if isinstance(p, NkiTensor)
    ]
    if not arrays:
        kept = [_one(tensor, d, p) if d == partition and isinstance(p, int) else p for d, p in enumerate(parts)]
        return _with_fresh(_strided(tensor, kept, (), {}), fresh)
    joint = _joint(arrays)
    found = {id(a): affine(a) for a in arrays}
    if None not in found.values():
        indexed = len(arrays) == len(parts) and not any(isinstance(part, NkiTensor) for part in parts)
        return (_indexed if indexed else _strided)(tensor, parts, joint, found)
    return _scattered(tensor, parts, joint)


def _one(tensor: NkiTensor, dim: int, at: int) -> slice:
    """One index of a dimension that stays."""
    if not -tensor.shape[dim] <= at < tensor.shape[dim]:
        raise fail("bounds", f"{at} is outside dimension {dim} of {tensor.shape[dim]}", tensor)
    at %= tensor.shape[dim]
    return slice(at, at + 1)


def _joint(arrays: Sequence[Array]) -> tuple[int, ...]:
    """The shape that index tensors broadcast to."""
    import numpy as np

    if len(arrays) == 2:  # rows beside columns: the usual case, kept fast
        first, second = arrays[0].shape, arrays[1].shape
        if len(first) == len(second) == 2 and first[1] == second[0] == 1:
            return first[0], second[1]
    return np.broadcast_shapes(*(a.shape for a in arrays))


def _expanded(tensor: NkiTensor, key: tuple[Any, ...]) -> list[Any]:
    import numpy as np

    count = sum(1 for k in key if k is not None and k is not Ellipsis)
    if count > tensor.ndim:
        raise fail("bounds", f"{count} subscripts for {tensor.ndim} dimensions", tensor)
    rest = [slice(None)] * (tensor.ndim - count)
    parts: list[Any] = []
    for part in key:
        if part is Ellipsis:
            parts += rest
            rest = []
        elif isinstance(part, np.ndarray) and part.ndim == 0:
            parts.append(int(part))
        else:
            parts.append(part)
    return parts + rest


def _with_fresh(found: Found, fresh: list[int]) -> Found:
    view, valid = found.view, found.valid
    for at in fresh:
        view = view.expand_dim(at)
        valid = None if valid is None else valid.reshape((*valid.shape[:at], 1, *valid.shape[at:]))
    return Found(view, valid)


@dataclass(frozen=True)
class Affine:
    """An affine index tensor: its first element, its step along each axis, its smallest and largest element."""

    base: int
    steps: tuple[int, ...]
    low: int
    high: int


_MOST_KEPT = 8192  # bytes of an index tensor whose analysis is remembered: loops make the same ones again and again


def affine(index: Array) -> Affine | None:
    """What an index tensor is, or None when it is not affine."""
    if index.nbytes <= _MOST_KEPT:
        return _remembered(index.shape, index.dtype.str, index.tobytes())
    return _analysed(index)


@lru_cache(maxsize=4096)
def _remembered(shape: tuple[int, ...], kind: str, data: bytes) -> Affine | None:
    import numpy as np

    return _analysed(np.frombuffer(data, kind).reshape(shape))


def _analysed(index: Array) -> Affine | None:
    """By the second element along each axis; then all elements must be what that predicts."""
    import numpy as np

    base, steps = int(index.flat[0]), []
    predicted: Any = np.int64(base)
    for axis, count in enumerate(index.shape):
        step = 0
        if count > 1:
            second = [0] * index.ndim
            second[axis] = 1
            step = int(index[tuple(second)]) - base
            predicted = predicted + (np.arange(count) * step).reshape((-1,) + (1,) * (index.ndim - axis - 1))
        steps.append(step)
    if not np.array_equal(np.broadcast_to(predicted, index.shape), index):
        return None
    ends = [s * (n - 1) for s, n in zip(steps, index.shape, strict=True)]
    return Affine(base, tuple(steps), base + sum(e for e in ends if e < 0), base + sum(e for e in ends if e > 0))


def _indexed(tensor: NkiTensor, parts: Sequence[Any], joint: tuple[int, ...], affines: Mapping[int, Any]) -> Found:
    """What `_strided` gives where every dimension has an index tensor: the usual case, kept fast."""
    offset, steps = tensor.offset, [0] * len(joint)
    inside: Array | None = None
    for part, extent, stride in zip(parts, tensor.shape, tensor.strides, strict=True):
        found = affines[id(part)]
        offset += found.base * stride
        for axis, move in enumerate(found.steps, len(joint) - len(found.steps)):
            steps[axis] += move * stride
        if found.low < 0 or found.high >= extent:
            exists = (part >= 0) & (part < extent)
            inside = exists if inside is None else inside & exists
    view = NkiTensor(tensor.storage, tensor.dtype, offset, joint, tuple(steps), tensor.indirection)
    return Found(view, inside)


def _strided(tensor: NkiTensor, parts: Sequence[Any], joint: tuple[int, ...], affines: Mapping[int, Any]) -> Found:
    import numpy as np

    axes = _Axes(tensor.offset, [], [], [], [])
    steps = [0] * len(joint)
    indirection = tensor.indirection
    for dim, part in enumerate(parts):
        extent, stride = tensor.shape[dim], tensor.strides[dim]
        if isinstance(part, slice):
            _slice(tensor, dim, part, axes)
        elif isinstance(part, np.ndarray):
            axes.joined()
            found = affines[id(part)]
            axes.offset += found.base * stride
            for axis, move in enumerate(found.steps, len(joint) - len(found.steps)):
                steps[axis] += move * stride
            if found.low < 0 or found.high >= extent:
                axes.inside.append((part >= 0) & (part < extent))
        elif isinstance(part, NkiTensor):
            axes.joined()
            indirection = Indirect(part, stride, extent, part.size > 1)
        else:
            _integer(tensor, dim, part, axes)
    valid = axes.valid(len(joint))
    place = axes.place or 0
    axes.shape[place:place] = joint
    axes.strides[place:place] = steps
    view = NkiTensor(tensor.storage, tensor.dtype, axes.offset, tuple(axes.shape), tuple(axes.strides), indirection)
    return Found(view, valid)


def _slice(tensor: NkiTensor, dim: int, part: slice, axes: _Axes) -> None:
    import numpy as np

    extent, stride = tensor.shape[dim], tensor.strides[dim]
    step = 1 if part.step is None else int(part.step)
    start = 0 if part.start is None else int(part.start)
    stop = extent if part.stop is None else int(part.stop)
    start, stop = start + extent * (start < 0), stop + extent * (stop < 0)
    count = max(0, -(-(stop - start) // step)) if step > 0 else 0
    if not count:
        raise fail("bounds", f"the subscript {start}:{stop}:{step} selects nothing of {extent}", tensor)
    if start + (count - 1) * step >= extent:
        axes.along.append((len(axes.shape), np.arange(count) * step + start < extent))
    axes.shape.append(count)
    axes.strides.append(stride * step)
    axes.offset += start * stride


def _integer(tensor: NkiTensor, dim: int, part: Any, axes: _Axes) -> None:
    extent, stride = tensor.shape[dim], tensor.strides[dim]
    try:
        at = part.__index__()
    except AttributeError:
        what = f"a {type(part).__name__} is no subscript"
        raise fail("bounds", what, tensor, hint="integers, slices, nl.ds, nl.arange, nl.mgrid") from None
    if not -extent <= at < extent:
        raise fail("bounds", f"{at} is outside dimension {dim} of {extent}", tensor)
    axes.offset += (at + extent * (at < 0)) * stride


def _scattered(tensor: NkiTensor, parts: Sequence[Any], joint: tuple[int, ...]) -> Found:
    """A pattern that no strides express: the address of each element."""
    import numpy as np

    if any(isinstance(p, slice | NkiTensor) for p in parts):
        hint = "give each dimension an index tensor or an integer"
        raise fail("bounds", "an index tensor that is not affine beside a slice or a run-time index", tensor, hint=hint)
    address = np.full(joint, tensor.offset, np.int64)
    valid: Array | None = None
    for dim, part in enumerate(parts):
        index = np.asarray(part)
        inside = (index >= 0) & (index < tensor.shape[dim])
        if not inside.all():
            valid = inside if valid is None else valid & inside
        address = address + np.clip(index, 0, tensor.shape[dim] - 1) * tensor.strides[dim]
    shape = tuple(joint)
    strides = tuple(prod(shape[d + 1 :]) for d in range(len(shape)))
    return Found(NkiTensor(tensor.storage, tensor.dtype, 0, shape, strides, Scattered(address)), valid)


def crop(view: NkiTensor, ranges: Sequence[tuple[int, int]]) -> NkiTensor:
    """The part of a view between (start, stop) of each dimension; a dimension of 1 is left alone."""
    offset, shape, found = view.offset, list(view.shape), view.indirection
    cuts = []
    for dim, (start, stop) in enumerate(ranges):
        cuts.append(slice(None) if shape[dim] == 1 else slice(start, stop))
        if shape[dim] > 1:
            offset += start * view.strides[dim]
            shape[dim] = stop - start
    if isinstance(found, Scattered):
        return NkiTensor(view.storage, view.dtype, 0, tuple(shape), view.strides, Scattered(found.addresses[*cuts]))
    if isinstance(found, Indirect) and isinstance(found.source, NkiTensor) and found.vector:
        rows = [ranges[0], *((0, n) for n in found.source.shape[1:])]
        found = Indirect(crop(found.source, rows), found.stride, found.limit, True, found.skip)
    return NkiTensor(view.storage, view.dtype, offset, tuple(shape), view.strides, found)
