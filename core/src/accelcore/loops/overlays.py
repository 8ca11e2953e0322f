"""Results that are laid over what was there: `value` at some places, what they held or anything else at the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, array, cast, comp, get, param, substitute
from accelcore.loops.edit import put
from accelcore.values import Role

if TYPE_CHECKING:
    from accelcore.loops.builder import Builder, Goal

PLACE = param("ac_place", INDEX)
"""The place of an opened overlay."""


@dataclass(frozen=True)
class Overlay:
    """[PLACE < extent: value if condition else rest], of a goal.

    casts: what a value is converted to before it is stored, innermost first; rest is converted already.
    """

    goal: Goal
    condition: Expr
    value: Expr
    rest: Expr
    casts: tuple[Expr, ...]

    @property
    def extent(self) -> Expr:
        """Of the result."""
        return self.goal.tensor.args[0]

    def converted(self, value: Expr) -> Expr:
        """A value as it is stored."""
        for node in self.casts:
            value = _again(node, value)
        return cast(value, self.goal.result.dtype)

    def below(self, b: Builder) -> None:
        """Write what nothing is laid over, unless it stays what it is at entry."""
        goal, rest = self.goal, self.rest
        while rest.op == "cast" and rest.args[0].dtype == goal.result.dtype:
            rest = rest.args[0]
        held = array(goal.result.name, goal.result.dtype, len(goal.result.shape))
        if goal.result.role is not Role.INOUT or rest is not get(held, *goal.prefix, PLACE):
            b.goals([replace(goal, tensor=comp(self.extent, lambda j: put(self.rest, {PLACE.name: j})))])


def overlay_of(goal: Goal) -> Overlay | None:
    """The overlay that a goal is; None where it is a choice of no such kind."""
    tensor = goal.tensor
    if tensor.op != "comp" or tensor.rank != 1:
        return None
    body = substitute(tensor.args[1], {tensor.number: PLACE})
    casts: list[Expr] = []
    while body.op == "cast":
        casts.insert(0, body)
        body = body.args[0]
    if body.op != "select":
        return None
    condition, value, rest = body.args
    for node in casts:
        rest = _again(node, rest)
    return Overlay(goal, condition, value, rest, tuple(casts))


def _again(node: Expr, value: Expr) -> Expr:
    """The same conversion of another value."""
    return cast(value, node.dtype, str(node.attrs[0]), str(node.attrs[1]))
