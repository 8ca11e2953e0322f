"""Modelled cycles: how often each block ran, times the cycles of the block on the named CPU.

What it does not know, and says with every result: caches, TLB and main memory, taken branches and their prediction,
vector lengths below the maximum, and how one block's end overlaps with the next one's beginning.  It has not been
compared with silicon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accelcore.errors import MissingTool
from accelcore.values import Cost
from accelcore_rvv import mca, weights
from accelcore_rvv.counts import Counts
from accelcore_rvv.cpus import Cpu
from accelcore_rvv.disassembly import Ran, executed

LIMITS = "modelled cycles: no caches, TLB, DRAM or branch costs, full vector length assumed, not compared with silicon"


def described(cpu: Cpu) -> str:
    """Where the cycles of blocks come from here."""
    tool = mca.tool_for(cpu)
    return f"llvm-mca {mca.version(tool)}" if tool else "weights by class and LMUL"


@dataclass(frozen=True)
class Spent:
    """Instructions, vector instructions among them, and modelled cycles of one call."""

    instructions: int
    vector: int
    cycles: float


@dataclass(frozen=True)
class Model:
    """The time of one program on one CPU.  vlen: at which it was counted."""

    program: Path
    cpu: Cpu
    vlen: int

    def cost(self, counts: Counts) -> Cost:
        """Modelled cycles; at least one, since a call takes time."""
        return Cost(max(1.0, round(self.spent(counts).cycles, 2)), "cycles")

    def spent(self, counts: Counts) -> Spent:
        """Counts and cycles together."""
        ran = executed(self.program, counts)
        each = self.each(ran)
        total = sum(r.count * c for r, c in zip(ran, each, strict=True))
        instructions = sum(r.count * len(r.block.own) for r in ran)
        vector = sum(r.count * sum(line.vector for line in r.block.own) for r in ran)
        return Spent(instructions, vector, total)

    def each(self, ran: Sequence[Ran]) -> list[float]:
        """Cycles of one execution of each block."""
        if mca.tool_for(self.cpu) is not None:
            try:
                return mca.cycles(self.cpu, [(r.block.own, r.vtype) for r in ran])
            except MissingTool:
                pass  # an llvm-mca that fails on an instruction: the weights serve
        return [weights.cycles(self.cpu, self.vlen, r.block.own, r.vtype) for r in ran]
