"""Rewrites that copy: pack an operand's window, or gather a result in registers before it is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from accelcore.errors import IllegalRewrite
from accelcore.ir.expr import Expr, array, get, param, walk
from accelcore.loops.dependence import free_order
from accelcore.loops.edit import (
    Block,
    around,
    block_of,
    edited,
    expressions,
    find,
    iterator,
    loops_of,
    mapped,
    names,
    reads_of,
    renamed,
    replace_block,
    rewrite_reads,
    unused,
    written,
)
from accelcore.loops.linear import limit_of
from accelcore.loops.neutral import neutral
from accelcore.loops.nodes import Accumulate, Allocate, Buffer, For, If, Memory, Program, Store, statements
from accelcore.loops.rewrites.base import Rewrite, register, require
from accelcore.loops.rewrites.marks import FIXED_ORDER, accessing
from accelcore.loops.rewrites.nests import memory_for
from accelcore.loops.safety import inside


@register
@dataclass(frozen=True)
class Pack(Rewrite):
    """The part of an array that a loop reads is copied before it, laid out in the order in which the loop reads it.

    The copy has one axis for each loop inside that the read depends on, outermost first; `last` names the one whose
    elements are to lie side by side instead of the innermost's, or the last few, joined by "+".  `inside` names a loop
    inside: only what that one reads is read from the copy.
    """

    name: ClassVar[str] = "pack"
    buffer: str
    iterator: str
    last: str = ""
    inside: str = ""

    def apply(self, program: Program) -> Program:
        """Legal when the loop reads the array at one place in its body and does not write it."""
        loop = find(program, self.iterator)
        reader = next((f for f in loops_of((loop,)) if f.iterator == (self.inside or self.iterator)), None)
        if reader is None:
            raise IllegalRewrite(f"loop {self.inside} is not inside loop {self.iterator}")
        require(self.buffer not in written((loop,)), f"loop {self.iterator} writes {self.buffer}")
        places = {w for e in expressions((reader,)) for name, w in reads_of(e) if name == self.buffer and w}
        require(bool(places), f"loop {reader.iterator} does not read {self.buffer}")
        require(len(places) == 1, f"loop {reader.iterator} reads {self.buffer} in {len(places)} places")
        where = places.pop()
        used = frozenset[str]().union(*(e.inputs for e in where))
        axes = [f for f in loops_of((loop,)) if f.iterator in used]
        require(bool(axes), f"the element of {self.buffer} is the same throughout loop {self.iterator}")
        last = self.last.split("+") if self.last else []
        for name in last:
            require(name in {f.iterator for f in axes}, f"{self.buffer} is not read at {name}")
        axes.sort(key=lambda f: last.index(f.iterator) + 1 if f.iterator in last else 0)
        self._check(program, loop, reader, where, axes)
        block, taken = block_of(program, self.iterator), names(program)
        shape = tuple(limit_of(f.extent) for f in axes)
        source = program.buffer(self.buffer)
        memory = Memory.STACK if memory_for(shape, source.dtype) is not Memory.WORKSPACE else Memory.WORKSPACE
        copy = Buffer(unused(f"{self.buffer}_packed", taken), source.dtype, shape, memory)
        fill = self._fill(copy, where, axes, taken)
        tensor = array(copy.name, copy.dtype, len(shape))
        element = get(tensor, *(iterator(f.iterator) for f in axes))
        copied = mapped((reader,), lambda e: rewrite_reads(e, self.buffer, lambda _: element))
        body = edited((loop,), lambda s: copied if s is reader else None)
        at = block.index(loop)
        return replace_block(program, block, (*block[:at], Allocate(copy), fill, *body, *block[at + 1 :]))

    def _check(self, program: Program, loop: For, reader: For, where: tuple[Expr, ...], axes: list[For]) -> None:
        outside = {f.iterator for f in around(program, self.iterator)}
        inner = {f.iterator for f in axes}
        for at, f in enumerate(axes):
            depends = f.extent.inputs - outside - {before.iterator for before in axes[:at]}
            require(not depends, f"the extent of {f.iterator} depends on {', '.join(sorted(depends))}")
            fixed = limit_of(f.extent)
            require(not fixed.inputs, f"the extent of {f.iterator} has no bound that is known before")
        known = frozenset[str]().union(*(e.inputs for e in where)) - outside - inner
        require(not known, f"the read depends on {', '.join(sorted(known))}, which the loop computes")
        read = get(array(self.buffer, program.buffer(self.buffer).dtype, len(where)), *where)
        known_inside = inside(program, read, (*around(program, self.iterator), *axes))
        always = not _conditional(reader, self.buffer) and all(f in axes for f in _down_to(loop, reader, self.buffer))
        require(known_inside or always, f"{self.buffer} may not be read each time that the copy would read it")

    def _fill(self, copy: Buffer, where: tuple[Expr, ...], axes: list[For], taken: set[str]) -> For:
        source = array(self.buffer, copy.dtype, len(where))
        place = tuple(iterator(f.iterator) for f in axes)
        body: Block = (Store(copy.name, place, get(source, *where)),)
        for f in reversed(axes):
            body = (For(f.iterator, f.extent, body),)
        fresh = {f.iterator: unused(f.iterator, taken) for f in axes}
        (nest,) = renamed(body, fresh)
        assert isinstance(nest, For)
        return nest


def _down_to(loop: For, reader: For, buffer: str) -> list[For]:
    """The loops, from `loop` inwards, around the statements of `reader` that read a buffer."""
    inner = list(loops_of((reader,)))
    around = [f for f in loops_of((loop,)) if f not in inner and reader in loops_of(f.body)]
    return around + [f for f in inner if any(buffer in e.inputs for e in expressions(f.body))]


def _conditional(loop: For, buffer: str) -> bool:
    """Whether a loop reads a buffer under an If or in a choice."""
    for s in statements((loop,)):
        if isinstance(s, If) and any(buffer in e.inputs for e in expressions((*s.then, *s.otherwise))):
            return True
    choices = [n for e in expressions((loop,)) if buffer in e.inputs for n in _choices(e)]
    return any(buffer in n.inputs for n in choices)


def _choices(e: Expr) -> list[Expr]:
    return [n for n in walk(e) if n.op in ("select", "land", "lor")]


@register
@dataclass(frozen=True)
class StageResult(Rewrite):
    """What a loop accumulates into memory is accumulated in a local array and added to the memory after the loop."""

    name: ClassVar[str] = "stage_result"
    buffer: str
    iterator: str

    def apply(self, program: Program) -> Program:
        """Legal when the loop only accumulates into the buffer, in one statement whose place it does not move."""
        loop = find(program, self.iterator)
        users = accessing((loop,), self.buffer)
        update = users[0] if len(users) == 1 else None
        if not isinstance(update, Accumulate) or update.buffer != self.buffer:
            raise IllegalRewrite(f"loop {self.iterator} does not merely accumulate into {self.buffer}, once")
        used = frozenset[str]().union(*(e.inputs for e in update.indices))
        require(self.iterator not in used, f"the place in {self.buffer} moves with {self.iterator}")
        require(free_order(program, self.buffer), "the sums would be taken in another order", FIXED_ORDER)
        axes = [f for f in loops_of(loop.body) if f.iterator in used]
        for f in axes:
            require(not limit_of(f.extent).inputs, f"the extent of {f.iterator} has no known bound")
            require(not f.extent.inputs, f"the extent of {f.iterator} depends on another loop")
        block, taken = block_of(program, self.iterator), names(program)
        target = program.buffer(self.buffer)
        shape = tuple(limit_of(f.extent) for f in axes)
        local = Buffer(unused("tile", taken), target.dtype, shape, memory_for(shape, target.dtype))
        place = tuple(iterator(f.iterator) for f in axes)
        start = _nest(axes, Store(local.name, place, neutral(update.op, target.dtype)), taken)
        value = get(array(local.name, local.dtype, len(shape)), *place) if shape else _scalar(local)
        end = _nest(axes, Accumulate(self.buffer, update.indices, update.op, value), taken)
        inner = _redirected(loop, update, Accumulate(local.name, place, update.op, update.value))
        at = block.index(loop)
        return replace_block(program, block, (*block[:at], Allocate(local), start, inner, end, *block[at + 1 :]))


def _scalar(buffer: Buffer) -> Expr:
    return param(buffer.name, buffer.dtype)


def _nest(axes: list[For], leaf: Store | Accumulate, taken: set[str]) -> For | Store | Accumulate:
    """A statement inside copies of loops."""
    body: Block = (leaf,)
    for f in reversed(axes):
        body = (replace(f, body=body),)
    fresh = {f.iterator: unused(f.iterator, taken) for f in axes}
    (nest,) = renamed(body, fresh)
    assert isinstance(nest, For | Store | Accumulate)
    return nest


def _redirected(loop: For, old: Accumulate, new: Accumulate) -> For:
    body = edited(loop.body, lambda s: (new,) if s is old else None)
    return replace(loop, body=body)
