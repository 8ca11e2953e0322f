"""Data movement: DMA, copies, fills, selections, shuffles, gathers, registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from accelcore_nki.dtypes import cast
from accelcore_nki.operators import binary
from accelcore_nki.tensors import Indirect

if TYPE_CHECKING:
    from accelcore_nki.execute.memory import Array, Memory
    from accelcore_nki.recorder import Instruction

_QUADRANT, _KEEP, _CORE = 32, 255, 16


def dma_copy(memory: Memory, i: Instruction) -> None:
    """dst = src, element by element in row-major order; unlike types go through float32; rmw adds to dst."""
    values = memory.read(i.src[0])
    if i.src[0].dtype != i.dst[0].dtype:
        values = values.astype(np.float32)
    if i.args.get("rmw"):
        memory.combine(i.dst[0], values.reshape(i.dst[0].shape), np.add if i.args["rmw"] == "add" else np.maximum)
        return
    source = i.src[0].indirection
    exists = memory.inside(i.src[0]) if isinstance(source, Indirect) and source.skip else None
    memory.write(i.dst[0], values, exists)


def dma_transpose(memory: Memory, i: Instruction) -> None:
    """dst = src with its axes permuted."""
    memory.write(i.dst[0], memory.read(i.src[0]).transpose(i.args["axes"]))


def dma_compute(memory: Memory, i: Instruction) -> None:
    """dst = the scaled sum or maximum of the sources, in float32."""
    combine = binary(i.args["op"])
    total: Array | None = None
    for view, scale in zip(i.src, i.args["scales"], strict=True):
        term = memory.read(view).astype(np.float32).reshape(i.dst[0].shape) * np.float32(scale)
        total = term if total is None else combine(total, term)
    assert total is not None
    memory.write(i.dst[0], total)


def tensor_copy(memory: Memory, i: Instruction) -> None:
    """dst = src; bit for bit when the types agree, else through float32 (integers stay exact)."""
    memory.write(i.dst[0], memory.tile(i.src[0]))


def memset(memory: Memory, i: Instruction) -> None:
    """dst = a constant."""
    value = np.asarray(i.args["value"])
    memory.write(i.dst[0], np.broadcast_to(cast(value.reshape(1), i.dst[0].dtype), i.dst[0].shape))


def iota(memory: Memory, i: Instruction) -> None:
    """dst[p, ...] = offset + p * channel_multiplier + the pattern."""
    memory.write(i.dst[0], affine(i))


def affine(i: Instruction) -> Array:
    """The affine values [partitions, elements] of an instruction's pattern, in int64."""
    values = np.full((i.dst[0].shape[0], 1), i.args["offset"], np.int64)
    values += np.arange(i.dst[0].shape[0])[:, None] * i.args["channel_multiplier"]
    for step, count in i.args["pattern"]:
        values = (values[:, :, None] + np.arange(count) * step).reshape(len(values), -1)
    return values


def affine_select(memory: Memory, i: Instruction) -> None:
    """dst = src where the affine value compares true with 0 (NKI 1: where a predicate holds), else a constant."""
    if "predicate" in i.args:
        memory.write(i.dst[0], np.where(i.args["predicate"], memory.real(i.src[0]), np.float32(i.args["value"])))
        return
    keep = binary(i.args["cmp"])(affine(i), np.zeros(1, np.int64)) != 0
    memory.write(i.dst[0], np.where(keep, memory.real(i.src[0]), np.float32(i.args["value"])))


def tensor_copy_predicated(memory: Memory, i: Instruction) -> None:
    """dst = src where the predicate holds; other elements stay."""
    predicate = (memory.tile(i.src[0]) != 0) != i.args["reverse"]
    shape = (i.dst[0].shape[0], i.dst[0].free)
    values = np.broadcast_to(memory.tile(i.src[1]) if len(i.src) > 1 else np.float32(i.args["value"]), shape)
    memory.write(i.dst[0], values, predicate)


def nc_stream_shuffle(memory: Memory, i: Instruction) -> None:
    """Partition p of each quadrant takes partition mask[p] of the same quadrant; 255 leaves it."""
    source = memory.tile(i.src[0])
    keep = [m == _KEEP for m in i.args["mask"]]
    result = np.zeros_like(source) if not any(keep) else memory.read(i.dst[0], check=False).reshape(source.shape).copy()
    for start in range(0, len(source), _QUADRANT):
        for p, m in enumerate(i.args["mask"][: len(source) - start]):
            if m != _KEEP:
                result[start + p] = source[start + m]
    memory.write(i.dst[0], result)


def nc_n_gather(memory: Memory, i: Instruction) -> None:
    """dst[p, j] = data[p, indices[p, j]]."""
    index = memory.tile(i.src[1]).astype(np.int64)
    memory.write(i.dst[0], np.take_along_axis(memory.tile(i.src[0]), index, axis=1))


def local_gather(memory: Memory, i: Instruction) -> None:
    """For each 16 partitions: their indices, partition first, pick runs of elements of all 16."""
    data, index = memory.tile(i.src[0]), memory.tile(i.src[1]).astype(np.int64)
    run, result = i.args["run"], []
    for start in range(0, len(data), _CORE):
        picks = index[start : start + _CORE].T.reshape(-1)[: i.args["valid"]]
        elements = (picks[:, None] * run + np.arange(run)).reshape(-1)
        result.append(data[start : start + _CORE][:, elements])
    memory.write(i.dst[0], np.concatenate(result))


def register_move(memory: Memory, i: Instruction) -> None:
    """register = number or register."""
    source = i.args["source"]
    memory.set_register(i.args["register"], source if i.args["immediate"] else memory.register(source))


def register_load(memory: Memory, i: Instruction) -> None:
    """register = the only element of a tensor."""
    memory.set_register(i.args["register"], int(memory.read(i.src[0]).reshape(-1)[0]))


def register_store(memory: Memory, i: Instruction) -> None:
    """The only element of a tensor = register."""
    memory.write(i.dst[0], np.full(i.dst[0].shape, memory.register(i.args["register"])))
