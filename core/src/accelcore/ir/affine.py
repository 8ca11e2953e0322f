"""Affine forms of index expressions: what dependence tests look at.

    4*i + n*j + m - 1    over the variables i, j    is    {i: 4, j: n} with the rest m - 1

Coefficients and the rest are expressions over sizes (and anything else that contains none of the variables).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, index
from accelcore.ir.polynomial import Polynomial, add, constant_of, expression, multiply, polynomial


@dataclass(frozen=True)
class AffineForm:
    """sum of coefficient * variable + rest.  Pairs are in order of variable numbers; no coefficient is 0."""

    coefficients: tuple[tuple[int, Expr], ...]
    rest: Expr

    def coefficient(self, variable: int) -> Expr:
        """The coefficient of a variable, 0 when it does not occur."""
        return dict(self.coefficients).get(variable, index(0))

    def constant(self, variable: int) -> int | None:
        """The coefficient as a number; None when it depends on sizes."""
        value = constant_of(polynomial(self.coefficient(variable)))
        return None if value is None else int(value)

    @property
    def variables(self) -> tuple[int, ...]:
        """The variables that occur."""
        return tuple(number for number, _ in self.coefficients)


def affine(e: Expr, variables: Iterable[int] | None = None) -> AffineForm | None:
    """The affine form of `e` over its free variables (or the given ones); None when it is not affine in them."""
    over = frozenset(e.free if variables is None else variables)
    rest: Polynomial = {}
    slopes: dict[int, Polynomial] = {}
    for monomial, coefficient in polynomial(e).items():
        held = [a for a in monomial if a.op == "var" and a.number in over]
        others = tuple(a for a in monomial if a not in held)
        if any(over & a.free for a in others) or len(held) > 1:
            return None
        if held:
            number = held[0].number
            slopes[number] = add(slopes.get(number, {}), {others: coefficient})
        else:
            rest = add(rest, {monomial: coefficient})
    pairs = tuple((n, expression(p, INDEX)) for n, p in sorted(slopes.items()) if p)
    return AffineForm(pairs, expression(rest, INDEX))


def difference(a: Expr, b: Expr) -> int | None:
    """a - b when it is the same whatever the variables and sizes are, else None."""
    value = constant_of(add(polynomial(a), polynomial(b), -1))
    return None if value is None or value.denominator != 1 else int(value)


def at_least(e: Expr, least: int, extents: Mapping[int, Expr], sizes: Mapping[str, int] | None = None) -> bool:
    """Whether e >= least for all 0 <= variable < extents[variable] and sizes >= their least values (0).

    Exact for affine expressions with extents over sizes: every variable goes to the end that makes e smallest, and what
    remains must have no term that can be negative.  False means "not proved".
    """
    form = affine(e, extents)
    if form is None:
        return False
    total = polynomial(form.rest)
    for number, slope in form.coefficients:
        sign = _sign(polynomial(slope), sizes or {})
        if sign is None:
            return False
        if sign < 0:
            total = add(total, polynomial(slope * (extents[number] - 1)))
    return _least(total, sizes or {}) >= least


def _sign(p: Polynomial, sizes: Mapping[str, int]) -> int | None:
    """1 when a polynomial over sizes is never negative, -1 when never positive, None when that is not seen."""
    if _least(p, sizes) >= 0:
        return 1
    return -1 if _least(add({}, p, -1), sizes) >= 0 else None


def _least(p: Polynomial, sizes: Mapping[str, int]) -> float:
    """A lower bound: sizes at their least values, in terms with a negative coefficient there is none."""
    shifted = _shifted(p, sizes)
    if any(coefficient < 0 for monomial, coefficient in shifted.items() if monomial):
        return float("-inf")
    if any(a.op != "size" for monomial in shifted for a in monomial):
        return float("-inf")
    return float(shifted.get((), 0))


def _shifted(p: Polynomial, sizes: Mapping[str, int]) -> Polynomial:
    """The polynomial over sizes minus their least values, all of which are then >= 0."""
    total: Polynomial = {}
    for monomial, coefficient in p.items():
        term: Polynomial = {(): coefficient}
        for atom in monomial:
            least = sizes.get(atom.name, 0) if atom.op == "size" else 0
            term = _times_shifted(term, atom, least)
        total = add(total, term)
    return total


def _times_shifted(term: Polynomial, atom: Expr, least: int) -> Polynomial:
    factor = polynomial(atom) if least == 0 else add(polynomial(atom), polynomial(index(least)))
    return multiply(term, factor)
