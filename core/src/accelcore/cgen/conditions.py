"""Conditions on the vector loop's iterator: "lane below a count" needs no vector of iterators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelcore.cgen import address, vectors
from accelcore.cgen.address import Polynomial
from accelcore.cgen.frame import Value
from accelcore.cgen.names import ctype
from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr

if TYPE_CHECKING:
    from accelcore.cgen.expressions import Expressions


def lane_count(at: Expressions, e: Expr) -> tuple[Polynomial, bool] | None:
    """(n, inverted) when the condition is "lane < n" (or its opposite) with n the same for all lanes; else None.

    a < b with b - a = d - lane holds in the lanes below d; with b - a = d + lane in the lanes from 1 - d on.
    """
    if e.op not in ("lt", "le") or e.args[0].dtype != INDEX or at.frame.lanes is None:
        return None
    iterator = at.frame.lanes.iterator
    gap = address.plus(address.polynomial(e.args[1]), address.times(address.polynomial(e.args[0]), {(): -1}))
    step = address.constant(address.stride(gap, iterator) or {})
    alone = all((a.op == "param" and a.name == iterator) or not at.varies(a) for monomial in gap for a in monomial)
    if step not in (1, -1) or not alone:
        return None
    one: Polynomial = {(): 1} if (e.op == "le") == (step == -1) else {}
    if step == -1:
        return address.plus(gap, one), False
    return address.plus(address.times(gap, {(): -1}), one), True


def lane_mask(at: Expressions, e: Expr) -> Value | None:
    """The mask of such a condition, or None when it is none."""
    found = lane_count(at, e)
    if found is None:
        return None
    limit, inverted = found
    if at.unit.isa.scalable and at.unit.isa.move("first", "bool", at.count) is None:
        return None
    texts = []
    for group in range(at.groups):
        # The polynomial holds the iterator's value in lane 0 of group 0; later groups are further on.
        moved = address.plus(limit, {(): -group * at.count})
        count = address.render(moved, lambda a: at.scalar(a) if not _is_iterator(at, a) else at.frame.names[a.name])
        texts.append(_first(at, count))
    width = 0 if at.masks.whole else at.masks.natural
    mask = Value("bool", tuple(texts), varying=True, mask=width)
    return at.masks.inverted(mask) if inverted else mask


def _is_iterator(at: Expressions, e: Expr) -> bool:
    return at.frame.lanes is not None and e.op == "param" and e.name == at.frame.lanes.iterator


def _first(at: Expressions, count: str) -> str:
    """Mask of the lanes below a count."""
    template = at.unit.isa.move("first", "bool", at.count)
    if template is not None:
        return at.expand(template, n=f"({count})")
    width = f"i{at.masks.natural}"
    clamp = f"static inline {ctype(width)} ac_lanes{at.count}_{width}(int64_t n) {{ return n < 0 ? 0 : n > {at.count} "
    name = at.unit.helper(f"ac_lanes{at.count}_{width}", f"{clamp}? {at.count} : n; }}")
    limit = at.spread(Value(width, (f"{name}({count})",))).texts[0]
    lanes = vectors.iota(at.unit, width, at.count)
    return vectors.compare(at.unit, "lt", width, at.count, [lanes, limit])
