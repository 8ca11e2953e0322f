"""Register groups: which (dtype, lanes) there are, and the suffixes of their types and intrinsics.

Lanes are counted per 64 bits of VLEN: `lanes` elements of `bits` bits each need LMUL = lanes * bits / 64 registers, and
on a machine with VLEN bits a group holds lanes * VLEN / 64 elements.  All dtypes with the same number of lanes have the
same ratio of SEW to LMUL, which is what lets one vector length serve them all.
"""

from __future__ import annotations

from collections.abc import Iterator

BITS = {"i8": 8, "u8": 8, "i16": 16, "u16": 16, "i32": 32, "u32": 32, "i64": 64, "u64": 64, "f32": 32, "f64": 64}
INTEGERS = ("i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64")
FLOATS = ("f32", "f64")
LARGEST = 8
"""Most registers in a group."""
COUNTS = (1, 2, 4, 8, 16, 32, 64)

_LMUL = {8: "mf8", 16: "mf4", 32: "mf2", 64: "m1", 128: "m2", 256: "m4", 512: "m8"}


def exists(dtype: str, lanes: int) -> bool:
    """Whether a register group holds these lanes."""
    return lanes in COUNTS and lanes * BITS[dtype] in _LMUL


def shapes(dtypes: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """(dtype, lanes) of every register group."""
    return ((dtype, lanes) for dtype in dtypes for lanes in COUNTS if exists(dtype, lanes))


def group(dtype: str, lanes: int) -> str:
    """LMUL as in names: `mf2`, `m4`."""
    return _LMUL[lanes * BITS[dtype]]


def suffix(dtype: str, lanes: int) -> str:
    """`f32m4`, `u8mf2`."""
    return f"{dtype}{group(dtype, lanes)}"


def mask(lanes: int) -> str:
    """`b16`: the suffix of masks, SEW over LMUL."""
    return f"b{64 // lanes}"


def ctype(dtype: str, lanes: int) -> str:
    """`vfloat32m4_t`."""
    kind = {"f": "float", "i": "int", "u": "uint"}[dtype[0]]
    return f"v{kind}{BITS[dtype]}{group(dtype, lanes)}_t"


def other(dtype: str, factor: int = 1, sign: str = "") -> str:
    """The integer dtype that is `factor` times as wide, of the given sign or the same."""
    return f"{sign or dtype[0]}{BITS[dtype] * factor}"


def reinterpreted(text: str, source: str, target: str, lanes: int) -> str:
    """The same bits as another dtype of the same width."""
    if source == target:
        return text
    return f"__riscv_vreinterpret_v_{suffix(source, lanes)}_{suffix(target, lanes)}({text})"
