"""Rewrites of values: what is computed once and kept (materialize, hoist, reciprocal), or computed again (inline)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from accelcore.errors import IllegalRewrite
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, array, const, get, param, transform, walk
from accelcore.loops.dependence import Access, relate
from accelcore.loops.edit import (
    Block,
    around,
    block_of,
    bound_names,
    expressions,
    find,
    iterator,
    mapped,
    names,
    own_expressions,
    put,
    replace_block,
    rewrite_reads,
    unused,
    written,
)
from accelcore.loops.linear import limit_of
from accelcore.loops.nodes import (
    Accumulate,
    Allocate,
    Buffer,
    For,
    If,
    Kind,
    Memory,
    Program,
    Statement,
    Store,
    statements,
)
from accelcore.loops.rewrites.base import Rewrite, register, require
from accelcore.loops.rewrites.nests import memory_for
from accelcore.loops.safety import harmless
from accelcore.values import Role

_CHEAP = frozenset({"const", "param", "size", "input", "get", "cast", "var"})


def weight(e: Expr) -> int:
    """Rough cost of an expression in additions: functions and divisions count for more."""
    total = 0
    for node in walk(e):
        if node.dtype == INDEX or node.op in _CHEAP:
            continue
        total += 12 if node.op == "call" else 6 if node.op in ("div", "fdiv", "fmod", "tdiv", "trem", "pow") else 1
    return total


@register
@dataclass(frozen=True)
class Materialize(Rewrite):
    """An expression that loop `producer` computes and loop `consumer` computes again is written once and read back.

    The largest expression e(p) of the producer such that e(c) occurs in the consumer is kept in a local row, or, with
    to=result, in the elements of that result that the consumer overwrites.
    """

    name: ClassVar[str] = "materialize"
    producer: str
    consumer: str
    to: str = ""

    def apply(self, program: Program) -> Program:
        """Legal when nothing that the expression reads changes between the loops."""
        producer, consumer = find(program, self.producer), find(program, self.consumer)
        block = block_of(program, self.producer)
        require(consumer in block, f"loops {self.producer} and {self.consumer} are not side by side")
        at, to = block.index(producer), block.index(consumer)
        require(at < to, f"loop {self.consumer} runs before {self.producer}")
        require(producer.extent is consumer.extent, "the loops differ in extent")
        require(producer.kind is consumer.kind is Kind.SERIAL, "only between serial loops", "materialize first")
        changed = written(block[at : to + 1])
        shared = next((e for e in repeated(producer, consumer) if not e.inputs & changed), None)
        if shared is None:
            raise IllegalRewrite(f"loop {self.consumer} computes nothing again that {self.producer} computes")
        place, allocation = self._place(program, producer, consumer, shared)
        kept = unused("value", names(program))
        first = _keeping(producer, shared, kept, place(iterator(self.producer)))
        again = put(shared, {self.producer: iterator(self.consumer)})
        second = mapped(consumer.body, lambda e: _exchanged(e, again, _element(place(iterator(self.consumer)), shared)))
        new = (*allocation, first, *block[at + 1 : to], replace(consumer, body=second))
        return replace_block(program, block, (*block[:at], *new, *block[to + 1 :]))

    def _place(self, program: Program, producer: For, consumer: For, e: Expr) -> tuple[_Place, Block]:
        if not self.to:
            shape = (limit_of(producer.extent),)
            name = unused("row", names(program))
            local = Buffer(name, e.dtype, shape, memory_for(shape, e.dtype))
            require(local.memory is not Memory.WORKSPACE or _sized(shape), "the row's extent depends on a loop")
            return _Place(name, (iterator(self.producer),), self.producer), (Allocate(local),)
        return _own_result(program, producer, consumer, self.to, e), ()


@dataclass(frozen=True)
class _Place:
    """Where a value is kept: buffer[indices], written for the iterator `over`."""

    buffer: str
    indices: tuple[Expr, ...]
    over: str

    def __call__(self, at: Expr) -> tuple[str, tuple[Expr, ...]]:
        return self.buffer, tuple(put(i, {self.over: at}) for i in self.indices)


def _sized(shape: tuple[Expr, ...]) -> bool:
    return not any(e.inputs for e in shape)


def _own_result(program: Program, producer: For, consumer: For, result: str, e: Expr) -> _Place:
    """The elements of a buffer that the consumer overwrites in the iteration in which it reads the value."""
    target = next((b for b in program.arguments if b.name == result), None)
    if target is None:
        target = _local_before(program, producer, result)
    else:
        read_too = any(result in x.inputs for x in expressions(program.body))
        require(target.role is Role.OUT and not read_too, f"{result} is not a result that is only written")
    require(target.dtype == e.dtype, f"{result} holds {target.dtype}, the value is {e.dtype}")
    stores = [s for s in consumer.body if isinstance(s, Store) and s.buffer == result]
    others = [s for s in statements(program.body) if isinstance(s, Store | Accumulate) and s.buffer == result]
    require(len(stores) == len(others) == 1, f"{result} is written elsewhere too")
    where = stores[0].indices
    outer = (*around(program, consumer.iterator), consumer)
    loops = tuple((f.iterator, f.extent) for f in outer)
    relation = relate(Access(result, where, "write", loops), Access(result, where, "read", loops), [consumer.iterator])
    one = relation is not None and relation.same(consumer.iterator)
    require(one, f"iterations of {consumer.iterator} share elements of {result}")
    return _Place(result, where, consumer.iterator)


def _local_before(program: Program, producer: For, name: str) -> Buffer:
    """A local buffer that is in scope where the producer stands and not read between it and the consumer."""
    inside = block_of(program, producer.iterator)
    scopes = [program.body, *(f.body for f in around(program, producer.iterator)), inside]
    for scope in scopes:
        for s in scope:
            if s is producer:
                break
            if isinstance(s, Allocate) and s.buffer.name == name:
                return s.buffer
    raise IllegalRewrite(f"{name} is neither a result nor a buffer in scope before loop {producer.iterator}")


def repeated(producer: For, consumer: For) -> list[Expr]:
    """Expressions over the producer's iterator that the consumer computes again over its own, heaviest first."""
    local = set(bound_names(producer.body)) | set(bound_names(consumer.body))
    there = {n for e in expressions(consumer.body) for n in walk(e)}
    found: dict[Expr, int] = {}
    for s in producer.body:
        for e in own_expressions(s) if isinstance(s, Store | Accumulate) else ():
            for node in walk(e):
                mine = producer.iterator in node.inputs and not node.inputs & local and weight(node) > 0
                if mine and not node.rank and put(node, {producer.iterator: iterator(consumer.iterator)}) in there:
                    found[node] = weight(node)
    return sorted(found, key=lambda e: (-found[e], repr(e)))


def _keeping(producer: For, e: Expr, kept: str, place: tuple[str, tuple[Expr, ...]]) -> For:
    """The producer with the value in a variable, written to its place."""
    held = param(kept, e.dtype)
    body: list[Statement] = []
    done = False
    for s in producer.body:
        if not done and any(e in set(walk(x)) for x in own_expressions(s)):
            body += [Allocate(Buffer(kept, e.dtype, (), Memory.REGISTER)), Store(kept, (), e), Store(*place, held)]
            done = True
        body += mapped((s,), lambda x: _exchanged(x, e, held)) if done else (s,)
    return replace(producer, body=tuple(body))


def _exchanged(e: Expr, old: Expr, new: Expr) -> Expr:
    return transform(e, lambda n: new if n is old else None)


def _element(place: tuple[str, tuple[Expr, ...]], e: Expr) -> Expr:
    name, where = place
    return get(array(name, e.dtype, len(where)), *where) if where else param(name, e.dtype)


@register
@dataclass(frozen=True)
class Inline(Rewrite):
    """A local buffer disappears: whoever reads an element computes it again."""

    name: ClassVar[str] = "inline"
    buffer: str

    def apply(self, program: Program) -> Program:
        """Legal when the buffer is filled by one Store at its loops' iterators, from values that never change."""
        stores = [s for s in statements(program.body) if isinstance(s, Store) and s.buffer == self.buffer]
        updates = [s for s in statements(program.body) if isinstance(s, Accumulate) and s.buffer == self.buffer]
        local = [s for s in statements(program.body) if isinstance(s, Allocate) and s.buffer.name == self.buffer]
        require(bool(local), f"{self.buffer} is not a local buffer")
        require(len(stores) == 1 and not updates, f"{self.buffer} is written in several places")
        store = stores[0]
        plain = all(e.op == "param" and e.dtype == INDEX for e in store.indices)
        require(plain and len(set(store.indices)) == len(store.indices), f"{self.buffer} is not filled loop by loop")
        require(self.buffer not in store.value.inputs, f"{self.buffer} is computed from itself")
        scope = _scope(program, store)
        unstable = (written(scope) - {self.buffer}) & store.value.inputs
        require(not unstable, f"{', '.join(sorted(unstable))} may change before {self.buffer} is read")
        hidden = (store.value.inputs - {e.name for e in store.indices}) & set(bound_names(scope))
        require(not hidden, f"{self.buffer} is computed from variables of its own loop")

        def again(indices: tuple[Expr, ...]) -> Expr:
            return put(store.value, {e.name: i for e, i in zip(store.indices, indices, strict=True)})

        kept = mapped(program.body, lambda e: rewrite_reads(e, self.buffer, again))
        return program.with_body(_dropped(kept, self.buffer))


def _scope(program: Program, store: Store) -> Block:
    """The statements, from the one that fills a buffer on, of the block that allocates it: all that can see a value."""
    for block in _blocks(program.body):
        if any(isinstance(s, Allocate) and s.buffer.name == store.buffer for s in block):
            first = next(n for n, s in enumerate(block) if store.buffer in written((s,)))
            return block[first:]
    return program.body


def _blocks(block: Block) -> Iterator[Block]:
    yield block
    for s in block:
        if isinstance(s, For):
            yield from _blocks(s.body)
        elif isinstance(s, If):
            yield from _blocks(s.then)
            yield from _blocks(s.otherwise)


def _dropped(block: Block, buffer: str) -> Block:
    """The block without a buffer's allocation and stores, and without loops that are empty then."""
    done: list[Statement] = []
    for s in block:
        if isinstance(s, Allocate) and s.buffer.name == buffer:
            continue
        if isinstance(s, Store) and s.buffer == buffer:
            continue
        if isinstance(s, For):
            s = replace(s, body=_dropped(s.body, buffer))
            if not s.body:
                continue
        elif isinstance(s, If):
            s = replace(s, then=_dropped(s.then, buffer), otherwise=_dropped(s.otherwise, buffer))
        done.append(s)
    return tuple(done)


@register
@dataclass(frozen=True)
class Hoist(Rewrite):
    """What the body of a loop computes anew though it does not depend on it is computed once, before the loop."""

    name: ClassVar[str] = "hoist"
    iterator: str

    def apply(self, program: Program) -> Program:
        """Legal for expressions that cannot fault when the loop would not have run."""
        loop = find(program, self.iterator)
        outer = around(program, self.iterator)
        found = [e for e in invariant(loop) if harmless(program, e, outer)]
        require(bool(found), f"loop {self.iterator} computes nothing that is the same in every iteration")
        block, taken = block_of(program, self.iterator), names(program)
        before: list[Statement] = []
        body = loop.body
        for e in found:
            held = Buffer(unused("once", taken), e.dtype, (), Memory.REGISTER)
            before += [Allocate(held), Store(held.name, (), e)]
            body = mapped(body, partial(_exchanged, old=e, new=param(held.name, e.dtype)))
        at = block.index(loop)
        return replace_block(program, block, (*block[:at], *before, replace(loop, body=body), *block[at + 1 :]))


def invariant(loop: For) -> list[Expr]:
    """The largest expressions of a loop's body that do not depend on its iterations."""
    varying = {loop.iterator} | set(bound_names(loop.body)) | written(loop.body)
    found: dict[Expr, None] = {}

    def search(e: Expr) -> None:
        if e.rank or e.op in ("const", "size", "param"):
            return
        if not e.inputs & varying and weight(e) > 0:
            found.setdefault(e)
            return
        for a in e.args:
            search(a)

    for e in expressions(loop.body):
        search(e)
    return list(found)


@register
@dataclass(frozen=True)
class Reciprocal(Rewrite):
    """Divisions by a value that a loop does not change become multiplications by its reciprocal, taken once."""

    name: ClassVar[str] = "reciprocal"
    iterator: str

    def apply(self, program: Program) -> Program:
        """Legal under the reals only: x * (1 / s) rounds otherwise than x / s."""
        loop = find(program, self.iterator)
        require(program.reassociate, "x / s and x * (1 / s) round differently", "the number model fixes roundings")
        found = divisors(loop)
        require(bool(found), f"loop {self.iterator} divides by nothing that is the same in every iteration")
        outer = around(program, self.iterator)
        require(all(harmless(program, s, outer) for s in found), "a divisor may only be read inside the loop")
        block, taken = block_of(program, self.iterator), names(program)
        before: list[Statement] = []
        inverse: dict[Expr, Expr] = {}
        for s in found:
            held = Buffer(unused("inverse", taken), s.dtype, (), Memory.REGISTER)
            before += [Allocate(held), Store(held.name, (), const(1.0, s.dtype) / s)]
            inverse[s] = param(held.name, s.dtype)

        def rule(n: Expr) -> Expr | None:
            return n.args[0] * inverse[n.args[1]] if n.op == "div" and n.args[1] in inverse else None

        new = replace(loop, body=mapped(loop.body, lambda e: transform(e, rule)))
        at = block.index(loop)
        return replace_block(program, block, (*block[:at], *before, new, *block[at + 1 :]))


def divisors(loop: For) -> list[Expr]:
    """Float divisors inside a loop that do not depend on its iterations and are not constants."""
    varying = {loop.iterator} | set(bound_names(loop.body)) | written(loop.body)
    found: dict[Expr, None] = {}
    for e in expressions(loop.body):
        for n in walk(e):
            if n.op == "div" and DTYPES[n.dtype].is_float and not n.args[1].inputs & varying:
                if n.args[0].op != "const" or n.args[0].inputs:
                    found.setdefault(n.args[1])
    return list(found)
