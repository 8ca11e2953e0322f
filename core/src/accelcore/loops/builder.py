"""Writes statements into nested blocks while a summary is lowered.

A *frame* is an open block: the function's body, a loop's, or a branch's.  A *stage* is a reduction, scan, fold, scatter
or filter inside a scalar expression.  `stages` emits each into the deepest frame whose iterator it needs, so a row's
maximum is computed once per row; `sharing` keeps what would otherwise be recomputed in a buffer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, array, cast, get, index, param, rebuild, substitute, walk
from accelcore.loops import compaction, placing
from accelcore.loops.edit import put
from accelcore.loops.linear import at_least, coefficient, polynomial, tidy
from accelcore.loops.nodes import Allocate, Buffer, For, Memory, Statement, Store
from accelcore.loops.overlays import overlay_of
from accelcore.loops.sharing import dear, repeated_stages, skips, tabulated, total
from accelcore.loops.stages import element, guarded, needs_guard, produce, stage, tensor_shape
from accelcore.values import Param

_NAMES = "ijklpqrstuvw"


@dataclass(frozen=True)
class Goal:
    """A tensor that is to be written to result[prefix + its own indices]."""

    result: Param
    prefix: tuple[Expr, ...]
    tensor: Expr


@dataclass
class Frame:
    """An open block.  `values` holds what stages became here; iterator is "" for branches and the function's body."""

    iterator: str = ""
    extent: Expr | None = None
    statements: list[Statement] = field(default_factory=list)
    values: dict[object, Expr] = field(default_factory=dict)
    branch: bool = False


class Builder:
    """Emits statements into frames; the last frame is the innermost."""

    def __init__(self, taken: set[str], reassociate: bool) -> None:
        self.taken = set(taken)
        self.reassociate = reassociate
        self.frames = [Frame()]
        self.repeated: set[tuple[Expr, Expr | None]] = set()
        self.filling: set[tuple[Expr, Expr | None]] = set()

    # Names and places.

    def name(self, wanted: str) -> str:
        """A name that the program does not use yet."""
        found, number = wanted, 1
        while found in self.taken:
            number += 1
            found = f"{wanted}{number}"
        self.taken.add(found)
        return found

    def free_order(self, dtype: str) -> bool:
        """Whether values of a dtype may be accumulated in any order."""
        return self.reassociate or not DTYPES[dtype].is_float

    def emit(self, statement: Statement) -> None:
        """Append to the innermost block."""
        self.frames[-1].statements.append(statement)

    def store(self, value: Expr, name: str, where: tuple[Expr, ...]) -> None:
        """name[where] = value, with the stages of the value emitted first."""
        self.emit(Store(name, where, self.scalar(value)))

    def bound(self, extent: Expr) -> Expr:
        """An upper bound of an extent over the open loops: what a buffer that outlives them must have room for."""
        for frame in reversed(self.frames):
            if frame.iterator in extent.inputs and frame.extent is not None:
                slope = coefficient(polynomial(extent), frame.iterator)
                if slope is None or not at_least(slope, 0):
                    raise UnsupportedLowering(f"an intermediate's extent {extent!r} has no bound that is known before")
                extent = put(extent, {frame.iterator: tidy("sub", frame.extent, 1)})
        return extent

    def local(self, wanted: str, dtype: str, extents: tuple[Expr, ...] = ()) -> Buffer:
        """A new local buffer, allocated in the innermost block."""
        memory = Memory.WORKSPACE if extents else Memory.REGISTER
        buffer = Buffer(self.name(wanted), dtype, tuple(map(self.bound, extents)), memory)
        self.emit(Allocate(buffer))
        return buffer

    @contextmanager
    def loop(self, extent: Expr) -> Iterator[Expr]:
        """A serial loop around what is emitted inside; gives its iterator."""
        depth = sum(1 for f in self.frames if f.iterator)
        iterator = self.name(_NAMES[min(depth, len(_NAMES) - 1)])
        frame = Frame(iterator, extent)
        self.frames.append(frame)
        yield param(iterator, INDEX)
        self.frames.pop()
        self.emit(For(iterator, extent, tuple(frame.statements)))

    @contextmanager
    def branch(self) -> Iterator[Frame]:
        """A conditional block: nothing that is emitted inside may move out of it."""
        frame = Frame(branch=True)
        self.frames.append(frame)
        yield frame
        self.frames.pop()

    @contextmanager
    def at(self, depth: int) -> Iterator[None]:
        """Emit into an enclosing block: frames deeper than `depth` are set aside meanwhile."""
        aside = self.frames[depth + 1 :]
        del self.frames[depth + 1 :]
        yield
        self.frames.extend(aside)

    # Results.

    def goals(self, goals: Sequence[Goal]) -> None:
        """Write the goals: those that iterate over the same extent and share a stage in one loop."""
        rest = list(goals)
        while rest:
            first = rest.pop(0)
            if taken := self._overlay(first, rest):
                rest = [g for g in rest if all(g is not t for t in taken)]
                continue
            if first.tensor.op != "comp":
                self._write(first)
                continue
            together = [first, *(g for g in rest if _shares(first, g))]
            rest = [g for g in rest if g not in together]
            with self.loop(self.scalar(first.tensor.args[0])) as i:
                inside = [_inside(g, i) for g in together]
                for g in inside:
                    self.note(g.tensor)
                self.goals(inside if any(g.tensor.rank for g in inside) else self._held(inside))

    def _overlay(self, first: Goal, rest: Sequence[Goal]) -> Sequence[Goal]:
        """Write an overlay, with those of the others that go with it; the goals that are done, none if it is none."""
        overlay = overlay_of(first)
        if overlay is None:
            return ()
        if (placed := placing.placing_of(overlay)) is not None:
            placing.write(self, placed)
            return (first,)
        if (found := compaction.compaction_of(overlay)) is None:
            return ()
        others = [compaction.compaction_of(o) for g in rest if (o := overlay_of(g)) is not None]
        together = [found, *(p for p in others if p is not None and found.together(p))]
        compaction.write(self, together)
        return [p.overlay.goal for p in together]

    def _held(self, goals: Sequence[Goal]) -> Sequence[Goal]:
        """Scalar goals of one iteration; values that a later goal would still read at entry are computed first."""
        direct, late = [], []
        for at, goal in enumerate(goals):
            if any(goal.result.name in g.tensor.inputs for g in goals[at + 1 :]):
                held = self.local(f"new_{goal.result.name}", goal.result.dtype)
                self.emit(Store(held.name, (), cast(self.scalar(goal.tensor), held.dtype)))
                late.append(Goal(goal.result, goal.prefix, param(held.name, held.dtype)))
            else:
                direct.append(goal)
        return direct + late

    def _write(self, goal: Goal) -> None:
        """A goal that is not a comp: a scalar, or a tensor that is produced by a stage or copied."""
        tensor = goal.tensor
        if not tensor.rank:
            value = cast(self.scalar(tensor), goal.result.dtype)
            self.emit(Store(goal.result.name, goal.prefix, value))
        elif tensor.op in ("scatter", "filter") and tensor.dtype == goal.result.dtype:
            produce(self, tensor, goal.result.name, goal.prefix)
        else:
            extents = tensor_shape(tensor, goal.result, len(goal.prefix))
            with self.loop(self.scalar(extents[0])) as i:
                self._write(Goal(goal.result, (*goal.prefix, i), get(tensor, i)))

    def copy_of(self, source: Param) -> Expr:
        """The values at entry of an in-place parameter, copied to a local buffer."""
        if not source.shape:
            held = self.local(f"{source.name}_entry", source.dtype)
            self.emit(Store(held.name, (), param(source.name, source.dtype)))
            return param(held.name, source.dtype)
        held = self.local(f"{source.name}_entry", source.dtype, source.shape)
        self._copy(source, held, ())
        return array(held.name, source.dtype, len(source.shape))

    def _copy(self, source: Param, held: Buffer, where: tuple[Expr, ...]) -> None:
        if len(where) == len(source.shape):
            self.emit(Store(held.name, where, get(array(source.name, source.dtype, len(where)), *where)))
            return
        with self.loop(source.shape[len(where)]) as i:
            self._copy(source, held, (*where, i))

    # Values.

    def scalar(self, e: Expr) -> Expr:
        """A scalar expression of the loop language: stages are emitted, and replaced by what holds their result."""
        if dear(e) and total(e) and (depth := skips(self, e)) is not None:
            return tabulated(self, e, depth)
        if e.height < 0 and not any(f.iterator for f in self.frames[2:]):
            return e

        if e.op == "select" and needs_guard(self, e):
            return guarded(self, e)
        if e.op in ("reduce", "fold", "length"):
            return stage(self, e)
        if e.op == "get" and e.args[0].op != "input":
            return element(self, e)
        return rebuild(e, tuple(self.scalar(a) for a in e.args))

    def note(self, e: Expr) -> None:
        """Remember the stages that several loops inside will need."""
        if e.height >= 0:
            self.repeated |= repeated_stages(e)

    def depth_of(self, e: Expr) -> int:
        """Index of the deepest frame whose iterator occurs in e, not above an enclosing branch."""
        deepest = 0
        for depth, frame in enumerate(self.frames):
            if frame.branch or frame.iterator in e.inputs:
                deepest = depth
        return deepest


def _inside(goal: Goal, i: Expr) -> Goal:
    body = substitute(goal.tensor.args[1], {goal.tensor.number: i})
    return Goal(goal.result, (*goal.prefix, i), body)


def _shares(first: Goal, other: Goal) -> bool:
    """Whether two comps of one extent have a stage in common, or one reads at entry what the other overwrites."""
    a, b = first.tensor, other.tensor
    if b.op != "comp" or a.args[0] is not b.args[0]:
        return False
    if first.result.name in b.inputs or other.result.name in a.inputs:
        return True
    probe = index(0)
    bodies = [_stages(substitute(t.args[1], {t.number: probe})) for t in (a, b)]
    return bool(bodies[0] & bodies[1])


def _stages(e: Expr) -> frozenset[Expr]:
    return frozenset(n for n in walk(e) if n.op in ("reduce", "scan", "fold", "scatter", "filter"))
