"""A plain interpreter of expressions, one element at a time, with exact numbers.

It is the definition that the vectorised evaluator is tested against, and what verifiers replay counterexamples with.
Integers are Python's, wrapped to the node's dtype; reals are fractions, so arithmetic on them is exact; functions such
as exp give the fraction that equals their float64 value; machine floats are rounded after every operation.  Infinities
and NaN are Python floats.  Slow by design: use `evaluate` for arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import ARITHMETIC, BINDERS, BITWISE, COMPARE, LOGICAL, Expr, parts, spine

Value = Any
"""bool, int, Fraction (a finite float or real), float (infinite or NaN), or nested lists of them."""


def interpret(
    expr: Expr,
    inputs: Mapping[str, object],
    sizes: Mapping[str, int],
    *,
    exact: bool = True,
    functions: Mapping[str, Callable[..., object]] | None = None,
) -> Value:
    """The value of a closed expression; arrays are nested sequences or NumPy arrays.

    exact: reals are fractions; else they are rounded to float64 after every operation.  functions: meanings of
    uninterpreted functions.  Raises IrError for an element that does not exist.
    """
    given = {name: _converted(value) for name, value in inputs.items()}
    return Interpreter(given, sizes, exact, functions or {}).value(expr, {})


def rounded(value: Value, dtype: str, rounding: str = "nearest") -> Value:
    """A float or real rounded to a float dtype, exactly, from a fraction; overflow gives an infinity."""
    if dtype == "real" or not isinstance(value, Fraction) or value == 0:
        return value
    facts = DTYPES[dtype]
    exponent = _exponent(abs(value))
    unit = max(exponent, 1 - facts.max_exponent) - facts.digits + 1
    step = Fraction(2) ** unit
    result = whole(value / step, rounding) * step
    return result if abs(result) <= Fraction(facts.high or 0) else math.copysign(math.inf, value)


def _exponent(value: Fraction) -> int:
    """e with 2**e <= value < 2**(e + 1)."""
    guess = value.numerator.bit_length() - value.denominator.bit_length()
    return guess if value >= Fraction(2) ** guess else guess - 1


def whole(value: Fraction, rounding: str) -> int:
    """A fraction as an integer; nearest takes ties to even."""
    return _WHOLE[rounding](value)


_WHOLE: dict[str, Callable[[Fraction], int]] = {
    "nearest": round,
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
}


def wrap(value: int, dtype: str) -> int:
    """An integer modulo 2**bits, in the range of a machine dtype; itself for "int"."""
    facts = DTYPES[dtype]
    if facts.bits is None:
        return value
    low = int(facts.low or 0)
    return (value - low) % (1 << facts.bits) + low


class Interpreter:
    """The inputs and the memory of one interpretation.  Environments map variable numbers to values."""

    def __init__(
        self,
        inputs: Mapping[str, Value],
        sizes: Mapping[str, int],
        exact: bool,
        functions: Mapping[str, Callable[..., object]],
    ) -> None:
        self._inputs, self._sizes, self._exact, self._functions = inputs, sizes, exact, functions
        self._memo: dict[tuple[Expr, tuple[Value, ...]], Value] = {}

    def value(self, e: Expr, env: Mapping[int, Value]) -> Value:
        """The value of a node; remembered for the values of its free variables."""
        if e.op == "var":
            return env[e.number]
        if self._key(e, env) not in self._memo:
            for node in reversed(spine(e, lambda n: self._key(n, env) in self._memo)):
                self._memo[self._key(node, env)] = self._compute(node, env)
        return self._memo[self._key(e, env)]

    def _key(self, e: Expr, env: Mapping[int, Value]) -> tuple[Expr, tuple[Value, ...]]:
        return e, tuple(env[n] for n in sorted(e.free))

    def _compute(self, e: Expr, env: Mapping[int, Value]) -> Value:
        match e.op:
            case "const":
                return _number(e.value, e.dtype)
            case "size" | "param" | "input":
                return self._named(e)
            case "get":
                return self._element(e, env)
            case "select":
                return self.value(e.args[1 if self.value(e.args[0], env) else 2], env)
            case "land" | "lor":
                left = self.value(e.args[0], env)
                return left if left == (e.op == "lor") else self.value(e.args[1], env)
            case "cast":
                return convert(self.value(e.args[0], env), e.args[0].dtype, e.dtype, str(e.attrs[0]), str(e.attrs[1]))
            case "call":
                return self._call(e, [self.value(a, env) for a in e.args])
        if e.op in BINDERS or e.op == "length":
            return self._binder(e, env)
        values = [self.value(a, env) for a in e.args]
        return self._rounded(operate(e.op, values, e.args[0].dtype), e.dtype)

    def _rounded(self, value: Value, dtype: str) -> Value:
        if not DTYPES[dtype].is_float:
            return value
        return rounded(value, "f64" if dtype == "real" and not self._exact else dtype)

    def _named(self, e: Expr) -> Value:
        if e.op == "size" or (e.name not in self._inputs and e.name in self._sizes):
            if e.name not in self._sizes:
                raise IrError(f"no value for the size {e.name!r}")
            return int(self._sizes[e.name])
        if e.name not in self._inputs:
            raise IrError(f"no value for the input {e.name!r}")
        value = self._inputs[e.name]
        return _stored(value, e.dtype)

    def _element(self, e: Expr, env: Mapping[int, Value]) -> Value:
        value = self.value(e.args[0], env) if e.args[0].op != "input" else self._inputs_of(e.args[0])
        for at in e.args[1:]:
            index = self.value(at, env)
            if not 0 <= index < len(value):
                raise IrError(f"index {index} is out of range 0..{len(value) - 1} in {e}")
            value = value[index]
        return _stored(value, e.dtype) if e.args[0].op == "input" else value

    def _inputs_of(self, e: Expr) -> Value:
        if e.name not in self._inputs:
            raise IrError(f"no value for the input {e.name!r}")
        return self._inputs[e.name]

    def _call(self, e: Expr, values: list[Value]) -> Value:
        function = self._functions.get(e.name)
        if function is not None:
            given = function(*(float(v) if isinstance(v, Fraction) else v for v in values))
            return self._rounded(_number(given, e.dtype), e.dtype)  # type: ignore[arg-type]  # a number, by contract
        return self._rounded(apply_function(e.name, values), e.dtype)

    def _extent(self, e: Expr, env: Mapping[int, Value]) -> int:
        return max(0, int(self.value(e, env)))

    def _binder(self, e: Expr, env: Mapping[int, Value]) -> Value:
        if e.op == "length":
            return len(self.value(e.args[0], env))
        before, inside, after = parts(e)
        steps = range(self._extent(before[-1] if e.op == "scatter" else before[0], env))
        if e.op == "fold":
            return self._fold(e, env, steps)
        inner = [{**env, e.number: k} for k in steps]
        match e.op:
            case "comp":
                return [self.value(inside[0], at) for at in inner]
            case "filter":
                return [self.value(inside[1], at) for at in inner if self.value(inside[0], at)]
            case "scatter":
                return self._scatter(e, env, inner)
        terms = [self.value(inside[0], at) for at in inner]
        start = [self.value(after[0], env)] if after else []
        if e.op == "scan":
            return self._running(e, start, terms)
        return self._reduced(e, [*start, *terms])

    def _reduced(self, e: Expr, terms: list[Value]) -> Value:
        if e.kind in ("argmax", "argmin"):
            if not terms:
                raise IrError(f"{e.kind} of nothing in {e}")
            return terms.index((max if e.kind == "argmax" else min)(terms))
        if not terms:
            if e.kind not in _EMPTY:
                raise IrError(f"{e.kind} of nothing in {e}")
            return _number(_EMPTY[e.kind], e.dtype)
        return self._running(e, terms[:1], terms[1:])[-1] if len(terms) > 1 else terms[0]

    def _running(self, e: Expr, start: list[Value], terms: list[Value]) -> list[Value]:
        """The running combination of start, when there is one, with every term."""
        op = {"sum": "add", "prod": "mul", "any": "lor", "all": "land"}.get(e.kind, e.kind)
        results: list[Value] = []
        for term in terms:
            before = results[-1:] or start
            results.append(self._rounded(operate(op, [before[0], term], e.dtype), e.dtype) if before else term)
        return results

    def _scatter(self, e: Expr, env: Mapping[int, Value], inner: Sequence[Mapping[int, Value]]) -> Value:
        before, inside, (init,) = parts(e)
        extents = [self._extent(x, env) for x in before[:-1]]
        start = self.value(init, env)
        tensor = _filled(extents, start)
        op = {"add": "add", "mul": "mul"}.get(str(e.attrs[1]), str(e.attrs[1]))
        for at in inner:
            where = [self.value(i, at) for i in inside[:-1]]
            if any(not 0 <= i < n for i, n in zip(where, extents, strict=True)):
                raise IrError(f"scatter to {where} outside of {extents} in {e}")
            row = tensor
            for i in where[:-1]:
                row = row[i]
            value = self.value(inside[-1], at)
            new = value if op == "set" else operate(op, [row[where[-1]], value], e.dtype)
            row[where[-1]] = self._rounded(new, e.dtype)
        return tensor

    def _fold(self, e: Expr, env: Mapping[int, Value], steps: range) -> Value:
        before, updates, _ = parts(e)
        accs = [self.value(s, env) for s in before[1:]]
        which = e.attrs[2]
        assert isinstance(which, int)
        for k in steps:
            at = {**env, **dict(zip(e.bound, (k, *accs), strict=True))}
            accs = [self.value(u, at) for u in updates]
        return accs[which]


_EMPTY: dict[str, int | bool] = {"sum": 0, "prod": 1, "any": False, "all": True}


def _filled(extents: list[int], value: Value) -> Value:
    if not extents:
        return value
    return [_filled(extents[1:], value) for _ in range(extents[0])]


def _converted(value: object) -> Value:
    """Arrays as nested lists."""
    listed = value.tolist() if hasattr(value, "tolist") else value
    return [_converted(v) for v in listed] if isinstance(listed, list | tuple) else listed


def _stored(value: Value, dtype: str) -> Value:
    """An input's number in the form that the interpreter computes with, rounded to the storage dtype."""
    if isinstance(value, list):
        return [_stored(v, dtype) for v in value]
    if DTYPES[dtype].is_float:
        return rounded(_number(value, dtype), dtype)
    return bool(value) if dtype == "bool" else int(value)


def _number(value: int | float | bool | Fraction, dtype: str) -> Value:
    if DTYPES[dtype].is_float:
        return Fraction(value) if isinstance(value, Fraction | int) or math.isfinite(value) else float(value)
    return bool(value) if dtype == "bool" else int(value)


def convert(value: Value, source: str, target: str, rounding: str, mode: str) -> Value:
    """A cast of one number."""
    facts = DTYPES[target]
    if facts.kind == "bool":
        return value != 0
    if facts.is_float:
        number = _number(value, target)
        if mode == "saturate" and facts.high is not None and number == number:
            number = max(min(number, Fraction(facts.high)), -Fraction(facts.high))
        result = rounded(number, target, rounding)
        if mode == "exact" and isinstance(number, Fraction) and not isinstance(result, Fraction):
            raise IrError(f"{float(number)} does not fit {target}")
        return result
    if isinstance(value, float):
        raise IrError(f"{value} has no value in {target}")
    number = whole(value, rounding) if isinstance(value, Fraction) else int(value)
    if facts.low is None or facts.high is None or facts.low <= number <= facts.high:
        return number
    if mode == "exact":
        raise IrError(f"{number} does not fit {target}")
    if mode == "saturate":
        return int(max(min(number, facts.high), facts.low))
    return wrap(number, target)


def operate(op: str, values: list[Value], dtype: str) -> Value:
    """A scalar operator on operands of a dtype; integers are wrapped, floats are not yet rounded."""
    if op in COMPARE:
        a, b = values
        return {"lt": a < b, "le": a <= b, "eq": a == b, "ne": a != b}[op]
    if op == "lnot":
        return not values[0]
    if dtype == "bool":
        a, b = values
        return {"land": a and b, "and": a and b, "lor": a or b, "or": a or b}.get(op, a != b)
    if DTYPES[dtype].is_float:
        return _float_operator(op, values)
    if op in LOGICAL:
        raise IrError(f"{op} of integers")
    return wrap(_integer_operator(op, values), dtype)


def _integer_operator(op: str, values: list[int]) -> int:
    if len(values) == 1:
        return {"neg": -values[0], "abs": abs(values[0]), "not": ~values[0]}[op]
    a, b = values
    if op in ("tdiv", "trem", "fdiv", "fmod") and b == 0:
        raise IrError(f"{op} by zero")
    if op in ("shl", "shr", "pow") and b < 0:
        raise IrError(f"{op} by {b}")
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) if op in ("tdiv", "trem") else 0
    operators: dict[str, Callable[[], int]] = {
        "add": lambda: a + b, "sub": lambda: a - b, "mul": lambda: a * b, "min": lambda: min(a, b),
        "max": lambda: max(a, b), "tdiv": lambda: quotient, "trem": lambda: a - b * quotient, "fdiv": lambda: a // b,
        "fmod": lambda: a % b, "and": lambda: a & b, "or": lambda: a | b, "xor": lambda: a ^ b, "shl": lambda: a << b,
        "shr": lambda: a >> b, "pow": lambda: a**b,
    }  # fmt: skip
    assert set(operators) == (ARITHMETIC - {"div"}) | BITWISE
    return operators[op]()


def _float_operator(op: str, values: list[Value]) -> Value:
    """On fractions where all are finite, else as IEEE arithmetic does."""
    if len(values) == 1:
        return -values[0] if op == "neg" else abs(values[0])
    a, b = values
    if op in ("min", "max"):
        return (min if op == "min" else max)(a, b)
    if isinstance(a, float) or isinstance(b, float) or (b == 0 and op in ("div", "tdiv", "trem", "fdiv", "fmod")):
        return _special(op, float(a), float(b))
    if op == "pow":
        return a**b if b.denominator == 1 and abs(b) <= 64 and (a != 0 or b >= 0) else _special(op, float(a), float(b))
    operators: dict[str, Callable[[], Value]] = {
        "add": lambda: a + b, "sub": lambda: a - b, "mul": lambda: a * b, "div": lambda: a / b,
        "tdiv": lambda: Fraction(math.trunc(a / b)), "trem": lambda: a - b * math.trunc(a / b),
        "fdiv": lambda: Fraction(math.floor(a / b)), "fmod": lambda: a - b * math.floor(a / b),
    }  # fmt: skip
    return operators[op]()


def _special(op: str, a: float, b: float) -> Value:
    """Operations with infinities, NaN, zero divisors and irrational powers, in float64."""
    if op in ("div", "tdiv", "fdiv") and b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a)
    if op in ("trem", "fmod") and (b == 0 or math.isinf(a)):
        return math.nan
    operators: dict[str, Callable[[], float]] = {
        "add": lambda: a + b, "sub": lambda: a - b, "mul": lambda: a * b, "div": lambda: a / b,
        "tdiv": lambda: math.trunc(a / b), "fdiv": lambda: math.floor(a / b), "trem": lambda: math.fmod(a, b),
        "fmod": lambda: a % b, "pow": lambda: math.pow(a, b),
    }  # fmt: skip
    try:
        result = operators[op]()
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan
    return _number(result, "real")


_EXACT: dict[str, Callable[[Fraction], Value]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "round": round,
    "sign": lambda x: (x > 0) - (x < 0),
}
_FLOAT: dict[str, Callable[..., float]] = {
    **{name: getattr(math, name) for name in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt")},
    **{name: getattr(math, name) for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")},
    **{name: getattr(math, name) for name in ("erf", "erfc", "atan2", "hypot")},
    "rsqrt": lambda x: 1.0 / math.sqrt(x),
    "sigmoid": lambda x: 0.5 * (1.0 + math.tanh(0.5 * x)),
}
_AT_ZERO = {"log": -math.inf, "log2": -math.inf, "log10": -math.inf, "rsqrt": math.inf}


def apply_function(name: str, values: list[Value]) -> Value:
    """A named function; IrError for one without a meaning here."""
    x = values[0]
    if name in ("isnan", "isinf"):
        return isinstance(x, float) and (math.isnan(x) if name == "isnan" else math.isinf(x))
    if name in _EXACT:
        return Fraction(_EXACT[name](x)) if isinstance(x, Fraction) else x
    function = _FLOAT.get(name)
    if function is None:
        raise IrError(f"{name} is an uninterpreted function: it has no value", hint="give it in `functions`")
    if x == 0 and name in _AT_ZERO:
        return _AT_ZERO[name]
    try:
        return _number(function(*(float(v) for v in values)), "real")
    except OverflowError:
        return -math.inf if name == "sinh" and x < 0 else math.inf
    except ValueError:
        return -math.inf if name == "log1p" and x == -1 else math.nan
