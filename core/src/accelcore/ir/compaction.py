"""Arrays into which loops store at places that grow or that data decide, in one pass.

    [i < p: fold(t = old(i); k < n: v(k) if g(k) and i == c + sum(l < k: 1 if g(l) else 0) else t)]

is what `if g(k): out[c + count] = v(k); count += 1` leaves: the values of `filter(k < n, g(k): v(k))` from place c on,
and what was there elsewhere.  Each chosen k has another place, and places follow the order of k.  With any other place,

    [i < p: fold(t = old(i); k < n: v(k) if g(k) and i == f(k) else t)]

the last k that meets a place decides: with s = scatter([p + 1], k < n: [f(k) if g(k) and 0 <= f(k) < p else p]
set= k + 1) from zeros, it is v(s[i] - 1) where 0 < s[i], and what was there elsewhere.

So p * n comparisons (and n sums before them) become n + p steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import (
    Expr,
    binary,
    bind,
    cast,
    const,
    filtered,
    fresh,
    get,
    index,
    length,
    scatter,
    select,
    substitute,
    transform,
    unary,
    walk,
)  # fmt: skip
from accelcore.ir.ranges import Facts, interval
from accelcore.ir.running import before, until
from accelcore.ir.simplify import simplify


@dataclass(frozen=True)
class _Stores:
    """if every one of `when` holds of k: the element at `place` becomes `value`, for k < count in order."""

    k: Expr
    count: Expr
    when: tuple[Expr, ...]
    place: Expr
    value: Expr


def compacted(e: Expr, facts: Facts) -> Expr:
    """The same tensor, or requirement on all its elements, with such folds as what one pass finds."""
    if e.op != "comp" and not states(e):
        return e
    i = fresh()
    opened = substitute(e.args[1], {e.number: i})
    deeper = opened.rank > 0 or states(opened)
    body = compacted(opened, facts) if deeper else transform(opened, lambda n: _overlay(n, i, e.args[0], facts))
    return e if body is opened else bind(e.op, i, e.args[:1], (body,), (), e.attrs[1:])


def states(e: Expr) -> bool:
    """Whether an expression says that something holds of all elements, as a requirement does."""
    return e.op == "reduce" and e.kind == "all" and len(e.args) == 2


def filters(e: Expr) -> list[Expr]:
    """The filters in an expression that need no variable from around them."""
    return [n for n in walk(e) if n.op == "filter" and not n.free]


def measured(e: Expr, known: Sequence[Expr]) -> Expr:
    """The same value, with sums that count what one of the filters `known` chooses as its length."""

    def one(n: Expr) -> Expr | None:
        chosen = counts(n)
        found = next((f for f in known if chosen and n.args[0] is f.args[0] and _agree(n, chosen, f)), None)
        return None if found is None else cast(length(found), n.dtype)

    return transform(e, one)


def _agree(total: Expr, chosen: Expr, kept: Expr) -> bool:
    """Whether a sum counts what a filter keeps."""
    k = fresh()
    return _conditions(substitute(chosen, {total.number: k})) == _conditions(substitute(kept.args[1], {kept.number: k}))


def _overlay(e: Expr, i: Expr, extent: Expr, facts: Facts) -> Expr | None:
    """What an element at i of such a fold is; None where it is no such fold."""
    stores = _stores(e, i)
    if stores is None:
        return None
    first = _first(stores)
    if first is None:
        return _last_store(stores, i, extent, e.args[1], facts)
    chosen = filtered(stores.count, lambda q: _at(_all(stores.when), stores, q), lambda q: _at(stores.value, stores, q))
    here = i if _is_zero(first) else i - first
    inside = binary("lt", here, length(chosen))
    if not _is_zero(first):
        inside = binary("land", binary("le", first, i), inside)
    return select(inside, get(chosen, here), e.args[1])


def _stores(e: Expr, i: Expr) -> _Stores | None:
    """The stores whose effect on the element at i such a fold tells."""
    if e.op != "fold" or len(e.bound) != 2 or i.number not in e.free:
        return None
    count, init, body = e.args
    k, acc = fresh(), fresh(init.dtype)
    body = substitute(body, dict(zip(e.bound, (k, acc), strict=True)))
    if body.op != "select" or body.args[2] is not acc:
        return None
    parts = _conjuncts(body.args[0])
    found = next(((part, place) for part in parts if (place := _place(part, i)) is not None), None)
    if found is None:
        return None
    stores = _Stores(k, count, tuple(p for p in parts if p is not found[0]), found[1], body.args[1])
    inner = (stores.place, stores.value, *stores.when)
    return None if {i.number, acc.number} & frozenset().union(*(x.free for x in inner)) else stores


def _place(condition: Expr, i: Expr) -> Expr | None:
    """g of `i == g`, as an index."""
    if condition.op != "eq":
        return None
    for one, other in (condition.args, condition.args[::-1]):
        plain = one.args[0] if one.op == "cast" and one.dtype == "int" else one
        if plain is i and i.number not in other.free:
            return other if other.dtype == INDEX else cast(other, INDEX, "trunc", "exact")
    return None


def _first(stores: _Stores) -> Expr | None:
    """c, where the place is c and how often `when` held before k; None where it is anything else."""
    place = stores.place.args[0] if stores.place.op == "cast" else stores.place
    terms = _terms(place)
    for at, term in enumerate(terms):
        if not _before(term, stores):
            continue
        rest = [*terms[:at], *terms[at + 1 :]]
        if any(stores.k.number in t.free for t in rest):
            return None
        first = reduce(lambda a, b: a + b, rest) if rest else index(0)
        return first if first.dtype == INDEX else cast(first, INDEX, "trunc", "exact")
    return None


def _before(term: Expr, stores: _Stores) -> bool:
    """Whether a term is how often `when` held before k."""
    chosen = counts(term)
    if chosen is None or stores.k not in until(term.args[0]):
        return False
    return _conditions(substitute(chosen, {term.number: stores.k})) == _conditions(_all(stores.when))


def counts(e: Expr) -> Expr | None:
    """c(l) of `sum(l < n: 1 if c(l) else 0)`, over the same variable; None where the sum is anything else."""
    if e.op != "reduce" or e.kind != "sum" or len(e.args) != 2:
        return None
    term = e.args[1]
    if term.op == "cast" and term.args[0].dtype == "bool":
        return term.args[0]
    if term.op != "select" or any(a.op != "const" for a in term.args[1:]):
        return None
    values = tuple(a.value for a in term.args[1:])
    if values == (1, 0):
        return term.args[0]
    return simplify(unary("lnot", term.args[0])) if values == (0, 1) else None


def _last_store(stores: _Stores, i: Expr, extent: Expr, init: Expr, facts: Facts) -> Expr:
    """What the last store that meets i leaves there: its number is found by one pass, its value from that."""
    k, place = stores.k, stores.place
    known = {**facts, k.number: (0, interval(stores.count, facts)[1] - 1)}
    low, high = interval(place, known)
    guards = list(stores.when)
    guards += [] if low >= 0 else [binary("le", index(0), place)]
    guards += [] if high < interval(extent, facts)[0] else [binary("lt", place, extent)]
    where = select(_all(guards), place, extent) if guards else place
    where = before(where, k, stores.count)
    last = scatter(
        [extent + 1 if guards else extent], stores.count,
        lambda q: [_at(where, stores, q)], lambda q: q + 1, index(0),
    )  # fmt: skip
    number = get(last, i)
    return select(binary("lt", index(0), number), _at(stores.value, stores, number - 1), init)


def _at(e: Expr, stores: _Stores, q: Expr) -> Expr:
    return substitute(e, {stores.k.number: q})


def _all(conditions: Sequence[Expr]) -> Expr:
    return reduce(lambda a, b: binary("land", a, b), conditions) if conditions else const(True, "bool")


def _conjuncts(e: Expr) -> list[Expr]:
    return [part for a in e.args for part in _conjuncts(a)] if e.op == "land" else [e]


def _conditions(e: Expr) -> frozenset[Expr]:
    """What a conjunction states, whatever the order."""
    return frozenset(_conjuncts(simplify(e)))


def _terms(e: Expr) -> list[Expr]:
    return [term for a in e.args for term in _terms(a)] if e.op == "add" else [e]


def _is_zero(e: Expr) -> bool:
    return e.op == "const" and e.value == 0
