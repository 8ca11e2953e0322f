"""Extensionality: reductions of bodies that are equal by more than their normal form.

Two prefixes between equal ends are equal when their bodies are equal at every index between the ends, and a linear
combination of sums with the same end vanishes when the combination of their bodies does.  Each such lemma is an
obligation of its own, for one arbitrary index, under the assumptions of the obligation that needs it; once it is
proved, its conclusion may be assumed there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from accelcore_llmlift.verify.axioms import body_at
from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.execute import Obligation
from accelcore_llmlift.verify.terms import Monomial, Number, Term, walk

_MOST = 12
"""Lemmas that are tried for one obligation."""

Weighted = tuple[Monomial, Number, Term]
"""A sum's application with the monomial and the coefficient beside it."""


@dataclass(frozen=True)
class Lemma:
    """`obligation` proved, `conclusion` may be assumed beside its assumptions."""

    obligation: Obligation
    conclusion: Term


def lemmas(bank: Bank, obligation: Obligation) -> Iterator[Lemma]:
    """Lemmas that could connect the reductions of the goal."""
    yield from itertools.islice(_all(bank, obligation), _MOST)


def _all(bank: Bank, obligation: Obligation) -> Iterator[Lemma]:
    numbers = itertools.count()
    combined: set[frozenset[Term]] = set()
    for atom in walk(obligation.goal):
        if atom.op != "eq0" or atom.holes:
            continue
        for end, group in _groups(bank, atom.args[0]).items():
            members = frozenset(app for _, _, app in group)
            if members not in combined:
                combined.add(members)
                yield _linear(bank, obligation, end, group, next(numbers))
    apps = [t for t in walk(obligation.goal) if t.op == "app" and not t.holes]
    for a, b in itertools.combinations(apps, 2):
        if frozenset((a, b)) not in combined and _alike(bank, a, b):
            yield _pair(bank, obligation, a, b, next(numbers))


def _groups(bank: Bank, p: Term) -> dict[Term, list[Weighted]]:
    """The sums of a polynomial by their end, where each is the only one in its monomial."""
    groups: dict[Term, list[Weighted]] = {}
    for mono, coef in bank.poly(p).items():
        sums = [a for a in mono if a.op == "app" and bank.definitions[a.name].kind == "sum"]
        if len(sums) == 1:
            rest = list(mono)
            rest.remove(sums[0])
            groups.setdefault(sums[0].args[0], []).append((tuple(rest), coef, sums[0]))
    return groups


def _index(bank: Bank, obligation: Obligation, number: int, low: Term, high: Term) -> tuple[Term, tuple[Term, ...]]:
    depth = obligation.label.count("lemma")
    k = bank.var(f"lemma{depth}.{number}")
    bank.index_names.add(k.name)
    return k, (*obligation.assumptions, bank.le(low, k), bank.lt(k, high))


def _linear(bank: Bank, obligation: Obligation, end: Term, group: list[Weighted], number: int) -> Lemma:
    k, assumptions = _index(bank, obligation, number, bank.num(0), end)
    sort = group[0][2].sort
    bodies, sums = bank.num(0, sort), bank.num(0, sort)
    for rest, coef, app in group:
        factor = bank.from_poly({rest: coef}, sort)
        body = body_at(bank, bank.definitions[app.name], k, app.args[1:])
        bodies = bank.add(bodies, bank.mul(factor, body))
        sums = bank.add(sums, bank.mul(factor, app))
    conclusion = bank.implies(bank.le(bank.num(0), end), bank.eq0(sums))
    return Lemma(Obligation(f"{obligation.label}: lemma {number}", assumptions, bank.eq0(bodies)), conclusion)


def _alike(bank: Bank, a: Term, b: Term) -> bool:
    """The same kind of reduction, from as many initial values of the same sorts."""
    one, two = bank.definitions[a.name], bank.definitions[b.name]
    return (one.kind, a.sort, one.which, [x.sort for x in one.accs]) == (
        two.kind, b.sort, two.which, [x.sort for x in two.accs]
    )  # fmt: skip


def _pair(bank: Bank, obligation: Obligation, a: Term, b: Term, number: int) -> Lemma:
    one, two = bank.definitions[a.name], bank.definitions[b.name]
    ends = 2 if one.kind not in ("sum", "fold") else 1
    low = a.args[0] if ends == 2 else bank.num(0)
    high = a.args[ends - 1]
    k, assumptions = _index(bank, obligation, number, low, high)
    accs = {}
    for x, y in zip(one.accs, two.accs, strict=True):
        accs[x] = accs[y] = bank.var(f"{k.name}.{x.name}", x.sort)
    skip = ends + len(one.accs)
    goals = [bank.eq(x, y) for x, y in zip(a.args[:skip], b.args[:skip], strict=True)]
    for which in range(len(one.body)):
        left, right = (
            bank.substitute(body_at(bank, d, k, app.args[skip:], which), accs) for d, app in ((one, a), (two, b))
        )
        goals.append(bank.eq(left, right))
    conclusion = bank.implies(bank.lt(low, high), bank.eq(a, b))
    return Lemma(Obligation(f"{obligation.label}: lemma {number}", assumptions, bank.conj(*goals)), conclusion)
