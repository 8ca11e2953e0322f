"""Neighbouring elements of each lane as one access: fields of records, and rows side by side of what is turned.

Reads x[2 i], x[2 i + 1] in a vector loop over i, or stores to y[j m + r] for r = 0, 1, 2, 3 in one over j, are
segments: scalable ISAs move the fields of all lanes between memory and as many registers at once, whether the records
of neighbouring lanes touch or lie a uniform distance apart.

Reads are done before the first statement of their block, which changes nothing: the block stores to other buffers only,
and every element between two that it reads for certain is part of the same array.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from accelcore.cgen import accesses, address
from accelcore.cgen.accesses import Access
from accelcore.cgen.frame import Frame, Value
from accelcore.cgen.rewriting import Block
from accelcore.ir.expr import Expr
from accelcore.loops.nodes import Accumulate, Allocate, Statement, Store, statements

if TYPE_CHECKING:
    from accelcore.cgen.expressions import Expressions

MOST = 8
"""Fields of a segment."""
_CHOICES = frozenset({"select", "land", "lor"})


@dataclass(frozen=True)
class _Line:
    """What accesses have in common that differ by a constant: buffer, distance between lanes, offset but for that."""

    buffer: str
    dtype: str
    step: frozenset[tuple[address.Monomial, int]]
    rest: frozenset[tuple[address.Monomial, int]]


def _line(access: Access, dtype: str) -> tuple[_Line, int] | None:
    """The line of an access and its place on it; None for lanes that are side by side, in one place or scattered."""
    if not access.step or address.constant(access.step) == 1:
        return None
    rest = frozenset((m, c) for m, c in access.offset.items() if m)
    line = _Line(access.place.buffer.name, dtype, frozenset(access.step.items()), rest)
    return line, access.offset.get((), 0)


def _fields(at: Expressions, role: str, dtype: str, wanted: int) -> int:
    """The most fields up to `wanted` that a segment of this dtype has here; 0 when it has none."""
    sizes = range(min(wanted, MOST), 1, -1)
    return next((n for n in sizes if at.unit.isa.move(f"{role}{n}", dtype, at.count)), 0)


# Stores.


def grouped(at: Expressions, block: Block) -> Iterator[tuple[Statement, ...]]:
    """The statements in order, stores that are one segment together."""
    start = 0
    while start < len(block):
        count = _run(at, block[start:])
        yield block[start : start + count]
        start += count


def _run(at: Expressions, block: Block) -> int:
    """How many statements from the first on are the fields of a segment, in order."""
    first = _stored(at, block[0])
    if first is None:
        return 1
    line, place = first
    count = 1
    while count < min(len(block), MOST) and _stored(at, block[count]) == (line, place + count):
        count += 1
    return _fields(at, "unapart", line.dtype, count) or 1


def _stored(at: Expressions, s: Statement) -> tuple[_Line, int] | None:
    if not isinstance(s, Store) or s.stream or not at.unit.isa.scalable or at.frame.lanes is None:
        return None
    place = at.frame.places.get(s.buffer)
    if at.frame.active is not None or place is None or place.varying or s.value.dtype == "bool":
        return None
    if s.buffer in s.value.inputs:
        return None
    return _line(accesses.locate(at, s.buffer, s.indices), s.value.dtype)


def written(at: Expressions, part: tuple[Statement, ...]) -> bool:
    """Write a run of stores as one; False for anything else."""
    if len(part) == 1:
        return False
    stores = [s for s in part if isinstance(s, Store)]
    first, n, isa = stores[0], len(stores), at.unit.isa
    dtype, access = first.value.dtype, accesses.locate(at, first.buffer, first.indices)
    texts = [at.vector(s.value)[0] for s in stores]
    made = at.expand(isa.move(f"tuple{n}", dtype, at.count) or "", v=", ".join(texts))
    touching = address.constant(access.step or {}) == n
    template = isa.move(f"{'unsegment' if touching else 'unapart'}{n}", dtype, at.count) or ""
    distance = accesses.distance(at, access, dtype)
    at.writer.line(at.expand(template, p=f"({accesses.pointer(at, access, 0)})", s=distance, v=made) + ";")
    return True


# Loads.


def loaded(at: Expressions, block: Block) -> Frame:
    """The frame of a block with the reads that are done as segments, which are written."""
    if not at.unit.isa.scalable or at.frame.lanes is None or at.frame.active is not None:
        return at.frame
    lines: dict[_Line, dict[int, Expr]] = {}
    for e in reads(at, block):
        access = accesses.locate(at, e.args[0].name, e.args[1:])
        if (found := _line(access, e.dtype)) is not None:
            lines.setdefault(found[0], {}).setdefault(found[1], e)
    values: dict[Expr, Value] = {}
    for line, fields in lines.items():
        step = address.constant(dict(line.step))
        for cluster in _clusters(at, line, sorted(fields), step):
            values |= _read(at, {place: fields[place] for place in cluster}, step)
    return replace(at.frame, tiles={**at.frame.tiles, **values}) if values else at.frame


def _clusters(at: Expressions, line: _Line, places: list[int], step: int | None) -> Iterator[list[int]]:
    """Places that are read together: within one record, at most half of it unused."""
    while len(places) > 1:
        widest = _fields(at, "apart", line.dtype, min(abs(step), MOST) if step else MOST)
        cluster = [p for p in places if p - places[0] < widest]
        if len(cluster) > 1 and 2 * len(cluster) >= cluster[-1] - cluster[0] + 1:
            yield cluster
            places = places[len(cluster) :]
        else:
            places = places[1:]


def _read(at: Expressions, fields: Mapping[int, Expr], step: int | None) -> dict[Expr, Value]:
    """One segment, and the value of each of its fields that is read."""
    first = min(fields)
    n, e, isa = max(fields) - first + 1, fields[first], at.unit.isa
    access = accesses.locate(at, e.args[0].name, e.args[1:])
    role = "segment" if step == n else "apart"
    template = isa.move(f"{role}{n}", e.dtype, at.count)
    field = isa.move(f"field{n}", e.dtype, at.count)
    kind = isa.move(f"fields{n}", e.dtype, at.count)
    if template is None or field is None or kind is None:
        return {}
    name = at.writer.temporary()
    where, distance = f"({accesses.pointer(at, access, 0)})", accesses.distance(at, access, e.dtype)
    at.writer.line(f"const {kind} {name} = {at.expand(template, p=where, s=distance)};")
    return {
        e: Value(e.dtype, (at.expand(field, v=name, k=str(place - first)),), varying=True)
        for place, e in fields.items()
    }


def reads(at: Expressions, block: Block) -> Iterator[Expr]:
    """Elements that the statements of a block read in every lane, of arrays that the block does not change."""
    changed = {s.buffer for s in statements(block) if isinstance(s, Store | Accumulate)}
    changed |= {s.buffer.name for s in statements(block) if isinstance(s, Allocate)}
    seen: set[Expr] = set()
    for s in block:
        for e in _certain(at, s.value, seen) if isinstance(s, Store | Accumulate) else ():
            name = e.args[0].name
            place = at.frame.places.get(name)
            if place is None or place.varying or e.dtype == "bool" or changed & e.inputs:
                continue
            if at.varies(e) and e not in at.frame.tiles:
                yield e


def _certain(at: Expressions, e: Expr, seen: set[Expr]) -> Iterator[Expr]:
    """Reads inside an expression that happen whatever is chosen, or do no harm."""
    if e in seen:
        return
    seen.add(e)
    if e.op == "get":
        yield e
        return
    for number, a in enumerate(e.args):
        if e.op not in _CHOICES or number == 0 or at.harmless(a):
            yield from _certain(at, a, seen)
