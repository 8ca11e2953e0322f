"""Float operators and functions on blocks, each with its rule for the error.

Rules are stated for operands x, y with errors ex, ey (|computed - x| <= ex) and hold for any computed values in those
intervals; `Numbers.rounded` then adds the operation's own rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from accelcore.errors import IrError
from accelcore.ir.engine.block import Array, Block, aligned, bad_of, plus, spread
from accelcore.ir.engine.numbers import Numbers
from accelcore.ir.engine.rounding import round_float

Functions = dict[str, Callable[..., Array]]

_ULPS = {"sqrt": 1.0, "rsqrt": 4.0, "tanh": 8.0, "sigmoid": 8.0, "erf": 8.0, "erfc": 8.0, "pow": 8.0, "atan2": 8.0}
_OTHER_ULPS = 4.0
"""Admitted error of a function in ulps.  Vector libraries promise 1 to 4 (glibc libmvec: 4; SLEEF: 1 to 3.5); compound
ones (tanh, sigmoid, erf, pow) are commonly composed from exp and a division and get twice that."""


def _safe(function: Callable[..., Array]) -> Callable[..., Array]:
    """Domain errors and overflow give NaN and infinities, as in C, without a warning."""

    def quiet(*args: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(*args), np.float64)

    return quiet


def _elementwise(function: Callable[[float], float]) -> Callable[[Array], Array]:
    each = np.frompyfunc(function, 1, 1)
    return lambda x: np.asarray(each(x), np.float64)


FUNCTIONS: Functions = {
    **{name: getattr(np, name) for name in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt")},
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "floor", "ceil", "trunc")},
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "hypot": np.hypot, "round": np.rint,
    "sign": np.sign, "rsqrt": lambda x: 1.0 / np.sqrt(x), "sigmoid": lambda x: 0.5 * (1.0 + np.tanh(0.5 * x)),
    "erf": _elementwise(math.erf), "erfc": _elementwise(math.erfc),
}  # fmt: skip

_INCREASING = {"exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "asin", "atan", "sinh", "tanh"}
_MONOTONE = _INCREASING | {"sigmoid", "erf", "rsqrt", "acos", "erfc"}
_STEPS = {"floor", "ceil", "trunc", "round", "sign"}
_DOMAIN = {"log": 0.0, "log2": 0.0, "log10": 0.0, "sqrt": 0.0, "rsqrt": 0.0, "log1p": -1.0}
_BOUNDED = {"asin": 1.0, "acos": 1.0}


def binary(op: str, a: Block, b: Block, dtype: str, numbers: Numbers) -> Block:
    """op on two float blocks of one dtype."""
    axes, (x, y), (ex, ey) = aligned(a, b)
    with np.errstate(all="ignore"):
        data = np.asarray(_OPERATIONS[op](x, y), np.float64)
        if not numbers.bounded:
            return Block(axes, round_float(data, dtype), dtype, None, bad_of(axes, a, b))
        err: Array | None = _ERRORS[op](x, y, ex, ey, data, dtype, numbers)
        if ex is None and ey is None and op in _ROUNDED_ONCE:
            err = _unless_exact(err, data, numbers.realized(dtype))
    return Block(axes, data, dtype, err, bad_of(axes, a, b))


_ROUNDED_ONCE = frozenset({"add", "sub", "mul", "min", "max"})


def _unless_exact(err: Array | None, data: Array, realized: str) -> Array | None:
    """No error where exact operands give a result that the dtype can represent: it is computed exactly there."""
    assert err is not None
    exact = round_float(data, realized) == data
    if exact.all():
        return None
    return np.where(exact, 0.0, err)


def _sum_error(x: Array, y: Array, ex: Array | None, ey: Array | None, data: Array, dtype: str, n: Numbers) -> Array:
    return n.rounded(data, plus(ex, ey), dtype)


def _product_error(
    x: Array, y: Array, ex: Array | None, ey: Array | None, data: Array, dtype: str, n: Numbers
) -> Array:
    moved: Array | None = None
    if ey is not None:
        moved = np.abs(x) * ey
    if ex is not None:
        moved = plus(moved, (np.abs(y) if ey is None else np.abs(y) + ey) * ex)
    return n.rounded(data, moved, dtype)


def _quotient_error(
    x: Array, y: Array, ex: Array | None, ey: Array | None, data: Array, dtype: str, n: Numbers
) -> Array:
    fy = np.zeros(()) if ey is None else ey
    room = np.abs(y) - fy
    moved = ((0.0 if ex is None else ex) + np.abs(data) * fy) / room
    # A division may be a multiplication by the reciprocal: two roundings.
    return np.where((room > 0) | (fy == 0), n.rounded(data, moved, dtype, 2.0), np.inf)


def _extreme_error(
    x: Array, y: Array, ex: Array | None, ey: Array | None, data: Array, dtype: str, n: Numbers
) -> Array:
    return np.maximum(0.0 if ex is None else ex, 0.0 if ey is None else ey) + np.zeros(data.shape)


def _step_error(x: Array, y: Array, ex: Array | None, ey: Array | None, data: Array, dtype: str, n: Numbers) -> Array:
    """Quotients rounded to integers: the interval of the quotient, rounded outwards."""
    moved = _quotient_error(x, y, ex, ey, x / y, "f64", n)
    return np.where(np.isfinite(moved), np.ceil(moved), np.inf)


def _power_error(x: Array, y: Array, ex: Array | None, ey: Array | None, data: Array, dtype: str, n: Numbers) -> Array:
    """x**y is monotone in each operand for x > 0: extremes at the corners; an exact integer y allows x <= 0."""
    fx, fy = (np.zeros(()) if e is None else e for e in (ex, ey))
    corners = [np.abs(np.power(x + s * fx, y + t * fy) - data) for s in (-1, 1) for t in (-1, 1)]
    moved = np.max(np.broadcast_arrays(*corners), axis=0)
    whole = (y == np.rint(y)) & (fy == 0)
    reach = np.where(y >= 0, np.abs(y) * (np.abs(x) + fx) ** np.maximum(y - 1, 0) * fx, moved)
    moved = np.where(x - fx > 0, moved, np.where(whole, reach, np.inf))
    moved = np.where((fx == 0) & (fy == 0), 0.0, moved)
    # An integer power by repeated multiplication has |y| roundings.
    roundings = np.maximum(2.0 * _ULPS["pow"], np.where(whole, np.abs(y), 0.0))
    size = np.abs(data) + moved
    return n.overflown(data, moved + size * roundings * n.unit(dtype) + n.underflow(size), dtype)


_OPERATIONS: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "min": np.minimum, "max": np.maximum,
    "pow": np.power, "fdiv": lambda x, y: np.floor(x / y), "tdiv": lambda x, y: np.trunc(x / y), "fmod": np.remainder,
    "trem": np.fmod,
}  # fmt: skip

_Rule = Callable[[Array, Array, Array | None, Array | None, Array, str, Numbers], Array]


def _remainder_error(
    x: Array, y: Array, ex: Array | None, ey: Array | None, data: Array, dtype: str, n: Numbers
) -> Array:
    """Exact operands give an exact remainder; otherwise any value below the divisor may come out."""
    if ex is None and ey is None:
        return np.zeros(data.shape)
    return np.where((ex if ex is not None else 0.0) + (ey if ey is not None else 0.0) > 0, np.abs(y), 0.0)


_ERRORS: dict[str, _Rule] = {
    "add": _sum_error, "sub": _sum_error, "mul": _product_error, "div": _quotient_error, "min": _extreme_error,
    "max": _extreme_error, "pow": _power_error, "fdiv": _step_error, "tdiv": _step_error, "fmod": _remainder_error,
    "trem": _remainder_error,
}  # fmt: skip


def unary(op: str, a: Block) -> Block:
    """neg and abs: exact, and no larger in error."""
    return replace(a, data=-a.data if op == "neg" else np.abs(a.data))


def call(name: str, args: tuple[Block, ...], dtype: str, numbers: Numbers, extra: Functions) -> Block:
    """A named function of float blocks; IrError for one without a meaning here."""
    axes, data, errors = aligned(*args)
    bad = bad_of(axes, *args)
    if name in ("isnan", "isinf"):
        flags = np.isnan(data[0]) if name == "isnan" else np.isinf(data[0])
        return Block(axes, flags, "bool", None, bad, 0, 1)
    function = extra.get(name) or FUNCTIONS.get(name)
    if function is None:
        raise IrError(
            f"{name} is an uninterpreted function: it has no value", hint="give it in `functions` to evaluate it"
        )
    value = _safe(function)(*data)
    if not numbers.bounded:
        return Block(axes, round_float(value, dtype), dtype, None, bad)
    with np.errstate(all="ignore"):
        moved = None if all(e is None for e in errors) else _moved(name, function, data, errors, value)
        if name in _STEPS:
            return Block(axes, value, dtype, moved, bad)
        err = numbers.rounded(value, moved, dtype, 2.0 * _ULPS.get(name, _OTHER_ULPS))
        err = numbers.overflown(value, err, dtype)
    return Block(axes, value, dtype, err, bad)


def _moved(
    name: str, function: Callable[..., Array], data: list[Array], errors: list[Array | None], value: Array
) -> Array:
    """How far the operands' errors move the value."""
    known = [np.zeros(()) if e is None else e for e in errors]
    x, ex = data[0], known[0]
    if name == "exp":
        return np.asarray(value * np.expm1(ex))
    if name in ("sin", "cos"):
        return np.minimum(ex, 2.0)  # their derivative is at most 1
    if name in ("erf", "erfc"):  # the slope 2 / sqrt(pi) exp(-x^2) is largest where |x| is least
        least = np.maximum(np.abs(x) - ex, 0.0)
        return np.asarray(ex * (2.0 / math.sqrt(math.pi)) * np.exp(-least * least))
    if name == "cosh":
        return np.asarray(np.sinh(np.abs(x) + ex) * ex)
    if name == "hypot":
        return np.asarray(ex + known[1])
    if name in _MONOTONE | _STEPS:
        low, high = x - ex, x + ex
        if name in _DOMAIN:
            low = np.maximum(low, np.minimum(x, _DOMAIN[name]))
        if name in _BOUNDED:
            low, high = np.maximum(low, -1.0), np.minimum(high, 1.0)
        moved = np.maximum(np.abs(function(low) - value), np.abs(function(high) - value))
        return np.where(ex == 0, 0.0, np.where(np.isnan(moved), np.inf, moved))
    return np.where(sum(known) > 0, np.inf, 0.0)


def select(condition: Block, a: Block, b: Block, dtype: str) -> Block:
    """Of any dtype.  Where the condition is uncertain the error covers both branches."""
    axes, (c, x, y), (ec, ex, ey) = aligned(condition, a, b)
    data = np.where(c, x, y)
    low, high = min(a.low, b.low), max(a.high, b.high)
    err = None
    if ex is not None or ey is not None:
        err = np.where(c, 0.0 if ex is None else ex, 0.0 if ey is None else ey)
    if ec is not None:
        other = np.maximum(0.0 if ex is None else ex, 0.0 if ey is None else ey)
        with np.errstate(invalid="ignore"):
            apart = (x != y) * 1.0 if data.dtype == bool else np.abs(x - y).astype(np.float64)
        reach = apart + other
        err = np.where(ec > 0, np.where(np.isnan(reach), np.inf, reach), 0.0 if err is None else err)
    bad = bad_of(axes, condition)
    if a.bad is not None or b.bad is not None:
        branches = (np.False_ if v.bad is None else spread(v.bad, v.axes, axes) for v in (a, b))
        chosen = np.where(c, *branches)
        if chosen.any():
            bad = chosen if bad is None else bad | chosen
    return Block(axes, data, dtype, err, bad, low, high)
