"""Sums over all that came before, from one running sum.

    sum(l < k: t(l))  inside a binder over k < n    is    scan_sum(l < n: t(l))[k] - t(k)

for integers, whose sums are exact: n sums of up to n terms become n steps.
"""

from __future__ import annotations

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, bind, fresh, get, scan, substitute, transform

_OVER_ONE = frozenset({"comp", "reduce", "filter"})


def running(e: Expr) -> Expr:
    """The same value, with such sums read from running ones."""
    return transform(e, _inside)


def before(e: Expr, k: Expr, count: Expr) -> Expr:
    """The same value, for k < count, with sums over all l < k read from running ones."""
    return transform(e, lambda n: _before(n, k, count))


def until(extent: Expr) -> tuple[Expr, ...]:
    """n, or what max(0, n) takes the larger of: an index is never below zero."""
    return extent.args if extent.op == "max" else (extent,)


def _inside(e: Expr) -> Expr | None:
    if e.op not in _OVER_ONE:
        return None
    k = fresh()
    last = 3 if e.op == "filter" else 2
    opened = [substitute(body, {e.number: k}) for body in e.args[1:last]]
    bodies = [before(body, k, e.args[0]) for body in opened]
    if all(new is old for new, old in zip(bodies, opened, strict=True)):
        return None
    return bind(e.op, k, e.args[:1], tuple(bodies), e.args[last:], e.attrs[1:])


def _before(e: Expr, k: Expr, count: Expr) -> Expr | None:
    if e.op != "reduce" or e.kind != "sum" or len(e.args) != 2 or DTYPES[e.dtype].is_float or e.dtype == "real":
        return None
    if k not in until(e.args[0]) or e.args[1].free - {e.number} or e.args[1].rank:
        return None
    total = scan("sum", count, lambda q: substitute(e.args[1], {e.number: q}))
    return get(total, k) - substitute(e.args[1], {e.number: k})
