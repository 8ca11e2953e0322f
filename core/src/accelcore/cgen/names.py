"""C identifiers, types and literals."""

from __future__ import annotations

import math
import re
import struct

from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES

# C11 keywords, and names of the headers that generated code includes or that its functions call.
_TAKEN_WORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int long
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile
    while main asm typeof bool true false NULL INFINITY NAN I errno signgam stdin stdout stderr linux unix y0
    y1 yn j0 j1 jn gamma exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan asin acos atan sinh cosh
    tanh erf erfc floor ceil trunc round rint nearbyint pow fmod fma fmin fmax fabs abs div hypot atan2 ldexp
"""
_TAKEN = frozenset(_TAKEN_WORDS.split())

# Temporaries (t1), and the suffixes of groups of lanes, cells of register buffers and unrolled copies.
_GENERATED = re.compile(r"^t\d+$|_[gcu]\d+$")
_SUFFIX = {"f32": "f", "f64": "", "i64": "", "u32": "u", "u64": "ull"}
_INTEGER_MACRO = {"i64": "INT64_C", "u64": "UINT64_C"}


def identifier(name: str) -> str:
    """`name` as a C identifier that meets no keyword, library name or name of the generator ("ac_...").

    An appended underscore keeps it readable; `name` is a Python identifier already, or is made one.
    """
    plain = "".join(c if (c.isalnum() and c.isascii()) or c == "_" else "_" for c in name)
    if not plain or plain[0].isdigit():
        plain = "_" + plain
    reserved = plain in _TAKEN or plain.startswith(("ac_", "__", "_mm", "_Float", "_Bool")) or _GENERATED.search(plain)
    return plain + "_" if reserved else plain


def ctype(dtype: str) -> str:
    """The C type that stores one element."""
    found = DTYPES[dtype].c_name
    if not found:
        raise UnsupportedLowering(f"no C type stores {dtype!r}", hint="annotate a machine dtype such as f32 or i32")
    return found


def as_f32(value: float) -> float:
    """`value` rounded to the nearest f32, as a Python float; beyond the range an infinity."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def literal(value: int | float | bool, dtype: str) -> str:
    """A C constant expression of exactly this value and dtype."""
    facts = DTYPES[dtype]
    if facts.is_float:
        return _float_literal(float(value), dtype)
    if facts.kind == "bool":
        return "1" if value else "0"
    number = int(value)
    if dtype in _INTEGER_MACRO and abs(number) >= 2**31:
        if number == -(2**63):
            return "INT64_MIN"
        return f"{_INTEGER_MACRO[dtype]}({number})" if number >= 0 else f"(-{_INTEGER_MACRO[dtype]}({-number}))"
    if number == -(2**31):
        return "INT32_MIN"
    text = f"{abs(number)}{_SUFFIX.get(dtype, '')}"
    return f"(-{text})" if number < 0 else text


def _float_literal(value: float, dtype: str) -> str:
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "(-INFINITY)"
    if dtype == "f64":
        text = repr(value)
    else:
        value = as_f32(value)
        if math.isinf(value):
            return _float_literal(value, dtype)
        text = _shortest_f32(value)
    text += _SUFFIX.get(dtype, "f")
    return f"({text})" if text.startswith("-") else text


def _shortest_f32(value: float) -> str:
    """The shortest decimal that reads back as this f32."""
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if as_f32(float(text)) == value and math.copysign(1, float(text)) == math.copysign(1, value):
            break
    return text if "." in text or "e" in text else text + ".0"
