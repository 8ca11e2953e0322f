"""Solver terms: hash-consed scalars over Int, Real and Bool in a polynomial normal form.

A `Bank` interns the terms of one check.  Its constructors keep these invariants:

* a sum of products is one "poly": distinct monomials over non-polynomial atoms, in the order in which the atoms were
  made, with non-zero rational coefficients.  Two ring expressions that are equal as polynomials are one object;
* comparisons are `le0(p)`, `lt0(p)` (reals only) and `eq0(p)` over a poly whose leading coefficient is positive, so
  that a condition and its negation share their atom;
* a selection between two values by their own comparison is `max` or `min`.

Every rewrite is an identity of the integers, the reals (with 1/0 read as 0) or the Booleans; whatever a constructor
assumes about a variable (a size is not negative) is also asserted in each obligation that mentions it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

Number = int | Fraction
Monomial = tuple["Term", ...]
Poly = dict[Monomial, Number]
Interval = tuple[Number | None, Number | None]
EVERYTHING: Interval = (None, None)

_MOST_MONOMIALS = 256
"""A product that would have more monomials stays a product of two boxed sums."""


class Term:
    """A node.  Made by `Bank` only; identity is equality within one bank.

    op: num true false | var read | poly | le0 lt0 eq0 same and or not | ite max min | toreal floor | inv | tdiv fdiv
    wrap | fn | app | hole | box.  data: the operator's name, number or coefficients.  holes: placeholders inside.
    """

    __slots__ = ("args", "data", "holes", "op", "serial", "sort")

    def __init__(self, op: str, args: tuple[Term, ...], data: object, sort: str, serial: int) -> None:
        self.op, self.args, self.data, self.sort, self.serial = op, args, data, sort, serial
        holes: frozenset[Term] = frozenset((self,)) if op == "hole" else frozenset()
        for arg in args:
            holes |= arg.holes
        self.holes = holes

    def __repr__(self) -> str:
        return f"<{self.op} {self.data} {list(self.args)}>" if self.args else f"<{self.op} {self.data}>"

    @property
    def name(self) -> str:
        """The name of a var, read, fn, app, or the dtype of a wrap."""
        return self.data[0] if isinstance(self.data, tuple) else str(self.data)


@dataclass(frozen=True)
class Definition:
    """What an application symbol stands for: a prefix of a reduction, fold, scatter or filter.

    body: terms over `index`, `params` and, for folds, the accumulators `accs`.  `members`: the symbols of the other
    accumulators of the same fold, in order.
    """

    symbol: str
    kind: str
    index: Term
    params: tuple[Term, ...]
    body: tuple[Term, ...]
    sort: str
    accs: tuple[Term, ...] = ()
    members: tuple[str, ...] = ()
    which: int = 0


class Bank:
    """The terms of one check: interning, normal forms, ranges of variables, definitions of application symbols."""

    def __init__(self) -> None:
        self._table: dict[tuple[object, ...], Term] = {}
        self._ranges: dict[Term, Interval] = {}
        self._intervals: dict[Term, Interval] = {}
        self.definitions: dict[str, Definition] = {}
        self.patterns: dict[tuple[str, ...], str] = {}
        self.index_names: set[str] = set()
        self.commutative: set[str] = set()
        self.true = self.make("true", (), None, "Bool")
        self.false = self.make("false", (), None, "Bool")

    def make(self, op: str, args: tuple[Term, ...], data: object, sort: str) -> Term:
        """The interned node, without any simplification."""
        key = (op, tuple(a.serial for a in args), data, sort)
        found = self._table.get(key)
        if found is None:
            found = Term(op, args, data, sort, len(self._table))
            self._table[key] = found
        return found

    # Leaves.

    def num(self, value: Number | float, sort: str = "Int") -> Term:
        """A number.  Infinities are symbols of their own, see `infinite`."""
        if isinstance(value, float):
            if math.isinf(value) or math.isnan(value):
                return self.make("var", (), ("nan" if math.isnan(value) else "+inf" if value > 0 else "-inf",), "Real")
            value = Fraction(value)
        if sort == "Int":
            return self.make("num", (), int(value), "Int")
        return self.make("num", (), Fraction(value), "Real")

    def bool(self, value: bool) -> Term:
        """true or false."""
        return self.true if value else self.false

    def var(self, name: str, sort: str = "Int", low: Number | None = None, high: Number | None = None) -> Term:
        """A free constant; its range is asserted wherever it occurs."""
        term = self.make("var", (), (name,), sort)
        if low is not None or high is not None:
            self._ranges[term] = (low, high)
        return term

    def index(self, name: str, low: Number | None = 0) -> Term:
        """A size or a trip count: an integer that is exempt from machine ranges."""
        self.index_names.add(name)
        return self.var(name, "Int", low)

    def hole(self, name: str, sort: str = "Int") -> Term:
        """A placeholder for a bound variable; nothing is assumed about it."""
        return self.make("hole", (), (name,), sort)

    def read(self, name: str, where: tuple[Term, ...], sort: str, low: Number | None, high: Number | None) -> Term:
        """An element of an array at entry, total over all integers; machine integers keep their range everywhere."""
        return self.make("read", where, (name, low, high), sort)

    def fn(self, name: str, args: tuple[Term, ...], sort: str) -> Term:
        """An uninterpreted function."""
        return self.make("fn", args, (name,), sort)

    def app(self, name: str, args: tuple[Term, ...], sort: str) -> Term:
        """An application of a defined symbol.  Of all antidifferences a sum means the one that is 0 at 0."""
        definition = self.definitions.get(name)
        if definition is not None and definition.kind == "sum" and args[0].op == "num" and not args[0].data:
            return self.num(0, sort)
        return self.make("app", args, (name,), sort)

    # The ring.

    def poly(self, term: Term) -> Poly:
        """Monomials of a number; treat the result as read-only."""
        if term.op == "poly":
            return dict(term.data)  # type: ignore[call-overload,no-any-return]  # data of a poly is its items
        if term.op == "num":
            value: Number = term.data  # type: ignore[assignment]  # data of a num is its value
            return {(): value} if value else {}
        return {(term,): 1}

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

    # Integer division.  Both kinds round a quotient to an integer; neither is asked about a zero divisor.

    def fdiv(self, a: Term, b: Term) -> Term:
        """Quotient rounded down."""
        if b.op != "num":
            return self.make("fdiv", (a, b), None, "Int")
        divisor = int(b.data)  # type: ignore[call-overload]  # data of a num is its value
        if divisor == 0:
            return self.make("fdiv", (a, b), None, "Int")
        if divisor < 0:
            a, divisor = self.scale(-1, a), -divisor
        if divisor == 1:
            return a
        quotient: Poly = {}
        rest: Poly = {}
        for mono, coef in self.poly(a).items():
            q, r = divmod(int(coef), divisor)
            quotient[mono], rest[mono] = q, r
        left = self.from_poly(rest, "Int")
        whole = self.from_poly(quotient, "Int")
        low, high = self.interval(left)
        if low is not None and high is not None and 0 <= low and high < divisor:
            return whole
        if left.op == "num":
            return self.add(whole, self.num(int(left.data) // divisor))  # type: ignore[call-overload]  # a number
        return self.add(whole, self.make("fdiv", (left, self.num(divisor)), None, "Int"))

    def tdiv(self, a: Term, b: Term) -> Term:
        """Quotient rounded towards zero."""
        low, high = self.interval(a)
        if b.op == "num" and int(b.data):  # type: ignore[call-overload]  # data of a num is its value
            positive = int(b.data) > 0  # type: ignore[call-overload]  # data of a num is its value
            if low is not None and low >= 0:
                return self.fdiv(a, b) if positive else self.scale(-1, self.fdiv(a, self.scale(-1, b)))
            if high is not None and high <= 0:
                opposite = self.fdiv(self.scale(-1, a), b if positive else self.scale(-1, b))
                return self.scale(-1, opposite) if positive else opposite
            if a.op == "num":
                value, divisor = int(a.data), int(b.data)  # type: ignore[call-overload]  # numbers
                return self.num(abs(value) // abs(divisor) * (1 if (value < 0) == (divisor < 0) else -1))
        elif low is not None and low >= 0 and (self.interval(b)[0] or 0) > 0:
            return self.fdiv(a, b)
        return self.make("tdiv", (a, b), None, "Int")

    def fmod(self, a: Term, b: Term) -> Term:
        """a - b * fdiv(a, b)."""
        return self.sub(a, self.mul(b, self.fdiv(a, b)))

    def trem(self, a: Term, b: Term) -> Term:
        """a - b * tdiv(a, b)."""
        return self.sub(a, self.mul(b, self.tdiv(a, b)))

    def wrap(self, term: Term, dtype: str, bits: int, signed: bool) -> Term:
        """The representative modulo 2**bits in the dtype's range; inner wraps to as many bits or more vanish."""
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
        if self.within(term, low, high):
            return term
        total = self.num(0)
        for mono, coef in self.poly(term).items():
            product = self.num(coef)
            for atom in mono:
                inside = atom.op == "wrap" and atom.data[1] >= bits  # type: ignore[index]  # (dtype, bits, signed)
                product = self.mul(product, atom.args[0] if inside else atom)
            total = self.add(total, product)
        reduced = self.from_poly({m: _centred(int(c), bits) for m, c in self.poly(total).items()}, "Int")
        if reduced.op == "num":
            return self.num((int(reduced.data) - low) % (1 << bits) + low)  # type: ignore[call-overload]  # a number
        if self.within(reduced, low, high):
            return reduced
        return self.make("wrap", (reduced,), (dtype, bits, signed), "Int")

    # Comparisons and Booleans.

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
            return self.bool(not p.data)
        if (low is not None and low > 0) or (high is not None and high < 0):
            return self.false
        if self._infinities(p):
            return self._compare_infinite(p, "eq0")
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
        return abs(self._lead(p))

    def _lead(self, p: Term) -> Number:
        return next(c for m, c in (p.data if p.op == "poly" else (((p,), 1),)) if m)  # type: ignore[union-attr,attr-defined]  # items of a poly

    def _infinities(self, p: Term) -> bool:
        return any(a.op == "var" and a.name in ("+inf", "-inf") for a in (p.args if p.op == "poly" else (p,)))

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
        return self.bool(op == "le0" and sign < 0)

    def negate(self, a: Term) -> Term:
        """not a."""
        if a.op in ("true", "false"):
            return self.bool(a.op == "false")
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

    # Selections.

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

    # Ranges.

    def interval(self, term: Term) -> Interval:
        """An interval that holds whenever the declared ranges of variables and reads hold."""
        found = self._intervals.get(term)
        if found is None:
            found = self._interval(term)
            self._intervals[term] = found
        return found

    def _interval(self, term: Term) -> Interval:  # noqa: PLR0911  # one return per operator
        match term.op:
            case "num":
                return term.data, term.data  # type: ignore[return-value]  # data of a num is its value
            case "var":
                return self._ranges.get(term, EVERYTHING)
            case "read":
                return term.data[1], term.data[2]  # type: ignore[index]  # (name, low, high)
            case "poly":
                return self._poly_interval(term)
            case "ite":
                return _hull(self.interval(term.args[1]), self.interval(term.args[2]))
            case "max" | "min":
                return _extreme_interval(term.op, [self.interval(a) for a in term.args])
            case "fdiv" | "tdiv":
                return self._quotient_interval(term)
            case "wrap":
                _, bits, signed = term.data  # type: ignore[misc]  # (dtype, bits, signed)
                return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
            case "toreal" | "box":
                return self.interval(term.args[0])
            case "fn":
                return _FUNCTION_RANGES.get(term.name, EVERYTHING)
        return EVERYTHING

    def _poly_interval(self, term: Term) -> Interval:
        low: Number | None = 0
        high: Number | None = 0
        for mono, coef in self.poly(term).items():
            one = _times((coef, coef), self._monomial_interval(mono))
            low = None if low is None or one[0] is None else low + one[0]
            high = None if high is None or one[1] is None else high + one[1]
        return low, high

    def _monomial_interval(self, mono: Monomial) -> Interval:
        result: Interval = (1, 1)
        for atom in dict.fromkeys(mono):
            power = mono.count(atom)
            one = self.interval(atom)
            square = _times(one, one)
            even: Interval = (max(0, square[0] or 0), square[1])
            for _ in range(power // 2):
                result = _times(result, even)
            if power % 2:
                result = _times(result, one)
        return result

    def _quotient_interval(self, term: Term) -> Interval:
        low, high = self.interval(term.args[0])
        below, above = self.interval(term.args[1])
        if below is None or below <= 0:
            if term.op == "tdiv" and low is not None and high is not None:
                most = max(abs(low), abs(high))
                return -most, most
            return EVERYTHING
        if low is not None:
            low = low // below if low < 0 else (0 if above is None else low // above)
        if high is not None:
            high = high // below if high >= 0 else (-1 if above is None else high // above)
            high = 0 if term.op == "tdiv" and high < 0 else high
        return low, high

    def within(self, term: Term, low: Number, high: Number) -> bool:
        """Whether the interval of the term lies in [low, high]."""
        a, b = self.interval(term)
        return a is not None and b is not None and low <= a and b <= high

    def nonnegative(self, term: Term) -> Term:
        """max(term, 0), recognised where the term cannot be negative."""
        return self.max(term, self.num(0, term.sort))

    # Substitution.

    def substitute(self, term: Term, mapping: dict[Term, Term]) -> Term:
        """Replace holes and variables, in normal form again."""
        memo: dict[Term, Term] = dict(mapping)
        only_holes = all(t.op == "hole" for t in mapping)
        keys = frozenset(mapping)

        def go(t: Term) -> Term:
            done = memo.get(t)
            if done is None:
                if not t.args or (only_holes and not keys & t.holes):
                    done = t
                else:
                    done = self.rebuild(t, tuple(go(a) for a in t.args))
                memo[t] = done
            return done

        return go(term)

    def rebuild(self, term: Term, args: tuple[Term, ...]) -> Term:
        """The same operator over other arguments, in normal form."""
        if args == term.args:
            return term
        if term.op == "poly":
            swap = dict(zip(term.args, args, strict=True))
            total = self.num(0, term.sort)
            for mono, coef in self.poly(term).items():
                product = self.num(coef, term.sort)
                for atom in mono:
                    product = self.mul(product, swap[atom])
                total = self.add(total, product)
            return total
        if term.op == "wrap":
            return self.wrap(args[0], *term.data)  # type: ignore[misc]  # (dtype, bits, signed)
        if term.op == "same":
            return self.eq(*args)
        if term.op == "app":
            return self.app(term.name, args, term.sort)
        if term.op in ("read", "fn", "hole", "var"):
            return self.make(term.op, args, term.data, term.sort)
        if term.op in ("max", "min"):
            result = args[0]
            for arg in args[1:]:
                result = self._bound(term.op, result, arg)
            return result
        return self._builders()[term.op](*args)

    def _builders(self) -> dict[str, Callable[..., Term]]:
        return {
            "le0": self.le0, "eq0": self.eq0, "lt0": lambda p: self.negate(self.le0(self.scale(-1, p))),
            "and": self.conj, "or": self.disj, "not": self.negate, "ite": self.ite, "toreal": self.toreal,
            "floor": self.floor, "inv": self.inverse, "fdiv": self.fdiv, "tdiv": self.tdiv, "box": lambda a: a,
        }  # fmt: skip


_FUNCTION_RANGES: dict[str, Interval] = {"exp": (0, None), "exp2": (0, None), "sqrt": (0, None), "cosh": (1, None)}


def _centred(coef: int, bits: int) -> int:
    """The representative of a coefficient modulo 2**bits of the smallest magnitude."""
    half = 1 << (bits - 1)
    return (coef + half) % (1 << bits) - half


def _content(coefs: list[Number]) -> Fraction:
    """The positive gcd of rational numbers."""
    exact = [Fraction(c) for c in coefs]
    return Fraction(math.gcd(*(c.numerator for c in exact)), math.lcm(*(c.denominator for c in exact)))


def _over(sign: int, unit: Number) -> Number:
    quotient = Fraction(sign) / Fraction(unit)
    return quotient


def _times(a: Interval, b: Interval) -> Interval:
    """Product of intervals; None is an infinite end, and 0 times infinity is 0."""
    ends = [_product(x, y, i, j) for i, x in enumerate(a) for j, y in enumerate(b)]
    lows = [e for e in ends if e != _PLUS]
    highs = [e for e in ends if e != _MINUS]
    low = None if _MINUS in lows else min(e for e in lows if not isinstance(e, str))
    high = None if _PLUS in highs else max(e for e in highs if not isinstance(e, str))
    return low, high


_PLUS, _MINUS = "+", "-"


def _product(x: Number | None, y: Number | None, i: int, j: int) -> Number | str:
    """x*y for interval ends; an end that is None is minus infinity on the left (0), plus on the right (1)."""
    if x == 0 or y == 0:
        return 0
    if x is not None and y is not None:
        return x * y
    sign = (1 if x > 0 else -1) if x is not None else (1 if i else -1)
    sign *= (1 if y > 0 else -1) if y is not None else (1 if j else -1)
    return _PLUS if sign > 0 else _MINUS


def _hull(a: Interval, b: Interval) -> Interval:
    low = None if a[0] is None or b[0] is None else min(a[0], b[0])
    high = None if a[1] is None or b[1] is None else max(a[1], b[1])
    return low, high


def _extreme_interval(op: str, parts: list[Interval]) -> Interval:
    if op == "min":
        low, high = _extreme_interval("max", [(None if h is None else -h, None if x is None else -x) for x, h in parts])
        return (None if high is None else -high), (None if low is None else -low)
    lows = [low for low, _ in parts if low is not None]
    highs = [high for _, high in parts]
    return (max(lows) if lows else None), (None if None in highs else max(h for h in highs if h is not None))


def contains_infinity(term: Term) -> bool:
    """Whether an infinity occurs anywhere inside."""
    return any(t.op == "var" and t.name in ("+inf", "-inf", "nan") for t in walk(term))


def walk(*terms: Term) -> Iterator[Term]:
    """Every distinct node, children before parents."""
    seen: set[Term] = set()
    stack: list[tuple[Term, bool]] = [(t, False) for t in reversed(terms)]
    while stack:
        node, done = stack.pop()
        if done:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.args))
