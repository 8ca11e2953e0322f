"""What the x86 tables share: register widths, type names, and the suffixes of intrinsics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BITS = {"i8": 8, "u8": 8, "i16": 16, "u16": 16, "i32": 32, "u32": 32, "i64": 64, "u64": 64, "f32": 32, "f64": 64}
INTEGERS = ("i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64")
FLOATS = {"f32": "ps", "f64": "pd"}
HALVES = {"f16": 16, "bf16": 16}
SIZES = {"__m128i": 16, "__m256i": 32, "__m512i": 64}


@dataclass(frozen=True)
class Width:
    """One register width: the prefix of its intrinsics and the suffix of its whole-register integer ones."""

    bits: int

    @property
    def prefix(self) -> str:
        """`_mm512`, `_mm256` or `_mm`."""
        return "_mm" if self.bits == 128 else f"_mm{self.bits}"

    @property
    def whole(self) -> str:
        """`si512` and the like."""
        return f"si{self.bits}"

    @property
    def integer(self) -> str:
        """C type of a register of integers."""
        return f"__m{self.bits}i"


def register(dtype: str, lanes: int) -> Width:
    """The narrowest register that holds the lanes."""
    bits = lanes * (BITS.get(dtype) or HALVES[dtype])
    return Width(max(128, bits))


def shapes(dtypes: tuple[str, ...], most: int) -> Iterator[tuple[str, int]]:
    """(dtype, lanes) of full registers of 128 to `most` bits, and for integers also of parts of a 128-bit one."""
    for dtype in dtypes:
        size = BITS.get(dtype) or HALVES[dtype]
        lanes = most // size
        while lanes >= (4 if size < 64 else 2):
            yield dtype, lanes
            lanes //= 2


def epi(dtype: str) -> str:
    """Suffix for lanes whose sign does not matter: `epi32`."""
    return f"epi{BITS.get(dtype) or HALVES[dtype]}"


def signed(dtype: str) -> str:
    """Suffix for lanes whose sign matters: `epi32` or `epu32`."""
    return f"ep{'u' if dtype[0] == 'u' else 'i'}{BITS[dtype]}"


def types(most: int) -> dict[tuple[str, int], str]:
    """C types by (dtype, lanes)."""
    table: dict[tuple[str, int], str] = {}
    for dtype, lanes in shapes((*INTEGERS, *HALVES), most):
        table[dtype, lanes] = register(dtype, lanes).integer
    for dtype, lanes in shapes(tuple(FLOATS), most):
        width = register(dtype, lanes).bits
        if width == lanes * BITS[dtype]:
            table[dtype, lanes] = f"__m{width}{'d' if dtype == 'f64' else ''}"
    return table
