"""The state of one lowering: the block that is written to, names, choices; and where a value is computed.

A value is computed in the outermost block that knows all it depends on, once for each pair of ranges: what depends on
the rows alone is computed before the loop over columns, what depends on neither before all loops.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from accelcore.ir.expr import Expr, walk
from accelcore.values import Task
from accelcore_nki.lowering.choices import Choices
from accelcore_nki.lowering.frames import COLUMN, PARTITIONS, ROW, Block, Frame, Names, Range, Value

_RESERVED = {"nki", "nl", "nisa", "math", "min", "max", "range", "float", "accelcore_nki", "on_chip", "scalar_column"}


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
        self.turns = 0

    # Lines and blocks.

    def emit(self, line: str) -> None:
        """Write a line into the current block."""
        self.block.lines.append(line)

    @contextmanager
    def loop(self, variable: str, over: str) -> Iterator[Block]:
        """A loop; its body is the current block meanwhile."""
        outer = self.block
        self.block = self.loops[variable] = Block(outer, f"for {variable} in {over}:")
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
        return Value(name, wide, dtype=dtype, rows=rows, columns=columns)

    def engine(self, work: str) -> str:
        """`, engine=...` for a kind of work ("copy", "pair", "scalar"), by the schedule's choice."""
        chosen = self.choices.engine
        self.turns += 1
        if chosen == "scalar" and work == "copy":
            return ", engine=nisa.engine.scalar"
        if chosen == "gpsimd" and work == "pair":
            return ", engine=nisa.engine.gpsimd"
        if chosen == "spread" and work == "copy":
            return ", engine=nisa.engine.scalar" if self.turns % 2 else ""
        if chosen == "spread" and work == "pair" and self.turns % 3 == 0:
            return ", engine=nisa.engine.gpsimd"
        return ""

    def copied(self, value: Value, frame: Frame, dtype: str) -> Value:
        """The tile in SBUF, as another type."""
        result = self.tile(frame, wide=value.wide, dtype=dtype)
        engine = self.engine("copy") if value.psum else ""
        self.emit(f"nisa.tensor_copy({result.text}, {value.at(frame)}{engine})")
        return result

    def spread_out(self, value: Value, frame: Frame, dtype: str = "float32") -> Value:
        """The value as a tile with the frame's columns."""
        if value.wide:
            return value
        result = self.tile(frame, wide=True, dtype=dtype)
        self.emit(f"nisa.memset({result.text}, {value.text if value.number else 0.0})")
        if not value.number:
            column = self.as_operand(value, frame)
            self.emit(f"nisa.tensor_scalar({result.text}, {result.text}, nl.add, {column})")
        return result

    def as_operand(self, value: Value, frame: Frame) -> str:
        """A number or a float32 column, as operand of a scalar instruction."""
        if value.number:
            return value.text
        if value.dtype != "float32":
            value = self.copied(value, frame, "float32")
        return value.at(frame)
