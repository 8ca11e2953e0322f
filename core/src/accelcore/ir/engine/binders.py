"""comp, fold, scatter, filter and length on blocks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.engine.block import Array, Block, either, scalar, spread, tight, union
from accelcore.ir.engine.core import LIMIT, Engine, Env, Range, rule
from accelcore.ir.engine.rounding import round_float, wrapped
from accelcore.ir.expr import BINDERS, Expr, parts


@rule("comp")
def _comp(engine: Engine, node: Expr, env: Env) -> Block:
    """A tensor: the body's block with the variable's axis as the first dimension."""
    length, _ = engine.extent(node.args[0], env)
    body = engine.value(node.args[1], env.bind(node.number, Range(0, length)))
    return as_dimension(body, node.number, length)


def as_dimension(body: Block, number: int, length: int) -> Block:
    """The block of a tensor whose first dimension is the variable `number`."""
    inside = number in body.axes
    axes = tuple(n for n in body.axes if n != number)
    at = body.axes.index(number) if inside else 0

    def turned(array: Array | None) -> Array | None:
        if array is None:
            return None
        if inside:
            return np.moveaxis(array, at, len(axes))
        wide = np.expand_dims(array, len(axes))
        return np.broadcast_to(wide, (*wide.shape[: len(axes)], length, *wide.shape[len(axes) + 1 :]))

    data = turned(body.data)
    assert data is not None
    return replace(body, axes=axes, data=data, err=turned(body.err), bad=turned(body.bad), rank=body.rank + 1)


@rule("fold")
def _fold(engine: Engine, node: Expr, env: Env) -> Block:
    """A sequential fold: one step per index, all outer points at once.  All accumulators are remembered together."""
    memory, key = env.memory(node)
    which = node.attrs[2]
    assert isinstance(which, int)
    results = _fold_all(engine, node, env)
    for at, block in enumerate(results):  # the same fold asked for its other accumulators
        twin = Expr("fold", node.args, (node.attrs[0], node.attrs[1], at), node.args[1 + at].dtype)
        memory[(twin, *key[1:]) if isinstance(key, tuple) else twin] = block
    return results[which]


def _fold_all(engine: Engine, node: Expr, env: Env) -> list[Block]:
    before, updates, _ = parts(node)
    length, ragged = engine.extent(before[0], env)
    accs = [engine.value(start, env) for start in before[1:]]
    index, *names = node.bound
    tables = _tables(engine, node, env, length)
    for k in range(length):
        bindings: dict[int, Range | Block] = {index: scalar(k, INDEX), **dict(zip(names, accs, strict=True))}
        step = env.bind_all(bindings, scoped=True)
        for part, table in tables:
            memory, key = step.memory(part)
            memory[key] = _at(table, index, k)
        new = [engine.value(u, step) for u in updates]
        accs = new if ragged is None else [_where(ragged, k, n, a) for n, a in zip(new, accs, strict=True)]
    return accs


def _tables(engine: Engine, node: Expr, env: Env, length: int) -> list[tuple[Expr, Block]]:
    """The parts of the updates that depend on the index but on no accumulator, computed for all steps at once."""
    index, *names = node.bound
    accs = frozenset(names)
    inner = env.bind(index, Range(0, length))
    found: list[tuple[Expr, Block]] = []
    stack, seen = list(parts(node)[1]), set()
    while stack:
        e = stack.pop()
        if e in seen or index not in e.free:
            continue
        seen.add(e)
        size = length * math.prod(env.length(n) for n in e.free if n in env.ranges)
        if not accs & e.free and e.op != "var" and e.rank == 0 and size <= LIMIT:
            found.append((e, engine.value(e, inner)))
        elif e.op not in BINDERS:
            stack.extend(e.args)
    return found


def _at(block: Block, number: int, k: int) -> Block:
    """The block at one value of a variable."""
    if number not in block.axes:
        return block
    at = block.axes.index(number)

    def take(array: Array | None) -> Array | None:
        if array is None:
            return None
        return np.asarray(array.take(k if array.shape[at] > 1 else 0, axis=at))

    axes = (*block.axes[:at], *block.axes[at + 1 :])
    return replace(block, axes=axes, data=block.data.take(k, axis=at), err=take(block.err), bad=take(block.bad))


def _where(lengths: Block, k: int, new: Block, old: Block) -> Block:
    """The new accumulator at the points whose fold is that long."""
    from accelcore.ir.engine.floats import select

    running = Block(lengths.axes, np.asarray(lengths.data > k), "bool")
    return select(running, new, old, new.dtype)


@rule("scatter")
def _scatter(engine: Engine, node: Expr, env: Env) -> Block:
    """Updates in order, for all outer points at once: their axes come before the tensor's own dimensions."""
    before, inside, (start,) = parts(node)
    extents = [engine.extent(x, env)[0] for x in before[:-1]]
    count, ragged = engine.extent(before[-1], env)
    if ragged is not None:
        raise IrError(f"a scatter whose count differs from element to element cannot be evaluated: {node}")
    inner = env.bind(node.number, Range(0, count))
    *where, value = (engine.value(e, inner) for e in inside)
    init = engine.value(start, env)
    axes = tuple(n for n in union(init.axes, value.axes, *(w.axes for w in where)) if n != node.number)
    outer = tuple(env.length(n) for n in axes)
    target = np.empty((*outer, *extents), object if object in (init.data.dtype, value.data.dtype) else init.data.dtype)
    target[...] = spread(init.data, init.axes, axes).reshape(*_padded(init, axes), *(1,) * len(extents))
    every = (*axes, node.number)
    shape = (*outer, count)
    at = [np.broadcast_to(_reorder(w.data, w.axes, every), shape) for w in where]
    values = np.broadcast_to(_reorder(value.data, value.axes, every), shape)
    outside = np.zeros(shape, bool)
    for index, extent in zip(at, extents, strict=True):
        outside |= np.asarray((index < 0) | (index >= extent), bool)
    grid = [np.broadcast_to(np.arange(n).reshape(-1, *(1,) * (len(shape) - 1 - d)), shape) for d, n in enumerate(outer)]
    inside_ = ~outside
    place = tuple(np.asarray(g[inside_], np.int64) for g in (*grid, *at))
    _update(str(node.attrs[1]), target, place, values[inside_])
    bad = None
    if outside.any() or any(b.bad is not None for b in (*where, value)):
        lost = outside.any(axis=-1)
        for b in (*where, value):
            if b.bad is not None:
                lost = lost | np.broadcast_to(_reorder(b.bad, b.axes, every), shape).any(axis=-1)
        bad = np.broadcast_to(lost.reshape(*outer, *(1,) * len(extents)), target.shape)
    err = _scatter_error(engine, node, (init, value, *where), every, target, place, inside_, axes)
    if DTYPES[node.dtype].is_float:
        data = target if engine.numbers.bounded else round_float(target, node.dtype)
        return Block(axes, data, node.dtype, err, bad, rank=len(extents))
    block = tight(Block(axes, target, node.dtype, err, either(bad, None), rank=len(extents)))
    return wrapped(block) if node.dtype not in ("int", "bool") else block


def _padded(block: Block, axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(spread(block.data, block.axes, axes).shape)


def _reorder(array: Array, axes: tuple[int, ...], wanted: tuple[int, ...]) -> Array:
    """An array over axes as one over the wanted order, new dimensions having length 1."""
    order = [axes.index(n) for n in wanted if n in axes]
    turned = array.transpose(order)
    return turned[tuple(slice(None) if n in axes else None for n in wanted)]


def _update(combine: str, target: Array, place: tuple[Array, ...], values: Array) -> None:
    if combine == "set":
        target[place] = values  # NumPy assigns in order: of repeated indices the last remains
        return
    ufunc = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}[combine]
    if combine in ("add", "mul") and target.dtype == np.int64:
        exact = target.astype(object)
        ufunc.at(exact, place, values.astype(object))
        if all(-(1 << 63) <= int(v) < 1 << 63 for v in exact.flat):
            target[...] = exact.astype(np.int64)
            return
        raise IrError("a scatter's sums leave 64 bits")
    ufunc.at(target, place, values)


def _scatter_error(
    engine: Engine, node: Expr, blocks: tuple[Block, ...], every: tuple[int, ...], target: Array,
    place: tuple[Array, ...], inside: Array, axes: tuple[int, ...],
) -> Array | None:  # fmt: skip
    """Errors add up where values do; an uncertain place makes everything uncertain."""
    init, value, *where = blocks
    numbers = engine.numbers
    if not numbers.bounded:
        return None
    if any(w.err is not None and (w.err > 0).any() for w in where):
        return np.full(target.shape, np.inf)
    combine = str(node.attrs[1])
    shape = inside.shape
    ev = 0.0 if value.err is None else np.broadcast_to(_reorder(value.err, value.axes, every), shape)[inside]
    err = np.zeros(target.shape)
    if init.err is not None:
        err[...] = spread(init.err, init.axes, axes).reshape(*_padded(init, axes), *(1,) * (target.ndim - len(axes)))
    if combine == "set":
        err[place] = ev
        return err if value.err is not None or init.err is not None else None
    if combine in ("max", "min"):
        np.maximum.at(err, place, ev)
        return err
    if not DTYPES[node.dtype].is_float:
        if value.err is None and init.err is None:
            return None
        np.add.at(err, place, ev if combine == "add" else np.inf)
        return err
    return err + _rounding_of_updates(engine, node, (init, value), every, target, place, inside, ev)


def _rounding_of_updates(
    engine: Engine, node: Expr, blocks: tuple[Block, Block], every: tuple[int, ...], target: Array,
    place: tuple[Array, ...], inside: Array, ev: Array | float,
) -> Array:  # fmt: skip
    """gamma_count times the sum of magnitudes at every place of the target."""
    init, value = blocks
    values = np.broadcast_to(_reorder(value.data, value.axes, every), inside.shape)[inside]
    count = np.zeros(target.shape)
    np.add.at(count, place, 1.0)
    size = np.zeros(target.shape)
    if str(node.attrs[1]) == "add":
        np.add.at(size, place, np.abs(values) + ev)
        moved = np.zeros(target.shape)
        np.add.at(moved, place, np.broadcast_to(ev, values.shape))
        size += float(np.abs(init.data).max(initial=0.0))
        return moved + engine.numbers.gamma(count, node.dtype) * size
    size += 1.0
    np.multiply.at(size, place, np.abs(values) + ev)
    size *= float(np.abs(init.data).max(initial=0.0))
    return (size - np.abs(target)) + engine.numbers.gamma(count, node.dtype) * size + engine.numbers.underflow(size)


@rule("filter")
def _filter(engine: Engine, node: Expr, env: Env) -> Block:
    """The kept values moved to the front; a read behind them is bad.  See `kept_counts` for the lengths."""
    counts, axes, holds, value = _kept(engine, node, env)
    order = np.argsort(~holds.data, axis=-1, kind="stable")
    shape = holds.data.shape

    def packed(array: Array | None) -> Array | None:
        if array is None:
            return None
        full = np.broadcast_to(_reorder(array, value.axes, (*axes, node.number)), shape)
        return np.take_along_axis(full, order, axis=-1)

    data = packed(value.data)
    assert data is not None
    length = int(counts.max(initial=0))
    beyond = np.arange(length) >= counts[..., None]
    bad = either(None if value.bad is None else packed(value.bad), None)
    bad = None if bad is None else bad[..., :length]
    bad = either(bad, beyond if beyond.any() else None)
    err = packed(value.err)
    err = None if err is None else err[..., :length]
    if holds.err is not None and holds.err.any():  # another selection shifts everything behind it
        err = np.full((*shape[:-1], length), np.inf)
    return Block(axes, data[..., :length], node.dtype, err, bad, value.low, value.high, 1)


def _kept(engine: Engine, node: Expr, env: Env) -> tuple[Array, tuple[int, ...], Block, Block]:
    """(how many are kept, outer axes, the condition over outer axes and the range, the values)."""
    count, ragged = engine.extent(node.args[0], env)
    inner = env.bind(node.number, Range(0, count))
    condition, value = (engine.value(e, inner) for e in node.args[1:])
    axes = tuple(n for n in union(condition.axes, value.axes, ragged.axes if ragged else ()) if n != node.number)
    shape = (*(env.length(n) for n in axes), count)

    def full(array: Array | None) -> Array | None:
        return None if array is None else np.broadcast_to(_reorder(array, condition.axes, (*axes, node.number)), shape)

    data = full(condition.data)
    assert data is not None
    if ragged is not None:
        data = data & (np.arange(count) < spread(ragged.data, ragged.axes, axes)[..., None])
    holds = replace(condition, axes=axes, data=data, err=full(condition.err), bad=full(condition.bad))
    return data.sum(axis=-1), axes, holds, value


@rule("length")
def _length(engine: Engine, node: Expr, env: Env) -> Block:
    tensor = node.args[0]
    if tensor.op != "filter":
        raise IrError(f"the length of a {tensor.op} is not a node")
    counts, axes, holds, _ = _kept(engine, tensor, env)
    err = None
    if holds.err is not None:
        err = holds.err.sum(axis=-1)
    bad = None if holds.bad is None else np.asarray(holds.bad.any(axis=-1))
    top = holds.data.shape[-1]
    return Block(axes, np.asarray(counts), INDEX, err, bad, 0, top)
