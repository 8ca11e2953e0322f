"""The tensor language: expressions, their meaning, and what reads, prints, analyses and emits them (docs/language.md).

The names below are loaded from their modules when they are first used, so that importing the package costs nothing and
never imports NumPy.  Functions that are called like their module are imported from it: `ir.evaluate.evaluate`,
`ir.interpret.interpret`, `ir.simplify.simplify`, `ir.affine.affine`, `ir.mathematics.mathematics`,
`ir.polynomial.polynomial`; code of other languages is made by `ir.emit.<language>.emit`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "affine": ("AffineForm", "at_least", "difference"),
    "check": ("check_expression", "check_summary", "check_task", "extents_of"),
    "dtypes": ("DTYPES", "INDEX", "DType", "dtype", "promote"),
    "evaluate": ("Bounded", "Choices", "Interval", "accumulator", "evaluate_summary"),
    "expr": (
        "Expr", "array", "binary", "bind", "call", "cast", "coerce", "comp", "const", "filtered", "fold", "fresh",
        "get", "index", "length", "param", "parts", "rebuild", "reduce", "scan", "scatter", "select", "shape", "size",
        "substitute", "transform", "unary", "var", "walk",
    ),
    "mathematics": ("equation",),
    "operators": ("OPERATORS", "Operator", "Reading", "definitions", "raise_"),
    "parser": ("parse",),
    "polynomial": ("same_polynomial",),
    "printer": ("text",),
    "ranges": ("facts_of", "fits", "interval", "narrowest", "working_type"),
}  # fmt: skip

_SOURCE = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_SOURCE)


def __getattr__(name: str) -> Any:
    if name not in _SOURCE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_SOURCE[name]}"), name)


def __dir__() -> list[str]:
    return __all__
