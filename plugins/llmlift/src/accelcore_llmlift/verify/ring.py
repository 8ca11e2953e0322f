"""Sums of products in normal form, and inverses over the reals."""

from __future__ import annotations

import math
from fractions import Fraction

from accelcore_llmlift.verify.ranges import Ranges
from accelcore_llmlift.verify.terms import Number, Poly, Term

_MOST_MONOMIALS = 256
"""A product that would have more monomials stays a product of two boxed sums."""


class Ring(Ranges):
    """Ring operations: two expressions that are equal as polynomials are one object."""

    def from_poly(self, poly: Poly, sort: str) -> Term:
        """The normal form of a sum of products."""
        items = [(mono, coef) for mono, coef in poly.items() if coef]
        if not items:
            return self.num(0, sort)
        if len(items) == 1:
            mono, coef = items[0]
            if not mono:
                return self.num(coef, sort)
            if len(mono) == 1 and coef == 1:
                return mono[0]
        items.sort(key=lambda item: [a.serial for a in item[0]])
        atoms: dict[Term, None] = {}
        for mono, _ in items:
            for atom in mono:
                atoms[atom] = None
        key = ("poly", tuple((tuple(a.serial for a in m), c) for m, c in items), sort)
        found = self._table.get(key)
        if found is None:
            found = Term("poly", tuple(atoms), tuple(items), sort, len(self._table))
            self._table[key] = found
        return found

    def add(self, *terms: Term) -> Term:
        """Sum."""
        total: Poly = {}
        for term in terms:
            for mono, coef in self.poly(term).items():
                total[mono] = total.get(mono, 0) + coef
        return self.from_poly(total, terms[0].sort)

    def scale(self, factor: Number, term: Term) -> Term:
        """factor * term."""
        return self.from_poly({m: c * factor for m, c in self.poly(term).items()}, term.sort)

    def sub(self, a: Term, b: Term) -> Term:
        """a - b."""
        return self.add(a, self.scale(-1, b))

    def mul(self, a: Term, b: Term) -> Term:
        """Product."""
        left, right = self.poly(a), self.poly(b)
        if len(left) * len(right) > _MOST_MONOMIALS:
            pair = sorted((self._boxed(a), self._boxed(b)), key=lambda t: t.serial)
            return self.from_poly({tuple(pair): 1}, a.sort)
        total: Poly = {}
        for m1, c1 in left.items():
            for m2, c2 in right.items():
                mono = tuple(sorted(m1 + m2, key=lambda t: t.serial)) if m1 and m2 else m1 or m2
                total[mono] = total.get(mono, 0) + c1 * c2
        return self.from_poly(total, a.sort)

    def _boxed(self, term: Term) -> Term:
        return term if term.op not in ("poly", "num") else self.make("box", (term,), None, term.sort)

    def inverse(self, term: Term) -> Term:
        """1/term over the reals, 0 for 0: multiplicative, so a monomial's inverse is the product of its inverses.

        A sum is divided by its content (the gcd of its coefficients), which does not depend on the order of its
        monomials: two sums that are equal under some case split then have equal arguments of `inv`.
        """
        poly = self.poly(term)
        if not poly:
            return self.num(0, "Real")
        if len(poly) > 1:
            content = _content(list(poly.values()))
            atom = self.make("inv", (self.scale(1 / content, term),), None, "Real")
            return self.scale(1 / content, atom)
        ((mono, coef),) = poly.items()
        result = self.num(Fraction(1) / Fraction(coef), "Real")
        for atom in mono:
            result = self.mul(result, atom.args[0] if atom.op == "inv" else self.make("inv", (atom,), None, "Real"))
        return result


def _content(coefs: list[Number]) -> Fraction:
    """The positive gcd of rational numbers."""
    exact = [Fraction(c) for c in coefs]
    return Fraction(math.gcd(*(c.numerator for c in exact)), math.lcm(*(c.denominator for c in exact)))
