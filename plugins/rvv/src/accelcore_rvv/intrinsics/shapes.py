"""Vector types as the names of intrinsics tell them: `f32m4` is a group of four registers of floats, `b8` a mask."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 1024
"""VLEN, in bits, that the C types have room for."""
_KINDS = {"f": "float", "i": "int", "u": "uint"}
_TEXT = re.compile(r"([fiu])(8|16|32|64)m(f?)([1248])")


@dataclass(frozen=True)
class Shape:
    """Elements of one dtype in a group: log2 of LMUL is `group`."""

    kind: str
    bits: int
    group: int

    @staticmethod
    def parse(text: str) -> Shape:
        """From `u16mf2`."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(text)
        log = int(match[4]).bit_length() - 1
        return Shape(match[1], int(match[2]), -log if match[3] else log)

    @property
    def name(self) -> str:
        """`u16mf2`."""
        lmul = f"m{1 << self.group}" if self.group >= 0 else f"mf{1 << -self.group}"
        return f"{self.kind}{self.bits}{lmul}"

    @property
    def ctype(self) -> str:
        """`vuint16mf2_t`."""
        return f"v{_KINDS[self.kind]}{self.name[1:]}_t"

    @property
    def element(self) -> str:
        """C type of an element."""
        return element(self.kind, self.bits)

    @property
    def count(self) -> int:
        """Elements that the C type has room for."""
        return max(1, (LONGEST << 3 >> (3 - self.group)) // self.bits)

    @property
    def mask(self) -> int:
        """SEW over LMUL: which mask has a bit for each element."""
        return self.bits << 3 >> (self.group + 3)

    def scaled(self, factor: float, kind: str = "") -> Shape:
        """The same number of elements, each `factor` times as wide, of the same kind or another."""
        steps = {2: 1, 4: 2, 8: 3, 1: 0, 0.5: -1}[factor]
        return Shape(kind or self.kind, int(self.bits * factor), self.group + steps)

    def of(self, kind: str) -> Shape:
        """The same with elements of another kind."""
        return Shape(kind, self.bits, self.group)


def element(kind: str, bits: int) -> str:
    """C type of an element."""
    if kind == "f":
        return {16: "_Float16", 32: "float", 64: "double"}[bits]
    return f"{'u' if kind == 'u' else ''}int{bits}_t"


def typedefs(text: str) -> list[str]:
    """The C types that a text names."""
    ratios = sorted(set(re.findall(r"\bvbool(\d+)_t\b", text)), key=int)
    masks = [f"typedef struct {{ uint8_t v[{LONGEST // int(ratio)}]; }} vbool{ratio}_t;" for ratio in ratios]
    named = set(re.findall(r"\bv(float|int|uint)(\d+mf?\d)(?:x(\d))?_t\b", text))
    shapes = sorted({Shape.parse(f"{kind[0]}{size}") for kind, size, _ in named}, key=lambda s: s.name)
    vectors = [f"typedef struct {{ {s.element} v[{s.count}]; }} {s.ctype};" for s in shapes]
    tuples = [
        f"typedef struct {{ v{kind}{size}_t f[{fields}]; }} v{kind}{size}x{fields}_t;"
        for kind, size, fields in sorted(named)
        if fields
    ]
    return masks + vectors + tuples
