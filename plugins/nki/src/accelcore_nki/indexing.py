"""Making views: subscripts, access patterns, reshapes, reinterpretation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from operator import index as as_int
from typing import Any

from accelcore_nki.dtypes import SIZES, name_of
from accelcore_nki.errors import fail
from accelcore_nki.registers import VirtualRegister
from accelcore_nki.tensors import Indirect, NkiTensor, row_major


def index(tensor: NkiTensor, key: tuple[Any, ...]) -> NkiTensor:
    """tensor[key] with integers, slices, an ellipsis.

    An integer drops its dimension, except the partition on chip, which stays with size 1.  A slice that leaves the
    tensor is an error: the chip does not clip.
    """
    key = _expanded(tensor, key)
    offset, shape, strides = tensor.offset, [], []
    for dim, part in enumerate(key):
        extent, stride = tensor.shape[dim], tensor.strides[dim]
        if isinstance(part, slice):
            start, stop, step = _bounds(tensor, dim, part)
            shape.append(max(0, -(-(stop - start) // step)))
            strides.append(stride * step)
        else:
            start = _position(tensor, dim, part, extent)
            if dim == 0 and tensor.storage.on_chip:
                shape.append(1)
                strides.append(stride)
        offset += start * stride
    if 0 in shape:
        raise fail("bounds", f"the subscript selects nothing: shape {tuple(shape)}", tensor)
    return NkiTensor(tensor.storage, tensor.dtype, offset, tuple(shape), tuple(strides), tensor.indirection)


def _expanded(tensor: NkiTensor, key: tuple[Any, ...]) -> tuple[Any, ...]:
    rest = tensor.ndim - len([k for k in key if k is not Ellipsis])
    if rest < 0:
        raise fail("bounds", f"{len(key)} subscripts for {tensor.ndim} dimensions", tensor)
    for at, part in enumerate(key):
        if part is Ellipsis:
            return key[:at] + (slice(None),) * rest + key[at + 1 :]
    return key + (slice(None),) * rest


def _bounds(tensor: NkiTensor, dim: int, part: slice) -> tuple[int, int, int]:
    extent = tensor.shape[dim]
    start = 0 if part.start is None else as_int(part.start)
    stop = extent if part.stop is None else as_int(part.stop)
    step = 1 if part.step is None else as_int(part.step)
    start, stop = start + extent * (start < 0), stop + extent * (stop < 0)
    if step < 1:
        raise fail("bounds", f"step {step} of dimension {dim}", tensor, hint="steps are positive")
    if not 0 <= start <= extent or stop > extent:
        raise fail(
            "bounds",
            f"{start}:{stop} leaves dimension {dim} of {extent}",
            tensor,
            hint="the last tile of a ragged shape is smaller: end at min(stop, size)",
        )
    return start, stop, step


def _position(tensor: NkiTensor, dim: int, part: Any, extent: int) -> int:
    try:
        at = as_int(part)
    except TypeError:
        raise fail(
            "bounds",
            f"a {type(part).__name__} is no subscript",
            tensor,
            hint="integers, slices and nl.ds; run-time indices go through .ap(scalar_offset=...)",
        ) from None
    if not -extent <= at < extent:
        raise fail("bounds", f"{at} is outside dimension {dim} of {extent}", tensor)
    return at + extent * (at < 0)


def select(tensor: NkiTensor, dim: int, at: int) -> NkiTensor:
    """One index of a dimension; on chip the partition stays with size 1."""
    dim %= tensor.ndim
    return index(tensor, (slice(None),) * dim + (at,))


def access_pattern(
    tensor: NkiTensor, pattern: Sequence[Sequence[int]], offset: int, scalar: Any, vector: Any, dim: int, dtype: Any
) -> NkiTensor:
    """`.ap`: strides and counts over the raw storage from the start of the tensor's storage.

    The offset is added to the tensor's own.  On chip the first stride must be the free size of the storage.
    """
    name = tensor.dtype if dtype is None else name_of(dtype)
    storage = tensor.storage
    shape = tuple(as_int(count) for _, count in pattern)
    strides = tuple(as_int(stride) for stride, _ in pattern)
    start = tensor.offset * tensor.itemsize // SIZES[name] + as_int(offset)
    free = storage.free_bytes // SIZES[name]
    if storage.on_chip and shape[0] > 1 and strides[0] != free:
        raise fail(
            "partition-stride",
            f"the first stride is {strides[0]}, a partition holds {free} elements",
            tensor,
            hint=f"pattern=[[{free}, partitions], ...]",
        )
    if isinstance(scalar, int):
        start += scalar * tensor.strides[dim]
        scalar = None
    if scalar is not None and vector is not None:
        raise fail("usage", "scalar_offset and vector_offset exclude each other", tensor)
    indirection = _indirection(tensor, scalar, vector, dim, shape) if scalar is not None or vector is not None else None
    if indirection is not None and indirection.vector:
        strides = (0, *strides[1:])
    view = NkiTensor(storage, name, start, shape, strides, indirection)
    _inside(view)
    return view


def _indirection(tensor: NkiTensor, scalar: Any, vector: Any, dim: int, shape: tuple[int, ...]) -> Indirect:
    source = scalar if vector is None else vector
    if not isinstance(source, NkiTensor | VirtualRegister):
        raise fail("usage", f"an offset at run time is a tensor or a register, not {type(source).__name__}", tensor)
    if vector is not None:
        if tensor.storage.on_chip:
            raise fail("buffer", "vector_offset addresses HBM only", tensor)
        if vector.size < shape[0] or (vector.free == 1 and vector.size > shape[0]):
            raise fail("shape", f"{vector.size} indices for {shape[0]} rows", vector)
    return Indirect(source, tensor.strides[dim], tensor.shape[dim], vector is not None)


def vector_select(tensor: NkiTensor, dim: int, index: NkiTensor) -> NkiTensor:
    """Rows along a dimension by one run-time index a partition."""
    if tensor.storage.on_chip:
        raise fail("buffer", "vector_select addresses HBM only", tensor)
    dim %= tensor.ndim
    rest = [d for d in range(tensor.ndim) if d != dim]
    found = Indirect(index, tensor.strides[dim], tensor.shape[dim], True)
    shape = (index.size, *(tensor.shape[d] for d in rest))
    strides = (0, *(tensor.strides[d] for d in rest))
    return NkiTensor(tensor.storage, tensor.dtype, tensor.offset, shape, strides, found)


def indirect(tensor: NkiTensor, dim: int, at: Any) -> NkiTensor:
    """One run-time index of a dimension."""
    if not isinstance(at, NkiTensor | VirtualRegister):
        return select(tensor, dim, at).expand_dim(dim % tensor.ndim)
    dim %= tensor.ndim
    found = Indirect(at, tensor.strides[dim], tensor.shape[dim], False)
    shape = (*tensor.shape[:dim], 1, *tensor.shape[dim + 1 :])
    return NkiTensor(tensor.storage, tensor.dtype, tensor.offset, shape, tensor.strides, found)


def _inside(view: NkiTensor) -> None:
    steps = [(s, (c - 1) * s) for s, c in zip(view.strides, view.shape, strict=True)]
    low = view.offset + sum(reach for s, reach in steps if s < 0)
    high = view.offset + sum(reach for s, reach in steps if s > 0)
    limit = view.storage.nbytes // view.itemsize
    if low < 0 or high >= limit:
        raise fail("bounds", f"elements {low} to {high} of a storage of {limit}", view)


def reshape(tensor: NkiTensor, shape: tuple[int, ...]) -> NkiTensor:
    """The same elements in the same order under another shape; raises NkiError when strides cannot express it."""
    shape = tuple(as_int(s) for s in shape)
    if -1 in shape:
        known = -prod(shape)
        shape = tuple(tensor.size // known if s == -1 else s for s in shape)
    if prod(shape) != tensor.size:
        raise fail("view", f"{tensor.size} elements are not {shape}", tensor)
    if tensor.storage.on_chip and shape[0] != tensor.shape[0]:
        raise fail(
            "view",
            f"{tensor.shape[0]} partitions cannot become {shape[0]}",
            tensor,
            hint="data crosses partitions only through a transpose, a shuffle or DMA",
        )
    if tensor.is_contiguous():
        return NkiTensor(tensor.storage, tensor.dtype, tensor.offset, shape, row_major(shape), tensor.indirection)
    strides = _reshaped(tensor, shape)
    return NkiTensor(tensor.storage, tensor.dtype, tensor.offset, shape, strides, tensor.indirection)


def _reshaped(tensor: NkiTensor, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides of the new shape, matching runs of old dimensions that multiply to runs of new ones."""
    old = [(c, s) for c, s in zip(tensor.shape, tensor.strides, strict=True) if c != 1]
    strides = [0] * len(shape)
    at = 0
    new = [d for d, c in enumerate(shape) if c != 1]
    while new:
        count, group = old[at][0], [new.pop(0)]
        last = at
        while (have := prod(shape[d] for d in group)) != count:
            if have < count:
                group.append(new.pop(0))
                continue
            if old[last][1] != old[last + 1][0] * old[last + 1][1]:
                raise fail("view", f"strides {tensor.strides} cannot express {shape}", tensor)
            last += 1
            count *= old[last][0]
        step = old[last][1]
        for d in reversed(group):
            strides[d] = step
            step *= shape[d]
        at = last + 1
    return tuple(strides)


def reinterpret(tensor: NkiTensor, name: str) -> NkiTensor:
    """The same bytes as another type; the last dimension grows or shrinks."""
    have, wanted = tensor.itemsize, SIZES[name]
    if have == wanted:
        return NkiTensor(tensor.storage, name, tensor.offset, tensor.shape, tensor.strides, tensor.indirection)
    length = tensor.shape[-1] * have
    if tensor.strides[-1] != 1 or length % wanted or any(s * have % wanted for s in tensor.strides[:-1]):
        raise fail("view", f"{tensor.dtype} elements cannot be read as {name}", tensor)
    shape = (*tensor.shape[:-1], length // wanted)
    strides = (*(s * have // wanted for s in tensor.strides[:-1]), 1)
    return NkiTensor(tensor.storage, name, tensor.offset * have // wanted, shape, strides, tensor.indirection)


def rearrange(tensor: NkiTensor, pattern: str, sizes: Mapping[str, int]) -> NkiTensor:
    """`rearrange`: split by the left side, permute and merge by the right."""
    left, right = (_groups(side) for side in pattern.split("->"))
    if len(left) != tensor.ndim:
        raise fail("view", f"{pattern!r} names {len(left)} dimensions", tensor)
    result = tensor
    names: list[str] = []
    for group in left:
        extent = tensor.shape[left.index(group)]
        known = prod(sizes[n] for n in group if n in sizes)
        parts = [sizes.get(n, extent // known) for n in group]
        result = result.reshape_dim(len(names), parts)
        names += group
    order = [names.index(n) for group in right for n in group]
    result = result.permute(order)
    for at, group in enumerate(right):
        if len(group) > 1:
            result = result.flatten_dims(at, at + len(group) - 1)
    return result


def _groups(side: str) -> list[list[str]]:
    groups: list[list[str]] = []
    inside = False
    for word in side.replace("(", " ( ").replace(")", " ) ").split():
        if word == "(":
            groups.append([])
            inside = True
        elif word == ")":
            inside = False
        elif inside:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups
