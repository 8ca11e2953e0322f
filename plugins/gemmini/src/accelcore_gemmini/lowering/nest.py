"""Which loops of a result become rows, columns and depth of the array, and how its operands lie in memory.

    C[row, col] = sum over depth of A[row, depth] * B[depth, col]

Loops over the result that only A depends on are rows, those that only B depends on are columns, those of the sum are
depth, those that both depend on are a batch.  Of each kind at most one loop is *inner*: it is cut into blocks of the
array's size; the others are walked one value at a time.  Either input can be A; of all choices that the accelerator's
moves allow the one with the fullest blocks is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product as choices

from accelcore.errors import UnsupportedLowering, UsageError
from accelcore.ir.affine import affine
from accelcore.ir.expr import index, substitute
from accelcore.ir.polynomial import same_polynomial
from accelcore_gemmini.lowering.reads import Read, is_one, number
from accelcore_gemmini.lowering.result import Guard, Loop, Product, Result

_TRANSPOSED_B = 0.6  # of the value of a choice: the array takes twice as long for new weights (see reference of timing)
_WINDOW = 2  # rows and columns of what one store can pool here
_USUAL = 64  # extent that a size without a value is taken to have


@dataclass(frozen=True)
class Axis:
    """Loops of one kind: the one that is cut into blocks, and the others from the outermost on.

    fast: a loop over neighbouring blocks inside the cut one: the rows of a window that is pooled.
    """

    inner: Loop | None
    outer: tuple[Loop, ...]
    fast: Loop | None = None

    @property
    def group(self) -> int:
        """Blocks that belong together."""
        return (number(self.fast.extent) or 1) if self.fast else 1

    @property
    def variable(self) -> int | None:
        """The inner loop's variable."""
        return self.inner.variable if self.inner else None


@dataclass(frozen=True)
class Nest:
    """A result with its loops in their places.  a_turned, b_turned: the operand lies transposed in memory.

    a, b: None where the result is a sum of reads only.
    """

    result: Result
    a: Read | None
    b: Read | None
    rows: Axis
    cols: Axis
    depth: Axis
    batch: tuple[Loop, ...]
    guards: tuple[Guard, ...] = ()
    a_turned: bool = False
    b_turned: bool = False

    @property
    def weights_held(self) -> bool:
        """Weight stationary; with both operands transposed the array can only hold the sums."""
        return not (self.a_turned and self.b_turned)


def nest(result: Result, sizes: Mapping[str, int], dim: int) -> Nest:
    """The best choice for a result at these sizes; UnsupportedLowering when nothing fits the accelerator's moves."""
    found = [_windows(result)] if result.pool else list(_choices(result))
    if not found:
        reason = f"no order of the loops of {result.param.name} has rows that lie one after the other in memory"
        raise UnsupportedLowering(reason)
    return max(found, key=lambda n: _worth(n, sizes, dim))


def _choices(result: Result) -> Iterator[Nest]:
    if result.product is None:
        yield from _sums(result)
        return
    one = result.product
    for a, b in ((one.left, one.right), (one.right, one.left)):
        yield from _products(result, replace(one, left=a, right=b))


def _products(result: Result, p: Product) -> Iterator[Nest]:
    both = p.left.variables & p.right.variables
    rows = [x for x in result.loops if x.variable in p.left.variables - both]
    cols = [x for x in result.loops if x.variable in p.right.variables - both]
    batch = [x for x in result.loops if x.variable in both]
    rows += [x for x in result.loops if x not in (*rows, *cols, *batch)]  # the result repeats along these
    guarded = frozenset().union(*(g.value.free for g in p.guards))
    if guarded & {x.variable for x in cols}:
        return
    for i, j, k in choices((None, *rows), (None, *cols), (None, *p.loops)):
        if k is not None and k.variable in guarded:
            continue
        made = Nest(
            result, p.left, p.right, _axis(i, rows), _axis(j, cols), _axis(k, p.loops), tuple(batch), p.guards
        )
        fitted = _fitted(made, guarded)
        if fitted is not None:
            yield fitted


def _axis(inner: Loop | None, loops: list[Loop] | tuple[Loop, ...]) -> Axis:
    return Axis(inner, tuple(x for x in loops if x is not inner))


def _fitted(n: Nest, guarded: frozenset[int]) -> Nest | None:
    """The nest with its transpositions; None where a row of an operand or of the result is not contiguous."""
    assert n.a is not None and n.b is not None
    i, j, k = n.rows.variable, n.cols.variable, n.depth.variable
    straight_a = k is None or is_one(n.a.stride(k))
    straight_b = j is None or is_one(n.b.stride(j))
    turned_a = i is not None and is_one(n.a.stride(i)) and i not in guarded
    turned_b = k is not None and is_one(n.b.stride(k))
    if not (straight_a or turned_a) or not (straight_b or turned_b) or not _moves_columns(n.result, j):
        return None
    return replace(n, a_turned=not straight_a, b_turned=not straight_b)


def _moves_columns(result: Result, j: int | None) -> bool:
    """Whether result and plain reads have rows along the columns' loop."""
    return j is None or all(is_one(r.stride(j)) for r in (result.target, *result.terms))


def _windows(result: Result) -> Nest:
    """A convolution whose pixels are pooled in windows of 2 x 2.

    The column of a pixel, 2 j + v, is the loop that is cut; the two rows of a window are neighbouring blocks.
    """
    if result.product is None or len(result.pool) != 2 or any(number(x.extent) != _WINDOW for x in result.pool):
        raise UnsupportedLowering(f"windows other than {_WINDOW} x {_WINDOW}")
    for u, v in (result.pool, result.pool[::-1]):
        for i, j in choices(result.loops, repeat=2):
            plain = _flattened(result, (i, j), (u, v)) if i is not j else None
            for n in _choices(plain) if plain is not None else ():
                straight = n.rows.inner is j and not n.a_turned and n.weights_held and not n.cols.outer
                if straight and i in n.rows.outer and n.cols.inner and n.depth.inner:
                    return _widened(n, result, j, u, v)
    raise UnsupportedLowering("windows that overlap, or of rows that do not follow each other in memory")


def _widened(n: Nest, result: Result, j: Loop, u: Loop, v: Loop) -> Nest:
    """The flattened nest over pixels instead of windows."""
    p = result.product
    assert p is not None and n.a is not None
    sides = (p.left, p.right) if p.left.name == n.a.name else (p.right, p.left)
    a, b = (replace(x, strides=tuple(s for s in x.strides if s[0] != j.variable)) for x in sides)
    rows = Axis(Loop(v.variable, j.extent * _WINDOW), n.rows.outer, u)
    guards = tuple(Guard(substitute(g.value, {j.variable: index(0)})) for g in p.guards)
    return replace(n, result=result, a=a, b=b, rows=rows, guards=guards)


def _flattened(result: Result, places: tuple[Loop, Loop], window: tuple[Loop, Loop]) -> Result | None:
    """The result without its windows; None where a place is not two steps of its window's loop."""
    p = result.product
    assert p is not None
    gone = {x.variable for x in window}
    for read in (p.left, p.right):
        for place, step in zip(places, window, strict=True):
            if not same_polynomial(read.stride(place.variable), read.stride(step.variable) * _WINDOW):
                return None
    if any(t.variables & {*gone, *(x.variable for x in places)} for t in result.terms):
        return None

    def without(read: Read) -> Read:
        return replace(read, strides=tuple(s for s in read.strides if s[0] not in gone))

    return replace(result, product=replace(p, left=without(p.left), right=without(p.right), guards=()), pool=())


def _sums(result: Result) -> Iterator[Nest]:
    """A result without a product: every loop but the columns' is one over rows."""
    for j in (None, *result.loops):
        rest = [x for x in result.loops if x is not j]
        for i in (None, *rest):
            if _moves_columns(result, j.variable if j else None):
                yield Nest(result, None, None, _axis(i, rest), Axis(j, ()), Axis(None, ()), ())


def _worth(n: Nest, sizes: Mapping[str, int], dim: int) -> float:
    """The part of the array that a block uses, roughly; ties go to longer rows in memory."""
    full = 1.0
    for axis in (n.rows, n.cols, n.depth):
        full *= min(_extent(axis.inner, sizes), dim) / dim
    if n.a is None:
        full = min(_extent(n.cols.inner, sizes), 4 * dim) * min(_extent(n.rows.inner, sizes), dim)
    length = _extent(n.cols.inner, sizes) + _extent(n.depth.inner, sizes) / 2 + _extent(n.rows.inner, sizes) / 64
    last = sum(axis.inner is not None and not _after(axis) for axis in (n.rows, n.cols, n.depth))
    return full * (_TRANSPOSED_B if n.b_turned else 1.0) * (1 - 0.01 * n.a_turned) + 1e-9 * length + 1e-12 * last


def _after(axis: Axis) -> bool:
    """Whether a loop that is walked comes after the one that is cut: neighbours are then far apart in memory."""
    return any(loop.variable > axis.inner.variable for loop in axis.outer) if axis.inner else False


def _extent(loop: Loop | None, sizes: Mapping[str, int]) -> int:
    from accelcore.judge.extents import number as extent

    if loop is None:
        return 1
    usual = dict.fromkeys(loop.extent.sizes, _USUAL) | dict(sizes)
    try:
        return max(extent(loop.extent, usual), 1)
    except UsageError:
        return _USUAL


def guard_slope(guard: Guard, variable: int | None) -> int:
    """The coefficient of the rows' inner variable in a condition.  UnsupportedLowering when it depends on sizes."""
    form = affine(guard.value)
    assert form is not None, "conditions are affine"
    slope = number(form.coefficient(-1 if variable is None else variable))
    if slope is None:
        raise UnsupportedLowering("a condition on rows with a stride that is no number")
    return slope
