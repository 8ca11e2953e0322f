"""Rewriting of statements: substitution of iterators, repetition of unrolled loops."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from accelcore.ir.expr import Expr, index, rebuild
from accelcore.loops.nodes import (
    Accumulate,
    Allocate,
    Buffer,
    For,
    If,
    Instruction,
    Kind,
    Prefetch,
    Statement,
    Store,
    statements,
)

Block = tuple[Statement, ...]
_MOST = 4096
"""Most statements that unrolled loops may grow to; a loop beyond that stays a loop."""


def expressions(statement: Statement) -> tuple[Expr, ...]:
    """The expressions of one statement itself, not of the statements inside it."""
    match statement:
        case Store(indices=indices, value=value) | Accumulate(indices=indices, value=value):
            return (*indices, value)
        case If(condition=condition):
            return (condition,)
        case For(extent=extent):
            return (extent,)
        case Allocate(buffer=buffer):
            return (*buffer.shape, *(buffer.strides or ()))
        case Instruction(operands=operands):
            return operands
        case Prefetch(indices=indices):
            return indices
    raise TypeError(statement)


def mapped(block: Block, change: Callable[[Expr], Expr], rename: Mapping[str, str]) -> Block:
    """The block with every expression changed and buffers and iterators renamed (in expressions too)."""

    def buffer(found: Buffer) -> Buffer:
        shape = tuple(change(e) for e in found.shape)
        return replace(found, name=rename.get(found.name, found.name), shape=shape)

    def one(s: Statement) -> Statement:
        match s:
            case Store() | Accumulate():
                name = rename.get(s.buffer, s.buffer)
                return replace(s, buffer=name, indices=tuple(map(change, s.indices)), value=change(s.value))
            case If():
                return If(change(s.condition), tuple(map(one, s.then)), tuple(map(one, s.otherwise)))
            case For():
                name = rename.get(s.iterator, s.iterator)
                return replace(s, iterator=name, extent=change(s.extent), body=tuple(map(one, s.body)))
            case Allocate():
                return Allocate(buffer(s.buffer))
            case Instruction():
                return replace(s, operands=tuple(map(change, s.operands)))
            case Prefetch():
                name = rename.get(s.buffer, s.buffer)
                return replace(s, buffer=name, indices=tuple(map(change, s.indices)))
        raise TypeError(s)

    return tuple(map(one, block))


def substituted(block: Block, values: Mapping[str, Expr], rename: Mapping[str, str] | None = None) -> Block:
    """The block with iterators (parameters by name) replaced by expressions, and names replaced by names."""
    names = rename or {}
    memo: dict[Expr, Expr] = {}
    touched = frozenset(values) | frozenset(names)

    def change(e: Expr) -> Expr:
        if not touched & e.inputs:
            return e
        if e not in memo:
            memo[e] = _leaf(e, values, names) or rebuild(e, tuple(map(change, e.args)))
        return memo[e]

    return mapped(block, change, names)


def _leaf(e: Expr, values: Mapping[str, Expr], names: Mapping[str, str]) -> Expr | None:
    if e.op == "param" and e.name in values:
        return values[e.name]
    if e.op in ("param", "input") and e.name in names:
        return Expr(e.op, (), (names[e.name],), e.dtype, e.rank)
    return None


def copied(block: Block, suffix: str, values: Mapping[str, Expr]) -> Block:
    """A copy of a loop's body for one iteration: the names that it introduces get a suffix."""
    rename = {name: f"{name}{suffix}" for name in introduced(block)}
    return substituted(block, values, rename)


def introduced(block: Block) -> Iterator[str]:
    """Names of buffers and iterators that a block brings into scope."""
    for s in statements(block):
        if isinstance(s, Allocate):
            yield s.buffer.name
        elif isinstance(s, For):
            yield s.iterator


def unrolled(block: Block, keep: Callable[[For], bool] = lambda _: False) -> Block:
    """The block with its UNROLL loops of constant extent written out, innermost first, but for those to `keep`."""
    out: list[Statement] = []
    for s in block:
        if isinstance(s, If):
            s = If(s.condition, unrolled(s.then, keep), unrolled(s.otherwise, keep))
        if not isinstance(s, For) or keep(s):
            out.append(s)
            continue
        body = unrolled(s.body, keep)
        repeat = s.kind is Kind.UNROLL and s.extent.op == "const"
        if repeat and int(s.extent.value) * sum(1 for _ in statements(body)) <= _MOST:
            for at in range(int(s.extent.value)):
                out += copied(body, f"_u{at}", {s.iterator: index(at)})
        else:
            out.append(replace(s, body=body))
    return tuple(out)


@functools.lru_cache(maxsize=1 << 14)
def reads(e: Expr) -> frozenset[str]:
    """Names of buffers and parameters that an expression reads."""
    return e.inputs


def buffers_read(block: Block) -> frozenset[str]:
    """Names that any expression of a block reads."""
    return frozenset().union(*(reads(e) for s in statements(block) for e in expressions(s)))
