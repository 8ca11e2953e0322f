"""Building blocks over one lane: constants, polynomials, powers of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accelcore.ir.expr import Expr, binary, call, const, select


@dataclass(frozen=True)
class Format:
    """Facts of a float dtype: its bits as an integer, the width of its fraction, its exponent bias.

    whole: 1.5 * 2**fraction; adding it to a value below 2**(fraction - 1) leaves the nearest integer in the low bits.
    """

    dtype: str
    bits: str
    fraction: int
    bias: int

    @property
    def whole(self) -> float:
        """The shifter."""
        return 1.5 * 2.0**self.fraction


# IEEE 754-2019, table 3.5.
FORMATS = {"f32": Format("f32", "i32", 23, 127), "f64": Format("f64", "i64", 52, 1023)}


def number(value: float, like: Expr) -> Expr:
    """A constant of the operand's dtype."""
    return const(value, like.dtype)


def bits(value: int, like: Expr) -> Expr:
    """An integer constant as wide as the operand."""
    return const(value, FORMATS[like.dtype].bits)


def raw(x: Expr) -> Expr:
    """The bits of a float, as a signed integer."""
    return call("bitcast", x, dtype=FORMATS[x.dtype].bits)


def real(x: Expr, dtype: str) -> Expr:
    """The float of these bits."""
    return call("bitcast", x, dtype=dtype)


def polynomial(coefficients: Sequence[float], x: Expr) -> Expr:
    """Horner's scheme, lowest coefficient first."""
    total = number(coefficients[-1], x)
    for c in reversed(coefficients[:-1]):
        total = total * x + number(c, x)
    return total


def clamp(x: Expr, low: float, high: float) -> Expr:
    """x between low and high; a NaN stays a NaN (a comparison with it is false, which chooses x)."""
    top = select(binary("lt", number(high, x), x), number(high, x), x)
    return select(binary("lt", top, number(low, x)), number(low, x), top)


def magnitude(x: Expr) -> Expr:
    """|x| by clearing the sign bit."""
    facts = FORMATS[x.dtype]
    return real(binary("and", raw(x), bits((1 << (facts.fraction + (8 if x.dtype == "f32" else 11))) - 1, x)), x.dtype)


def with_sign(x: Expr, of: Expr) -> Expr:
    """x, which is not negative, with the sign of another value."""
    sign = bits(-(1 << 31) if x.dtype == "f32" else -(1 << 63), x)
    return real(binary("or", raw(x), binary("and", raw(of), sign)), x.dtype)


def rounded(x: Expr) -> Expr:
    """The nearest integer (ties to even) of a value that is small against 2**fraction."""
    shifter = number(FORMATS[x.dtype].whole, x)
    return x + shifter - shifter


def power_of_two(n: Expr, dtype: str) -> Expr:
    """2**n for an integer n within the range of normal exponents."""
    facts = FORMATS[dtype]
    biased = binary("add", n, const(facts.bias, facts.bits))
    return real(binary("shl", biased, const(facts.fraction, facts.bits)), dtype)


def as_integer(n: Expr) -> Expr:
    """A float that holds a small integer, as an integer: the shifter's low bits."""
    facts = FORMATS[n.dtype]
    shifter = number(facts.whole, n)
    return binary("sub", raw(n + shifter), raw_constant(facts))


def raw_constant(facts: Format) -> Expr:
    """The bits of the shifter."""
    import struct

    code = "<f" if facts.dtype == "f32" else "<d"
    inner = "<i" if facts.dtype == "f32" else "<q"
    return const(struct.unpack(inner, struct.pack(code, facts.whole))[0], facts.bits)
