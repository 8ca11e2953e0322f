"""Scans: running reductions whose elements are all wanted, in lanes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from accelcore.ir.dtypes import DTYPES
from accelcore.loops.edit import find, replace_loop
from accelcore.loops.nodes import Accumulate, Kind, Program
from accelcore.loops.rewrites.algorithms import running
from accelcore.loops.rewrites.base import Rewrite, register, require
from accelcore.loops.rewrites.marks import FIXED_ORDER


@register
@dataclass(frozen=True)
class ScanLanes(Rewrite):
    """A running reduction inside vectors: log2(lanes) shifts each, and one carried value between them."""

    name: ClassVar[str] = "scan_lanes"
    iterator: str
    interleave: int = 1

    def apply(self, program: Program) -> Program:
        """Legal for `acc = acc op value(i)` with an associative op, where other statements only use the new acc."""
        loop = find(program, self.iterator)
        require(loop.kind is Kind.SERIAL, f"loop {self.iterator} is no longer serial")
        require(1 <= self.interleave <= 16, "interleave 1 to 16 vectors")
        acc, op, value, rest = running(loop)
        exact = program.reassociate or not DTYPES[value.dtype].is_float
        require(exact, f"the running {acc} would be taken in another order", FIXED_ORDER)
        body = (Accumulate(acc, (), op, value), *rest)
        new = replace(loop, body=body, kind=Kind.SCAN, interleave=self.interleave)
        return replace_loop(program, self.iterator, lambda _: (new,))
