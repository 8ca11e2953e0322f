"""Operator definitions as Python over lists: what a language model is shown, and what a test runs.

Comprehensions for comps, `sum`, `max`, ... of generators for reductions, `A[i][k]` for elements; sizes that are lengths
of an operand are read off it, the others (strides) are parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.expr import Expr
from accelcore.ir.printer import INFIX

if TYPE_CHECKING:
    from accelcore.ir.operators import Operator

_CALLS = {"sum": "sum", "prod": "math.prod", "max": "max", "min": "min", "any": "any", "all": "all"}
_LETTERS = "ijklpqrtuvw"


def function_text(operator: Operator) -> str:
    """A Python function with a docstring."""
    lengths = _lengths(operator.definition)
    strides = [s for s in operator.sizes if s not in lengths]
    arguments = [*(name for name, _ in operator.arrays), *operator.scalars, *strides]
    taken = {*arguments, *operator.sizes}
    lines = [
        f"def {operator.name}({', '.join(arguments)}):",
        f'    """{operator.about[0].upper()}{operator.about[1:]}."""',
    ]
    lines += [f"    {size} = len({where})" for size, where in lengths.items() if size in operator.sizes]
    lines.append(f"    return {_Text(taken).show(operator.definition, 0)}")
    return "\n".join(lines) + "\n"


def _lengths(e: Expr) -> dict[str, str]:
    """Where a size is the length of an operand's axis: a range whose variable indexes that axis by itself."""
    ranges: dict[Expr, Expr] = {}
    found: dict[str, str] = {}
    opened = _open_all(e, ranges)
    for node in E.walk(opened):
        if node.op == "get" and node.args[0].op == "input":
            for axis, at in enumerate(node.args[1:]):
                extent = ranges.get(at)
                if extent is not None and extent.op == "size":
                    found.setdefault(extent.name, node.args[0].name + "[0]" * axis)
    return found


def _open_all(e: Expr, ranges: dict[Expr, Expr]) -> Expr:
    """The scalar body with every binder's variable made free: only for looking at it."""
    if e.op not in E.BINDERS:
        return e if not e.args else Expr(e.op, tuple(_open_all(a, ranges) for a in e.args), e.attrs, e.dtype, e.rank)
    i = E.fresh()
    ranges[i] = e.args[0]
    body = _open_all(E.substitute(e.args[1], {e.number: i}), ranges)
    return body if e.op != "scan" else Expr("get", (E.array("", e.dtype, 1), body, i), (), e.dtype)


class _Text:
    """Names of variables in one definition."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._names: dict[int, str] = {}

    def _variable(self, number: int) -> str:
        if number not in self._names:
            self._names[number] = next(n for n in [*_LETTERS, *(f"i{at}" for at in range(99))] if n not in self._taken)
            self._taken.add(self._names[number])
        return self._names[number]

    def show(self, e: Expr, strength: int) -> str:
        """Python text."""
        if e.op in INFIX:
            sign, own = INFIX[e.op]
            shown = f"{self.show(e.args[0], own)} {sign} {self.show(e.args[1], own + 1)}"
            return f"({shown})" if own < strength else shown
        match e.op:
            case "const":
                return repr(e.value)
            case "size" | "param" | "input":
                return e.name
            case "var":
                return self._variable(e.number)
            case "get":
                return self._element(e)
            case "cast":
                return self.show(e.args[0], strength)
            case "call":
                return f"math.{e.name}({self.show(e.args[0], 0)})"
            case "min" | "max":
                return f"{e.op}({self.show(e.args[0], 0)}, {self.show(e.args[1], 0)})"
            case "comp":
                i = self._variable(e.number)
                return f"[{self.show(e.args[1], 0)} for {i} in range({self.show(e.args[0], 0)})]"
            case "reduce":
                return self._reduce(e)
        raise IrError(f"no Python text for {e.op}")

    def _element(self, e: Expr) -> str:
        if e.args[0].op == "scan":  # an element of a running reduction is the reduction up to it
            scan = e.args[0]
            return self._reduce(
                E.reduce(scan.kind, e.args[1] + 1, lambda k: E.substitute(scan.args[1], {scan.number: k}))
            )
        return self.show(e.args[0], 12) + "".join(f"[{self.show(i, 0)}]" for i in e.args[1:])

    def _reduce(self, e: Expr) -> str:
        k, extent = self._variable(e.number), self.show(e.args[0], 0)
        if e.kind in ("argmax", "argmin"):
            return f"{e.kind[3:]}(range({extent}), key=lambda {k}: {self.show(e.args[1], 0)})"
        return f"{_CALLS[e.kind]}({self.show(e.args[1], 0)} for {k} in range({extent}))"
