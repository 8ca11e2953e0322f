"""Polynomials: a normal form of + - * (and sums, and division by constants) over "int", "real" and indices.

A polynomial maps monomials to rational coefficients.  A monomial is a tuple of atoms in the order of their digests;
an atom is any expression that is not itself a sum or product.  Exact casts distribute, so `real(a * b)` is
`real(a) * real(b)`; a sum over an index is split by terms, and factors that do not depend on the index leave it.  So
two expressions with equal polynomials are equal over the integers and the reals, whatever the order of their operands
(the converse does not hold: atoms may be equal for other reasons).
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce as fold_left

from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, binary, cast, const, reduce, spine, substitute

Monomial = tuple[Expr, ...]
Polynomial = dict[Monomial, Fraction]

EXACT = frozenset({"int", "real", INDEX})
"""Dtypes whose arithmetic is a commutative ring without rounding or wrapping."""

_LIMIT = 4096
"""Monomials beyond which a product stays an atom: (a + b) ** 20 is not expanded."""


def polynomial(e: Expr) -> Polynomial:
    """The normal form of a scalar of an exact dtype; any other expression is one atom."""
    return _Expansion().of(e)


def same_polynomial(a: Expr, b: Expr) -> bool:
    """Whether two expressions are equal by the laws of commutative rings, division by constants and linear sums."""
    return a is b or (a.dtype == b.dtype and polynomial(a) == polynomial(b))


def constant_of(p: Polynomial) -> Fraction | None:
    """The value of a constant polynomial, else None."""
    if not p:
        return Fraction(0)
    return p[()] if list(p) == [()] else None


def add(a: Polynomial, b: Polynomial, factor: Fraction | int = 1) -> Polynomial:
    """a + factor * b."""
    total = dict(a)
    for monomial, coefficient in b.items():
        value = total.get(monomial, Fraction(0)) + factor * coefficient
        if value:
            total[monomial] = value
        else:
            total.pop(monomial, None)
    return total


def multiply(a: Polynomial, b: Polynomial) -> Polynomial:
    """a * b."""
    total: Polynomial = {}
    for m, c in a.items():
        for n, d in b.items():
            total = add(total, {tuple(sorted((*m, *n), key=_order)): c * d})
    return total


def _order(atom: Expr) -> str:
    return atom.digest


class _Expansion:
    """Expands with a memory of its own, over one expression."""

    def __init__(self) -> None:
        self._memo: dict[Expr, Polynomial] = {}

    def of(self, e: Expr) -> Polynomial:
        if e not in self._memo:
            for node in reversed(spine(e, self._memo.__contains__)):
                exact = node.dtype in EXACT and node.rank == 0
                self._memo[node] = self._expand(node) if exact else {(node,): Fraction(1)}
        return self._memo[e]

    def _expand(self, e: Expr) -> Polynomial:
        match e.op:
            case "const" if e.value == e.value and abs(e.value) != float("inf"):
                return {(): Fraction(e.value)} if e.value else {}
            case "add" | "sub":
                return add(self.of(e.args[0]), self.of(e.args[1]), 1 if e.op == "add" else -1)
            case "neg":
                return add({}, self.of(e.args[0]), -1)
            case "mul":
                return self._product(e)
            case "div":
                return self._quotient(e)
            case "pow":
                return self._power(e)
            case "cast" if e.args[0].dtype in EXACT and _widens(e.args[0].dtype, e.dtype):
                inner = self.of(e.args[0])
                return {tuple(sorted((cast(a, e.dtype) for a in m), key=_order)): c for m, c in inner.items()}
            case "reduce" if e.kind == "sum":
                return self._sum(e)
        return {(e,): Fraction(1)}

    def _product(self, e: Expr) -> Polynomial:
        a, b = self.of(e.args[0]), self.of(e.args[1])
        if len(a) * len(b) > _LIMIT:
            return {(e,): Fraction(1)}
        return multiply(a, b)

    def _quotient(self, e: Expr) -> Polynomial:
        """a / c for a constant c; a / b otherwise is a times the atom 1 / b."""
        divisor = constant_of(self.of(e.args[1]))
        numerator = self.of(e.args[0])
        if divisor:
            return {m: c / divisor for m, c in numerator.items()}
        if e.args[0] is const(1.0, e.dtype) or divisor == 0:
            return {(e,): Fraction(1)}
        inverse = binary("div", const(1.0, e.dtype), e.args[1])
        return multiply(numerator, {(inverse,): Fraction(1)})

    def _power(self, e: Expr) -> Polynomial:
        exponent = constant_of(self.of(e.args[1]))
        base = self.of(e.args[0])
        if (
            exponent is None
            or exponent.denominator != 1
            or not 0 <= exponent <= 16
            or len(base) ** int(exponent) > _LIMIT
        ):
            return {(e,): Fraction(1)}
        return fold_left(multiply, [base] * int(exponent), {(): Fraction(1)})

    def _sum(self, e: Expr) -> Polynomial:
        """Term by term, with the factors that do not depend on the index in front."""
        extent, number = e.args[0], e.number
        total = dict(self.of(e.args[2])) if len(e.args) > 2 else {}
        for monomial, coefficient in self.of(e.args[1]).items():
            outside = tuple(a for a in monomial if number not in a.free)
            inside = [a for a in monomial if number in a.free]
            if inside:
                body = fold_left(lambda a, b: a * b, inside)
                atom = reduce("sum", extent, lambda k, body=body: substitute(body, {number: k}))  # type: ignore[misc]  # bound now
                front: Polynomial = {(atom,): Fraction(1)}
            else:
                front = self._length(extent, e.dtype)
            total = add(total, multiply({outside: coefficient}, front))
        return total

    def _length(self, extent: Expr, dtype: str) -> Polynomial:
        """The extent as a number; a size is never negative, other extents count as 0 when they are."""
        known = extent.op == "size" or (extent.op == "const" and extent.value >= 0)
        counted = cast(extent if known else binary("max", extent, 0), dtype)
        return self.of(counted)


def _widens(source: str, target: str) -> bool:
    return DTYPES[target].is_float or not DTYPES[source].is_float


def expression(p: Polynomial, dtype: str) -> Expr:
    """The polynomial as an expression: terms in the order of their digests, the constant last."""
    terms = sorted(p.items(), key=lambda item: (not item[0], [a.digest for a in item[0]]))
    total: Expr | None = None
    for monomial, coefficient in terms:
        magnitude = _term(monomial, abs(coefficient), dtype)
        if total is None:
            total = magnitude if coefficient > 0 else _negative(monomial, coefficient, dtype)
        else:
            total = total + magnitude if coefficient > 0 else total - magnitude
    return const(0, dtype) if total is None else total


def _negative(monomial: Monomial, coefficient: Fraction, dtype: str) -> Expr:
    if not monomial or coefficient != -1:
        return _term(monomial, coefficient, dtype)
    return -_term(monomial, Fraction(1), dtype)


def _term(monomial: Monomial, coefficient: Fraction, dtype: str) -> Expr:
    product = fold_left(lambda a, b: a * b, monomial) if monomial else None
    number = _number(coefficient, dtype)
    if product is None:
        return number
    return product if coefficient == 1 else number * product


def _number(value: Fraction, dtype: str) -> Expr:
    """A rational constant; one that no float is becomes a quotient."""
    if not DTYPES[dtype].is_float:
        return const(int(value), dtype)
    if Fraction(float(value)) == value:
        return const(float(value), dtype)
    return const(float(value.numerator), dtype) / const(float(value.denominator), dtype)
