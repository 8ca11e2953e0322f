"""Square tiles of memory turned in registers: whole rows loaded, and the columns made of them by shuffles.

An unrolled body that reads x[j, 0], x[j, 1], ..., x[j, L-1] in a vector loop over j with L lanes reads a square of
L rows, each contiguous, one column at a time.  Reading each column by lanes touches every line L times; here each row
is loaded once and the square is transposed in log2(L) steps, each of which exchanges what stands off the diagonal of
blocks of twice the size: after the step of size d, lane l of row r holds what stood in row r with bit d of l, and lane
l with bit d of r.  After all of them row r holds column r.

Rows of inactive lanes are not read.  It stops because tiles are taken from the finite list of the body's reads, each
read at most once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from accelcore.cgen import accesses, address, vectors
from accelcore.cgen.frame import Frame, Value
from accelcore.cgen.rewriting import Block, unrolled
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr
from accelcore.loops.nodes import Accumulate, Store, statements

if TYPE_CHECKING:
    from accelcore.cgen.emit import Emitter
    from accelcore.cgen.expressions import Expressions
    from accelcore.cgen.unit import Unit

_MOST = 16  # rows: more would not fit the registers
_MAY_SKIP = frozenset({"select", "land", "lor"})


def with_tiles(emitter: Emitter, body: Block, frame: Frame) -> Frame:
    """The frame of a vector body in which reads of whole tiles are known; their loads and shuffles are written."""
    isa = emitter.isa
    if frame.lanes is None or isa.scalable or not 4 <= frame.lanes.count <= _MOST:
        return frame
    if frame.active is not None and isa.masks != "bits":
        return frame
    at = emitter.expressions(frame)
    changed = {s.buffer for s in statements(body) if isinstance(s, Store | Accumulate)}
    tiles: dict[Expr, Value] = {}
    for tile in _tiles(at, body, changed):
        tiles |= _turned(at, tile)
    return replace(frame, tiles=tiles) if tiles else frame


def _tiles(at: Expressions, body: Block, changed: set[str]) -> Iterator[list[Expr]]:
    """Reads that are the columns of one square each, in order."""
    columns: dict[object, dict[int, Expr]] = {}
    flat = unrolled(body)
    for e in dict.fromkeys(e for s in flat if isinstance(s, Store | Accumulate) for e in _certain(s.value)):
        name = e.args[0].name
        place = at.frame.places.get(name)  # None: the body's own
        if place is None or place.varying or name in changed or DTYPES[e.dtype].bits not in (32, 64):
            continue
        access = accesses.locate(at, name, e.args[1:])
        if not access.step or address.constant(access.step) == 1:
            continue
        rest = {monomial: factor for monomial, factor in access.offset.items() if monomial}
        key = (name, frozenset(rest.items()), frozenset(access.step.items()))
        columns.setdefault(key, {})[access.offset.get((), 0)] = e
    for found in columns.values():
        yield from _squares(found, at.count)


def _squares(columns: dict[int, Expr], count: int) -> Iterator[list[Expr]]:
    """Runs of `count` columns side by side."""
    run: list[int] = []
    for number in sorted(columns):
        run = [*run, number] if run and number == run[-1] + 1 else [number]
        if len(run) == count:
            yield [columns[n] for n in run]
            run = []


def _certain(e: Expr) -> Iterator[Expr]:
    """Reads that evaluating `e` certainly makes."""
    if e.op == "get":
        yield e
    elif e.op in _MAY_SKIP:
        yield from _certain(e.args[0])
    else:
        for a in e.args:
            yield from _certain(a)


def _turned(at: Expressions, tile: list[Expr]) -> dict[Expr, Value]:
    """Write the loads and shuffles of a square; its columns by read."""
    dtype, count = tile[0].dtype, at.count
    access = accesses.locate(at, tile[0].args[0].name, tile[0].args[1:])
    kind, helper = at.unit.vector(dtype, count), _helper(at.unit, dtype, count)
    names = []
    for group in range(at.groups):
        name = at.writer.temporary()
        at.writer.line(f"{kind} {name}[{count}];")
        for row in range(count):
            where = f"{access.place.names[0]} + {accesses.element(at, access, group, str(row))}"
            at.writer.line(f"{name}[{row}] = {_row(at, dtype, where, group, row)};")
        at.writer.line(f"{helper}({name});")
        names.append(name)
    return {e: Value(dtype, tuple(f"{n}[{row}]" for n in names), varying=True) for row, e in enumerate(tile)}


def _row(at: Expressions, dtype: str, where: str, group: int, row: int) -> str:
    """C text of a contiguous row; zeros where its lane is inactive."""
    template = at.unit.isa.move("load", dtype, at.count)
    text = at.expand(template, p=where) if template else vectors.load(at.unit, dtype, at.count, where)
    if at.frame.active is None:
        return text
    kind = at.unit.vector(dtype, at.count)
    return f"({at.frame.active.texts[group]} >> {row}) & 1 ? {text} : ({kind}){{0}}"


def _helper(unit: Unit, dtype: str, count: int) -> str:
    """Name of a C function that transposes `count` vectors in place."""
    name, kind, plain = f"ac_turn_{dtype}x{count}", unit.vector(dtype, count), vectors.generic(unit, dtype, count)
    lines = [f"static inline __attribute__((always_inline)) void {name}({kind} *v) {{"]
    before = [f"r{row}" for row in range(count)]
    lines += [f"    const {plain} r{row} = ({plain})v[{row}];" for row in range(count)]
    size = count // 2
    while size:
        after = [f"s{size}_{row}" for row in range(count)]
        for row in (r for r in range(count) if not r & size):
            a, b = before[row], before[row | size]
            low = [count + lane - size if lane & size else lane for lane in range(count)]
            high = [count + lane if lane & size else lane + size for lane in range(count)]
            for to, order in ((row, low), (row | size, high)):
                picks = ", ".join(map(str, order))
                lines.append(f"    const {plain} {after[to]} = __builtin_shufflevector({a}, {b}, {picks});")
        before, size = after, size // 2
    lines += [f"    v[{row}] = ({kind}){before[row]};" for row in range(count)]
    return unit.helper(name, "\n".join([*lines, "}"]))
