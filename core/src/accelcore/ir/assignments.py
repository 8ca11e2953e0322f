"""What the last of many assignments leaves, without going through them in order.

    fold(t = old; k < n: v(k) if g(k) else t)    is    v(m) if 0 <= m else old, with m = max(k < n: k if g(k) else -1)

A search that goes up and stops at what it finds is stated the other way round, from the end: g and v mention n - k - 1.
There the least place is asked for: m = min(q < n: q if g(n - q - 1) else 2**31 - 1), and m < n says that there is one.
Extremes of places run in lanes, and those of 32 bits in twice as many.
"""

from __future__ import annotations

from collections.abc import Callable

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, cast, const, fresh, index, reduce, select, substitute, transform, walk
from accelcore.ir.simplify import simplify

_LARGEST = 2**31 - 1
"""No place is as large: indices of elements fit 32 bits."""


def settled(e: Expr) -> Expr:
    """The same value, with such folds by the place that decides."""
    return transform(e, _last)


def _last(e: Expr) -> Expr | None:
    if e.op != "fold" or len(e.bound) != 2:
        return None
    count, init, body = e.args
    k, acc = fresh(), fresh(init.dtype)
    body = substitute(body, dict(zip(e.bound, (k, acc), strict=True)))
    if body.op != "select" or body.args[2] is not acc:
        return None
    chosen, value, _ = body.args
    if acc.number in chosen.free | value.free or k.number not in chosen.free:
        return None
    q = fresh()
    turned = [simplify(substitute(x, {k.number: count - 1 - q})) for x in (chosen, value)]
    if _size(turned) < _size([chosen, value]):
        place = _extreme("min", count, lambda i: substitute(turned[0], {q.number: i}), _LARGEST)
        return select(binary("lt", place, count), substitute(turned[1], {q.number: place}), init)
    place = _extreme("max", count, lambda i: substitute(chosen, {k.number: i}), -1)
    return select(binary("le", index(0), place), substitute(value, {k.number: place}), init)


def _extreme(kind: str, count: Expr, chosen: Callable[[Expr], Expr], otherwise: int) -> Expr:
    """The least or greatest place that is chosen, as an index."""
    place = reduce(kind, count, lambda i: select(chosen(i), cast(i, "int"), const(otherwise, "int")))
    return cast(place, INDEX, "trunc", "exact")


def _size(expressions: list[Expr]) -> int:
    """Operators on indices: what tells a direction from the other."""
    return len({n for e in expressions for n in walk(e) if n.dtype == INDEX and n.args})
