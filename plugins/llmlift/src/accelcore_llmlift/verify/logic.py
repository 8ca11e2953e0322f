"""Comparisons, Booleans, selections, and the step between integers and reals."""

from __future__ import annotations

import math
from fractions import Fraction

from accelcore_llmlift.verify.ring import Ring
from accelcore_llmlift.verify.terms import Number, Poly, Term, contains_infinity


class Logic(Ring):
    """Booleans over comparisons of polynomials with 0, in normal form."""

    def __init__(self) -> None:
        super().__init__()
        self.true = self.make("true", (), None, "Bool")
        self.false = self.make("false", (), None, "Bool")

    def le(self, a: Term, b: Term) -> Term:
        """a <= b."""
        return self.le0(self.sub(a, b))

    def lt(self, a: Term, b: Term) -> Term:
        """a < b."""
        if a.sort == "Int":
            return self.le0(self.add(a, self.scale(-1, b), self.num(1)))
        # Over the reals, as over the integers after `_integral`, a < b is the negation of b <= a.
        return self.negate(self.le0(self.sub(b, a)))

    def eq(self, a: Term, b: Term) -> Term:
        """a = b, of any sort."""
        if a is b:
            return self.true
        if a.sort == "Bool":
            if self.true in (a, b) or self.false in (a, b):
                known, other = (a, b) if a.op in ("true", "false") else (b, a)
                return other if known is self.true else self.negate(other)
            if a is self.negate(b):
                return self.false
        if a.sort in ("Int", "Real"):
            return self.eq0(self.sub(a, b))
        first, second = sorted((a, b), key=lambda t: t.serial)
        return self.make("same", (first, second), None, "Bool")

    def eq0(self, p: Term) -> Term:
        """p = 0."""
        p = self._integral(p)
        low, high = self.interval(p)
        if p.op == "num":
            return self.truth(not p.data)
        if (low is not None and low > 0) or (high is not None and high < 0):
            return self.false
        if self._infinities(p):
            return self._compare_infinite(p, "eq0")
        chosen = self._infinite_choice(p)
        if chosen is not None:
            return self._boolean_ite(chosen.args[0], *(self.eq0(self.replaced(p, chosen, x)) for x in chosen.args[1:]))
        if low == 0:  # never below zero: then it is zero when it is not above
            return self.le0(p)
        coefs = [c for m, c in self.poly(p).items() if m]
        unit = self._unit(p, coefs)
        constant = self.poly(p).get((), 0)
        if p.sort == "Int" and constant % unit:
            return self.false
        lead = self._lead(p)
        return self.make("eq0", (self.scale(_over(1 if lead > 0 else -1, unit), p),), None, "Bool")

    def le0(self, p: Term) -> Term:
        """p <= 0."""
        p = self._integral(p)
        low, high = self.interval(p)
        if high is not None and high <= 0:
            return self.true
        if low is not None and low > 0:
            return self.false
        if self._infinities(p):
            return self._compare_infinite(p, "le0")
        chosen = self._infinite_choice(p)
        if chosen is not None:
            return self._boolean_ite(chosen.args[0], *(self.le0(self.replaced(p, chosen, x)) for x in chosen.args[1:]))
        poly = self.poly(p)
        unit = self._unit(p, [c for m, c in poly.items() if m])
        if p.sort == "Real":
            q = self.scale(_over(1, unit), p)
            if self._lead(q) > 0:
                return self.make("le0", (q,), None, "Bool")
            return self.negate(self.make("lt0", (self.scale(-1, q),), None, "Bool"))
        constant = math.ceil(Fraction(poly.get((), 0)) / unit)
        q = self.from_poly({**{m: c // unit for m, c in poly.items() if m}, (): constant}, "Int")
        if self._lead(q) > 0:
            return self.make("le0", (q,), None, "Bool")
        return self.negate(self.make("le0", (self.add(self.scale(-1, q), self.num(1)),), None, "Bool"))

    def _integral(self, p: Term) -> Term:
        """The same comparison with 0 over the integers, where a real is made from integers alone."""
        if p.sort != "Real" or p.op == "num" or any(a.op != "toreal" for a in (p.args if p.op == "poly" else (p,))):
            return p
        poly = self.poly(p)
        scale = math.lcm(*(Fraction(c).denominator for c in poly.values()))
        return self.floor(self.scale(scale, p))

    def _unit(self, p: Term, coefs: list[Number]) -> Number:
        if p.sort == "Int":
            return math.gcd(*(int(c) for c in coefs))
        lead = self._lead(p)
        return max(lead, -lead)

    def _lead(self, p: Term) -> Number:
        return next(c for m, c in (p.data if p.op == "poly" else (((p,), 1),)) if m)

    def _infinities(self, p: Term) -> bool:
        return any(a.op == "var" and a.name in ("+inf", "-inf") for a in (p.args if p.op == "poly" else (p,)))

    def _infinite_choice(self, p: Term) -> Term | None:
        """A selection in a real that may be infinite: a comparison looks at its branches one by one."""
        if p.sort != "Real":
            return None
        atoms = p.args if p.op == "poly" else (p,)
        return next((a for a in atoms if a.op == "ite" and contains_infinity(a)), None)

    def replaced(self, p: Term, atom: Term, value: Term) -> Term:
        """p with an atom that occurs linearly, or in products, replaced."""
        total = self.num(0, p.sort)
        for mono, coef in self.poly(p).items():
            product = self.num(coef, p.sort)
            for factor in mono:
                product = self.mul(product, value if factor is atom else factor)
            total = self.add(total, product)
        return total

    def _compare_infinite(self, p: Term, op: str) -> Term:
        """A comparison against an infinity: decided when everything else in it is finite."""
        sign: Number = 0
        for mono, coef in self.poly(p).items():
            if len(mono) == 1 and mono[0].op == "var" and mono[0].name in ("+inf", "-inf"):
                if sign:
                    return self.make(op, (p,), None, "Bool")
                sign = coef if mono[0].name == "+inf" else -coef
            elif any(contains_infinity(atom) for atom in mono):
                return self.make(op, (p,), None, "Bool")
        return self.truth(op == "le0" and sign < 0)

    def negate(self, a: Term) -> Term:
        """not a."""
        if a.op in ("true", "false"):
            return self.truth(a.op == "false")
        if a.op == "not":
            return a.args[0]
        return self.make("not", (a,), None, "Bool")

    def conj(self, *terms: Term) -> Term:
        """Conjunction."""
        return self._junction("and", self.true, self.false, terms)

    def disj(self, *terms: Term) -> Term:
        """Disjunction."""
        return self._junction("or", self.false, self.true, terms)

    def implies(self, a: Term, b: Term) -> Term:
        """a implies b."""
        return self.disj(self.negate(a), b)

    def _junction(self, op: str, unit: Term, zero: Term, terms: tuple[Term, ...]) -> Term:
        parts: dict[Term, None] = {}
        for term in terms:
            for part in term.args if term.op == op else (term,):
                if part is zero or self.negate(part) in parts:
                    return zero
                if part is not unit:
                    parts[part] = None
        if len(parts) < 2:
            return next(iter(parts), unit)
        return self.make(op, tuple(sorted(parts, key=lambda t: t.serial)), None, "Bool")

    def ite(self, c: Term, a: Term, b: Term) -> Term:
        """a where c holds, else b; recognised as a maximum or minimum where it is one."""
        if c.op == "not":
            c, a, b = c.args[0], b, a
        if a.op == "ite" and a.args[0] is c:
            a = a.args[1]
        if b.op == "ite" and b.args[0] is c:
            b = b.args[2]
        if c is self.true or a is b:
            return a
        if c is self.false:
            return b
        if a.sort == "Bool":
            return self._boolean_ite(c, a, b)
        return self._extreme(c, a, b) or self.make("ite", (c, a, b), None, a.sort)

    def _boolean_ite(self, c: Term, a: Term, b: Term) -> Term:
        if a.op in ("true", "false") or b.op in ("true", "false"):
            return self.conj(self.implies(c, a), self.disj(c, b))
        return self.make("ite", (c, a, b), None, "Bool")

    def _extreme(self, c: Term, a: Term, b: Term) -> Term | None:
        """max or min, when c compares a and b themselves."""
        if c.op not in ("le0", "lt0") or a.sort not in ("Int", "Real"):
            return None
        if self.le(a, b) is c or self.lt(a, b) is c:
            return self.min(a, b)
        if self.le(b, a) is c or self.lt(b, a) is c:
            return self.max(a, b)
        # The comparison may only exist negated: c is then the negation of the opposite one.
        if self.le(a, b) is self.negate(c) or self.lt(a, b) is self.negate(c):
            return self.max(a, b)
        if self.le(b, a) is self.negate(c) or self.lt(b, a) is self.negate(c):
            return self.min(a, b)
        return None

    def max(self, a: Term, b: Term) -> Term:
        """The larger of two numbers."""
        return self._bound("max", a, b)

    def min(self, a: Term, b: Term) -> Term:
        """The smaller of two numbers."""
        return self._bound("min", a, b)

    def _bound(self, op: str, a: Term, b: Term) -> Term:
        for x, y in ((a, b), (b, a)):
            if x.op == "ite" and x.sort == "Real" and contains_infinity(x):
                return self.ite(x.args[0], self._bound(op, x.args[1], y), self._bound(op, x.args[2], y))
        low, high = (a, b) if op == "max" else (b, a)
        order = self.le(low, high)
        if order is self.true:
            return b
        if order is self.false or self.le(high, low) is self.true:
            return a
        parts: dict[Term, None] = {}
        for term in (a, b):
            for part in term.args if term.op == op else (term,):
                parts[part] = None
        return self.make(op, tuple(sorted(parts, key=lambda t: t.serial)), None, a.sort)

    def nonnegative(self, term: Term) -> Term:
        """max(term, 0), recognised where the term cannot be negative."""
        return self.max(term, self.num(0, term.sort))

    def toreal(self, term: Term) -> Term:
        """The embedding of the integers, pushed to the atoms: it is a ring homomorphism."""
        if term.op == "ite":
            return self.ite(term.args[0], self.toreal(term.args[1]), self.toreal(term.args[2]))
        total: Poly = {}
        for mono, coef in self.poly(term).items():
            atoms = [a if a.sort == "Real" else self.make("toreal", (a,), None, "Real") for a in mono]
            key = tuple(sorted(atoms, key=lambda t: t.serial))
            total[key] = total.get(key, 0) + Fraction(coef)
        return self.from_poly(total, "Real")

    def floor(self, term: Term) -> Term:
        """Largest integer not above a real; exact for what is an integer already."""
        whole: Poly = {}
        rest: Poly = {}
        for mono, coef in self.poly(term).items():
            integral = Fraction(coef).denominator == 1 and all(a.op == "toreal" for a in mono)
            if integral:
                key = tuple(sorted((a.args[0] for a in mono), key=lambda t: t.serial))
                whole[key] = whole.get(key, 0) + int(coef)
            else:
                rest[mono] = coef
        outside = self.from_poly(whole, "Int")
        if not rest:
            return outside
        if set(rest) == {()}:
            return self.add(outside, self.num(math.floor(rest[()])))
        return self.add(outside, self.make("floor", (self.from_poly(rest, "Real"),), None, "Int"))

    def truth(self, value: bool) -> Term:
        """true or false."""
        return self.true if value else self.false


def _over(sign: int, unit: Number) -> Number:
    return Fraction(sign) / Fraction(unit)
