"""Index expressions as Python text over sizes and loop variables."""

from __future__ import annotations

from accelcore.errors import UnsupportedLowering
from accelcore.ir.affine import affine
from accelcore.ir.expr import Expr

_INFIX = {"add": "+", "sub": "-", "mul": "*", "fdiv": "//", "fmod": "%"}


def text(e: Expr) -> str:
    """Python text of an integer expression; UnsupportedLowering when it depends on data."""
    if e.op == "const":
        return str(int(e.value))
    if e.op in ("size", "param") and e.dtype == "i64":
        return e.name
    if e.op in _INFIX:
        left, right = (text(a) for a in e.args)
        return f"({left} {_INFIX[e.op]} {right})"
    if e.op in ("min", "max"):
        return f"{e.op}({', '.join(text(a) for a in e.args)})"
    if e.op == "neg":
        return f"(-{text(e.args[0])})"
    if e.op == "cast":
        return text(e.args[0])
    raise UnsupportedLowering(f"{e} is no index that is known while a kernel is traced")


def tidy(e: Expr) -> str:
    """The text of the normal form of an affine expression, without outer parentheses."""
    form = affine(e, ())
    shown = text(e if form is None else form.rest)
    if shown.startswith("(") and shown.endswith(")") and _closes_last(shown):
        return shown[1:-1]
    return shown


def _closes_last(shown: str) -> bool:
    depth = 0
    for at, letter in enumerate(shown):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return at == len(shown) - 1
    return False
