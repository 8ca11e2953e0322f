"""Elements beside those that a vector holds, by moving its lanes instead of loading them.

A vector loop over i that reads x[i], x[i + 1], x[i + 2] loads three vectors which differ in one lane each.  Where the
loop's `slides` asks for it, a loaded vector gives its next neighbours by sliding its lanes one down and taking one new
element into the last: loads and slides share the work of different parts of a machine.

That element is the one that a load would have put into the last active lane, so nothing is read that a load would not
read.  Reads are done before the first statement of their block, as those of segments are (`segments`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from accelcore.cgen import accesses, address, segments
from accelcore.cgen.frame import Frame, Value
from accelcore.cgen.rewriting import Block
from accelcore.ir.expr import Expr

if TYPE_CHECKING:
    from accelcore.cgen.expressions import Expressions

_Line = tuple[str, str, frozenset[tuple[address.Monomial, int]]]
"""What contiguous reads have in common that differ by a constant: buffer, dtype, offset but for that."""


def loaded(at: Expressions, block: Block) -> Frame:
    """The frame of a block with the reads that are done by slides, which are written."""
    lanes = at.frame.lanes
    if lanes is None or not lanes.slides or lanes.groups != 1 or at.frame.active is not None:
        return at.frame
    lines: dict[_Line, dict[int, Expr]] = {}
    for e in segments.reads(at, block):
        access = accesses.locate(at, e.args[0].name, e.args[1:])
        if access.step is not None and address.constant(access.step) == 1:
            rest = frozenset((m, c) for m, c in access.offset.items() if m)
            lines.setdefault((e.args[0].name, e.dtype, rest), {}).setdefault(access.offset.get((), 0), e)
    values: dict[Expr, Value] = {}
    for (_, dtype, _), places in lines.items():
        template = at.unit.isa.move("slide1down", dtype, at.count)
        for run in _runs(sorted(places), lanes.slides) if template is not None else ():
            values |= _slid(at, str(template), [places[place] for place in run])
    return replace(at.frame, tiles={**at.frame.tiles, **values}) if values else at.frame


def _runs(places: list[int], slides: int) -> Iterator[list[int]]:
    """Places beside each other, each run to be made of one load and as many slides at most."""
    run: list[int] = []
    for place in places:
        if run and (place != run[-1] + 1 or len(run) > slides):
            yield run
            run = []
        run.append(place)
    yield run


def _slid(at: Expressions, template: str, run: list[Expr]) -> dict[Expr, Value]:
    """The first of a run loaded, each other one slid from the one before it."""
    if len(run) == 1:
        return {}
    kind = at.unit.vector(run[0].dtype, at.count)
    found: dict[Expr, Value] = {}
    text = at.vector(run[0])[0]
    for e in run:
        if found:
            access = accesses.locate(at, e.args[0].name, e.args[1:])
            text = at.expand(template, v=text, x=f"({accesses.pointer(at, access, 0)})[ac_vl - 1]")
        (text,) = at.bound(e.dtype, kind, (text,), keep=True)
        found[e] = Value(e.dtype, (text,), varying=True)
    return found
