"""Where the arrays of one call lie in a block of shared memory, and decks of such blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelcore.sandbox.memory import Region, pages

if TYPE_CHECKING:
    import numpy as np

_LINE = 64  # bytes of a cache line, to which timed buffers are aligned
_STAGGER = 4 * _LINE  # successive arrays start in different cache sets instead of at one page offset


@dataclass(frozen=True)
class Field:
    """One array in a block: NumPy dtype name, shape, byte offset."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int = 0

    @property
    def size(self) -> int:
        """Bytes of the array."""
        import numpy as np

        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Layout:
    """Arrays one after the other in a block of whole pages."""

    fields: tuple[Field, ...]
    block: int

    @staticmethod
    def of(fields: Sequence[Field]) -> Layout:
        """Aligned to cache lines and staggered."""
        placed = []
        at = 0
        for field in fields:
            placed.append(Field(field.name, field.dtype, field.shape, at))
            at += -(-field.size // _LINE) * _LINE + _STAGGER
        return Layout(tuple(placed), pages(at))

    def field(self, name: str) -> Field:
        """The field of that name; KeyError otherwise."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


class Deck:
    """`count` blocks of one layout in a region: input sets for timing, or the outputs of a batch."""

    def __init__(self, layout: Layout, count: int) -> None:
        self.layout, self.count = layout, count
        self.region = Region(layout.block * count)

    def arrays(self, at: int) -> dict[str, np.ndarray[Any, Any]]:
        """The arrays of block `at`, writable, without a copy."""
        base = at * self.layout.block
        return {f.name: self.region.array(base + f.offset, f.shape, f.dtype) for f in self.layout.fields}

    def columns(self) -> dict[str, np.ndarray[Any, Any]]:
        """Each field of all blocks as one array with the block's number in front; writable, without a copy."""
        return {f.name: self._column(f) for f in self.layout.fields}

    def _column(self, field: Field) -> np.ndarray[Any, Any]:
        first = self.region.array(field.offset, field.shape, field.dtype)
        strides = (self.layout.block, *first.strides)
        return self.region.array(field.offset, (self.count, *field.shape), field.dtype, strides)

    def blocks(self) -> np.ndarray[Any, Any]:
        """All bytes, a row for each block."""
        return self.region.bytes[: self.count * self.layout.block].reshape(self.count, self.layout.block)

    def fill(self, at: int, values: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Copy arrays into block `at`."""
        for name, array in self.arrays(at).items():
            array[...] = values[name]

    def close(self) -> None:
        """Give the memory back."""
        self.region.close()
