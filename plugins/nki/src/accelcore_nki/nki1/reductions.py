"""`neuronxcc.nki.language`: reductions, norms, selections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accelcore_nki import isa as core
from accelcore_nki.dtypes import name_of
from accelcore_nki.errors import source_line
from accelcore_nki.nki1 import elementwise, isa
from accelcore_nki.nki1.allocation import full
from accelcore_nki.nki1.elementwise import broadcast, copy
from accelcore_nki.nki1.tiles import Tile, defer, operand, ranges_of
from accelcore_nki.operators import ARITHMETIC
from accelcore_nki.recorder import current
from accelcore_nki.tensors import SBUF


def _reducer(op: str) -> Callable[..., Tile]:
    def reduce(x: Any, axis: Any, *, dtype: Any = None, mask: Any = None, keepdims: bool = False, **_: Any) -> Tile:
        return isa.tensor_reduce(op, x, axis, mask=mask, dtype=dtype, keepdims=keepdims)

    reduce.__name__ = op
    reduce.__doc__ = f"Reduce free axes by {op}."
    return reduce


sum, max, min, prod = (_reducer(op) for op in ("add", "maximum", "minimum", "multiply"))


def mean(x: Any, axis: Any, *, dtype: Any = None, mask: Any = None, keepdims: bool = False, **_: Any) -> Tile:
    """The mean over free axes."""
    total = isa.tensor_reduce("add", x, axis, mask=mask, dtype="float32", keepdims=keepdims)
    ranges = None if mask is None else ranges_of(mask, x.shape)
    count = 1
    for a in axis if isinstance(axis, tuple | list) else (axis,):
        at = a % x.ndim
        count *= x.shape[at] if not ranges else ranges[at][1] - ranges[at][0]
    return elementwise.binary("multiply", total, 1.0 / count, dtype or x.kind)


def var(x: Any, axis: Any, *, dtype: Any = None, mask: Any = None, **_: Any) -> Tile:
    """The variance over free axes."""
    centred = elementwise.binary("subtract", x, mean(x, axis, dtype="float32", mask=mask, keepdims=True), "float32")
    return mean(elementwise.unary("square", centred), axis, dtype=dtype or x.kind, mask=mask)


def all(x: Any, axis: Any, *, dtype: Any = bool, mask: Any = None, **_: Any) -> Tile:
    """Whether all elements along free axes are true."""
    return isa.tensor_reduce("minimum", elementwise.binary("not_equal", x, 0), axis, mask=mask, dtype=dtype)


def softmax(x: Any, axis: Any, *, dtype: Any = None, mask: Any = None, **_: Any) -> Tile:
    """exp(x - max) / sum over free axes."""
    top = isa.tensor_reduce("maximum", x, axis, mask=mask, dtype="float32", keepdims=True)
    raised = elementwise.unary("exp", elementwise.binary("subtract", x, top, "float32", mask), None, mask)
    total = isa.tensor_reduce("add", raised, axis, mask=mask, dtype="float32", keepdims=True)
    return elementwise.binary("divide", raised, total, dtype or x.kind, mask)


def rms_norm(
    x: Any, w: Any, axis: Any, n: int, epsilon: float = 1e-6, dtype: Any = None, mask: Any = None, **_: Any
) -> Tile:
    """x / sqrt(sum(x^2) / n + epsilon) * w."""
    squares = elementwise.unary("square", x, "float32", mask)
    total = isa.tensor_reduce("add", squares, axis, mask=mask, keepdims=True)
    root = elementwise.unary("rsqrt", isa.tensor_scalar(total, "multiply", 1.0 / n, False, "add", epsilon))
    return elementwise.binary("multiply", elementwise.binary("multiply", x, root, "float32", mask), w,
                              dtype or x.kind, mask)  # fmt: skip


def where(condition: Any, x: Any, y: Any, *, dtype: Any = None, mask: Any = None, **_: Any) -> Tile:
    """x where the condition holds, else y; each a tile or a number."""
    kinds = [v.kind for v in (x, y) if isinstance(v, Tile)]
    kind = name_of(dtype) if dtype is not None else elementwise.promote(*(kinds * 2)[:2]) if kinds else "float32"
    shape = elementwise.joint_shape([v for v in (condition, x, y) if isinstance(v, Tile)])
    result = full(shape, y, kind) if not isinstance(y, Tile) else operand_copy(broadcast(y, shape), kind)
    test = condition if condition.kind in ("bool", "uint8") else elementwise.binary("not_equal", condition, 0)
    chosen = operand_copy(broadcast(x, shape), kind) if isinstance(x, Tile) else x
    isa.tensor_copy_predicated(src=chosen, dst=result, predicate=broadcast(test, shape), mask=mask)
    return result


def operand_copy(tile: Tile, kind: str) -> Tile:
    """A copy with a place of its own."""
    result = copy(tile, dtype=kind)
    operand(result)
    return result


def gather_flattened(data: Any, indices: Any, *, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """data[p, indices[p, j]]."""
    index = operand(copy(indices, dtype="uint32"))
    source = operand(data)
    return defer(indices.shape, data.kind, lambda dst: core.nc_n_gather(dst, source, index), buffers=(SBUF,))


_loops: dict[tuple[int, str], Tile] = {}


def loop_reduce(x: Any, op: Any, loop_indices: Any, *, dtype: Any = None, mask: Any = None, **_: Any) -> Tile:
    """The running reduction of a tile over the iterations of loops, which start at 0."""
    from accelcore_nki.operators import operator_name

    kind = operator_name(op, ARITHMETIC)
    indices = loop_indices if isinstance(loop_indices, tuple | list) else (loop_indices,)
    place = (id(current()), source_line())
    fresh = not any(int(i) for i in indices)
    if fresh:
        result = copy(x, dtype=dtype, mask=mask)
    else:
        before = _loops[place]
        result = elementwise.binary(kind, before, x, dtype or before.kind, mask)
    _loops[place] = result
    return result
