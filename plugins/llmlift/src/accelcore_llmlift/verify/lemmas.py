"""Extensionality: reductions of bodies that are equal by more than their normal form.

Two prefixes between equal ends are equal when their bodies are equal at every index between the ends, and a linear
combination of sums between the same ends vanishes when the combination of their bodies does there.  Where the goal
selects between sums, a combination is that of one way to decide the selections, and its conditions may be assumed.
Each such lemma is an obligation of its own, for one arbitrary index, under the assumptions of the obligation that
needs it; once it is proved, its conclusion may be assumed there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from accelcore_llmlift.verify.axioms import body_at
from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.execute import Obligation
from accelcore_llmlift.verify.terms import Monomial, Number, Term, walk

_MOST = 24
"""Lemmas that are tried for one obligation."""
_MOST_CASES = 32
"""Equations of a goal, with their selections decided, that lemmas are looked for in."""

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
    combined: set[tuple[frozenset[Term], frozenset[Term]]] = set()
    for path, p in itertools.islice(_cases(bank, obligation.goal), _MOST_CASES):
        for ends, group in _ranges(bank, p).items():
            members = frozenset(app for _, _, app in group)
            if (members, path) not in combined:
                combined.add((members, path))
                yield _linear(bank, obligation, path, ends, group, next(numbers))
    related = {members for members, path in combined if not path}
    apps = [t for t in walk(obligation.goal) if t.op == "app" and not t.holes]
    for a, b in itertools.combinations(apps, 2):
        if frozenset((a, b)) not in related and _alike(bank, a, b):
            yield _pair(bank, obligation, a, b, next(numbers))


def _cases(bank: Bank, goal: Term, path: frozenset[Term] = frozenset()) -> Iterator[tuple[frozenset[Term], Term]]:
    """(conditions, p) of the equations p = 0 in a goal: p without selections between reductions, where they hold."""
    if goal.op == "and":
        for part in goal.args:
            yield from _cases(bank, part, path)
    elif goal.op == "or":
        for part in goal.args:
            others = {bank.negate(other) for other in goal.args if other is not part}
            yield from _cases(bank, part, path | others)
    elif goal.op == "eq0" and not goal.holes:
        yield from _leaves(bank, goal.args[0], path)
    else:
        for atom in walk(goal):
            if atom is not goal and atom.op == "eq0" and not atom.holes:
                yield from _leaves(bank, atom.args[0], frozenset())


def _leaves(bank: Bank, p: Term, path: frozenset[Term]) -> Iterator[tuple[frozenset[Term], Term]]:
    """A polynomial for every way to decide the selections in it that reductions depend on."""
    atoms = p.args if p.op == "poly" else (p,)
    chosen = next((a for a in atoms if a.op == "ite" and any(t.op == "app" for t in walk(a))), None)
    if chosen is None:
        yield path, p
        return
    condition, then, other = chosen.args
    for test, value in ((condition, then), (bank.negate(condition), other)):
        if bank.negate(test) not in path:
            yield from _leaves(bank, bank.replaced(p, chosen, value), path | {test})


def _ranges(bank: Bank, p: Term) -> dict[tuple[Term, Term], list[Weighted]]:
    """The differences S(high) - S(low) of a polynomial by (low, high), for sums that are alone in their monomial.

    Ends that are a few steps apart count as the lowest of them: the steps between are defining equations.
    """
    sums: dict[tuple[Monomial, str, tuple[Term, ...]], dict[Term, Number]] = {}
    lowest: dict[Term, int] = {}
    for mono, coef in bank.poly(p).items():
        found = [a for a in mono if a.op == "app" and bank.definitions[a.name].kind == "sum"]
        if len(found) == 1:
            rest = tuple(a for a in mono if a is not found[0])
            base, constant = _base(bank, found[0].args[0])
            lowest[base] = min(constant, lowest.get(base, constant))
            weights = sums.setdefault((rest, found[0].name, found[0].args[1:]), {})
            weights[base] = weights.get(base, 0) + coef
    ranges: dict[tuple[Term, Term], list[Weighted]] = {}
    for (rest, name, args), weights in sums.items():
        ends = [(bank.add(base, bank.num(lowest[base])), coef) for base, coef in weights.items() if coef]
        if len(ends) == 1:
            ends.append((bank.num(0), -ends[0][1]))
        if len(ends) == 2 and ends[0][1] == -ends[1][1]:
            if ends[0][0].op == "num" or bank.never_negative(bank.sub(ends[1][0], ends[0][0])):
                ends.reverse()
            (high, coef), (low, _) = ends
            if high.op != "num":
                app = bank.app(name, (high, *args), bank.definitions[name].sort)
                ranges.setdefault((low, high), []).append((rest, coef, app))
    return ranges


def _base(bank: Bank, end: Term) -> tuple[Term, int]:
    """An end without its constant, and the constant."""
    constant = int(bank.poly(end).get((), 0))
    return bank.sub(end, bank.num(constant)), constant


def _index(bank: Bank, obligation: Obligation, number: int, low: Term, high: Term) -> tuple[Term, tuple[Term, ...]]:
    depth = obligation.label.count("lemma")
    k = bank.var(f"lemma{depth}.{number}")
    bank.index_names.add(k.name)
    return k, (*obligation.assumptions, bank.le(low, k), bank.lt(k, high))


def _linear(
    bank: Bank,
    obligation: Obligation,
    path: Iterable[Term],
    ends: tuple[Term, Term],
    group: list[Weighted],
    number: int,
) -> Lemma:
    low, high = ends
    k, assumptions = _index(bank, obligation, number, low, high)
    path = sorted(path, key=lambda t: t.serial)
    sort = group[0][2].sort
    bodies, sums = bank.num(0, sort), bank.num(0, sort)
    for rest, coef, app in group:
        factor = bank.from_poly({rest: coef}, sort)
        body = body_at(bank, bank.definitions[app.name], k, app.args[1:])
        before = bank.app(app.name, (low, *app.args[1:]), sort)
        bodies = bank.add(bodies, bank.mul(factor, body))
        sums = bank.add(sums, bank.mul(factor, bank.sub(app, before)))
    conclusion = bank.implies(bank.conj(*path, bank.le(low, high)), bank.eq0(sums))
    label = f"{obligation.label}: lemma {number}"
    return Lemma(Obligation(label, (*assumptions, *path), bank.eq0(bodies)), conclusion)


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
