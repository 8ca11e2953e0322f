"""What a result of a summary is to the accelerator: a scaled, clipped sum of one product of arrays and of plain reads.

    out[o...] = clip(round(scale * (A[...] * B[...] summed over k... + C[...] + ...)))

`recognise` finds this form or raises UnsupportedLowering with the part that has no place in it.  Everything is exact
but `scale` with integers, which the hardware takes as a float32 and rounds half to even.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from accelcore.errors import UnsupportedLowering
from accelcore.ir.affine import affine
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, binary, fresh, index, reduce, substitute, var
from accelcore.ir.ranges import fits, interval
from accelcore.values import Param, Summary, Task
from accelcore_gemmini.lowering.reads import Read, read, strip

_LOW, _HIGH = -128, 127


@dataclass(frozen=True)
class Loop:
    """A variable and how many values it takes."""

    variable: int
    extent: Expr


@dataclass(frozen=True)
class Guard:
    """A condition on variables: where `value`, affine in them, is negative, the product counts as zero."""

    value: Expr


@dataclass(frozen=True)
class Product:
    """left * right summed over the loops, where the guards hold."""

    left: Read
    right: Read
    loops: tuple[Loop, ...]
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True)
class Result:
    """One result: element `target` over `loops`.  full: stored as whole accumulators, neither scaled nor clipped.

    scale: a number, or the name of a scalar parameter.  relu: negative results become 0.  pool: the loops of windows
    whose greatest element is the result; the result is cut into windows that do not overlap.
    """

    param: Param
    loops: tuple[Loop, ...]
    target: Read
    product: Product | None
    terms: tuple[Read, ...]
    scale: float | str = 1.0
    relu: bool = False
    full: bool = False
    pool: tuple[Loop, ...] = ()


@dataclass(frozen=True)
class Epilogue:
    """What is done to the sum: its limits, scale, and the expression inside."""

    inside: Expr
    low: float | None
    high: float | None
    scale: float | str
    rounds: bool


def results(task: Task, *, is_float: bool) -> tuple[Result, ...]:
    """Every result of a task in the form above, in the summary's order.

    is_float: the configuration computes in float32.  Raises UnsupportedLowering.
    """
    if not isinstance(task.reference, Summary):
        raise UnsupportedLowering(f"task {task.name} has no summary to lower", hint="lift it first")
    return tuple(recognise(task, task.param(name), post, is_float=is_float) for name, post in task.reference.post)


def recognise(task: Task, param: Param, post: Expr, *, is_float: bool) -> Result:
    """One result; see the module."""
    shapes = {p.name: p.shape for p in task.params}
    loops, element = _opened(post, param)
    element, pool = _pooled(element)
    epilogue = _Peeling(element).found()
    product, terms = None, []
    for addend, sign in _addends(epilogue.inside):
        if sign < 0:
            raise UnsupportedLowering(f"{addend} is subtracted")
        if _is_product(addend):
            if product is not None:
                raise UnsupportedLowering("a sum of two products")
            product = _product(addend, shapes)
        else:
            terms.append(read(addend, shapes))
    target = _target(param, loops)
    found = Result(param, loops, target, product, tuple(terms), epilogue.scale, pool=pool)
    _check_inputs(task, found, is_float)
    return _float_result(found, epilogue) if is_float else _integer_result(found, epilogue)


def _opened(post: Expr, param: Param) -> tuple[tuple[Loop, ...], Expr]:
    """The loops over a result, and its element under fresh variables."""
    loops = []
    while post.op == "comp":
        variable = fresh()
        loops.append(Loop(variable.number, post.args[0]))
        post = substitute(post.args[1], {post.number: variable})
    if post.rank or len(loops) != len(param.shape):
        raise UnsupportedLowering(f"{param.name} is no plain table: {post.op}")
    return tuple(loops), post


def _target(param: Param, loops: tuple[Loop, ...]) -> Read:
    """Where an element of the result is stored: rows one after the other."""
    offset: Expr = index(0)
    for loop, extent in zip(loops, param.shape, strict=True):
        offset = offset * extent + var(loop.variable)
    form = affine(offset)
    assert form is not None, "row-major places are affine"
    return Read(param.name, param.dtype, form.coefficients, form.rest)


def _pooled(e: Expr) -> tuple[Expr, tuple[Loop, ...]]:
    """The element under the greatest of two nested windows, and their loops; the element itself without."""
    inside, loops = e, []
    while (inside.op == "cast" and inside.attrs[1] == "exact") or (inside.op == "reduce" and inside.kind == "max"):
        if inside.op == "reduce":
            if len(inside.args) == 3 and not (inside.args[2].op == "const" and inside.args[2].value <= _LOW):
                return e, ()
            variable = fresh()
            loops.append(Loop(variable.number, inside.args[0]))
            inside = substitute(inside.args[1], {inside.number: variable})
        else:
            inside = inside.args[0]
    return (inside, tuple(loops)) if loops else (e, ())


# The epilogue, from the outside in.


class _Peeling:
    """The element without what is done to the sum.  Limits inside a scale may only be a zero below."""

    def __init__(self, e: Expr) -> None:
        self.e, self.rounds = e, False
        self.low: float | None = None
        self.high: float | None = None
        self.scale: float | str = 1.0
        while self._cast() or self._limit() or self._round() or self._factor():
            pass

    def found(self) -> Epilogue:
        return Epilogue(self.e, self.low, self.high, self.scale, self.rounds)

    def _cast(self) -> bool:
        if self.e.op != "cast":
            return False
        inside, (rounding, mode) = self.e.args[0], self.e.attrs
        whole = DTYPES[self.e.dtype].is_integer
        if whole and DTYPES[inside.dtype].is_float:
            if rounding != "nearest" and not _integral(inside):
                raise UnsupportedLowering(f"rounding by {rounding}: the accelerator rounds to nearest even")
            self.rounds |= not _integral(inside)
        if mode == "saturate":
            facts = DTYPES[self.e.dtype]
            self._bound(facts.low, facts.high)
        elif mode == "wrap" and whole and self.e.dtype not in ("int", "i32") and not fits(inside, self.e.dtype):
            raise UnsupportedLowering(f"a result that wraps around in {self.e.dtype}")
        self.e = inside
        return True

    def _limit(self) -> bool:
        at = next((i for i, a in enumerate(self.e.args) if a.op == "const"), None)
        if self.e.op not in ("min", "max") or at is None:
            return False
        limit = float(self.e.args[at].value)
        if self.e.op == "max":
            self._bound(limit, None)
        else:
            self._bound(None, limit)
        self.e = self.e.args[1 - at]
        return True

    def _bound(self, low: float | None, high: float | None) -> None:
        if self.scale != 1.0 and not (high is None and low == 0 and isinstance(self.scale, float) and self.scale > 0):
            raise UnsupportedLowering(f"a limit of [{low}, {high}] before the scale")
        self.low = low if self.low is None else self.low if low is None else max(self.low, low)
        self.high = high if self.high is None else self.high if high is None else min(self.high, high)

    def _round(self) -> bool:
        if self.e.op != "call" or self.e.name != "round":
            return False
        self.rounds, self.e = True, self.e.args[0]
        return True

    def _factor(self) -> bool:
        factor = _scaled(self.e)
        if factor is None or self.scale != 1.0:
            return False
        self.e, self.scale = factor
        return True


def _integral(e: Expr) -> bool:
    """Whether a real expression has integer values only: rounding does nothing to it."""
    return (e.op == "call" and e.name == "round") or (e.op == "cast" and not DTYPES[e.args[0].dtype].is_float)


def _scaled(e: Expr) -> tuple[Expr, float | str] | None:
    """(the rest, the scale) of a product with, or a quotient by, a number or a scalar parameter."""
    if e.op == "neg":
        return e.args[0], -1.0
    if e.op == "div" and e.args[1].op == "const" and e.args[1].value:
        return e.args[0], 1.0 / float(e.args[1].value)
    if e.op == "mul":
        for at in (0, 1):
            factor = strip(e.args[at])
            if factor.op == "const":
                return e.args[1 - at], float(factor.value)
            if factor.op == "param" and factor.dtype == "f32":
                return e.args[1 - at], factor.name
    return None


# The sum inside.


def _addends(e: Expr, sign: int = 1) -> Iterator[tuple[Expr, int]]:
    if e.op == "cast" and e.dtype in ("int", "real") and strip(e).op in ("add", "sub", "neg", "reduce", "select"):
        e = strip(e)
    if e.op in ("add", "sub"):
        yield from _addends(e.args[0], sign)
        yield from _addends(e.args[1], sign if e.op == "add" else -sign)
    elif e.op == "neg":
        yield from _addends(e.args[0], -sign)
    elif e.op == "reduce" and len(e.args) == 3:
        yield from _addends(e.args[2], sign)
        yield reduce(e.kind, e.args[0], lambda k: substitute(e.args[1], {e.number: k})), sign
    elif not (e.op == "const" and e.value == 0):
        yield e, sign


def _is_product(e: Expr) -> bool:
    return e.op in ("reduce", "mul", "select")


def _product(e: Expr, shapes: Mapping[str, tuple[Expr, ...]]) -> Product:
    """Nested sums of a product of two reads, with conditions around any part of it."""
    loops: list[Loop] = []
    guards: list[Guard] = []
    while True:
        e = strip(e)
        if e.op == "reduce" and e.kind == "sum" and _startless(e):
            variable = fresh()
            loops.append(Loop(variable.number, e.args[0]))
            e = substitute(e.args[1], {e.number: variable})
        elif e.op == "select" and _is_zero(e.args[2]):
            guards += _guards(e.args[0])
            e = e.args[1]
        elif e.op == "mul":
            break
        else:
            raise UnsupportedLowering(f"{e} is no sum of products of two inputs")
    left, right = (_guarded(a, guards) for a in e.args)
    return Product(read(left, shapes), read(right, shapes), tuple(loops), tuple(dict.fromkeys(guards)))


def _guarded(factor: Expr, guards: list[Guard]) -> Expr:
    """A factor out of its condition: zero where that fails."""
    factor = strip(factor)
    while factor.op == "select" and _is_zero(factor.args[2]):
        guards += _guards(factor.args[0])
        factor = strip(factor.args[1])
    return factor


def _startless(e: Expr) -> bool:
    return len(e.args) == 2 or _is_zero(e.args[2])


def _is_zero(e: Expr) -> bool:
    e = strip(e)
    return e.op == "const" and e.value == 0


def _guards(condition: Expr) -> list[Guard]:
    """A conjunction of comparisons as values that must not be negative."""
    if condition.op == "land":
        return [*_guards(condition.args[0]), *_guards(condition.args[1])]
    if condition.op not in ("lt", "le") or DTYPES[condition.args[0].dtype].is_float:
        raise UnsupportedLowering(f"the condition {condition}")
    a, b = (strip(x) for x in condition.args)
    value = binary("sub", b, a) if condition.op == "le" else binary("sub", b, a) - 1
    if affine(value) is None:
        raise UnsupportedLowering(f"the condition {condition} is not affine")
    return [Guard(value)]


# What integers and floats allow.


def _check_inputs(task: Task, found: Result, is_float: bool) -> None:
    element = "f32" if is_float else "i8"
    inside = [found.product.left, found.product.right] if found.product else []
    for operand in inside:
        if operand.dtype != element:
            raise UnsupportedLowering(f"{operand.name} is {operand.dtype}; the array multiplies {element}")
    for term in found.terms:
        if term.dtype not in (element, "f32" if is_float else "i32"):
            raise UnsupportedLowering(f"{term.name} is {term.dtype}; {element} and accumulators can be added")
    if found.product is None and not found.terms:
        raise UnsupportedLowering(f"{found.param.name} does not depend on an array")
    if any(p.role == "inout" for p in task.params):
        raise UnsupportedLowering("a parameter that is changed in place")


def _integer_result(found: Result, e: Epilogue) -> Result:
    if e.low is None and e.high is None and found.param.dtype == "i32":
        if e.scale != 1.0 or e.rounds:
            raise UnsupportedLowering("a scaled result that is stored whole")
        return replace(found, full=True)
    least, most = interval(e.inside) if e.scale == 1.0 else (-math.inf, math.inf)
    low = _LOW if e.low is None and least >= _LOW else e.low
    high = _HIGH if e.high is None and most <= _HIGH else e.high
    if found.pool and (e.low is None or e.high is None):
        raise UnsupportedLowering("windows over sums that are not saturated yet")
    if found.param.dtype != "i8" or high != _HIGH or low not in (_LOW, 0):
        wanted = f"{found.param.name} is {found.param.dtype} within [{e.low}, {e.high}]"
        raise UnsupportedLowering(wanted, hint="int8 results saturate: max(-128, min(127, x)) or max(0, min(127, x))")
    if isinstance(e.scale, float) and not _float32(e.scale):
        raise UnsupportedLowering(f"the scale {e.scale} is no float32 number")
    if e.scale != 1.0 and not e.rounds:
        raise UnsupportedLowering("a scaled result that is not rounded")
    return replace(found, relu=low == 0)


def _float32(x: float) -> bool:
    """Whether a scale is in the range of float32; its nearest neighbour there stands for it, as reals are rounded."""
    try:
        kept: float = struct.unpack("<f", struct.pack("<f", x))[0]
    except OverflowError:
        return False
    return kept != 0.0


def _float_result(found: Result, e: Epilogue) -> Result:
    if found.pool:
        raise UnsupportedLowering("windows of float results")
    if found.param.dtype != "f32" or e.high is not None or e.low not in (None, 0.0) or e.rounds:
        raise UnsupportedLowering(f"{found.param.name} is {found.param.dtype} within [{e.low}, {e.high}]")
    return replace(found, relu=e.low == 0.0)
