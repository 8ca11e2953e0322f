"""Sums of products: which elements a multiply-add multiplies, seen through conversions that keep their values."""

from __future__ import annotations

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, cast
from accelcore.ir.ranges import fits
from accelcore.loops.nodes import Accumulate, For


def factors(e: Expr) -> tuple[Expr, Expr] | None:
    """The two elements whose exact product `e` is, in whatever dtypes it is computed; None for anything else.

    i32(i16(a[i]) * i16(b[j])) of bytes is a[i] times b[j]: no step on the way can change the value.
    """
    product = _kept(e)
    if product.op != "mul" or not _exact(product):
        return None
    a, b = map(_kept, product.args)
    return (a, b) if a.op == b.op == "get" else None


def _kept(e: Expr) -> Expr:
    """`e` without conversions that keep every value."""
    while e.op == "cast" and _widens(e.args[0], e.dtype):
        e = e.args[0]
    return e


def _widens(e: Expr, dtype: str) -> bool:
    inner, outer = DTYPES[e.dtype], DTYPES[dtype]
    if inner.is_float or outer.is_float:
        return inner.is_float and inner.digits <= outer.digits and inner.max_exponent <= outer.max_exponent
    return fits(e, dtype)


def _exact(product: Expr) -> bool:
    """Whether a product is the mathematical one; of floats, where the significand has room for both operands'."""
    if DTYPES[product.dtype].is_float:
        return sum(DTYPES[_kept(a).dtype].digits for a in product.args) <= DTYPES[product.dtype].digits
    return fits(Expr("mul", tuple(cast(a, "int") for a in product.args), (), "int"), product.dtype)


def summed(loop: For) -> tuple[Accumulate, Expr, Expr] | None:
    """The update of a loop that does nothing but add exact products to one place, and its two factors."""
    update = loop.body[0] if len(loop.body) == 1 else None
    if not isinstance(update, Accumulate) or update.op != "add":
        return None
    if any(loop.iterator in i.inputs for i in update.indices):
        return None
    found = factors(update.value)
    return None if found is None else (update, *found)
