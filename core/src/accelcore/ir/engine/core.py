"""The engine: environments, memory of what has been computed, and the dispatch by operator.

An environment says, for every bound variable in scope, either the range of indices that it stands for (its values
then are an axis of the blocks) or one block that is its value (an accumulator, the index of a step).  A node's value
depends on the node and on what its free variables are bound to; that pair is the key under which it is remembered,
so a shared node is computed once.  A binding that is one of many in turn (a chunk, a step of a fold) has a memory of
its own, which is dropped with it.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.engine import access, floats, integers, rounding
from accelcore.ir.engine.block import Array, Block, scalar, tight
from accelcore.ir.engine.numbers import Numbers
from accelcore.ir.expr import ARITHMETIC, BINDERS, BITWISE, COMPARE, LOGICAL, UNARY, Expr

CHUNK = 1 << 18
"""Elements of a result that are computed at a time: the intermediates of a chunk stay in the cache and in memory."""
LIMIT = 1 << 22
"""Elements of an intermediate that is tabulated before a reduction; larger ones are taken in pieces."""


@dataclass(frozen=True, slots=True)
class Range:
    """The indices start <= i < stop."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many."""
        return self.stop - self.start


_ticket = itertools.count()


class Env:
    """Bindings of variables.  Immutable but for the memories, which it shares with the environments it came from."""

    def __init__(self) -> None:
        self.ranges: dict[int, Range] = {}
        self.fixed: dict[int, Block] = {}
        self._keys: dict[int, object] = {}
        self._level: dict[int, int] = {}
        self._memories: list[dict[object, Block]] = [{}]

    def bind(self, number: int, value: Range | Block, *, scoped: bool = False) -> Env:
        """With one more binding; a scoped one has its own memory."""
        return self.bind_all({number: value}, scoped=scoped)

    def bind_all(self, values: Mapping[int, Range | Block], *, scoped: bool = False) -> Env:
        """With more bindings at once."""
        new = Env()
        new.ranges, new.fixed, new._keys = dict(self.ranges), dict(self.fixed), dict(self._keys)
        new._level = dict(self._level)
        new._memories = [*self._memories, {}] if scoped else self._memories
        for number, value in values.items():
            new.ranges.pop(number, None)
            new.fixed.pop(number, None)
            new._level[number] = len(self._memories) if scoped else 0
            if isinstance(value, Range):
                new.ranges[number], new._keys[number] = value, (value.start, value.stop)
            else:
                new.fixed[number], new._keys[number] = value, next(_ticket)
        return new

    def memory(self, node: Expr) -> tuple[dict[object, Block], object]:
        """The memory that a node's value belongs to, and its key there."""
        free = node.free
        if not free:
            return self._memories[0], node
        level = 0
        for number in free:
            if number not in self._level:
                raise IrError(f"variable {number} is not bound in {node}")
            level = max(level, self._level[number])
        return self._memories[level], (node, *(self._keys[n] for n in _ordered(node)))

    def length(self, number: int) -> int:
        """How many values a variable stands for."""
        return self.ranges[number].length if number in self.ranges else 1


@functools.lru_cache(maxsize=1 << 16)
def _ordered(node: Expr) -> tuple[int, ...]:
    return tuple(sorted(node.free))


class Engine:
    """Evaluates nodes over arrays and sizes.  One engine serves all results of a summary."""

    def __init__(
        self, inputs: Mapping[str, Block], sizes: Mapping[str, int], numbers: Numbers, functions: floats.Functions
    ) -> None:
        self.inputs, self.sizes, self.numbers, self.functions = inputs, sizes, numbers, functions

    def value(self, e: Expr, env: Env) -> Block:
        """The block of a node.  Scalar structure is walked with a stack; only binders recurse."""
        stack = [e]
        while stack:
            node = stack[-1]
            memory, key = env.memory(node)
            if key in memory:
                stack.pop()
                continue
            missing = [a for a in _eager(node) if not _known(a, env)]
            if missing:
                stack.extend(reversed(missing))
                continue
            memory[key] = self.compute(node, env)
            stack.pop()
        memory, key = env.memory(e)
        return memory[key]

    def compute(self, node: Expr, env: Env) -> Block:
        """A node from its operands' values."""
        rule = _RULES.get(node.op)
        if rule is None:
            raise IrError(f"{node.op} cannot be evaluated")
        return rule(self, node, env)

    def extent(self, e: Expr, env: Env) -> tuple[int, Block | None]:
        """The length of a range, and the individual lengths as a block when they differ from point to point."""
        block = self.value(e, env)
        if block.bad is not None and block.bad.any():
            raise IrError(f"the extent {e} does not exist everywhere")
        if not block.axes:
            return max(0, int(block.data)), None
        return max(0, int(block.data.max(initial=0))), block


def _known(node: Expr, env: Env) -> bool:
    memory, key = env.memory(node)
    return key in memory


def _eager(node: Expr) -> tuple[Expr, ...]:
    """Operands that are computed before the node; a binder and an index look after their own."""
    if node.op in BINDERS or node.op == "length":
        return ()
    return node.args[:1] if node.op == "get" else node.args


def _const(engine: Engine, node: Expr, env: Env) -> Block:
    return scalar(node.value, node.dtype)


def _size(engine: Engine, node: Expr, env: Env) -> Block:
    if node.name not in engine.sizes:
        have = ", ".join(engine.sizes) or "none"
        raise IrError(f"no value for the size {node.name!r}", hint=f"sizes given: {have}")
    return scalar(int(engine.sizes[node.name]), INDEX)


def _input(engine: Engine, node: Expr, env: Env) -> Block:
    if node.name not in engine.inputs:
        if node.op == "param" and node.name in engine.sizes:
            return scalar(int(engine.sizes[node.name]), node.dtype)
        have = ", ".join(engine.inputs) or "none"
        raise IrError(f"no value for the input {node.name!r}", hint=f"inputs given: {have}")
    block = engine.inputs[node.name]
    if block.rank != node.rank:
        raise IrError(f"input {node.name!r} has {block.rank} axes where the expression reads {node.rank}")
    if block.dtype != node.dtype:
        kinds = DTYPES[block.dtype], DTYPES[node.dtype]
        if kinds[0].is_float != kinds[1].is_float or kinds[0].kind == "bool" != kinds[1].kind:
            raise IrError(f"input {node.name!r} holds {block.dtype}, the expression reads {node.dtype}")
        block = rounding.cast(block, node.dtype, "nearest", "wrap", Numbers())
    return block


def _var(engine: Engine, node: Expr, env: Env) -> Block:
    if node.number in env.fixed:
        return env.fixed[node.number]
    span = env.ranges[node.number]
    data = np.arange(span.start, span.stop, dtype=np.int64)
    return Block((node.number,), data, node.dtype, low=span.start, high=max(span.start, span.stop - 1))


def _binary(engine: Engine, node: Expr, env: Env) -> Block:
    a, b = (engine.value(x, env) for x in node.args)
    if node.op in COMPARE:
        return integers.compare(node.op, a, b)
    kind = DTYPES[node.dtype].kind
    if kind == "bool":
        return integers.logic(node.op, a, b)
    if kind == "float":
        return floats.binary(node.op, a, b, node.dtype, engine.numbers)
    return integers.binary(node.op, a, b, node.dtype)


def _unary(engine: Engine, node: Expr, env: Env) -> Block:
    a = engine.value(node.args[0], env)
    if node.op == "lnot":
        return Block(a.axes, ~a.data, "bool", a.err, a.bad, 0, 1)
    return floats.unary(node.op, a) if DTYPES[node.dtype].is_float else integers.unary(node.op, a)


def _select(engine: Engine, node: Expr, env: Env) -> Block:
    condition, a, b = (engine.value(x, env) for x in node.args)
    block = floats.select(condition, a, b, node.dtype)
    return tight(block) if block.data.dtype == object else block


def _cast(engine: Engine, node: Expr, env: Env) -> Block:
    how, mode = (str(a) for a in node.attrs)
    return rounding.cast(engine.value(node.args[0], env), node.dtype, how, mode, engine.numbers)


def _call(engine: Engine, node: Expr, env: Env) -> Block:
    args = tuple(engine.value(a, env) for a in node.args)
    block = floats.call(node.name, args, node.dtype, engine.numbers, engine.functions)
    if DTYPES[node.dtype].is_integer:
        return tight(Block(block.axes, np.asarray(block.data.astype(np.int64)), node.dtype, None, block.bad))
    return block


def _get(engine: Engine, node: Expr, env: Env) -> Block:
    return access.element(node, engine, env)


Rule = Callable[[Engine, Expr, Env], Block]
_RULES: dict[str, Rule] = {
    "const": _const, "size": _size, "param": _input, "input": _input, "var": _var, "select": _select, "cast": _cast,
    "call": _call, "get": _get,
    **dict.fromkeys(ARITHMETIC | BITWISE | LOGICAL | COMPARE, _binary),
    **dict.fromkeys(UNARY, _unary),
}  # fmt: skip


def rule(*operators: str) -> Callable[[Rule], Rule]:
    """Register a rule for operators: the binders' rules live in their own modules."""

    def register(function: Rule) -> Rule:
        for op in operators:
            _RULES[op] = function
        return function

    return register


def pieces(length: int, per_item: int, limit: int) -> list[tuple[int, int]]:
    """Ranges that cover 0..length, each of about `limit` elements when an item has per_item."""
    step = max(1, limit // max(1, per_item))
    return [(s, min(s + step, length)) for s in range(0, length, step)]


def join(parts: list[Block], axis: int) -> Block:
    """Blocks that differ in the range of one axis, put together along it."""
    at = parts[0].axes.index(axis)

    def stacked(arrays: list[Array | None], fill: object) -> Array | None:
        if all(a is None for a in arrays):
            return None
        full = [
            np.broadcast_to(np.asarray(fill) if a is None else a, p.data.shape)
            for a, p in zip(arrays, parts, strict=True)
        ]
        return np.concatenate(full, axis=at)

    data = np.concatenate([p.data for p in parts], axis=at)
    err = stacked([p.err for p in parts], 0.0)
    bad = stacked([p.bad for p in parts], False)
    low, high = min(p.low for p in parts), max(p.high for p in parts)
    return Block(parts[0].axes, data, parts[0].dtype, err, bad, low, high, parts[0].rank)
