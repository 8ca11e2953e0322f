"""Rewrites that say how a loop runs: unroll, vectorize, accumulate, stream, prefetch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from accelcore.ir.expr import Expr, index
from accelcore.loops.dependence import carried, free_order
from accelcore.loops.edit import (
    Block,
    around,
    edited,
    find,
    iterator,
    loops_of,
    own_expressions,
    put,
    reads_of,
    replace_loop,
)
from accelcore.loops.linear import tidy
from accelcore.loops.nodes import (
    Accumulate,
    Allocate,
    For,
    Kind,
    Memory,
    Prefetch,
    Program,
    Statement,
    Store,
    statements,
)
from accelcore.loops.rewrites.base import Rewrite, register, require
from accelcore.values import Role

MOST_UNROLLED = 64
FIXED_ORDER = "the number model fixes the order of floating-point sums"


@register
@dataclass(frozen=True)
class Unroll(Rewrite):
    """Repeats the body of a serial loop n times per iteration; n = 0 unrolls a loop of constant extent fully."""

    name: ClassVar[str] = "unroll"
    iterator: str
    times: int = 0

    def apply(self, program: Program) -> Program:
        """Always legal: the order stays."""
        loop = find(program, self.iterator)
        require(loop.kind is Kind.SERIAL, f"loop {self.iterator} is no longer serial")
        if self.times:
            require(2 <= self.times <= MOST_UNROLLED, f"unroll by 2 to {MOST_UNROLLED}")
            return replace_loop(program, self.iterator, lambda f: (replace(f, unroll=self.times),))
        require(loop.extent.op == "const", f"loop {self.iterator} has no constant extent", "split it first")
        require(int(loop.extent.value) <= MOST_UNROLLED, f"loop {self.iterator} has too many iterations to unroll")
        return replace_loop(program, self.iterator, lambda f: (replace(f, kind=Kind.UNROLL),))


@register
@dataclass(frozen=True)
class Vectorize(Rewrite):
    """Runs the iterations of a loop side by side in lanes; `interleave` vectors per strip.

    lanes are counted in the widest dtype of the body; 0 leaves them to the target.
    """

    name: ClassVar[str] = "vectorize"
    iterator: str
    lanes: int = 0
    interleave: int = 1

    def apply(self, program: Program) -> Program:
        """Legal when the iterations are independent but for Accumulates into places that do not depend on them."""
        loop = find(program, self.iterator)
        require(loop.kind is Kind.SERIAL, f"loop {self.iterator} is no longer serial")
        require(self.lanes >= 0 and self.interleave >= 1, "lanes and interleave are positive")
        check_lanes(program, loop)
        new = replace(loop, kind=Kind.VECTOR, lanes=self.lanes, interleave=self.interleave)
        return replace_loop(program, self.iterator, lambda _: (new,))


def check_lanes(program: Program, loop: For) -> None:
    """Raise IllegalRewrite unless the iterations of a loop may run side by side."""
    outer = around(program, loop.iterator)
    vector = next((f for f in (*outer, *loops_of(loop.body)) if f.kind is Kind.VECTOR), None)
    require(vector is None, f"loop {loop.iterator} would be nested with vector loop {vector and vector.iterator}")
    varying = _varying(loop)
    for s in statements(loop.body):
        if isinstance(s, Allocate):
            small = not s.buffer.shape or s.buffer.memory is Memory.REGISTER
            require(small, f"{s.buffer.name} inside loop {loop.iterator} is an array", "fission the loop first")
        if isinstance(s, For):
            require(not varying & s.extent.inputs, f"the extent of {s.iterator} differs by lane")
    for conflict in carried(program, loop, outer, strict=True):
        a, b = conflict.first, conflict.second
        reduction = a.op == b.op not in ("read", "write") and not (_names(a.indices) | _names(b.indices)) & varying
        require(reduction, f"iterations of {loop.iterator} depend on each other: {conflict}")
        free = free_order(program, a.buffer)
        require(free, f"the sum {a.buffer} would be taken in another order", FIXED_ORDER)


def _locals(block: Block) -> set[str]:
    return {s.buffer.name for s in statements(block) if isinstance(s, Allocate)}


def _names(indices: tuple[Expr, ...]) -> frozenset[str]:
    return frozenset[str]().union(*(e.inputs for e in indices))


def _varying(loop: For) -> set[str]:
    """The iterator, and the locals of the body: each lane has its own."""
    return {loop.iterator} | _locals(loop.body)


@register
@dataclass(frozen=True)
class AccumulateIn(Rewrite):
    """Unrolls a reduction loop n times with n accumulators that are combined at its end."""

    name: ClassVar[str] = "accumulate"
    iterator: str
    copies: int

    def apply(self, program: Program) -> Program:
        """Legal for serial loops with Accumulates whose order is free."""
        loop = find(program, self.iterator)
        require(loop.kind is Kind.SERIAL, f"loop {self.iterator} is no longer serial")
        require(2 <= self.copies <= MOST_UNROLLED, f"use 2 to {MOST_UNROLLED} accumulators")
        sums = [s for s in loop.body if isinstance(s, Accumulate) and self.iterator not in _names(s.indices)]
        require(bool(sums), f"loop {self.iterator} accumulates nothing")
        for s in sums:
            free = free_order(program, s.buffer)
            require(free, f"the sum {s.buffer} would be taken in another order", FIXED_ORDER)
            others = [x for x in accessing(loop.body, s.buffer) if x is not s]
            require(not others, f"{s.buffer} is used inside loop {self.iterator}")
        new = replace(loop, unroll=self.copies, accumulators=self.copies)
        return replace_loop(program, self.iterator, lambda _: (new,))


def accessing(block: Block, name: str) -> list[Statement]:
    """The statements that read or write a buffer themselves."""
    found = []
    for s in statements(block):
        target = s.buffer if isinstance(s, Store | Accumulate) else ""
        if target == name or any(name in e.inputs for e in own_expressions(s)):
            found.append(s)
    return found


@register
@dataclass(frozen=True)
class Stream(Rewrite):
    """Writes an array around the caches: for outputs larger than them that are not read again soon."""

    name: ClassVar[str] = "stream"
    buffer: str

    def apply(self, program: Program) -> Program:
        """Legal for result arrays that the program only writes; never needed for meaning."""
        argument = next((b for b in program.arguments if b.name == self.buffer), None)
        wanted = argument is not None and argument.role in (Role.OUT, Role.INOUT) and argument.shape
        require(bool(wanted), f"{self.buffer} is not a result array")
        stores = [s for s in statements(program.body) if isinstance(s, Store) and s.buffer == self.buffer]
        require(bool(stores), f"{self.buffer} is not stored to")
        again = [s for s in accessing(program.body, self.buffer) if s not in stores]
        reads = [s for s in stores if self.buffer in s.value.inputs]
        require(not again and not reads, f"{self.buffer} is read again after it is written")

        def edit(s: Statement) -> Block | None:
            return (replace(s, stream=True),) if isinstance(s, Store) and s.buffer == self.buffer else None

        return program.with_body(edited(program.body, edit))


@register
@dataclass(frozen=True)
class PrefetchAhead(Rewrite):
    """Asks for the elements of a buffer that a loop reads `ahead` iterations later; level 0 is the nearest cache.

    along: an outer loop whose iterations are counted instead: the next row while this one is written, for instance.
    A vector loop asks for whole vectors.
    """

    name: ClassVar[str] = "prefetch"
    iterator: str
    buffer: str
    ahead: int
    level: int = 0
    along: str = ""

    def apply(self, program: Program) -> Program:
        """Legal always (a hint); the loop must read the buffer at the iterator that is counted."""
        loop = find(program, self.iterator)
        counted = self.along or self.iterator
        if self.along:
            outer = [f.iterator for f in around(program, self.iterator)]
            require(counted in outer, f"loop {counted} is not around {self.iterator}")
        else:
            require(loop.kind is Kind.SERIAL, f"loop {counted} is no longer serial", "prefetch before vectorizing")
        inner = {f.iterator for f in loops_of(loop.body)}
        places = [
            where
            for s in statements(loop.body)
            for e in own_expressions(s)
            for name, where in reads_of(e)
            if name == self.buffer and counted in _names(where)
        ]
        require(bool(places), f"loop {self.iterator} does not read {self.buffer} at {counted}")
        later = tidy("add", iterator(counted), self.ahead)
        start = {**dict.fromkeys(inner, index(0)), counted: later}
        hint = Prefetch(self.buffer, tuple(put(e, start) for e in places[0]), self.level)
        return replace_loop(program, self.iterator, lambda f: (replace(f, body=(hint, *f.body)),))
