"""Copies of what is accumulated at places that data decide: histograms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from accelcore.errors import IllegalRewrite
from accelcore.ir.expr import Expr, array, get, index
from accelcore.loops.dependence import free_order
from accelcore.loops.edit import Block, block_of, copied, edited, find, iterator, names, put_all, replace_block, unused
from accelcore.loops.linear import tidy
from accelcore.loops.neutral import neutral
from accelcore.loops.nodes import Accumulate, Allocate, Buffer, For, Kind, Memory, Program, Store
from accelcore.loops.rewrites.base import Rewrite, register, require
from accelcore.loops.rewrites.marks import FIXED_ORDER, accessing


@register
@dataclass(frozen=True)
class Privatize(Rewrite):
    """A loop's updates of a buffer go to n copies in turn, which are added to the buffer after the loop.

    Two updates of one element in a row otherwise wait for each other: the second loads what the first has just stored.
    """

    name: ClassVar[str] = "privatize"
    buffer: str
    iterator: str
    copies: int

    def apply(self, program: Program) -> Program:
        """Legal when the loop only accumulates into the buffer, whose extents do not depend on loops."""
        loop = find(program, self.iterator)
        require(loop.kind is Kind.SERIAL, f"loop {self.iterator} is no longer serial")
        require(2 <= self.copies <= 16, "use 2 to 16 copies")
        users = accessing((loop,), self.buffer)
        update = users[0] if len(users) == 1 else None
        if not isinstance(update, Accumulate) or update.buffer != self.buffer or not update.indices:
            raise IllegalRewrite(f"loop {self.iterator} does not merely accumulate into {self.buffer}, once")
        require(free_order(program, self.buffer), "the sums would be taken in another order", FIXED_ORDER)
        target = program.buffer(self.buffer)
        require(not any(e.inputs for e in target.shape), f"the extents of {self.buffer} depend on a loop")
        block, taken = block_of(program, self.iterator), names(program)
        parts = Buffer(
            unused(f"{self.buffer}_parts", taken), target.dtype, (index(self.copies), *target.shape), Memory.WORKSPACE
        )
        clear = self._over(parts, neutral(update.op, target.dtype), taken)
        merge = self._merge(target, parts, update.op, taken)
        at = block.index(loop)
        new = (Allocate(parts), clear, *self._blocks(loop, parts, taken), merge)
        return replace_block(program, block, (*block[:at], *new, *block[at + 1 :]))

    def _over(self, parts: Buffer, value: Expr, taken: set[str]) -> For:
        """All elements of all copies set to a value."""
        loops = [(unused(f"{self.iterator}z", taken), extent) for extent in parts.shape]
        body: Block = (Store(parts.name, tuple(iterator(i) for i, _ in loops), value),)
        for i, extent in reversed(loops):
            body = (For(i, extent, body),)
        (nest,) = body
        assert isinstance(nest, For)
        return nest

    def _merge(self, target: Buffer, parts: Buffer, op: str, taken: set[str]) -> For:
        """target op= every copy."""
        loops = [(unused(f"{self.iterator}m", taken), extent) for extent in target.shape]
        copy = unused(f"{self.iterator}p", taken)
        where = tuple(iterator(i) for i, _ in loops)
        tensor = array(parts.name, parts.dtype, len(parts.shape))
        body: Block = (Accumulate(target.name, where, op, get(tensor, iterator(copy), *where)),)
        for i, extent in (*reversed(loops), (copy, parts.shape[0])):
            body = (For(i, extent, body),)
        (nest,) = body
        assert isinstance(nest, For)
        return nest

    def _blocks(self, loop: For, parts: Buffer, taken: set[str]) -> tuple[For, For]:
        """Blocks of as many iterations as there are copies, unrolled, and the rest into the first copy."""
        i, count = self.iterator, self.copies
        outer, inner, tail = (unused(f"{i}{suffix}", taken) for suffix in "oit")
        start = tidy("mul", iterator(outer), count)
        body = put_all(loop.body, {i: tidy("add", start, iterator(inner))})
        main = For(inner, index(count), _redirected(body, self.buffer, parts, iterator(inner)), Kind.UNROLL)
        done = tidy("mul", tidy("fdiv", loop.extent, count), count)
        rest = put_all(copied(loop.body, taken), {i: tidy("add", done, iterator(tail))})
        rest = _redirected(rest, self.buffer, parts, index(0))
        return For(outer, tidy("fdiv", loop.extent, count), (main,)), For(tail, tidy("fmod", loop.extent, count), rest)


def _redirected(block: Block, name: str, parts: Buffer, copy: Expr) -> Block:
    return edited(
        block,
        lambda s: (
            (replace(s, buffer=parts.name, indices=(copy, *s.indices)),)
            if isinstance(s, Accumulate) and s.buffer == name
            else None
        ),
    )
