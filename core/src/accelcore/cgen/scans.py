"""Running reductions in registers: each lane sees what the lanes up to it came to.

A SCAN loop accumulates into a scalar and reads it afterwards.  A vector v of L values is scanned in
log2(L) steps: v = v op (v shifted up by 1 lane, then 2, 4, ...), with the operator's identity shifted in.  What all
vectors before came to is carried in all lanes of another one, so that a vector waits for one operation of the one
before it, not for its L elements.  On a scalable ISA the lanes are moved by slides (`slides`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from accelcore.cgen import accumulation, slides, vectors
from accelcore.cgen.frame import Frame, Lanes, Place, Value
from accelcore.cgen.reductions import Key
from accelcore.cgen.rewriting import Block
from accelcore.cgen.unit import NotVectorizable, Unit
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr
from accelcore.loops.nodes import Accumulate, Buffer, Memory

if TYPE_CHECKING:
    from accelcore.cgen.emit import Emitter
    from accelcore.cgen.expressions import Expressions


@dataclass(frozen=True)
class Scan:
    """The accumulation that the rest of a vector body reads, and the vector that carries its value.

    longer: of a scalable ISA, whether registers may be longer than those whose steps are written out.
    """

    target: Accumulate
    carry: str = ""
    longer: bool = True

    @property
    def key(self) -> Key:
        """Its place."""
        return self.target.buffer, self.target.indices


def scan_of(emitter: Emitter, body: Block, lanes: Lanes) -> Scan:
    """The scan of a SCAN loop's body.  NotVectorizable where it has to run in order."""
    first = body[0]
    assert isinstance(first, Accumulate), "a SCAN loop accumulates first"
    dtype = first.value.dtype
    known = DTYPES[dtype].bits in (32, 64) and 4 <= lanes.count <= 16
    if not (slides.known(emitter.isa, dtype, lanes.count) if emitter.isa.scalable else known):
        raise NotVectorizable(f"no shifts for a scan of {dtype}")
    return Scan(first)


def started(emitter: Emitter, scan: Scan, lanes: Lanes, frame: Frame) -> Scan:
    """Declare what is carried, the variable's value in all lanes."""
    at = emitter.expressions(replace(frame, lanes=replace(lanes, groups=1), active=None))
    dtype, name = scan.target.value.dtype, emitter.writer.name(f"{scan.target.buffer}_carry")
    now = at.vector(Expr("param", (), (scan.target.buffer,), dtype))[0]
    emitter.writer.line(f"{emitter.unit.vector(dtype, lanes.count)} {name} = {now};")
    return replace(scan, carry=name)


def versions(emitter: Emitter, scan: Scan, lanes: Lanes) -> Iterator[tuple[str, Scan]]:
    """The loops that a scalable ISA's strips are written in: (head of a C block, the scan there)."""
    for head, longer in slides.versions(emitter.isa, lanes.count):
        yield head, replace(scan, longer=longer)


def scanned(emitter: Emitter, scan: Scan, frame: Frame) -> Frame:
    """Write one turn's values of the variable; the frame in which the rest of the body reads them."""
    at = emitter.expressions(frame, scan.target.value)
    dtype, count = scan.target.value.dtype, at.count
    given = at.spread(at.value(scan.target.value))
    if frame.active is not None:
        given = at.blend(frame.active, given, at.spread(_identity(scan)))
    kind = emitter.unit.vector(dtype, count)
    single = replace(frame, lanes=Lanes(frame.lanes.iterator, count, 1) if frame.lanes else None, active=None)
    names = []
    for text in given.texts:
        name = emitter.writer.temporary()
        emitter.writer.line(f"{kind} {name} = {text};")
        _inside(emitter, scan, single, name)
        total = emitter.writer.temporary()
        emitter.writer.line(f"const {kind} {total} = {_last(emitter.expressions(single), dtype, name)};")
        _combine(emitter, scan, single, name, scan.carry)
        _combine(emitter, scan, single, scan.carry, total)
        names.append(name)
    buffer = Buffer(scan.target.buffer, dtype, (), Memory.REGISTER)
    return frame.with_place(Place(buffer, tuple(names), varying=True))


def finished(emitter: Emitter, scan: Scan, lanes: Lanes, frame: Frame) -> None:
    """The variable's own value after the vectors."""
    dtype = scan.target.value.dtype
    at = emitter.expressions(frame)
    name = at.scalar(Expr("param", (), (scan.target.buffer,), dtype))
    if emitter.isa.scalable:
        inside = emitter.expressions(replace(frame, lanes=lanes, active=None))
        value = slides.element(inside, dtype, scan.carry)
    else:
        value = f"({vectors.opened(emitter.unit, scan.carry, dtype, lanes.count)})[0]"
    emitter.writer.line(f"{name} = {value};")


def _identity(scan: Scan) -> Value:
    dtype = scan.target.value.dtype
    return Value(dtype, (accumulation.identity_text(scan.target.op, dtype),))


def _inside(emitter: Emitter, scan: Scan, frame: Frame, name: str) -> None:
    """Each lane of a vector variable becomes what the lanes up to it come to."""
    at, dtype = emitter.expressions(frame), scan.target.value.dtype
    if emitter.isa.scalable:
        (identity,) = _identity(scan).texts
        for by in slides.steps(emitter, at.count, longer=scan.longer):
            _combine(emitter, scan, frame, name, slides.moved_up(at, dtype, name, identity, by))
        return
    identity, size = at.spread(_identity(scan)).texts[0], 1
    while size < at.count:
        order = [lane - size if lane >= size else at.count + lane for lane in range(at.count)]
        _combine(emitter, scan, frame, name, _shuffled(emitter.unit, dtype, at.count, name, identity, order))
        size *= 2


def _last(at: Expressions, dtype: str, name: str) -> str:
    """C text of the last lane in all lanes."""
    if at.unit.isa.scalable:
        return slides.last(at, dtype, name)
    return _shuffled(at.unit, dtype, at.count, name, name, [at.count - 1] * at.count)


def _combine(emitter: Emitter, scan: Scan, frame: Frame, a: str, b: str) -> None:
    """a = op(a, b), lane by lane."""
    dtype = scan.target.value.dtype
    left, right = (Buffer(name, dtype, (), Memory.REGISTER) for name in ("ac_left", "ac_right"))
    frame = frame.with_place(Place(left, (a,), varying=True)).with_place(Place(right, (b,), varying=True))
    at = emitter.expressions(frame)
    accumulation.accumulate(at, "ac_left", (), scan.target.op, Expr("param", (), ("ac_right",), dtype))


def _shuffled(unit: Unit, dtype: str, count: int, a: str, b: str, order: list[int]) -> str:
    """C text of lanes picked from a, then b."""
    left, right = (vectors.opened(unit, text, dtype, count) for text in (a, b))
    picks = ", ".join(map(str, order))
    return vectors.closed(unit, f"__builtin_shufflevector({left}, {right}, {picks})", dtype, count)
