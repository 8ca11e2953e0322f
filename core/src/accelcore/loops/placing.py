"""Results that loops store into at places that data decide, as such loops: `if condition: out[place(k)] = value(k)`.

Summaries have them as the number of the last iteration that met each place (ir/compaction.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelcore.ir.expr import Expr, get, index, substitute, transform, var
from accelcore.ir.simplify import simplify
from accelcore.loops.nodes import If
from accelcore.loops.overlays import PLACE, Overlay

if TYPE_CHECKING:
    from accelcore.loops.builder import Builder


@dataclass(frozen=True)
class Placing:
    """An overlay of values from the iterations whose numbers, from 1 on, are in the scatter `last`."""

    overlay: Overlay
    last: Expr

    def value(self, k: Expr) -> Expr:
        """What iteration k stores; k counts from 0."""
        number = get(self.last, PLACE)
        here = transform(self.overlay.value, lambda n: k + 1 if n is number else None)
        return self.overlay.converted(simplify(here))

    def place(self, k: Expr) -> tuple[Expr, Expr | None]:
        """Where iteration k stores, and under which condition (None: always)."""
        where = substitute(self.last.args[2], {self.last.number: k})
        if self.last.args[0] is self.overlay.extent:
            return where, None
        return where.args[1], where.args[0]


def placing_of(overlay: Overlay) -> Placing | None:
    """The placing that an overlay is; None where it is none."""
    low, number = overlay.condition.args if overlay.condition.op == "lt" else (None, None)
    if number is None or low is not index(0) or number.op != "get" or number.args[1:] != (PLACE,):
        return None
    last = number.args[0]
    if last.op != "scatter" or last.rank != 1 or last.attrs[1] != "set" or PLACE.name in last.inputs:
        return None
    found = Placing(overlay, last)
    return found if _numbers(last) and _guarded(found) and PLACE.name not in found.value(index(0)).inputs else None


def _numbers(last: Expr) -> bool:
    """Whether a scatter sets k + 1, from zeros."""
    return last.args[3] is var(last.number) + 1 and last.args[4] is index(0)


def _guarded(found: Placing) -> bool:
    """Whether the places of what is not stored, and only those, are the one beyond the last."""
    extent, where = found.overlay.extent, found.last.args[2]
    if found.last.args[0] is extent:
        return True
    return found.last.args[0] is extent + 1 and where.op == "select" and where.args[2] is extent


def write(b: Builder, found: Placing) -> None:
    """What nothing is stored into first, then the stores in order."""
    found.overlay.below(b)
    goal = found.overlay.goal
    with b.loop(b.scalar(found.last.args[1])) as k:
        place, condition = found.place(k)
        held = b.scalar(place)
        if condition is None:
            b.store(found.value(k), goal.result.name, (*goal.prefix, held))
            return
        guard = b.scalar(condition)
        with b.branch() as frame:
            b.store(found.value(k), goal.result.name, (*goal.prefix, held))
        b.emit(If(guard, tuple(frame.statements)))
