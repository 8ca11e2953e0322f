"""What an expression of the tensor language means as solver terms, under one number model.

Scalars become terms, tensors become `Tensor`s: extents and a function from index terms to the element's term, so that
a store or an append is a selection by index and nothing is ever quantified.  Machine integers are integers with an
explicit wrap or clamp after each operator; floats are reals (model "real") or values of an uninterpreted sort with
uninterpreted operators (model "f32-exact").
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import BINARY, Expr
from accelcore_llmlift.verify.prefix import Prefixes
from accelcore_llmlift.verify.terms import Bank, Term, walk

Env = Mapping[int, Term]

_EXPANDED = 16
"""A reduction over a constant extent up to this is written out."""


class Unsupported(Exception):
    """Something that has no meaning here; the text is the reason of an UNKNOWN or UNSUPPORTED verdict."""


@dataclass(frozen=True)
class Tensor:
    """A tensor value: extents, and the element at given indices (as many as extents)."""

    shape: tuple[Term, ...]
    element: Callable[[tuple[Term, ...]], Term]
    dtype: str


Value = Term | Tensor


_scopes = itertools.count()


@dataclass(frozen=True)
class Scope:
    """What names mean at one point: scalars and sizes by name, arrays by name.  Immutable; serial tells them apart."""

    values: Mapping[str, Value] = field(default_factory=dict)
    serial: int = field(default_factory=lambda: next(_scopes))

    def bind(self, changes: Mapping[str, Value | None]) -> Scope:
        """This scope with other values for some names; None takes a name's value away."""
        merged = {**self.values, **changes}
        return Scope({name: value for name, value in merged.items() if value is not None})

    def scalar(self, name: str) -> Term:
        """The scalar of that name; Unsupported when there is none."""
        value = self.values.get(name)
        if not isinstance(value, Term):
            raise Unsupported(f"{name!r} is read where it has no value" if value is None else f"{name!r} is an array")
        return value

    def tensor(self, name: str) -> Tensor:
        """The array of that name; Unsupported when there is none."""
        value = self.values.get(name)
        if not isinstance(value, Tensor):
            raise Unsupported(f"array {name!r} is read where it has no value")
        return value


class Meaning:
    """Evaluates expressions to terms.  exact: the float model is "f32-exact", else reals."""

    def __init__(self, bank: Bank, exact: bool = False) -> None:
        self.bank = bank
        self.exact = exact
        self.prefixes = Prefixes(bank)
        self._depth = 0
        self._memo: dict[tuple[object, ...], Term] = {}

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

    def tensor(self, e: Expr, scope: Scope, env: Env) -> Tensor:
        """A tensor-valued expression."""
        return Tensor(self.shape(e, scope, env), lambda where: self.element(e, where, scope, env), e.dtype)

    def shape(self, e: Expr, scope: Scope, env: Env) -> tuple[Term, ...]:
        """Extents of a tensor-valued expression; those inside a comp must not depend on its index."""
        match e.op:
            case "input":
                return scope.tensor(e.name).shape
            case "get":
                return self.shape(e.args[0], scope, env)[len(e.args) - 1 :]
            case "cast":
                return self.shape(e.args[0], scope, env)
            case "comp":
                first = self.count(e.args[0], scope, env)
                if e.rank == 1:
                    return (first,)
                rest = self.shape(e.args[1], scope, {**env, e.number: self.bank.var("row?")})
                if any(_mentions(t, self.bank.var("row?")) for t in rest):
                    raise Unsupported("rows of different lengths")
                return (first, *rest)
            case "scan":
                return (self.count(e.args[0], scope, env),)
            case "scatter":
                return tuple(self.count(a, scope, env) for a in e.args[: e.rank])
            case "filter":
                return (self._filter_length(e, scope, env),)
        raise Unsupported(f"the extents of a tensor-valued {e.op}")

    def count(self, e: Expr, scope: Scope, env: Env) -> Term:
        """An extent, 0 when negative."""
        return self.bank.nonnegative(self.scalar(e, scope, env))

    def element(self, e: Expr, where: tuple[Term, ...], scope: Scope, env: Env) -> Term:
        """The element of a tensor-valued expression at index terms."""
        match e.op:
            case "input":
                return scope.tensor(e.name).element(where)
            case "get":
                inner = tuple(self.scalar(i, scope, env) for i in e.args[1:])
                return self.element(e.args[0], (*inner, *where), scope, env)
            case "comp":
                inside = {**env, e.number: where[0]}
                if e.rank == 1:
                    return self.scalar(e.args[1], scope, inside)
                return self.element(e.args[1], where[1:], scope, inside)
            case "cast":
                source = e.args[0]
                return self.convert(self.element(source, where, scope, env), source.dtype, e.dtype, e.attrs)
            case "scan":
                return self._scan(e, where[0], scope, env)
            case "scatter":
                return self._scatter(e, where, scope, env)
            case "filter":
                return self._filter(e, where[0], scope, env)
        raise Unsupported(f"elements of a tensor-valued {e.op}")

    def scalar(self, e: Expr, scope: Scope, env: Env) -> Term:
        """The term of a scalar expression."""
        key = (scope.serial, e, tuple(env[n].serial for n in sorted(e.free)))
        found = self._memo.get(key)
        if found is None:
            found = self._scalar(e, scope, env)
            self._memo[key] = found
        return found

    def _scalar(self, e: Expr, scope: Scope, env: Env) -> Term:
        match e.op:
            case "const":
                return self._constant(e)
            case "var":
                return env[e.number]
            case "size" | "param":
                return scope.scalar(e.name)
            case "get":
                where = tuple(self.scalar(i, scope, env) for i in e.args[1:])
                return self.element(e.args[0], where, scope, env)
            case "select":
                c, a, b = (self.scalar(x, scope, env) for x in e.args)
                return self.bank.ite(c, a, b)
            case "cast":
                source = e.args[0]
                return self.convert(self.scalar(source, scope, env), source.dtype, e.dtype, e.attrs)
            case "call":
                return self._call(e, [self.scalar(x, scope, env) for x in e.args])
            case "reduce":
                return self._reduce(e, self.count(e.args[0], scope, env), scope, env)
            case "fold":
                return self._fold(e, scope, env)
            case "length":
                axis = e.attrs[0]
                assert isinstance(axis, int)
                return self.shape(e.args[0], scope, env)[axis]
        operands = [self.scalar(x, scope, env) for x in e.args]
        if e.op in BINARY:
            return self._binary(e, *operands)
        return self._unary(e, operands[0])

    def _constant(self, e: Expr) -> Term:
        sort = self.sort(e.dtype)
        if sort == "Bool":
            return self.bank.bool(bool(e.value))
        if sort in ("Int", "Real"):
            return self.bank.num(e.value, sort)
        return self.bank.var(f"{e.dtype}:{float(e.value).hex()}", sort)

    # Operators.

    def _binary(self, e: Expr, a: Term, b: Term) -> Term:
        bank, dtype = self.bank, e.args[0].dtype
        if a.sort not in ("Int", "Real", "Bool"):
            return self._opaque(e.op, dtype, a, b)
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
        return self.machine(self._arithmetic(e.op, a, b), dtype)

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
            if exponent == int(exponent) and abs(int(exponent)) <= 16:  # type: ignore[call-overload]  # a number
                count = int(exponent)  # type: ignore[call-overload]  # a number
                if count >= 0 or a.sort == "Real":
                    base = a if count >= 0 else bank.inverse(a)
                    result = bank.num(1, a.sort)
                    for _ in range(abs(count)):
                        result = bank.mul(result, base)
                    return result
            if a.sort == "Real" and abs(exponent) * 2 == 1:  # type: ignore[arg-type]  # a number
                root = bank.fn("sqrt", (a,), "Real")
                return root if exponent > 0 else bank.inverse(root)  # type: ignore[operator]  # a number
        return bank.fn(f"pow_{a.sort}", (a, b), a.sort)

    def _bitwise(self, op: str, a: Term, b: Term) -> Term:
        """Shifts and masks by constants are arithmetic; the rest is uninterpreted."""
        bank = self.bank
        if op in ("shl", "shr") and b.op == "num" and 0 <= int(b.data) < 64:  # type: ignore[call-overload]  # a number
            factor = 1 << int(b.data)  # type: ignore[call-overload]  # a number
            return bank.scale(factor, a) if op == "shl" else bank.fdiv(a, bank.num(factor))
        if op == "and":
            for value, mask in ((a, b), (b, a)):
                if mask.op == "num" and int(mask.data) >= 0 and not int(mask.data) & (int(mask.data) + 1):  # type: ignore[call-overload]  # a number
                    return bank.fmod(value, bank.num(int(mask.data) + 1))  # type: ignore[call-overload]  # a number
        if op in ("and", "or", "xor"):
            bank.commutative.add(f"bit{op}")
            a, b = sorted((a, b), key=lambda t: t.serial)
        return bank.fn(f"bit{op}", (a, b), "Int")

    def _unary(self, e: Expr, a: Term) -> Term:
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

    def _opaque(self, op: str, dtype: str, a: Term, b: Term) -> Term:
        """An operator of an uninterpreted float sort; commutative ones take their operands in one order."""
        bank = self.bank
        if op == "ne":
            return bank.negate(self._opaque("eq", dtype, a, b))
        name = f"{op}.{dtype}"
        if op in ("add", "mul", "eq"):
            bank.commutative.add(name)
            a, b = sorted((a, b), key=lambda t: t.serial)
        return bank.fn(name, (a, b), "Bool" if op in ("lt", "le", "eq") else a.sort)

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

    # Conversions.

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

    def _call(self, e: Expr, args: list[Term]) -> Term:
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

    # Binders.

    def _hole(self, sort: str = "Int", tag: str = "k") -> Term:
        return self.bank.hole(f"{tag}{self._depth}", sort)

    def _reduce(self, e: Expr, n: Term, scope: Scope, env: Env) -> Term:
        init = self.scalar(e.args[2], scope, env) if len(e.args) > 2 else None
        body_at = self._body(e.args[1], e.number, scope, env)
        return self.reduction(e.kind, e.args[1].dtype, n, body_at, init)

    def _body(self, body: Expr, number: int, scope: Scope, env: Env) -> Callable[[Term], Term]:
        return lambda k: self.scalar(body, scope, {**env, number: k})

    def reduction(
        self, kind: str, dtype: str, n: Term, body_at: Callable[[Term], Term], init: Term | None
    ) -> Term:
        """kind over body_at(k) for k < n, with init folded in from the left."""
        if n.op == "num" and int(n.data) <= _EXPANDED:  # type: ignore[call-overload]  # a number
            return self._expanded(kind, dtype, int(n.data), body_at, init)  # type: ignore[call-overload]  # a number
        self._depth += 1
        try:
            k = self._hole()
            body = body_at(k)
            if body.sort not in ("Int", "Real", "Bool"):
                return self._opaque_reduction(kind, dtype, k, n, body, init)
            if kind in ("argmax", "argmin"):
                return self._arg_extreme(kind, k, n, body)
            return self._plain_reduction(kind, dtype, k, n, body, init)
        finally:
            self._depth -= 1

    def _plain_reduction(self, kind: str, dtype: str, k: Term, n: Term, body: Term, init: Term | None) -> Term:
        bank = self.bank
        if kind == "sum":
            total = self.prefixes.sum(k, n, body)
            return self.machine(total if init is None else bank.add(init, total), dtype)
        value = self.prefixes.extreme(kind, k, n, body)
        if kind == "prod":
            return self.machine(value if init is None else bank.mul(init, value), dtype)
        if kind in ("any", "all"):
            return value if init is None else (bank.disj if kind == "any" else bank.conj)(init, value)
        if init is None:
            return value
        both = self.combine(kind, dtype, init, value)
        return bank.ite(bank.le(n, bank.num(0)), init, both)

    def combine(self, kind: str, dtype: str, a: Term, b: Term) -> Term:
        """One step of a reduction."""
        bank = self.bank
        if a.sort not in ("Int", "Real", "Bool"):
            return self._opaque({"sum": "add", "prod": "mul"}.get(kind, kind), dtype, a, b)
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

    def _expanded(
        self, kind: str, dtype: str, n: int, body_at: Callable[[Term], Term], init: Term | None
    ) -> Term:
        bank = self.bank
        values = [body_at(bank.num(k)) for k in range(n)]
        if kind in ("argmax", "argmin"):
            return self._expanded_arg(kind, values)
        result = init if init is not None else self._empty(kind, dtype)
        for value in values:
            result = value if result is None else self.combine(kind, dtype, result, value)
        return result if result is not None else self.undefined(self.sort(dtype))

    def _expanded_arg(self, kind: str, values: Sequence[Term]) -> Term:
        if not values:
            return self.undefined("Int")
        bank = self.bank
        best, where = values[0], bank.num(0)
        for k, value in enumerate(values[1:], 1):
            better = bank.lt(best, value) if kind == "argmax" else bank.lt(value, best)
            best, where = bank.ite(better, value, best), bank.ite(better, bank.num(k), where)
        return where

    def _empty(self, kind: str, dtype: str) -> Term | None:
        if kind in ("any", "all"):
            return self.bank.bool(kind == "all")
        if kind not in ("sum", "prod"):
            return None
        if self.sort(dtype) not in ("Int", "Real"):
            return self.bank.var(f"{dtype}:{float(kind == 'prod').hex()}", self.sort(dtype))
        return self.bank.num(int(kind == "prod"), self.sort(dtype))

    def undefined(self, sort: str) -> Term:
        """A value about which nothing is known: what an empty maximum is."""
        return self.bank.var(f"undefined_{sort}", sort)

    def _arg_extreme(self, kind: str, k: Term, n: Term, body: Term) -> Term:
        """First index of the extreme: a fold that compares with the extreme so far."""
        bank = self.bank
        acc = self._hole("Int", "acc")
        end = self._hole("Int", "end")
        extreme = self.prefixes.extreme("max" if kind == "argmax" else "min", k, end, body)
        so_far = bank.substitute(extreme, {end: k})
        better = bank.lt(so_far, body) if kind == "argmax" else bank.lt(body, so_far)
        step = bank.ite(bank.eq(k, bank.num(0)), bank.num(0), bank.ite(better, k, acc))
        return self.prefixes.fold(k, (acc,), n, (self.undefined("Int"),), (step,))[0]

    def _opaque_reduction(self, kind: str, dtype: str, k: Term, n: Term, body: Term, init: Term | None) -> Term:
        """A reduction in an uninterpreted float sort: a fold in the order of the source."""
        if kind in ("argmax", "argmin"):
            raise Unsupported(f"{kind} in the exact float model")
        bank = self.bank
        acc = self._hole(body.sort, "acc")
        start = init if init is not None else self._empty(kind, dtype)
        step = self.combine(kind, dtype, acc, body)
        if start is None:
            start = self.undefined(body.sort)
            step = bank.ite(bank.eq(k, bank.num(0)), body, step)
        return self.prefixes.fold(k, (acc,), n, (start,), (step,))[0]

    def _scan(self, e: Expr, at: Term, scope: Scope, env: Env) -> Term:
        init = self.scalar(e.args[2], scope, env) if len(e.args) > 2 else None
        body_at = self._body(e.args[1], e.number, scope, env)
        inclusive = self.bank.add(at, self.bank.num(1))
        return self.reduction(e.kind, e.args[1].dtype, self.bank.nonnegative(inclusive), body_at, init)

    def _fold(self, e: Expr, scope: Scope, env: Env) -> Term:
        count = len(e.bound) - 1
        n = self.count(e.args[0], scope, env)
        inits = [self.scalar(a, scope, env) for a in e.args[1 : 1 + count]]
        bodies = e.args[1 + count :]
        which = e.attrs[2]
        assert isinstance(which, int)

        def step(k: Term, accs: Sequence[Term]) -> list[Term]:
            inside = {**env, **dict(zip(e.bound, (k, *accs), strict=True))}
            return [self.scalar(b, scope, inside) for b in bodies]

        return self.folded(n, inits, step)[which]

    def folded(
        self, n: Term, inits: Sequence[Term], step: Callable[[Term, Sequence[Term]], Sequence[Term]]
    ) -> Sequence[Term]:
        """All accumulators after n steps."""
        if n.op == "num" and int(n.data) <= _EXPANDED:  # type: ignore[call-overload]  # a number
            state: Sequence[Term] = inits
            for k in range(int(n.data)):  # type: ignore[call-overload]  # a number
                state = step(self.bank.num(k), state)
            return state
        self._depth += 1
        try:
            k = self._hole()
            accs = [self._hole(i.sort, f"acc{w}_") for w, i in enumerate(inits)]
            return self.prefixes.fold(k, accs, n, inits, step(k, accs))
        finally:
            self._depth -= 1

    def _scatter(self, e: Expr, where: tuple[Term, ...], scope: Scope, env: Env) -> Term:
        """Element of a scatter: a fold over the writes, of those that hit this element."""
        rank = e.rank
        combine = str(e.attrs[1])
        init = self.scalar(e.args[-1], scope, env)
        inner = e.args[rank + 1 : -1]

        def step(k: Term, accs: Sequence[Term]) -> list[Term]:
            inside = {**env, e.number: k}
            hits = [self.bank.eq(self.scalar(i, scope, inside), at) for i, at in zip(inner, where, strict=False)]
            value = self.scalar(inner[rank], scope, inside)
            return [self.bank.ite(self.bank.conj(*hits), self.combine(combine, e.dtype, accs[0], value), accs[0])]

        return self.folded(self.count(e.args[rank], scope, env), [init], step)[0]

    def _filter_length(self, e: Expr, scope: Scope, env: Env) -> Term:
        return self._kept(e, self.count(e.args[0], scope, env), scope, env)

    def _kept(self, e: Expr, n: Term, scope: Scope, env: Env) -> Term:
        """How many of the first n are kept."""
        bank = self.bank
        holds = self._body(e.args[1], e.number, scope, env)
        return self.reduction("sum", "int", n, lambda k: bank.ite(holds(k), bank.num(1), bank.num(0)), None)

    def _filter(self, e: Expr, at: Term, scope: Scope, env: Env) -> Term:
        """Element of a filter: the value at the step that is kept while `at` are kept before it."""
        bank = self.bank
        holds, value = (self._body(b, e.number, scope, env) for b in e.args[1:])

        def step(k: Term, accs: Sequence[Term]) -> list[Term]:
            hit = bank.conj(holds(k), bank.eq(self._kept(e, k, scope, env), at))
            return [bank.ite(hit, value(k), accs[0])]

        sort = self.sort(e.dtype)
        return self.folded(self.count(e.args[0], scope, env), [self.undefined(sort)], step)[0]


def _mentions(term: Term, what: Term) -> bool:
    return any(t is what for t in walk(term))
