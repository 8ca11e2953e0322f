"""Reductions of the tensor language and operations of Accumulate: how they correspond, and what they start from."""

from __future__ import annotations

import math

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, const

OPERATION = {"sum": "add", "prod": "mul", "max": "max", "min": "min", "any": "or", "all": "and"}
"""The operation of an Accumulate by the kind of a reduction."""

_KIND = {operation: kind for kind, operation in OPERATION.items()}


def neutral(operation: str, dtype: str) -> Expr:
    """The value that an Accumulate's operation starts from."""
    return identity(_KIND[operation], dtype)


def identity(kind: str, dtype: str) -> Expr:
    """The value that a reduction starts from: neutral, or for max and min the least and the greatest."""
    facts = DTYPES[dtype]
    if kind in ("sum", "prod"):
        return const(int(kind == "prod"), dtype)
    if kind in ("any", "all"):
        return const(kind == "all", "bool")
    if facts.is_float:
        return const(-math.inf if kind == "max" else math.inf, dtype)
    bound = facts.low if kind == "max" else facts.high
    assert bound is not None
    return const(bool(bound) if dtype == "bool" else int(bound), dtype)
