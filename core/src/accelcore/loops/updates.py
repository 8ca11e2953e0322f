"""Folds that are reductions in disguise: acc = acc + v, acc = v if acc < v else acc, ... become Accumulates.

A general fold runs in order; an `Accumulate` says that the order of the updates is free under the number model, so that
the loop may run in lanes.  An accumulator qualifies when nothing but its own update reads it.
"""

from __future__ import annotations

from accelcore.ir.expr import Expr, select, unary
from accelcore.loops.neutral import neutral
from accelcore.loops.nodes import Accumulate, Statement, Store

_DIRECT = {"add": "add", "mul": "mul", "min": "min", "max": "max", "lor": "or", "land": "and"}


def update(acc: Expr, value: Expr, *, alone: bool) -> Statement:
    """The statement acc = value; an Accumulate where that is its form.  alone: no other update reads acc."""
    found = reduction(acc, value) if alone else None
    return Store(acc.name, (), value) if found is None else Accumulate(acc.name, (), *found)


def reduction(acc: Expr, value: Expr) -> tuple[str, Expr] | None:
    """(operation, v) such that value is acc operation v and v does not read acc; None when there is none."""
    if value.op in _DIRECT:
        for mine, other in (value.args, value.args[::-1]):
            if mine is acc and not _reads(other, acc):
                return _DIRECT[value.op], other
            inner = reduction(acc, mine) if value.op in ("add", "mul") and not _reads(other, acc) else None
            if inner is not None and inner[0] == _DIRECT[value.op]:  # (acc + a) + b
                return inner[0], value_of(value.op, inner[1], other)
    if value.op == "sub" and not _reads(value.args[1], acc):
        opposite = unary("neg", value.args[1])
        if value.args[0] is acc:
            return "add", opposite
        inner = reduction(acc, value.args[0])
        return ("add", inner[1] + opposite) if inner is not None and inner[0] == "add" else None
    return _chosen(acc, value) if value.op == "select" else None


def value_of(op: str, a: Expr, b: Expr) -> Expr:
    """a op b for the two operations that nest."""
    return a + b if op == "add" else a * b


def _chosen(acc: Expr, value: Expr) -> tuple[str, Expr] | None:
    """Updates under a condition, and the extremes written as comparisons."""
    condition, then, other = value.args
    if condition.op in ("lt", "le") and acc in condition.args:
        v = condition.args[1] if condition.args[0] is acc else condition.args[0]
        if {then, other} == {acc, v} and not _reads(v, acc):
            return ("max" if (condition.args[0] is acc) == (then is v) else "min"), v
        return None
    if _reads(condition, acc):
        return None
    found = None if then is acc else reduction(acc, then)
    rest = None if other is acc else reduction(acc, other)
    if (found is None and then is not acc) or (rest is None and other is not acc) or (found is None and rest is None):
        return None
    op = (found or rest or ("", acc))[0]
    if found is not None and rest is not None and found[0] != rest[0]:
        return None
    nothing = neutral(op, acc.dtype)
    return op, select(condition, found[1] if found else nothing, rest[1] if rest else nothing)


def _reads(e: Expr, acc: Expr) -> bool:
    return acc.name in e.inputs
