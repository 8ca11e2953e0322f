"""What moves know about the machine that a program will run on."""

from __future__ import annotations

from dataclasses import dataclass

from accelcore.ir.dtypes import DTYPES


@dataclass(frozen=True)
class VectorUnit:
    """A vector unit and its near caches.

    bytes: of one register.  registers: how many.  masks: whether lanes can be switched off one by one.
    fma: whether a multiply-add is one instruction.  l1, l2: bytes of the two nearest data caches.
    """

    name: str
    bytes: int = 16
    registers: int = 16
    masks: bool = False
    fma: bool = False
    l1: int = 32 << 10
    l2: int = 1 << 20

    def lanes(self, dtype: str) -> int:
        """Elements of a dtype in one register."""
        return max(self.bytes * 8 // (DTYPES[dtype].bits or 64), 1)
