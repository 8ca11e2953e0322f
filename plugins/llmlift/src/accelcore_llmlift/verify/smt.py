"""From terms to SMT-LIB 2.6 text: the text is what is solved, what a certificate lists and what others re-check.

A script declares its symbols, asserts ranges, assumptions and axioms, and defines `goal`.  Its two questions: the
assertions alone must be satisfiable (no proof from a contradiction), with `(not goal)` they must not be.

Two arithmetics.  Linear: products of unknowns, division by unknowns and wraps are uninterpreted functions with
instances of true facts; every answer unsat is sound, sat means nothing.  Native: they are SMT-LIB's own operators.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from accelcore_llmlift.verify.axioms import instances
from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.terms import Monomial, Term, walk


@dataclass(frozen=True)
class Script:
    """SMT-LIB text up to and including the definition of `goal`, and how to ask its two questions."""

    text: str

    @property
    def standalone(self) -> str:
        """The whole script for any solver: expected answers are sat, then unsat."""
        return f"{self.text}(check-sat)\n(assert (not goal))\n(check-sat)\n"


def script(bank: Bank, assumptions: Sequence[Term], goal: Term, effort: str = "lean") -> Script:
    """The obligation that the assumptions imply the goal.

    effort: "lean" (linear arithmetic, few axioms), "full" (linear, all axioms), "native" (all axioms).
    """
    facts = instances(bank, (*assumptions, goal), effort == "lean")
    writer = _Writer(bank, effort == "native")
    asserted = [t for t in (*assumptions, *facts) if t is not bank.true]
    ranges = list(_ranges(bank, (*asserted, goal)))
    body = [writer.text(t) for t in (*ranges, *asserted)]
    target = writer.text(goal)
    extra = writer.products(effort == "full") if effort != "native" else []
    lines = ["(set-logic ALL)", *writer.declarations, *writer.definitions]
    lines += [f"(assert {t})" for t in (*body, *extra)]
    lines.append(f"(define-fun goal () Bool {target})")
    return Script("\n".join(lines) + "\n")


def _ranges(bank: Bank, terms: Iterable[Term]) -> Iterable[Term]:
    """What is declared about variables, elements and wraps, as raw comparisons that are not simplified away."""
    for t in walk(*terms):
        if t.op not in ("var", "read", "wrap") or t.sort not in ("Int", "Real") or t.holes:
            continue
        low, high = bank.interval(t)
        if low is not None:
            yield bank.make("between", (bank.num(low, t.sort), t), None, "Bool")
        if high is not None:
            yield bank.make("between", (t, bank.num(high, t.sort)), None, "Bool")


class _Writer:
    """Writes terms; a compound term that occurs again is defined once by name."""

    def __init__(self, bank: Bank, native: bool) -> None:
        self.bank = bank
        self.native = native
        self.declarations: list[str] = []
        self.definitions: list[str] = []
        self._declared: dict[str, str] = {}
        self._texts: dict[Term, str] = {}
        self._products: dict[tuple[str, ...], tuple[str, str, str]] = {}
        self._sorts: set[str] = {"Int", "Real", "Bool"}
        self._forms: dict[Term, int] = {}

    def text(self, term: Term) -> str:
        """The term's text; compound terms become definitions, so that shared ones are written once."""
        for t in walk(term):
            if t not in self._texts:
                self._texts[t] = self._named(t, self._write(t))
        return self._texts[term]

    def _named(self, t: Term, text: str) -> str:
        if not t.args or len(text) < 48:
            return text
        name = f"t{len(self.definitions)}"
        self._sort(t.sort)
        self.definitions.append(f"(define-fun {name} () {t.sort} {text})")
        return name

    def _write(self, t: Term) -> str:
        args = [self._texts[a] for a in t.args]
        match t.op:
            case "num":
                return _number(t.data, t.sort)
            case "true" | "false":
                return t.op
            case "poly":
                return self._sum(t)
            case "between" | "le0" | "lt0" | "eq0":
                other = args[1] if t.op == "between" else _number(0, t.args[0].sort)
                return f"({_RELATIONS[t.op]} {args[0]} {other})"
            case "max" | "min":
                return self._extreme(t.op, args)
            case "box":
                return args[0]
            case "fdiv" | "tdiv":
                return self._quotient(t, args)
            case "wrap":
                return self._wrap(t, args[0])
            case "inv":
                return self._inverse(args[0])
            case "var" | "read" | "fn" | "app":
                return self._apply(t, args)
        return f"({_PLAIN[t.op]} {' '.join(args)})"

    def _sum(self, t: Term) -> str:
        parts = []
        for mono, coef in self.bank.poly(t).items():
            product = self._monomial(mono, t.sort)
            if not mono:
                parts.append(_number(coef, t.sort))
            elif coef == 1:
                parts.append(product)
            elif coef == -1:
                parts.append(f"(- {product})")
            else:
                parts.append(f"(* {_number(coef, t.sort)} {product})")
        return parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"

    def _monomial(self, mono: Monomial, sort: str) -> str:
        if len(mono) > 2 and not self.native:
            mono = tuple(sorted(mono, key=lambda a: (self._form(a), a.serial)))
        texts = [self._texts[a] for a in mono]
        if len(texts) < 2:
            return texts[0] if texts else ""
        if self.native:
            return f"(* {' '.join(texts)})"
        return self._product(texts, sort)

    def _form(self, t: Term) -> int:
        """A number for the form of a term, whatever its variables are called.

        Products are nested in this order, so that x[i]*y[i]*s and x[r]*y[r]*s are nested alike and equal by congruence
        where i = r.
        """
        found = self._forms.get(t)
        if found is None:
            name = "" if t.op in ("var", "num") else str(t.data if t.op != "poly" else sorted(c for _, c in t.data))
            inside = [self._form(a) for a in t.args]
            parts = sorted(inside) if t.op in ("poly", "max", "min", "and", "or") else inside
            found = self._forms[t] = zlib.crc32(f"{t.op} {name} {parts}".encode())
        return found

    def _product(self, texts: Sequence[str], sort: str) -> str:
        """Nested applications of an uninterpreted product, innermost last."""
        name = f"times_{sort}"
        self._declare(name, f"({sort} {sort})", sort)
        result = texts[-1]
        for text in reversed(texts[:-1]):
            pair = (sort, text, result)
            if pair not in self._products:
                self._products[pair] = (text, result, f"({name} {text} {result})")
            result = f"({name} {text} {result})"
        return result

    def products(self, signs: bool) -> list[str]:
        """Facts about the uninterpreted products: they commute, and have the sign of their factors."""
        facts = []
        for (sort, *_), (a, b, text) in self._products.items():
            zero = _number(0, sort)
            if not signs:
                facts.append(f"(= {text} (times_{sort} {b} {a}))")
                continue
            if a == b:
                facts.append(f"(>= {text} {zero})")
                facts.append(f"(=> (not (= {a} {zero})) (> {text} {zero}))")
                continue
            facts.append(f"(= {text} (times_{sort} {b} {a}))")
            facts.append(f"(=> (or (= {a} {zero}) (= {b} {zero})) (= {text} {zero}))")
            facts.append(f"(=> (and (> {a} {zero}) (> {b} {zero})) (> {text} {zero}))")
            facts.append(f"(=> (and (>= {a} {zero}) (>= {b} {zero})) (>= {text} {zero}))")
            facts.append(f"(=> (= {a} {_number(1, sort)}) (= {text} {b}))")
            facts.append(f"(=> (= {b} {_number(1, sort)}) (= {text} {a}))")
        return facts

    def _extreme(self, op: str, args: Sequence[str]) -> str:
        result = args[-1]
        for text in reversed(args[:-1]):
            chosen = f"{result} {text}" if op == "max" else f"{text} {result}"
            result = f"(ite (<= {text} {result}) {chosen})"
        return result

    def _quotient(self, t: Term, args: Sequence[str]) -> str:
        a, b = args
        divisor = t.args[1]
        if divisor.op == "num" and int(divisor.data):
            floor = f"(div {a} {b})" if int(divisor.data) > 0 else f"(div (- {a}) (- {b}))"
            if t.op == "fdiv":
                return floor
            return f"(ite (>= {a} 0) (div {a} {b}) (- (div (- {a}) {b})))"
        if not self.native:
            self._declare(t.op, "(Int Int)", "Int")
            return f"({t.op} {a} {b})"
        if t.op == "fdiv":  # SMT-LIB's div leaves a remainder that is not negative
            return f"(ite (> {b} 0) (div {a} {b}) (div (- {a}) (- {b})))"
        return f"(ite (>= {a} 0) (div {a} {b}) (- (div (- {a}) {b})))"

    def _wrap(self, t: Term, a: str) -> str:
        dtype, bits, signed = t.data
        name = f"wrap_{dtype}"
        half, modulus = (1 << (bits - 1) if signed else 0), 1 << bits
        if name not in self._declared:
            low, high = -half, modulus - half - 1
            self._declared[name] = name
            inside = f"(and (<= {_number(low, 'Int')} x) (<= x {high}))"
            if self.native:
                shifted = f"(- (mod (+ x {half}) {modulus}) {half})" if half else f"(mod x {modulus})"
                self.definitions.append(f"(define-fun {name} ((x Int)) Int (ite {inside} x {shifted}))")
            else:
                self.definitions.append(f"(declare-fun {name}_out (Int) Int)")
                self.definitions.append(f"(define-fun {name} ((x Int)) Int (ite {inside} x ({name}_out x)))")
        return f"({name} {a})"

    def _inverse(self, a: str) -> str:
        if self.native:
            return f"(ite (= {a} 0.0) 0.0 (/ 1.0 {a}))"
        self._declare("inverse", "(Real)", "Real")
        return f"(inverse {a})"

    def _apply(self, t: Term, args: Sequence[str]) -> str:
        name = f"|{t.name}|" if t.op in ("var", "read") else f"|{t.op}.{t.name}|"
        if t.op == "read":
            name = f"|{t.name}[]|"
        self._declare(name, f"({' '.join(a.sort for a in t.args)})", t.sort, t.args)
        return f"({name} {' '.join(args)})" if args else name

    def _declare(self, name: str, domain: str, sort: str, args: Sequence[Term] = ()) -> None:
        if name not in self._declared:
            for needed in (sort, *(a.sort for a in args)):
                self._sort(needed)
            self._declared[name] = name
            # Among the definitions: a definition may need it, and it may need a sort.
            self.declarations.append(f"(declare-fun {name} {domain} {sort})")

    def _sort(self, sort: str) -> None:
        if sort not in self._sorts:
            self._sorts.add(sort)
            self.declarations.append(f"(declare-sort {sort} 0)")


_RELATIONS = {"between": "<=", "le0": "<=", "lt0": "<", "eq0": "="}
_PLAIN = {
    "same": "=", "and": "and", "or": "or", "not": "not", "ite": "ite", "toreal": "to_real", "floor": "to_int",
}  # fmt: skip


def _number(value: object, sort: str) -> str:
    """A numeral: negative numbers and fractions are applications in SMT-LIB."""
    assert isinstance(value, int | Fraction)
    if sort == "Int":
        return str(int(value)) if value >= 0 else f"(- {-int(value)})"
    exact = Fraction(value)
    top = f"{abs(exact.numerator)}.0"
    text = top if exact.denominator == 1 else f"(/ {top} {exact.denominator}.0)"
    return text if exact >= 0 else f"(- {text})"
