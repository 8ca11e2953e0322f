"""Rows of a stencil side by side: what neighbouring iterations of an outer loop read in common is read once.

In `for i: for j: y[i, j] = f(x[i, j], x[i + 1, j], x[i + 2, j])` row i + 1 is read in three iterations of i.  With n
iterations of i inside the vector loop over j, n + 2 rows are read for n results, and what is computed of a row alone
is computed once (by the C compiler, which sees the same expressions).
"""

from __future__ import annotations

from collections import defaultdict

from accelcore.errors import AccelcoreError
from accelcore.ir.expr import Expr
from accelcore.loops import schedule
from accelcore.loops.dependence import accesses
from accelcore.loops.linear import as_constant, coefficient, constant, minus, polynomial
from accelcore.loops.nodes import Accumulate, For, Kind, Program, statements

MOST_APART = 8
"""Iterations that reach the same element are at most so far from each other."""


def beside(program: Program, loop: For, times: int) -> tuple[str, ...]:
    """Steps that put `times` iterations of a loop into the vector loop inside it; none where that gains nothing."""
    inner = [s for s in loop.body if isinstance(s, For) and s.kind is Kind.VECTOR]
    if len(inner) != 1 or not _stores_only(inner[0]) or not reread(loop):
        return ()
    split = f"split({loop.iterator}, {times}, tail=cut)"
    try:
        after = schedule.apply(program, split)
    except AccelcoreError:
        return ()
    lanes = inner[0].iterator
    block = next((f for f in _loops(after) if _exactly(f, times) and lanes in _iterators(f)), None)
    if block is None:
        return ()
    return split, f"reorder({block.iterator}, {lanes})", f"unroll({block.iterator})"


def reread(loop: For) -> bool:
    """Whether iterations of a loop read elements that others of them read too."""
    rows = defaultdict[tuple[str, int], list[Expr]](list)
    for read in accesses(loop.body):
        for axis, index in enumerate(read.indices if read.op == "read" else ()):
            rows[read.buffer, axis].append(index)
    return any(_apart(indices, loop.iterator) for indices in rows.values())


def _apart(indices: list[Expr], iterator: str) -> bool:
    """Whether two indices differ by a small constant and move by one with the iterator."""
    found = [p for p in map(polynomial, dict.fromkeys(indices)) if coefficient(p, iterator) == constant(1)]
    gaps = (as_constant(minus(p, found[0])) for p in found[1:])
    return any(gap is not None and 0 < abs(gap) <= MOST_APART for gap in gaps)


def _stores_only(loop: For) -> bool:
    return not any(isinstance(s, Accumulate | For) for s in statements(loop.body))


def _exactly(loop: For, times: int) -> bool:
    return loop.kind is Kind.SERIAL and loop.extent.op == "const" and int(loop.extent.value) == times


def _iterators(loop: For) -> set[str]:
    return {s.iterator for s in loop.body if isinstance(s, For)}


def _loops(program: Program) -> list[For]:
    return [s for s in statements(program.body) if isinstance(s, For)]
