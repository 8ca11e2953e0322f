"""Whether an expression may be computed where the program did not ask for it: no read out of range, no fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, walk
from accelcore.loops.linear import at_least, constant, extremes, minus, polynomial, tidy, without_floors
from accelcore.loops.nodes import For, Program

_MOST_TRIED = 16


def harmless(program: Program, e: Expr, loops: Sequence[For]) -> bool:
    """Whether computing `e` anywhere inside `loops` cannot fault: reads stay inside, no integer is divided by zero."""
    for node in walk(e):
        if node.op == "get" and not inside(program, node, loops):
            return False
        divides = node.op in ("tdiv", "trem", "fdiv", "fmod") and not DTYPES[node.dtype].is_float
        if divides and (node.args[1].op != "const" or not node.args[1].value):
            return False
    return True


def inside(program: Program, read: Expr, loops: Sequence[For]) -> bool:
    """Whether a read's indices are certain to be inside its buffer for all iterations of the loops around it."""
    shape = program.buffer(read.args[0].name).shape
    several = list(_extents(loops))
    return all(
        any(_within(where, extent, extents) for extents in several)
        for where, extent in zip(read.args[1:], shape, strict=True)
    )


def _within(where: Expr, extent: Expr, extents: Mapping[str, Expr]) -> bool:
    bounds = extremes(polynomial(where), extents)
    if bounds is None:
        return False
    room = minus(minus(polynomial(extent), constant(1)), without_floors(bounds[1]))
    return at_least(bounds[0], 0) and at_least(room, 0)


def _extents(loops: Sequence[For]) -> Iterator[dict[str, Expr]]:
    """Bounds of the loops' iterators; of a shortened block, min(8, n - io*8), either side is one."""
    for chosen in islice(product(*(_bounds(f.extent) for f in loops)), _MOST_TRIED):
        yield {f.iterator: extent for f, extent in zip(loops, chosen, strict=True)}


def _bounds(extent: Expr) -> tuple[Expr, ...]:
    """Expressions that an extent does not exceed: sides of minima, also of those that something is taken off."""
    if extent.op == "min":
        return tuple(dict.fromkeys(b for a in extent.args for b in _bounds(a)))
    if extent.op == "sub":
        return tuple(tidy("sub", b, extent.args[1]) for b in _bounds(extent.args[0]))
    return (extent,)
