"""Simplification under facts: what makes an index function readable and lets recurrences be recognised.

Every rule is an identity of exact integers and reals in a context of known ranges.  Rules that hold only for reals
(rounding casts that are read back, 0 * x = 0) make the summary one of the "real" number model.
"""

from __future__ import annotations

from collections.abc import Iterable

from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import (
    BINDERS,
    Expr,
    binary,
    bind,
    cast,
    comp,
    const,
    fresh,
    get,
    rebuild,
    reduce,
    select,
    shape,
    substitute,
    unary,
    walk,
)
from accelcore_llmlift.polynomial import Facts, Polynomial, decide, expression, polynomial, split

TRUE, FALSE = const(True), const(False)
WHOLE = ("int", INDEX)


def simplify(e: Expr, facts: Facts) -> Expr:
    """The expression in its simplest known form under the facts."""
    return _Simplifier(facts).visit(e)


class _Simplifier:
    """One set of facts and what was simplified under it."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.memo: dict[Expr, Expr] = {}

    def visit(self, e: Expr) -> Expr:
        if not e.args:
            return e
        found = self.memo.get(e)
        if found is None:
            found = self.memo[e] = self.node(e)
        return found

    def node(self, e: Expr) -> Expr:
        if e.op == "select":
            return self.choice(e)
        if e.op in ("land", "lor"):
            return self.connective(e)
        if e.op == "fold":
            return e
        if e.op in BINDERS:
            return self.binder(e)
        args = tuple(self.visit(a) for a in e.args)
        return self.local(e, args)

    def choice(self, e: Expr) -> Expr:
        test = self.visit(e.args[0])
        if test is TRUE:
            return self.visit(e.args[1])
        if test is FALSE:
            return self.visit(e.args[2])
        then = simplify(e.args[1], self.facts.assuming([test]))
        other = simplify(e.args[2], self.facts.assuming(conjuncts(negation(test))))
        return choose(test, then, other)

    def connective(self, e: Expr) -> Expr:
        """Each conjunct is simplified knowing the ones before it."""
        found: list[Expr] = []
        known = self.facts
        stop = FALSE if e.op == "land" else TRUE
        for part in _flattened(e, e.op):
            now = simplify(part, known)
            if now is stop:
                return stop
            if now is TRUE or now is FALSE or now in found:
                continue
            found.append(now)
            known = known.assuming([now] if e.op == "land" else conjuncts(negation(now)))
        neutral = TRUE if e.op == "land" else FALSE
        if e.op == "land":
            found = self.without_implied(found)
        return joined(e.op, found, neutral)

    def without_implied(self, parts: list[Expr]) -> list[Expr]:
        """Bounds of quotients that the other conjuncts imply: i // 16 < (n + 15) // 16 where i < n."""
        for part in [p for p in parts if p.op in ("lt", "le") and _constant_divisions(p)]:
            others = [p for p in parts if p is not part]
            if len(parts) > 1 and decide(part, self.facts.assuming(others)):
                parts = others
        return parts

    def binder(self, e: Expr) -> Expr:
        """Open the binder with a fresh variable whose range is known inside."""
        outer_count = 1 if e.op != "scatter" else int(str(e.attrs[2])) + 1
        inside = {"filter": 2, "scatter": outer_count}.get(e.op, 1)
        outer = tuple(self.visit(a) for a in e.args[:outer_count])
        after = tuple(self.visit(a) for a in e.args[outer_count + inside :])
        variable = fresh()
        inner_facts = self.facts.counting(variable, outer[-1])
        body = tuple(
            simplify(substitute(a, {e.number: variable}), inner_facts)
            for a in e.args[outer_count : outer_count + inside]
        )
        return bind(e.op, variable, outer, body, after, e.attrs[1:])

    def local(self, e: Expr, args: tuple[Expr, ...]) -> Expr:
        if e.dtype == INDEX and e.op in ("add", "sub", "mul", "neg"):
            return expression(polynomial(rebuild(e, args)), e.dtype)
        if e.op in ("lt", "le", "eq", "ne"):
            return self.comparison(rebuild(e, args))
        if e.op in ("fdiv", "fmod") and e.dtype in WHOLE:
            return self.division(e, args)
        if e.op in ("min", "max") and e.dtype in WHOLE:
            return self.extreme(e, args)
        if e.op == "get":
            indices = tuple(_normal(a) for a in args[1:])
            return get(args[0], *indices)
        if e.op == "lnot":
            return negation(args[0])
        if e.op == "length":
            return self.length(e, args)
        return tidy(rebuild(e, args))

    def length(self, e: Expr, args: tuple[Expr, ...]) -> Expr:
        axis = e.attrs[0]
        assert isinstance(axis, int)
        if args[0].op in ("comp", "scan", "scatter"):
            return shape(args[0])[axis]
        return rebuild(e, args)

    def comparison(self, e: Expr) -> Expr:
        parts = _bounds(e)
        if parts is not None:
            return self.visit(parts)
        e = _remainder(e)
        a, b = e.args
        if a.dtype in WHOLE and b.dtype in WHOLE:
            known = decide(e, self.facts)
            return _balanced(e) if known is None else const(known)
        if e in self.facts.conditions:
            return TRUE
        if a is b:
            return const(e.op in ("le", "eq"))
        if a.op == b.op == "const":
            x, y = a.value, b.value
            return const({"lt": x < y, "le": x <= y, "eq": x == y, "ne": x != y}[e.op])
        return e

    def division(self, e: Expr, args: tuple[Expr, ...]) -> Expr:
        """(q * b + r) // b is q and (q * b + r) % b is r, for 0 <= r < b."""
        dividend, divisor = polynomial(args[0]), polynomial(args[1])
        quotient, rest = split(dividend, divisor)
        if quotient is not None and self.facts.nonnegative(rest) and self.facts.nonnegative(divisor - rest - 1):
            return expression(quotient if e.op == "fdiv" else rest, e.dtype)
        return rebuild(e, tuple(_normal(a) if e.dtype == INDEX else a for a in args))

    def extreme(self, e: Expr, args: tuple[Expr, ...]) -> Expr:
        difference = polynomial(args[0]) - polynomial(args[1])
        if self.facts.nonnegative(difference):
            return args[0] if e.op == "max" else args[1]
        if self.facts.nonnegative(-difference):
            return args[1] if e.op == "max" else args[0]
        return rebuild(e, args)


def _bounds(e: Expr) -> Expr | None:
    """x < min(a, b) is x < a and x < b; max(a, b) <= x is a <= x and b <= x; for indices."""
    if e.op not in ("lt", "le") or e.args[0].dtype != INDEX:
        return None
    low, high = e.args
    if high.op == "min":
        return binary("land", *(binary(e.op, low, h) for h in high.args))
    if low.op == "max":
        return binary("land", *(binary(e.op, x, high) for x in low.args))
    return None


def _constant_divisions(e: Expr) -> bool:
    """Whether an expression divides, and only by numbers."""
    divisors = [n.args[1] for n in walk(e) if n.op == "fdiv"]
    return bool(divisors) and all(d.op == "const" for d in divisors)


def _remainder(e: Expr) -> Expr:
    """(p + c) % m == r is p % m == (r - c) % m, for numbers c, m and r with 0 <= r < m."""
    if e.op not in ("eq", "ne") or e.args[0].op != "fmod" or e.args[1].op != "const":
        return e
    dividend, modulus = polynomial(e.args[0].args[0]), polynomial(e.args[0].args[1]).constant
    added, rest = dividend.terms.get((), 0), int(e.args[1].value)
    if modulus is None or modulus < 1 or not added or not 0 <= rest < modulus:
        return e
    dtype = e.args[0].dtype
    moved = binary("fmod", expression(dividend - added, dtype), const(modulus, dtype))
    return binary(e.op, moved, const((rest - added) % modulus, dtype))


def _balanced(e: Expr) -> Expr:
    """A comparison of indices with common terms cancelled: i - 1 < n - 2 is i < n - 1, 0 <= i - 1 is 0 < i."""
    if e.args[0].dtype != INDEX:
        return e
    p = polynomial(e.args[1]) - polynomial(e.args[0]) + (e.op == "le")
    negative = Polynomial({m: -c for m, c in p.terms.items() if c < 0 and m})
    positive = p + negative
    if e.op in ("eq", "ne") and not negative.terms:
        constant = p.terms.get((), 0)
        negative, positive = p - constant, Polynomial({}) - constant
    return binary("lt" if e.op == "le" else e.op, expression(negative), expression(positive))


def _normal(e: Expr) -> Expr:
    return expression(polynomial(e), e.dtype) if e.op in ("add", "sub", "mul", "neg", "cast") else e


def _flattened(e: Expr, op: str) -> list[Expr]:
    return [p for a in e.args for p in _flattened(a, op)] if e.op == op else [e]


def conjuncts(e: Expr) -> list[Expr]:
    """The parts of a conjunction."""
    return _flattened(e, "land")


def joined(op: str, parts: Iterable[Expr], neutral: Expr) -> Expr:
    """One expression from the parts of a conjunction or disjunction."""
    found: Expr | None = None
    for part in parts:
        found = part if found is None else binary(op, found, part)
    return neutral if found is None else found


def conjunction(parts: Iterable[Expr]) -> Expr:
    """All of the parts."""
    return joined("land", (p for p in parts if p is not TRUE), TRUE)


def negation(e: Expr) -> Expr:
    """not e, pushed inwards: a < b becomes b <= a."""
    match e.op:
        case "const":
            return const(not e.value)
        case "lnot":
            return e.args[0]
        case "lt":
            return binary("le", e.args[1], e.args[0])
        case "le":
            return binary("lt", e.args[1], e.args[0])
        case "eq":
            return binary("ne", *e.args)
        case "ne":
            return binary("eq", *e.args)
        case "land":
            return binary("lor", negation(e.args[0]), negation(e.args[1]))
        case "lor":
            return binary("land", negation(e.args[0]), negation(e.args[1]))
    return unary("lnot", e)


def choose(test: Expr, then: Expr, other: Expr) -> Expr:
    """select with the simplest form of its branches."""
    if test is TRUE or then is other:
        return then
    if test is FALSE:
        return other
    if then is TRUE and other is FALSE:
        return test
    if then is FALSE and other is TRUE:
        return negation(test)
    if then.op == "select" and then.args[2] is other:
        return choose(binary("land", test, then.args[0]), then.args[1], other)
    if then.op == "select" and then.args[1] is other:
        return choose(binary("land", test, negation(then.args[0])), then.args[2], other)
    if other.op == "select" and other.args[1] is then:
        return choose(binary("lor", test, other.args[0]), then, other.args[2])
    if then.op == other.op == "select" and then.args[0] is other.args[0] and then.args[2] is other.args[2]:
        return choose(then.args[0], choose(test, then.args[1], other.args[1]), then.args[2])
    return select(test, then, other)


def tidy(e: Expr) -> Expr:
    """Identities of real arithmetic and of casts that are read back."""
    match e.op:
        case "add" | "mul" | "max" | "min" if _one_more(e) is not None:
            return _one_more(e) or e
        case "add" if _is(e.args[0], 0):
            return e.args[1]
        case "add" | "sub" if _is(e.args[1], 0):
            return e.args[0]
        case "sub" if _is(e.args[0], 0):
            return unary("neg", e.args[1])
        case "mul" if _is(e.args[0], 1):
            return e.args[1]
        case "mul" | "div" if _is(e.args[1], 1):
            return e.args[0]
        case "mul" if _is(e.args[0], 0) or _is(e.args[1], 0):
            return const(0, e.dtype)
        case "neg" if e.args[0].op == "neg":
            return e.args[0].args[0]
        case "cast":
            return _read_back(e)
    return e


def _one_more(e: Expr) -> Expr | None:
    """sum over k < n of t(k), plus t(n), is the sum over k < n + 1; so for prod, max and min."""
    kind = {"add": "sum", "mul": "prod"}.get(e.op, e.op)
    for total, term in (e.args, e.args[::-1]):
        if total.op == "reduce" and total.kind == kind:
            count, body, *init = total.args
            if substitute(body, {total.number: count}) is term:
                more = expression(polynomial(count) + 1)
                return reduce(kind, more, lambda k: substitute(body, {total.number: k}), *init)
    return None


def _is(e: Expr, value: int) -> bool:
    return e.op == "const" and e.dtype != "bool" and e.value == value


def _read_back(e: Expr) -> Expr:
    """cast(real, cast(f32, x)) is x in the number model "real"; a fitting integer is itself."""
    inner = e.args[0]
    if e.rank or inner.op != "cast":
        return e
    value = inner.args[0]
    kinds = {DTYPES[x.dtype].is_float for x in (e, inner, value)}
    if value.dtype == e.dtype == "real" and kinds == {True}:
        return value
    if inner.dtype in ("real", "int") and value.dtype == e.dtype and value.dtype not in ("real", "int"):
        return value  # every storage number is an exact number, and the same in storage again
    if value.dtype == e.dtype == "int" and inner.attrs[1] == "exact":
        return value
    if value.dtype == "int" and e.dtype == "real" and inner.dtype == "real":
        return cast(value, "real")
    return e


def element(tensor: Expr, indices: Iterable[Expr], facts: Facts) -> Expr:
    """An element of a tensor, simplified."""
    return simplify(get(tensor, *indices), facts)


def tensor_of(extents: tuple[Expr, ...], variables: tuple[Expr, ...], body: Expr) -> Expr:
    """The tensor of those extents whose element at `variables` is `body`."""
    for extent, variable in zip(reversed(extents), reversed(variables), strict=True):
        body = _abstracted(extent, variable, body)
    return body


def _abstracted(extent: Expr, variable: Expr, body: Expr) -> Expr:
    return comp(extent, lambda i: substitute(body, {variable.number: i}))


def natural(e: Expr) -> Expr:
    """A stored number as the exact number that it is: rounding and fitting casts taken off, element reads widened."""
    if e.dtype in ("int", "real", "bool"):
        return e
    wide = "real" if DTYPES[e.dtype].is_float else "int"
    if e.op == "cast" and e.args[0].dtype == wide and (wide == "real" or e.attrs[1] == "exact"):
        return e.args[0]
    if e.op == "select":
        return choose(e.args[0], natural(e.args[1]), natural(e.args[2]))
    if e.dtype == INDEX and e.op in ("add", "sub", "mul"):
        return binary(e.op, *(natural(a) for a in e.args))
    return cast(e, wide)


def in_storage(e: Expr, dtype: str) -> Expr:
    """An exact number in storage again: the cast that `natural` takes off."""
    if e.dtype == dtype:
        return e
    floating = DTYPES[dtype].is_float
    return tidy(cast(e, dtype, "nearest" if floating else "trunc", "wrap" if floating else "exact"))


def exchange(e: Expr, mapping: dict[Expr, Expr]) -> Expr:
    """Replace sub-expressions that do not use variables bound inside e."""
    memo: dict[Expr, Expr] = dict(mapping)
    for node in walk(e):
        if node not in memo:
            memo[node] = rebuild(node, tuple(memo[a] for a in node.args))
    return memo[e]
