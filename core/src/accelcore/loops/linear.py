"""Index expressions as polynomials over sizes and iterators, and what can be proved about them.

A polynomial maps monomials to integer coefficients; a monomial is a tuple of names in sorted order.  Sizes are known
not to be negative; an iterator lies in [0, extent).  Anything else (a read, a division) is an opaque atom.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, index

Atom = str | Expr
Monomial = tuple[Atom, ...]
Polynomial = dict[Monomial, int]

ONE: Monomial = ()


def constant(value: int) -> Polynomial:
    """A constant polynomial."""
    return {ONE: value} if value else {}


def polynomial(e: Expr) -> Polynomial:
    """`e` as a polynomial; what is not a sum or product of names and constants is an atom."""
    return dict(_polynomial(e))


@lru_cache(maxsize=1 << 15)
def _polynomial(e: Expr) -> tuple[tuple[Monomial, int], ...]:
    return tuple(_compute(e).items())


def _compute(e: Expr) -> Polynomial:
    match e.op:
        case "const":
            return constant(int(e.value))
        case "size":
            return {(e.name,): 1}
        case "param":
            return {(e.name,): 1} if e.dtype == INDEX else {(e,): 1}
        case "add":
            return plus(polynomial(e.args[0]), polynomial(e.args[1]))
        case "sub":
            return plus(polynomial(e.args[0]), scaled(polynomial(e.args[1]), -1))
        case "neg":
            return scaled(polynomial(e.args[0]), -1)
        case "mul":
            return times(polynomial(e.args[0]), polynomial(e.args[1]))
        case "cast" if e.dtype == INDEX and e.args[0].dtype == "int":
            return polynomial(e.args[0])
    return {(e,): 1}


def plus(a: Polynomial, b: Polynomial) -> Polynomial:
    """a + b."""
    total = dict(a)
    for monomial, coefficient in b.items():
        total[monomial] = total.get(monomial, 0) + coefficient
    return {m: c for m, c in total.items() if c}


def minus(a: Polynomial, b: Polynomial) -> Polynomial:
    """a - b."""
    return plus(a, scaled(b, -1))


def scaled(a: Polynomial, factor: int) -> Polynomial:
    """factor * a."""
    return {m: c * factor for m, c in a.items()} if factor else {}


def times(a: Polynomial, b: Polynomial) -> Polynomial:
    """a * b."""
    total: Polynomial = {}
    for left, x in a.items():
        for right, y in b.items():
            monomial = tuple(sorted((*left, *right), key=_order))
            total[monomial] = total.get(monomial, 0) + x * y
    return {m: c for m, c in total.items() if c}


def _order(atom: Atom) -> tuple[int, str]:
    return (0, atom) if isinstance(atom, str) else (1, repr(atom))


def mentions(monomial: Monomial, name: str) -> bool:
    """Whether a name occurs in a monomial, also inside an opaque atom."""
    return any(a == name if isinstance(a, str) else name in a.inputs or name in a.sizes for a in monomial)


def coefficient(p: Polynomial, name: str) -> Polynomial | None:
    """The factor of a name that occurs linearly; {} when it does not occur, None when it occurs otherwise."""
    found: Polynomial = {}
    for monomial, c in p.items():
        if mentions(monomial, name):
            if monomial.count(name) != 1 or any(not isinstance(a, str) and name in a.inputs for a in monomial):
                return None
            rest = list(monomial)
            rest.remove(name)
            found[tuple(rest)] = found.get(tuple(rest), 0) + c
    return found


def without(p: Polynomial, name: str) -> Polynomial:
    """The terms that do not mention a name."""
    return {m: c for m, c in p.items() if not mentions(m, name)}


def replaced(p: Polynomial, name: str, by: Polynomial) -> Polynomial:
    """p with a name (on its own, not inside an atom) replaced."""
    total: Polynomial = {}
    for monomial, c in p.items():
        part = constant(c)
        for atom in monomial:
            part = times(part, by if atom == name else {(atom,): 1})
        total = plus(total, part)
    return total


def as_constant(p: Polynomial) -> int | None:
    """The value of a constant polynomial, else None."""
    return p.get(ONE, 0) if set(p) <= {ONE} else None


def at_least(p: Polynomial, bound: int) -> bool:
    """Whether p >= bound is certain: no coefficient of a size is negative, and the constant suffices."""
    if any(c < 0 for m, c in p.items() if m != ONE):
        return False
    if any(not isinstance(a, str) for m in p for a in m):
        return False
    return p.get(ONE, 0) >= bound


def without_floors(p: Polynomial) -> Polynomial:
    """A polynomial that is at least p, with c * (x // c) replaced by x."""
    total: Polynomial = {}
    for monomial, c in p.items():
        atom = monomial[0] if len(monomial) == 1 else None
        if isinstance(atom, Expr) and atom.op == "fdiv" and atom.args[1].op == "const":
            divisor = int(atom.args[1].value)
            if divisor > 0 and c > 0 and c % divisor == 0:
                total = plus(total, scaled(polynomial(atom.args[0]), c // divisor))
                continue
        total = plus(total, {monomial: c})
    return total


def extremes(p: Polynomial, extents: Mapping[str, Expr]) -> tuple[Polynomial, Polynomial] | None:
    """Lower and upper bound of p over iterators in [0, extent), as polynomials over sizes; None when unknown.

    Iterators are eliminated inner ones first (the order of `extents` is outer to inner), so that the extent of an inner
    loop may depend on outer iterators.
    """
    low, high = dict(p), dict(p)
    for name in reversed(list(extents)):
        top = minus(polynomial(limit_of(extents[name])), constant(1))
        bounds = []
        for side, upper in ((low, False), (high, True)):
            factor = coefficient(side, name)
            if factor is None:
                return None
            rest = without(side, name)
            if not factor:
                bounds.append(rest)
            elif at_least(factor, 0):
                bounds.append(plus(rest, times(factor, top)) if upper else rest)
            elif at_least(scaled(factor, -1), 0):
                bounds.append(rest if upper else plus(rest, times(factor, top)))
            else:
                return None
        low, high = bounds
    return low, high


def limit_of(extent: Expr) -> Expr:
    """An expression that the extent does not exceed and that is simpler: the constant inside a minimum or remainder."""
    known = limit(extent)
    return extent if known is None else index(known)


def limit(extent: Expr) -> int | None:
    """A constant that a loop's extent never exceeds, when its form shows one: 16, min(16, rest), n % 16."""
    if extent.op == "const":
        return int(extent.value)
    if extent.op == "min":
        known = [k for k in map(limit, extent.args) if k is not None]
        return min(known) if known else None
    if extent.op in ("fmod", "trem") and extent.args[1].op == "const":
        return max(int(extent.args[1].value) - 1, 0)
    if extent.op == "add":
        both = [limit(a) for a in extent.args]
        return both[0] + both[1] if both[0] is not None and both[1] is not None else None
    if extent.op in ("fdiv", "tdiv") and extent.args[1].op == "const" and extent.args[1].value > 0:
        top = limit(extent.args[0])
        return None if top is None else top // int(extent.args[1].value)
    return None


def tidy(op: str, a: Expr, b: Expr | int) -> Expr:
    """An index operation with constants folded and neutral elements dropped."""
    b = index(b) if isinstance(b, int) else b
    if a.op == "const" and b.op == "const":
        x, y = int(a.value), int(b.value)
        folded = {"add": x + y, "sub": x - y, "mul": x * y, "min": min(x, y), "max": max(x, y)}
        if op in ("fdiv", "fmod") and y > 0:
            folded |= {"fdiv": x // y, "fmod": x % y}
        if op in folded:
            return index(folded[op])
    if b.op == "const" and b.value == 0 and op in ("add", "sub"):
        return a
    if a.op == "const" and a.value == 0 and op == "add":
        return b
    for one, other in ((a, b), (b, a)):
        if op == "mul" and one.op == "const" and one.value in (0, 1):
            return other if one.value == 1 else index(0)
    if op in ("fdiv", "fmod") and b.op == "const" and b.value == 1:
        return a if op == "fdiv" else index(0)
    return binary(op, a, b)


def divides(n: int, extent: Expr) -> bool:
    """Whether n is certain to divide the extent."""
    return n == 1 or all(c % n == 0 for c in polynomial(extent).values())
