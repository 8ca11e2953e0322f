"""Counting in lanes: how often a condition holds, by the number of lanes of its mask that are set.

`total += 1 if c else 0` needs no vector of ones and zeros, nor an accumulator as wide as the total: the mask is counted
and the number added to the scalar, where the ISA counts masks (the role "mask_count").  So bytes are compared as many
at a time as fit a register.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr
from accelcore.loops.nodes import Accumulate, statements

if TYPE_CHECKING:
    from accelcore.cgen.expressions import Expressions
    from accelcore.cgen.isa import VectorIsa
    from accelcore.cgen.reductions import Key
    from accelcore.cgen.rewriting import Block


def condition(op: str, value: Expr) -> Expr | None:
    """c of an addition of 1 where c holds and 0 where not; None for anything else."""
    if op != "add" or not DTYPES[value.dtype].is_integer:
        return None
    if value.op == "cast" and value.args[0].dtype == "bool":
        return value.args[0]
    if value.op != "select" or any(a.op != "const" for a in value.args[1:]):
        return None
    return value.args[0] if (value.args[1].value, value.args[2].value) == (1, 0) else None


def counted(isa: VectorIsa, count: int, body: Block, found: Iterable[Key]) -> set[Key]:
    """The reductions that are nothing but counts, on an ISA that counts masks of so many lanes."""
    if isa.move("mask_count", "bool", count) is None:
        return set()
    others = {
        (s.buffer, s.indices)
        for s in statements(body)
        if isinstance(s, Accumulate) and condition(s.op, s.value) is None
    }
    return set(found) - others


def number(at: Expressions, holds: Expr) -> list[str]:
    """C text of the number of active lanes in which the condition holds, by group."""
    mask = at.spread(at.value(holds))
    if at.frame.active is not None:
        mask = at.masks.combine("land", mask, at.frame.active)
    return [at.masks.made("mask_count", m=text) for text in mask.texts]
