"""Reduction variables: one accumulator per vector or per unrolled repetition, combined when the loop is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from accelcore.cgen import accumulation
from accelcore.cgen.frame import Frame, Lanes, Place, Value
from accelcore.cgen.names import ctype
from accelcore.cgen.rewriting import Block, buffers_read, expressions, introduced
from accelcore.ir.expr import Expr
from accelcore.loops.nodes import Accumulate, Allocate, Buffer, For, If, Memory, Statement, Store, statements

if TYPE_CHECKING:
    from accelcore.cgen.emit import Emitter

Key = tuple[str, tuple[Expr, ...]]


@dataclass(frozen=True)
class Reduction:
    """A place that a loop accumulates into and that nothing else in the loop touches.

    buffer: the stand-in, a scalar that the loop's body accumulates into instead.
    """

    target: Accumulate
    buffer: Buffer
    names: tuple[str, ...]


def reducible(body: Block, iterator: str) -> tuple[dict[Key, Accumulate], str]:
    """Accumulations into places that stay the same throughout the loop; or ({}, reason) when they clash.

    A place stays the same when its indices mention neither the loop's iterator nor anything that the body introduces.
    """
    inner = {iterator, *introduced(body)}
    found: dict[Key, Accumulate] = {}
    for s in statements(body):
        if isinstance(s, Accumulate) and s.buffer not in inner and not any(inner & i.inputs for i in s.indices):
            known = found.setdefault((s.buffer, s.indices), s)
            if known.op != s.op:
                return {}, f"{s.buffer} is reduced by {known.op} and by {s.op}"
    return found, ""


def clash(body: Block, found: dict[Key, Accumulate]) -> str:
    """Why these reductions cannot be kept apart from the rest of the body; "" when they can."""
    names = {name for name, _ in found}
    read = names & buffers_read(body)
    if read:
        return f"{min(read)} is read while it is accumulated"
    for s in statements(body):
        if isinstance(s, Store) and s.buffer in names:
            return f"{s.buffer} is stored to while it is accumulated"
        if isinstance(s, Accumulate) and s.buffer in names and (s.buffer, s.indices) not in found:
            return f"{s.buffer} is accumulated in several places"
    return ""


def redirected(body: Block, stand_ins: dict[Key, str]) -> Block:
    """The body with those accumulations going to the stand-ins."""

    def one(s: Statement) -> Statement:
        match s:
            case Accumulate() if (s.buffer, s.indices) in stand_ins:
                return replace(s, buffer=stand_ins[s.buffer, s.indices], indices=())
            case If():
                return If(s.condition, tuple(map(one, s.then)), tuple(map(one, s.otherwise)))
            case For():
                return replace(s, body=tuple(map(one, s.body)))
        return s

    return tuple(map(one, body))


def vector_reductions(emitter: Emitter, found: dict[Key, Accumulate], lanes: Lanes, frame: Frame) -> list[Reduction]:
    """Declare a vector accumulator per group for each reduction, filled with the operator's identity."""
    made = []
    for (name, _indices), target in found.items():
        dtype = target.value.dtype
        base = emitter.writer.name(f"{name}_acc")
        buffer = Buffer(base, dtype, (), Memory.REGISTER)
        names = tuple(f"{base}_g{g}" if lanes.groups > 1 else base for g in range(lanes.groups))
        at = emitter.expressions(replace(frame, lanes=lanes, active=None))
        start = at.spread(Value(dtype, (accumulation.identity_text(target.op, dtype),)))
        kind = at.masks.ctype(start) if dtype == "bool" else emitter.unit.vector(dtype, lanes.count)
        for one, text in zip(names, start.texts, strict=True):
            emitter.writer.line(f"{kind} {one} = {text};")
        made.append(Reduction(target, buffer, names))
    return made


def reduce_lanes(emitter: Emitter, one: Reduction, lanes: Lanes, frame: Frame) -> str:
    """C text of the scalar that all groups and lanes of a reduction come to."""
    single = replace(frame, lanes=replace(lanes, groups=1), active=None)
    names = list(one.names)
    while len(names) > 1:
        half = len(names) // 2
        for a, b in zip(names[:half], names[half : 2 * half], strict=True):
            _combine(emitter, one, single, a, b)
        names = names[:half] + names[2 * half :]
    at = emitter.expressions(single)
    mask = at.masks.natural if one.buffer.dtype == "bool" else 0
    return accumulation.horizontal(at, one.target.op, one.buffer.dtype, names[0], mask)


def _combine(emitter: Emitter, one: Reduction, frame: Frame, a: str, b: str) -> None:
    """a = op(a, b), lane by lane."""
    left, right = replace(one.buffer, name="ac_left"), replace(one.buffer, name="ac_right")
    frame = frame.with_place(Place(left, (a,), varying=True)).with_place(Place(right, (b,), varying=True))
    value = Expr("param", (), ("ac_right",), one.buffer.dtype)
    accumulation.accumulate(emitter.expressions(frame), "ac_left", (), one.target.op, value)


def add_to_target(emitter: Emitter, one: Reduction, text: str, frame: Frame) -> None:
    """target = op(target, text)."""
    scalar = replace(one.buffer, name="ac_total")
    name = emitter.writer.temporary()
    element = "int" if scalar.dtype == "bool" else ctype(scalar.dtype)
    emitter.writer.line(f"const {element} {name} = {text};")
    frame = frame.with_place(Place(scalar, (name,)))
    value = Expr("param", (), ("ac_total",), scalar.dtype)
    accumulation.accumulate(emitter.expressions(frame), one.target.buffer, one.target.indices, one.target.op, value)


# Copies for the repetitions of an unrolled loop.


@dataclass(frozen=True)
class Copies:
    """Places of the reduction variables by copy; copy 0 is the variables themselves."""

    places: tuple[tuple[Place, ...], ...]
    operators: tuple[str, ...]

    def __getitem__(self, at: int) -> tuple[Place, ...]:
        return self.places[at]

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[tuple[Place, ...]]:
        return iter(self.places)

    def finish(self, emitter: Emitter, frame: Frame) -> None:
        """Add the other copies to the variables."""
        for copy in self.places[1:]:
            for place, main, op in zip(copy, self.places[0], self.operators, strict=True):
                other = replace(place, buffer=replace(place.buffer, name="ac_copy"))
                here = frame.with_place(main).with_place(other)
                for indices in _all_indices(main.buffer):
                    value = accumulation.reading(other, indices, main.buffer.dtype)
                    at = emitter.expressions(replace(here, active=None, guarded=False))
                    accumulation.accumulate(at, main.buffer.name, indices, op, value)


def _all_indices(buffer: Buffer) -> Iterator[tuple[Expr, ...]]:
    from itertools import product

    from accelcore.ir.expr import index

    for at in product(*(range(int(e.value)) for e in buffer.shape)):
        yield tuple(map(index, at))


def spread_out(emitter: Emitter, loop: For, frame: Frame) -> Copies:
    """Copies of the variables that an unrolled loop accumulates into, as many as the loop asks for.

    Only scalars and buffers whose elements are variables are copied, and only those that nothing else in the loop
    reads or writes; others keep one copy, which is always right.
    """
    chosen: dict[str, str] = {}
    for s in statements(loop.body):
        if isinstance(s, Accumulate) and _copyable(frame.places.get(s.buffer), loop.body, s):
            chosen.setdefault(s.buffer, s.op)
    originals = tuple(frame.places[name] for name in chosen)
    copies = [originals]
    count = max(1, min(loop.accumulators, loop.unroll)) if chosen else 1
    copies += [
        tuple(_declare(emitter, place, number, chosen[place.buffer.name], frame) for place in originals)
        for number in range(1, count)
    ]
    return Copies(tuple(copies), tuple(chosen.values()))


def _copyable(place: Place | None, body: Block, target: Accumulate) -> bool:
    if place is None or place.pointer or (place.buffer.shape and not place.cells):
        return False
    name = target.buffer
    if any(isinstance(s, Allocate) and s.buffer.name == name for s in statements(body)):
        return False
    alone = all(
        s.op == target.op if isinstance(s, Accumulate) else not (isinstance(s, Store) and s.buffer == name)
        for s in statements(body)
        if not isinstance(s, Accumulate) or s.buffer == name
    )
    return alone and not any(name in e.inputs for s in statements(body) for e in expressions(s))


def _declare(emitter: Emitter, place: Place, number: int, op: str, frame: Frame) -> Place:
    """Another copy of a reduction variable, filled with the operator's identity."""
    dtype = place.buffer.dtype
    base = emitter.writer.name(f"{place.buffer.name}_copy{number}")
    names = tuple(f"{base}_g{g}" for g in range(len(place.names))) if place.varying else (base,)
    text = accumulation.identity_text(op, dtype)
    kind = "int" if dtype == "bool" else ctype(dtype)
    if place.varying:
        at = emitter.expressions(replace(frame, active=None))
        start = at.spread(Value(dtype, (text,)))
        kind = at.masks.ctype(start) if dtype == "bool" else emitter.unit.vector(dtype, at.count)
        text = start.texts[0]
    cells = [f"_c{n}" for n in range(len(list(_all_indices(place.buffer))))] if place.cells else [""]
    for name in names:
        emitter.writer.line(f"{kind} {', '.join(f'{name}{cell} = {text}' for cell in cells)};")
    return replace(place, names=names)
