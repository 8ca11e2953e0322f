"""Sums of what falls into each place, as one pass that adds to places.

    [i < J: sum(k < n: v(k) if i == g(k) else 0)]    is    scatter(J, k < n: t[g(k)] += v(k)), from zeros

when 0 <= g(k) < J for all k: every term counts for exactly one i.  A histogram written as counting comes to this form,
and J * n comparisons become n updates.  The terms of a place keep their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, cast, comp, const, fresh, get, scatter, select, substitute, transform
from accelcore.ir.ranges import Facts, interval


@dataclass(frozen=True)
class _Axis:
    """An index of the result that is open, and its extent."""

    index: Expr
    extent: Expr


def scattered(e: Expr, facts: Facts) -> Expr:
    """The same tensor, with such sums as scatters."""
    return _inside(e, (), facts)


def _inside(e: Expr, axes: tuple[_Axis, ...], facts: Facts) -> Expr:
    if e.op != "comp":
        return transform(e, lambda n: _one_pass(n, axes, facts)) if axes else e
    i = fresh()
    opened = substitute(e.args[1], {e.number: i})
    body = _inside(opened, (*axes, _Axis(i, e.args[0])), facts)
    return e if body is opened else comp(e.args[0], lambda j: substitute(body, {i.number: j}))


def _one_pass(e: Expr, axes: Sequence[_Axis], facts: Facts) -> Expr | None:
    """The element of a scatter that a sum is; None when it is none."""
    if e.op != "reduce" or e.kind != "sum" or len(e.args) != 2:
        return None
    k = fresh()
    term = substitute(e.args[1], {e.number: k})
    if term.op != "select" or term.args[2] is not const(0, term.dtype):
        return None
    places, rest = _places(term.args[0], axes)
    chosen = [a for a in axes if a.index.number in places]
    where = [places[a.index.number] for a in chosen]
    if not chosen or not all(_within(g, a.extent, facts) for g, a in zip(where, chosen, strict=True)):
        return None
    opened = {a.index.number: g for a, g in zip(chosen, where, strict=True)}
    value = substitute(term.args[1], opened)
    for condition in rest:
        value = select(substitute(condition, opened), value, const(0, term.dtype))
    mentioned = set().union(*(x.free for x in (*where, value, e.args[0], *(a.extent for a in chosen))))
    if mentioned - {k.number}:
        return None  # other indices or an outer binder: one pass for each of their values may cost more
    tensor = scatter(
        [a.extent for a in chosen], e.args[0],
        lambda q: [substitute(g, {k.number: q}) for g in where], lambda q: substitute(value, {k.number: q}),
        const(0, term.dtype), "add",
    )  # fmt: skip
    return get(tensor, *(a.index for a in chosen))


def _places(condition: Expr, axes: Sequence[_Axis]) -> tuple[dict[int, Expr], list[Expr]]:
    """What the condition equates indices with, the first equation of each, and its other conjuncts."""
    if condition.op == "land":
        places, rest = _places(condition.args[0], axes)
        more, others = _places(condition.args[1], axes)
        known = [binary("eq", _index(n, axes), g) for n, g in more.items() if n in places]
        return {**more, **places}, [*rest, *known, *others]
    if condition.op == "eq":
        for one, other in (condition.args, condition.args[::-1]):
            plain = one.args[0] if one.op == "cast" and one.dtype == "int" else one
            numbers = {a.index.number for a in axes}
            if plain.op == "var" and plain.number in numbers and not other.free & numbers:
                place = other if other.dtype == INDEX else cast(other, INDEX, "trunc", "exact")
                return {plain.number: place}, []
    return {}, [condition]


def _index(number: int, axes: Sequence[_Axis]) -> Expr:
    return next(a.index for a in axes if a.index.number == number)


def _within(place: Expr, extent: Expr, facts: Facts) -> bool:
    low, high = interval(place, facts)
    return low >= 0 and high < interval(extent, facts)[0]
