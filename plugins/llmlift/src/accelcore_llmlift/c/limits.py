"""Names that the standard headers define: limits, mathematical constants, sizes of types.

Values: ISO C 5.2.4.2 with LP64 widths; floats are IEEE 754 single and double precision.
"""

from __future__ import annotations

import math
import re

from accelcore.ir.dtypes import DTYPES

_FLOATS = {"FLT": "f32", "DBL": "f64"}
_INTEGERS = {
    "CHAR": "i8", "SCHAR": "i8", "SHRT": "i16", "INT": "i32", "LONG": "i64", "LLONG": "i64", "INT8": "i8",
    "INT16": "i16", "INT32": "i32", "INT64": "i64", "UCHAR": "u8", "USHRT": "u16", "UINT": "u32", "ULONG": "u64",
    "UINT8": "u8", "UINT16": "u16", "UINT32": "u32", "UINT64": "u64", "SIZE": "u64",
}  # fmt: skip
_MATHEMATICAL = {
    "M_PI": math.pi, "M_E": math.e, "M_PI_2": math.pi / 2, "M_PI_4": math.pi / 4, "M_1_PI": 1 / math.pi,
    "M_2_PI": 2 / math.pi, "M_SQRT2": math.sqrt(2), "M_SQRT1_2": math.sqrt(0.5), "M_LN2": math.log(2),
    "M_LN10": math.log(10), "M_LOG2E": 1 / math.log(2), "M_LOG10E": 1 / math.log(10),
    "M_2_SQRTPI": 2 / math.sqrt(math.pi), "INFINITY": math.inf, "HUGE_VAL": math.inf, "HUGE_VALF": math.inf,
}  # fmt: skip
_POSIX = re.compile(r"([A-Z0-9]+)_(MAX|MIN|EPSILON)")


def named(identifier: str) -> int | float | None:
    """The value of a macro of <limits.h>, <stdint.h>, <float.h> or <math.h>; None for other names."""
    if identifier in _MATHEMATICAL:
        return _MATHEMATICAL[identifier]
    found = _POSIX.fullmatch(identifier)
    if found is None:
        return None
    family, which = found.groups()
    if family in _FLOATS:
        return limit(_FLOATS[family], {"MIN": "min", "MAX": "max", "EPSILON": "epsilon"}[which])
    if family in _INTEGERS and which != "EPSILON":
        return limit(_INTEGERS[family], which.lower())
    return None


def limit(dtype: str, which: str) -> int | float | None:
    """std::numeric_limits<T>::which(); None for what it does not have."""
    facts = DTYPES[dtype]
    if which == "max":
        return facts.high
    if which == "lowest" or (which == "min" and not facts.is_float):
        return facts.low
    if not facts.is_float:
        return None
    if which == "min":
        return float(2.0 ** (1 - facts.max_exponent))
    return {"epsilon": 2.0 * facts.roundoff, "infinity": math.inf}.get(which)


def width(dtype: str) -> int | None:
    """sizeof in bytes."""
    bits = DTYPES[dtype].bits if dtype in DTYPES else 64 if dtype == "size" else None
    return None if bits is None else bits // 8
