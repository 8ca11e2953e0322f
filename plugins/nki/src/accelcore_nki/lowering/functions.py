"""Expressions made ready for tiles: casts that change nothing go, formulas become functions that the chip has."""

from __future__ import annotations

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, call

_REAL = frozenset(("real", "f32"))


def without_casts(e: Expr) -> Expr:
    """Without outer casts that mean nothing here: engines compute in float32 and read every type exactly."""
    while e.op == "cast":
        inner = e.args[0]
        widens = e.dtype in _REAL and inner.dtype != "f64" and inner.dtype != "i64"
        whole = e.dtype == "int" and DTYPES[inner.dtype].is_integer and inner.dtype != "i64"
        if not (widens or whole):
            break
        e = inner
    return e


def is_whole(e: Expr) -> bool:
    """Whether a real expression has integer values only, by its form."""
    if e.op == "const":
        return float(e.value).is_integer()
    if e.op == "cast":
        return DTYPES[e.args[0].dtype].is_integer or (e.dtype == "real" and is_whole(e.args[0]))
    if e.op in ("min", "max", "add", "sub", "mul", "neg", "abs"):
        return all(is_whole(a) for a in e.args)
    return e.op == "call" and e.name in ("floor", "ceil")


def _is_one(e: Expr) -> bool:
    return e.op == "const" and e.value == 1


def _negated(e: Expr) -> Expr | None:
    """x of -x."""
    if e.op == "neg":
        return e.args[0]
    if e.op == "mul":
        for sign, x in (e.args, e.args[::-1]):
            if sign.op == "const" and sign.value == -1:
                return x
    return None


def _sigmoid_of(e: Expr) -> Expr | None:
    """x of 1 + exp(-x)."""
    if e.op != "add":
        return None
    for one, other in (e.args, e.args[::-1]):
        if _is_one(one) and other.op == "call" and other.name == "exp":
            return _negated(other.args[0])
    return None


def named(e: Expr) -> Expr:
    """sigmoid, silu, rsqrt where the formula is theirs (equal over the reals)."""
    if e.op == "div":
        top, bottom = (without_casts(a) for a in e.args)
        x = _sigmoid_of(bottom)
        if x is not None and _is_one(top):
            return call("sigmoid", x)
        if x is not None and without_casts(x) is top:
            return call("silu", x, dtype=e.dtype)
        if _is_one(top) and bottom.op == "call" and bottom.name == "sqrt":
            return call("rsqrt", bottom.args[0])
    if e.op == "mul":
        for a, b in (e.args, e.args[::-1]):
            inner = named(without_casts(b))
            if inner.op == "call" and inner.name == "sigmoid" and without_casts(inner.args[0]) is without_casts(a):
                return call("silu", a, dtype=e.dtype)
    return e
