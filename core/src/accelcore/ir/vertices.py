"""Exact bounds of expressions in which a value occurs more than once: a * w + b * (255 - w) is at most 65025.

Interval arithmetic takes the two w for independent.  A polynomial of degree one in each of its atoms, though, has its
extremes at corners of the box that the atoms' intervals span, because it is linear along every edge.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import product

from accelcore.ir.expr import Expr, walk
from accelcore.ir.polynomial import Polynomial, polynomial

_ATOMS = 6
"""Atoms beyond which corners are not tried: there are two to the power of them."""
_NODES = 64
"""Nodes beyond which an expression is not expanded."""


def bounds(e: Expr, of: Callable[[Expr], tuple[float, float]]) -> tuple[int, int] | None:
    """Least and greatest value of an exact sum, from its atoms' intervals; None where corners say nothing new.

    That is where nothing occurs twice, or an atom occurs squared, there are too many, or one is unbounded.
    """
    if e.op not in ("add", "sub") or not _repeats(e):
        return None
    terms = polynomial(e)
    atoms = list(dict.fromkeys(atom for monomial in terms for atom in monomial))
    squared = any(len(set(monomial)) < len(monomial) for monomial in terms)
    if squared or len(atoms) > _ATOMS:
        return None
    sides = [of(atom) for atom in atoms]
    if not all(math.isfinite(end) for side in sides for end in side):
        return None
    values = [_value(terms, dict(zip(atoms, corner, strict=True))) for corner in product(*sides)]
    return math.floor(min(values)), math.ceil(max(values))


def _repeats(e: Expr) -> bool:
    """Whether it is small, and an operand stands in it more than once."""
    inside = list(walk(e))
    if len(inside) > _NODES:
        return False
    uses = Counter(a for node in inside for a in node.args if a.op != "const")
    return any(times > 1 and node.dtype == e.dtype for node, times in uses.items())


def _value(terms: Polynomial, at: dict[Expr, float]) -> Fraction:
    return sum((c * math.prod((Fraction(at[a]) for a in m), start=Fraction(1)) for m, c in terms.items()), Fraction(0))
