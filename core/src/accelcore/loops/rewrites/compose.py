"""Composite rewrites: each expands into checked elementary ones, found by looking at the program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from accelcore.errors import IllegalRewrite
from accelcore.loops.analysis import serial_loops, small, strided
from accelcore.loops.edit import around, find, loops_of, replace_loop
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

    def run(self, steps: _Steps) -> None:
        """Apply them, one by one."""
        raise NotImplementedError

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
    repeated n times with n accumulators; what is left of i keeps its loop.
    """

    name: ClassVar[str] = "jam"
    iterator: str
    times: int

    def run(self, steps: _Steps) -> None:
        """Split with a cut tail, lift every inner loop around the block, unroll the block."""
        new = steps.do(f"split({self.iterator}, {self.times}, tail=cut)")
        inside = next(n for n in new if n.startswith(f"{self.iterator}i"))
        copies = [inside]
        progress = True
        while progress:
            progress = False
            for copy in copies:
                child = _inner_loop(find(steps.program, copy), copies)
                if child is not None:
                    copies += steps.do(f"lift({child}, {copy})")
                    copies = [c for c in copies if _exists(steps.program, c)]
                    progress = True
                    break
        for copy in copies:
            steps.do(f"unroll({copy})")


def _inner_loop(loop: For, copies: list[str]) -> str | None:
    for s in loop.body:
        if isinstance(s, For) and s.kind is not Kind.UNROLL and s.iterator not in copies:
            return s.iterator
    return None


def _exists(program: Program, iterator: str) -> bool:
    return any(f.iterator == iterator for f in loops_of(program.body))


@register
@dataclass(frozen=True)
class Tile(Composite):
    """A register tile of a matrix product: `rows` iterations of loop i by `interleave` vectors of loop j.

    panel: columns that all rows go through before the next ones, so that the operand they share stays in cache;
    pack: copy that operand's panel to where it is read in order.
    """

    name: ClassVar[str] = "tile"
    row: str
    rows: int
    column: str
    interleave: int = 1
    panel: int = 0
    pack: str = ""

    def run(self, steps: _Steps) -> None:
        """split and reorder for the panel, pack, jam the rows, vectorize the columns (the tail's too)."""
        column, row = self.column, self.row
        inner = find(steps.program, column)
        require(
            find(steps.program, row).body == (inner,), f"loop {row} contains more than {column}", "isolate it first"
        )
        if self.panel:
            new = steps.do(f"split({column}, {self.panel})")
            outside, column = new[0], new[1]
            steps.do(f"reorder({row}, {outside})")
        if self.pack:
            steps.do(f"pack({self.pack}, {row}, last={column})")
        before = {f.iterator for f in loops_of(steps.program.body)}
        if self.rows > 1:
            steps.do(f"jam({row}, {self.rows})")
        steps.do(f"vectorize({column}, interleave={self.interleave})")
        for f in serial_loops(steps.program):
            if f.iterator not in before and f.iterator.rstrip("0123456789") == column.rstrip("0123456789"):
                steps.do(f"vectorize({f.iterator}, interleave={self.interleave})")


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
        """Legal for vector loops."""
        loop = find(program, self.iterator)
        require(loop.kind is Kind.VECTOR, f"loop {self.iterator} is not a vector loop", "vectorize it first")
        require(1 <= self.times <= 16, "interleave 1 to 16 vectors")
        return replace_loop(program, self.iterator, lambda f: (replace(f, interleave=self.times),))
