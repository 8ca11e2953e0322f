"""An element's expression made ready for tiles: conditions and ranges that depend on its position leave reductions.

    sum(k < 4: select(0 <= j + k - 3, x[j + k - 3], 0))    a window over a border: term by term there, whole elsewhere
    sum(k < i + 1: s(i, k))                                a range of its own in each row: the longest, with a mask
    select(a and b, x, y)                                  select(a, select(b, x, y), y)

What selects by position at the top is decided piece by piece (`pieces`); what stays inside is a mask of values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelcore.ir.affine import affine, at_least, difference
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, binary, cast, const, index, reduce, select, substitute, transform, var, walk
from accelcore.ir.products import factors
from accelcore_nki.dtypes import FLOAT32_MIN

_WINDOW = 16  # terms of a sum that are written out at a border
_NEUTRAL = {"sum": 0.0, "max": FLOAT32_MIN, "min": -FLOAT32_MIN}


@dataclass(frozen=True)
class _Guarded:
    """`value` where all conditions hold, else 0."""

    conditions: tuple[Expr, ...]
    value: Expr


def ready(e: Expr, extents: Mapping[int, Expr], shapes: Mapping[str, tuple[Expr, ...]]) -> Expr:
    """The same element without conditions and ranges by position inside reductions, where that is possible.

    extents: of its axes, by number.  shapes: of the arrays that it reads.
    """
    axes = frozenset(extents)

    def rule(n: Expr) -> Expr | None:
        if n.op == "select":
            return _nested(n)
        if n.op != "reduce" or len(n.args) != 2:
            return None
        if n.args[0].free & axes:
            return _masked(n, extents, shapes)
        return _unguarded(n, axes) if n.kind == "sum" and DTYPES[n.dtype].is_float else None

    return transform(e, rule)


def _nested(n: Expr) -> Expr | None:
    """A selection by two conditions as two selections."""
    condition, then, other = n.args
    if condition.op == "land":
        a, b = condition.args
        return _nested_or(select(a, _nested_or(select(b, then, other)), other))
    if condition.op == "lor":
        a, b = condition.args
        return _nested_or(select(a, then, _nested_or(select(b, then, other))))
    if condition.op == "lnot":
        return _nested_or(select(condition.args[0], other, then))
    return None


def _nested_or(n: Expr) -> Expr:
    return (_nested(n) or n) if n.op == "select" else n


# Windows that reach over a border.


def _guarded(e: Expr) -> _Guarded:
    """The conditions under which a term is not 0."""
    if e.op == "select" and _is_zero(e.args[2]) and _of_positions(e.args[0]):
        inner = _guarded(e.args[1])
        return _Guarded((e.args[0], *inner.conditions), inner.value)
    if e.op == "mul":
        a, b = (_guarded(x) for x in e.args)
        if a.conditions or b.conditions:
            return _Guarded((*a.conditions, *b.conditions), binary("mul", a.value, b.value))
    if e.op == "cast" and DTYPES[e.dtype].is_float:
        inner = _guarded(e.args[0])
        if inner.conditions:
            return _Guarded(inner.conditions, cast(inner.value, e.dtype, *(str(a) for a in e.attrs)))
    return _Guarded((), e)


def _is_zero(e: Expr) -> bool:
    return e.op == "const" and e.value == 0


def _of_positions(condition: Expr) -> bool:
    """Whether a condition compares positions."""
    if condition.op not in ("lt", "le") or condition.args[0].dtype != "i64":
        return False
    return not any(n.op in ("input", "reduce", "scan", "fold") for n in walk(condition))


def _unguarded(n: Expr, axes: frozenset[int]) -> Expr | None:
    """A short sum of guarded terms: all terms where every guard holds for all of them, else each with its own."""
    found = _guarded(n.args[1])
    if not found.conditions:
        return None
    same = [c for c in found.conditions if n.number not in c.free]
    own = [c for c in found.conditions if n.number in c.free and c.free & axes]
    if len(same) + len(own) < len(found.conditions) or n.args[0].op != "const":
        return None
    count = int(n.args[0].value)
    if own and not (0 < count <= _WINDOW and all(affine(_distance(c)) is not None for c in own)):
        return None
    zero = const(0.0, n.dtype)
    whole = reduce("sum", n.args[0], lambda k: substitute(found.value, {n.number: k}))
    if own:
        each = zero
        for at in range(count):
            term = _where(own, found.value, zero)
            each = binary("add", each, substitute(term, {n.number: index(at)})) if at else _at(term, n.number, at)
        ends = [_at(c, n.number, at) for c in own for at in (0, count - 1)]
        whole = _where(ends, whole, each)
    return _where(same, whole, zero)


def _at(e: Expr, number: int, at: int) -> Expr:
    return substitute(e, {number: index(at)})


def _distance(condition: Expr) -> Expr:
    return condition.args[1] - condition.args[0]


def _where(conditions: list[Expr], then: Expr, other: Expr) -> Expr:
    for condition in reversed(conditions):
        then = select(condition, then, other)
    return then


# Ranges that differ from row to row.


def _masked(n: Expr, extents: Mapping[int, Expr], shapes: Mapping[str, tuple[Expr, ...]]) -> Expr | None:
    """A reduction over the longest range that any position has, with a mask; None where it is a running value."""
    form = affine(n.args[0], extents)
    if form is None or n.kind not in _NEUTRAL or not DTYPES[n.dtype].is_float:
        return None
    if len(form.variables) == 1 and not n.args[1].free & {form.variables[0]}:
        if difference(n.args[0], var(form.variables[0])) == 1:
            return None
    ends = {}
    for number in form.variables:
        slope = form.constant(number)
        if slope is None:
            return None
        ends[number] = extents[number] - 1 if slope > 0 else index(0)
    longest = substitute(n.args[0], ends)
    if not _exists(n.args[1], n.number, longest, shapes):
        return None
    inside = binary("lt", var(n.number), n.args[0])
    body = _with_mask(n.args[1], inside, n, frozenset(extents))
    return reduce(n.kind, longest, lambda k: substitute(body, {n.number: k}))


def _with_mask(body: Expr, inside: Expr, n: Expr, axes: frozenset[int]) -> Expr:
    """The body where it counts, else what changes nothing: as one factor of a product where that is a row's own."""
    neutral = const(_NEUTRAL[n.kind], body.dtype)
    if n.kind != "sum":
        return select(inside, body, neutral)
    found, sign = factors(body, frozenset({n.number}))
    own = next((f for f in found if n.number in f.free and inside.free <= f.free | {n.number}), None)
    if own is None or len(found) == 1:
        return select(inside, body, neutral)
    total = select(inside, own, const(0.0, own.dtype))
    for factor in found:
        if factor is not own:
            total = binary("mul", total, factor)
    return total if sign > 0 else binary("mul", total, const(-1.0, total.dtype))


def _exists(body: Expr, number: int, longest: Expr, shapes: Mapping[str, tuple[Expr, ...]]) -> bool:
    """Whether all that is read at positions below `longest` is there."""
    for n in walk(body):
        if n.op != "get" or number not in n.free or n.args[0].op != "input":
            continue
        for at, extent in zip(n.args[1:], shapes[n.args[0].name], strict=True):
            if number in at.free and not at_least(extent - 1 - at, 0, {number: longest}):
                return False
    return True
