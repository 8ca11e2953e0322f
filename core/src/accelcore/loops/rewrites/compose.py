"""Composite rewrites: each expands into checked elementary ones, found by looking at the program."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

from accelcore.errors import IllegalRewrite
from accelcore.loops.analysis import Stride, moved, serial_loops, small, stride, strided
from accelcore.loops.edit import around, expressions, find, loops_of, replace_loop
from accelcore.loops.nodes import Accumulate, For, Kind, Program, statements
from accelcore.loops.rewrites.base import Rewrite, parse, register, require


class _Steps:
    """A program while elementary rewrites are applied to it, by text."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.done: list[str] = []

    def do(self, text: str) -> list[str]:
        """Apply one rewrite; gives the iterators that are new."""
        before = {f.iterator for f in loops_of(self.program.body)}
        self.program = parse(text).apply(self.program)
        self.done.append(text)
        return [f.iterator for f in loops_of(self.program.body) if f.iterator not in before]

    def may(self, text: str) -> bool:
        """Apply one rewrite where it is legal."""
        try:
            self.do(text)
        except IllegalRewrite:
            return False
        return True


@dataclass(frozen=True)
class Composite(Rewrite):
    """A rewrite made of others."""

    def steps(self, program: Program) -> tuple[str, ...]:
        """The elementary rewrites that it comes to on this program."""
        steps = _Steps(program)
        self.run(steps)
        return tuple(steps.done)

    @abstractmethod
    def run(self, steps: _Steps) -> None:
        """Apply them, one by one."""

    def apply(self, program: Program) -> Program:
        """Legal when every step is."""
        steps = _Steps(program)
        self.run(steps)
        return steps.program


@register
@dataclass(frozen=True)
class Isolate(Composite):
    """The loop around loop j comes to contain nothing but j: what stands before and after gets loops of its own."""

    name: ClassVar[str] = "isolate"
    iterator: str

    def run(self, steps: _Steps) -> None:
        """Fission after j, then before it."""
        nest = around(steps.program, self.iterator)
        require(bool(nest), f"no loop is around {self.iterator}")
        outer = nest[-1]
        inner = find(steps.program, self.iterator)
        require(inner in outer.body, f"{self.iterator} stands in a branch")
        require(len(outer.body) > 1, f"loop {outer.iterator} contains nothing but {self.iterator}")
        at = outer.body.index(inner)
        if at + 1 < len(outer.body):
            steps.do(f"fission({outer.iterator}, {at + 1})")
        outer = around(steps.program, self.iterator)[-1]
        at = next(n for n, s in enumerate(outer.body) if isinstance(s, For) and s.iterator == self.iterator)
        if at:
            steps.do(f"fission({outer.iterator}, {at})")


@register
@dataclass(frozen=True)
class Jam(Composite):
    """Unroll-and-jam: n iterations of loop i side by side inside the loops that i contains.

    for i: {s = 0; for k: s += f(i, k); r[i] = s}  becomes, for blocks of n iterations, one loop over k whose body is
    repeated n times with n accumulators; what is left of i keeps its loop.  Inner loops that reduce nothing gain
    nothing from it and stay inside a loop over the block.
    """

    name: ClassVar[str] = "jam"
    iterator: str
    times: int

    def run(self, steps: _Steps) -> None:
        """Split with a cut tail, lift every reduction around the block, unroll the block where no loop is inside.

        A loop that has just so many iterations is the block itself.
        """
        extent = find(steps.program, self.iterator).extent
        whole = extent.op == "const" and int(extent.value) == self.times
        new = [] if whole else steps.do(f"split({self.iterator}, {self.times}, tail=cut)")
        copies = [self.iterator if whole else next(n for n in new if n.startswith(f"{self.iterator}i"))]
        while (pair := _next_lift(steps.program, copies)) is not None:
            copies += steps.do(f"lift({pair[0]}, {pair[1]})")
            copies = [c for c in copies if _exists(steps.program, c)]
        for copy in copies:
            if not any(isinstance(s, For) and s.kind is not Kind.UNROLL for s in find(steps.program, copy).body):
                steps.do(f"unroll({copy})")


def _next_lift(program: Program, copies: list[str]) -> tuple[str, str] | None:
    """A reduction inside a loop over the block, and that loop."""
    for copy in copies:
        for s in find(program, copy).body:
            if isinstance(s, For) and s.kind is not Kind.UNROLL and s.iterator not in copies and accumulates(s):
                return s.iterator, copy
    return None


def accumulates(loop: For) -> bool:
    """Whether a reduction is inside."""
    return any(isinstance(s, Accumulate) for s in statements(loop.body))


def _exists(program: Program, iterator: str) -> bool:
    return any(f.iterator == iterator for f in loops_of(program.body))


@register
@dataclass(frozen=True)
class Tile(Composite):
    """A register tile of a matrix product: `rows` iterations of loop i by `interleave` vectors of loop j.

    panel: columns that all rows go through before the next ones, so that the operand they share stays in cache;
    pack: copy that operand's panel to where it is read in order; several operands are joined by "+";
    apart: 1 gives what is done with the sums a loop of its own, which keeps a long epilogue out of the tile;
    depth: products that are added at once, by an instruction for short inner products: packed operands then hold that
    many consecutive elements of the sum side by side, for each column.
    """

    name: ClassVar[str] = "tile"
    row: str
    rows: int
    column: str
    interleave: int = 1
    panel: int = 0
    pack: str = ""
    apart: int = 0
    depth: int = 1

    def run(self, steps: _Steps) -> None:
        """Panel, pack, set the epilogue apart, jam the rows and what is left of them, vectorize the columns."""
        column, row = self.column, self.row
        nested = find(steps.program, row).body == (find(steps.program, column),)
        require(nested, f"loop {row} contains more than {column}", f"isolate({column}) first")
        require(self.rows >= 1, "a tile has at least one row")
        if self.panel:
            outside, column = steps.do(f"split({column}, {self.panel})")[:2]
            steps.do(f"reorder({row}, {outside})")
        operands = self.pack.split("+") if self.pack else []
        if self.depth > 1:
            self._deepen(steps, column, operands)
            operands = []
        for name in operands:
            steps.do(f"pack({name}, {row}, last={column})")
        before = {f.iterator for f in loops_of(steps.program.body)} - {column}
        if self.apart:
            _set_apart(steps, column)
        if self.rows > 1:
            self._jam(steps)
        for f in serial_loops(steps.program):
            if f.iterator not in before and _base(f.iterator) == _base(column):
                times = self.interleave if accumulates(f) else min(self.interleave, 2)
                steps.do(f"vectorize({f.iterator}, interleave={times})" if times > 1 else f"vectorize({f.iterator})")

    def _deepen(self, steps: _Steps, column: str, operands: list[str]) -> None:
        """Sums in blocks of `depth` products, which operands are packed for: blocks, columns, products."""
        inner = [f for f in find(steps.program, column).body if isinstance(f, For) and accumulates(f)]
        require(bool(inner), f"loop {column} sums nothing")
        for f in inner:
            outside, block = steps.do(f"split({f.iterator}, {self.depth}, tail=cut)")[:2]
            for name in operands:
                if any(name in e.inputs for e in expressions(find(steps.program, block).body)):
                    fill = steps.do(f"pack({name}, {self.row}, last={column}+{block}, inside={outside})")
                    steps.do(f"unroll({fill[-1]})")
                    steps.do(f"vectorize({fill[-2]})")
            steps.do(f"unroll({block})")

    def _jam(self, steps: _Steps) -> None:
        """Blocks of rows; what is left of them in blocks of the largest power of two up to half, then one by one."""
        loops = {f.iterator for f in loops_of(steps.program.body)}
        steps.do(f"jam({self.row}, {self.rows})")
        half = half_block(self.rows)
        new = [
            f for f in loops_of(steps.program.body) if f.iterator not in loops and _base(f.iterator) == f"{self.row}t"
        ]
        if new and half > 1:
            steps.may(f"jam({new[0].iterator}, {half})")


@register
@dataclass(frozen=True)
class Deepen(Composite):
    """Long sums in blocks of `size`: each block adds to sums that are kept in memory, and runs through all of `row`.

    for i: for j: {s = 0; for k: s += f(i, k, j); r[i, j] = s}  becomes  sums of zero, then for blocks of k a product of
    its own whose operands stay in cache, then r from the sums.
    """

    name: ClassVar[str] = "deepen"
    iterator: str
    row: str
    size: int

    def run(self, steps: _Steps) -> None:
        """Split the sum, lift its blocks around the loops up to `row`, sum each block apart."""
        nest = [f.iterator for f in around(steps.program, self.iterator)]
        require(self.row in nest, f"loop {self.row} is not around {self.iterator}")
        blocks, inner = steps.do(f"split({self.iterator}, {self.size})")[:2]
        for outer in reversed(nest[nest.index(self.row) :]):
            steps.do(f"lift({blocks}, {outer})")
        summed = [s.buffer for s in statements(find(steps.program, inner).body) if isinstance(s, Accumulate)]
        for name in dict.fromkeys(summed):
            steps.do(f"stage_result({name}, {inner})")


def half_block(rows: int) -> int:
    """Rows of the blocks that what is left of a tile's rows runs in: the largest power of two up to half of them."""
    return 1 << ((rows // 2).bit_length() - 1) if rows > 1 else 1


def _base(iterator: str) -> str:
    return iterator.rstrip("0123456789")


def _set_apart(steps: _Steps, column: str) -> None:
    """The sums of a column loop in a local array, what uses them in a second loop."""
    body = find(steps.program, column).body
    last = max((at for at, s in enumerate(body) if isinstance(s, For) and accumulates(s)), default=-1)
    require(0 <= last < len(body) - 1, f"loop {column} does nothing with its sums")
    steps.do(f"fission({column}, {last + 1})")
    for s in find(steps.program, column).body:
        if isinstance(s, For):
            for name in dict.fromkeys(u.buffer for u in statements(s.body) if isinstance(u, Accumulate)):
                steps.may(f"stage_result({name}, {s.iterator})")


@register
@dataclass(frozen=True)
class Block(Composite):
    """Two nested loops in square blocks, so that what both touch stays in cache (a transposition, for instance)."""

    name: ClassVar[str] = "block"
    outer: str
    inner: str
    size: int

    def run(self, steps: _Steps) -> None:
        """split both, reorder."""
        nested = find(steps.program, self.outer).body == (find(steps.program, self.inner),)
        require(nested, f"loop {self.outer} contains more than {self.inner}")
        ours = steps.do(f"split({self.outer}, {self.size})")
        theirs = steps.do(f"split({self.inner}, {self.size})")
        steps.do(f"reorder({ours[1]}, {theirs[0]})")


@register
@dataclass(frozen=True)
class Turn(Composite):
    """Two nested loops of which the inner one writes side by side and the outer one reads so: squares of n by n.

    A vector of the inner loop handles n iterations of the outer one, unrolled: with n lanes it reads squares of n
    contiguous rows, which emitters transpose in registers.  What is left of the outer loop runs row by row.
    stage: so many iterations of the inner loop are turned into a local block first, from which rows are then written
    one after the other, in whole cache lines but for their ends, wherever these begin.  Blocks run outside, so that
    squares side by side are read one after the other.
    """

    name: ClassVar[str] = "turn"
    outer: str
    inner: str
    size: int
    stage: int = 0

    def run(self, steps: _Steps) -> None:
        """split with a cut tail, reorder or stage, unroll, vectorize the inner loop and its copy in the tail."""
        nested = find(steps.program, self.outer).body == (find(steps.program, self.inner),)
        require(nested, f"loop {self.outer} contains more than {self.inner}")
        outside, within = steps.do(f"split({self.outer}, {self.size}, tail=cut)")[:2]
        before = {f.iterator for f in loops_of(steps.program.body)}
        if self.stage:
            self._staged(steps, outside, within)
        else:
            steps.do(f"reorder({within}, {self.inner})")
            steps.do(f"unroll({within})")
            steps.do(f"vectorize({self.inner})")
        for f in serial_loops(steps.program):
            if f.iterator in before and _base(f.iterator) == _base(self.inner):
                steps.may(f"vectorize({f.iterator})")

    def _staged(self, steps: _Steps, outside: str, within: str) -> None:
        """Blocks of the inner loop, outermost; what they read across its rows is copied, turned on the way."""
        blocks, inner = steps.do(f"split({self.inner}, {self.stage})")[:2]
        steps.do(f"reorder({within}, {blocks})")
        reads = moved(find(steps.program, inner))
        across = [a.buffer for a in reads if a.op == "read" and stride(a.indices, inner) is Stride.OTHER]
        for name in dict.fromkeys(across):
            rows, columns = steps.do(f"pack({name}, {within}, last={inner})")[:2]
            steps.do(f"reorder({rows}, {columns})")
            steps.do(f"unroll({rows})")
            steps.do(f"vectorize({columns})")
        steps.do(f"vectorize({inner})")
        steps.do(f"reorder({outside}, {blocks})")


@register
@dataclass(frozen=True)
class Simd(Composite):
    """Vectorizes, in every nest, the outermost loop that may run in lanes and whose accesses lie side by side.

    interleave: vectors per strip of loops that reduce; other loops use at most two.
    """

    name: ClassVar[str] = "simd"
    interleave: int = 1

    def run(self, steps: _Steps) -> None:
        """vectorize, loop by loop; IllegalRewrite when there is none."""
        tried: set[str] = set()
        while True:
            loop = next((f for f in serial_loops(steps.program) if f.iterator not in tried), None)
            if loop is None:
                break
            tried.add(loop.iterator)
            if small(loop) or strided(loop):
                continue
            times = self.interleave if _reduces(loop) else min(self.interleave, 2)
            steps.may(f"vectorize({loop.iterator}, interleave={times})" if times > 1 else f"vectorize({loop.iterator})")
        require(bool(steps.done), "no loop can be vectorized with accesses side by side")


def _reduces(loop: For) -> bool:
    return any(isinstance(s, Accumulate) and not s.indices for s in statements(loop.body))


@register
@dataclass(frozen=True)
class Interleave(Rewrite):
    """Changes how many vectors a vector loop handles per strip."""

    name: ClassVar[str] = "interleave"
    iterator: str
    times: int

    def apply(self, program: Program) -> Program:
        """Legal for vector loops, scans and compactions."""
        loop = find(program, self.iterator)
        inside = loop.kind in (Kind.VECTOR, Kind.SCAN, Kind.COMPACT)
        require(inside, f"loop {self.iterator} is not a vector loop", "vectorize it first")
        require(1 <= self.times <= 16, "interleave 1 to 16 vectors")
        return replace_loop(program, self.iterator, lambda f: (replace(f, interleave=self.times),))
