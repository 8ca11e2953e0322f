"""The dtypes of the language, their ranges, and which C and NumPy types store them.

"int" is the unbounded integers, "real" the reals: what Python's numbers mean.  They can be computed with but not
stored.  All others are machine types; "i64" also types sizes and indices, whose overflow is excluded by the memory
that an array of such a size would need.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DType:
    """Facts of one dtype.  bits is None for the unbounded ones; digits: significand bits of a float."""

    name: str
    kind: str  # "bool", "int", "uint", "float"
    bits: int | None
    c_name: str = ""
    digits: int = 0
    max_exponent: int = 0

    @property
    def is_float(self) -> bool:
        """Floating point, or the reals."""
        return self.kind == "float"

    @property
    def is_integer(self) -> bool:
        """Signed or unsigned integers, the unbounded ones among them; not bool."""
        return self.kind in ("int", "uint")

    @property
    def low(self) -> int | float | None:
        """Smallest value; None when unbounded."""
        if self.bits is None:
            return None
        if self.kind == "int":
            return -(1 << (self.bits - 1))
        return -self.high if self.is_float and self.high is not None else 0

    @property
    def high(self) -> int | float | None:
        """Largest finite value; None when unbounded."""
        if self.bits is None:
            return None
        if self.is_float:
            return float((2.0 - 2.0 ** (1 - self.digits)) * 2.0**self.max_exponent)
        return (1 << (self.bits - (self.kind == "int"))) - 1 if self.kind != "bool" else 1

    @property
    def roundoff(self) -> float:
        """Unit roundoff 2**-digits of a float; 0 for exact types."""
        return 2.0**-self.digits if self.digits else 0.0


_ALL = (
    DType("bool", "bool", 8, "uint8_t"),
    DType("int", "int", None),
    DType("real", "float", None),
    *(DType(f"i{bits}", "int", bits, f"int{bits}_t") for bits in (8, 16, 32, 64)),
    *(DType(f"u{bits}", "uint", bits, f"uint{bits}_t") for bits in (8, 16, 32, 64)),
    # IEEE 754-2019 table 3.5 for f16/f32/f64; bf16 is f32 with 8 significand bits.
    DType("f16", "float", 16, "_Float16", 11, 15),
    DType("bf16", "float", 16, "uint16_t", 8, 127),
    DType("f32", "float", 32, "float", 24, 127),
    DType("f64", "float", 64, "double", 53, 1023),
)

DTYPES: dict[str, DType] = {dtype.name: dtype for dtype in _ALL}
INDEX = "i64"
"""The dtype of sizes and index variables."""


def dtype(name: str) -> DType:
    """The dtype of that name; KeyError otherwise."""
    return DTYPES[name]


def promote(left: str, right: str) -> str:
    """The dtype in which two operands meet when the source language does not say: Python's and NumPy's common sense.

    Equal stays; "real" wins over everything, "int" over machine integers, a float over an integer, else the wider.
    """
    if left == right:
        return left
    if "real" in (left, right):
        return "real"
    a, b = DTYPES[left], DTYPES[right]
    if a.is_float or b.is_float:
        if "int" in (left, right):
            return "real"
        floats = [d for d in (a, b) if d.is_float]
        return max(floats, key=lambda d: (d.bits or 0, d.digits)).name
    if "int" in (left, right):
        return "int"
    return max((a, b), key=lambda d: (d.bits or 0, d.kind == "uint")).name
