"""What the emulator's plugin counted: executions by block of translated code."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

MARK = 0x434F554E54
HEAD, ROW = struct.Struct("<QQ"), struct.Struct("<QQQQQ")


@dataclass(frozen=True)
class Counts:
    """(address, bytes, executions, misses of the first cache, of the second) of blocks, by address.

    Misses are 0 where no caches were asked for.
    """

    rows: tuple[tuple[int, int, int, int, int], ...]

    @staticmethod
    def parse(data: bytes | bytearray) -> Counts:
        """From the rows of a record."""
        return Counts(tuple(sorted(ROW.iter_unpack(data))))

    def outside(self, ranges: Sequence[tuple[int, int]]) -> Counts:
        """Without the blocks that begin in any of these ranges of addresses."""
        return Counts(tuple(r for r in self.rows if not any(a <= r[0] < b for a, b in ranges)))
