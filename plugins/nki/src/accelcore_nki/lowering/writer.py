"""The state of one lowering: the block that is written to, names, choices; and where a value is computed.

A value is computed in the outermost block that knows all it depends on, once for each pair of ranges: what depends on
the rows alone is computed before the loop over columns, what depends on neither before all loops.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from accelcore.ir.expr import Expr, walk
from accelcore.values import Task
from accelcore_nki.lowering.choices import Choices
from accelcore_nki.lowering.frames import COLUMN, NOMINAL, PARTITIONS, ROW, Block, Frame, Names, Range, Value

_RESERVED = {
    "nki",
    "nl",
    "nisa",
    "math",
    "min",
    "max",
    "range",
    "float",
    "accelcore_nki",
    "on_chip",
    "scalar_column",
    "in_turns",
    "by_clock",
    "RATES",
    "LATENCY",
    "LEAST",
    "SEMAPHORE",
    "pools",
    "free_scores",
    "free_turned",
    "free_sums",
}


class Writer:
    """What all parts of the lowering share."""

    def __init__(self, task: Task, choices: Choices) -> None:
        self.task, self.choices = task, choices
        self.root = self.block = Block()
        self.loops: dict[str, Block] = {}
        self.names = Names({p.name for p in task.params} | {n for p in task.params for e in p.shape for n in e.sizes})
        for name in _RESERVED:
            self.names.new(name)
        self.all_rows = Range("0", str(PARTITIONS), PARTITIONS, self.root)
        self.one = Range("0", "1", 1, self.root)
        self.busy: dict[str, float] = {}
        self.picks: list[Any] = []
        self.repeats: dict[str, int] = {}
        self.rows_of: dict[str, Expr] = {}
        self.limits: list[Expr] = []

    # Lines and blocks.

    def emit(self, line: str) -> None:
        """Write a line into the current block."""
        self.block.lines.append(line)

    @contextmanager
    def loop(self, variable: str, over: str, trips: float = 8) -> Iterator[Block]:
        """A loop; its body is the current block meanwhile.  trips: how often it runs, about."""
        outer = self.block
        head = f"for {variable} in {over}:"
        self.block = self.loops[variable] = Block(outer, head, trips=outer.trips * max(1.0, trips))
        yield self.block
        self.block.close()
        del self.loops[variable]
        self.block = outer

    @contextmanager
    def repetition(self, variable: str, over: str, trips: float = 8) -> Iterator[Block]:
        """A loop whose repetitions may be in work together: generators, where the schedule goes by the clock."""
        if self.choices.steps < 2 or self.block.turns is None or not self.choices.turns:
            with self.loop(variable, over, trips) as block:
                yield block
            return
        name, outer = self.names.new("step"), self.block
        head = f"def {name}({variable}):"
        self.block = self.loops[variable] = Block(outer, head, turns=outer.turns, trips=outer.trips * trips)
        yield self.block
        self.block.close()
        del self.loops[variable]
        self.block = outer
        self.emit(f"yield [{name}({variable}) for {variable} in {over}]")

    @contextmanager
    def step(self, variable: str, at: int) -> Iterator[Block]:
        """One repetition of a loop that is written out."""
        outer = self.block
        self.block = self.loops[variable] = Block(outer, "", trips=outer.trips)
        self.emit(f"{variable} = {at}")
        yield self.block
        self.block.close()
        del self.loops[variable]
        self.block = outer

    @contextmanager
    def inside(self, block: Block) -> Iterator[None]:
        """Write into an outer block, before what is open in it."""
        inner, self.block = self.block, block
        yield
        self.block = inner

    def place(self, e: Expr, frame: Frame) -> Block:
        """The outermost block that knows everything that `e` depends on."""
        known = [self.root]
        if ROW in e.free:
            known.append(frame.rows.block)
        if COLUMN in e.free:
            known.append(frame.columns.block)
        known += [self.loops[n.name] for n in walk(e) if n.op == "param" and n.name in self.loops]
        return max(known, key=lambda block: block.depth)

    def settled(self, e: Expr, frame: Frame) -> Frame:
        """The frame in which `e` is computed: what does not depend on the rows is computed for all of them."""
        if ROW in e.free or frame.rows.most == 1:
            return frame
        return replace(frame, rows=self.all_rows)

    # Tiles.

    def tile(self, frame: Frame, *, wide: bool, dtype: str = "float32", stem: str = "t") -> Value:
        """A new SBUF tile with the frame's rows, and its columns or one."""
        name = self.names.new(stem)
        rows, columns = frame.rows.count, frame.columns.count if wide else "1"
        self.emit(f"{name} = on_chip({rows}, {columns}, nl.{dtype})")
        span = min(frame.columns.most, NOMINAL) if wide else 1
        return Value(name, wide, dtype=dtype, rows=rows, columns=columns, span=span)
