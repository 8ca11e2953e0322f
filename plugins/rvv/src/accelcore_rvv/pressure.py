"""How many vector registers a vector loop needs at a register grouping: an estimate from below.

Counted are the variables that live through the loop (one group for each sum of a register tile) and, for the statement
that needs most, the values that are held at once while it is evaluated in the best order (the numbers of Sethi and
Ullman, 1970).  Values that are the same in all lanes are in scalar registers.  A schedule that needs more than there
are would spill, which costs more than any grouping gains.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from accelcore.cgen.narrow import narrowed
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, walk
from accelcore.loops.nodes import Accumulate, Allocate, For, If, Kind, Program, Statement, Store, statements

REGISTERS = 32
_WITHIN = frozenset({"cast", "const", "size", "input"})


def fits(program: Program) -> bool:
    """Whether no vector loop of a program is known to need more registers than there are."""
    body = narrowed(program, widens=True).body
    loops = [s for s in statements(body) if isinstance(s, For) and s.kind in (Kind.VECTOR, Kind.SCAN)]
    return all(needed(loop) <= REGISTERS for loop in loops)


def needed(loop: For) -> float:
    """Registers that a vector loop needs at least."""
    body = _Body(loop)
    return body.variables() + max((body.statement(s) for s in statements(loop.body)), default=0.0)


def scanned(loop: For) -> list[Accumulate]:
    """What a scan accumulates: beside the carried vector its lanes are held, and once more while they are moved."""
    return [s for s in loop.body[:1] if loop.kind is Kind.SCAN and isinstance(s, Accumulate)]


class _Body:
    """The body of a vector loop: what varies by lane in it, and how many registers each dtype takes."""

    def __init__(self, loop: For) -> None:
        self.loop = loop
        self.varying = {loop.iterator} | {s.buffer.name for s in statements(loop.body) if isinstance(s, Allocate)}
        self.varying |= {s.buffer for s in scanned(loop)}
        self.widest = max((_bits(e.dtype) for e in self._values()), default=32)
        self._memo: dict[Expr, float] = {}

    def _values(self) -> Iterator[Expr]:
        """What is held in registers; conversions are part of the instructions around them, offsets of addresses."""
        for s in statements(self.loop.body):
            if isinstance(s, Store | Accumulate):
                yield s.value
                yield from (n for n in walk(s.value) if n.op not in _WITHIN and n.dtype not in (INDEX, "bool"))

    def group(self, dtype: str) -> float:
        """Registers of one value; a part of a register takes a whole one."""
        return max(1.0, self.loop.interleave * _bits(dtype) / self.widest)

    def variables(self) -> float:
        """Of the sums and variables that live through the loop or one turn of it."""
        local = {s.buffer.name: s.buffer for s in statements(self.loop.body) if isinstance(s, Allocate)}
        total = sum(self.group(b.dtype) * _elements(b.shape, self._repeats(b.name)) for b in local.values())
        outside = {
            (s.buffer, s.indices): s.value.dtype
            for s in statements(self.loop.body)
            if isinstance(s, Accumulate) and s.buffer not in local
            and not any(self.loop.iterator in i.inputs for i in s.indices)
        }  # fmt: skip
        moved = sum(self.group(s.value.dtype) for s in scanned(self.loop))
        return total + moved + sum(map(self.group, outside.values()))

    def _repeats(self, name: str) -> int:
        """How often an unrolled loop inside repeats the allocation of a buffer."""
        found = 1
        for s in statements(self.loop.body):
            if isinstance(s, For) and s.kind is Kind.UNROLL and s.extent.op == "const":
                if any(isinstance(t, Allocate) and t.buffer.name == name for t in statements(s.body)):
                    found *= int(s.extent.value)
        return found

    def statement(self, s: Statement) -> float:
        """Of one statement while it is evaluated."""
        if isinstance(s, Store | Accumulate):
            return self.number(s.value)
        return self.number(s.condition) if isinstance(s, If) else 0.0

    def number(self, e: Expr) -> float:
        """Registers to evaluate an expression: the costliest operand first, each later one beside those before it."""
        if not self.varies(e):
            return 0.0
        if e.op == "cast":
            return self.number(e.args[0])
        if e.op in ("get", "param"):
            return 0.0 if e.op == "param" and e.name in self.varying else self.group(e.dtype)
        found = self._memo.get(e)
        if found is None:
            parts = sorted(((self.number(a), self.group(a.dtype)) for a in e.args if self.varies(a)), reverse=True)
            held, most = 0.0, self.group(e.dtype)
            for cost, size in parts:
                most, held = max(most, held + cost), held + size
            found = self._memo[e] = most
        return found

    def varies(self, e: Expr) -> bool:
        """Whether a value may differ between lanes."""
        return bool(self.varying & e.inputs)


def _bits(dtype: str) -> int:
    return DTYPES[dtype].bits or 64 if dtype != "bool" else 8


def _elements(shape: tuple[Expr, ...], repeats: int) -> int:
    return repeats * prod(int(e.value) for e in shape if e.op == "const")
