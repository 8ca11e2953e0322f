"""Interning of terms, leaves, and the interval of every term."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from accelcore_llmlift.verify.terms import EVERYTHING, Interval, Monomial, Number, Poly, Term

_FUNCTION_RANGES: dict[str, Interval] = {"exp": (0, None), "exp2": (0, None), "sqrt": (0, None), "cosh": (1, None)}

_BITWISE = ("bitand", "bitor", "bitxor")
WORDS: tuple[tuple[int, int], ...] = tuple(
    span for bits in (1, 8, 16, 32, 64) for span in ((0, (1 << bits) - 1), (-(1 << (bits - 1)), (1 << (bits - 1)) - 1))
)
"""The ranges of machine integers, narrow ones first."""


class Ranges:
    """The table of terms and what is declared about its variables.

    A range that was declared holds in every obligation that mentions the variable, because `smt` asserts it there.
    """

    def __init__(self) -> None:
        self._table: dict[tuple[object, ...], Term] = {}
        self._ranges: dict[Term, Interval] = {}
        self._intervals: dict[Term, Interval] = {}
        self.index_names: set[str] = set()
        self.noted: dict[Term, None] = {}

    def make(self, op: str, args: tuple[Term, ...], data: Any, sort: str) -> Term:
        """The interned node, without any simplification."""
        key = (op, tuple(a.serial for a in args), data, sort)
        found = self._table.get(key)
        if found is None:
            found = Term(op, args, data, sort, len(self._table))
            self._table[key] = found
        return found

    def num(self, value: Number | float, sort: str = "Int") -> Term:
        """A number.  Infinities are symbols of their own, see `infinite`."""
        if isinstance(value, float):
            if math.isinf(value) or math.isnan(value):
                return self.make("var", (), ("nan" if math.isnan(value) else "+inf" if value > 0 else "-inf",), "Real")
            value = Fraction(value)
        if sort == "Int":
            return self.make("num", (), int(value), "Int")
        return self.make("num", (), Fraction(value), "Real")

    def var(self, name: str, sort: str = "Int", low: Number | None = None, high: Number | None = None) -> Term:
        """A free constant; its range is asserted wherever it occurs."""
        term = self.make("var", (), (name,), sort)
        if low is not None or high is not None:
            self._ranges[term] = (low, high)
        return term

    def index(self, name: str, low: Number | None = 0, high: Number | None = None) -> Term:
        """A size or a trip count: an integer that is exempt from machine ranges."""
        self.index_names.add(name)
        return self.var(name, "Int", low, high)

    def hole(self, name: str, sort: str = "Int") -> Term:
        """A placeholder for a bound variable; nothing is assumed about it."""
        return self.make("hole", (), (name,), sort)

    def read(self, name: str, where: tuple[Term, ...], sort: str, low: Number | None, high: Number | None) -> Term:
        """An element of an array at entry, total over all integers; machine integers keep their range everywhere."""
        return self.make("read", where, (name, low, high), sort)

    def fn(self, name: str, args: tuple[Term, ...], sort: str) -> Term:
        """An uninterpreted function."""
        return self.make("fn", args, (name,), sort)

    def poly(self, term: Term) -> Poly:
        """Monomials of a number; treat the result as read-only."""
        if term.op == "poly":
            return dict(term.data)
        if term.op == "num":
            value: Number = term.data
            return {(): value} if value else {}
        return {(term,): 1}

    # Intervals.

    def interval(self, term: Term) -> Interval:
        """An interval that holds whenever the declared ranges of variables and reads hold."""
        found = self._intervals.get(term)
        if found is None:
            for inner in self._unknown_inside(term):  # operands first: a long chain of choices needs no stack
                self._intervals[inner] = self._interval(inner)
            found = self._intervals[term]
        return found

    def _unknown_inside(self, term: Term) -> list[Term]:
        """The term and the parts of it whose intervals are not known yet, operands before operators."""
        found: dict[Term, None] = {}
        stack = [(term, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                found[node] = None
            elif node not in found and node not in self._intervals:
                stack.append((node, True))
                stack.extend((a, False) for a in node.args)
        return list(found)

    def _interval(self, term: Term) -> Interval:
        match term.op:
            case "num":
                return term.data, term.data
            case "var":
                return self._ranges.get(term, EVERYTHING)
            case "read":
                return term.data[1], term.data[2]
            case "poly":
                return self._poly_interval(term)
            case "ite":
                return _hull(self.interval(term.args[1]), self.interval(term.args[2]))
            case "max" | "min":
                return _extreme_interval(term.op, [self.interval(a) for a in term.args])
            case "fdiv" | "tdiv":
                return self._quotient_interval(term)
            case "wrap":
                _, bits, signed = term.data
                return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
            case "toreal" | "box":
                return self.interval(term.args[0])
            case "fn":
                return self._function_interval(term)
            case "app":
                return self.application_interval(term)
        return EVERYTHING

    def application_interval(self, term: Term) -> Interval:
        """The interval of a prefix of a reduction; nothing is known of it here."""
        return EVERYTHING

    def _function_interval(self, term: Term) -> Interval:
        """Of a bitwise operator: both operands in the same two's complement or unsigned range, so is the result."""
        if term.name not in _BITWISE:
            return _FUNCTION_RANGES.get(term.name, EVERYTHING)
        sides = [self.interval(a) for a in term.args]
        if term.name == "bitand":  # at most as large as an operand that is not negative
            tops = [high for low, high in sides if low is not None and low >= 0 and high is not None]
            if tops:
                return 0, min(tops)
        for low, high in WORDS:
            if all(a is not None and b is not None and low <= a and b <= high for a, b in sides):
                return low, high
        return EVERYTHING

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
                most = max(low, -low, high, -high)
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

    def note(self, term: Term) -> None:
        """Remember that a term is never negative although its normal form does not show it (an expanded square)."""
        if self.interval(term)[0] is None:
            self.noted[term] = None

    def never_negative(self, term: Term) -> bool:
        """Whether a number is known not to be negative, from its interval or because it was noted."""
        low, _ = self.interval(term)
        return (low is not None and low >= 0) or term in self.noted

    def _poly_interval(self, term: Term) -> Interval:
        low: Number | None = 0
        high: Number | None = 0
        for mono, coef in self.poly(term).items():
            one = _times((coef, coef), self._monomial_interval(mono))
            low = None if low is None or one[0] is None else low + one[0]
            high = None if high is None or one[1] is None else high + one[1]
        return low, high


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
