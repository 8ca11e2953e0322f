"""Kinds of C values: "int" (signed, exact, since overflow is undefined), "real", and "u32"/"u64", which wrap.

Unsigned counters and sizes are "int" too: they are exact as long as nobody subtracts below zero.
"""

from __future__ import annotations

import ast

from accelcore_llmlift.c.syntax import call

UNSIGNED = ("u32", "u64")
WRAPPING = ("i8", "u8", "i16", "u16", *UNSIGNED)
"""Integer types whose stores are taken modulo their width."""


def joined(*kinds: str) -> str:
    """The kind of an operation on these operands: C's usual arithmetic conversions."""
    for kind in ("real", "u64", "u32"):
        if kind in kinds:
            return kind
    return "int"


def as_kind(value: ast.expr, kind: str, wanted: str) -> ast.expr:
    """An operand converted to the kind of its operation."""
    if wanted not in UNSIGNED or kind == wanted or (kind == "u32" and wanted == "u64"):
        return value
    if isinstance(value, ast.Constant) and isinstance(value.value, int) and value.value >= 0:
        return value
    return call(f"c.{wanted}", value)


def wrapped(value: ast.expr, kind: str, operator: str) -> ast.expr:
    """The result of an operator in its kind; quotients and the like of unsigned numbers stay in range."""
    if kind in UNSIGNED and operator in ("+", "-", "*", "<<", "~"):
        return call(f"c.{kind}", value)
    return value
