"""From a summary to kernel source: for each result, loops over its tiles, the tile's value, and its store."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby

from accelcore.errors import UnsupportedLowering
from accelcore.ir.affine import at_least
from accelcore.ir.expr import Expr, binary, cast, get, index, param, substitute, var, walk
from accelcore.loops.lower import facts
from accelcore.values import Param, Role, Summary
from accelcore_nki.judging.interface import further_sizes, stored
from accelcore_nki.lowering.contractions import split
from accelcore_nki.lowering.frames import BANK, COLUMN, COLUMNS, NOMINAL, PARTITIONS, ROW, ROWS, Block, Frame, Range
from accelcore_nki.lowering.pieces import Piece, pieces
from accelcore_nki.lowering.ready import ready
from accelcore_nki.lowering.reductions import Reductions
from accelcore_nki.lowering.texts import tidy
from accelcore_nki.lowering.turns import BY_CLOCK, BY_TURNS, clock, turn

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
    if not hasattr(value, "shape"):
        nisa.memset(column, float(value))
        return column
    given = on_chip(rows, 1, dtype)
    nisa.dma_copy(dst=given, src=value.ap([[0, rows], [1, 1]]))
    nisa.tensor_copy(column, given)
    return column

'''


@dataclass(frozen=True)
class Part:
    """An element's expression over rows and columns, where it is stored, and how many columns there are."""

    e: Expr
    indices: tuple[Expr, ...]
    columns: Expr | None


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
        used = {"scalar_column(": SCALAR, "in_turns(": BY_TURNS, "by_clock(": BY_CLOCK}
        helpers = "".join(text for name, text in used.items() if name in body)
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
        e = ready(e, extents, {p.name: p.shape for p in self.task.params})
        axes = self._axes(numbers, e)
        found = list(pieces(e, extents))
        column = axes.column
        for _, group in groupby(
            found, lambda p: [(n, p.begins[n], x, p.steps[n]) for n, x in p.extents.items() if n != column]
        ):
            self._pieces(result, numbers, axes, list(group))

    def _pieces(self, result: Param, numbers: list[int], axes: Axes, group: list[Piece]) -> None:
        """Pieces that differ in their columns only: they share the loops over rows, and what those keep."""
        extents = group[0].extents
        if len(numbers) == 1 and axes.row is None and not _carries(group[0].e):
            for piece in group:
                self._folded(result, piece, numbers[0])
            return
        with ExitStack() as stack:
            mapping: dict[int, Expr] = {}
            for number in axes.loops:
                name = self.names.new("i")
                stack.enter_context(self.loop(name, f"range({tidy(extents[number])})"))
                mapping[number] = param(name, "i64")
            at = {axes.row: ROWS, axes.column: COLUMNS}
            mapping |= {n: v for n, v in at.items() if n is not None}
            parts = []
            for piece in group:
                indices = tuple(piece.place(n, mapping[n]) for n in numbers)
                columns = None if axes.column is None else piece.extents[axes.column]
                parts.append(Part(substitute(piece.e, mapping), indices, columns))
            self._tiles(result, parts, None if axes.row is None else extents[axes.row])

    def _element(self, e: Expr, numbers: list[int], extents: dict[int, Expr]) -> tuple[Expr, list[int]]:
        """A scan as the element at a further axis."""
        if e.op == "cast":
            inner, wider = self._element(e.args[0], numbers, extents)
            return cast(inner, e.dtype, *(str(a) for a in e.attrs)), wider
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

    def _tiles(self, result: Param, parts: list[Part], rows: Expr | None) -> None:
        """The loops over tiles of the parts, and the store of each."""
        products = [_multiplies(p.e) for p in parts]
        if rows is not None and len(parts) == 1 and parts[0].columns is not None and self._blocked(parts[0].e):
            with ExitStack() as stack:
                frame = Frame(*self._blocks(stack, tidy(rows), tidy(parts[0].columns)))
                self._stored(result, parts[0], frame)
            return
        with ExitStack() as outer:
            row = self._rows(outer, rows)
            for part, matrix in zip(parts, products, strict=True):
                with ExitStack() as stack:
                    self._stored(result, part, Frame(row, self._columns(stack, part.columns, matrix)))

    def _blocked(self, e: Expr) -> bool:
        return _multiplies(e) and not _whole_rows(e) and self.choices.hoist != ""

    def _stored(self, result: Param, part: Part, frame: Frame) -> None:
        self.find_softmaxes(part.e, frame)
        self.store(result.name, part.indices, self.value(part.e, frame, stored(result)), frame)

    def _rows(self, stack: ExitStack, rows: Expr | None) -> Range:
        if rows is None:
            return self.one
        if self.choices.pipeline == 1:
            return self.section(stack, "p", tidy(rows), PARTITIONS)
        return self._in_turns(stack, tidy(rows))

    def _in_turns(self, stack: ExitStack, rows: str) -> Range:
        """Row tiles as generators, a few of which are in work at a time."""
        at, count, name = self.names.new("p0"), self.names.new("pn"), self.names.new("row_tile")
        outer = self.block
        way = clock if self.choices.turns else turn
        block = self.block = self.loops[at] = Block(outer, f"def {name}({at}):", turns=way, trips=NOMINAL / PARTITIONS)

        def close() -> None:
            apart = self.choices.apart or max(
                1, sum(line.lstrip().startswith("nisa.") for line in block.lines) // self.choices.pipeline
            )
            block.close()
            del self.loops[at]
            self.block = outer
            tiles = f"[{name}({at}) for {at} in range(0, {rows}, {PARTITIONS})]"
            depth, steps = self.choices.pipeline, self.choices.steps
            clocked, turned = f"by_clock({tiles}, {depth}, {steps})", f"in_turns({tiles}, {depth}, {apart})"
            self.emit(clocked if self.choices.turns else turned)

        stack.callback(close)
        self.emit(f"{count} = min({PARTITIONS}, {rows} - {at})")
        return Range(at, count, PARTITIONS, block)

    def _columns(self, stack: ExitStack, columns: Expr | None, matrix: bool) -> Range:
        if columns is None:
            return self.one
        if self.choices.rows:
            whole = self.whole(tidy(columns))
            if not at_least(columns, 1, {}, dict.fromkeys(columns.sizes, 1)):
                whole = self._perhaps(stack, tidy(columns))
            return self.section(stack, "f", "", self.choices.parts, whole) if self.choices.parts else whole
        return self.section(stack, "f", tidy(columns), min(self.choices.tile, BANK) if matrix else self.choices.tile)

    def _perhaps(self, stack: ExitStack, columns: str) -> Range:
        """All columns of a piece that may have none."""
        outer = self.block
        self.block = Block(outer, f"if {columns} > 0:", trips=outer.trips)
        whole = Range("0", columns, 1 << 30, self.block)

        def close() -> None:
            self.block.close()
            self.block = outer

        stack.callback(close)
        return whole

    def section(self, stack: ExitStack, stem: str, extent: str, size_: int, outer: Range | None = None) -> Range:
        """A loop over an extent, or over an outer range, in parts."""
        at, count = self.names.new(f"{stem}0"), self.names.new(f"{stem}n")
        over = outer.count if outer else extent
        block = stack.enter_context(
            self.loop(at, f"range(0, {over}, {size_})", min(outer.most if outer else NOMINAL, NOMINAL) / size_)
        )
        self.emit(f"{count} = min({size_}, {over} - {at})")
        if outer is None:
            return Range(at, count, size_, block)
        start = at
        if outer.start != "0":
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

    def _folded(self, result: Param, piece: Piece, number: int) -> None:
        """A vector as rows of `fold` elements: full blocks of 128 rows, then as many full rows as there are, a rest."""
        width, extent = self.choices.fold, tidy(piece.extents[number])
        at = self.names.new("i0")
        with self.loop(at, f"range(0, {extent}, {PARTITIONS * width})") as block:
            rows, rest = self.names.new("rows"), self.names.new("rest")
            self.emit(f"{rows}, {rest} = divmod(min({PARTITIONS * width}, {extent} - {at}), {width})")
            begin = param(at, "i64")
            body = Frame(Range("0", rows, PARTITIONS, block), Range("0", str(width), width, block))
            self._when(rows, result, piece, number, begin + ROWS * width + COLUMNS, body)
            tail = begin + binary("mul", param(rows, "i64"), index(width)) + COLUMNS
            self._when(rest, result, piece, number, tail, Frame(self.one, Range("0", rest, width, block)))

    def _when(self, count: str, result: Param, piece: Piece, number: int, position: Expr, frame: Frame) -> None:
        """The store of a part that may be empty."""
        outer = self.block
        self.block = branch = type(outer)(outer, f"if {count}:")
        for side in (frame.rows, frame.columns):
            if side is not self.one:
                side.block = branch
        part = Part(substitute(piece.e, {number: position}), (piece.place(number, position),), None)
        self._stored(result, part, frame)
        branch.close()
        self.block = outer


def _carries(e: Expr) -> bool:
    """Whether it holds a running value, whose columns are in order."""
    return any(n.op in ("scan", "fold") or (n.op == "reduce" and n.args[0].free) for n in walk(e))


def _multiplies(e: Expr) -> bool:
    """Whether a product of matrices is part of it."""
    return any(split(n) is not None for n in walk(e) if n.op == "reduce")


def _whole_rows(e: Expr) -> bool:
    """Whether a reduction over columns of a row is part of it, so that its rows are one block."""
    return any(n.op == "reduce" and COLUMN not in n.free and ROW in n.free for n in walk(e))


def _stays(e: Expr, row: int, column: int) -> bool:
    """Whether a reduction depends on the column alone of the two, or runs over rows: it wants to be a row's."""
    for n in walk(e):
        if n.op == "reduce" and column in n.free and row not in n.free:
            return True
        if n.op in ("reduce", "fold") and row in n.args[0].free:
            return True
        if n.op == "get" and n.args[0].op == "scan" and n.args[1].op == "var" and n.args[1].number == row:
            return True
    return False
