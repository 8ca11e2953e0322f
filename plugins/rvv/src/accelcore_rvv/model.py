"""Modelled cycles: how often each block ran, times the cycles of the block on the named CPU.

What it does not know, and says with every result: TLB, taken branches and their prediction, vector lengths below the
maximum, and how one block's end overlaps with the next one's beginning.  Caches and main memory only to first order,
and only when asked (`caches`).  It has not been compared with silicon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accelcore.errors import MissingTool
from accelcore.values import Cost
from accelcore_rvv import caches, mca, weights
from accelcore_rvv.counts import Counts
from accelcore_rvv.cpus import Cpu
from accelcore_rvv.disassembly import Ran, executed

LIMITS = "modelled cycles: no caches, TLB, DRAM or branch costs, full vector length assumed, not compared with silicon"
LIMITS_WITH_CACHES = f"modelled cycles: no branch costs, full vector length, not compared with silicon; {caches.LIMITS}"


def described(cpu: Cpu) -> str:
    """Where the cycles of blocks come from here."""
    tool = mca.tool_for(cpu)
    return f"llvm-mca {mca.version(tool)}" if tool else "weights by class and LMUL"


@dataclass(frozen=True)
class Spent:
    """Instructions, vector instructions among them, and modelled cycles of one call, those of instructions alone.

    misses: of the two levels of cache; waiting: the cycles that they cost; both 0 where no caches were asked for.
    """

    instructions: int
    vector: int
    cycles: float
    misses: tuple[int, int] = (0, 0)
    waiting: float = 0.0

    @property
    def total(self) -> float:
        """Cycles of instructions and of misses."""
        return self.cycles + self.waiting

    def cost(self) -> Cost:
        """Modelled cycles; at least one, since a call takes time."""
        return Cost(max(1.0, round(self.total, 2)), "cycles")

    def metrics(self) -> dict[str, float]:
        """By name, for a report of a run with caches."""
        first, second = self.misses
        names = ("instruction_cycles", "miss_cycles", "l1_misses", "l2_misses")
        return dict(zip(names, (self.cycles, self.waiting, float(first), float(second)), strict=True))


@dataclass(frozen=True)
class Model:
    """The time of one program on one CPU.  vlen: at which it was counted."""

    program: Path
    cpu: Cpu
    vlen: int

    def told(self, spent: Spent) -> str:
        """A line for people on a run with caches."""
        first, second = spent.misses
        counted = f"{spent.cycles:.0f} cycles of instructions, {spent.waiting:.0f} of {first} misses of L1"
        return f"{counted}, {second} of them of L2 too; {self.cpu.caches.described()}; {LIMITS_WITH_CACHES}"

    def spent(self, counts: Counts) -> Spent:
        """Counts and cycles together."""
        return self.summed(executed(self.program, counts))

    def summed(self, ran: Sequence[Ran]) -> Spent:
        """Of some blocks."""
        each = self.each(ran)
        total = sum(r.count * c for r, c in zip(ran, each, strict=True))
        instructions = sum(r.count * len(r.block.own) for r in ran)
        vector = sum(r.count * sum(line.vector for line in r.block.own) for r in ran)
        first, second = (sum(r.misses[level] for r in ran) for level in (0, 1))
        return Spent(instructions, vector, total, (first, second), self.cpu.caches.cycles(first, second))

    def each(self, ran: Sequence[Ran]) -> list[float]:
        """Cycles of one execution of each block."""
        if mca.tool_for(self.cpu) is not None:
            try:
                return mca.cycles(self.cpu, [(r.block.own, r.vtype) for r in ran])
            except MissingTool:
                pass  # an llvm-mca that fails on an instruction: the weights serve
        return [weights.cycles(self.cpu, self.vlen, r.block.own, r.vtype) for r in ran]
