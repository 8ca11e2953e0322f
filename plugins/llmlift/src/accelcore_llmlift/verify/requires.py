"""Preconditions that a proof needs: found for needs that do not hold by themselves.

A need is a condition at one point of the program, for arbitrary values of the loop counters there.  In order of
preference its precondition is: the same condition with every counter, or every guard, at its worst end, when that
leaves sizes and scalars only (`1 <= n`, `n <= k`); a bound of a size or scalar, when that is enough (`0 < eps`); else
the condition for all values of the counters, as an `all` reduction that says it of the elements (`b[i] != 0 for all
i < n`).  A precondition is never silently assumed: it is named in the verdict and in the certificate, and tested where
a kernel is exported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from accelcore.ir import expr as E
from accelcore.ir.expr import Expr
from accelcore_llmlift.verify.arithmetic import Unsupported
from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.definedness import Bound
from accelcore_llmlift.verify.execute import Execution, Need
from accelcore_llmlift.verify.readback import Readback
from accelcore_llmlift.verify.terms import Poly, Term, walk


def extremal(bank: Bank, need: Need) -> Term | None:
    """The need's condition with the counters at their worst ends; None when it is not about sizes and scalars."""
    parts = []
    for part in need.condition.args if need.condition.op == "and" else (need.condition,):
        worst = _worst(bank, part, need.over)
        if worst is None or any(t.op in ("read", "app", "fn") for t in walk(worst)):
            return None
        parts.append(worst)
    return bank.conj(*parts)


def guarded(bank: Bank, need: Need) -> Term | None:
    """The need's condition where its guards, rather than the ranges of the counters, are at their ends.

    x[i + p - 1] under i + p - 1 < n needs n elements, however far p runs.
    """
    counters = {b.term for b in need.over}
    given = [part for a in need.assumptions for part in (a.args if a.op == "and" else (a,))]
    below = [p for p in (_not_above(bank, g) for g in given) if p is not None]
    below.sort(key=lambda p: -len(counters & set(walk(p))))
    parts = []
    for part in need.condition.args if need.condition.op == "and" else (need.condition,):
        p = _not_above(bank, part)
        if p is None:
            return None
        for bound in need.over:
            p = _by_guard(bank, p, bound.term, below)
        bounded = bank.le0(p)
        worst = bounded if bounded is bank.true else _worst(bank, bounded, need.over)
        if worst is None or any(t.op in ("read", "app", "fn") or t in counters for t in walk(worst)):
            return None
        parts.append(worst)
    return bank.conj(*parts)


def _not_above(bank: Bank, condition: Term) -> Term | None:
    """p of a comparison of integers that says p <= 0."""
    negated = condition.op == "not"
    atom = condition.args[0] if negated else condition
    if atom.op != "le0" or atom.args[0].sort != "Int":
        return None
    return bank.sub(bank.num(1), atom.args[0]) if negated else atom.args[0]


def _by_guard(bank: Bank, p: Term, counter: Term, below: Sequence[Term]) -> Term:
    """A bound of p without the counter: p - d*g with d >= 0, for the first g <= 0 that allows it; else p itself."""
    slope = {tuple(a for a in m if a is not counter): c for m, c in bank.poly(p).items() if m.count(counter) == 1}
    for g in below:
        unit = bank.poly(g).get((counter,))
        if slope and unit in (1, -1):
            factor = bank.scale(unit, bank.from_poly(slope, "Int"))
            if bank.never_negative(factor):
                return bank.sub(p, bank.mul(factor, g))
    return p


def simple(run: Execution, need: Need) -> list[Term]:
    """Conditions about one size or scalar that may be enough: 1 <= n, 0 < eps, and n <= 2147483647 for counts."""
    bank = run.bank
    names = {*run.size_names, *(p.name for p in run.program.params if not p.shape)}
    found = [t for t in walk(need.condition) if t.op == "var" and t.name in names]
    candidates = [bank.lt(bank.num(0, t.sort), t) for t in found if t.sort == "Real" or t.name in run.size_names]
    if need.kind == "fits":
        polys = [bank.poly(t.args[0]) for t in walk(need.condition) if t.op == "le0"]
        limit = max((-p.get((), 0) for p in polys), default=0)
        sizes = [bank.le(t, bank.num(limit)) for t in found if t.name in run.size_names]
        candidates += [bank.conj(*sizes)] if sizes else []
    return candidates


def _worst(bank: Bank, part: Term, over: Sequence[Bound]) -> Term | None:
    """One comparison of integers, over sizes only."""
    negated = part.op == "not"
    atom = part.args[0] if negated else part
    if not atom.args or atom.args[0].sort != "Int" or atom.op not in ("le0", "eq0"):
        return None
    if atom.op == "eq0":
        return None if any(b.term in set(walk(part)) for b in over) else part
    p = bank.sub(bank.num(1), atom.args[0]) if negated else atom.args[0]
    for bound in reversed(over):
        moved = _at_end(bank, p, bound)
        if moved is None:
            return None
        p = moved
    return bank.le0(p)


def _at_end(bank: Bank, p: Term, bound: Bound) -> Term | None:
    """The largest value of p over 0 <= term < extent, for an extent of at least one."""
    slope: Poly = {}
    for mono, coef in bank.poly(p).items():
        if bound.term in mono:
            rest = list(mono)
            rest.remove(bound.term)
            slope[tuple(rest)] = coef
        if any(bound.term in set(walk(a)) for a in mono if a is not bound.term) or mono.count(bound.term) > 1:
            return None
    if not slope:
        return p
    low, high = bank.interval(bank.from_poly(slope, "Int"))
    if low is not None and low >= 0:
        extent = bound.extent
        if extent.op == "max":  # max(x, 0): where the loop runs at all, it is x
            rest = [a for a in extent.args if a.op != "num"]
            extent = rest[0] if len(rest) == 1 else extent
        return bank.substitute(p, {bound.term: bank.sub(extent, bank.num(1))})
    if high is not None and high <= 0:
        return bank.substitute(p, {bound.term: bank.num(0)})
    return None


def about_values(bank: Bank, need: Need) -> bool:
    """Whether elements or scalars decide the condition.

    One that is about counters alone either always holds or fails in some iteration: as a precondition for all of them
    it would only exclude the sizes at which the loop runs.
    """
    return any(t.op in ("read", "app", "fn") or (t.op == "var" and t.name not in bank.index_names)
               for t in walk(need.condition))  # fmt: skip


def closure(read: Readback, need: Need, base: Sequence[Term]) -> Expr:
    """The need's condition for all values of its counters, under its guards."""
    bank = read.bank
    ranges = {bank.lt(b.term, b.extent) for b in need.over}
    guards = [a for a in need.assumptions if a not in ranges and a not in base]
    body = bank.implies(bank.conj(*guards), need.condition)
    return _over(read, body, list(need.over), {})


def _over(read: Readback, body: Term, over: Sequence[Bound], bound: Mapping[Term, Expr]) -> Expr:
    if not over:
        return read.expr(body, bound)
    first, rest = over[0], over[1:]
    used = set(walk(body, *(b.extent for b in rest)))
    if first.term not in used:
        return _over(read, body, rest, bound)
    extent = read.index(first.extent, bound)
    return E.reduce("all", extent, lambda v: _over(read, body, rest, {**bound, first.term: v}))


def expression(read: Readback, condition: Term) -> Expr:
    """A condition over sizes and scalars as an expression."""
    return read.expr(condition, {})


__all__ = ["Unsupported", "closure", "expression", "extremal"]
