"""How many lanes a vector loop has: as many as its widest value leaves room for in a register.

Counted are the values that the emitted code really holds in registers: what an instruction computes inside itself (the
32-bit product of a high multiplication, say) takes no lanes, nor do offsets that are computed once for all lanes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from accelcore.cgen import accesses, counting, interleaving, operators, scalable
from accelcore.cgen.conditions import lane_count
from accelcore.cgen.expressions import Expressions
from accelcore.cgen.frame import Frame, Lanes, Place
from accelcore.cgen.rewriting import Block
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr
from accelcore.loops.nodes import Accumulate, Allocate, Buffer, For, If, Kind, Memory, Store, statements

if TYPE_CHECKING:
    from accelcore.cgen.emit import Emitter


def choose_lanes(emitter: Emitter, loop: For, frame: Frame) -> Lanes | None:
    """Lanes and groups of a vector loop; None when there would be fewer than two lanes.

    loop.lanes limits the lanes of a register; beyond what one register holds it becomes further groups.
    """
    isa = emitter.isa
    if isa.scalable:
        return _scalable_lanes(emitter, loop, frame)
    count = isa.bits // 8
    while count > 1 and widest(emitter, loop, frame, count) * count > isa.bits:
        count //= 2
    groups = max(1, loop.interleave)
    if loop.lanes:
        groups *= max(1, loop.lanes // count)
        while count > loop.lanes:
            count //= 2
    extent = int(loop.extent.value) if loop.extent.op == "const" else None
    if extent is not None:
        while (count > 2 and count // 2 >= extent) or (isa.masks != "bits" and count > extent):
            count //= 2
        groups = max(1, min(groups, extent // count if count else 1))
    return Lanes(loop.iterator, count, groups) if count >= 2 else None


def _scalable_lanes(emitter: Emitter, loop: For, frame: Frame) -> Lanes:
    """One register of the widest value, times the loop's interleaving: that is the ISA's register grouping."""
    isa = emitter.isa

    def needs(count: int) -> int:
        return widest(emitter, loop, frame, count) * count

    count = isa.bits // 8
    while count > 1 and needs(count) > isa.bits:
        count //= 2
    grown = 2
    while grown <= loop.interleave and needs(2 * count) <= isa.bits * isa.most:
        count, grown = 2 * count, 2 * grown
    return Lanes(loop.iterator, count, 1, loop.slides)


def widest(emitter: Emitter, loop: For, frame: Frame, count: int) -> int:
    """Bits of the widest value that the body would hold with this many lanes."""
    inside = replace(frame.with_loop(loop.iterator, loop.iterator, loop.extent), lanes=Lanes(loop.iterator, count, 1))
    inside = replace(inside, places={**inside.places, **_locals(loop)})
    at = Expressions(emitter.unit, emitter.writer, inside, contract=emitter.program.reassociate)
    found = {8}
    seen: set[Expr] = set()
    for dtype in _held(at, loop.body, seen):
        found.add(DTYPES[dtype].bits or 64)
    return max(found)


def _locals(loop: For) -> dict[str, Place]:
    """Stand-ins for what has one value per lane: buffers that the body will allocate, the variable of a scan."""
    buffers = [s.buffer for s in statements(loop.body) if isinstance(s, Allocate)]
    first = loop.body[0] if loop.kind is Kind.SCAN else None
    if isinstance(first, Accumulate):
        buffers.append(Buffer(first.buffer, first.value.dtype, (), Memory.REGISTER))
    return {b.name: Place(b, (b.name,), varying=True) for b in buffers}


def _held(at: Expressions, body: Block, seen: set[Expr]) -> Iterator[str]:
    """Dtypes of the vectors that a block holds."""
    if not at.unit.isa.scalable:
        yield from (word for part in interleaving.runs(body) if (word := interleaving.word_of(at, part)))
    for s in statements(body):
        if isinstance(s, Store | Accumulate):
            holds = _counted(at, s)
            if holds is not None:
                yield from _of(at, holds, seen)
                continue
            if at.unit.isa.scalable and accesses.locate(at, s.buffer, s.indices).step is None:
                yield _offset(at, s.buffer, s.indices, s.value.dtype)
            if s.value.dtype != "bool":
                yield s.value.dtype
            yield from _of(at, s.value, seen)
        elif isinstance(s, If):
            yield from _of(at, s.condition, seen)
        elif isinstance(s, Allocate) and s.buffer.dtype != "bool":
            yield s.buffer.dtype
        elif isinstance(s, For) and at.varies(s.extent):
            yield from _of(at, s.extent, seen)


def _counted(at: Expressions, s: Store | Accumulate) -> Expr | None:
    """The condition whose mask is counted into a scalar outside the loop; None where lanes are added."""
    if not isinstance(s, Accumulate) or at.frame.places[s.buffer].varying:
        return None
    if accesses.locate(at, s.buffer, s.indices).step != {}:
        return None
    return None if at.unit.isa.move("mask_count", "bool", at.count) is None else counting.condition(s.op, s.value)


def _of(at: Expressions, e: Expr, seen: set[Expr]) -> Iterator[str]:
    if e in seen or not at.varies(e) or lane_count(at, e) is not None:
        return
    seen.add(e)
    if e.op == "get" and at.unit.isa.scalable and accesses.locate(at, e.args[0].name, e.args[1:]).step is None:
        yield _offset(at, e.args[0].name, e.args[1:], e.dtype)
    if e.dtype != "bool":
        yield e.dtype
    yield from (dtype for part in _parts(at, e) for dtype in _of(at, part, seen))


def _offset(at: Expressions, name: str, indices: tuple[Expr, ...], dtype: str) -> str:
    """The dtype of offsets of lanes that do not lie on a line."""
    return f"u{scalable.offset_bits(at.frame.places[name], indices, dtype)}"


def _parts(at: Expressions, e: Expr) -> Iterator[Expr]:
    """The expressions whose vectors `e` is computed from."""
    if e.op in ("get", "param"):
        return
    if e.op == "cast" and e.args[0].op == "param" and at.frame.lanes and e.args[0].name == at.frame.lanes.iterator:
        return
    e = operators.exposed(at, e)
    found = at.unit.isa.match(e, at.count, contract=at.contract)
    if found is not None:
        yield from (o for name, o in found.operands.items() if not name.startswith("imm"))
        return
    rewritten = at.rewritten(e)
    yield from (rewritten,) if rewritten is not None else e.args
