"""reduce and scan on blocks.

A reduction first tries to be a contraction (a sum of products, see `contraction`); else its body is tabulated over the
axes that it needs and reduced along its own.  A table of more than LIMIT elements is taken in pieces: of the longest
other axis where there is one, of the reduced range else, so memory stays bounded whatever the sizes are.

Error of a sum of n terms in any order: sum of the terms' errors + gamma_(n-1) * sum |t|; of a product gamma_(n-1)
relatively; a maximum is as uncertain as its most uncertain term.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.engine import floats, integers
from accelcore.ir.engine.block import Array, Block, fits64, scalar, spread, tight, union
from accelcore.ir.engine.contraction import contraction, nest
from accelcore.ir.engine.core import LIMIT, Engine, Env, Range, join, pieces, rule
from accelcore.ir.engine.numbers import Numbers
from accelcore.ir.engine.rounding import round_float, wrapped
from accelcore.ir.expr import Expr

COMBINE = {"sum": "add", "prod": "mul", "max": "max", "min": "min", "any": "lor", "all": "land"}
_NEUTRAL = {"sum": 0, "prod": 1, "any": False, "all": True}


def combine(kind: str, a: Block, b: Block, numbers: Numbers) -> Block:
    """Two partial results as one."""
    op = COMBINE[kind]
    if a.dtype == "bool":
        return integers.logic("and" if op == "land" else "or", a, b)
    if DTYPES[a.dtype].is_float:
        return floats.binary(op, a, b, a.dtype, numbers)
    return integers.binary(op, a, b, a.dtype)


@rule("reduce")
def _reduce(engine: Engine, node: Expr, env: Env) -> Block:
    length, ragged = engine.extent(node.args[0], env)
    found = None
    if node.kind == "sum" and ragged is None and length:
        found = contraction(engine, node, env, length)
    if found is None:
        found = _tabulated(engine, node, env, length, ragged)
    if len(node.args) == 2:
        return found
    start = engine.value(node.args[2], env)
    if length == 0:
        return start
    total = combine(node.kind, start, found, engine.numbers)
    if ragged is None:
        return total
    some = Block(ragged.axes, np.asarray(ragged.data > 0), "bool")
    return floats.select(some, total, start, node.dtype)


def _tabulated(engine: Engine, node: Expr, env: Env, length: int, ragged: Block | None) -> Block:
    """The reduction without its start value, of a body that is tabulated in one or several pieces."""
    summed, body = {node.number: length}, node.args[1]
    if node.kind == "sum" and ragged is None and body.op == "reduce":
        summed, body, _ = nest(engine, node, env, length)
    others = [n for n in env.ranges if n in node.free and env.length(n) > 1]
    total = math.prod(summed.values()) * math.prod(env.length(n) for n in others)
    if total > LIMIT and others:
        longest = max(others, key=env.length)
        return _by_axis(engine, node, env, longest, total // env.length(longest))
    if node.kind in COMBINE and ragged is None:
        return _merged(engine, node, env, summed, body)
    inner = env.bind(node.number, Range(0, length))
    block = _materialised(engine.value(body, inner), node.number, length)
    counts, mask = None, None
    if ragged is not None:
        counts, mask = _mask(ragged, node.number, length)
        block = _widened(block, union(block.axes, ragged.axes))
        mask = spread(mask, union((node.number,), ragged.axes), block.axes)
        counts = spread(counts, ragged.axes, tuple(n for n in block.axes if n != node.number))
    empty = len(node.args) == 2
    return along(node.kind, block, block.axes.index(node.number), mask, counts, engine.numbers, empty)


def _by_axis(engine: Engine, node: Expr, env: Env, axis: int, per_item: int) -> Block:
    span = env.ranges[axis]
    parts = []
    alone = Expr("reduce", node.args[:2], node.attrs, node.dtype)
    for start, stop in pieces(span.length, per_item, LIMIT):
        inner = env.bind(axis, Range(span.start + start, span.start + stop), scoped=True)
        parts.append(_materialised(engine.compute(alone, inner), axis, stop - start))
    return join(parts, axis)


def _merged(engine: Engine, node: Expr, env: Env, summed: dict[int, int], body: Expr) -> Block:
    """A reduction over one range, or a sum of sums as one sum: its terms may be added in any order, so all of them
    count in gamma_n.  The longest range is taken in pieces when the table is too large."""
    longest = max(summed, key=lambda n: summed[n])
    terms = math.prod(summed.values())
    rest = env.bind_all({n: Range(0, extent) for n, extent in summed.items() if n != longest})
    spans = pieces(summed[longest], terms // max(1, summed[longest]), LIMIT) or [(0, 0)]
    total: Block | None = None
    for start, stop in spans:
        inner = rest.bind(longest, Range(start, stop), scoped=len(spans) > 1)
        block = _flat(engine.value(body, inner), {**summed, longest: stop - start}, node.number)
        empty = len(node.args) == 2
        counts = np.asarray(terms) if len(spans) > 1 else None
        part = along(node.kind, block, len(block.axes) - 1, None, counts, engine.numbers, empty)
        total = part if total is None else combine(node.kind, total, part, engine.numbers)
    assert total is not None
    return total


def _flat(block: Block, summed: dict[int, int], name: int) -> Block:
    """All summed axes as one, the last, under the variable `name`."""
    for number, extent in summed.items():
        block = _materialised(block, number, extent)
    places = [block.axes.index(n) for n in summed]
    if places == [len(block.axes) - 1]:
        return block

    def merged(array: Array | None) -> Array | None:
        if array is None:
            return None
        moved = np.moveaxis(np.broadcast_to(array, block.data.shape), places, range(-len(places), 0))
        shape = moved.shape[: -len(places)]
        return moved.reshape(*shape, math.prod(summed.values()))

    data = merged(block.data)
    assert data is not None
    axes = (*(n for n in block.axes if n not in summed), name)
    return replace(block, axes=axes, data=data, err=merged(block.err), bad=merged(block.bad))


def _materialised(block: Block, axis: int, length: int) -> Block:
    """With `axis` among its axes, as a view when the value does not vary along it."""
    if axis in block.axes:
        return block
    axes = union(block.axes, (axis,))
    at = axes.index(axis)

    def view(array: Array | None) -> Array | None:
        if array is None:
            return None
        return np.broadcast_to(spread(array, block.axes, axes, block.rank), _lengths(array, at, length))

    data = view(block.data)
    assert data is not None
    return replace(block, axes=axes, data=data, err=view(block.err), bad=view(block.bad))


def _lengths(array: Array, at: int, length: int) -> tuple[int, ...]:
    return (*array.shape[:at], length, *array.shape[at:])


def _widened(block: Block, axes: tuple[int, ...]) -> Block:
    """Over more axes, with new dimensions of length 1."""
    err = None if block.err is None else spread(block.err, block.axes, axes)
    bad = None if block.bad is None else spread(block.bad, block.axes, axes)
    return replace(block, axes=axes, data=spread(block.data, block.axes, axes), err=err, bad=bad)


def _mask(ragged: Block, axis: int, length: int) -> tuple[Array, Array]:
    """(lengths, which indices of the axis lie below them) for a range that differs from point to point."""
    axes = union((axis,), ragged.axes)
    lengths = np.maximum(ragged.data, 0)
    mask = spread(np.arange(length), (axis,), axes) < spread(lengths, ragged.axes, axes)
    return lengths, np.asarray(mask)


def along(
    kind: str, block: Block, at: int, mask: Array | None, counts: Array | None, numbers: Numbers, empty: bool
) -> Block:
    """`block` reduced along dimension `at`, over the terms of the mask.  empty: an empty maximum is an error."""
    axes = (*block.axes[:at], *block.axes[at + 1 :])
    if mask is not None:
        data = np.broadcast_to(block.data, np.broadcast_shapes(block.data.shape, mask.shape))
        block = replace(block, data=data)
        if block.err is not None:
            block = replace(block, err=np.where(mask, block.err, 0.0))
        if block.bad is not None:
            block = replace(block, bad=block.bad & mask)
    length = block.data.shape[at]
    bad: Array | None = None
    if block.bad is not None:
        bad = np.asarray(np.broadcast_to(block.bad, block.data.shape).any(axis=at))
    if kind not in _NEUTRAL and empty:
        none = np.full(block.data.shape[:at] + block.data.shape[at + 1 :], length == 0)
        none = none if counts is None else none | (counts == 0)
        if none.any():
            bad = none if bad is None else bad | none
    result = _REDUCE[kind](kind, block, at, mask, length if counts is None else counts, numbers)
    return replace(result, axes=axes, bad=bad)


def _filled(block: Block, mask: Array | None, neutral: int | float | bool) -> Array:
    return block.data if mask is None else np.where(mask, block.data, neutral)


def _sum(kind: str, block: Block, at: int, mask: Array | None, counts: int | Array, numbers: Numbers) -> Block:
    terms = _filled(block, mask, 0)
    if not DTYPES[block.dtype].is_float:
        return _integer_sum(block, terms, at)
    data = terms.sum(axis=at)
    if not numbers.bounded:
        return replace(block, data=round_float(np.asarray(data), block.dtype), err=None)
    size, err = np.abs(terms), 0.0
    if block.err is not None:
        every = np.broadcast_to(block.err, terms.shape)
        size, err = size + every, every.sum(axis=at)
    bound = err + numbers.gamma(counts, block.dtype) * size.sum(axis=at)
    return replace(block, data=np.asarray(data), err=np.asarray(bound))


def _integer_sum(block: Block, terms: Array, at: int) -> Block:
    length = terms.shape[at]
    low, high = min(0, block.low * length), max(0, block.high * length)
    if not fits64(low, high):
        block = tight(block)
        low, high = min(0, block.low * length), max(0, block.high * length)
    if not fits64(low, high):
        terms = terms.astype(object)
    data = np.asarray(terms.sum(axis=at))
    if data.dtype != object and terms.dtype == object:
        data = data.astype(object)
    err = None if block.err is None else np.broadcast_to(block.err, terms.shape).sum(axis=at)
    total = replace(block, data=data, err=err, low=low, high=high)
    return wrapped(total) if block.dtype != "int" else (tight(total) if data.dtype == object else total)


def _prod(kind: str, block: Block, at: int, mask: Array | None, counts: int | Array, numbers: Numbers) -> Block:
    terms = _filled(block, mask, 1)
    if DTYPES[block.dtype].is_float:
        data = np.multiply.reduce(terms, axis=at)
        if not numbers.bounded:
            return replace(block, data=round_float(np.asarray(data), block.dtype), err=None)
        size = np.abs(terms) if block.err is None else np.abs(terms) + block.err
        reach = np.multiply.reduce(np.broadcast_to(size, terms.shape), axis=at)
        bound = (reach - np.abs(data)) + (numbers.gamma(counts, block.dtype) * reach + numbers.underflow(reach))
        return replace(block, data=np.asarray(data), err=np.asarray(bound))
    if block.data.size:
        block = tight(block)
    top = max(block.magnitude, 1) ** max(1, terms.shape[at])
    exact = fits64(-top, top)
    data = np.multiply.reduce(terms if exact else terms.astype(object), axis=at)
    err = None if block.err is None else np.where(np.broadcast_to(block.err, terms.shape).any(axis=at), np.inf, 0.0)
    if not exact:
        top = max((abs(int(v)) for v in np.ravel(data)), default=1)
    return wrapped(replace(block, data=np.asarray(data), err=err, low=-top, high=top))


def _extreme(kind: str, block: Block, at: int, mask: Array | None, counts: int | Array, numbers: Numbers) -> Block:
    is_float = DTYPES[block.dtype].is_float
    worst: int | float = (
        (-np.inf if kind == "max" else np.inf) if is_float else (block.low if kind == "max" else block.high)
    )
    terms = _filled(block, mask, worst)
    if terms.shape[at] == 0:  # no value: the caller marks it bad, or combines it with a start value
        data = np.full(terms.shape[:at] + terms.shape[at + 1 :], worst if is_float else 0)
        return replace(block, data=data, err=None)
    data = (np.max if kind == "max" else np.min)(terms, axis=at)
    err = None if block.err is None else np.broadcast_to(block.err, terms.shape).max(axis=at)
    return replace(block, data=np.asarray(data), err=err)


def _truth(kind: str, block: Block, at: int, mask: Array | None, counts: int | Array, numbers: Numbers) -> Block:
    terms = _filled(block, mask, kind == "all")
    reduce = np.any if kind == "any" else np.all
    data = np.asarray(reduce(terms, axis=at))
    err = None
    if block.err is not None:
        fuzzy = np.broadcast_to(block.err, terms.shape) > 0
        err = np.where(reduce(terms | fuzzy, axis=at) == reduce(terms & ~fuzzy, axis=at), 0.0, 1.0)
    return replace(block, data=data, err=err)


def _arg(kind: str, block: Block, at: int, mask: Array | None, counts: int | Array, numbers: Numbers) -> Block:
    data, err = block.data, block.err
    if kind == "argmin":
        data = -data
    if data.shape[at] == 0:
        shape = data.shape[:at] + data.shape[at + 1 :]
        return Block((), np.zeros(shape, np.int64), INDEX)
    if mask is not None:
        least = data.min()
        data = np.where(mask, data, -np.inf if data.dtype == np.float64 else least - 1)
    first = np.asarray(data.argmax(axis=at))
    found = Block((), first, INDEX, low=0, high=data.shape[at] - 1)
    if err is None:
        return found
    allowed = admitted(data, np.broadcast_to(err, data.shape), at)
    indices = np.arange(data.shape[at]).reshape((-1,) + (1,) * (data.ndim - 1 - at))
    last = np.where(allowed, indices, -1).max(axis=at)
    start = np.where(allowed, indices, data.shape[at]).min(axis=at)
    return replace(found, err=np.maximum(last - first, first - start).astype(np.float64))


def admitted(data: Array, err: Array, at: int) -> Array:
    """Which indices may be the first maximum: those that reach the largest certain value."""
    floor = (data - err).max(axis=at, keepdims=True)
    return np.asarray(data + err >= floor)


_Reduction = Callable[[str, Block, int, Array | None, "int | Array", Numbers], Block]
_REDUCE: dict[str, _Reduction] = {
    "sum": _sum,
    "prod": _prod,
    "max": _extreme,
    "min": _extreme,
    "any": _truth,
    "all": _truth,
    "argmax": _arg,
    "argmin": _arg,
}


@rule("scan")
def _scan(engine: Engine, node: Expr, env: Env) -> Block:
    """A tensor of one dimension: the running reductions."""
    length, ragged = engine.extent(node.args[0], env)
    if ragged is not None:
        raise IrError(f"a scan whose length differs from element to element has no array: {node}")
    inner = env.bind(node.number, Range(0, length))
    block = _materialised(engine.value(node.args[1], inner), node.number, length)
    at = block.axes.index(node.number)
    moved = _last(block, at)
    result = _running(node.kind, moved, engine.numbers)
    if len(node.args) > 2:
        start = engine.value(node.args[2], env)
        running = _as_scalar(result)
        result = _as_tensor(combine(node.kind, start, running, engine.numbers))
    return replace(result, rank=1)


_SCANNED = -1
"""The axis that stands for a scan's own dimension while it is combined; all variables are numbered from 0."""


def _last(block: Block, at: int) -> Block:
    """Dimension `at` moved to the end, as the dimension of a tensor."""

    def move(array: Array | None, fill: Array) -> Array | None:
        return None if array is None else np.moveaxis(np.broadcast_to(array, fill.shape), at, -1)

    axes = (*block.axes[:at], *block.axes[at + 1 :])
    data = np.moveaxis(block.data, at, -1)
    return replace(block, axes=axes, data=data, err=move(block.err, block.data), bad=move(block.bad, block.data))


def _as_scalar(block: Block) -> Block:
    return replace(block, axes=(*block.axes, _SCANNED), rank=0)


def _as_tensor(block: Block) -> Block:
    return replace(block, axes=block.axes[:-1], rank=1)


def _running(kind: str, block: Block, numbers: Numbers) -> Block:
    """The running reduction along the last dimension."""
    bad = None if block.bad is None else np.logical_or.accumulate(block.bad, axis=-1)
    ufunc = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}.get(kind)
    if ufunc is None:
        ufunc = np.logical_or if kind == "any" else np.logical_and
    if DTYPES[block.dtype].is_float:
        return replace(_running_floats(kind, block, ufunc, numbers), bad=bad)
    length = block.data.shape[-1]
    terms = block.data
    if kind in ("sum", "prod"):
        top = block.magnitude * length if kind == "sum" else max(block.magnitude, 1) ** max(1, length)
        terms = terms if fits64(-top, top) else terms.astype(object)
        data = np.asarray(ufunc.accumulate(terms, axis=-1))
        err = None if block.err is None else np.add.accumulate(block.err, axis=-1)
        if kind == "prod" and err is not None:
            err = np.where(err > 0, np.inf, 0.0)
        return wrapped(tight(replace(block, data=data, err=err, bad=bad)))
    err = None if block.err is None else np.maximum.accumulate(block.err, axis=-1)
    return replace(block, data=np.asarray(ufunc.accumulate(terms, axis=-1)), err=err, bad=bad)


@np.errstate(over="ignore", invalid="ignore")  # what overflows is infinite, and so is its bound
def _running_floats(kind: str, block: Block, ufunc: np.ufunc, numbers: Numbers) -> Block:
    data = np.asarray(ufunc.accumulate(block.data, axis=-1))
    if not numbers.bounded:
        return replace(block, data=round_float(data, block.dtype), err=None)
    known = np.zeros(block.data.shape) if block.err is None else block.err
    if kind in ("max", "min"):
        return replace(block, data=data, err=np.maximum.accumulate(known, axis=-1))
    gamma = numbers.gamma(np.arange(1, data.shape[-1] + 1), block.dtype)
    size = ufunc.accumulate(np.abs(block.data) + known, axis=-1)
    if kind == "sum":
        return replace(block, data=data, err=np.add.accumulate(known, axis=-1) + gamma * size)
    return replace(block, data=data, err=(size - np.abs(data)) + gamma * size + numbers.underflow(size))


def neutral(kind: str, dtype: str) -> Block:
    """The value of an empty reduction that has one."""
    value = _NEUTRAL[kind]
    return scalar(float(value) if DTYPES[dtype].is_float else value, dtype)
