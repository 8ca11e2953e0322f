"""Closed forms of scalar recurrences: s' = update(s, k) with s = start before iteration 0.

The update is read as `s (+) g(k)` for one of the operators that reductions know; anything else that is linear in s
becomes a fold, and the rest is no reduction.  All closed forms are functions of the iteration number k: the value
before iteration k.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, cast, const, fold, fresh, reduce, substitute, unary, walk
from accelcore_llmlift.lifter.algebra import FALSE, TRUE, choose, negation, simplify
from accelcore_llmlift.polynomial import Facts, Polynomial, expression, polynomial

EXTREMES = ("max", "min")


@dataclass(frozen=True)
class Step:
    """s' = s (kind) term; kind "keep" leaves s as it is."""

    kind: str
    term: Expr | None = None


@dataclass(frozen=True)
class Recurrence:
    """One loop-carried scalar.

    carried: the symbol for its value before an iteration; number: the variable for the iteration; start: the value
    before the loop; facts: what holds inside the loop.
    """

    carried: Expr
    number: Expr
    start: Expr
    update: Expr
    facts: Facts

    def at(self, e: Expr, k: Expr) -> Expr:
        """An expression of the iteration number at another number."""
        return substitute(e, {self.number.number: k})


def occurs(symbol: Expr, e: Expr) -> bool:
    """Whether a symbol is free in an expression."""
    return symbol.number in e.free


def step_of(update: Expr, s: Expr, start: Expr) -> Step | None:
    """The update as one step of a reduction, or None."""
    if update is s:
        return Step("keep")
    if not occurs(s, update):
        return None
    match update.op:
        case "add" | "sub":
            return _additive(update, s, start)
        case "mul" | "div":
            return _product(update, s, start)
        case "max" | "min" | "lor" | "land":
            return _idempotent(update, s, start)
        case "reduce" if len(update.args) == 3:
            return _nested(update, s, start)
        case "select":
            return _guarded(update, s, start)
    return None


def _combine(outer: Step | None, kind: str, term: Expr) -> Step | None:
    """(s (kind) inner) (kind) term."""
    if outer is None:
        return None
    if outer.kind == "keep":
        return Step(kind, term)
    if outer.kind != kind or outer.term is None:
        return None
    op = {"sum": "add", "prod": "mul", "any": "lor", "all": "land"}.get(kind, kind)
    return Step(kind, binary(op, outer.term, term))


def _nested(update: Expr, s: Expr, start: Expr) -> Step | None:
    """An inner reduction that starts from s.  Where it may be empty, the start is neutral for extremes."""
    count, body, init = update.args
    if occurs(s, count) or occurs(s, body):
        return None
    empty = count.op != "const" or count.value < 1
    term = reduce(
        update.kind, count, lambda k: substitute(body, {update.number: k}),
        start if empty and update.kind in EXTREMES else None,
    )  # fmt: skip
    return _combine(step_of(init, s, start), update.kind, term)


def _additive(update: Expr, s: Expr, start: Expr) -> Step | None:
    if update.dtype in (INDEX, "int"):
        p = polynomial(update)
        factor, rest = p.coefficient(s), p.without(s)
        if factor is not None and factor.constant == 1 and not any(occurs(s, a) for a in rest.atoms):
            return Step("sum", _shorter(expression(rest, update.dtype), update, s))
    a, b = update.args
    if update.op == "sub":
        return None if occurs(s, b) else _combine(step_of(a, s, start), "sum", unary("neg", b))
    if occurs(s, a) and occurs(s, b):
        return None
    inner, term = (a, b) if occurs(s, a) else (b, a)
    return _combine(step_of(inner, s, start), "sum", term)


def _shorter(normal: Expr, update: Expr, s: Expr) -> Expr:
    """What is added to s, as it was written where its normal form is longer: (x - y) * (x - y)."""
    written = next((b for a, b in (update.args, update.args[::-1]) if update.op == "add" and a is s), normal)
    return written if len(set(walk(written))) < len(set(walk(normal))) else normal


def _product(update: Expr, s: Expr, start: Expr) -> Step | None:
    a, b = update.args
    if update.op == "div":
        return None if occurs(s, b) else _combine(step_of(a, s, start), "prod", binary("div", const(1.0), b))
    if occurs(s, a) and occurs(s, b):
        return None
    inner, term = (a, b) if occurs(s, a) else (b, a)
    return _combine(step_of(inner, s, start), "prod", term)


def _idempotent(update: Expr, s: Expr, start: Expr) -> Step | None:
    a, b = update.args
    if occurs(s, a) and occurs(s, b):
        return None
    inner, term = (a, b) if occurs(s, a) else (b, a)
    kind = {"lor": "any", "land": "all"}.get(update.op, update.op)
    return _combine(step_of(inner, s, start), kind, term)


NEUTRAL = {"sum": 0, "prod": 1, "any": False, "all": True}


def _guarded(update: Expr, s: Expr, start: Expr) -> Step | None:
    """select(c, a, b): an extreme written as a comparison, or one kind of step where c holds."""
    test, then, other = update.args
    found = _comparison(test, then, other, s)
    if found is not None or occurs(s, test):
        return found
    if update.dtype == "bool":
        if then.op == "const" and other is s:
            return Step("any", test) if then is TRUE else Step("all", negation(test))
        if other.op == "const" and then is s:
            return Step("any", negation(test)) if other is TRUE else Step("all", test)
    left, right = step_of(then, s, start), step_of(other, s, start)
    if left is None or right is None:
        return None
    kind = left.kind if left.kind != "keep" else right.kind
    if kind == "keep":
        return left
    if any(side.kind not in (kind, "keep") for side in (left, right)):
        return None
    # An extreme is never beyond its start, so the start itself is neutral from there on.
    neutral = start if kind in EXTREMES else const(NEUTRAL[kind], None if update.dtype == "bool" else update.dtype)
    return Step(kind, choose(test, left.term or neutral, right.term or neutral))


def _comparison(test: Expr, then: Expr, other: Expr, s: Expr) -> Step | None:
    """select(s < g, g, s) is max(s, g) and its seven variants."""
    if test.op not in ("lt", "le") or (then is not s and other is not s):
        return None
    low, high = test.args
    if {low, high} != {then, other}:
        return None
    kind = "max" if then is high else "min"
    return Step(kind, other if then is s else then)


def solve(r: Recurrence) -> Expr | None:
    """The closed form as an expression of r.number, or None when the update is no reduction."""
    step = step_of(r.update, r.carried, r.start)
    if step is not None and (step.term is None or not occurs(r.carried, step.term)):
        return closed(r, step)
    return _last(r) or _position(r) or _lagged(r)


def _lagged(r: Recurrence) -> Expr | None:
    """An update that does not read the old value (`before = x[k]`): that of the iteration before, or the start."""
    if occurs(r.carried, r.update):
        return None
    previous = simplify(r.at(r.update, expression(polynomial(r.number) - 1)), r.facts)
    if _same(r.at(previous, const(0, INDEX)), r.start, r.facts):  # `before = x[0]`, then x[1], x[2], ...
        return previous
    return choose(binary("lt", const(0, INDEX), r.number), previous, r.start)


def _position(r: Recurrence) -> Expr | None:
    """`if x[k] > x[best]: best = k`: select(x(s) < x(h(k)), h(k), s) is the position of the first largest element.

    The start must be the position of an iteration just before the range, or of the first one.
    """
    if r.update.op != "select":
        return None
    test, then, other = r.update.args
    if other is not r.carried or test.op != "lt" or occurs(r.carried, then) or then.dtype not in (INDEX, "int"):
        return None
    low, high = test.args
    for kind, own, new in (("argmax", low, high), ("argmin", high, low)):
        there = substitute(own, {r.carried.number: then})
        if not occurs(r.carried, own) or occurs(r.carried, new) or not _same(there, new, r.facts):
            continue
        return _extreme_position(r, kind, new, then)
    return None


def _same(a: Expr, b: Expr, facts: Facts) -> bool:
    return simplify(a, facts) is simplify(b, facts)


def _extreme_position(r: Recurrence, kind: str, term: Expr, then: Expr) -> Expr | None:
    """h at the arg-extreme of the terms up to iteration number, with the start as one of them."""
    if _same(r.at(then, const(-1, INDEX)), r.start, r.facts):
        count = expression(polynomial(r.number) + 1)
        found = reduce(kind, count, lambda j: simplify(r.at(term, expression(polynomial(j) - 1)), r.facts))
        return cast(simplify(r.at(then, expression(polynomial(found) - 1)), r.facts), r.start.dtype)
    if _same(r.at(then, const(0, INDEX)), r.start, r.facts):
        found = reduce(kind, r.number, lambda j: r.at(term, j))
        where = cast(simplify(r.at(then, found), r.facts), r.start.dtype)
        return choose(binary("lt", const(0, INDEX), r.number), where, r.start)
    return None


def _last(r: Recurrence) -> Expr | None:
    """select(c(k), v, s) with a v that does not change: v once c has held, the start before."""
    if r.update.op != "select":
        return None
    test, then, other = r.update.args
    if then is r.carried:
        test, then, other = negation(test), other, then
    if other is not r.carried or occurs(r.carried, test) or occurs(r.carried, then) or occurs(r.number, then):
        return None
    held = reduce("any", r.number, lambda j: r.at(test, j)) if occurs(r.number, test) else test
    return choose(held, then, r.start)


def closed(r: Recurrence, step: Step) -> Expr:
    """The value before iteration r.number."""
    if step.term is None:
        return r.start
    term = simplify(step.term, r.facts)
    if step.kind == "sum":
        return _sum(r, term)
    if step.kind in EXTREMES:
        return _extreme(r, step.kind, term)
    if step.kind == "prod":
        return _multiplied(r, term)
    found = reduce(step.kind, r.number, lambda j: r.at(term, j))
    if r.start is (FALSE if step.kind == "any" else TRUE):
        return found
    return binary("lor" if step.kind == "any" else "land", r.start, found)


def _sum(r: Recurrence, term: Expr) -> Expr:
    """start + sum; a constant term multiplies, a peeled first term joins the sum."""
    dtype = r.start.dtype
    if not occurs(r.number, term) and (dtype in (INDEX, "int") or term.op == "const"):
        return simplify(binary("add", r.start, binary("mul", cast(r.number, dtype), term)), r.facts)
    peeled = _peeled(r, "sum", term)
    if peeled is not None:
        return peeled
    total = joined_tiles(r, term) or reduce("sum", r.number, lambda j: r.at(term, j))
    if r.start.op == "const" and r.start.value == 0:
        return total
    return binary("add", r.start, total)


def joined_tiles(r: Recurrence, term: Expr) -> Expr | None:
    """The sum over tiles of sums over their elements, as one sum.

    The term of iteration l is the sum of h(k) for o(l) <= k < min(o(l + 1), end), where o is linear in l with a
    positive slope and end is the same for all: the tiles follow one another, so that the first `number` of them are
    o(0) <= k < min(o(number), end).  Without an end the tiles are whole.
    """
    if term.op != "reduce" or term.kind != "sum" or len(term.args) != 2:
        return None
    k = fresh()
    body = substitute(term.args[1], {term.number: k})
    offset = _offset(r, body, k)
    if offset is None:
        return None
    moved = simplify(substitute(body, {k.number: expression(polynomial(k) - offset)}), r.facts)
    if occurs(r.number, moved):
        return None
    after = polynomial(r.at(expression(offset), expression(polynomial(r.number) + 1)))
    first = polynomial(r.at(expression(offset), const(0, INDEX)))
    end = _end_of_tiles(r, polynomial(term.args[0]) + offset, after)
    if end is None:
        return None
    last = expression(offset)
    if end is not after:
        if not (r.facts.nonnegative(end - offset) and r.facts.nonnegative(end - first)):
            return None
        last = binary("min", last, expression(end))
    count = expression(polynomial(last) - first)
    return reduce("sum", count, lambda i: substitute(moved, {k.number: expression(polynomial(i) + first)}))


def _offset(r: Recurrence, body: Expr, k: Expr) -> Polynomial | None:
    """o(l) of the first index that is k + o(l) + something without l; o is linear with a positive constant slope."""
    for e in walk(body):
        if e.dtype != INDEX or e.op not in ("add", "sub") or not (occurs(k, e) and occurs(r.number, e)):
            continue
        p = polynomial(e)
        slope, own = p.coefficient(r.number), p.coefficient(k)
        if own is None or own.constant != 1 or slope is None or slope.constant is None or slope.constant < 1:
            continue
        return Polynomial({(r.number,): slope.constant})
    return None


def _end_of_tiles(r: Recurrence, stop: Polynomial, after: Polynomial) -> Polynomial | None:
    """The end beyond which tiles are cut off: `after` itself when they are whole; None when they leave gaps."""
    if not (stop - after).terms:
        return after
    for atom in stop.atoms:
        if atom.op != "min" or (stop - Polynomial({(atom,): 1})).terms:
            continue
        left, right = (polynomial(a) for a in atom.args)
        if not (left - after).terms and r.number not in right.atoms:
            return right
        if not (right - after).terms and r.number not in left.atoms:
            return left
    return None


def _multiplied(r: Recurrence, term: Expr) -> Expr:
    peeled = _peeled(r, "prod", term)
    if peeled is not None:
        return peeled
    product = reduce("prod", r.number, lambda j: r.at(term, j))
    return product if r.start.op == "const" and r.start.value == 1 else binary("mul", r.start, product)


def _peeled(r: Recurrence, kind: str, term: Expr) -> Expr | None:
    """When the start is the term at -1: the reduction over one more iteration."""
    if not occurs(r.number, term) or r.start.op == "const":
        return None
    before = simplify(r.at(term, const(-1, INDEX)), r.facts)
    if before is not simplify(r.start, r.facts):
        return None
    count = expression(polynomial(r.number) + 1)
    return reduce(kind, count, lambda j: simplify(r.at(term, expression(polynomial(j) - 1)), r.facts))


def _extreme(r: Recurrence, kind: str, term: Expr) -> Expr:
    """max / min with the start folded in, unless it is the term of an iteration just before or inside the range."""
    peeled = _peeled(r, kind, term)
    if peeled is not None:
        return peeled
    if is_infinite(r.start):
        found = reduce(kind, r.number, lambda j: r.at(term, j))
        return choose(binary("lt", const(0, INDEX), r.number), found, r.start)
    return reduce(kind, r.number, lambda j: r.at(term, j), r.start)


def is_infinite(e: Expr) -> bool:
    """Whether an expression is a constant infinity."""
    return e.op == "const" and isinstance(e.value, float) and math.isinf(e.value)


def linear(update: Expr, s: Expr) -> bool:
    """Whether an update is a reduction-like function of s: linear, an extreme, or a choice of such.

    The condition of a choice may compare s; a product of s with itself, a function of s, or s in a divisor or an
    index is none.
    """
    if update is s or not occurs(s, update):
        return True
    match update.op:
        case "add" | "sub" | "min" | "max" | "land" | "lor":
            return all(linear(a, s) for a in update.args)
        case "mul" | "and" | "or" | "xor":
            return sum(occurs(s, a) for a in update.args) == 1 and all(linear(a, s) for a in update.args)
        case "div":
            return not occurs(s, update.args[1]) and linear(update.args[0], s)
        case "neg" | "cast" | "lnot" | "abs":
            return linear(update.args[0], s)
        case "select":
            test = update.args[0]
            return linear(update.args[1], s) and linear(update.args[2], s) and _compares(test, s)
    return False


def named(update: Expr, s: Expr) -> str:
    """What kind of recurrence an update is that no rule covers, for messages."""
    if update.op in ("fmod", "trem"):
        return "a recurrence modulo a number, as of a checksum or a hash, which is no reduction"
    if update.op in ("fdiv", "tdiv", "shr"):
        return "a repeated integer division, which is no reduction"
    if update.op == "call":
        return f"a repeated {update.name}, which is no reduction"
    if any(n.op == "get" and any(occurs(s, i) for i in n.args[1:]) for n in walk(update)):
        return "a walk through an array by its own elements, which is no reduction"
    products = [n for n in walk(update) if n.op == "mul" and sum(occurs(s, a) for a in n.args) > 1]
    if products:
        return "a nonlinear recurrence, which is no reduction"
    return "a recurrence that is no reduction"


def _compares(test: Expr, s: Expr) -> bool:
    if test.op in ("lt", "le", "eq", "ne", "land", "lor", "lnot"):
        return all(linear(a, s) for a in test.args)
    return linear(test, s)


def folded(group: list[Recurrence], which: int) -> Expr | None:
    """A fold of several accumulators, or None when one of them is no linear update of its own."""
    if not all(linear(r.update, r.carried) for r in group):
        return None
    first = group[0]

    def bodies(accumulators: tuple[Expr, ...], k: Expr) -> list[Expr]:
        mapping = {r.carried.number: a for r, a in zip(group, accumulators, strict=True)}
        return [substitute(r.update, {**mapping, first.number.number: k}) for r in group]

    return fold(first.number, [r.start for r in group], bodies, which)


def argument_of_extreme(index: Recurrence, value: Recurrence) -> Expr | None:
    """The closed form of an argmax: index is replaced exactly where the running extreme is.

    value' = select(value < g, g, value), index' = select(value < g, h(k), index).  A strict comparison keeps the
    first extreme, which is what argmax gives; a non-strict one keeps the last and is left to a fold.
    """
    if index.update.op != "select" or value.update.op not in ("select", *EXTREMES):
        return None
    test, then, other = index.update.args
    if other is not index.carried or occurs(index.carried, then) or occurs(value.carried, then):
        return None
    step = step_of(value.update, value.carried, value.start)
    if step is None or step.kind not in EXTREMES or step.term is None or test.op != "lt":
        return None
    wanted = (value.carried, step.term) if step.kind == "max" else (step.term, value.carried)
    if test.args != wanted:
        return None
    return _argument(index, value, step, then)


def _argument(index: Recurrence, value: Recurrence, step: Step, then: Expr) -> Expr | None:
    term = step.term
    assert term is not None
    kind = "arg" + step.kind
    before = simplify(value.at(term, const(-1, INDEX)), value.facts)
    if before is simplify(value.start, value.facts):
        first = simplify(index.at(then, const(-1, INDEX)), index.facts)
        if first is not simplify(index.start, index.facts):
            return None
        count = expression(polynomial(value.number) + 1)
        found = reduce(kind, count, lambda j: simplify(value.at(term, expression(polynomial(j) - 1)), value.facts))
        return _at_argument(index, then, expression(polynomial(found) - 1))
    if is_infinite(value.start):
        found = reduce(kind, value.number, lambda j: value.at(term, j))
        return choose(binary("lt", const(0, INDEX), value.number), _at_argument(index, then, found), index.start)
    return None


def _at_argument(index: Recurrence, then: Expr, where: Expr) -> Expr:
    found = simplify(index.at(then, where), index.facts)
    return cast(found, index.start.dtype)
