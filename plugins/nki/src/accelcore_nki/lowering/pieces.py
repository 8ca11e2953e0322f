"""Results that are defined piece by piece along an axis: one part of the loops for each piece.

    out[i, j] = a if j >= h else b        becomes b for j < h, and a for the rest

so that no element is read where it is not needed (it may not exist), and nothing is selected at run time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accelcore.ir.affine import affine, at_least
from accelcore.ir.expr import Expr, binary, index, substitute, transform, var, walk


@dataclass(frozen=True)
class Piece:
    """A part of a result: its expression, and by axis the number of elements before it and in it."""

    e: Expr
    begins: dict[int, Expr]
    extents: dict[int, Expr]


@dataclass(frozen=True)
class _Cut:
    """Where a condition on one axis changes: it holds from `at` on when `upper`, else before it."""

    condition: Expr
    axis: int
    at: Expr
    upper: bool


def pieces(e: Expr, extents: dict[int, Expr]) -> Iterator[Piece]:
    """The parts of an element's expression over its axes, in order."""
    yield from _pieces(Piece(e, {n: index(0) for n in extents}, extents))


def _pieces(piece: Piece) -> Iterator[Piece]:
    cut = next((c for n in walk(piece.e) if n.op == "select" and (c := _cut(n.args[0], piece)) is not None), None)
    if cut is None:
        yield piece
        return
    whole = piece.extents[cut.axis]
    at = cut.at if at_least(cut.at, 0, {}) else binary("max", cut.at, index(0))
    at = at if at_least(whole - at, 0, {}) else binary("min", at, whole)
    parts = ((index(0), at, not cut.upper), (at, whole - at, cut.upper))
    for begin, extent, holds in parts:
        moved = substitute(_decided(piece.e, cut.condition, holds), {cut.axis: var(cut.axis) + begin})
        begins = {**piece.begins, cut.axis: piece.begins[cut.axis] + begin}
        yield from _pieces(Piece(moved, begins, {**piece.extents, cut.axis: extent}))


def _cut(condition: Expr, piece: Piece) -> _Cut | None:
    """The cut of a condition a < b or a <= b that is affine in one axis, with a step of one; else None."""
    if condition.op not in ("lt", "le") or condition.args[0].dtype != "i64":
        return None
    axes = [n for n in piece.extents if n in condition.free]
    if len(axes) != 1 or condition.free != {axes[0]}:
        return None
    form = affine(condition.args[1] - condition.args[0], axes)
    if form is None or any(n.op in ("input", "reduce", "fold", "scan") for n in walk(condition)):
        return None
    step = form.constant(axes[0])
    strict = index(1 if condition.op == "lt" else 0)
    if step == 1:  # j + rest > 0: from 1 - rest on
        return _Cut(condition, axes[0], strict - form.rest, upper=True)
    if step == -1:  # rest - j > 0: before rest
        return _Cut(condition, axes[0], form.rest + 1 - strict, upper=False)
    return None


def _decided(e: Expr, condition: Expr, holds: bool) -> Expr:
    """The expression with selections by this condition decided."""

    def rule(n: Expr) -> Expr | None:
        if n.op == "select" and n.args[0] is condition:
            return _decided(n.args[1] if holds else n.args[2], condition, holds)
        return None

    return transform(e, rule)
