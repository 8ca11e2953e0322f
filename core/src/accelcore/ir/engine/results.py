"""Between the caller's arrays and blocks: inputs in, results out, large results a chunk at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.engine.block import INT64, Array, Block, integers, tight
from accelcore.ir.engine.core import CHUNK, Engine, Env, Range
from accelcore.ir.engine.reductions import admitted
from accelcore.ir.engine.rounding import round_float
from accelcore.ir.evaluate import Bounded, Choices, Interval
from accelcore.ir.expr import Expr, walk

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Place = tuple[Any, ...]
"""Slices of the leading dimensions of a result."""

_STORAGE = {"f16": np.float16, "f32": np.float32, "bf16": np.float32, "f64": np.float64, "real": np.float64}


def prepared(roots: tuple[Expr, ...], inputs: Mapping[str, ArrayLike]) -> dict[str, Block]:
    """The inputs that occur as blocks, converted to the dtype in which the expressions read them."""
    wanted = {node.name: node for root in roots for node in walk(root) if node.op in ("input", "param")}
    return {name: _input(node, inputs[name]) for name, node in wanted.items() if name in inputs}


def _input(node: Expr, given: ArrayLike) -> Block:
    facts = DTYPES[node.dtype]
    array = np.asarray(given)
    if facts.is_integer and array.dtype.kind == "f" and not isinstance(given, np.ndarray):
        array = np.asarray(given, object)  # integers of lists that fit neither int64 nor uint64 alone
    if array.ndim != node.rank:
        raise IrError(f"input {node.name!r} has {array.ndim} axes, the expression reads {node.rank}")
    if facts.is_float:
        if array.dtype == object:
            array = np.vectorize(float, otypes=[np.float64])(array) if array.size else array.astype(np.float64)
        data = round_float(array.astype(np.float64), node.dtype)
        return Block((), data, node.dtype, rank=node.rank)
    if facts.kind == "bool":
        return Block((), array.astype(bool), node.dtype, low=0, high=1, rank=node.rank)
    if array.dtype.kind in "fO" or (array.dtype.kind == "u" and array.dtype.itemsize == 8):
        if array.dtype.kind != "u" and any(int(v) != v for v in array.ravel()):
            raise IrError(f"input {node.name!r} holds fractions where the expression reads {node.dtype}")
        array = integers([int(v) for v in array.ravel()]).reshape(array.shape)
    data = array if array.dtype == object else array.astype(np.int64)
    block = tight(Block((), data, node.dtype, rank=node.rank))
    if facts.low is not None and not (facts.low <= block.low and block.high <= (facts.high or 0)):
        raise IrError(f"input {node.name!r} holds values outside {node.dtype}")
    return block


@dataclass
class Table:
    """A result under construction: full arrays, filled chunk by chunk."""

    data: Array
    dtype: str
    err: Array | None = None
    bad: Array | None = None
    allowed: Array | None = None


def tabulate(root: Expr, engine: Engine, env: Env) -> Block | Table:
    """A closed expression: comps over scalars as a table that is filled in chunks, anything else as one block."""
    shape: list[int] = []
    e = root
    while e.op == "comp":
        if e.args[0].free:
            raise IrError(f"the extent {e.args[0]} differs from row to row: that is no array")
        shape.append(engine.extent(e.args[0], env)[0])
        e = e.args[1]
    if e.rank:
        block = engine.value(root, env)
        if block.bad is not None and block.bad.any():
            raise IrError(_missing(root))
        return block
    table = Table(np.empty(shape, _array_type(e)), e.dtype)
    if engine.numbers.bounded:
        table.err = np.zeros(shape)
        if e.op == "reduce" and e.kind in ("argmax", "argmin") and not e.args[0].free:
            table.allowed = np.zeros((*shape, engine.extent(e.args[0], env)[0]), bool)
    _fill(root, (), table, engine, env, math.prod(shape))
    return table


def _array_type(element: Expr) -> Any:
    facts = DTYPES[element.dtype]
    if facts.is_float:
        return np.float64
    if facts.kind == "bool":
        return bool
    return np.int64


def _fill(e: Expr, where: Place, table: Table, engine: Engine, env: Env, total: int) -> None:
    """Write the values of `e` to table[where]: in one go when they are few, else by ranges of the first comp."""
    if e.op != "comp" or total <= CHUNK:
        _write(e, (*where, ...), table, engine, env)
        return
    length, _ = engine.extent(e.args[0], env)
    step = max(1, CHUNK * length // max(1, total))
    for start in range(0, length, step):
        stop = min(start + step, length)
        inner = env.bind(e.number, Range(start, stop), scoped=True)
        part = max(1, total // max(1, length) * (stop - start))
        _fill(e.args[1], (*where, slice(start, stop)), table, engine, inner, part)


def _write(e: Expr, where: Place, table: Table, engine: Engine, env: Env) -> None:
    """One chunk: all of `e` at table[where]."""
    numbers = sorted(env.ranges, reverse=True)
    inner = env
    while e.op == "comp":
        length, _ = engine.extent(e.args[0], inner)
        inner = inner.bind(e.number, Range(0, length))
        numbers.append(e.number)
        e = e.args[1]
    block = engine.value(e, inner)
    if block.data.dtype == object and table.data.dtype == np.int64:  # integers that need more than 64 bits
        table.data = table.data.astype(object)
    shape = table.data[where].shape
    table.data[where] = np.broadcast_to(_over(block.data, block, numbers), shape)
    if table.err is not None and block.err is not None:
        table.err[where] = np.broadcast_to(_over(block.err, block, numbers), shape)
    if block.bad is not None and block.data.size and block.bad.any():  # bad may be of length 1 where data has none
        raise IrError(_missing(e))
    if table.allowed is not None and e.op == "reduce":
        table.allowed[where] = _allowed(e, numbers, engine, inner, shape)


def _over(array: Array, block: Block, numbers: list[int]) -> Array:
    """The block's array over the comps' variables, outermost first."""
    return array[tuple(slice(None) if n in block.axes else None for n in numbers)]


def _allowed(e: Expr, numbers: list[int], engine: Engine, env: Env, shape: tuple[int, ...]) -> Array:
    """Which indices an argmax or argmin may give, for every element."""
    length, _ = engine.extent(e.args[0], env)
    body = engine.value(e.args[1], env.bind(e.number, Range(0, length)))
    sign = -1.0 if e.kind == "argmin" else 1.0
    order = [*numbers, e.number]
    data = np.broadcast_to(sign * _over(body.data, body, order), (*shape, length))
    if body.err is None or not body.err.any():
        return np.asarray(np.arange(length) == data.argmax(axis=-1)[..., None])
    return admitted(data, np.broadcast_to(_over(body.err, body, order), data.shape), data.ndim - 1)


def _missing(e: Expr) -> str:
    shown = repr(e)
    causes = "an index out of range, a division by zero, or a value that does not fit"
    return f"an element of {shown[:200]} does not exist: {causes}"


def plain(result: Block | Table) -> Any:
    """The result in the storage type of its dtype; a Python number for a scalar."""
    data, dtype = result.data, result.dtype
    facts = DTYPES[dtype]
    if facts.is_float:
        with np.errstate(over="ignore"):
            data = data.astype(_STORAGE[dtype])
    elif facts.kind == "bool":
        data = data.astype(bool)
    elif facts.bits is None:
        data = tight(Block((), data, dtype)).data if data.dtype == object else data
    else:
        data = data.astype(np.dtype(f"{'u' if facts.kind == 'uint' else ''}int{facts.bits}"))
    return data.item() if data.ndim == 0 else np.ascontiguousarray(data)


def bounded(result: Block | Table) -> Bounded:
    """The result with its bound and what else is accepted."""
    data = np.asarray(tight(Block((), result.data, result.dtype)).data if result.data.dtype == object else result.data)
    err = np.zeros(data.shape) if result.err is None else np.broadcast_to(result.err, data.shape)
    allowed = result.allowed if isinstance(result, Table) else None
    if allowed is not None:
        return Bounded(data, err, Choices(allowed))
    if DTYPES[result.dtype].is_float or not err.any():
        return Bounded(data, err)
    reach = np.where(err < 2.0**62, np.floor(err), 2.0**62).astype(np.int64)
    if data.dtype == bool:
        reach, data = np.minimum(reach, 1), data
        return Bounded(data, err, Interval(data & (reach == 0), data | (reach > 0)))
    wide = np.abs(data.astype(np.float64)) + reach > 2.0**62
    low = np.where(wide, INT64.min, np.where(wide, 0, data) - np.where(wide, 0, reach))
    high = np.where(wide, INT64.max, np.where(wide, 0, data) + np.where(wide, 0, reach))
    return Bounded(data, err, Interval(low, high))
