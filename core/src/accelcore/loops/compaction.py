"""Results into which chosen values are compacted, as the loops `if condition: out[first + count] = value; count += 1`.

Summaries have them as filters (ir/compaction.py); written one by one, each element would ask how many were chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, index, param, substitute
from accelcore.ir.ranges import interval
from accelcore.loops.linear import tidy
from accelcore.loops.nodes import If, Store
from accelcore.loops.overlays import PLACE, Overlay

if TYPE_CHECKING:
    from accelcore.loops.builder import Builder


@dataclass(frozen=True)
class Compaction:
    """An overlay of the values of a filter, `kept`, from place `first` on."""

    overlay: Overlay
    kept: Expr
    first: Expr

    def together(self, other: Compaction) -> bool:
        """Whether both choose the same iterations, so that one counter serves both."""
        a, b = self.kept, other.kept
        probe = param("ac_probe", INDEX)
        chosen = [substitute(f.args[1], {f.number: probe}) for f in (a, b)]
        return a.args[0] is b.args[0] and chosen[0] is chosen[1] and self.first is other.first


def compaction_of(overlay: Overlay) -> Compaction | None:
    """The compaction that an overlay is; None where it is none."""
    if overlay.value.op != "get" or overlay.value.args[0].op != "filter":
        return None
    kept, here = overlay.value.args
    first = _first(overlay.condition, kept, here)
    if first is None or PLACE.name in kept.inputs | first.inputs or interval(first)[0] < 0:
        return None
    return Compaction(overlay, kept, first)


def _first(condition: Expr, kept: Expr, here: Expr) -> Expr | None:
    """The place of the first kept value, where the condition says that `here` is one of them."""
    inside = binary("lt", here, _length(kept))
    if here is PLACE and condition is inside:
        return index(0)
    if here.op == "sub" and here.args[0] is PLACE:
        first = here.args[1]
        return first if condition is binary("land", binary("le", first, PLACE), inside) else None
    return None


def _length(kept: Expr) -> Expr:
    return Expr("length", (kept,), (0,), INDEX)


def write(b: Builder, parts: Sequence[Compaction]) -> None:
    """Write results of the same chosen iterations: what is not stored first, then all of them in one loop."""
    for one in parts:
        one.overlay.below(b)
    count = b.local("count", INDEX)
    b.emit(Store(count.name, (), index(0)))
    number = param(count.name, INDEX)
    kept = parts[0].kept
    place = tidy("add", b.scalar(parts[0].first), number)
    with b.loop(b.scalar(kept.args[0])) as k:
        condition = b.scalar(substitute(kept.args[1], {kept.number: k}))
        with b.branch() as frame:
            for one in parts:
                _store(b, one, place, k)
            b.emit(Store(count.name, (), number + 1))
        b.emit(If(condition, tuple(frame.statements)))
    for one in parts:
        b.frames[-1].values[_length(one.kept)] = number


def _store(b: Builder, one: Compaction, place: Expr, k: Expr) -> None:
    """A kept value to its place, which is checked unless there are as many places as iterations."""
    goal, extent = one.overlay.goal, one.overlay.extent
    value = one.overlay.converted(substitute(one.kept.args[2], {one.kept.number: k}))
    store = Store(goal.result.name, (*goal.prefix, place), b.scalar(value))
    certain = place.op == "param" and extent is one.kept.args[0]
    b.emit(store if certain else If(binary("lt", place, b.scalar(extent)), (store,)))
