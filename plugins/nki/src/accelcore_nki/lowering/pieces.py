"""Results that are defined piece by piece along an axis: one part of the loops for each piece.

    out[i, j] = a if j >= h else b        becomes b for j < h, and a for the rest
    out[i, j] = a if j % 2 else b         becomes b for the even j, and a for the odd ones

so that no element is read where it is not needed (it may not exist), and nothing is selected at run time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from accelcore.ir.affine import affine, at_least
from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, const, index, substitute, transform, var, walk
from accelcore.ir.polynomial import expression, polynomial

_STRIDES = 16  # most parts that an axis is divided into by remainders


@dataclass(frozen=True)
class Piece:
    """A part of a result: its expression, and by axis where it begins, its extent, and the step between elements."""

    e: Expr
    begins: dict[int, Expr]
    extents: dict[int, Expr]
    steps: dict[int, int]

    def place(self, number: int, position: Expr) -> Expr:
        """Where in the result an axis' element is."""
        return self.begins[number] + position * self.steps[number]

    def part(self, number: int, begin: Expr, extent: Expr, step: int, e: Expr) -> Piece:
        """The elements begin, begin + step, ... of an axis; `e` is the expression there, over the old positions."""
        return Piece(
            substitute(e, {number: var(number) * step + begin}),
            {**self.begins, number: self.place(number, begin)},
            {**self.extents, number: extent},
            {**self.steps, number: self.steps[number] * step},
        )


@dataclass(frozen=True)
class _Cut:
    """Where a condition on one axis changes: it holds from `at` on when `upper`, else before it."""

    condition: Expr
    axis: int
    at: Expr
    upper: bool


def pieces(e: Expr, extents: dict[int, Expr]) -> Iterator[Piece]:
    """The parts of an element's expression over its axes, in order."""
    yield from _pieces(Piece(e, {n: index(0) for n in extents}, extents, dict.fromkeys(extents, 1)))


def _pieces(piece: Piece) -> Iterator[Piece]:
    found = next((s for n in walk(piece.e) if (s := _stride(n, piece)) is not None), None)
    if found is not None:
        axis, step = found
        for rest in range(step):
            extent = _divided(binary("fdiv", piece.extents[axis] + (step - 1 - rest), index(step)))
            part = piece.part(axis, index(rest), extent, step, piece.e)
            yield from _pieces(Piece(transform(part.e, _divided_or_none), part.begins, part.extents, part.steps))
        return
    piece = replace(piece, e=_settled(piece))
    cut = next((c for n in walk(piece.e) if n.op == "select" and (c := _cut(n.args[0], piece)) is not None), None)
    if cut is None:
        yield piece
        return
    whole = piece.extents[cut.axis]
    at = cut.at if _never_negative(cut.at) else binary("max", cut.at, index(0))
    at = at if _never_negative(whole - at) else binary("min", at, whole)
    parts = ((index(0), at, not cut.upper), (at, whole - at, cut.upper))
    for begin, extent, holds in parts:
        yield from _pieces(piece.part(cut.axis, begin, extent, 1, _decided(piece.e, cut.condition, holds)))


def _never_negative(e: Expr) -> bool:
    """Whether it is at least 0; sizes are at least 1."""
    return at_least(e, 0, {}, dict.fromkeys(e.sizes, 1))


def _settled(piece: Piece) -> Expr:
    """The expression without selections whose condition is the same at all positions of the piece."""
    known: dict[Expr, bool] = {}
    for n in walk(piece.e):
        if n.op == "select" and n.args[0].op in ("lt", "le") and n.args[0].args[0].dtype == INDEX:
            a, b = n.args[0].args
            strict = 1 if n.args[0].op == "lt" else 0
            sizes = dict.fromkeys(n.args[0].sizes.union(*(x.sizes for x in piece.extents.values())), 1)
            if at_least(b - a, strict, piece.extents, sizes):
                known[n.args[0]] = True
            elif at_least(a - b, 1 - strict, piece.extents, sizes):
                known[n.args[0]] = False

    def rule(n: Expr) -> Expr | None:
        return n.args[1 if known[n.args[0]] else 2] if n.op == "select" and n.args[0] in known else None

    return transform(piece.e, rule) if known else piece.e


def _stride(n: Expr, piece: Piece) -> tuple[int, int] | None:
    """(axis, s) of a quotient or remainder by s of a position along the axis that is no multiple."""
    if n.op not in ("fdiv", "fmod") or n.dtype != INDEX or n.args[1].op != "const":
        return None
    step, form = int(n.args[1].value), affine(n.args[0])
    if not 1 < step <= _STRIDES or form is None:
        return None
    axis = next((a for a in form.variables if a in piece.extents and (form.constant(a) or 0) % step), None)
    return None if axis is None else (axis, step)


def _divided(n: Expr) -> Expr:
    return _divided_or_none(n) or n


def _divided_or_none(n: Expr) -> Expr | None:
    """A quotient or remainder whose dividend is a multiple of the divisor plus a number; a comparison of numbers."""
    if n.op in ("eq", "ne", "lt", "le") and all(a.op == "const" for a in n.args):
        a, b = (x.value for x in n.args)
        return const(bool({"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b}[n.op]))
    if n.op == "select" and n.args[0].op == "const":
        return n.args[1] if n.args[0].value else n.args[2]
    if n.op not in ("fdiv", "fmod") or n.dtype != INDEX or n.args[1].op != "const" or int(n.args[1].value) <= 0:
        return None
    by, terms = int(n.args[1].value), polynomial(n.args[0])
    if any(c % by for monomial, c in terms.items() if monomial):
        return None
    quotient, rest = divmod(int(terms.get((), 0)), by)
    if n.op == "fmod":
        return index(rest)
    multiples = {monomial: c / by for monomial, c in terms.items() if monomial}
    return expression(multiples, INDEX) + quotient


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
        return n.args[1 if holds else 2] if n.op == "select" and n.args[0] is condition else None

    return transform(e, rule)
