"""Functions of `nki.language` that compute: element-wise operators, reductions, load, store, matmul.

Each allocates its result and emits the instructions of `nki.isa` that a programmer would write.  Operators are also
values: `op=nl.add`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from accelcore_nki import isa
from accelcore_nki.dtypes import SIZES
from accelcore_nki.errors import fail
from accelcore_nki.generations import PARTITIONS
from accelcore_nki.operators import ACTIVATIONS, ARITHMETIC, BITS, COMPARE
from accelcore_nki.recorder import current
from accelcore_nki.tensors import NkiTensor


class Operator:
    """An operator of the engines: a value for `op=`, and a function on tiles."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __repr__(self) -> str:
        return f"nl.{self.__name__}"

    def __call__(self, x: Any, y: Any = None, dtype: Any = None) -> NkiTensor:
        """Apply it to tiles; a Python number on either side is broadcast."""
        if y is None:
            return _unary(self.__name__, x, dtype)
        return _binary(self.__name__, x, y, dtype)


OPERATORS = {name: Operator(name) for name in sorted((ARITHMETIC | BITS | ACTIVATIONS) - {"copy"})}


def _result(like: NkiTensor, dtype: Any, shape: Sequence[int] | None = None) -> NkiTensor:
    return current().allocate(tuple(shape or like.shape), dtype or like.dtype, "sbuf")


def _unary(name: str, x: NkiTensor, dtype: Any) -> NkiTensor:
    result = _result(x, dtype)
    if name == "reciprocal":
        isa.reciprocal(result, x)
    elif name in ACTIVATIONS:
        isa.activation(result, name, x)
    else:
        isa.tensor_scalar(result, x, name, None)
    return result


def _binary(name: str, x: Any, y: Any, dtype: Any) -> NkiTensor:
    tensors = [v for v in (x, y) if isinstance(v, NkiTensor)]
    if not tensors:
        raise fail("operand", f"nl.{name} of two Python numbers", hint="use Python's own arithmetic")
    wide = max(tensors, key=lambda t: (t.dtype in ("float32",), SIZES[t.dtype], t.size))
    kind = dtype or ("uint8" if name in COMPARE else wide.dtype)
    if len(tensors) == 2 and (x.ndim != y.ndim or x.shape[0] != y.shape[0]):
        from accelcore_nki.nki1 import shared

        return shared.function(name)(x, y, dtype=kind)  # type: ignore[no-any-return]  # a tensor
    if len(tensors) == 2:
        shape = tuple(max(a, b) for a, b in zip(x.shape, y.shape, strict=True))
        result = _result(wide, kind, shape)
        isa.tensor_tensor(result, x.broadcast_to(shape), y.broadcast_to(shape), name)
        return result
    result = _result(tensors[0], kind)
    reverse = tensors[0] is y
    isa.tensor_scalar(result, tensors[0], name, x if reverse else y, reverse0=reverse)
    return result


def copy(x: NkiTensor, dtype: Any = None) -> NkiTensor:
    """A copy in SBUF; also the activation `nl.copy`."""
    result = _result(x, dtype)
    isa.tensor_copy(result, x)
    return result


def fill(dst: NkiTensor, value: Any) -> None:
    """One value everywhere: a memset on chip, in HBM a column of it that DMA repeats."""
    if dst.storage.on_chip:
        isa.memset(dst, value)
        return
    column = current().allocate((min(PARTITIONS, dst.shape[0]), *(1,) * (dst.ndim - 1)), dst.dtype, "sbuf")
    isa.memset(column, value)
    for row in range(0, dst.shape[0], PARTITIONS):
        part = dst[row : min(dst.shape[0], row + PARTITIONS)]
        isa.dma_copy(part, column[: part.shape[0]].broadcast_to(part.shape))


def load(src: NkiTensor, dtype: Any = None) -> NkiTensor:
    """An SBUF tile with the values of an HBM tensor."""
    tile = current().allocate(src.shape, dtype or src.dtype, "sbuf")
    isa.dma_copy(tile, src)
    return tile


def store(dst: NkiTensor, value: NkiTensor) -> None:
    """Write a tile to HBM."""
    if value.buffer == "psum":
        value = copy(value)
    isa.dma_copy(dst, value)


def load_transpose2d(src: NkiTensor, dtype: Any = None) -> NkiTensor:
    """An SBUF tile with the transpose of a 2-D HBM tensor."""
    tile = current().allocate((src.shape[1], src.shape[0]), dtype or src.dtype, "sbuf")
    isa.dma_transpose(tile, src)
    return tile


def transpose(x: NkiTensor, dtype: Any = None) -> NkiTensor:
    """The transpose of a 2-D tile, in PSUM, by the tensor engine."""
    result = current().allocate((x.free, x.shape[0]), dtype or x.dtype, "psum")
    isa.nc_transpose(result, x, engine=isa.engine.tensor)
    return result


def matmul(x: NkiTensor, y: NkiTensor, transpose_x: bool = False) -> NkiTensor:
    """x @ y in PSUM; transpose_x: x is [K, M] already, which saves a transposition."""
    left = x if transpose_x else copy(transpose(x))
    result = current().allocate((left.free, y.free), "float32", "psum")
    isa.nc_matmul(result, left, y)
    return result


def _reducer(op: str) -> Callable[..., NkiTensor]:
    def reduce(x: NkiTensor, axis: Any, dtype: Any = None, keepdims: bool = False) -> NkiTensor:
        axes = {a % x.ndim for a in (axis if isinstance(axis, tuple | list) else (axis,))}
        kept = [1 if d in axes else n for d, n in enumerate(x.shape)]
        shape = kept if keepdims else [n for d, n in enumerate(x.shape) if d not in axes]
        result = current().allocate(tuple(shape) if len(shape) > 1 else (shape[0], 1), dtype or x.dtype, "sbuf")
        isa.tensor_reduce(result, op, x, axis)
        return result

    reduce.__name__ = op
    reduce.__doc__ = f"Reduce trailing free axes by {op}."
    return reduce


sum_, max_, min_, prod = (_reducer(op) for op in ("add", "maximum", "minimum", "multiply"))


def mean(x: NkiTensor, axis: Any, dtype: Any = None, keepdims: bool = False) -> NkiTensor:
    """The mean over trailing free axes."""
    total = sum_(x, axis, dtype, keepdims)
    isa.tensor_scalar(total, total, "multiply", total.size / x.size)
    return total


def softmax(x: NkiTensor, axis: Any = -1, dtype: Any = None) -> NkiTensor:
    """exp(x - max) / sum over the last axis."""
    if axis % x.ndim != x.ndim - 1 or x.ndim != 2:
        raise fail("axes", f"softmax over axis {axis} of {x.ndim} dimensions", x, hint="the free axis of a 2-D tile")
    top = current().allocate((x.shape[0], 1), "float32", "sbuf")
    isa.tensor_reduce(top, "maximum", x, 1, negate=True)
    total, result = current().allocate((x.shape[0], 1), "float32", "sbuf"), _result(x, dtype)
    isa.activation_reduce(result, "exp", x, "add", total, bias=top)
    isa.reciprocal(total, total)
    isa.tensor_scalar(result, result, "multiply", total)
    return result


def rms_norm(x: NkiTensor, w: NkiTensor, axis: int, n: int, epsilon: float = 1e-6, dtype: Any = None) -> NkiTensor:
    """x / sqrt(mean(x^2) + epsilon) * w over the free axis of a 2-D tile."""
    squares, total = _result(x, "float32"), current().allocate((x.shape[0], 1), "float32", "sbuf")
    isa.activation_reduce(squares, "square", x, "add", total)
    isa.tensor_scalar(total, total, "multiply", 1.0 / n, op1="add", operand1=epsilon)
    isa.activation(total, "rsqrt", total)
    result = _result(x, dtype)
    isa.scalar_tensor_tensor(result, x, "multiply", total, "multiply", w.broadcast_to(x.shape))
    return result
