"""What one instruction costs its engine.

Sources: the instruction cost text of NKI 1 (cycles of the executing engine, N elements a partition) and the guides'
performance modes.  What is not published follows its nearest relative.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from accelcore_nki.tensors import PSUM, SBUF, Scattered

if TYPE_CHECKING:
    from accelcore_nki.recorder import Instruction
    from accelcore_nki.tensors import NkiTensor
    from accelcore_nki.timing.constants import Constants

_TWO_INPUTS = frozenset(("tensor_tensor", "tensor_copy_predicated", "select_reduce"))
_ALWAYS_TWICE = frozenset(("tensor_tensor_scan", "scalar_tensor_tensor", "tensor_scalar_cumulative"))
_READ_OUT = frozenset(("tensor_scalar_reduce",))
_STATISTICS = 13 / 3  # cycles an element of bn_aggr
_DMA_ENGINES = 16


@dataclass(frozen=True)
class Cost:
    """busy: ns of the engine; latency: ns more until the result is there; amount: bytes moved by DMA."""

    busy: float
    latency: float = 0.0
    amount: int = 0


def cost(instruction: Instruction, constants: Constants) -> Cost:
    """Cost of an instruction on its engine."""
    if instruction.engine == "dma":
        return _dma(instruction, constants)
    if instruction.engine == "tensor":
        return _tensor(instruction, constants)
    if instruction.engine == "sync":
        return Cost(constants.semaphore.value)
    clock = {"vector": constants.vector_clock, "scalar": constants.scalar_clock, "gpsimd": constants.gpsimd_clock}
    cycles = _cycles(instruction, constants) + constants.access.value
    ghz = clock[instruction.engine].value
    return Cost(cycles / ghz, constants.chain.value / ghz)


def _cycles(i: Instruction, constants: Constants) -> float:
    """Cycles on the vector, scalar or GpSimd engine."""
    least = constants.initiation.value
    n = max(view.free for view in (*i.dst[:1], *i.src[:2]))
    if i.op == "topk":
        return float(4 * i.args["n"] + i.dst[0].free)
    if i.engine == "gpsimd":
        return constants.gpsimd_start.value + n if i.op in ("iota", "affine_select") else max(least, 2 * n)
    if i.op == "reciprocal":
        return max(least, constants.reciprocal.value * n)
    if i.op == "bn_aggr":
        return max(least, _STATISTICS * n)
    if i.op in _ALWAYS_TWICE or (i.op in _TWO_INPUTS and not _one_pass(i)):
        n = 2 * n
    n_fast = n / _speed(i, constants)
    reads_out = i.op in _READ_OUT or (i.op in ("activation", "activate2") and len(i.dst) > 1)
    return max(least, n_fast) + (least if reads_out else 0)


def _one_pass(i: Instruction) -> bool:
    """Whether both inputs of a two-input operation stream at once: one is in PSUM, or all are 16 bits wide."""
    if any(view.storage.buffer == PSUM for view in i.src[:2]):
        return True
    return i.args.get("op") in ("add", "multiply", "subtract") and all(_narrow(v) for v in (*i.dst, *i.src))


def _speed(i: Instruction, constants: Constants) -> float:
    """Speed-up by the performance modes of the vector engine."""
    if i.engine != "vector":
        return 1.0
    views = (*i.dst[:1], *i.src[:1])
    inside = all(v.storage.buffer == SBUF and v.strides[-1] == 1 for v in views)
    if i.op in ("tensor_copy", "tensor_scalar", "memset") and all(_narrow(v) for v in views):
        full = constants.fast_copy.value
        return full if inside else min(full, 2.0)
    if i.op == "tensor_tensor" and all(_narrow(v) and v.storage.buffer == SBUF for v in (*i.dst, *i.src)):
        return constants.fast_pair.value
    return 1.0


def _narrow(view: NkiTensor) -> bool:
    return view.dtype in ("bfloat16", "float16")


def _tensor(i: Instruction, constants: Constants) -> Cost:
    """The tensor engine: a row of the moving operand each cycle, float32 in several passes."""
    wide = i.src[0].dtype in ("float32", "tfloat32")
    if i.op == "nc_transpose":
        columns, passes = i.src[0].shape[0], constants.transpose_passes.value if wide else 1
    else:
        columns = i.src[1].free // (2 if i.args["double_row"] else 1)
        passes = constants.fp32_passes.value if i.src[0].dtype == "float32" else 1
        if i.args["transpose"] or i.args["onezero"]:
            passes = min(passes, constants.transpose_passes.value)
    ghz = constants.tensor_clock.value
    busy = max(constants.initiation.value, columns) * passes
    return Cost(busy / ghz, constants.matmul_latency.value / ghz)


def _dma(i: Instruction, constants: Constants) -> Cost:
    """A DMA: an issue interval, its bytes at the shared bandwidth, or its descriptors, whichever is longest."""
    data = [v for v in i.src if v.size == i.dst[0].size or i.op == "dma_compute"] or [i.src[0]]
    amount = max(i.dst[0].size * i.dst[0].itemsize, sum(v.size * v.itemsize for v in data))
    share = 1.0
    if i.op == "dma_transpose":
        inside = i.src[0].storage.on_chip
        share = (constants.dma_transpose_sbuf if inside else constants.dma_transpose_hbm).value
    descriptors = max(map(runs, i.dst if i.op == "dma_transpose" else (*i.dst, *data)))
    transfer = amount / (constants.dma_bandwidth.value * share)
    busy = max(constants.dma_issue.value, transfer, descriptors * constants.dma_descriptor.value / _DMA_ENGINES)
    return Cost(busy, constants.dma_latency.value, amount)


def runs(view: NkiTensor) -> int:
    """Contiguous runs of a view: each needs a descriptor; on chip none crosses a partition."""
    if isinstance(view.indirection, Scattered):
        return view.size
    return _runs(view.shape, view.strides, 1 if view.storage.on_chip else 0)


@lru_cache(maxsize=4096)  # the tiles of a loop look alike
def _runs(shape: tuple[int, ...], strides: tuple[int, ...], first: int) -> int:
    length = 1
    for count, stride in zip(shape[:first:-1], strides[:first:-1], strict=True):
        if count > 1 and stride != length:
            break
        length *= count
    else:
        if len(shape) > first and strides[first] == length:
            length *= shape[first]
    return prod(shape) // length
