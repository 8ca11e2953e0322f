"""Arithmetic of machine dtypes on Python numbers: what the interpreter computes with.

A float is held as a Python float that its dtype can represent: computing in double precision and rounding once to a
format of less than half its digits gives the correctly rounded result of + - * / and sqrt (Figueroa 1995).
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable, Sequence

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES

Number = int | float | bool


def rounded(value: float, dtype: str) -> float:
    """The float of that dtype nearest to value, ties to even; overflow gives infinity."""
    if dtype == "f64" or math.isnan(value) or math.isinf(value):
        return value
    if dtype == "bf16":
        bits = int.from_bytes(struct.pack("<f", rounded(value, "f32")), "little")
        bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
        return float(struct.unpack("<f", bits.to_bytes(4, "little"))[0])
    code = "<f" if dtype == "f32" else "<e"
    try:
        return float(struct.unpack(code, struct.pack(code, value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def convert(value: Number, dtype: str, rounding: str = "nearest", mode: str = "wrap") -> Number:
    """A cast: to floats by rounding to nearest, to integers by `rounding`, then wrapping or saturating."""
    facts = DTYPES[dtype]
    if facts.kind == "bool":
        return bool(value)
    if facts.is_float:
        return rounded(float(value), dtype)
    whole = _whole(value, rounding) if isinstance(value, float) else int(value)
    low, high = facts.low, facts.high
    assert isinstance(low, int) and isinstance(high, int) and facts.bits
    if mode == "saturate":
        return min(max(whole, low), high)
    if mode == "exact" and not low <= whole <= high:
        raise IrError(f"{whole} does not fit {dtype}")
    return wrapped(whole, dtype)


def _whole(value: float, rounding: str) -> int:
    if math.isnan(value) or math.isinf(value):
        raise IrError(f"{value} has no integer value")
    steps: dict[str, Callable[[float], int]] = {"floor": math.floor, "ceil": math.ceil, "trunc": math.trunc}
    return steps.get(rounding, round)(value)


def wrapped(value: int, dtype: str) -> int:
    """value modulo 2**bits in the range of the dtype."""
    facts = DTYPES[dtype]
    bits = facts.bits or 64
    rest = value % (1 << bits)
    return rest - (1 << bits) if facts.kind == "int" and rest >> (bits - 1) else rest


def apply(op: str, values: Sequence[Number], operands: str, result: str) -> Number:
    """A scalar operator or function on operands of one dtype, in the result's dtype."""
    if op in _COMPARE:
        return bool(_COMPARE[op](*values))
    if op == "lnot":
        return not values[0]
    if DTYPES[operands].is_float:
        return convert(_floating(op, [float(v) for v in values]), result)
    if DTYPES[operands].kind == "bool" and op in ("and", "or", "xor", "min", "max"):
        return bool(_INTEGER[op](*values))
    if op not in _INTEGER:
        raise IrError(f"{op} is not defined on {operands}")
    if op in ("tdiv", "trem", "fdiv", "fmod", "div") and not values[1]:
        raise IrError("integer division by zero")
    return convert(_INTEGER[op](*(int(v) for v in values)), result)


def _floating(op: str, values: list[float]) -> float:
    try:
        return _FLOAT[op](*values)
    except KeyError:
        raise IrError(f"no meaning of {op} on floats is known here") from None
    except ZeroDivisionError:
        if len(values) == 1:  # rsqrt of a zero
            return math.copysign(math.inf, values[0])
        sign = math.copysign(1.0, values[0]) * math.copysign(1.0, values[1])
        return math.nan if values[0] == 0 or math.isnan(values[0]) else sign * math.inf
    except OverflowError:
        return math.inf
    except ValueError:  # outside the domain: log of a negative number, of zero
        return -math.inf if op.startswith("log") and values[0] == 0 else math.nan


_COMPARE: dict[str, Callable[..., object]] = {
    "lt": operator.lt, "le": operator.le, "eq": operator.eq, "ne": operator.ne,
}  # fmt: skip


def _truncated(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


_INTEGER: dict[str, Callable[..., int]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "neg": operator.neg, "abs": abs,
    "min": min, "max": max, "and": operator.and_, "or": operator.or_, "xor": operator.xor, "not": operator.invert,
    "shl": operator.lshift, "shr": operator.rshift, "fdiv": operator.floordiv, "fmod": operator.mod,
    "tdiv": _truncated, "trem": lambda a, b: a - _truncated(a, b) * b, "pow": pow, "land": min, "lor": max,
    "sign": lambda a: (a > 0) - (a < 0),
}  # fmt: skip


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _sign(x: float) -> float:
    return math.copysign(1.0, x) if x else x


_FLOAT: dict[str, Callable[..., float]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg,
    "abs": abs, "min": min, "max": max, "pow": math.pow, "fmod": operator.mod, "trem": math.fmod,
    "fdiv": operator.floordiv, "tdiv": lambda a, b: float(math.trunc(a / b)),
    "exp": math.exp, "exp2": lambda x: 2.0**x, "expm1": math.expm1, "log": math.log, "log2": math.log2,
    "log10": math.log10, "log1p": math.log1p, "sqrt": math.sqrt, "rsqrt": lambda x: 1 / math.sqrt(x),
    "cbrt": lambda x: math.copysign(abs(x) ** (1 / 3), x), "sin": math.sin, "cos": math.cos, "tan": math.tan,
    "asin": math.asin, "acos": math.acos, "atan": math.atan, "atan2": math.atan2, "sinh": math.sinh,
    "cosh": math.cosh, "tanh": math.tanh, "erf": math.erf, "erfc": math.erfc, "hypot": math.hypot,
    "sigmoid": _sigmoid, "floor": lambda x: float(math.floor(x)), "ceil": lambda x: float(math.ceil(x)),
    "trunc": lambda x: float(math.trunc(x)), "round": lambda x: float(round(x)), "sign": _sign,
    "isnan": math.isnan, "isinf": math.isinf,
}  # fmt: skip
