"""From solver terms back to the tensor language: how a precondition that a proof needs becomes a printable `Expr`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from accelcore.ir import expr as E
from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr
from accelcore_llmlift.verify.arithmetic import Unsupported
from accelcore_llmlift.verify.axioms import body_at
from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.terms import Definition, Monomial, Number, Term

Leaves = Mapping[str, Expr]
"""Sizes, scalar parameters and array parameters by name."""


class Readback:
    """Reads terms over the values at entry; Unsupported for what the language cannot name."""

    def __init__(self, bank: Bank, leaves: Leaves) -> None:
        self.bank = bank
        self.leaves = leaves

    def expr(self, t: Term, bound: Mapping[Term, Expr]) -> Expr:
        """The expression of a term; `bound` says what fresh constants stand for."""
        if t in bound:
            return bound[t]
        match t.op:
            case "num":
                return self._number(t.data, t.sort)
            case "true" | "false":
                return E.const(t.op == "true")
            case "var":
                leaf = self._leaf(t.name)
                return E.cast(leaf, "int") if t.sort == "Int" and leaf.dtype != INDEX else leaf
            case "read":
                where = [self.index(a, bound) for a in t.args]
                element = E.get(self._leaf(t.name), *where)
                return E.cast(element, "real" if t.sort == "Real" else "int") if t.sort != "Bool" else element
            case "poly":
                return self._sum(self.bank.poly(t), t.sort, bound)
            case "le0" | "lt0" | "eq0":
                return self._comparison({"le0": "le", "lt0": "lt", "eq0": "eq"}[t.op], t.args[0], bound, False)
            case "not":
                return self._negation(t.args[0], bound)
            case "app":
                return self._application(t, bound)
        args = [self.expr(a, bound) for a in t.args]
        return self._compound(t, args)

    def index(self, t: Term, bound: Mapping[Term, Expr]) -> Expr:
        """An index or extent: without a cast where it is made from sizes alone."""
        e = self.expr(t, bound)
        if e.op == "const" and e.dtype != INDEX:
            return E.index(int(e.value))
        return e if e.dtype == INDEX else E.cast(e, INDEX)

    def _leaf(self, name: str) -> Expr:
        if name not in self.leaves:
            raise Unsupported(f"{name!r} has no name in the source")
        return self.leaves[name]

    def _number(self, value: object, sort: str) -> Expr:
        assert isinstance(value, int | Fraction)
        if sort == "Int":
            return E.index(int(value))
        if Fraction(float(value)) == value:
            return E.const(float(value), "real")
        exact = Fraction(value)
        return E.const(float(exact.numerator), "real") / E.const(float(exact.denominator), "real")

    def _sum(self, poly: Mapping[Monomial, Number], sort: str, bound: Mapping[Term, Expr]) -> Expr:
        total: Expr | None = None
        for mono, coef in sorted(poly.items(), key=lambda item: (not item[0], item[1] < 0)):
            if not mono:  # the constant comes last
                constant = self._number(coef if total is None else max(coef, -coef), sort)
                return constant if total is None else total + constant if coef > 0 else total - constant
            product = self._product(mono, max(coef, -coef), sort, bound)
            if total is None:
                total = product if coef > 0 else -product
            else:
                total = total + product if coef > 0 else total - product
        return total if total is not None else self._number(0, sort)

    def _product(self, mono: Monomial, coef: Number, sort: str, bound: Mapping[Term, Expr]) -> Expr:
        factors = [self.expr(a, bound) for a in mono]
        if coef != 1 or not factors:
            factors.insert(0, self._number(coef, sort))
        result = factors[0]
        for factor in factors[1:]:
            result = result * factor
        return result

    def _comparison(self, op: str, p: Term, bound: Mapping[Term, Expr], negated: bool) -> Expr:
        """p op 0 as a comparison of what is positive in p with what is negative."""
        poly = dict(self.bank.poly(p))
        if p.sort == "Int" and op == "le":
            return self._integer_order(poly, bound, negated)
        left = self._sum({m: c for m, c in poly.items() if c > 0}, p.sort, bound)
        right = self._sum({m: -c for m, c in poly.items() if c < 0}, p.sort, bound)
        if not negated:
            return E.binary(op, left, right)
        if op == "eq":
            return E.binary("ne", left, right)
        return E.binary("lt" if op == "le" else "le", right, left)

    def _integer_order(self, poly: dict[Monomial, Number], bound: Mapping[Term, Expr], negated: bool) -> Expr:
        """p <= 0, or p >= 1 when negated, with the constant where it reads best."""
        constant = poly.pop((), 0)
        if negated:  # 1 <= p is -p + 1 <= 0
            poly, constant = {m: -c for m, c in poly.items()}, 1 - constant
        left = {m: c for m, c in poly.items() if c > 0}
        right = {m: -c for m, c in poly.items() if c < 0}
        strict = constant == 1 and bool(left) and bool(right)
        if constant and not strict:
            if not left or (right and constant > 0):
                left[()] = constant
            else:
                right[()] = -constant
        sides = (self._sum(left, "Int", bound), self._sum(right, "Int", bound))
        return E.binary("lt" if strict else "le", *sides)

    def _negation(self, t: Term, bound: Mapping[Term, Expr]) -> Expr:
        if t.op in ("le0", "lt0", "eq0"):
            return self._comparison({"le0": "le", "lt0": "lt", "eq0": "eq"}[t.op], t.args[0], bound, True)
        return E.unary("lnot", self.expr(t, bound))

    def _compound(self, t: Term, args: Sequence[Expr]) -> Expr:
        binary: dict[str, str] = {"and": "land", "or": "lor", "max": "max", "min": "min", "same": "eq"}
        if t.op in binary:
            result = args[0]
            for arg in args[1:]:
                result = E.binary(binary[t.op], result, arg)
            return result
        simple: dict[str, Callable[[], Expr]] = {
            "ite": lambda: E.select(args[0], args[1], args[2]),
            "toreal": lambda: E.cast(args[0], "real"),
            "floor": lambda: E.cast(args[0], "int", "floor"),
            "inv": lambda: E.const(1.0, "real") / args[0],
            "fdiv": lambda: E.binary("fdiv", args[0], args[1]),
            "tdiv": lambda: E.binary("tdiv", args[0], args[1]),
            "wrap": lambda: E.cast(E.cast(args[0], "int"), t.name, "nearest", "wrap"),
            "box": lambda: args[0],
            "fn": lambda: E.call(t.name, *args),
        }
        if t.op not in simple or (t.op == "fn" and t.sort not in ("Real",)):
            raise Unsupported(f"no expression for {t.op} {t.name}")
        return simple[t.op]()

    def _application(self, t: Term, bound: Mapping[Term, Expr]) -> Expr:
        """A prefix as a reduction; sums are read with the antidifference that is 0 at 0."""
        definition = self.bank.definitions[t.name]
        if definition.kind == "fold":
            return self._fold(definition, t, bound)
        ends = 1 if definition.kind == "sum" else 2
        low = self.bank.num(0) if ends == 1 else t.args[0]
        high = t.args[ends - 1]
        k = self.bank.hole(f"readback{len(bound)}")
        body = body_at(self.bank, definition, self.bank.add(low, k), t.args[ends:])
        extent = self.index(self.bank.sub(high, low), bound)
        return E.reduce(definition.kind, extent, lambda v: self.expr(body, {**bound, k: v}))

    def _fold(self, definition: Definition, t: Term, bound: Mapping[Term, Expr]) -> Expr:
        bank, count = self.bank, len(definition.accs)
        inits = [self.expr(a, bound) for a in t.args[1 : 1 + count]]
        inits = [E.cast(e, "int") if e.dtype == INDEX else e for e in inits]
        k = bank.hole(f"readback{len(bound)}")
        accs = [bank.hole(f"readback{len(bound)}.{w}", a.sort) for w, a in enumerate(definition.accs)]
        mapping = dict(zip(definition.accs, accs, strict=True))
        args = t.args[1 + count :]
        bodies = [bank.substitute(body_at(bank, definition, k, args, w), mapping) for w in range(count)]

        def step(values: tuple[Expr, ...], at: Expr) -> list[Expr]:
            inside = {**bound, k: at, **dict(zip(accs, values, strict=True))}
            found = [self.expr(b, inside) for b in bodies]
            return [E.cast(e, "int") if e.dtype == INDEX else e for e in found]

        return E.fold(self.index(t.args[0], bound), inits, step, definition.which)
