"""Sums of integers, what is added apart from what is taken away: (a + c + 2 b) - (d + f + 2 e), not one after another.

Widening additions and multiply-adds then serve both halves, where taking terms away one by one needs products and
differences of their own.  Integers of a machine wrap, so the order of terms does not change the value.
"""

from __future__ import annotations

from functools import reduce

from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, binary, cast, const

_FEWEST = 2
"""Terms that each half must have for the change to save anything."""


def apart(e: Expr) -> Expr:
    """The sum with its halves apart; `e` itself where that changes nothing."""
    if e.op not in ("add", "sub") or not DTYPES[e.dtype].is_integer or e.dtype == INDEX or DTYPES[e.dtype].bits is None:
        return e
    added, taken = _terms(e)
    if len(added) < _FEWEST or len(taken) < _FEWEST or not all(map(_widens, (*added, *taken))):
        return e
    return binary("sub", _total(added), _total(taken))


def _terms(e: Expr) -> tuple[list[Expr], list[Expr]]:
    """(what is added, what is taken away), from left to right."""
    if e.op == "cast" and _same_width(e.args[0].dtype, e.dtype) and e.args[0].op in ("add", "sub", "mul"):
        e = _as(e.args[0], e.dtype)
    if e.op not in ("add", "sub"):
        return [e], []
    (added, taken), (more, less) = map(_terms, e.args)
    return (added + more, taken + less) if e.op == "add" else (added + less, taken + more)


def _same_width(a: str, b: str) -> bool:
    return DTYPES[a].is_integer and DTYPES[b].is_integer and DTYPES[a].bits == DTYPES[b].bits


def _as(e: Expr, dtype: str) -> Expr:
    """The same bits as another integer of the same width, computed in it."""
    if e.op in ("add", "sub", "mul"):
        return binary(e.op, *(_as(a, dtype) for a in e.args))
    if e.op == "const":
        return (
            const(e.value, dtype)
            if (DTYPES[dtype].low or 0) <= e.value <= (DTYPES[dtype].high or 0)
            else _bits(e, dtype)
        )
    source = e.args[0].dtype if e.op == "cast" else e.dtype
    widens = e.op == "cast" and DTYPES[source].is_integer and (DTYPES[source].bits or 64) < (DTYPES[dtype].bits or 64)
    return _bits(e.args[0] if widens else e, dtype)


def _bits(e: Expr, dtype: str) -> Expr:
    return e if e.dtype == dtype else cast(e, dtype, "nearest", "wrap")


def _widens(term: Expr) -> bool:
    """Whether a term is a narrower value, or a product with one."""
    return any(part.op == "cast" for part in ((term,) if term.op != "mul" else term.args))


def _total(terms: list[Expr]) -> Expr:
    """Products last, so that each is added as it is multiplied."""
    return reduce(lambda a, b: binary("add", a, b), sorted(terms, key=lambda term: term.op == "mul"))
