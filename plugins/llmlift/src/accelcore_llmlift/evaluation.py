"""Evaluation of single expressions on Python values: exact integers, floats or Fractions, nested lists.

Every expression is turned into a closure once; the closures of shared nodes are shared.  The judge's oracle is
`accelcore.ir.evaluate`, vectorised and with error bounds; this one follows the source's own arithmetic, element by
element, and serves programs whose variables change.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from weakref import WeakKeyDictionary

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr


class EvaluationError(ArithmeticError):
    """No value: an index out of range, a division by zero, an integer that does not fit."""


@dataclass
class Evaluation:
    """Current values of variables and sizes, and of bound variables by number."""

    variables: Mapping[str, Any]
    sizes: Mapping[str, int]
    bound: dict[int, Any] = field(default_factory=dict)

    def value(self, e: Expr) -> Any:
        """The value of an expression; nested lists for tensors."""
        try:
            return compiled(e)(self)
        except (ZeroDivisionError, OverflowError, ValueError) as error:
            raise EvaluationError(str(error)) from None


Closure = Callable[[Evaluation], Any]
_closures: WeakKeyDictionary[Expr, Closure] = WeakKeyDictionary()


def compiled(e: Expr) -> Closure:
    """The closure of an expression."""
    found = _closures.get(e)
    if found is None:
        found = _closures[e] = _compile(e)
    return found


def _compile(e: Expr) -> Closure:
    if e.op in _SPECIAL:
        return _SPECIAL[e.op](e)
    parts = [compiled(a) for a in e.args]
    if e.op in ("lnot", "neg", "abs", "not"):
        one, (a,) = _UNARY[e.op], parts
        return lambda at: one(a(at))
    two = _INTEGER_BINARY.get(e.op) if e.dtype != "real" and not DTYPES[e.args[0].dtype].is_float else None
    function = two or _BINARY[e.op]
    a, b = parts
    wrap = _wrapper(e.dtype)
    if wrap is None:
        return lambda at: function(a(at), b(at))
    return lambda at: wrap(function(a(at), b(at)))


def _wrapper(dtype: str) -> Callable[[Any], Any] | None:
    """Machine arithmetic rounds or wraps after every operation; indices and Python numbers do not."""
    if dtype in ("int", "real", "bool", "i64"):
        return None
    return lambda value: converted(value, dtype, "nearest", "wrap")


def _truncated(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


_UNARY: dict[str, Callable[[Any], Any]] = {
    "lnot": operator.not_, "neg": operator.neg, "abs": abs, "not": operator.invert,
}  # fmt: skip
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "fdiv": operator.floordiv,
    "fmod": operator.mod, "min": min, "max": max, "pow": operator.pow, "lt": operator.lt, "le": operator.le,
    "eq": operator.eq, "ne": operator.ne, "and": operator.and_, "or": operator.or_, "xor": operator.xor,
    "shl": operator.lshift, "shr": operator.rshift,
}  # fmt: skip
_INTEGER_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "tdiv": _truncated, "trem": lambda a, b: a - b * _truncated(a, b), "div": _truncated,
}  # fmt: skip


# Leaves.


def _const(e: Expr) -> Closure:
    value = e.value
    return lambda at: value


def _size(e: Expr) -> Closure:
    name = e.name

    def get(at: Evaluation) -> Any:
        try:
            return at.sizes[name]
        except KeyError:
            raise EvaluationError(f"the size {name} has no value") from None

    return get


def _variable(e: Expr) -> Closure:
    name = e.name

    def get(at: Evaluation) -> Any:
        try:
            return at.variables[name]
        except KeyError:
            raise EvaluationError(f"{name!r} has no value yet") from None

    return get


def _bound(e: Expr) -> Closure:
    number = e.number
    return lambda at: at.bound[number]


# Choices, elements, casts, calls.


def _select(e: Expr) -> Closure:
    test, then, other = (compiled(a) for a in e.args)
    return lambda at: then(at) if test(at) else other(at)


def _land(e: Expr) -> Closure:
    a, b = (compiled(x) for x in e.args)
    return lambda at: a(at) and b(at)


def _lor(e: Expr) -> Closure:
    a, b = (compiled(x) for x in e.args)
    return lambda at: a(at) or b(at)


def _get(e: Expr) -> Closure:
    tensor, *indices = (compiled(a) for a in e.args)

    def get(at: Evaluation) -> Any:
        value = tensor(at)
        for index in indices:
            i = index(at)
            if not 0 <= i < len(value):
                raise EvaluationError(f"index {i} is outside a list of {len(value)} elements")
            value = value[i]
        return list(value) if isinstance(value, list) else value

    return get


def _length(e: Expr) -> Closure:
    tensor, axis = compiled(e.args[0]), int(str(e.attrs[0]))

    def get(at: Evaluation) -> int:
        value = tensor(at)
        for _ in range(axis):
            if not value:
                return 0
            value = value[0]
        return len(value)

    return get


def _cast(e: Expr) -> Closure:
    inner = compiled(e.args[0])
    dtype, rounding, mode = e.dtype, str(e.attrs[0]), str(e.attrs[1])

    def one(value: Any) -> Any:
        if isinstance(value, list):
            return [one(v) for v in value]
        return converted(value, dtype, rounding, mode)

    return lambda at: one(inner(at))


_ROUNDINGS: dict[str, Callable[[Any], int]] = {
    "nearest": round, "trunc": math.trunc, "floor": math.floor, "ceil": math.ceil,
}  # fmt: skip


def converted(value: Any, dtype: str, rounding: str, mode: str) -> Any:
    """A number in another dtype; EvaluationError when an "exact" cast does not hold the value."""
    facts = DTYPES[dtype]
    if facts.is_float:
        return _as_float(value, dtype)
    if facts.kind == "bool":
        return bool(value)
    whole = value if isinstance(value, int) else _ROUNDINGS[rounding](value)
    whole = int(whole)
    if facts.bits is None or (facts.low is not None and facts.high is not None and facts.low <= whole <= facts.high):
        return whole
    if mode == "exact":
        raise EvaluationError(f"{whole} does not fit {dtype}")
    assert facts.low is not None and facts.high is not None
    if mode == "saturate":
        return int(facts.low) if whole < facts.low else int(facts.high)
    return (whole - int(facts.low)) % (1 << facts.bits) + int(facts.low)


def _as_float(value: Any, dtype: str) -> Any:
    if dtype == "real":
        return value if isinstance(value, Fraction) else float(value)
    if dtype == "f64":
        return float(value)
    if math.isinf(value) or math.isnan(value):
        return float(value)
    code = {"f32": "f", "f16": "e", "bf16": "f"}[dtype]
    try:
        rounded: float = struct.unpack(code, struct.pack(code, float(value)))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return _brain_float(rounded) if dtype == "bf16" else rounded


def _brain_float(value: float) -> float:
    """The upper half of a single-precision number, rounded to nearest even."""
    bits = int.from_bytes(struct.pack(">f", value), "big")
    bits += 0x7FFF + ((bits >> 16) & 1)
    found: float = struct.unpack(">f", ((bits >> 16) << 16 & 0xFFFFFFFF).to_bytes(4, "big"))[0]
    return found


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "rsqrt": lambda x: 1.0 / math.sqrt(x), "sigmoid": _sigmoid, "sign": lambda x: (x > 0) - (x < 0),
    "round": round, "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc,
}  # fmt: skip


def _call(e: Expr) -> Closure:
    function = _FUNCTIONS.get(e.name) or getattr(math, e.name, None)
    args = [compiled(a) for a in e.args]
    if function is None:
        raise EvaluationError(f"the function {e.name!r} has no definition")
    real = DTYPES[e.dtype].is_float
    return lambda at: float(function(*(a(at) for a in args))) if real else function(*(a(at) for a in args))


# Binders.


def _each(e: Expr, extent: Closure, number: int, body: Closure) -> Callable[[Evaluation], Any]:
    def run(at: Evaluation) -> Any:
        for k in range(extent(at)):
            at.bound[number] = k
            yield body(at)

    return run


def _comp(e: Expr) -> Closure:
    each = _each(e, compiled(e.args[0]), e.number, compiled(e.args[1]))
    return lambda at: list(each(at))


_COMBINE: dict[str, Callable[[Any, Any], Any]] = {
    "sum": operator.add, "prod": operator.mul, "max": max, "min": min,
    "any": lambda a, b: a or b, "all": lambda a, b: a and b,
}  # fmt: skip
_EMPTY: dict[str, Any] = {"sum": 0, "prod": 1, "any": False, "all": True}


def _reduce(e: Expr) -> Closure:
    each = _each(e, compiled(e.args[0]), e.number, compiled(e.args[1]))
    kind = e.kind
    init = compiled(e.args[2]) if len(e.args) > 2 else None
    if kind in ("argmax", "argmin"):
        return _arg(kind, each)
    combine = _COMBINE[kind]
    empty = float(_EMPTY[kind]) if kind in ("sum", "prod") and DTYPES[e.dtype].is_float else _EMPTY.get(kind)

    def run(at: Evaluation) -> Any:
        found = empty if init is None else init(at)
        for value in each(at):
            found = value if found is None else combine(found, value)
        if found is None:
            raise EvaluationError(f"{kind} of nothing")
        return found

    return run


def _arg(kind: str, each: Callable[[Evaluation], Any]) -> Closure:
    def run(at: Evaluation) -> int:
        values = list(each(at))
        if not values:
            raise EvaluationError(f"{kind} of nothing")
        return values.index(max(values) if kind == "argmax" else min(values))

    return run


def _scan(e: Expr) -> Closure:
    each = _each(e, compiled(e.args[0]), e.number, compiled(e.args[1]))
    combine, init = _COMBINE[e.kind], compiled(e.args[2]) if len(e.args) > 2 else None

    def run(at: Evaluation) -> list[Any]:
        found: list[Any] = []
        last = None if init is None else init(at)
        for value in each(at):
            last = value if last is None else combine(last, value)
            found.append(last)
        return found

    return run


def _fold(e: Expr) -> Closure:
    number, *accumulators = e.bound
    count = len(accumulators)
    extent, *rest = (compiled(a) for a in e.args)
    inits, bodies = rest[:count], rest[count:]
    which = int(str(e.attrs[2]))

    def run(at: Evaluation) -> Any:
        values = [i(at) for i in inits]
        for k in range(extent(at)):
            at.bound[number] = k
            at.bound.update(zip(accumulators, values, strict=True))
            values = [b(at) for b in bodies]
        return values[which]

    return run


_SCATTER: dict[str, Callable[[Any, Any], Any]] = {
    "set": lambda _, new: new, "add": operator.add, "mul": operator.mul, "max": max, "min": min,
}  # fmt: skip


def _scatter(e: Expr) -> Closure:
    rank = int(str(e.attrs[2]))
    combine = _SCATTER[str(e.attrs[1])]
    parts = [compiled(a) for a in e.args]
    extents, count, at_index, value, init = (
        parts[:rank], parts[rank], parts[rank + 1 : 2 * rank + 1], parts[2 * rank + 1], parts[2 * rank + 2],
    )  # fmt: skip

    def run(at: Evaluation) -> Any:
        found = _filled([x(at) for x in extents], init(at))
        for k in range(count(at)):
            at.bound[e.number] = k
            target = found
            *outer, last = (i(at) for i in at_index)
            for i in outer:
                target = target[i]
            if not 0 <= last < len(target):
                raise EvaluationError(f"index {last} is outside a list of {len(target)} elements")
            target[last] = combine(target[last], value(at))
        return found

    return run


def _filled(shape: list[int], fill: Any) -> Any:
    return fill if not shape else [_filled(shape[1:], fill) for _ in range(shape[0])]


def _filter(e: Expr) -> Closure:
    count, test, value = (compiled(a) for a in e.args)

    def run(at: Evaluation) -> list[Any]:
        found = []
        for k in range(count(at)):
            at.bound[e.number] = k
            if test(at):
                found.append(value(at))
        return found

    return run


_SPECIAL: dict[str, Callable[[Expr], Closure]] = {
    "const": _const, "size": _size, "param": _variable, "input": _variable, "var": _bound, "select": _select,
    "land": _land, "lor": _lor, "get": _get, "length": _length, "cast": _cast, "call": _call, "comp": _comp,
    "reduce": _reduce, "scan": _scan, "fold": _fold, "scatter": _scatter, "filter": _filter,
}  # fmt: skip
