"""Where in the program code is being written: which lanes run, which of them are active, what a name stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from accelcore.ir.expr import Expr
from accelcore.loops.nodes import Buffer


@dataclass(frozen=True)
class Value:
    """C texts of one value: one per group of lanes when it varies, a single one when it is uniform.

    mask: for a varying bool of an ISA with lane-wide masks, the width in bits of its lanes.
    """

    dtype: str
    texts: tuple[str, ...]
    varying: bool = False
    mask: int = 0


@dataclass(frozen=True)
class Place:
    """Where a buffer lives in C.

    names: C names, one per group when each lane has its own.  cells: elements of a register buffer have names of
    their own (`acc_3`) instead of being elements of an array.  keeps: inactive lanes keep their value even where a
    loop's tail made them inactive, because all lanes are reduced later.
    """

    buffer: Buffer
    names: tuple[str, ...]
    varying: bool = False
    cells: bool = False
    pointer: bool = False
    keeps: bool = False


@dataclass(frozen=True)
class Lanes:
    """A vector loop that is being written: `groups` vectors of `count` lanes, side by side.

    slides: how many neighbours of each loaded vector are made by moving its lanes.
    """

    iterator: str
    count: int
    groups: int
    slides: int = 0


@dataclass(frozen=True)
class Frame:
    """Immutable context of a statement.

    active: mask of the lanes that run; None when all do.  guarded: whether a condition (not just the end of the loop)
    made lanes inactive.  extents: of the loops around, by iterator.  tiles: reads that are in registers already.
    """

    places: Mapping[str, Place] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    extents: Mapping[str, Expr] = field(default_factory=dict)
    lanes: Lanes | None = None
    active: Value | None = None
    guarded: bool = False
    tiles: Mapping[Expr, Value] = field(default_factory=dict)

    def with_place(self, place: Place) -> Frame:
        """With one more buffer in scope."""
        return replace(self, places={**self.places, place.buffer.name: place})

    def with_loop(self, iterator: str, name: str, extent: Expr) -> Frame:
        """Inside one more loop."""
        return replace(self, names={**self.names, iterator: name}, extents={**self.extents, iterator: extent})
