"""What moves know about the machine that a program will run on."""

from __future__ import annotations

from dataclasses import dataclass

from accelcore.ir.dtypes import DTYPES


@dataclass(frozen=True)
class DotUnit:
    """That an instruction adds `steps` products of elements of two dtypes to each lane of a sum."""

    left: str
    right: str
    sum: str
    steps: int


@dataclass(frozen=True)
class VectorUnit:
    """A vector unit and its near caches.

    bytes: of one register.  registers: how many.  masks: whether lanes can be switched off one by one.
    fma: whether a multiply-add is one instruction.  l1, l2: bytes of the two nearest data caches.
    dots: the short inner products that are one instruction.
    """

    name: str
    bytes: int = 16
    registers: int = 16
    masks: bool = False
    fma: bool = False
    l1: int = 32 << 10
    l2: int = 1 << 20
    dots: tuple[DotUnit, ...] = ()

    def steps(self, left: str, right: str, total: str) -> int:
        """Products of these dtypes that one instruction adds to each lane of a sum; 1 where none adds several."""
        pairs = ((left, right), (right, left))
        return max((d.steps for d in self.dots if (d.left, d.right) in pairs and d.sum == total), default=1)

    def lanes(self, dtype: str) -> int:
        """Elements of a dtype in one register."""
        return max(self.bytes * 8 // (DTYPES[dtype].bits or 64), 1)
