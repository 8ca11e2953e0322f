"""Results and rows on their way through the caches: which rewrites stream results, and which ask for rows early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from accelcore.ir.dtypes import DTYPES
from accelcore.loops.edit import iterator, loops_of, own_expressions, reads_of
from accelcore.loops.nodes import For, Program, Statement, Store, statements
from accelcore.loops.tiling import value_of
from accelcore.loops.unit import VectorUnit
from accelcore.values import Role


def streams(program: Program) -> list[str]:
    """stream for every result that is an array."""
    stored = {s.buffer for s in statements(program.body) if isinstance(s, Store) and not s.stream}
    return [f"stream({b.name})" for b in program.arguments if b.name in stored and b.shape and b.role is Role.OUT]


def ahead(program: Program, unit: VectorUnit, sizes: Mapping[str, int], *, flip: bool = False) -> Iterator[str]:
    """The next row of what several loops over a row read, asked for while the last of them runs.

    Reading it only when its turn comes would leave memory idle while a row is computed.  It goes to the nearest cache
    where that one has room for it beside what the loop reads, else to the next; flip: the other way round.
    """
    for loop in loops_of(program.body):
        inner = [s for s in loop.body if isinstance(s, For)]
        shared: dict[str, For] = {}
        for at, f in enumerate(inner):
            before = {name for g in inner[:at] for name in _rows_read(g, loop)}
            shared |= dict.fromkeys(sorted(_rows_read(f, loop) & before), f)
        for name, f in shared.items():
            buffer = program.buffer(name)
            row = value_of(buffer.shape[-1], sizes) * (DTYPES[buffer.dtype].bits or 64) // 8
            near = row * (len({n for s in statements(f.body) for n in _read(s)}) + 1) <= unit.l1
            level = "" if near != flip else ", level=1"
            yield f"prefetch({f.iterator}, {name}, 1{level}, along={loop.iterator})"


def _read(s: Statement) -> set[str]:
    return {name for e in own_expressions(s) for name, where in reads_of(e) if where}


def _rows_read(loop: For, outer: For) -> set[str]:
    """Buffers of which a loop reads one row per iteration of the outer loop."""
    return {
        name
        for s in loop.body
        for e in own_expressions(s)
        for name, where in reads_of(e)
        if len(where) > 1 and iterator(outer.iterator) in where and iterator(loop.iterator) in where
    }
