"""Blocks: the values of one node at all points of the index variables that it uses.

A node inside binders is a function of the variables around it.  A block tabulates that function: `data` has one
dimension for every variable that the value varies with (`axes`, the binder's number, largest and hence outermost
first), then `rank` dimensions of the tensor itself.  Numbers are stored as

* float dtypes and "real": float64;
* integer dtypes and "int": int64, or Python integers (dtype object) when the range does not fit;
* bool: bool.

`err` bounds how far an admissible computation may be from `data` (None: not at all; 1 for a truth value means that
either may come out).  `bad` marks points where the value does not exist (an element out of range, a division by
zero); it is an error only where such a point reaches the result.  Both have as many dimensions as `data`, each of its
length or of length 1.  `low` and `high` enclose integer data, so that ranges decide between int64 and exact objects
without a pass over the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
INT64 = np.iinfo(np.int64)


@dataclass(frozen=True, slots=True)
class Block:
    """See the module.  dtype is the node's, in the language's terms."""

    axes: tuple[int, ...]
    data: Array
    dtype: str
    err: Array | None = None
    bad: Array | None = None
    low: int = 0
    high: int = 0
    rank: int = 0

    @property
    def magnitude(self) -> int:
        """Largest absolute value of integer data."""
        return max(abs(self.low), abs(self.high))


def scalar(value: int | float | bool, dtype: str) -> Block:
    """A constant."""
    if isinstance(value, float):
        return Block((), np.array(value, np.float64), dtype)
    if isinstance(value, bool):
        return Block((), np.array(value), dtype)
    return Block((), integers(value), dtype, low=value, high=value)


def integers(value: object) -> Array:
    """An array of exact integers: int64 where they fit, else objects."""
    try:
        return np.array(value, np.int64)
    except OverflowError:
        return np.array(value, object)


def fits64(low: int, high: int) -> bool:
    """Whether int64 holds the interval."""
    return INT64.min <= low and high <= INT64.max


def tight(block: Block) -> Block:
    """The same integers with the bounds that they reach; int64 data where that is enough."""
    if block.data.size == 0 or block.data.dtype == bool:
        return replace(block, low=0, high=1 if block.data.dtype == bool else 0)
    low, high = int(block.data.min()), int(block.data.max())
    data = block.data.astype(np.int64) if block.data.dtype == object and fits64(low, high) else block.data
    return replace(block, data=data, low=low, high=high)


def union(*axes: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of a result of operands with these, outermost first."""
    first = axes[0]
    if all(a == first for a in axes):
        return first
    return tuple(sorted({n for a in axes for n in a}, reverse=True))


def spread(array: Array, axes: tuple[int, ...], wanted: tuple[int, ...], rank: int = 0) -> Array:
    """`array` with its axes placed among the wanted ones, new dimensions having length 1."""
    if axes == wanted:
        return array
    have = set(axes)
    return array[(*(slice(None) if n in have else None for n in wanted), *(slice(None),) * rank)]


def aligned(*blocks: Block) -> tuple[tuple[int, ...], list[Array], list[Array | None]]:
    """Common axes of scalar blocks, and their data and errors over them, ready to broadcast."""
    axes = union(*(b.axes for b in blocks))
    data = [spread(b.data, b.axes, axes) for b in blocks]
    errors = [None if b.err is None else spread(b.err, b.axes, axes) for b in blocks]
    return axes, data, errors


def bad_of(axes: tuple[int, ...], *blocks: Block) -> Array | None:
    """Where any of the operands does not exist."""
    found: Array | None = None
    for block in blocks:
        if block.bad is not None:
            more = spread(block.bad, block.axes, axes)
            found = more if found is None else found | more
    return found


def either(left: Array | None, right: Array | None) -> Array | None:
    """The union of two masks of which either may be absent."""
    if left is None or right is None:
        return right if left is None else left
    return np.asarray(left | right)


def plus(left: Array | None, right: Array | None) -> Array | None:
    """The sum of two errors of which either may be absent."""
    if left is None or right is None:
        return right if left is None else left
    return np.asarray(left + right)
