"""From a summary to kernel source: for each result, loops over its tiles, the tile's value, and its store."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr, binary, get, index, param, substitute, var, walk
from accelcore.loops.lower import facts
from accelcore.values import Param, Role, Summary
from accelcore_nki.judging.interface import further_sizes, stored
from accelcore_nki.lowering.contractions import split
from accelcore_nki.lowering.frames import BANK, COLUMN, COLUMNS, PARTITIONS, ROW, ROWS, Frame, Range
from accelcore_nki.lowering.reductions import Reductions
from accelcore_nki.lowering.texts import tidy

HEADER = '''"""{about}"""

try:
    import nki
except ImportError:  # no Neuron software here: the simulator answers
    import accelcore_nki

    accelcore_nki.install()
    import nki
import math

import nki.isa as nisa
import nki.language as nl


def on_chip(rows, columns, dtype=nl.float32):
    """A new tile in SBUF."""
    return nl.ndarray((rows, columns), dtype=dtype, buffer=nl.sbuf)

'''
SCALAR = '''
def scalar_column(value, rows, dtype):
    """A scalar argument, once a partition: it is a number, or a tensor of one element."""
    column = on_chip(rows, 1)
    if not hasattr(value, "ap"):
        nisa.memset(column, float(value))
        return column
    given = on_chip(rows, 1, dtype)
    nisa.dma_copy(dst=given, src=value.ap([[0, rows], [1, 1]]))
    nisa.tensor_copy(column, given)
    return column

'''


@dataclass(frozen=True)
class Axes:
    """The axes of a result by what they become: Python loops, partitions, columns.  Numbers of variables, or None."""

    loops: tuple[int, ...]
    row: int | None
    column: int | None


class Results(Reductions):
    """Writes the function."""

    def source(self, about: str) -> str:
        """The kernel's module text."""
        task = self.task
        assert isinstance(task.reference, Summary)
        self.facts = facts(task)
        given = [p for p in task.params if p.role is not Role.OUT]
        self._sizes(given)
        for result in task.results:
            shape = ", ".join(tidy(e) for e in result.shape) or "1, 1"
            comma = "," if len(result.shape) == 1 else ""
            self.emit(
                f"{result.name}_hbm = nl.ndarray(({shape}{comma}), dtype=nl.{stored(result)}, buffer=nl.shared_hbm)"
            )
        for name, e in task.reference.post:
            self._result(task.param(name), e)
        self.emit(f"return {', '.join(f'{p.name}_hbm' for p in task.results)}")
        arguments = ", ".join([p.name for p in given] + list(further_sizes(task)))
        body = "\n".join(f"    {line}" for line in self.root.lines)
        helpers = SCALAR if "scalar_column(" in body else ""
        head = HEADER.format(about=about)
        return f"{head}{helpers}\n@nki.jit\ndef {task.name}({arguments}):\n{body}\n"

    def _sizes(self, given: list[Param]) -> None:
        known = {p.name for p in given}
        for p in given:
            for axis, extent in enumerate(p.shape):
                if extent.op == "size" and extent.name not in known:
                    known.add(extent.name)
                    self.emit(f"{extent.name} = {p.name}.shape[{axis}]")

    def _result(self, result: Param, e: Expr) -> None:
        numbers: list[int] = []
        extents: dict[int, Expr] = {}
        while e.op == "comp":
            numbers.append(e.number)
            extents[e.number] = e.args[0]
            e = e.args[1]
        if e.rank == 1:
            e, numbers = self._element(e, numbers, extents)
        if e.rank:
            raise UnsupportedLowering(f"no NKI code for {e.op} as a result: {str(e)[:80]}")
        axes = self._axes(numbers, e)
        if len(numbers) == 1 and axes.row is None and not _carries(e):
            self._folded(result, e, numbers[0], extents)
            return
        with ExitStack() as stack:
            mapping: dict[int, Expr] = {}
            for number in axes.loops:
                name = self.names.new("i")
                stack.enter_context(self.loop(name, f"range({tidy(extents[number])})"))
                mapping[number] = param(name, "i64")
            at = {axes.row: ROWS, axes.column: COLUMNS}
            mapping |= {n: v for n, v in at.items() if n is not None}
            e = substitute(e, mapping)
            indices = tuple(mapping[n] for n in numbers)
            sides = (None if n is None else extents[n] for n in (axes.row, axes.column))
            self._tiles(result, e, indices, *sides)

    def _element(self, e: Expr, numbers: list[int], extents: dict[int, Expr]) -> tuple[Expr, list[int]]:
        """A scan as the element at a further axis."""
        if e.op != "scan":
            raise UnsupportedLowering(f"no NKI code for a {e.op} as a result: {str(e)[:80]}")
        number = max([0, *numbers, e.height]) + 1
        extents[number] = e.args[0]
        return get(e, var(number)), [*numbers, number]

    def _axes(self, numbers: list[int], e: Expr) -> Axes:
        """Rows and columns of a result.

        The last axis is the columns, the one before the rows; the other way round where reductions need each column's
        own value, so that they run along the free axis; and where the schedule swaps them.
        """
        if not numbers:
            return Axes((), None, None)
        if len(numbers) == 1:
            alone = any(n.op == "reduce" and numbers[0] in n.free for n in walk(e))
            return Axes((), numbers[0], None) if alone else Axes((), None, numbers[0])
        *loops, row, column = numbers
        trial = substitute(e, {row: ROWS, column: COLUMNS})
        if _stays(trial, ROW, COLUMN) or (self.choices.swap and not _stays(trial, COLUMN, ROW)):
            row, column = column, row
        return Axes(tuple(loops), row, column)

    # Loops over tiles.

    def _tiles(
        self, result: Param, e: Expr, indices: tuple[Expr, ...], rows: Expr | None, columns: Expr | None
    ) -> None:
        matrix = any(split(n) is not None for n in walk(e) if n.op == "reduce")
        blocked = matrix and not _whole_rows(e) and self.choices.hoist != ""
        with ExitStack() as stack:
            if blocked and rows is not None and columns is not None:
                row, column = self._blocks(stack, tidy(rows), tidy(columns))
            else:
                row = self._rows(stack, rows)
                column = self._columns(stack, columns, matrix)
            frame = Frame(row, column)
            self.store(result.name, indices, self.value(e, frame, stored(result)), frame)

    def _rows(self, stack: ExitStack, rows: Expr | None) -> Range:
        if rows is None:
            return self.one
        return self.section(stack, "p", tidy(rows), PARTITIONS)

    def _columns(self, stack: ExitStack, columns: Expr | None, matrix: bool) -> Range:
        if columns is None:
            return self.one
        if self.choices.rows:
            return self.whole(tidy(columns))
        return self.section(stack, "f", tidy(columns), min(self.choices.tile, BANK) if matrix else self.choices.tile)

    def section(self, stack: ExitStack, stem: str, extent: str, size_: int, outer: Range | None = None) -> Range:
        """A loop over an extent, or over an outer range, in parts."""
        at, count = self.names.new(f"{stem}0"), self.names.new(f"{stem}n")
        over = outer.count if outer else extent
        block = stack.enter_context(self.loop(at, f"range(0, {over}, {size_})"))
        self.emit(f"{count} = min({size_}, {over} - {at})")
        if outer is None:
            return Range(at, count, size_, block)
        start = self.names.new(stem)
        self.emit(f"{start} = {outer.start} + {at}")
        return Range(start, count, size_, block, outer, at)

    def _blocks(self, stack: ExitStack, rows: str, columns: str) -> tuple[Range, Range]:
        """Blocks of the result in the chosen order, then their tiles."""
        high, wide = self.choices.block
        high, wide = -(-high // PARTITIONS) * PARTITIONS, -(-wide // BANK) * BANK
        if self.choices.order == "rows":
            down = self.section(stack, "p_block", rows, high)
            across = self.section(stack, "f_block", columns, wide)
        else:
            across = self.section(stack, "f_block", columns, wide)
            down = self.section(stack, "p_block", rows, high)
        row = self.section(stack, "p", "", PARTITIONS, down)
        column = self.section(stack, "f", "", BANK, across)
        return row, column

    # One-dimensional results.

    def _folded(self, result: Param, e: Expr, number: int, extents: dict[int, Expr]) -> None:
        """A vector as rows of `fold` elements: full blocks of 128 rows, then as many full rows as there are, a rest."""
        width, extent = self.choices.fold, tidy(extents[number])
        at = self.names.new("i0")
        with self.loop(at, f"range(0, {extent}, {PARTITIONS * width})") as block:
            rows, rest = self.names.new("rows"), self.names.new("rest")
            self.emit(f"{rows}, {rest} = divmod(min({PARTITIONS * width}, {extent} - {at}), {width})")
            begin = param(at, "i64")
            position = begin + ROWS * width + COLUMNS
            self._when(
                rows,
                result,
                e,
                number,
                position,
                Frame(Range("0", rows, PARTITIONS, block), Range("0", str(width), width, block)),
            )
            tail = begin + binary("mul", param(rows, "i64"), index(width)) + COLUMNS
            self._when(rest, result, e, number, tail, Frame(self.one, Range("0", rest, width, block)))

    def _when(self, count: str, result: Param, e: Expr, number: int, position: Expr, frame: Frame) -> None:
        """The store of a part that may be empty."""
        outer = self.block
        self.block = branch = type(outer)(outer, f"if {count}:")
        for part in (frame.rows, frame.columns):
            if part is not self.one:
                part.block = branch
        value = self.value(substitute(e, {number: position}), frame, stored(result))
        self.store(result.name, (position,), value, frame)
        branch.close()
        self.block = outer


def _carries(e: Expr) -> bool:
    """Whether it holds a scan, whose columns are in order."""
    return any(n.op == "scan" for n in walk(e))


def _whole_rows(e: Expr) -> bool:
    """Whether a reduction over columns of a row is part of it, so that its rows are one block."""
    return any(n.op == "reduce" and COLUMN not in n.free and ROW in n.free for n in walk(e))


def _stays(e: Expr, row: int, column: int) -> bool:
    """Whether a reduction depends on the column alone of the two: it wants to be a row's."""
    for n in walk(e):
        if n.op in ("reduce",) and column in n.free and row not in n.free and n.kind in ("sum", "max", "min", "prod"):
            return True
        if n.op == "get" and n.args[0].op == "scan" and n.args[1].op == "var" and n.args[1].number == row:
            return True
    return False
