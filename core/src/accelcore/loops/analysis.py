"""What a loop does to memory: which accesses are side by side, which are reused; the facts that moves are ranked by."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, walk
from accelcore.loops.dependence import Access, accesses
from accelcore.loops.edit import Block, around, block_of, expressions, loops_of
from accelcore.loops.linear import as_constant, coefficient, limit, polynomial
from accelcore.loops.nodes import Accumulate, For, If, Kind, Program, Statement, statements


class Stride(enum.Enum):
    """How an access moves with an iterator."""

    UNIFORM = 0
    UNIT = 1
    OTHER = 2


def stride(where: tuple[Expr, ...], iterator: str) -> Stride:
    """How an element's address moves when the iterator grows by one (row-major arrays)."""
    moving = [e for e in where if iterator in e.inputs]
    if not moving:
        return Stride.UNIFORM
    factor = coefficient(polynomial(where[-1]), iterator)
    unit = len(moving) == 1 and moving[0] is where[-1] and factor is not None and as_constant(factor) == 1
    return Stride.UNIT if unit else Stride.OTHER


def moved(loop: For) -> list[Access]:
    """Accesses of a loop's body to buffers from outside it, each place once; scalars left out."""
    found = {(a.buffer, a.indices, a.op): a for a in accesses((loop,)) if a.indices}
    return list(found.values())


def strided(loop: For) -> int:
    """Accesses of the body that are neither side by side nor the same for consecutive iterations."""
    return sum(stride(a.indices, loop.iterator) is Stride.OTHER for a in moved(loop))


def small(loop: For, least: int = 4) -> bool:
    """Whether a loop is known to have only a few iterations."""
    top = limit(loop.extent)
    return top is not None and top < least


def serial_loops(program: Program) -> list[For]:
    """Serial loops neither around nor inside vector loops, outer ones first."""
    found: list[For] = []

    def go(block: Block) -> None:
        for s in statements_here(block):
            if isinstance(s, For) and s.kind is not Kind.VECTOR:
                if s.kind is Kind.SERIAL:
                    found.append(s)
                go(s.body)

    go(program.body)
    return [f for f in found if not any(g.kind is Kind.VECTOR for g in loops_of(f.body))]


def statements_here(block: Block) -> Iterator[Statement]:
    """Statements of a block and of the branches in it, without loops' bodies."""
    for s in block:
        yield s
        if isinstance(s, If):
            yield from statements_here(s.then)
            yield from statements_here(s.otherwise)


@dataclass(frozen=True)
class Contraction:
    """A nest in which each iteration of `row` needs, at each `column`, a sum over `inner` of products.

    reused: buffers that are read inside `inner` at the column but not at the row: what a tile of rows reads once.
    turned: those of them whose elements at consecutive columns do not lie side by side.
    """

    row: str
    column: str
    inner: str
    reused: tuple[str, ...]
    turned: tuple[str, ...]
    nested: bool


def contractions(program: Program) -> list[Contraction]:
    """The nests of matrix products, in program order; each row loop with its closest column loop."""
    found: list[Contraction] = []
    for column in serial_loops(program):
        if small(column) or not _sums_inside(column):
            continue
        inner = _sums_inside(column)[0]
        rows = [f for f in around(program, column.iterator) if f.kind is Kind.SERIAL and not small(f, 2)]
        for row in reversed(rows):
            reads = [a for a in accesses((inner,)) if a.op == "read" and a.indices]
            at_column = [a for a in reads if stride(a.indices, column.iterator) is not Stride.UNIFORM]
            reused = [a for a in at_column if not _mentions(a, row.iterator)]
            broadcast = [a for a in reads if a not in at_column and _mentions(a, row.iterator)]
            if reused and broadcast:
                turned = [a.buffer for a in reused if stride(a.indices, column.iterator) is Stride.OTHER]
                nested = row.body == (column,)
                found.append(
                    Contraction(row.iterator, column.iterator, inner.iterator,
                                tuple(dict.fromkeys(a.buffer for a in reused)), tuple(dict.fromkeys(turned)), nested)
                )  # fmt: skip
                break
    return found


def _mentions(a: Access, iterator: str) -> bool:
    return any(iterator in e.inputs for e in a.indices)


def _sums_inside(loop: For) -> list[For]:
    """Loops directly inside that accumulate into a scalar of the loop."""
    sums = []
    for s in loop.body:
        if isinstance(s, For) and s.kind is Kind.SERIAL:
            updates = [u for u in statements(s.body) if isinstance(u, Accumulate) and u.op == "add"]
            if updates and all(not u.indices for u in updates):
                sums.append(s)
    return sums


def rows_summed(program: Program) -> list[For]:
    """Loops over rows whose only inner loop sums a row with what all rows share: matrix times vector."""
    found = []
    for row in serial_loops(program):
        inner = [s for s in row.body if isinstance(s, For)]
        if len(inner) != 1 or small(row) or _sums_inside(row) != inner or any(loops_of(inner[0].body)):
            continue
        if strided(inner[0]) or around(program, row.iterator):
            continue
        reads = [a for a in accesses((inner[0],)) if a.op == "read" and a.indices]
        across = [_mentions(a, row.iterator) for a in reads]
        if any(across) and not all(across):
            found.append(row)
    return found


def calls(loop: For) -> int:
    """Functions that an iteration calls."""
    return len({n for e in expressions(loop.body) for n in walk(e) if n.op == "call"})


def widest(program: Program, loop: For) -> str:
    """The widest dtype of what the body computes with or stores."""
    found = {n.dtype for e in expressions(loop.body) for n in walk(e) if n.op not in ("size", "param", "const", "cast")}
    found |= {program.buffer(a.buffer).dtype for a in moved(loop)}
    known = [d for d in found if DTYPES[d].bits and d not in ("bool",)]
    return max(known, key=lambda d: (DTYPES[d].bits or 0, d), default="f32")


def siblings(program: Program, loop: For) -> list[For]:
    """The loops after this one in its block."""
    block = block_of(program, loop.iterator)
    after = block[block.index(loop) + 1 :]
    return [s for s in after if isinstance(s, For)]
