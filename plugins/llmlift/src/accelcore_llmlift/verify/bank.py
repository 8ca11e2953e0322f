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

from collections.abc import Callable

from accelcore_llmlift.verify.logic import Logic
from accelcore_llmlift.verify.ranges import WORDS
from accelcore_llmlift.verify.terms import EVERYTHING, Definition, Interval, Poly, Term


class Bank(Logic):
    """The terms of one check: all operators, definitions of application symbols, substitution."""

    def __init__(self) -> None:
        super().__init__()
        self.definitions: dict[str, Definition] = {}
        self.patterns: dict[tuple[str, ...], str] = {}
        self.commutative: set[str] = set()

    def app(self, name: str, args: tuple[Term, ...], sort: str) -> Term:
        """An application of a defined symbol.  Of all antidifferences a sum means the one that is 0 at 0."""
        definition = self.definitions.get(name)
        if definition is not None and definition.kind == "sum" and args[0].op == "num" and not args[0].data:
            return self.num(0, sort)
        return self.make("app", args, (name,), sort)

    def application_interval(self, term: Term) -> Interval:
        """Of a fold: a machine range that holds its start and that every step keeps, whatever the other accumulators.

        By induction on the number of steps; before the first, a fold is its start.
        """
        definition = self.definitions.get(term.name)
        if definition is None or definition.kind != "fold" or term.sort != "Int":
            return EVERYTHING
        count, which = len(definition.accs), definition.which
        start = self.interval(term.args[1 + which])
        given = dict(zip(definition.params, term.args[1 + count :], strict=True))
        for low, high in WORDS:
            if start[0] is None or start[1] is None or not (low <= start[0] and start[1] <= high):
                continue
            before = self.var(f"within {low} {high}", "Int", low, high)
            after = self.interval(self.substitute(definition.body[which], {**given, definition.accs[which]: before}))
            if after[0] is not None and after[1] is not None and low <= after[0] and after[1] <= high:
                return low, high
        return EVERYTHING

    def fdiv(self, a: Term, b: Term) -> Term:
        """Quotient rounded down."""
        if b.op != "num":
            return self.make("fdiv", (a, b), None, "Int")
        divisor = int(b.data)
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
        if low is not None and high is not None and low >= 0 and high < divisor:
            return whole
        if left.op == "num":
            return self.add(whole, self.num(int(left.data) // divisor))
        return self.add(whole, self.make("fdiv", (left, self.num(divisor)), None, "Int"))

    def tdiv(self, a: Term, b: Term) -> Term:
        """Quotient rounded towards zero."""
        low, high = self.interval(a)
        if b.op == "num" and int(b.data):
            positive = int(b.data) > 0
            if low is not None and low >= 0:
                return self.fdiv(a, b) if positive else self.scale(-1, self.fdiv(a, self.scale(-1, b)))
            if high is not None and high <= 0:
                opposite = self.fdiv(self.scale(-1, a), b if positive else self.scale(-1, b))
                return self.scale(-1, opposite) if positive else opposite
            if a.op == "num":
                value, divisor = int(a.data), int(b.data)
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
        total = self.unwrapped(term, bits)
        reduced = self.from_poly({m: _centred(int(c), bits) for m, c in self.poly(total).items()}, "Int")
        if reduced.op == "num":
            return self.num((int(reduced.data) - low) % (1 << bits) + low)
        if self.within(reduced, low, high):
            return reduced
        return self.make("wrap", (reduced,), (dtype, bits, signed), "Int")

    def unwrapped(self, term: Term, bits: int) -> Term:
        """A term that is equal modulo 2**bits, without wraps to as many bits or more among its factors."""
        total = self.num(0)
        for mono, coef in self.poly(term).items():
            product = self.num(coef)
            for atom in mono:
                inside = atom.op == "wrap" and atom.data[1] >= bits
                product = self.mul(product, atom.args[0] if inside else atom)
            total = self.add(total, product)
        return total

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
            return self.wrap(args[0], *term.data)
        if term.op == "same":
            return self.eq(*args)
        if term.op == "app":
            return self.app(term.name, args, term.sort)
        if term.op == "fn" and term.name in self.commutative:
            args = tuple(sorted(args, key=lambda t: t.serial))
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


def _centred(coef: int, bits: int) -> int:
    """The representative of a coefficient modulo 2**bits of the smallest magnitude."""
    half = 1 << (bits - 1)
    return (coef + half) % (1 << bits) - half
