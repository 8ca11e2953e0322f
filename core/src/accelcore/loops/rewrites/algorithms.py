"""Rewrites that change the algorithm: two passes for the place of an extreme, one-pass softmax, scans in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from accelcore.errors import IllegalRewrite
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, array, binary, call, cast, const, get, index, param, select
from accelcore.loops.edit import (
    Block,
    block_of,
    bound_names,
    copied,
    expressions,
    find,
    iterator,
    mapped,
    names,
    put,
    put_all,
    replace_block,
    unused,
    written,
)
from accelcore.loops.linear import tidy
from accelcore.loops.neutral import neutral
from accelcore.loops.nodes import Accumulate, Allocate, Buffer, For, If, Kind, Memory, Program, Statement, Store
from accelcore.loops.rewrites.base import Rewrite, register, require
from accelcore.loops.rewrites.marks import FIXED_ORDER

_LAST = 2**31 - 1


def _register(wanted: str, dtype: str, taken: set[str], shape: tuple[Expr, ...] = ()) -> Buffer:
    return Buffer(unused(wanted, taken), dtype, shape, Memory.REGISTER)


@register
@dataclass(frozen=True)
class TwoPass(Rewrite):
    """The place of an extreme by two reductions: the extreme, then the first index at which it stands.

    A comparison in order cannot run in lanes; a maximum and a minimum of indices can.  block: the first pass remembers
    in which block of so many elements the extreme first stood, and the second goes through that one; 0 for no blocks.
    """

    name: ClassVar[str] = "two_pass"
    iterator: str
    block: int = 512

    def apply(self, program: Program) -> Program:
        """Legal for `if best < value: best = value; where = f(i)` (or the other way round), which is exact."""
        loop = find(program, self.iterator)
        require(loop.kind is Kind.SERIAL, f"loop {self.iterator} is no longer serial")
        require(self.block == 0 or 16 <= self.block <= _LAST // 2, "use blocks of at least 16 elements")
        found = _compare_in_order(loop)
        if found is None:
            raise IllegalRewrite(f"loop {self.iterator} does not look for the place of an extreme")
        taken = names(program)
        block = block_of(program, self.iterator)
        at = block.index(loop)
        passes = _block_passes(loop, found, self.block, taken) if self.block else _two_passes(loop, found, taken)
        return replace_block(program, block, (*block[:at], *passes, *block[at + 1 :]))


@dataclass(frozen=True)
class _Search:
    """if old < value (op "max") or value < old (op "min"): best = value, where = place."""

    op: str
    best: str
    value: Expr
    where: str
    place: Expr


def _compare_in_order(loop: For) -> _Search | None:
    body = list(loop.body)
    values: dict[str, Expr] = {}
    while len(body) > 1 and isinstance(body[0], Allocate) and isinstance(body[1], Store):
        if body[1].buffer != body[0].buffer.name or body[1].indices:
            return None
        values[body[1].buffer] = put(body[1].value, values)
        del body[:2]
    if len(body) != 1 or not isinstance(body[0], If) or body[0].otherwise or len(body[0].then) != 2:
        return None
    test = put(body[0].condition, values)
    first, second = body[0].then
    if test.op != "lt" or not isinstance(first, Store) or not isinstance(second, Store):
        return None
    for best, where in ((first, second), (second, first)):
        old, value = param(best.buffer, test.args[0].dtype), put(best.value, values)
        plain = not best.indices and not where.indices and not {best.buffer, where.buffer} & value.inputs
        for op, expected in (("max", (old, value)), ("min", (value, old))):
            if plain and test.args == expected and where.value.inputs <= {loop.iterator}:
                return _Search(op, best.buffer, value, where.buffer, where.value)
    return None


def _two_passes(loop: For, s: _Search, taken: set[str]) -> Block:
    """The extreme of all iterations, then the first at which it stands."""
    before = _register("before", s.value.dtype, taken)
    extreme = replace(loop, body=(Accumulate(s.best, (), s.op, s.value),))
    first = (Allocate(before), Store(before.name, (), param(s.best, s.value.dtype)), extreme)
    return (*first, *_place(s, loop, before, index(0), loop.extent, taken))


def _place(s: _Search, loop: For, before: Buffer, start: Expr, count: Expr, taken: set[str]) -> Block:
    """The first of `count` iterations from `start` on at which the extreme stands, if it is better than before."""
    place, again = _register("place", "i32", taken), unused(loop.iterator, taken)
    best, old = param(s.best, s.value.dtype), param(before.name, s.value.dtype)
    here = tidy("add", start, iterator(again))
    hit = binary("eq", put(s.value, {loop.iterator: here}), best)
    changed = binary("lt", old, best) if s.op == "max" else binary("lt", best, old)
    last = const(_LAST, "i32")
    nearest = Accumulate(place.name, (), "min", select(hit, cast(iterator(again), "i32"), last))
    found = tidy("add", start, cast(param(place.name, "i32"), INDEX))
    return (
        Allocate(place),
        Store(place.name, (), last),
        For(again, count, (nearest,)),
        If(changed, (Store(s.where, (), put(s.place, {loop.iterator: found})),)),
    )


def _block_passes(loop: For, s: _Search, size: int, taken: set[str]) -> Block:
    """The extreme block by block and the first block that has it, then the first place in that block."""
    dtype = s.value.dtype
    before, peak = _register("before", dtype, taken), _register("peak", dtype, taken)
    chosen, outer = _register("chosen", INDEX, taken), unused(f"{loop.iterator}o", taken)
    best, top = param(s.best, dtype), param(peak.name, dtype)

    def block(number: Expr) -> tuple[Expr, Expr]:
        """Its first iteration, and how many it has."""
        start = tidy("mul", number, size)
        return start, tidy("min", index(size), tidy("sub", loop.extent, start))

    start, count = block(iterator(outer))
    value = put(s.value, {loop.iterator: tidy("add", start, iterator(loop.iterator))})
    better = binary("lt", best, top) if s.op == "max" else binary("lt", top, best)
    body: Block = (
        Allocate(peak),
        Store(peak.name, (), neutral(s.op, dtype)),
        replace(loop, extent=count, body=(Accumulate(peak.name, (), s.op, value),)),
        If(better, (Store(s.best, (), top), Store(chosen.name, (), iterator(outer)))),
    )
    blocks = tidy("fdiv", tidy("add", loop.extent, size - 1), size)
    first: Block = (
        Allocate(before),
        Store(before.name, (), best),
        Allocate(chosen),
        Store(chosen.name, (), index(0)),
        For(outer, blocks, body),
    )
    return (*first, *_place(s, loop, before, *block(param(chosen.name, INDEX)), taken))


@register
@dataclass(frozen=True)
class Online(Rewrite):
    """The maximum of a row and the sum of exp(x - maximum) in one pass over blocks (Milakov and Gimelshein 2018).

    After each block the running sum is scaled by exp(old maximum - new maximum), by the identity
    exp(x - a) = exp(x - b) * exp(b - a).
    """

    name: ClassVar[str] = "online"
    maximum: str
    total: str
    block: int = 256

    def apply(self, program: Program) -> Program:
        """Legal under the reals, for loops that stand side by side and whose maximum nothing between them reads."""
        first, second = find(program, self.maximum), find(program, self.total)
        require(program.reassociate, "the sums would be taken in another order", FIXED_ORDER)
        require(first.kind is second.kind is Kind.SERIAL, "only serial loops")
        require(first.extent is second.extent, "the loops differ in extent")
        block = block_of(program, self.maximum)
        require(second in block, f"loops {self.maximum} and {self.total} are not side by side")
        at, to = block.index(first), block.index(second)
        peak = _only_update(first, "max")
        total = _only_update(second, "add")
        shifted = put(peak.value, {self.maximum: iterator(self.total)})
        high = param(peak.buffer, peak.value.dtype)
        factor = call("exp", shifted - high)
        require(at < to and scales(total.value, factor), f"loop {self.total} does not sum exp(x - {peak.buffer})")
        between = block[at + 1 : to]
        busy = any(peak.buffer in e.inputs for e in expressions(between)) or peak.buffer in written(between)
        require(not busy, f"{peak.buffer} is used between the loops")
        changed = written(between) & first.body[0].value.inputs if isinstance(first.body[0], Accumulate) else set()
        require(not changed, f"{', '.join(sorted(changed))} changes between the loops")
        nest = self._blocks(first, second, peak, total, names(program))
        return replace_block(program, block, (*block[:at], *between, nest, *block[to + 1 :]))

    def _blocks(self, first: For, second: For, peak: Accumulate, total: Accumulate, taken: set[str]) -> For:
        dtype = peak.value.dtype
        outer = unused(f"{self.maximum}o", taken)
        start = tidy("mul", iterator(outer), self.block)
        size = tidy("min", index(self.block), tidy("sub", first.extent, start))
        local, scale = _register("peak", dtype, taken), _register("scale", dtype, taken)
        old, new = param(peak.buffer, dtype), param(local.name, dtype)
        ratio = select(binary("eq", old, new), const(1.0, dtype), call("exp", old - new))
        inner = put_all(first.body, {self.maximum: tidy("add", start, iterator(self.maximum))})
        inner = tuple(replace(s, buffer=local.name) if isinstance(s, Accumulate) else s for s in inner)
        sums = put_all(second.body, {self.total: tidy("add", start, iterator(self.total)), peak.buffer: new})
        now = param(total.buffer, total.value.dtype)
        body: Block = (
            Allocate(local),
            Store(local.name, (), old),
            For(self.maximum, size, inner),
            Allocate(scale),
            Store(scale.name, (), ratio),
            Store(total.buffer, (), now * param(scale.name, dtype)),
            Store(peak.buffer, (), new),
            For(self.total, size, sums),
        )
        blocks = tidy("fdiv", tidy("add", first.extent, self.block - 1), self.block)
        return For(outer, blocks, body)


def _only_update(loop: For, op: str) -> Accumulate:
    if len(loop.body) != 1 or not isinstance(loop.body[0], Accumulate):
        raise IllegalRewrite(f"loop {loop.iterator} does more than accumulate")
    update = loop.body[0]
    require(update.op == op and not update.indices, f"loop {loop.iterator} does not accumulate with {op}")
    return update


def scales(e: Expr, factor: Expr) -> bool:
    """Whether e is a product with `factor` once, and nothing else in it changes with what factor is made of."""
    if e is factor:
        return True
    if e.op != "mul":
        return False
    left, right = e.args
    hidden = factor.args[0].args[1].inputs
    return (scales(left, factor) and not right.inputs & hidden) or (scales(right, factor) and not left.inputs & hidden)


@register
@dataclass(frozen=True)
class ScanBlocks(Rewrite):
    """A running reduction in blocks of ways * chunk elements: chunk totals first, then all chunks side by side.

    A scan waits for its own last result at every element; `ways` independent chains fill the time.
    """

    name: ClassVar[str] = "scan_blocks"
    iterator: str
    chunk: int = 8
    ways: int = 8

    def apply(self, program: Program) -> Program:
        """Legal for `acc = acc op value(i)` with an associative op, where other statements only use the new acc."""
        loop = find(program, self.iterator)
        require(loop.kind is Kind.SERIAL, f"loop {self.iterator} is no longer serial")
        require(self.chunk >= 2 and 2 <= self.ways <= 16, "use chunks of at least 2 and 2 to 16 ways")
        acc, op, value, rest = running(loop)
        dtype = value.dtype
        exact = program.reassociate or not _is_float(dtype)
        require(exact, f"the running {acc} would be taken in another order", FIXED_ORDER)
        block, taken = block_of(program, self.iterator), names(program)
        at = block.index(loop)
        blocks = self._blocks(loop, _Running(acc, op, value, rest), taken)
        return replace_block(program, block, (*block[:at], *blocks, *block[at + 1 :]))

    def _blocks(self, loop: For, r: _Running, taken: set[str]) -> Block:
        i, dtype, step = self.iterator, r.value.dtype, self.chunk * self.ways
        outer, inner, tail = (unused(i + s, taken) for s in ("o", "c", "t"))
        ways = [unused(f"{i}w", taken) for _ in range(3)]
        sums = unused(inner, taken)
        part = _register("part", dtype, taken, (index(self.ways),))
        lane = array(part.name, dtype, 1)

        def place(way: str, at: str) -> Expr:
            start = tidy("add", tidy("mul", iterator(outer), step), tidy("mul", iterator(way), self.chunk))
            return tidy("add", start, iterator(at))

        def across(way: str, body: Block) -> For:
            return For(way, index(self.ways), body, Kind.UNROLL)

        one, two, three = (iterator(w) for w in ways)
        totals = Accumulate(part.name, (one,), r.op, put(r.value, {i: place(ways[0], sums)}))
        fill = For(ways[0], index(self.ways), (
            Store(part.name, (one,), neutral(r.op, dtype)), For(sums, index(self.chunk), (totals,)),
        ), Kind.UNROLL)  # fmt: skip
        before = _register("start", dtype, taken)
        now = param(r.acc, dtype)
        starts = across(ways[1], (
            Allocate(before), Store(before.name, (), now), Store(r.acc, (), binary(r.op, now, get(lane, two))),
            Store(part.name, (two,), param(before.name, dtype)),
        ))  # fmt: skip
        values = {i: place(ways[2], inner)}
        step_on = Store(part.name, (three,), binary(r.op, get(lane, three), put(r.value, values)))
        uses = mapped(r.rest, lambda e: put(put(e, values), {r.acc: get(lane, three)}))
        run = For(inner, index(self.chunk), (across(ways[2], (step_on, *uses)),))
        main = For(outer, tidy("fdiv", loop.extent, step), (Allocate(part), fill, starts, run))
        done = tidy("mul", tidy("fdiv", loop.extent, step), step)
        rest = put_all(copied(loop.body, taken), {i: tidy("add", done, iterator(tail))})
        return main, For(tail, tidy("fmod", loop.extent, step), rest)


@dataclass(frozen=True)
class _Running:
    """acc = acc op value, then the statements `rest` that use it."""

    acc: str
    op: str
    value: Expr
    rest: tuple[Statement, ...]


def running(loop: For) -> tuple[str, str, Expr, tuple[Statement, ...]]:
    """acc, op, value and the other statements of `acc = acc op value; ...`; IllegalRewrite for other loops."""
    first = loop.body[0]
    if not isinstance(first, Store) or first.indices or first.value.op not in ("add", "mul", "min", "max"):
        raise IllegalRewrite(f"loop {loop.iterator} does not begin with a running reduction")
    now = param(first.buffer, first.value.dtype)
    others = [a for a in first.value.args if a is not now]
    require(len(others) == 1 and now in first.value.args, f"{first.buffer} is not a running reduction")
    rest = loop.body[1:]
    require(first.buffer not in others[0].inputs, f"{first.buffer} occurs in its own update")
    require(all(isinstance(s, Store) and s.indices for s in rest), "the other statements are not plain stores")
    changed = written(rest)
    clash = changed & others[0].inputs or any(changed & e.inputs for e in expressions(rest))
    require(not clash and not set(bound_names(rest)), "the loop reads what it writes")
    _check_places(loop, rest)
    return first.buffer, first.value.op, others[0], rest


def _check_places(loop: For, rest: Sequence[Statement]) -> None:
    """Stores of different iterations go to different places, so their order is free."""
    for s in rest:
        assert isinstance(s, Store)
        require(iterator(loop.iterator) in s.indices, f"iterations may store to one element of {s.buffer}")
    buffers = [s.buffer for s in rest if isinstance(s, Store)]
    require(len(set(buffers)) == len(buffers), "two statements store to one buffer")


def _is_float(dtype: str) -> bool:
    return DTYPES[dtype].is_float
