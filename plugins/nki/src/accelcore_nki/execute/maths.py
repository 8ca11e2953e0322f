"""Arithmetic: matrix products, element-wise operations, reductions, scans, activations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from accelcore_nki.dtypes import numpy_type
from accelcore_nki.execute.threads import one_thread
from accelcore_nki.operators import BITS, activation, binary, bits, reduction

if TYPE_CHECKING:
    from accelcore_nki.execute.memory import Array, Memory
    from accelcore_nki.recorder import Instruction

_CORE = 16  # partitions of a GpSimd core
_NEUTRAL = {"add": 0.0, "subtract": 0.0, "multiply": 1.0, "maximum": -np.inf, "minimum": np.inf,
            "abs_max": 0.0, "abs_min": np.inf}  # fmt: skip
_EXACT = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "maximum": np.maximum, "minimum": np.minimum}


def nc_matmul(memory: Memory, i: Instruction) -> None:
    """dst (+)= stationary.T @ moving with float32 accumulation; a transposition moves bits."""
    stationary, moving = memory.read(i.src[0]), memory.read(i.src[1])
    if i.args["transpose"] and np.array_equal(moving.astype(np.float32), np.eye(len(moving), dtype=np.float32)):
        memory.write(i.dst[0], stationary.reshape(len(stationary), -1).T)
        return
    rows = stationary.shape[0] * (2 if i.args["double_row"] else 1)
    left, right = (tile.astype(np.float32).reshape(rows, -1) for tile in (stationary, moving))
    with one_thread():
        product = left.T @ right
    accumulate = i.args["accumulate"]
    if accumulate is None:
        accumulate = not memory.untouched(i.dst[0])
    if accumulate:
        product = product + memory.real(i.dst[0])
    memory.write(i.dst[0], product)


def nc_transpose(memory: Memory, i: Instruction) -> None:
    """dst = data.T, bit for bit."""
    memory.write(i.dst[0], memory.tile(i.src[0]).T)


def tensor_tensor(memory: Memory, i: Instruction) -> None:
    """dst = data1 op data2: bits, exact 32-bit integers on GpSimd, else float32."""
    op, a, b = i.args["op"], i.src[0], i.src[1]
    if op in BITS:
        left = memory.tile(a)
        memory.write(i.dst[0], bits(op)(left, memory.tile(b).astype(left.dtype)))
    elif i.args["exact"] and op in _EXACT:
        kind = numpy_type(i.dst[0].dtype)
        left, right = memory.tile(a).astype(np.int64), memory.tile(b).astype(np.int64)
        memory.write(i.dst[0], _EXACT[op](left, right).astype(kind))
    else:
        memory.write(i.dst[0], binary(op)(memory.real(a), memory.real(b)))


def _operand(memory: Memory, i: Instruction, key: str) -> Array:
    """A scalar or per-partition operand: args[key] is a number, or ("src", position)."""
    value = i.args[key]
    if isinstance(value, tuple):
        return memory.real(i.src[value[1]])
    return np.float32(value if value is not None else 0)  # type: ignore[return-value]  # a scalar broadcasts like one


def _step(memory: Memory, i: Instruction, values: Array, at: int) -> Array:
    """One `op operand` stage of a tensor_scalar."""
    operand, op = _operand(memory, i, f"operand{at}"), i.args[f"op{at}"]
    pair = (operand, values) if i.args.get(f"reverse{at}") else (values, operand)
    return binary(op)(*pair)


def tensor_scalar(memory: Memory, i: Instruction) -> None:
    """dst = (data op0 operand0) op1 operand1."""
    if i.args["op0"] in BITS:
        values = memory.tile(i.src[0])
        for at in (0, 1):
            if (op := i.args[f"op{at}"]) is not None:
                raw = i.args[f"operand{at}"]
                operand = memory.tile(i.src[raw[1]]) if isinstance(raw, tuple) else np.asarray(raw or 0)
                pair = (operand.astype(values.dtype), values)
                values = bits(op)(*(pair if i.args[f"reverse{at}"] else pair[::-1]))
        memory.write(i.dst[0], values)
        return
    result = _step(memory, i, memory.real(i.src[0]), 0)
    memory.write(i.dst[0], result if i.args["op1"] is None else _step(memory, i, result, 1))


def scalar_tensor_tensor(memory: Memory, i: Instruction) -> None:
    """dst = (data op0 scalar) op1 tensor."""
    first, other = _step(memory, i, memory.real(i.src[0]), 0), memory.real(i.src[1])
    memory.write(i.dst[0], binary(i.args["op1"])(*((other, first) if i.args["reverse1"] else (first, other))))


def tensor_reduce(memory: Memory, i: Instruction) -> None:
    """dst = the trailing free axes of data, reduced."""
    op, keep = i.args["op"], i.dst[0].free
    values = memory.tile(i.src[0]) if op in BITS else memory.real(i.src[0])
    result = reduction(op, values.reshape(len(values), keep, -1))
    memory.write(i.dst[0], -result if i.args["negate"] else result)


def tensor_partition_reduce(memory: Memory, i: Instruction) -> None:
    """dst[0, :] = data reduced over its partitions."""
    op = i.args["op"]
    values = memory.tile(i.src[0]) if op in BITS else memory.real(i.src[0])
    memory.write(i.dst[0], reduction(op, values.T[None]))


def accumulate(memory: Memory, i: Instruction, values: Array, op: str, engine: str) -> None:
    """The engine's accumulator registers: reset, reduce, load, and read out into reduce_res."""
    command = i.args["command"]
    have = memory.accumulators.get(engine)
    if command in ("reset", "reset_reduce") or have is None or len(have) != len(values):
        have = np.full((len(values), 1), _NEUTRAL[op], np.float32)
    if command == "load_reduce":
        have = np.broadcast_to(_operand(memory, i, "initial"), (len(values), 1))
    if command in ("reduce", "reset_reduce", "load_reduce"):
        have = binary(op)(have, reduction(op, values.reshape(len(values), -1))[:, None])
    memory.accumulators[engine] = have
    if len(i.dst) > 1:
        memory.write(i.dst[1], have)


def tensor_scalar_reduce(memory: Memory, i: Instruction) -> None:
    """dst = data op0 operand0, and its reduction over the free axes."""
    result = _step(memory, i, memory.real(i.src[0]), 0)
    memory.write(i.dst[0], result)
    accumulate(memory, i, result, i.args["reduce"], "vector")


def activate(memory: Memory, i: Instruction) -> None:
    """dst = f(data * scale + bias), and optionally its sum."""
    value = memory.real(i.src[0]) * _operand(memory, i, "scale") + _operand(memory, i, "bias")
    result = np.asarray(activation(i.args["op"])(value), np.float32)
    memory.write(i.dst[0], result)
    if i.args["command"] != "idle" or len(i.dst) > 1:
        accumulate(memory, i, result, "add", "scalar")


def activate2(memory: Memory, i: Instruction) -> None:
    """dst = f((data op0 imm0) op1 imm1), and optionally its reduction."""
    value = _step(memory, i, _step(memory, i, memory.real(i.src[0]), 0), 1)
    result = np.asarray(activation(i.args["op"])(value), np.float32)
    memory.write(i.dst[0], result)
    if i.args["command"] != "idle" or len(i.dst) > 1:
        accumulate(memory, i, result, i.args["reduce"], "scalar")


def exponential(memory: Memory, i: Instruction) -> None:
    """dst = exp(src - max) on the vector engine, and optionally its sum."""
    result = np.exp(memory.real(i.src[0]) - _operand(memory, i, "maximum"))
    memory.write(i.dst[0], result)
    if i.args["command"] != "idle":
        accumulate(memory, i, result, "add", "vector")


def reciprocal(memory: Memory, i: Instruction) -> None:
    """dst = 1 / data."""
    memory.write(i.dst[0], np.float32(1) / memory.real(i.src[0]))


def tensor_tensor_scan(memory: Memory, i: Instruction) -> None:
    """result[j] = (data0[j] op0 result[j-1]) op1 data1[j], from `initial`."""
    a, b = memory.real(i.src[0]), memory.real(i.src[1])
    first, second = binary(i.args["op0"]), binary(i.args["op1"])
    state = np.broadcast_to(_operand(memory, i, "initial"), (len(a), 1))[:, 0].astype(np.float32)
    result = np.empty_like(a)
    for j in range(a.shape[1]):
        state = first(state, a[:, j]) if i.args["reverse0"] else first(a[:, j], state)
        state = second(b[:, j], state) if i.args["reverse1"] else second(state, b[:, j])
        result[:, j] = state
    memory.write(i.dst[0], result)


def tensor_scalar_cumulative(memory: Memory, i: Instruction) -> None:
    """out[j] = register = (src[j] op0 imm0) op1 register."""
    values = _step(memory, i, memory.real(i.src[0]), 0)
    op, command = i.args["op1"], i.args["command"]
    state = np.full(len(values), _NEUTRAL[op], np.float32)
    if command == "load_reduce":
        state = np.broadcast_to(_operand(memory, i, "initial"), (len(values), 1))[:, 0].astype(np.float32)
    elif command == "reduce" and "vector" in memory.accumulators:
        state = memory.accumulators["vector"][:, 0]
    result = np.empty_like(values)
    for j in range(values.shape[1]):
        state = binary(op)(values[:, j], state)
        result[:, j] = state
    memory.accumulators["vector"] = state[:, None]
    memory.write(i.dst[0], result)


def bn_stats(memory: Memory, i: Instruction) -> None:
    """count, mean, variance * count of the even elements, then of the odd ones."""
    data = memory.real(i.src[0])
    columns = []
    for half in (data[:, 0::2], data[:, 1::2]):
        count = half.shape[1]
        mean = half.mean(axis=1) if count else np.zeros(len(data), np.float32)
        columns += [np.full(len(data), count, np.float32), mean, ((half - mean[:, None]) ** 2).sum(axis=1)]
    memory.write(i.dst[0], np.stack(columns, axis=1))


def bn_aggr(memory: Memory, i: Instruction) -> None:
    """Mean and variance of all groups of (count, mean, variance * count)."""
    groups = memory.real(i.src[0]).reshape(i.src[0].shape[0], -1, 3).astype(np.float64)
    count, mean, spread = groups[:, :, 0], groups[:, :, 1], groups[:, :, 2]
    total = count.sum(axis=1)
    centre = (count * mean).sum(axis=1) / total
    variance = (spread + count * (mean - centre[:, None]) ** 2).sum(axis=1) / total
    memory.write(i.dst[0], np.stack([centre, variance], axis=1))


def range_select(memory: Memory, i: Instruction) -> None:
    """dst = data where start + position compares true with both bounds, else a constant; and its maximum."""
    data = memory.real(i.src[0])
    position = np.arange(data.shape[1], dtype=np.float32) + np.float32(i.args["start"])
    keep = (binary(i.args["op0"])(position, memory.real(i.src[1])) != 0) & (
        binary(i.args["op1"])(position, memory.real(i.src[2])) != 0
    )
    result = np.where(keep, data, np.float32(i.args["value"]))
    memory.write(i.dst[0], result)
    if i.args["command"] != "idle":
        accumulate(memory, i, result, "maximum", "vector")


def select_reduce(memory: Memory, i: Instruction) -> None:
    """dst = on_true where the predicate holds, else on_false; and its maximum."""
    predicate = (memory.tile(i.src[1]) != 0) != i.args["reverse"]
    result = np.where(predicate, memory.real(i.src[0]), _operand(memory, i, "false"))
    memory.write(i.dst[0], result)
    if i.args["command"] != "idle":
        accumulate(memory, i, result, "maximum", "vector")


def max8(memory: Memory, i: Instruction) -> None:
    """The 8 largest of each partition, in descending order."""
    memory.write(i.dst[0], -np.sort(-memory.real(i.src[0]), axis=1)[:, :8])


def _first_matches(data: Array, wanted: Array) -> Array:
    """For each of 8 values the first position that holds it and is not taken by an equal value before; -1 for none."""
    found = np.full(wanted.shape, -1, np.int64)
    taken = np.zeros(data.shape, bool)
    rows = np.arange(len(data))
    for k in range(wanted.shape[1]):
        match = (data == wanted[:, k : k + 1]) & ~taken
        at = match.argmax(axis=1)
        hit = match[rows, at]
        found[hit, k] = at[hit]
        taken[rows[hit], at[hit]] = True
    return found


def nc_find_index8(memory: Memory, i: Instruction) -> None:
    """Positions of 8 values in each partition."""
    memory.write(i.dst[0], _first_matches(memory.real(i.src[0]), memory.real(i.src[1])))


def nc_match_replace8(memory: Memory, i: Instruction) -> None:
    """dst = data with the first occurrence of each of 8 values replaced; and their positions."""
    data = memory.real(i.src[0])
    found = _first_matches(data, memory.real(i.src[1]))
    result = data.copy()
    rows, columns = np.nonzero(found >= 0)
    result[rows, found[rows, columns]] = i.args["value"]
    memory.write(i.dst[0], result)
    if len(i.dst) > 1:
        memory.write(i.dst[1], found)


def topk(memory: Memory, i: Instruction) -> None:
    """The largest n elements of each 16 partitions; places count partition first, results go the same way."""
    source = memory.real(i.src[0])
    count, k = i.args["n"], i.dst[0].free
    values, places = (memory.read(v, check=False).reshape(len(source), -1).copy() for v in i.dst)
    for start in range(0, len(source), _CORE):
        snake = source[start : start + _CORE].T.reshape(-1)[:count]
        best = np.argsort(-snake, kind="stable")[:k]
        best = best if i.args["sorted"] else best[::-1]
        at, rows = np.arange(k) // _CORE, start + np.arange(k) % _CORE
        values[rows, at], places[rows, at] = snake[best], best
    written = np.zeros(values.shape, bool)
    written[:, : -(-k // _CORE)] = True
    memory.write(i.dst[0], values, written)
    memory.write(i.dst[1], places, written)


def nonzero_with_count(memory: Memory, i: Instruction) -> None:
    """In every 16th partition: places of what is not 0, then padding, then how many."""
    source, target = i.src[0], i.dst[0]
    values = np.full((target.shape[0], target.free), i.args["padding"], np.int64)
    written = np.zeros(values.shape, bool)
    for p in range(0, source.shape[0], _CORE):
        found = np.flatnonzero(memory.tile(source[p : p + 1])[0])
        values[p, : len(found)], values[p, -1] = found + i.args["offset"], len(found)
        written[p] = True
    memory.write(target, values, written)


def sequence_bounds(memory: Memory, i: Instruction) -> None:
    """First index and last index + 1 of each element's run of equal segment numbers."""
    segments = memory.real(i.src[0])[0]
    count = len(segments)
    edges = np.flatnonzero(np.diff(segments)) + 1
    starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [count]])
    run = np.searchsorted(edges, np.arange(count), side="right")
    first = np.where(segments == 0, count, starts[run])
    last = np.where(segments == 0, -1, ends[run])
    memory.write(i.dst[0], np.concatenate([first, last])[None])
