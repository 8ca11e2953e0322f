"""Leading dimensions: rows that are stored `ld` elements apart must not overlap.

A store at `i * ld + j` with j < n, for sizes ld and n, writes every element once only where n <= ld; one at `i * inc`
only where 1 <= inc.  Libraries state that of their arguments, programs rely on it: it becomes a precondition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, const, param
from accelcore.values import Role
from accelcore_llmlift.polynomial import Polynomial, expression, polynomial
from accelcore_llmlift.program import For, If, Program, Statement, Store, While


@dataclass(frozen=True)
class Place:
    """An index into a flat array, and the loops around it."""

    index: Polynomial
    loops: tuple[For, ...]


def with_leading(program: Program) -> Program:
    """The program with the preconditions that keep its stored rows apart."""
    strides = {p.name for p in program.params if p.role is Role.SIZE}
    found: dict[Expr, None] = {}
    for place in _stores(program.body, ()):
        for condition in _apart(place, strides):
            if condition not in program.requires:
                found[condition] = None
    return replace(program, requires=(*program.requires, *found)) if found else program


def _stores(block: tuple[Statement, ...], loops: tuple[For, ...]) -> Iterator[Place]:
    for s in block:
        match s:
            case Store(indices=(index,)):
                yield Place(polynomial(index), loops)
            case For(body=body):
                yield from _stores(body, (*loops, s))
            case While(body=body):
                yield from _stores(body, loops)
            case If(then=then, otherwise=otherwise):
                yield from _stores(then, loops)
                yield from _stores(otherwise, loops)


def _apart(place: Place, strides: set[str]) -> Iterator[Expr]:
    """n <= ld for a counter that is multiplied with ld, n values of one other counter beside it."""
    for outer in place.loops:
        counter = param(outer.counter, INDEX)
        factor = place.index.coefficient(counter)
        stride = expression(factor) if factor is not None and factor.terms else None
        if stride is None or stride.op != "size" or stride.name not in strides:
            continue
        rest = place.index.without(counter)
        width = _width(rest, place.loops)
        if width is not None and (width - polynomial(stride)).terms:
            yield binary("le", expression(width), stride)


def _width(rest: Polynomial, loops: tuple[For, ...]) -> Polynomial | None:
    """How many values the rest of an index takes: 1, or the iterations of one counter; None for anything else."""
    counters = {param(s.counter, INDEX): s for s in loops}
    inner = [c for c in counters if any(c in m for m in rest.terms)]
    if not inner:
        return polynomial(const(1, INDEX)) if not rest.terms else None
    if len(inner) != 1 or (rest - polynomial(inner[0])).terms:
        return None
    loop = counters[inner[0]]
    high = polynomial(loop.high)
    plain = loop.step == 1 and not polynomial(loop.low).terms and all(a.op == "size" for a in high.atoms)
    return high if plain else None
