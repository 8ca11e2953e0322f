"""sigmoid, tanh, sinh, cosh, erf, rsqrt, sign: functions made of the elementary ones."""

from __future__ import annotations

import math
from collections.abc import Callable

from accelcore.cgen.vecmath.parts import clamp, magnitude, number, polynomial, with_sign
from accelcore.ir.expr import Expr, binary, call, select

# tools/fit_vecmath.py: erf(x) = x P(x*x) below 1, 1 - 2**P(x) above.
ERF_SMALL = (1.12837911, -0.37612626, 0.112836003, -0.0268544462, 0.00518953754, -0.000802085735, 7.88916004e-05)
ERF_LARGE = (
    -0.000477653462, -1.62650347, -0.918973744, -0.151365116, 0.033644978, -0.00521319266, 0.000492765044,
    -2.11554689e-05,
)  # fmt: skip


def sigmoid(x: Expr) -> Expr:
    """1 / (1 + exp(-x))."""
    one = number(1.0, x)
    return one / (one + call("exp", number(0.0, x) - x))


def tanh(x: Expr) -> Expr:
    """expm1(2|x|) / (expm1(2|x|) + 2), with the sign of x."""
    limit = 10.0 if x.dtype == "f32" else 20.0
    size = clamp(magnitude(x), 0.0, limit)
    t = call("expm1", size + size)
    return with_sign(t / (t + number(2.0, x)), x)


def sinh(x: Expr) -> Expr:
    """(E + E / (E + 1)) / 2 with E = expm1(|x|) = t (t + 2), t = expm1(|x| / 2).

    E / 2 overflows only when sinh does.
    """
    t = call("expm1", magnitude(x) * number(0.5, x))
    half = t * (t * number(0.5, x) + number(1.0, x))
    finite = binary("lt", half, number(math.inf, x))
    return with_sign(select(finite, half + half / (half + half + number(1.0, x)), half), x)


def cosh(x: Expr) -> Expr:
    """e / 2 + 1 / (2 e) with e = exp(|x|) = t t: its half overflows only when cosh does."""
    t = call("exp", magnitude(x) * number(0.5, x))
    half = t * number(0.5, x) * t
    return half + number(0.25, x) / half


def erf(x: Expr) -> Expr:
    """The error function."""
    size = magnitude(x)
    small = x * polynomial(ERF_SMALL, x * x)
    top = clamp(size, 0.0, 4.0)
    large = with_sign(number(1.0, x) - call("exp2", polynomial(ERF_LARGE, top)), x)
    return select(binary("lt", size, number(1.0, x)), small, select(binary("ne", x, x), x, large))


def rsqrt(x: Expr) -> Expr:
    """1 / sqrt(x)."""
    return number(1.0, x) / call("sqrt", x)


def sign(x: Expr) -> Expr:
    """-1, 0 or 1; zeros and NaN are themselves."""
    one, zero = number(1.0, x), number(0.0, x)
    negative = select(binary("lt", x, zero), number(-1.0, x), x)
    return select(binary("lt", zero, x), one, negative)


RULES: dict[str, Callable[..., Expr]] = {
    "sigmoid": sigmoid, "tanh": tanh, "sinh": sinh, "cosh": cosh, "erf": erf, "rsqrt": rsqrt, "sign": sign,
}  # fmt: skip
_BOTH = ("f32", "f64")
DTYPES_OF = {
    "sigmoid": _BOTH, "tanh": _BOTH, "cosh": _BOTH, "sinh": _BOTH, "erf": ("f32",), "rsqrt": _BOTH, "sign": _BOTH,
}  # fmt: skip

ERRORS = {
    **{("sigmoid", d): 2.5 for d in _BOTH}, **{("tanh", d): 3.0 for d in _BOTH}, **{("cosh", d): 3.5 for d in _BOTH},
    **{("sinh", d): 3.5 for d in _BOTH}, ("erf", "f32"): 2.5, **{("rsqrt", d): 1.5 for d in _BOTH},
    **{("sign", d): 0.0 for d in _BOTH},
}  # fmt: skip
