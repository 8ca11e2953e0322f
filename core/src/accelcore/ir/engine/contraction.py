"""Sums of products as matrix products.

    sum(k < n: sum(l < m: a[i, k] * b[k, j, l] * ...))

is a contraction: its factors are evaluated over their own variables only, and pairs of them are multiplied and summed
with `matmul` (BLAS for floats).  Affine indices make the factors strided views, so a convolution is a contraction over
its window.  Exact integers go through BLAS too while the sum of magnitudes stays below 2**53.

Where a factor does not exist, its sums do not: padding that a selection around the sum guards stays a contraction.

The engine stops here and tabulates when the body is no product, or when one factor already has all the variables (then
a plain reduction is as good).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.engine.block import Array, Block, either, fits64, spread, tight
from accelcore.ir.engine.core import LIMIT, Engine, Env, Range
from accelcore.ir.engine.rounding import round_float, wrapped
from accelcore.ir.expr import Expr
from accelcore.ir.products import factors

_WORTH = 1 << 12
"""Elements of the body's table from which a contraction is worth its set-up."""


@dataclass(frozen=True, eq=False)
class Operand:
    """An array over axes, some of which are to be summed.  Compared by identity: factors may have the same axes."""

    axes: tuple[int, ...]
    data: Array


def contraction(engine: Engine, node: Expr, env: Env, length: int) -> Block | None:
    """The block of a sum without its start value, or None when it is no contraction."""
    summed, body, inner = nest(engine, node, env, length)
    parts, sign = factors(body, frozenset(summed))
    if len(parts) < 2 or not _worth(parts, inner):
        return None
    found = [engine.value(f, inner) for f in parts]
    if len({b.axes for b in found}) < 2:
        return None
    blocks = [_existing(b) for b in found]
    terms = math.prod(summed.values())
    kept = tuple(sorted({n for b in blocks for n in b.axes} - set(summed), reverse=True))
    missing = [n for n in summed if not any(n in b.axes for b in blocks)]
    repeat = math.prod(summed[n] for n in missing)  # the sum of a term that does not vary repeats it
    if DTYPES[node.dtype].is_float:
        total = _reals(engine, blocks, kept, terms, repeat, node.dtype)
    else:
        total = _integers(blocks, kept, terms, repeat, node.dtype)
    if total is None:
        return None
    total = replace(total, bad=_lost(found, kept))
    return replace(total, data=-total.data, low=-total.high, high=-total.low) if sign < 0 else total


def _existing(block: Block) -> Block:
    """A factor with zeros where it does not exist."""
    if block.bad is None:
        return block
    return replace(block, data=np.where(block.bad, block.data.dtype.type(0), block.data), bad=None)


def _lost(blocks: list[Block], kept: tuple[int, ...]) -> Array | None:
    """Where a term of the sum does not exist."""
    lost: Array | None = None
    for block in blocks:
        if block.bad is not None:
            places = tuple(at for at, n in enumerate(block.axes) if n not in kept)
            some = np.broadcast_to(block.bad, block.data.shape).any(axis=places)
            lost = either(lost, spread(np.asarray(some), tuple(n for n in block.axes if n in kept), kept))
    return lost


def nest(engine: Engine, node: Expr, env: Env, length: int) -> tuple[dict[int, int], Expr, Env]:
    """The summed variables with their lengths, the innermost body, and its environment."""
    summed = {node.number: length}
    inner = env.bind(node.number, Range(0, length))
    body = node.args[1]
    while body.op == "reduce" and body.kind == "sum" and len(body.args) == 2 and not body.args[0].free & set(summed):
        extent, ragged = engine.extent(body.args[0], env)
        if ragged is not None:
            break
        summed[body.number] = extent
        inner = inner.bind(body.number, Range(0, extent))
        body = body.args[1]
    return summed, body, inner


def _worth(parts: list[Expr], env: Env) -> bool:
    """Whether the table of the product is large, and larger than that of any factor."""
    every = {n for f in parts for n in f.free}
    whole = math.prod(env.length(n) for n in every)
    largest = max(math.prod(env.length(n) for n in f.free) for f in parts)
    return whole >= _WORTH and whole >= 2 * largest


def _reals(
    engine: Engine, blocks: list[Block], kept: tuple[int, ...], terms: int, repeat: int, dtype: str
) -> Block | None:
    numbers = engine.numbers
    data = contract([Operand(b.axes, b.data) for b in blocks], kept) * repeat
    if not numbers.bounded:
        return Block(kept, round_float(data, dtype), dtype)
    plain = [Operand(b.axes, np.abs(b.data)) for b in blocks]
    size = contract(plain, kept) * repeat
    moved: Array | float = 0.0
    if any(b.err is not None for b in blocks):
        wide = [Operand(b.axes, np.abs(b.data) + (0.0 if b.err is None else b.err)) for b in blocks]
        reach = contract(wide, kept) * repeat
        # The difference cancels; what it loses is at most the rounding of both sums.
        moved = np.maximum(reach - size, 0.0) + 2.0**-52 * terms * reach
        size = reach
    err = moved + numbers.gamma(terms + len(blocks), dtype) * size + numbers.underflow(size, terms)
    return Block(kept, data, dtype, np.asarray(err))


def _integers(blocks: list[Block], kept: tuple[int, ...], terms: int, repeat: int, dtype: str) -> Block | None:
    if any(b.err is not None or b.data.dtype == object for b in blocks):
        return None
    blocks = [tight(b) for b in blocks]
    top = terms * math.prod(b.magnitude for b in blocks)
    if top < 1 << 53:
        data = contract([Operand(b.axes, b.data.astype(np.float64)) for b in blocks], kept) * repeat
        return wrapped(Block(kept, np.rint(data).astype(np.int64), dtype, low=-top, high=top))
    if not fits64(-top, top):
        return None
    data = contract([Operand(b.axes, b.data) for b in blocks], kept) * repeat
    return wrapped(Block(kept, data, dtype, low=-top, high=top))


def contract(operands: list[Operand], kept: tuple[int, ...]) -> Array:
    """The product of the operands summed over all axes but `kept`, as an array over those in order."""
    pending = [_summed_alone(o, [p for p in operands if p is not o], kept) for o in operands]
    while len(pending) > 1:
        first, second = min(
            ((a, b) for at, a in enumerate(pending) for b in pending[at + 1 :]),
            key=lambda pair: _cost(pair[0], pair[1], [p for p in pending if p not in pair], kept),
        )
        rest = [p for p in pending if p is not first and p is not second]
        pending = [*rest, _multiply(first, second, _needed(rest, kept))]
    last = pending[0]
    total = tuple(n for n in last.axes if n in kept)
    data = (
        last.data.sum(axis=tuple(at for at, n in enumerate(last.axes) if n not in kept))
        if total != last.axes
        else last.data
    )
    order = [total.index(n) for n in kept]
    return np.asarray(data).transpose(order)


def _needed(rest: list[Operand], kept: tuple[int, ...]) -> set[int]:
    return set(kept).union(*(o.axes for o in rest))


def _summed_alone(operand: Operand, others: list[Operand], kept: tuple[int, ...]) -> Operand:
    """Sum out the axes that no other operand has."""
    needed = _needed(others, kept)
    alone = tuple(at for at, n in enumerate(operand.axes) if n not in needed)
    if not alone:
        return operand
    return Operand(tuple(n for n in operand.axes if n in needed), np.asarray(operand.data.sum(axis=alone)))


def _cost(a: Operand, b: Operand, rest: list[Operand], kept: tuple[int, ...]) -> int:
    """Elements of the product of two operands: the pair with the smallest is multiplied first."""
    lengths = dict(zip(a.axes, a.data.shape, strict=True)) | dict(zip(b.axes, b.data.shape, strict=True))
    needed = _needed(rest, kept)
    return math.prod(length for n, length in lengths.items() if n in needed)


def _multiply(a: Operand, b: Operand, needed: set[int]) -> Operand:
    """The product of two operands, summed over the common axes that nothing else needs."""
    lengths = dict(zip(a.axes, a.data.shape, strict=True)) | dict(zip(b.axes, b.data.shape, strict=True))
    common = [n for n in a.axes if n in b.axes]
    batch = [n for n in common if n in needed]
    inner = [n for n in common if n not in needed]
    rows = [n for n in a.axes if n not in b.axes]
    columns = [n for n in b.axes if n not in a.axes]
    axes = (*batch, *rows, *columns)
    if not rows and not columns:
        letters = {n: chr(97 + at) for at, n in enumerate(common)}
        spec = (
            "".join(letters[n] for n in a.axes),
            "".join(letters[n] for n in b.axes),
            "".join(letters[n] for n in batch),
        )
        data = np.einsum(f"{spec[0]},{spec[1]}->{spec[2]}", a.data, b.data)
        return Operand(axes, np.asarray(data))
    if len(columns) > len(rows) and not rows:  # matmul is quicker with the long side on the left
        a, b, rows, columns = b, a, columns, rows
        axes = (*batch, *rows, *columns)
    shape = tuple(lengths[n] for n in axes)
    right = _matrix(b, batch, inner, columns, lengths)
    data = _blocked(a, batch, rows, inner, lengths, right)
    return Operand(axes, data.reshape(shape))


def _matrix(o: Operand, batch: list[int], first: list[int], second: list[int], lengths: dict[int, int]) -> Array:
    """The operand as a stack of matrices."""
    order = [o.axes.index(n) for n in (*batch, *first, *second)]
    shape = [math.prod(lengths[n] for n in group) for group in (batch, first, second)]
    return o.data.transpose(order).reshape(shape)


def _blocked(
    a: Operand, batch: list[int], rows: list[int], inner: list[int], lengths: dict[int, int], right: Array
) -> Array:
    """matmul, the left operand copied in slices of its first row axis: a window unfolds to many times its size."""
    size = math.prod(a.data.shape)
    if size <= 4 * LIMIT or not rows:
        return np.asarray(np.matmul(_matrix(a, batch, rows, inner, lengths), right))
    at = a.axes.index(rows[0])
    step = max(1, 4 * LIMIT * lengths[rows[0]] // size)
    parts = []
    for start in range(0, lengths[rows[0]], step):
        stop = min(start + step, lengths[rows[0]])
        part = Operand(a.axes, a.data[(*(slice(None),) * at, slice(start, stop))])
        parts.append(np.matmul(_matrix(part, batch, rows, inner, lengths | {rows[0]: stop - start}), right))
    return np.concatenate(parts, axis=1)
