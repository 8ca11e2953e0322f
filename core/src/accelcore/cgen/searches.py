"""The first place where something holds: a vector loop that ends as soon as it is found.

    place = min over i of (i if condition(i) else the largest integer)

On a scalable ISA, which tells the first set element of a mask, no minimum is kept: iterations come in order, so the
first strip with a set element decides, and the loop ends there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from accelcore.cgen import accumulation
from accelcore.cgen.frame import Frame, Lanes, Place
from accelcore.cgen.names import ctype, identifier
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr
from accelcore.loops.nodes import Accumulate, Buffer, For, Memory

if TYPE_CHECKING:
    from accelcore.cgen.emit import Emitter


def condition(emitter: Emitter, loop: For) -> Expr | None:
    """What is searched for, when a loop is a search that the ISA can end early; else None."""
    if not emitter.isa.scalable or len(loop.body) != 1 or not isinstance(s := loop.body[0], Accumulate):
        return None
    value = s.value
    if s.op != "min" or value.op != "select" or s.buffer in value.inputs or loop.iterator in _names(s):
        return None
    chosen, place, otherwise = value.args
    most = DTYPES[value.dtype].high
    plain = place.args[0] if place.op == "cast" else place
    counts = plain.op == "param" and plain.name == loop.iterator
    return chosen if counts and otherwise.op == "const" and otherwise.value == most else None


def _names(s: Accumulate) -> frozenset[str]:
    return frozenset(name for i in s.indices for name in i.inputs)


def write(emitter: Emitter, loop: For, chosen: Expr, lanes: Lanes, outer: Frame) -> None:
    """The loop, where `condition` has found it to be a search."""
    name, writer = identifier(loop.iterator), emitter.writer
    extent = emitter.extent(loop, outer)
    inside = replace(outer.with_loop(loop.iterator, name, loop.extent), lanes=replace(lanes, groups=1))
    length = emitter.isa.move("length", "bool", lanes.count)
    assert length is not None, "a scalable ISA sets its vector length"
    with writer.block(f"for (int64_t {name} = 0, ac_end = {extent}; {name} < ac_end;)"):
        left = emitter.unit.expand(length, n=f"(size_t)(ac_end - {name})")
        writer.line(f"const size_t ac_vl = {left};")
        at = emitter.expressions(inside, chosen)
        value = at.value(chosen)
        mask = value if value.varying else at.masks.spread(value, 1)
        found = writer.temporary()
        writer.line(f"const long {found} = {at.masks.made('mask_first', m=mask.texts[0])};")
        with writer.block(f"if ({found} >= 0)"):
            _take(emitter, loop, f"({name} + {found})", outer)
            writer.line("break;")
        writer.line(f"{name} += (int64_t)ac_vl;")


def _take(emitter: Emitter, loop: For, place: str, outer: Frame) -> None:
    """result = min(result, place)."""
    s = loop.body[0]
    assert isinstance(s, Accumulate)
    here = Buffer("ac_found", s.value.dtype, (), Memory.REGISTER)
    frame = outer.with_place(Place(here, (f"({ctype(s.value.dtype)}){place}",)))
    value = Expr("param", (), ("ac_found",), s.value.dtype)
    accumulation.accumulate(emitter.expressions(frame), s.buffer, s.indices, "min", value)
