"""Compaction: chosen values stored side by side, a vector at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from accelcore.loops.compact_loops import compacting
from accelcore.loops.edit import find, replace_loop
from accelcore.loops.nodes import Kind, Program
from accelcore.loops.rewrites.base import Rewrite, register, require


@register
@dataclass(frozen=True)
class CompactLanes(Rewrite):
    """Stores of chosen values at the next place, in lanes: a vector of them at once."""

    name: ClassVar[str] = "compact_lanes"
    iterator: str
    interleave: int = 1

    def apply(self, program: Program) -> Program:
        """Legal for `if condition: out[count] = value; count += 1` where nothing reads out or count."""
        loop = find(program, self.iterator)
        require(loop.kind is Kind.SERIAL, f"loop {self.iterator} is no longer serial")
        require(self.interleave in (1, 2, 4, 8), "registers are grouped by 1, 2, 4 or 8")
        require(compacting(loop) is not None, f"loop {self.iterator} does not store what it chooses at the next place")
        new = replace(loop, kind=Kind.COMPACT, interleave=self.interleave)
        return replace_loop(program, self.iterator, lambda _: (new,))
