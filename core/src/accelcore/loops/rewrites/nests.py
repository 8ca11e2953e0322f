"""Rewrites of loop nests: split, reorder, fuse, fission, lift."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from accelcore.errors import IllegalRewrite
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, array, binary, get, index
from accelcore.loops.dependence import Conflict, accesses, crossing, free_order, relate
from accelcore.loops.edit import (
    Block,
    around,
    block_of,
    copied,
    find,
    iterator,
    mapped,
    names,
    put_all,
    read,
    renamed,
    replace_block,
    replace_loop,
    rewrite_reads,
    unused,
    written,
)
from accelcore.loops.linear import divides, limit_of, tidy
from accelcore.loops.nodes import (
    Accumulate,
    Allocate,
    Buffer,
    For,
    If,
    Kind,
    Memory,
    Prefetch,
    Program,
    Statement,
    Store,
)
from accelcore.loops.rewrites.base import Rewrite, register, require

REGISTER_ELEMENTS = 64
"""Most elements of a local array that is kept in registers."""
STACK_BYTES = 4096
"""Most bytes of a local array of constant extent on the stack."""


@register
@dataclass(frozen=True)
class Split(Rewrite):
    """Loop i becomes io over blocks of n iterations and ii inside a block; the order of iterations stays.

    tail: what happens where n does not divide the extent: "min" shortens the last block, "cut" runs the rest in a
    loop of its own (it) so that ii has a constant extent, "guard" tests each iteration.
    """

    name: ClassVar[str] = "split"
    iterator: str
    size: int
    tail: str = "min"

    def apply(self, program: Program) -> Program:
        """Always legal on serial loops."""
        loop = find(program, self.iterator)
        require(self.size >= 2, "a block has at least two iterations")
        require(self.tail in ("min", "cut", "guard"), f"unknown tail {self.tail!r}", "use min, cut or guard")
        require(loop.kind is Kind.SERIAL, f"loop {self.iterator} is no longer serial")
        require(
            loop.extent.op != "const" or loop.extent.value > self.size,
            f"loop {self.iterator} has only {loop.extent!r} iterations",
        )
        taken = names(program)
        return replace_loop(program, self.iterator, lambda f: self._split(f, taken))

    def _split(self, loop: For, taken: set[str]) -> Block:
        n, extent = self.size, loop.extent
        outer, inner = (unused(self.iterator + suffix, taken) for suffix in "oi")
        start = tidy("mul", iterator(outer), n)
        body = put_all(loop.body, {self.iterator: tidy("add", start, iterator(inner))})
        if divides(n, extent):
            return (For(outer, _blocks(extent, n), (For(inner, index(n), body),)),)
        if self.tail == "cut":
            rest = unused(f"{self.iterator}t", taken)
            done = tidy("mul", tidy("fdiv", extent, n), n)
            tail_body = put_all(copied(loop.body, taken), {self.iterator: tidy("add", done, iterator(rest))})
            main = For(outer, tidy("fdiv", extent, n), (For(inner, index(n), body),))
            return main, For(rest, tidy("fmod", extent, n), tail_body)
        if self.tail == "guard":
            inside = binary("lt", tidy("add", start, iterator(inner)), extent)
            return (For(outer, _blocks_up(extent, n), (For(inner, index(n), (If(inside, body),)),)),)
        rest_extent = tidy("min", index(n), tidy("sub", extent, start))
        return (For(outer, _blocks_up(extent, n), (For(inner, rest_extent, body),)),)


def _blocks(extent: Expr, n: int) -> Expr:
    return tidy("fdiv", extent, n)


def _blocks_up(extent: Expr, n: int) -> Expr:
    return tidy("fdiv", tidy("add", extent, n - 1), n)


@register
@dataclass(frozen=True)
class Reorder(Rewrite):
    """Two loops of which the inner is all that the outer contains change places."""

    name: ClassVar[str] = "reorder"
    outer: str
    inner: str

    def apply(self, program: Program) -> Program:
        """Legal unless an iteration depends on one with a smaller outer and a greater inner index."""
        outer = find(program, self.outer)
        inner = find(program, self.inner)
        require(
            outer.body == (inner,), f"loop {self.outer} contains more than loop {self.inner}", "use lift or fission"
        )
        require(
            self.outer not in inner.extent.inputs,
            f"the extent of {self.inner} depends on {self.outer}",
        )
        _check_interchange(program, outer, inner)
        swapped = replace(inner, body=(replace(outer, body=inner.body),))
        return replace_loop(program, self.outer, lambda _: (swapped,))


def _check_interchange(program: Program, outer: For, inner: For) -> None:
    found = accesses(inner.body, (*around(program, outer.iterator), outer, inner))
    for at, a in enumerate(found):
        for b in found[at:]:
            if not a.conflicts(b, reassociate=free_order(program, a.buffer)):
                continue
            relation = relate(a, b, [outer.iterator, inner.iterator])
            if relation is None:
                continue
            one, two = (relation.distances.get(n) for n in (outer.iterator, inner.iterator))
            known = one == 0 or two == 0 or (one is not None and two is not None and one * two >= 0)
            require(known, f"the order matters: {Conflict(a, b, relation)}", _hint(program, a.op, b.op))


def _hint(program: Program, *ops: str) -> str:
    floats = not program.reassociate and "read" not in ops and "write" not in ops
    return "the number model fixes the order of floating-point sums" if floats else ""


@register
@dataclass(frozen=True)
class Fuse(Rewrite):
    """Two loops of one extent that stand side by side become one."""

    name: ClassVar[str] = "fuse"
    first: str
    second: str

    def apply(self, program: Program) -> Program:
        """Legal unless an iteration of the second needs a later iteration of the first.

        What stands between them runs before the loop that they become, or else, where the second does not need it,
        after it.
        """
        first, second = find(program, self.first), find(program, self.second)
        block = block_of(program, self.first)
        require(second in block, f"loops {self.first} and {self.second} are not side by side")
        require(first.extent is second.extent, f"loops {self.first} and {self.second} differ in extent")
        require(first.kind is second.kind is Kind.SERIAL, "only serial loops are fused")
        at, to = block.index(first), block.index(second)
        between = block[at + 1 : to]
        require(at < to, f"loop {self.second} runs before {self.first}")
        moved = tuple(s for s in between if not _clash((s,), (first,)))
        kept = tuple(s for s in between if _clash((s,), (first,)))
        free = not _clash(kept, (*moved, second))
        require(free, f"a statement between {self.first} and {self.second} needs the first loop")
        outer = around(program, self.first)
        body = put_all(second.body, {self.second: iterator(self.first)})
        for conflict in crossing(program, first.body, body, (*outer, first), (self.first, self.first)):
            distance = conflict.relation.distances.get(self.first)
            require(distance is not None and distance <= 0, f"the second loop waits for the first: {conflict}")
        fused = replace(first, body=(*first.body, *body))
        return replace_block(program, block, (*block[:at], *moved, fused, *kept, *block[to + 1 :]))


def _clash(one: Block, other: Block) -> bool:
    """Whether the order of two blocks matters."""
    return any(a.conflicts(b, reassociate=False) for a in accesses(one) for b in accesses(other))


@register
@dataclass(frozen=True)
class Fission(Rewrite):
    """Loop i becomes two: one over the first `count` statements of its body, one over the rest.

    Locals that the second half uses get an axis for the iterations of i.
    """

    name: ClassVar[str] = "fission"
    iterator: str
    count: int

    def apply(self, program: Program) -> Program:
        """Legal unless a later iteration of the first half needs an earlier one of the second."""
        loop = find(program, self.iterator)
        require(loop.kind is Kind.SERIAL, f"loop {self.iterator} is no longer serial")
        require(0 < self.count < len(loop.body), f"loop {self.iterator} has {len(loop.body)} statements")
        block, taken = block_of(program, self.iterator), names(program)
        outer = (*around(program, self.iterator), loop)
        check_fission(program, loop.body[: self.count], loop.body[self.count :], outer)
        parts = fissioned(loop, [self.count], taken)
        at = block.index(loop)
        return replace_block(program, block, (*block[:at], *parts, *block[at + 1 :]))


def check_fission(program: Program, first: Block, second: Block, outer: tuple[For, ...]) -> None:
    """Raise when running all of `first` before all of `second` changes what a conflict sees."""
    name = outer[-1].iterator
    private = {s.buffer.name for s in first if isinstance(s, Allocate)}
    for conflict in crossing(program, first, second, outer, (name, name)):
        if conflict.first.buffer in private:
            continue
        distance = conflict.relation.distances.get(name)
        require(distance is not None and distance <= 0, f"the halves depend on each other: {conflict}")


def fissioned(loop: For, cuts: list[int], taken: set[str]) -> Block:
    """The loop's body cut at positions into loops of their own; shared locals are expanded and allocated before."""
    pieces = [loop.body[a:b] for a, b in zip([0, *cuts], [*cuts, len(loop.body)], strict=True)]
    shared: dict[str, Buffer] = {}
    for at, piece in enumerate(pieces):
        later = set().union(*(read(p) | written(p) for p in pieces[at + 1 :]))
        shared |= {s.buffer.name: s.buffer for s in piece if isinstance(s, Allocate) and s.buffer.name in later}
    wide = {name: expanded(buffer, loop.extent) for name, buffer in shared.items()}
    parts: list[For] = []
    for piece in pieces:
        body = tuple(s for s in piece if not (isinstance(s, Allocate) and s.buffer.name in shared))
        for name, buffer in wide.items():
            body = with_axis(body, buffer, name, iterator(loop.iterator))
        if body:
            own = loop.iterator if not parts else unused(loop.iterator, taken)
            parts.append(replace(loop, iterator=own, body=renamed(body, {loop.iterator: own})))
    return (*(Allocate(b) for b in wide.values()), *parts)


def expanded(buffer: Buffer, extent: Expr) -> Buffer:
    """A local buffer with one more leading axis, in the nearest memory that has room for it."""
    shape = (limit_of(extent), *buffer.shape)
    return replace(buffer, shape=shape, memory=memory_for(shape, buffer.dtype))


def memory_for(shape: tuple[Expr, ...], dtype: str) -> Memory:
    """Registers for a few elements, the stack for small constant extents, else the workspace."""
    count = 1
    for extent in shape:
        if extent.op != "const":
            return Memory.WORKSPACE
        count *= int(extent.value)
    if count <= REGISTER_ELEMENTS:
        return Memory.REGISTER
    return Memory.STACK if count * (DTYPES[dtype].bits or 64) // 8 <= STACK_BYTES else Memory.WORKSPACE


def with_axis(block: Block, wide: Buffer, name: str, where: Expr) -> Block:
    """The block with accesses to `name` indexed by `where` first."""
    rank = len(wide.shape)
    tensor = array(name, wide.dtype, rank)

    def targets(part: Block) -> Block:
        done = []
        for s in part:
            if isinstance(s, Store | Accumulate | Prefetch) and s.buffer == name:
                s = replace(s, indices=(where, *s.indices))
            elif isinstance(s, For):
                s = replace(s, body=targets(s.body))
            elif isinstance(s, If):
                s = replace(s, then=targets(s.then), otherwise=targets(s.otherwise))
            done.append(s)
        return tuple(done)

    reads = mapped(block, lambda e: rewrite_reads(e, name, lambda indices: get(tensor, where, *indices)))
    return targets(reads)


@register
@dataclass(frozen=True)
class Lift(Rewrite):
    """A loop k in the body of i comes to run around i: what stands before and after k in i gets its own loop over i.

    for i: {a; for k: b; c}  becomes  for i: a;  for k: for i2: b;  for i3: c, with locals expanded over i.
    """

    name: ClassVar[str] = "lift"
    inner: str
    outer: str

    def apply(self, program: Program) -> Program:
        """Legal when both fissions and the interchange are."""
        outer = find(program, self.outer)
        at = next((n for n, s in enumerate(outer.body) if isinstance(s, For) and s.iterator == self.inner), None)
        if at is None:
            raise IllegalRewrite(f"loop {self.inner} is not a statement of loop {self.outer}")
        inner = outer.body[at]
        assert isinstance(inner, For)
        require(outer.kind is Kind.SERIAL, f"loop {self.outer} is no longer serial")
        require(self.outer not in inner.extent.inputs, f"the extent of {self.inner} depends on {self.outer}")
        nest = (*around(program, self.outer), outer)
        cuts = [c for c in (at, at + 1) if 0 < c < len(outer.body)]
        for cut in cuts:
            check_fission(program, outer.body[:cut], outer.body[cut:], nest)
        _check_interchange(program, outer, inner)
        parts = fissioned(outer, cuts, names(program))
        block = block_of(program, self.outer)
        where = block.index(outer)
        swapped = tuple(self._swapped(s) for s in parts)
        return replace_block(program, block, (*block[:where], *swapped, *block[where + 1 :]))

    def _swapped(self, s: Statement) -> Statement:
        if isinstance(s, For) and len(s.body) == 1 and isinstance(s.body[0], For):
            inner = s.body[0]
            if inner.iterator == self.inner:
                return replace(inner, body=(replace(s, body=inner.body),))
        return s
