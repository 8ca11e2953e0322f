"""exp, exp2, expm1, log, log2, log10, log1p, scaling by powers of two, roundings.

exp: x = n ln 2 + r with |r| <= ln 2 / 2, n ln 2 subtracted in two parts (W. J. Cody, W. Waite, 1980); exp(r) by a
polynomial, times 2**n.  log: x = m 2**e with m in [sqrt 1/2, sqrt 2), log m by a polynomial in f = m - 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from accelcore.cgen.vecmath.parts import (
    FORMATS,
    as_integer,
    bits,
    clamp,
    magnitude,
    number,
    polynomial,
    power_of_two,
    raw,
    real,
    rounded,
    with_sign,
)
from accelcore.ir.expr import Expr, binary, call, cast, const, select

# tools/fit_vecmath.py
EXP = {
    "f32": (0.49999994, 0.166665196, 0.0416683182, 0.0083689522, 0.00138181623),
    "f64": (
        0.50000000000000022, 0.16666666666666513, 0.041666666666585743, 0.0083333333334608545,
        0.0013888888931157866, 0.00019841269537300958, 2.480150434463091e-05, 2.7557583672717377e-06,
        2.7626711379555964e-07, 2.4995573978513673e-08,
    ),
}  # fmt: skip
LOG = {
    "f32": (
        0.333333254, -0.250006467, 0.200018346, -0.166290149, 0.141907826, -0.130989015, 0.128163576, -0.0785866529,
    ),
    "f64": (
        0.33333333333333331, -0.24999999999996669, 0.20000000000004525, -0.16666666668082616, 0.14285714285905735,
        -0.12499999821814776, 0.11111110926061611, -0.10000010221232168, 0.090909271789721233, -0.083330223521500629,
        0.076915423348177289, -0.071480445311173646, 0.066836070174907641, -0.062068325419624419, 0.05680195898078623,
        -0.056407605255912395, 0.064471185886283061, -0.060278821879244299, 0.026978730464878128,
    ),
}  # fmt: skip

# ln 2 in two parts: the first has so few bits that its product with n is exact (|n| < 2**9 and 2**12).
LN2 = {"f32": (0.693359375, -2.12194440e-4), "f64": (0.693147180369123816490, 1.90821492927058770002e-10)}
# Beyond these the result is 0 or infinity; up to them n stays within what scaling by 2**n can take.
LIMITS = {"f32": (-104.0, 89.0), "f64": (-746.0, 710.0)}


def _reduced(x: Expr) -> tuple[Expr, Expr]:
    """(n, r) with x = n ln 2 + r."""
    n = rounded(x * number(math.log2(math.e), x))
    high, low = LN2[x.dtype]
    return n, x - n * number(high, x) - n * number(low, x)


def exp(x: Expr) -> Expr:
    """e**x."""
    limited = clamp(x, *LIMITS[x.dtype])
    n, r = _reduced(limited)
    return call("scalb", polynomial((1.0, 1.0, *EXP[x.dtype]), r), n)


def exp2(x: Expr) -> Expr:
    """2**x."""
    low, high = (-151.0, 129.0) if x.dtype == "f32" else (-1076.0, 1025.0)
    limited = clamp(x, low, high)
    n = rounded(limited)
    r = (limited - n) * number(math.log(2), x)
    return call("scalb", polynomial((1.0, 1.0, *EXP[x.dtype]), r), n)


def expm1(x: Expr) -> Expr:
    """e**x - 1 without cancellation: 2**n (exp(r) - 1) + (2**n - 1)."""
    low, high = (-30.0, 89.0) if x.dtype == "f32" else (-60.0, 710.0)
    limited = clamp(x, low, high)
    n, r = _reduced(limited)
    part = r * r * polynomial(EXP[x.dtype], r) + r
    # 2**n overflows one step before the result does: half of it, twice.
    half = call("scalb", number(0.5, x), n)
    result = (part * half + (half - number(0.5, x))) * number(2.0, x)
    # Signed zeros and values too small to have a square stay what they are.
    return select(binary("lt", magnitude(x), number(1e-20, x)), x, result)


def scalb(x: Expr, n: Expr) -> Expr:
    """x 2**n for an integral float n, in two steps so that neither factor leaves the normal range."""
    whole = as_integer(n)
    half = binary("shr", whole, const(1, whole.dtype))
    return x * power_of_two(half, x.dtype) * power_of_two(binary("sub", whole, half), x.dtype)


def _split(x: Expr) -> tuple[Expr, Expr]:
    """(e, f) with x = 2**e (1 + f), 1 + f in [sqrt 1/2, sqrt 2); denormals are scaled up first."""
    facts = FORMATS[x.dtype]
    tiny = binary("lt", x, number(2.0 ** (1 - facts.bias), x))
    up = facts.fraction + 1
    scaled = select(tiny, x * number(2.0**up, x), x)
    # Adding the distance from sqrt 1/2 to 1 carries into the exponent exactly when the fraction is beyond sqrt 2.
    root = 0x3F3504F3 if x.dtype == "f32" else 0x3FE6A09E667F3BCD
    one = facts.bias << facts.fraction
    moved = binary("add", raw(scaled), bits(one - root, x))
    exponent = binary("sub", binary("shr", moved, bits(facts.fraction, x)), bits(facts.bias, x))
    fraction = binary("add", binary("and", moved, bits((1 << facts.fraction) - 1, x)), bits(root, x))
    e = cast(exponent, x.dtype) - select(tiny, number(float(up), x), number(0.0, x))
    return e, real(fraction, x.dtype) - number(1.0, x)


def _log_edges(x: Expr, inside: Expr) -> Expr:
    """log of zero, infinity, negative numbers and NaN."""
    zero, infinite = number(0.0, x), number(math.inf, x)
    positive = select(binary("lt", x, infinite), inside, x)  # infinity and NaN are themselves
    low = select(binary("eq", x, zero), number(-math.inf, x), number(math.nan, x))
    return select(binary("le", x, zero), low, positive)


def log(x: Expr) -> Expr:
    """Natural logarithm."""
    e, f = _split(x)
    high, low = LN2[x.dtype]
    square = f * f
    tail = square * f * polynomial(LOG[x.dtype], f) + e * number(low, x) - square * number(0.5, x)
    return _log_edges(x, tail + f + e * number(high, x))


def _log_of_fraction(f: Expr) -> Expr:
    return f * f * f * polynomial(LOG[f.dtype], f) - f * f * number(0.5, f) + f


def log2(x: Expr) -> Expr:
    """Logarithm to base 2."""
    e, f = _split(x)
    return _log_edges(x, _log_of_fraction(f) * number(math.log2(math.e), x) + e)


def log10(x: Expr) -> Expr:
    """Logarithm to base 10."""
    e, f = _split(x)
    return _log_edges(x, _log_of_fraction(f) * number(math.log10(math.e), x) + e * number(math.log10(2), x))


def log1p(x: Expr) -> Expr:
    """log(1 + x): the rounding error of 1 + x is made good to first order."""
    u = number(1.0, x) + x
    lost = select(binary("le", number(1.0, x), x), number(1.0, x) - (u - x), x - (u - number(1.0, x)))
    plain = binary("lt", magnitude(x), number(2.0 ** -(FORMATS[x.dtype].fraction + 2), x))
    finite = binary("lt", u, number(math.inf, x))
    corrected = select(finite, call("log", u) + lost / u, call("log", u))
    edge = select(binary("eq", u, number(0.0, x)), number(-math.inf, x), corrected)
    return select(plain, x, edge)


def round_even(x: Expr) -> Expr:
    """To the nearest integer, ties to even; large values are integers already."""
    facts = FORMATS[x.dtype]
    size = magnitude(x)
    small = binary("lt", size, number(2.0**facts.fraction, x))
    shifter = number(2.0**facts.fraction, x)
    return select(small, with_sign(size + shifter - shifter, x), x)


def floor(x: Expr) -> Expr:
    """Down to an integer."""
    nearest = call("round", x)
    return select(binary("lt", x, nearest), nearest - number(1.0, x), nearest)


def ceil(x: Expr) -> Expr:
    """Up to an integer; the sign of zero is kept."""
    nearest = call("round", x)
    return with_sign_of_zero(select(binary("lt", nearest, x), nearest + number(1.0, x), nearest), x)


def with_sign_of_zero(value: Expr, x: Expr) -> Expr:
    """A zero gets the sign of x."""
    return select(binary("eq", value, number(0.0, x)), with_sign(number(0.0, x), x), value)


def trunc(x: Expr) -> Expr:
    """Towards zero."""
    return with_sign(call("floor", magnitude(x)), x)


RULES: dict[str, Callable[..., Expr]] = {
    "exp": exp, "exp2": exp2, "expm1": expm1, "log": log, "log2": log2, "log10": log10, "log1p": log1p, "scalb": scalb,
    "round": round_even, "floor": floor, "ceil": ceil, "trunc": trunc,
}  # fmt: skip

ERRORS = {
    **{(name, dtype): 1.0 for name in ("exp", "exp2", "log") for dtype in ("f32", "f64")},
    **{(name, dtype): 2.0 for name in ("expm1", "log1p") for dtype in ("f32", "f64")},
    **{(name, dtype): 2.25 for name in ("log2", "log10") for dtype in ("f32", "f64")},
    **{(name, dtype): 0.0 for name in ("round", "floor", "ceil", "trunc") for dtype in ("f32", "f64")},
}
