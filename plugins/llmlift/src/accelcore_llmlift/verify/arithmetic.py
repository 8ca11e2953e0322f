"""Scalar operators and conversions as terms, under one number model."""

from __future__ import annotations

from collections.abc import Callable

from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr
from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.terms import Term


class Unsupported(Exception):
    """Something that has no meaning here; the text is the reason of an UNKNOWN or UNSUPPORTED verdict."""


class Arithmetic:
    """Operators over one bank.  exact: the float model is "f32-exact", else floats are reals."""

    def __init__(self, bank: Bank, exact: bool = False) -> None:
        self.bank = bank
        self.exact = exact

    def sort(self, dtype: str) -> str:
        """The solver sort of a dtype."""
        facts = DTYPES[dtype]
        if facts.kind == "bool":
            return "Bool"
        if not facts.is_float:
            return "Int"
        return dtype if self.exact and dtype != "real" else "Real"

    def limits(self, dtype: str) -> tuple[int | None, int | None]:
        """Range of a machine integer dtype; (None, None) for all others."""
        facts = DTYPES[dtype]
        if not facts.is_integer or facts.bits is None:
            return None, None
        return int(facts.low or 0), int(facts.high or 0)

    def constant(self, e: Expr) -> Term:
        """A constant of the language."""
        sort = self.sort(e.dtype)
        if sort == "Bool":
            return self.bank.truth(bool(e.value))
        if sort in ("Int", "Real"):
            return self.bank.num(e.value, sort)
        return self.bank.var(f"{e.dtype}:{float(e.value).hex()}", sort)

    def binary(self, e: Expr, a: Term, b: Term) -> Term:
        """A binary operator on the terms of its operands."""
        bank, dtype = self.bank, e.args[0].dtype
        if a.sort not in ("Int", "Real", "Bool"):
            return self.opaque(e.op, dtype, a, b)
        match e.op:
            case "lt":
                return bank.lt(a, b) if a.sort != "Bool" else bank.conj(bank.negate(a), b)
            case "le":
                return bank.le(a, b) if a.sort != "Bool" else bank.disj(bank.negate(a), b)
            case "eq":
                return bank.eq(a, b)
            case "ne":
                return bank.negate(bank.eq(a, b))
            case "land":
                return bank.conj(a, b)
            case "lor":
                return bank.disj(a, b)
        if a.sort == "Bool":
            return self._boolean(e.op, a, b)
        result = self._arithmetic(e.op, a, b)
        signs = self.bank.never_negative(a) and self.bank.never_negative(b)
        if a.sort == "Real" and ((e.op == "mul" and a is b) or (e.op in ("add", "mul", "div") and signs)):
            self.bank.note(result)
        return self.machine(result, dtype)

    def _boolean(self, op: str, a: Term, b: Term) -> Term:
        if op in ("and", "mul", "min"):
            return self.bank.conj(a, b)
        if op in ("or", "max"):
            return self.bank.disj(a, b)
        if op == "xor":
            return self.bank.negate(self.bank.eq(a, b))
        raise Unsupported(f"{op} of Booleans")

    def _arithmetic(self, op: str, a: Term, b: Term) -> Term:
        bank = self.bank
        simple: dict[str, Callable[[Term, Term], Term]] = {
            "add": bank.add, "sub": bank.sub, "mul": bank.mul, "min": bank.min, "max": bank.max, "pow": self._power,
        }  # fmt: skip
        if op in simple:
            return simple[op](a, b)
        if a.sort == "Real":
            return self._real_division(op, a, b)
        if op == "div":
            raise Unsupported("exact division of integers")
        divisions: dict[str, Callable[[Term, Term], Term]] = {
            "tdiv": bank.tdiv, "trem": bank.trem, "fdiv": bank.fdiv, "fmod": bank.fmod,
        }  # fmt: skip
        if op in divisions:
            return divisions[op](a, b)
        return self._bitwise(op, a, b)

    def _real_division(self, op: str, a: Term, b: Term) -> Term:
        bank = self.bank
        quotient = bank.mul(a, bank.inverse(b))
        if op == "div":
            return quotient
        whole = bank.toreal(bank.floor(quotient))
        if op in ("tdiv", "trem"):
            whole = self._truncated(quotient)
        return whole if op in ("fdiv", "tdiv") else bank.sub(a, bank.mul(b, whole))

    def _truncated(self, a: Term) -> Term:
        bank = self.bank
        up = bank.scale(-1, bank.floor(bank.scale(-1, a)))
        return bank.toreal(bank.ite(bank.le(bank.num(0, "Real"), a), bank.floor(a), up))

    def _power(self, a: Term, b: Term) -> Term:
        bank = self.bank
        if b.op == "num":
            exponent = b.data
            if exponent == int(exponent) and abs(int(exponent)) <= 16:
                count = int(exponent)
                if count >= 0 or a.sort == "Real":
                    base = a if count >= 0 else bank.inverse(a)
                    result = bank.num(1, a.sort)
                    for _ in range(abs(count)):
                        result = bank.mul(result, base)
                    if a.sort == "Real" and count % 2 == 0:
                        bank.note(result)
                    return result
            if a.sort == "Real" and abs(exponent) * 2 == 1:
                root = bank.fn("sqrt", (a,), "Real")
                return root if exponent > 0 else bank.inverse(root)
        return bank.fn(f"pow_{a.sort}", (a, b), a.sort)

    def _bitwise(self, op: str, a: Term, b: Term) -> Term:
        """Shifts and masks by constants are arithmetic; the rest is uninterpreted."""
        bank = self.bank
        if op in ("shl", "shr") and b.op == "num" and 0 <= int(b.data) < 64:
            factor = 1 << int(b.data)
            return bank.scale(factor, a) if op == "shl" else bank.fdiv(a, bank.num(factor))
        if op == "and":
            for value, mask in ((a, b), (b, a)):
                if mask.op == "num" and int(mask.data) >= 0 and not int(mask.data) & (int(mask.data) + 1):
                    return bank.fmod(value, bank.num(int(mask.data) + 1))
        if op in ("and", "or", "xor"):
            bank.commutative.add(f"bit{op}")
            a, b = sorted((a, b), key=lambda t: t.serial)
        return bank.fn(f"bit{op}", (a, b), "Int")

    def unary(self, e: Expr, a: Term) -> Term:
        """A unary operator on the term of its operand."""
        bank = self.bank
        if a.sort not in ("Int", "Real", "Bool"):
            return bank.fn(f"{e.op}.{e.dtype}", (a,), a.sort)
        match e.op:
            case "neg":
                return self.machine(bank.scale(-1, a), e.dtype)
            case "abs":
                return self.machine(bank.max(a, bank.scale(-1, a)), e.dtype)
            case "lnot":
                return bank.negate(a)
            case "not":
                if a.sort == "Bool":
                    return bank.negate(a)
                return self.machine(bank.sub(bank.num(-1), a), e.dtype)
        raise Unsupported(f"operator {e.op}")

    def opaque(self, op: str, dtype: str, a: Term, b: Term) -> Term:
        """An operator of an uninterpreted float sort; commutative ones take their operands in one order."""
        bank = self.bank
        if op == "ne":
            return bank.negate(self.opaque("eq", dtype, a, b))
        name = f"{op}.{dtype}"
        if op in ("add", "mul", "eq"):
            bank.commutative.add(name)
            a, b = sorted((a, b), key=lambda t: t.serial)
        return bank.fn(name, (a, b), "Bool" if op in ("lt", "le", "eq") else a.sort)

    def wrap_bits(self, dtype: str) -> int | None:
        """To how many bits results of the dtype wrap; None for those that do not, or not always."""
        facts = DTYPES[dtype]
        return facts.bits if facts.is_integer and dtype != INDEX else None

    def machine(self, term: Term, dtype: str) -> Term:
        """The value in its dtype: wrapped for machine integers; sizes and indices never wrap."""
        facts = DTYPES[dtype]
        if term.sort != "Int" or not facts.is_integer or facts.bits is None:
            return term
        if dtype == INDEX and self._is_index(term):
            return term
        return self.bank.wrap(term, dtype, facts.bits, facts.kind == "int")

    def _is_index(self, term: Term) -> bool:
        """Whether a term is made from sizes, counters and bound variables, or counts something."""
        if term.op in ("num", "hole"):
            return True
        if term.op == "var":
            return term.name in self.bank.index_names
        if term.op == "app":  # a sum of such terms has as many of them as memory holds
            definition = self.bank.definitions[term.name]
            return definition.kind == "sum" and self._is_index(definition.body[0])
        parts = term.args[1:] if term.op == "ite" else term.args
        return term.op in ("poly", "fdiv", "tdiv", "max", "min", "box", "ite") and all(map(self._is_index, parts))

    def convert(self, a: Term, source: str, dtype: str, attrs: tuple[object, ...] = ("nearest", "wrap")) -> Term:
        """cast: `attrs` are (rounding, mode).  Mode "exact" keeps the value: its range is an obligation elsewhere."""
        bank = self.bank
        rounding, mode = attrs
        target = self.sort(dtype)
        if a.sort == "Bool":
            if target == "Bool":
                return a
            if target not in ("Int", "Real"):
                return bank.fn(f"{dtype}_of_bool", (a,), target)
            return bank.ite(a, bank.num(1, target), bank.num(0, target))
        if target == "Bool":
            if a.sort not in ("Int", "Real"):
                return bank.fn(f"bool_of_{source}", (a,), "Bool")
            return bank.negate(bank.eq0(a))
        if a.sort not in ("Int", "Real") or target not in ("Int", "Real"):
            return a if a.sort == target else bank.fn(f"{dtype}_of_{source}.{rounding}.{mode}", (a,), target)
        if target == "Real":
            return a if a.sort == "Real" else bank.toreal(a)
        whole = a if a.sort == "Int" else self._rounded(a, str(rounding))
        return self._fitted(whole, dtype, str(mode))

    def _fitted(self, whole: Term, dtype: str, mode: str) -> Term:
        low, high = self.limits(dtype)
        if low is None or high is None or mode == "exact":
            return whole
        if mode == "saturate":
            return self.bank.max(self.bank.num(low), self.bank.min(whole, self.bank.num(high)))
        return self.machine(whole, dtype)

    def _rounded(self, a: Term, rounding: str) -> Term:
        bank = self.bank
        down = bank.floor(a)
        up = bank.scale(-1, bank.floor(bank.scale(-1, a)))
        if rounding == "floor" or down is up:
            return down
        if rounding == "ceil":
            return up
        if rounding == "trunc":
            return bank.ite(bank.le(bank.num(0, "Real"), a), down, up)
        # Nearest even: floor(a + 1/2), one less where a + 1/2 is an odd integer.
        half = bank.add(a, bank.num(0.5, "Real"))
        near = bank.floor(half)
        tie = bank.conj(bank.eq(bank.toreal(near), half), bank.eq(bank.fmod(near, bank.num(2)), bank.num(1)))
        return bank.ite(tie, bank.sub(near, bank.num(1)), near)

    def call(self, e: Expr, args: list[Term]) -> Term:
        """A named function; what is not a combination of other operators is uninterpreted."""
        bank, name = self.bank, str(e.attrs[0])
        sort = self.sort(e.dtype)
        a = args[0]
        if sort != "Real" or any(x.sort != "Real" for x in args):
            if name in ("isnan", "isinf") and a.sort == "Real":
                return bank.false
            return bank.fn(f"{name}.{e.dtype}", tuple(args), sort)
        if name == "rsqrt":
            return bank.inverse(bank.fn("sqrt", (a,), "Real"))
        if name == "sigmoid":
            grown = bank.fn("exp", (bank.scale(-1, a),), "Real")
            return bank.inverse(bank.add(bank.num(1, "Real"), grown))
        if name in ("floor", "ceil", "trunc", "round"):
            return bank.toreal(self._rounded(a, {"round": "nearest"}.get(name, name)))
        if name == "sign":
            zero, one = bank.num(0, "Real"), bank.num(1, "Real")
            return bank.ite(bank.lt(zero, a), one, bank.ite(bank.lt(a, zero), bank.scale(-1, one), zero))
        if name == "exp" and a.op == "num" and not a.data:
            return bank.num(1, "Real")
        return bank.fn(name, tuple(args), "Real")

    def combine(self, kind: str, dtype: str, a: Term, b: Term) -> Term:
        """One step of a reduction."""
        bank = self.bank
        if a.sort not in ("Int", "Real", "Bool"):
            return self.opaque({"sum": "add", "prod": "mul"}.get(kind, kind), dtype, a, b)
        if kind in ("max", "min"):
            infinity = "-inf" if kind == "max" else "+inf"
            for x, y in ((a, b), (b, a)):
                if x.op == "var" and x.name == infinity:
                    return y
        steps: dict[str, Callable[[Term, Term], Term]] = {
            "sum": bank.add, "add": bank.add, "prod": bank.mul, "mul": bank.mul, "max": bank.max, "min": bank.min,
            "any": bank.disj, "all": bank.conj, "set": lambda _, y: y,
        }  # fmt: skip
        return self.machine(steps[kind](a, b), dtype)

    def empty(self, kind: str, dtype: str) -> Term | None:
        """The value of a reduction of nothing, where it has one."""
        if kind in ("any", "all"):
            return self.bank.truth(kind == "all")
        if kind not in ("sum", "prod"):
            return None
        if self.sort(dtype) not in ("Int", "Real"):
            return self.bank.var(f"{dtype}:{float(kind == 'prod').hex()}", self.sort(dtype))
        return self.bank.num(int(kind == "prod"), self.sort(dtype))

    def undefined(self, sort: str) -> Term:
        """A value about which nothing is known: what an empty maximum is."""
        return self.bank.var(f"undefined_{sort}", sort)
