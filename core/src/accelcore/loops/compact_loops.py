"""Loops that compact: store what they choose at the next place, as rewrites and the emitter see them.

for i < n:
    if condition:
        out[first + count] = value
        count = count + 1
"""

from __future__ import annotations

from dataclasses import dataclass

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, param
from accelcore.loops.nodes import For, If, Statement, Store


@dataclass(frozen=True)
class Kept:
    """A store to the next place: value at (*prefix, first + count), where that is below `room` (None: it always is)."""

    store: Store
    room: Expr | None


@dataclass(frozen=True)
class Compacting:
    """A loop's body that compacts: the counter, what chooses an iteration, and the stores."""

    counter: str
    condition: Expr
    kept: tuple[Kept, ...]


def compacting(loop: For) -> Compacting | None:
    """The parts of a loop that compacts; None where it is anything else."""
    if len(loop.body) != 1 or not isinstance(branch := loop.body[0], If) or branch.otherwise or len(branch.then) < 2:
        return None
    *stores, step = branch.then
    if not isinstance(step, Store) or step.indices or step.value is not param(step.buffer, INDEX) + 1:
        return None
    kept = tuple(one for s in stores if (one := _kept(s)) is not None)
    found = Compacting(step.buffer, branch.condition, kept)
    return found if len(kept) == len(stores) and _apart(loop, found) else None


def _kept(s: Statement) -> Kept | None:
    if isinstance(s, Store) and s.indices:
        return Kept(s, None)
    if not isinstance(s, If) or s.otherwise or len(s.then) != 1 or not isinstance(inner := s.then[0], Store):
        return None
    low, high = s.condition.args if s.condition.op == "lt" else (None, None)
    return Kept(inner, high) if inner.indices and low is inner.indices[-1] else None


def _apart(loop: For, body: Compacting) -> bool:
    """Whether places depend on the counter only, one by one, and nothing that is computed reads what is written."""
    written = {body.counter, *(k.store.buffer for k in body.kept)}
    if len(written) != len(body.kept) + 1:
        return False
    read = [body.condition, *(k.store.value for k in body.kept)]
    fixed = [i for k in body.kept for i in k.store.indices[:-1]]
    fixed += [k.room for k in body.kept if k.room is not None]
    firsts = [_first(k.store.indices[-1], param(body.counter, INDEX)) for k in body.kept]
    fixed += [e for parts in firsts if parts is not None for e in parts]
    moving = written | {loop.iterator}
    still = not any(moving & e.inputs for e in fixed)
    return None not in firsts and still and not any(written & e.inputs for e in read)


def _first(place: Expr, number: Expr) -> tuple[Expr, ...] | None:
    """What is added to the counter; None where a place is no sum with it."""
    if place is number:
        return ()
    if place.op == "add" and number in place.args:
        return tuple(a for a in place.args if a is not number) or None
    return None
