"""Whole arrays inside any function: what NumPy and PyTorch code computes, as tensor-valued expressions.

A `Wholes` gives the operations of `broadcasting` and `array_calls` the values of a translation: arrays are read as
exact numbers, extents that must agree become preconditions.  Arithmetic of Python lists (`a + b` joins them) and of
integers that wrap in between is refused.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from accelcore.errors import UnsupportedSource
from accelcore.ir.expr import Expr, binary, comp, get, select
from accelcore_llmlift.polynomial import decide, expression, polynomial
from accelcore_llmlift.python import array_calls, broadcasting, expressions, kinds
from accelcore_llmlift.python.broadcasting import Tensor
from accelcore_llmlift.python.module import qualified
from accelcore_llmlift.python.scope import Scope, natural

WRAPPING = ("i8", "u8", "i16", "u16")


@dataclass(frozen=True)
class Wholes:
    """The translation of one function, as whole-array operations see it."""

    scope: Scope

    def refuse(self, node: ast.AST, what: str, hint: str) -> UnsupportedSource:
        """The refusal of a construct, for the caller to raise."""
        return expressions.refuse(self.scope, node, what, hint)

    def equal(self, node: ast.AST, a: Expr, b: Expr) -> None:
        """Two extents are the same: a precondition unless it is known.

        Extents that only the loops around tell apart are left to the proof, which checks every index.
        """
        difference = polynomial(a) - polynomial(b)
        if not difference.terms:
            return
        if difference.constant is not None:
            raise self.refuse(node, f"extents {a!r} and {b!r} do not match", "mend the shapes")
        if all(not x.free and not x.inputs for x in difference.atoms):
            self.require(binary("eq", a, b))

    def require(self, condition: Expr) -> None:
        """A precondition on sizes, unless it is known; conditions on loop counters are left to the proof."""
        if self.known(condition) is not True and not condition.free and not condition.inputs:
            if not self.scope.guards:
                self.scope.require(condition)

    def known(self, condition: Expr) -> bool | None:
        """Whether the preconditions and the loops around decide a condition."""
        return decide(condition, self.scope.facts.assuming(self.scope.requires))

    def name(self, node: ast.expr) -> str:
        """The dotted name of a function."""
        return qualified(self.scope.module, node)

    def value(self, node: ast.expr) -> Tensor:
        """The tensor that an expression computes."""
        return tensor(self.scope, expressions.expression(self.scope, node))


def tensor(scope: Scope, e: Expr) -> Tensor:
    """A value as a function of its indices."""
    if not e.rank:
        return broadcasting.number(natural(e))
    return Tensor(expressions.extents_seen(scope, e), lambda at: natural(get(e, *at)))


def whole(t: Tensor) -> Expr:
    """A function of indices as one expression."""
    return t.whole(lambda e: e)


def operator(scope: Scope, node: ast.AST, a: Expr, op: ast.operator, b: Expr, *parts: ast.expr) -> Expr:
    """a op b, element by element; parts: where they stand in the source."""
    if isinstance(op, ast.Add) and a.rank == b.rank == 1 and kinds.joins(scope, *parts):
        return _joined(scope, a, b)
    if not isinstance(op, ast.MatMult):
        kinds.arrays_only(scope, node, op, *parts)
        _exact(scope, node, a, b)
    return whole(broadcasting.operator(Wholes(scope), node, tensor(scope, a), op, tensor(scope, b)))


def _joined(scope: Scope, a: Expr, b: Expr) -> Expr:
    """The elements of one list, then those of another."""
    first, second = expressions.length_seen(scope, a), expressions.length_seen(scope, b)

    def element(k: Expr) -> Expr:
        later = expression(polynomial(k) - polynomial(first))
        x, y = broadcasting.common(natural(get(a, k)), natural(get(b, later)))
        return select(binary("lt", k, first), x, y)

    return comp(expression(polynomial(first) + polynomial(second)), element)


def unary_operator(scope: Scope, node: ast.AST, op: ast.unaryop, a: Expr) -> Expr:
    """-x, +x, ~x of every element."""
    return whole(broadcasting.unary_operator(Wholes(scope), node, op, tensor(scope, a)))


def compared(scope: Scope, node: ast.AST, a: Expr, op: ast.cmpop, b: Expr) -> Expr:
    """A comparison of every element."""
    return whole(broadcasting.compared(Wholes(scope), node, tensor(scope, a), op, tensor(scope, b)))


def called(scope: Scope, node: ast.Call) -> Expr:
    """A call of an array function or method."""
    return whole(array_calls.called(Wholes(scope), node))


def transposed(scope: Scope, value: Expr) -> Expr:
    """x.T"""
    return whole(broadcasting.transposed(tensor(scope, value), tuple(reversed(range(value.rank)))))


def broadcast(scope: Scope, node: ast.AST, value: Expr, extents: tuple[Expr, ...]) -> Expr:
    """A value with the extents of the place that it is stored into."""
    return whole(broadcasting.broadcast_to(Wholes(scope), node, tensor(scope, value), extents))


def _exact(scope: Scope, node: ast.AST, *values: Expr) -> None:
    """NumPy computes with narrow integers modulo their width; the numbers here are exact."""
    for value in values:
        base = value.args[0] if value.op == "get" else value
        if value.rank and base.op == "input" and scope.storage.get(base.name) in WRAPPING:
            raise expressions.refuse(scope, node, f"whole-array arithmetic on {scope.storage[base.name]} wraps in "
                                     "between", "write the loops, which say where a value is stored")
