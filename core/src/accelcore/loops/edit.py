"""Editing programs: finding loops, replacing them, renaming what a copy of a block binds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from accelcore.errors import IllegalRewrite
from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, array, param, transform, walk
from accelcore.loops.nodes import (
    Accumulate,
    Allocate,
    For,
    If,
    Instruction,
    Prefetch,
    Program,
    Statement,
    Store,
    statements,
)

Block = tuple[Statement, ...]


def find(program: Program, iterator: str) -> For:
    """The loop of that iterator; IllegalRewrite when there is none."""
    try:
        return program.loop(iterator)
    except KeyError:
        known = [s.iterator for s in statements(program.body) if isinstance(s, For)]
        raise IllegalRewrite(f"no loop over {iterator}", hint=f"the loops are {', '.join(known)}") from None


def replace_loop(program: Program, iterator: str, new: Callable[[For], Block]) -> Program:
    """The program with one loop replaced by statements."""
    find(program, iterator)

    def edit(s: Statement) -> Block | None:
        return new(s) if isinstance(s, For) and s.iterator == iterator else None

    return program.with_body(edited(program.body, edit))


def edited(block: Block, edit: Callable[[Statement], Block | None]) -> Block:
    """Each statement replaced by what `edit` gives; where it gives None, its inner blocks are edited."""
    done: list[Statement] = []
    for s in block:
        new = edit(s)
        done.extend(new if new is not None else (_inside(s, edit),))
    same = len(done) == len(block) and all(a is b for a, b in zip(done, block, strict=True))
    return block if same else tuple(done)


def _inside(s: Statement, edit: Callable[[Statement], Block | None]) -> Statement:
    if isinstance(s, For):
        body = edited(s.body, edit)
        return s if body is s.body else replace(s, body=body)
    if isinstance(s, If):
        then, otherwise = edited(s.then, edit), edited(s.otherwise, edit)
        return s if then is s.then and otherwise is s.otherwise else replace(s, then=then, otherwise=otherwise)
    return s


def around(program: Program, iterator: str) -> tuple[For, ...]:
    """The loops around a loop, outermost first, without itself."""
    found = _path(program.body, iterator)
    if found is None:
        raise IllegalRewrite(f"no loop over {iterator}")
    return found


def _path(block: Block, iterator: str) -> tuple[For, ...] | None:
    for s in block:
        if isinstance(s, For):
            if s.iterator == iterator:
                return ()
            if (inner := _path(s.body, iterator)) is not None:
                return (s, *inner)
        elif isinstance(s, If):
            for branch in (s.then, s.otherwise):
                if (inner := _path(branch, iterator)) is not None:
                    return inner
    return None


def block_of(program: Program, iterator: str) -> Block:
    """The block in which a loop stands."""

    def search(block: Block) -> Block | None:
        for s in block:
            if isinstance(s, For) and s.iterator == iterator:
                return block
            inner = [s.body] if isinstance(s, For) else [s.then, s.otherwise] if isinstance(s, If) else []
            for one in inner:
                if (found := search(one)) is not None:
                    return found
        return None

    found = search(program.body)
    if found is None:
        raise IllegalRewrite(f"no loop over {iterator}")
    return found


def replace_block(program: Program, old: Block, new: Block) -> Program:
    """The program with one block (the same object) replaced."""

    if program.body is old:
        return program.with_body(new)

    def edit(s: Statement) -> Block | None:
        if isinstance(s, For) and s.body is old:
            return (replace(s, body=new),)
        if isinstance(s, If) and (s.then is old or s.otherwise is old):
            then, otherwise = (new if b is old else b for b in (s.then, s.otherwise))
            return (If(s.condition, then, otherwise),)
        return None

    return program.with_body(edited(program.body, edit))


# Expressions inside statements.


def expressions(block: Block) -> Iterator[Expr]:
    """Every expression of every statement."""
    for s in statements(block):
        yield from own_expressions(s)


def own_expressions(s: Statement) -> tuple[Expr, ...]:
    """The expressions of one statement, without those of blocks inside it."""
    match s:
        case Store() | Accumulate():
            return (*s.indices, s.value)
        case Allocate():
            return (*s.buffer.shape, *(s.buffer.strides or ()))
        case If():
            return (s.condition,)
        case For():
            return (s.extent,)
        case Instruction():
            return s.operands
        case Prefetch():
            return s.indices


def mapped(block: Block, change: Callable[[Expr], Expr]) -> Block:
    """The block with every expression changed."""
    return tuple(_mapped(s, change) for s in block)


def _mapped(s: Statement, change: Callable[[Expr], Expr]) -> Statement:
    match s:
        case Store() | Accumulate():
            return replace(s, indices=tuple(map(change, s.indices)), value=change(s.value))
        case Allocate():
            strides = None if s.buffer.strides is None else tuple(map(change, s.buffer.strides))
            return Allocate(replace(s.buffer, shape=tuple(map(change, s.buffer.shape)), strides=strides))
        case If():
            return If(change(s.condition), mapped(s.then, change), mapped(s.otherwise, change))
        case For():
            return replace(s, extent=change(s.extent), body=mapped(s.body, change))
        case Instruction():
            return replace(s, operands=tuple(map(change, s.operands)))
        case Prefetch():
            return replace(s, indices=tuple(map(change, s.indices)))


def put(e: Expr, values: Mapping[str, Expr]) -> Expr:
    """`e` with parameters (iterators, scalar variables) replaced by expressions."""
    if not e.inputs & set(values):
        return e
    return transform(e, lambda n: values.get(n.name) if n.op == "param" else None)


def put_all(block: Block, values: Mapping[str, Expr]) -> Block:
    """The block with parameters replaced; loops of those names must not be inside."""
    return mapped(block, lambda e: put(e, values))


def rewrite_reads(e: Expr, buffer: str, new: Callable[[tuple[Expr, ...]], Expr]) -> Expr:
    """`e` with reads of a buffer replaced, given their indices; () for one of rank 0."""
    if buffer not in e.inputs:
        return e

    def rule(n: Expr) -> Expr | None:
        if n.op == "get" and n.args[0].op == "input" and n.args[0].name == buffer:
            return new(n.args[1:])
        return new(()) if n.op == "param" and n.name == buffer else None

    return transform(e, rule)


def reads_of(e: Expr) -> Iterator[tuple[str, tuple[Expr, ...]]]:
    """(name, indices) of every read in an expression; scalars and iterators with ()."""
    for n in walk(e):
        if n.op == "get" and n.args[0].op == "input":
            yield n.args[0].name, n.args[1:]
        elif n.op == "param":
            yield n.name, ()


# Names.


def names(program: Program) -> set[str]:
    """Every name that the program binds or takes."""
    taken = {b.name for b in program.arguments}
    taken |= {size for b in program.arguments for e in b.shape for size in e.sizes}
    for s in statements(program.body):
        if isinstance(s, For):
            taken.add(s.iterator)
        elif isinstance(s, Allocate):
            taken.add(s.buffer.name)
    return taken


def unused(wanted: str, taken: set[str]) -> str:
    """A name that is not taken, and now is: `wanted`, or with the smallest number appended."""
    base = wanted.rstrip("0123456789") or wanted
    found, number = wanted, 1
    while found in taken:
        number += 1
        found = f"{base}{number}"
    taken.add(found)
    return found


def bound_names(block: Block) -> Iterator[str]:
    """Iterators and buffers that the block binds, in order."""
    for s in statements(block):
        if isinstance(s, For):
            yield s.iterator
        elif isinstance(s, Allocate):
            yield s.buffer.name


def copied(block: Block, taken: set[str]) -> Block:
    """A copy whose iterators and local buffers have new names."""
    fresh = {name: unused(name, taken) for name in bound_names(block)}
    return renamed(block, fresh)


def renamed(block: Block, fresh: Mapping[str, str]) -> Block:
    """The block with iterators and buffers renamed, where they are bound and used."""
    if not fresh:
        return block

    def rule(n: Expr) -> Expr | None:
        if n.op == "param" and n.name in fresh:
            return param(fresh[n.name], n.dtype)
        if n.op == "input" and n.name in fresh:
            return array(fresh[n.name], n.dtype, n.rank)
        return None

    wanted = set(fresh)
    return _rebound(mapped(block, lambda e: transform(e, rule) if e.inputs & wanted else e), fresh)


def _rebound(block: Block, fresh: Mapping[str, str]) -> Block:
    done: list[Statement] = []
    for s in block:
        if isinstance(s, For):
            s = replace(s, iterator=fresh.get(s.iterator, s.iterator), body=_rebound(s.body, fresh))
        elif isinstance(s, If):
            s = replace(s, then=_rebound(s.then, fresh), otherwise=_rebound(s.otherwise, fresh))
        elif isinstance(s, Allocate):
            s = Allocate(replace(s.buffer, name=fresh.get(s.buffer.name, s.buffer.name)))
        elif isinstance(s, Store | Accumulate | Prefetch):
            s = replace(s, buffer=fresh.get(s.buffer, s.buffer))
        done.append(s)
    return tuple(done)


def iterator(name: str) -> Expr:
    """An iterator as an expression."""
    return param(name, INDEX)


def allocated(block: Block) -> set[str]:
    """Names of the buffers that a block (or a block inside) allocates."""
    return {s.buffer.name for s in statements(block) if isinstance(s, Allocate)}


def written(block: Block) -> set[str]:
    """Names of the buffers that a block may write."""
    return {s.buffer for s in statements(block) if isinstance(s, Store | Accumulate)}


def read(block: Block) -> set[str]:
    """Names of the buffers, scalars and iterators that a block may read, without the targets of Accumulate."""
    found: set[str] = set()
    for e in expressions(block):
        found |= e.inputs
    return found


def loops_of(block: Iterable[Statement]) -> Iterator[For]:
    """The loops inside, outer ones first."""
    for s in statements(tuple(block)):
        if isinstance(s, For):
            yield s
