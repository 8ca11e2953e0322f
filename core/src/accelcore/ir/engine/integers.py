"""Integer operators on blocks: exact, then wrapped to the node's dtype.

Ranges are propagated by interval arithmetic.  int64 serves where the range of the result fits; a machine dtype's
sums and products may be taken modulo 2**64, because wrapping to fewer bits afterwards gives the same; everything else
is done with Python's integers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.engine.block import Array, Block, aligned, bad_of, either, fits64, scalar, spread, tight
from accelcore.ir.engine.rounding import wrapped

_RING = {"add": np.add, "sub": np.subtract, "mul": np.multiply}
_DIVISIONS = frozenset({"tdiv", "trem", "fdiv", "fmod"})


def interval(op: str, a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """An interval of op over two intervals; divisors of 0 and negative exponents are left out by the caller."""
    (al, ah), (bl, bh) = a, b
    most = max(abs(al), abs(ah))
    match op:
        case "add":
            return al + bl, ah + bh
        case "sub":
            return al - bh, ah - bl
        case "mul":
            corners = (al * bl, al * bh, ah * bl, ah * bh)
            return min(corners), max(corners)
        case "min":
            return min(al, bl), min(ah, bh)
        case "max":
            return max(al, bl), max(ah, bh)
        case "trem":
            top = min(most, max(abs(bl), abs(bh)))
            return (-top if al < 0 else 0), (top if ah > 0 else 0)
        case "fmod":
            return min(bl, 0), max(bh, 0)
        case "shl":
            return min(al, al << min(bh, 4096)), max(ah, ah << min(bh, 4096))
        case "shr":
            return min(al, al >> max(bl, 0), 0), max(ah, ah >> max(bl, 0), 0)
        case "pow":
            top = max(most, 1) ** min(max(bh, 0), 4096)
            return (-top if al < 0 else 0), top
        case "and" | "or" | "xor":
            bits = max(v.bit_length() for v in (al, ah, bl, bh))
            return (0 if min(al, bl) >= 0 else -1 << bits), (1 << bits) - 1
    return -most, most  # tdiv, fdiv: |a / b| <= |a|


def binary(op: str, a: Block, b: Block, dtype: str) -> Block:
    """op on two integer blocks of one dtype."""
    axes, (x, y), errors = aligned(a, b)
    bad = bad_of(axes, a, b)
    if op in _DIVISIONS:
        zero = y == 0
        if b.low <= 0 <= b.high and zero.any():
            bad = either(bad, zero)
            y = np.where(zero, 1, y)
    if op in ("shl", "shr", "pow") and b.low < 0 and (y < 0).any():
        bad = either(bad, y < 0)
        y = np.where(y < 0, 0, y)
    low, high = interval(op, (a.low, a.high), (b.low, b.high))
    if not fits64(low, high) or not (fits64(a.low, a.high) and fits64(b.low, b.high)):
        a, b = tight(a), tight(b)
        low, high = interval(op, (a.low, a.high), (b.low, b.high))
    data, low, high = _compute(op, x, y, dtype, (low, high))
    block = Block(axes, data, dtype, None, bad, low, high)
    if any(e is not None for e in errors):
        block = replace(block, err=_error(op, x, y, data, errors))
    return wrapped(block) if dtype != "int" else block


def _compute(op: str, x: Array, y: Array, dtype: str, bounds: tuple[int, int]) -> tuple[Array, int, int]:
    """Data and its range."""
    low, high = bounds
    exact = fits64(low, high) and x.dtype != object and y.dtype != object
    bits = DTYPES[dtype].bits
    if not exact and op in _RING and bits is not None and bits < 64 and x.dtype != object and y.dtype != object:
        data = _RING[op](x.view(np.uint64), y.view(np.uint64)).view(np.int64)  # modulo 2**64, wrapped below
        return np.asarray(data), -(1 << 63), (1 << 63) - 1
    if not exact:
        x, y = x.astype(object), y.astype(object)
    data = np.asarray(_OPERATIONS[op](x, y))
    if not exact:
        small = tight(Block((), data, "int"))
        return small.data, small.low, small.high
    return data, low, high


def _error(op: str, x: Array, y: Array, data: Array, errors: list[Array | None]) -> Array:
    """Bound for integers that are inexact because a rounding or a choice before them may go either way."""
    ex, ey = (np.float64(0) if e is None else e for e in errors)
    match op:
        case "add" | "sub":
            return np.asarray(ex + ey)
        case "mul":
            return np.asarray(np.abs(x) * ey + np.abs(y) * ex + ex * ey, np.float64)
        case "min" | "max":
            return np.maximum(ex, ey)
        case "tdiv" | "fdiv":  # monotone in the dividend; a step more for the rounding
            moved = np.where(ex > 0, ex / np.maximum(np.abs(y.astype(np.float64)), 1) + 1, 0.0)
            return np.where(ey > 0, np.inf, moved)
    return np.where((ex > 0) | (ey > 0), np.inf, np.zeros(data.shape))


def _tdiv(x: Array, y: Array) -> Array:
    quotient = np.abs(x) // np.abs(y)
    return np.where((x < 0) != (y < 0), -quotient, quotient)


def _trem(x: Array, y: Array) -> Array:
    rest = np.abs(x) % np.abs(y)
    return np.where(x < 0, -rest, rest)


def _shift_left(x: Array, y: Array) -> Array:
    return np.asarray(x << y)


def _shift_right(x: Array, y: Array) -> Array:
    return np.asarray(x >> (y if x.dtype == object else np.minimum(y, 63)))


_OPERATIONS: dict[str, Callable[[Array, Array], Array]] = {
    **_RING, "min": np.minimum, "max": np.maximum, "fdiv": np.floor_divide, "fmod": np.remainder, "tdiv": _tdiv,
    "trem": _trem, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor, "shl": _shift_left,
    "shr": _shift_right, "pow": np.power,
}  # fmt: skip


def unary(op: str, a: Block) -> Block:
    """neg, abs, not of an integer block."""
    if op == "neg":
        return replace(binary("sub", scalar(0, a.dtype), a, a.dtype), dtype=a.dtype)
    if op == "not":
        inverted = replace(a, data=np.asarray(-1 - a.data), low=-1 - a.high, high=-1 - a.low)
        return wrapped(inverted)
    if a.low >= 0:
        return a
    negative = binary("sub", scalar(0, a.dtype), a, "int")
    positive = binary("max", a, negative, "int")
    return wrapped(replace(positive, dtype=a.dtype, err=a.err))


def compare(op: str, a: Block, b: Block) -> Block:
    """A comparison of numbers of any kind: certain where the operands are further apart than their errors."""
    axes, (x, y), (ex, ey) = aligned(a, b)
    data = np.asarray(_COMPARE[op](x, y), bool)
    err = None
    if ex is not None or ey is not None:
        slack = np.asarray((0.0 if ex is None else ex) + (0.0 if ey is None else ey))
        with np.errstate(invalid="ignore"):
            close = np.abs(x - y) <= slack
        err = np.where(close & (slack > 0) | np.isnan(slack), 1.0, 0.0)
    return Block(axes, data, "bool", err, bad_of(axes, a, b), 0, 1)


_COMPARE = {"lt": np.less, "le": np.less_equal, "eq": np.equal, "ne": np.not_equal}


def logic(op: str, a: Block, b: Block) -> Block:
    """land, lor (short-circuit: the right side matters only where the left does not decide) and bool and/or/xor."""
    axes, (x, y), (ex, ey) = aligned(a, b)
    combine = {"land": np.logical_and, "and": np.logical_and, "lor": np.logical_or, "or": np.logical_or}.get(
        op, np.logical_xor
    )
    data = combine(x, y)
    bad = None
    if a.bad is not None or b.bad is not None:
        needed = {"land": x, "lor": ~x}.get(op, np.True_)
        bad = either(bad_of(axes, a), None if b.bad is None else spread(b.bad, b.axes, axes) & needed)
    err = None
    if ex is not None or ey is not None:
        fx, fy = (np.zeros(()) if e is None else e for e in (ex, ey))
        outcomes = [
            combine(np.where(fx > 0, p, x), np.where(fy > 0, q, y)) for p in (False, True) for q in (False, True)
        ]
        err = np.where(np.all(outcomes, axis=0) | ~np.any(outcomes, axis=0), 0.0, 1.0)
    return Block(axes, np.asarray(data), "bool", err, bad, 0, 1)
