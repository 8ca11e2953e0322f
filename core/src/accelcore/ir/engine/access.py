"""Elements of tensors: strided views where indices are affine, gathers otherwise.

An index that is an affine function of index variables makes `t[i + r, 2*j]` a view: the stride of a variable is the
sum of its coefficients times the strides of the dimensions that it moves in.  So windows, transposes, diagonals and
slices cost nothing and a convolution's operand is never copied before its contraction.  Where an index leaves the
tensor, the read is clipped and marked `bad`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from accelcore.ir.engine.block import Array, Block, either, spread, union
from accelcore.ir.expr import Expr

if TYPE_CHECKING:
    from accelcore.ir.engine.core import Engine, Env

_TRANSPARENT = frozenset({"int", "i64"})


@dataclass(frozen=True)
class Affine:
    """base + sum of coefficient * variable, over the index variables of the environment."""

    base: int
    terms: tuple[tuple[int, int], ...] = ()

    def combine(self, other: Affine, sign: int) -> Affine:
        """self + sign * other."""
        terms = dict(self.terms)
        for variable, coefficient in other.terms:
            terms[variable] = terms.get(variable, 0) + sign * coefficient
        return Affine(self.base + sign * other.base, tuple(sorted(terms.items())))

    def scale(self, factor: int) -> Affine:
        """factor * self."""
        return Affine(self.base * factor, tuple((v, c * factor) for v, c in self.terms))


def affine(e: Expr, engine: Engine, env: Env) -> Affine | None:
    """The affine form of an index, or None."""
    if e.op == "var" and e.number in env.ranges:
        return Affine(0, ((e.number, 1),))
    if not any(n in env.ranges for n in e.free):
        block = engine.value(e, env)
        if block.axes or block.err is not None or block.bad is not None:
            return None
        return Affine(int(block.data))
    if e.op == "cast" and e.dtype in _TRANSPARENT and e.args[0].dtype in _TRANSPARENT:
        return affine(e.args[0], engine, env)
    if e.op not in ("add", "sub", "mul", "neg") or e.dtype not in _TRANSPARENT:
        return None
    parts = [affine(a, engine, env) for a in e.args]
    left, right = parts[0], parts[-1]
    if left is None or right is None:
        return None
    if e.op == "neg":
        return left.scale(-1)
    if e.op == "mul":
        if left.terms and right.terms:
            return None
        return right.scale(left.base) if not left.terms else left.scale(right.base)
    return left.combine(right, 1 if e.op == "add" else -1)


def element(node: Expr, engine: Engine, env: Env) -> Block:
    """The block of a get node."""
    tensor = engine.value(node.args[0], env)
    forms = [affine(a, engine, env) for a in node.args[1:]]
    known = [f for f in forms if f is not None]
    if len(known) == len(forms) and all(_inside(f, n, env) for f, n in zip(known, _extents(tensor), strict=False)):
        return _view(tensor, known, env)
    return _gather(tensor, [engine.value(a, env) for a in node.args[1:]])


def _extents(tensor: Block) -> tuple[int, ...]:
    return tuple(tensor.data.shape[len(tensor.axes) :])


def _inside(form: Affine, extent: int, env: Env) -> bool:
    """Whether the index stays in the tensor for all values of its variables."""
    low = high = form.base
    for variable, coefficient in form.terms:
        span = env.ranges[variable]
        if span.stop <= span.start:
            return False
        first, last = coefficient * span.start, coefficient * (span.stop - 1)
        low, high = low + min(first, last), high + max(first, last)
    return low >= 0 and high < extent


def _view(tensor: Block, forms: list[Affine], env: Env) -> Block:
    axes = union(tensor.axes, *(tuple(v for v, c in f.terms if c) for f in forms))
    data = tensor.data

    def strided(array: Array | None) -> Array | None:
        if array is None:
            return None
        whole = np.broadcast_to(array, data.shape)
        outer = len(tensor.axes)
        strides = {n: whole.strides[at] for at, n in enumerate(tensor.axes)}
        start = []
        for at, form in enumerate(forms):
            start.append(form.base + sum(c * env.ranges[v].start for v, c in form.terms))
            for variable, coefficient in form.terms:
                strides[variable] = strides.get(variable, 0) + coefficient * whole.strides[outer + at]
        rest = outer + len(forms)
        corner = whole[(*(slice(None),) * outer, *(slice(s, None) for s in start))]
        shape = (*(env.ranges[n].length for n in axes), *whole.shape[rest:])
        steps = (*(strides[n] for n in axes), *whole.strides[rest:])
        return np.lib.stride_tricks.as_strided(corner, shape, steps, writeable=False)

    view = strided(data)
    assert view is not None
    rank = tensor.rank - len(forms)
    return Block(axes, view, tensor.dtype, strided(tensor.err), strided(tensor.bad), tensor.low, tensor.high, rank)


def _gather(tensor: Block, indices: list[Block]) -> Block:
    axes = union(tensor.axes, *(b.axes for b in indices))
    where: list[Array] = []
    for at, number in enumerate(tensor.axes):
        where.append(spread(np.arange(tensor.data.shape[at]), (number,), axes))
    outside: Array | None = None
    for block, extent in zip(indices, _extents(tensor), strict=False):
        index = spread(block.data, block.axes, axes)
        wrong = (index < 0) | (index >= extent)
        if wrong.any():
            outside = either(outside, np.asarray(wrong, bool))
        if block.bad is not None:
            outside = either(outside, spread(block.bad, block.axes, axes))
        where.append(np.asarray(np.clip(index, 0, max(extent - 1, 0)), np.int64))
    rank = tensor.rank - len(indices)
    if tensor.data.size == 0:
        return _nothing(tensor, axes, where, rank)
    place = tuple(where)
    data = tensor.data[place]
    err = None if tensor.err is None else np.broadcast_to(tensor.err, tensor.data.shape)[place]
    bad = None if tensor.bad is None else np.broadcast_to(tensor.bad, tensor.data.shape)[place]
    if outside is not None:
        outside = outside.reshape(outside.shape + (1,) * rank)
        bad = outside | (np.zeros(data.shape, bool) if bad is None else bad)
    block = Block(axes, data, tensor.dtype, err, bad, tensor.low, tensor.high, rank)
    return _uncertain(block, tensor, indices, axes)


def _nothing(tensor: Block, axes: tuple[int, ...], where: list[Array], rank: int) -> Block:
    """Reads of an empty tensor: none of them exists."""
    shape = np.broadcast_shapes(*(w.shape for w in where)) + tensor.data.shape[tensor.data.ndim - rank :]
    data = np.zeros(shape, tensor.data.dtype)
    return Block(axes, data, tensor.dtype, None, np.ones(shape, bool), 0, 0, rank)


def _uncertain(block: Block, tensor: Block, indices: list[Block], axes: tuple[int, ...]) -> Block:
    """Where an index may be another one, any element of the tensor may be read."""
    if all(b.err is None for b in indices):
        return block
    fuzzy = np.zeros((1,) * len(axes))
    for index in indices:
        if index.err is not None:
            fuzzy = np.asarray(fuzzy + spread(index.err, index.axes, axes))
    fuzzy = fuzzy.reshape(fuzzy.shape + (1,) * block.rank)
    data = block.data.astype(np.float64)
    reach = np.maximum(data - tensor.data.min(), tensor.data.max() - data)
    reach = reach + (0.0 if tensor.err is None else tensor.err.max())
    err = np.where(fuzzy > 0, reach, 0.0 if block.err is None else block.err)
    return Block(block.axes, block.data, block.dtype, err, block.bad, block.low, block.high, block.rank)
