"""Intervals of integer expressions: a stand-in for `accelcore.ir.ranges` with the little that lowering needs."""

from __future__ import annotations

import math
from collections.abc import Mapping

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr

Interval = tuple[float, float]
SIZE_LIMIT = 2**31 - 1
"""Largest extent that is assumed of a size parameter."""
ANY: Interval = (-math.inf, math.inf)


def interval(e: Expr, env: Mapping[int, Interval]) -> Interval:
    """Closed interval that contains every value of the scalar `e`."""
    kind = DTYPES[e.dtype]
    natural = ANY if kind.low is None or kind.is_float else (kind.low, kind.high or 0)
    found = _of(e, env)
    return max(found[0], natural[0]), min(found[1], natural[1])


def _of(e: Expr, env: Mapping[int, Interval]) -> Interval:
    match e.op:
        case "const":
            return e.value, e.value
        case "size":
            return 0, SIZE_LIMIT
        case "var":
            return env.get(e.number, ANY)
        case (
            "add"
            | "sub"
            | "mul"
            | "min"
            | "max"
            | "fdiv"
            | "tdiv"
            | "fmod"
            | "trem"
            | "and"
            | "or"
            | "xor"
            | "shr"
            | "shl"
        ):
            return _binary(e, interval(e.args[0], env), interval(e.args[1], env))
        case "neg":
            low, high = interval(e.args[0], env)
            return -high, -low
        case "abs":
            low, high = interval(e.args[0], env)
            return (0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
        case "select":
            return join(interval(e.args[1], env), interval(e.args[2], env))
        case "cast":
            low, high = interval(e.args[0], env)
            inner = DTYPES[e.args[0].dtype]
            if inner.kind == "bool":
                return 0, 1
            if not inner.is_float:
                fits = DTYPES[e.dtype]
                inside = fits.low is None or (fits.low <= low and high <= (fits.high or 0))
                return (low, high) if inside or e.attrs[1] != "wrap" else ANY
            return ANY
        case "reduce":
            return _reduce(e, env)
    return ANY


def _reduce(e: Expr, env: Mapping[int, Interval]) -> Interval:
    extent = interval(e.args[0], env)
    if e.kind in ("argmax", "argmin"):
        return 0, max(extent[1] - 1, 0)
    body = interval(e.args[1], {**env, e.number: (0, max(extent[1] - 1, 0))})
    init = interval(e.args[2], env) if len(e.args) > 2 else ((0, 0) if e.kind == "sum" else body)
    if e.kind == "sum":
        count = max(extent[1], 0)
        return init[0] + min(0, _times(count, body[0])), init[1] + max(0, _times(count, body[1]))
    return join(body, init) if e.kind in ("max", "min") else ANY


def _binary(e: Expr, a: Interval, b: Interval) -> Interval:
    match e.op:
        case "add":
            return a[0] + b[0], a[1] + b[1]
        case "sub":
            return a[0] - b[1], a[1] - b[0]
        case "mul":
            if e.args[0] is e.args[1]:
                low, high = sorted((abs(a[0]), abs(a[1])))
                return (0 if a[0] <= 0 <= a[1] else _times(low, low)), _times(high, high)
            ends = [_times(x, y) for x in a for y in b]
            return min(ends), max(ends)
        case "min":
            return min(a[0], b[0]), min(a[1], b[1])
        case "max":
            return max(a[0], b[0]), max(a[1], b[1])
        case "fmod" if b[0] > 0:
            return a if a[0] >= 0 and a[1] < b[0] else (0, b[1] - 1)
        case "trem":
            m = max(abs(b[0]), abs(b[1])) - 1
            return (0 if a[0] >= 0 else max(-m, a[0])), (0 if a[1] <= 0 else min(m, a[1]))
        case "and" if a[0] >= 0 or b[0] >= 0:
            return 0, min(x[1] for x in (a, b) if x[0] >= 0)
        case "or" | "xor" if a[0] >= 0 and b[0] >= 0 and max(a[1], b[1]) < math.inf:
            return 0, (1 << int(max(a[1], b[1])).bit_length()) - 1
    return _divide(e.op, a, b)


def _divide(op: str, a: Interval, b: Interval) -> Interval:
    if op in ("fdiv", "tdiv") and b[0] > 0 and math.inf not in (-a[0], a[1], b[1]):
        ends = [_quotient(op, int(x), int(y)) for x in a for y in b]
        return min(ends), max(ends)
    if op in ("shr", "shl") and b[0] >= 0 and b[1] < 64 and math.inf not in (-a[0], a[1]):
        ends = [int(x) >> int(y) if op == "shr" else int(x) << int(y) for x in a for y in b]
        return min(ends), max(ends)
    return ANY


def _quotient(op: str, x: int, y: int) -> int:
    return x // y if op == "fdiv" or x >= 0 else -(-x // y)


def _times(x: float, y: float) -> float:
    return 0 if 0 in (x, y) else x * y


def join(a: Interval, b: Interval) -> Interval:
    """The smallest interval around both."""
    return min(a[0], b[0]), max(a[1], b[1])
