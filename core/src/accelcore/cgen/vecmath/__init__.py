"""Vectorised mathematics as straight-line expressions, the same for every instruction set.

`expand(call)` replaces a named function by additions, products, selections and bit operations; an instruction set that
knows better (a scale by powers of two, a rounding) matches those parts as instructions.  Every function states its
largest error in ulp, `ERRORS`, which a test measures over a dense sweep with infinities, NaN, denormals and the edges
of overflow.  Polynomials come from tools/fit_vecmath.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from accelcore.cgen.vecmath import elementary, smooth
from accelcore.ir.expr import Expr

Rule = Callable[..., Expr]

_ELEMENTARY: Mapping[str, Rule] = elementary.RULES
_SMOOTH: Mapping[str, Rule] = smooth.RULES
_RULES: dict[tuple[str, str], Rule] = {
    **{(name, dtype): rule for name, rule in _ELEMENTARY.items() for dtype in ("f32", "f64")},
    **{(name, dtype): rule for name, rule in _SMOOTH.items() for dtype in smooth.DTYPES_OF[name]},
}

ERRORS: dict[tuple[str, str], float] = {**elementary.ERRORS, **smooth.ERRORS}
"""Largest error in ulp by (function, dtype), for results that are normal numbers."""


def expand(e: Expr) -> Expr | None:
    """One step of a function call's expansion; None for functions and dtypes that have no vector form."""
    rule = _RULES.get((e.name, e.dtype))
    return None if rule is None or len(e.args) != _ARITY.get(e.name, 1) else _expanded(rule, e)


_ARITY = {"scalb": 2}


@functools.lru_cache(maxsize=4096)
def _expanded(rule: Rule, e: Expr) -> Expr:
    return rule(*e.args)


def supported() -> frozenset[tuple[str, str]]:
    """(function, dtype) pairs that expand."""
    return frozenset(_RULES)
