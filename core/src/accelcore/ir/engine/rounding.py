"""Rounding of floats, wrapping of integers, and the casts between them.

The error rule of a storing cast: an exact value (no error so far) must be stored correctly rounded, so the bound is
the distance to the rounded value, 0 when it is representable; any other value adds half an ulp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from accelcore.ir.dtypes import DTYPES, DType
from accelcore.ir.engine.block import Array, Block, either, tight
from accelcore.ir.engine.numbers import Numbers

_DIRECT = {("f32", "nearest"): np.float32, ("f16", "nearest"): np.float16}
_ROUND: dict[str, Callable[[Array], Array]] = {
    "nearest": np.rint,
    "trunc": np.trunc,
    "floor": np.floor,
    "ceil": np.ceil,
}


def round_float(data: Array, dtype: str, rounding: str = "nearest") -> Array:
    """float64 data rounded to a float dtype, still stored as float64; overflow gives infinities.

    Correct for subnormals: the unit of rounding is 2**(e - digits + 1) for a value in [2**e, 2**(e+1)), and never
    below the smallest subnormal.
    """
    facts = DTYPES[dtype]
    if dtype in ("real", "f64"):
        return data
    with np.errstate(over="ignore", invalid="ignore"):
        direct = _DIRECT.get((dtype, rounding))
        if direct is not None:
            return np.asarray(data.astype(direct).astype(np.float64))
        _, exponent = np.frexp(data)
        unit = np.maximum(exponent - facts.digits, 2 - facts.max_exponent - facts.digits)
        rounded = np.ldexp(_ROUND[rounding](np.ldexp(data, -unit)), unit)
        high = float(facts.high or 0.0)
        return np.where(np.isfinite(data) & (np.abs(rounded) > high), np.copysign(np.inf, data), rounded)


def wrapped(block: Block) -> Block:
    """Integers brought into the range of a machine dtype, modulo 2**bits; int64 data where they fit."""
    facts = DTYPES[block.dtype]
    low, high = facts.low, facts.high
    if low is None or high is None or (low <= block.low and block.high <= high):
        return tight(block) if block.data.dtype == object else block
    bits = facts.bits or 64
    data = block.data
    if data.dtype != object and bits < 64:
        shift = 64 - bits
        data = (data << shift) >> shift if facts.kind == "int" else data & ((1 << bits) - 1)
    else:
        data = np.asarray((data.astype(object) - int(low)) % (1 << bits) + int(low))
    wrapping = replace(block, data=np.asarray(data), low=int(low), high=int(high))
    if wrapping.err is not None:  # an inexact value near the border may come out on either side
        near = (block.data - block.err < low) | (block.data + block.err > high)
        wrapping = replace(wrapping, err=np.where(near, np.inf, np.asarray(block.err)))
    return tight(wrapping) if data.dtype == object else wrapping


def cast(block: Block, dtype: str, rounding: str, mode: str, numbers: Numbers) -> Block:
    """Conversion of a block, as `ir.expr.cast` defines it."""
    source, target = DTYPES[block.dtype], DTYPES[dtype]
    if target.kind == "bool":
        uncertain = None if block.err is None else np.where(np.abs(block.data) <= block.err, block.err > 0, False)
        return replace(block, data=block.data != 0, dtype=dtype, err=None if uncertain is None else uncertain * 1.0)
    if source.kind == "bool":
        block = replace(block, data=block.data.astype(np.int64), dtype="int", low=0, high=1)
        return cast(block, dtype, rounding, mode, numbers)
    if source.is_float:
        if target.is_float:
            return _float_to_float(block, target, rounding, mode, numbers)
        return _into(_to_integer(block, rounding), target, mode)
    return _to_float(block, target, rounding, mode, numbers) if target.is_float else _into(block, target, mode)


def _float_to_float(block: Block, target: DType, rounding: str, mode: str, numbers: Numbers) -> Block:
    if target.name == "real" or (target.digits >= DTYPES[block.dtype].digits > 0 and target.max_exponent >= 127):
        return replace(block, dtype=target.name)  # widening is exact
    data, err = block.data, block.err
    bad = block.bad
    if mode == "saturate" and target.high is not None:
        data = np.clip(data, -target.high, target.high)
    rounded = round_float(data, target.name, rounding)
    if mode == "exact":
        bad = either(bad, np.isinf(rounded) & np.isfinite(data))
    if not numbers.bounded:
        return replace(block, data=rounded, dtype=target.name, bad=bad)
    with np.errstate(invalid="ignore"):
        exact = np.where(rounded == data, 0.0, np.abs(rounded - data))
        unit = numbers.unit(target.name) * (1.0 if rounding == "nearest" else 2.0)
        if err is None:
            return replace(block, data=data, dtype=target.name, err=exact if exact.any() else None, bad=bad)
        moved = err + unit * (np.abs(data) + err) + numbers.underflow(np.abs(data) + err)
        if mode != "saturate":
            moved = np.where(np.abs(data) + err > float(target.high or np.inf), np.inf, moved)
        return replace(block, data=data, dtype=target.name, err=np.where(err == 0, exact, moved), bad=bad)


def _to_integer(block: Block, rounding: str) -> Block:
    """Floats rounded to unbounded integers; NaN and infinities do not exist there."""
    finite = np.isfinite(block.data)
    bad = block.bad if finite.all() else either(block.bad, ~finite)
    clean = np.where(finite, block.data, 0.0)
    data = _ROUND[rounding](clean)
    err = None
    if block.err is not None:
        step = _ROUND[rounding]
        err = np.maximum(step(clean + block.err) - data, data - step(clean - block.err))
    largest = float(np.abs(data).max(initial=0.0))
    if largest < 2.0**62:
        whole = data.astype(np.int64)
    else:
        whole = np.asarray(np.frompyfunc(int, 1, 1)(data), object)
    return tight(replace(block, data=whole, dtype="int", err=err, bad=bad))


def _into(block: Block, target: DType, mode: str) -> Block:
    """Integers into an integer dtype."""
    block = replace(block, dtype=target.name)
    low, high = target.low, target.high
    if low is None or high is None or (low <= block.low and block.high <= high):
        return block
    block = tight(block)
    if low <= block.low and block.high <= high and mode != "wrap":
        return block
    if mode == "saturate":
        data = np.clip(block.data, int(low), int(high))
        return tight(replace(block, data=data))
    if mode == "exact":
        outside = (block.data < low) | (block.data > high)
        data = np.clip(block.data, int(low), int(high))
        return tight(replace(block, data=data, bad=either(block.bad, np.asarray(outside, bool))))
    return wrapped(block)


def _to_float(block: Block, target: DType, rounding: str, mode: str, numbers: Numbers) -> Block:
    data = block.data.astype(np.float64)
    err = block.err
    if block.magnitude > 1 << 53 and numbers.bounded:
        err = 2.0**-53 * np.abs(data) + (0.0 if err is None else err)
    real = replace(block, data=data, dtype="real", err=err, low=0, high=0)
    return real if target.name == "real" else _float_to_float(real, target, rounding, mode, numbers)
