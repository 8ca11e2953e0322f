"""Which iteration writes an element: conditions on its index that fix the loop's counter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, index, walk
from accelcore_llmlift.lifter.algebra import conjuncts, exchange, simplify
from accelcore_llmlift.lifter.recurrences import occurs
from accelcore_llmlift.polynomial import Facts, Polynomial, expression, polynomial, split


@dataclass(frozen=True)
class Pin:
    """A guarded new value whose guard fixes the iteration.

    iteration: the number at which the element is written, a function of the index variables; others: conditions
    besides; value: the new element; place: index variables as functions of the iteration.
    """

    iteration: Expr
    others: tuple[Expr, ...]
    value: Expr
    place: dict[int, Expr]


@dataclass(frozen=True)
class Pins:
    """Pins of the element at `variables`, by iterations `number`, of an array of these extents."""

    number: Expr
    variables: tuple[Expr, ...]
    extents: tuple[Expr, ...]
    facts: Facts

    def of(self, test: Expr, value: Expr) -> Pin | None:
        """The pin that a guard gives, or None."""
        parts = conjuncts(test)
        for part in parts:
            if part.op != "eq" or part.args[0].dtype not in (INDEX, "int"):
                continue
            equation = polynomial(part.args[0]) - polynomial(part.args[1])
            found = _solve_for(equation, self.number)
            if found is not None:
                where, divisible = found
                others = tuple(p for p in parts if p is not part)
                return Pin(where, (*divisible, *others), value, self._place(equation))
        return (
            self._by_range(parts, value, whole=True) or self._by_range(parts, value, whole=False)
            or self._by_stride(parts, value)
        )  # fmt: skip

    def _by_range(self, parts: Sequence[Expr], value: Expr, *, whole: bool) -> Pin | None:
        """k * n <= u < k * n + n fixes k = u // n (rows appended to, or stored in, a flat list)."""
        known = self.facts.assuming(parts)  # an element in the range says that the range is not empty
        for part in parts:
            low = _at_least_zero(part)
            factor = low.coefficient(self.number) if low is not None else None
            if low is None or factor is None or not factor.terms:
                continue
            width = -factor
            if not known.nonnegative(width - 1):
                continue
            offset = low.without(self.number)
            top = polynomial(self.number) * width + width - 1 - offset
            uppers = [p for p in parts if p is not part and _at_least_zero(p) == top]
            if uppers or known.nonnegative(top) or (not whole and self._part_of_row(parts, part, top, known)):
                where = binary("fdiv", expression(offset), expression(width))
                rest = tuple(p for p in parts if p is not part and p not in uppers)
                return Pin(simplify(where, known), rest, value, {})
        return None

    def _part_of_row(self, parts: Sequence[Expr], low: Expr, top: Polynomial, known: Facts) -> bool:
        """u < k * w + n with n <= w, for rows that begin w apart: the condition stays, for the k that is fixed."""
        for part in parts:
            bound = _at_least_zero(part) if part is not low else None
            gap = top - bound if bound is not None else None
            if gap is not None and not any(occurs(self.number, x) for x in gap.atoms) and known.nonnegative(gap):
                return True
        return False

    def _whole_rows(self, width: Polynomial) -> bool:
        """Whether the array is empty where the width is 0, so that no element is divided by it."""
        return any(divides(width, polynomial(e)) for e in self.extents)

    def _by_stride(self, parts: Sequence[Expr], value: Expr) -> Pin | None:
        """p == k * w + r with 0 <= r < w fixes k = p // w where p % w == r (columns of a flat matrix)."""
        known = self.facts.assuming(parts)
        for part in parts:
            if part.op != "eq" or part.args[0].dtype not in (INDEX, "int"):
                continue
            equation = polynomial(part.args[0]) - polynomial(part.args[1])
            for variable in self.variables:
                own = equation.coefficient(variable)
                if own is None or own.constant not in (1, -1):
                    continue
                rest = equation.without(variable) * -int(own.constant)  # the variable is k * w + r
                width = rest.coefficient(self.number)
                offset = rest.without(self.number)
                if width is None or any(occurs(self.number, x) for x in offset.atoms):
                    continue
                if not known.nonnegative(width - 1) and not self._whole_rows(width):
                    continue
                if known.nonnegative(offset) and known.nonnegative(width - offset - 1):
                    inside = binary("fmod", variable, expression(width))
                    others = (binary("eq", inside, expression(offset)), *(p for p in parts if p is not part))
                    return Pin(binary("fdiv", variable, expression(width)), others, value, {})
        return None

    def _place(self, equation: Polynomial) -> dict[int, Expr]:
        """The index variable that the equation fixes for a given iteration."""
        for variable in self.variables:
            found = _solve_for(equation, variable)
            if found is not None and not found[1]:
                return {variable.number: found[0]}
        return {}


def divides(divisor: Polynomial, p: Polynomial) -> bool:
    """Whether p is a multiple of a divisor: of one term, or with an atom alone, by what p is at the divisor's zero."""
    quotient, rest = split(p, divisor)
    if quotient is not None:
        return not rest.terms
    for atom in divisor.atoms:
        factor = divisor.coefficient(atom)
        if factor is not None and factor.constant in (1, -1):
            root = divisor.without(atom) * -int(factor.constant)
            return not polynomial(exchange(expression(p), {atom: expression(root)})).terms
    return False


def _solve_for(p: Polynomial, number: Expr) -> tuple[Expr, tuple[Expr, ...]] | None:
    """(k, conditions) with p = 0 exactly when k has that value and the conditions hold; p linear in k."""
    factor = p.coefficient(number)
    rest = p.without(number)
    if factor is None or factor.constant in (None, 0) or number in {x for a in rest.atoms for x in walk(a)}:
        return None
    scale = factor.constant
    assert scale is not None
    value = -rest if scale > 0 else rest
    if abs(scale) == 1:
        return expression(value), ()
    where = binary("fdiv", expression(value), index(abs(scale)))
    return where, (binary("eq", binary("fmod", expression(value), index(abs(scale))), index(0)),)


def _at_least_zero(part: Expr) -> Polynomial | None:
    """q with part equivalent to q >= 0, for an integer comparison."""
    if part.op not in ("lt", "le") or part.args[0].dtype not in (INDEX, "int"):
        return None
    return polynomial(part.args[1]) - polynomial(part.args[0]) - (part.op == "lt")
