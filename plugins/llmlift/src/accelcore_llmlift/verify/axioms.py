"""Facts about the terms of one obligation, instantiated where they are needed and nowhere else.

Every axiom is an instance of a sentence that is true of the function that its symbol stands for, whatever the inputs
are: the defining equations of a prefix at the ends that occur, monotonicity of a sum whose summand is not negative,
bounds of functions, signs of products.  Leaving one out can only make a true goal unprovable; none of them can make a
false one provable.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.terms import Definition, Number, Term, walk

_LARGEST_GAP = 4
"""Two prefixes of one sum whose ends differ by at most this constant are connected step by step."""


def instances(bank: Bank, goals: Sequence[Term], lean: bool) -> list[Term]:
    """The axioms for the applications in the goals, and for those of other symbols that these bring in.

    lean: only the defining equations of prefixes that end a few steps after another prefix of the same symbol.
    """
    if lean:
        apps = _apps(goals)
        lines = {f: None for app in [*apps, *_between(bank, apps)] if _follows(bank, app, apps)
                 for f in _defining(bank, app, apps)}  # fmt: skip
        lines.pop(bank.true, None)
        return list(lines)
    facts: dict[Term, None] = {}
    apps = _apps(goals)
    unfolded: set[Term] = set()
    for _ in range(2):
        known = {a.name for a in apps}
        fresh: dict[Term, None] = {}
        for app in [*apps, *_between(bank, apps)]:
            if app not in unfolded:
                unfolded.add(app)
                for fact in _defining(bank, app, apps):
                    facts[fact] = None
                    fresh[fact] = None
        apps = [a for a in _apps(tuple(fresh)) if a.name not in known]
    for fact in _monotone(bank, _apps((*goals, *facts))):
        facts[fact] = None
    for fact in (*_functions(bank, (*goals, *facts)), *_noted(bank, goals)):
        facts[fact] = None
    facts.pop(bank.true, None)
    return list(facts)


def _apps(terms: Iterable[Term]) -> list[Term]:
    return [t for t in walk(*terms) if t.op == "app" and not t.holes]


def _between(bank: Bank, apps: Sequence[Term]) -> list[Term]:
    """Sums whose ends lie between two occurring ones that are a few steps apart."""
    added: dict[Term, None] = {}
    sums = [a for a in apps if bank.definitions[a.name].kind == "sum"]
    for a in sums:
        for b in sums:
            if a.data != b.data or a.args[1:] != b.args[1:]:
                continue
            gap = bank.sub(a.args[0], b.args[0])
            if gap.op == "num" and 1 < _integer(gap) <= _LARGEST_GAP:
                for step in range(1, _integer(gap)):
                    end = bank.add(b.args[0], bank.num(step))
                    added[bank.app(a.name, (end, *a.args[1:]), a.sort)] = None
    return [a for a in added if a.op == "app"]


def _follows(bank: Bank, app: Term, apps: Sequence[Term]) -> bool:
    """Whether another prefix of the symbol ends, or for an interval begins, up to a few steps away."""
    ends = 1 if bank.definitions[app.name].kind in ("sum", "fold") else 2
    for other in apps:
        if other is app or other.name != app.name:
            continue
        for a, b in zip(app.args[:ends], other.args[:ends], strict=True):
            gap = bank.sub(a, b)
            if gap.op == "num" and 0 < abs(_integer(gap)) <= _LARGEST_GAP:
                return True
    return False


def _integer(term: Term) -> int:
    assert isinstance(term.data, int)
    return term.data


def _defining(bank: Bank, app: Term, apps: Sequence[Term]) -> list[Term]:
    definition = bank.definitions[app.name]
    if definition.kind == "sum":
        return [_sum_step(bank, definition, app)]
    if definition.kind == "fold":
        return _fold_steps(bank, definition, app)
    return _interval_steps(bank, definition, app, apps)


def body_at(bank: Bank, definition: Definition, where: Term, args: Sequence[Term], which: int = 0) -> Term:
    """The body of a definition at an index, with its parameters replaced by args."""
    mapping = {definition.index: where, **dict(zip(definition.params, args, strict=True))}
    return bank.substitute(definition.body[which], mapping)


def _sum_step(bank: Bank, definition: Definition, app: Term) -> Term:
    """S(e) = S(e-1) + w(e-1), on all integers."""
    before = bank.sub(app.args[0], bank.num(1))
    smaller = bank.app(app.name, (before, *app.args[1:]), app.sort)
    return bank.eq(app, bank.add(smaller, body_at(bank, definition, before, app.args[1:])))


def _interval_steps(bank: Bank, definition: Definition, app: Term, apps: Sequence[Term]) -> list[Term]:
    """P over [lo, hi): its value when empty (max, min: of one element), its last step, and its first where needed."""
    low, high, *args = app.args
    kind, one = definition.kind, bank.num(1)
    last = bank.sub(high, one)
    before = bank.app(app.name, (low, last, *args), app.sort)
    after = bank.app(app.name, (bank.add(low, one), high, *args), app.sort)
    final, first = (body_at(bank, definition, at, args) for at in (last, low))
    facts = []
    if kind in ("max", "min"):
        some = bank.lt(bank.add(low, one), high)
        facts.append(bank.implies(bank.eq(high, bank.add(low, one)), bank.eq(app, first)))
    else:
        some = bank.lt(low, high)
        empty = bank.num(1, app.sort) if kind == "prod" else bank.truth(kind == "all")
        facts.append(bank.implies(bank.le(high, low), bank.eq(app, empty)))
    facts.append(bank.implies(some, bank.eq(app, _step(bank, kind, before, final))))
    if any(other.data == app.data and other.args[0] is not low for other in apps):
        facts.append(bank.implies(some, bank.eq(app, _step(bank, kind, after, first))))
    if kind in ("max", "min"):
        facts += _extreme_bounds(bank, definition, app)
    return facts


def _extreme_bounds(bank: Bank, definition: Definition, app: Term) -> list[Term]:
    """A non-empty extreme lies between the bounds of its body."""
    low, high = bank.interval(definition.body[0])
    nonempty = bank.lt(app.args[0], app.args[1])
    facts = []
    if low is not None:
        facts.append(bank.implies(nonempty, bank.le(bank.num(low, app.sort), app)))
    if high is not None:
        facts.append(bank.implies(nonempty, bank.le(app, bank.num(high, app.sort))))
    return facts


def _step(bank: Bank, kind: str, a: Term, b: Term) -> Term:
    steps: dict[str, Callable[[Term, Term], Term]] = {
        "prod": bank.mul, "max": bank.max, "min": bank.min, "any": bank.disj, "all": bank.conj
    }  # fmt: skip
    return steps[kind](a, b)


def _fold_steps(bank: Bank, definition: Definition, app: Term) -> list[Term]:
    """The accumulators after 0 steps are the initial values; one more step applies the bodies."""
    count = len(definition.accs)
    n, inits, args = app.args[0], app.args[1 : 1 + count], app.args[1 + count :]
    before = bank.sub(n, bank.num(1))
    earlier = [
        bank.app(name, (before, *app.args[1:]), acc.sort)
        for name, acc in zip(definition.members, definition.accs, strict=True)
    ]
    mapping = {
        definition.index: before,
        **dict(zip(definition.params, args, strict=True)),
        **dict(zip(definition.accs, earlier, strict=True)),
    }
    stepped = bank.substitute(definition.body[definition.which], mapping)
    none = bank.le(n, bank.num(0))
    return [
        bank.implies(none, bank.eq(app, inits[definition.which])),
        bank.disj(none, bank.eq(app, stepped)),
    ]


def _monotone(bank: Bank, apps: Sequence[Term]) -> list[Term]:
    """low*(hi-lo) <= S(hi) - S(lo) <= high*(hi-lo) for a summand within [low, high]; strict for a positive one."""
    facts: list[Term] = []
    groups: dict[tuple[str, tuple[Term, ...]], list[tuple[Term, Term]]] = {}
    for app in apps:
        if bank.definitions[app.name].kind == "sum":
            ends = groups.setdefault((app.name, app.args[1:]), [(bank.num(0), bank.num(0, app.sort))])
            ends.append((app.args[0], app))
    for (name, args), ends in groups.items():
        definition = bank.definitions[name]
        # Over the actual arguments: x[i, k] * x[i, k] is a square, x[p, k] * x[q, k] is not.
        body = bank.substitute(definition.body[0], dict(zip(definition.params, args, strict=True)))
        bounds = bank.interval(body)
        strict = positive(bank, body)
        if len(ends) > 6 or (bounds == (None, None) and not strict):
            continue
        for a, b in itertools.permutations(ends, 2):
            facts += _bounded_sum(bank, a, b, bounds, strict)
    return facts


def _bounded_sum(
    bank: Bank, a: tuple[Term, Term], b: tuple[Term, Term], bounds: tuple[Number | None, Number | None], strict: bool
) -> list[Term]:
    """The bounds for two (end, value) pairs of one antidifference."""
    low, high = bounds
    difference = bank.sub(a[1], b[1])
    steps = bank.sub(a[0], b[0])
    sort = difference.sort
    count = steps if sort == "Int" else bank.toreal(steps)
    ordered = bank.le(bank.num(0), steps)
    facts = []
    if low is not None:
        facts.append(bank.implies(ordered, bank.le(bank.scale(low, count), difference)))
    if high is not None:
        facts.append(bank.implies(ordered, bank.le(difference, bank.scale(high, count))))
    if strict:
        facts.append(bank.implies(bank.lt(bank.num(0), steps), bank.lt(bank.num(0, sort), difference)))
    return facts


def positive(bank: Bank, term: Term) -> bool:
    """Whether a term is above zero for all values of its holes: by its structure."""
    low, _ = bank.interval(term)
    if low is not None and low > 0:
        return True
    if term.op == "fn":
        return term.name in ("exp", "exp2")
    if term.op in ("inv", "toreal", "box"):
        return positive(bank, term.args[0])
    if term.op in ("ite", "min", "max"):
        return all(positive(bank, a) for a in term.args[term.op == "ite" :])
    if term.op != "poly":
        return False
    if low is None or low < 0:
        return all(c > 0 and all(positive(bank, a) for a in m) for m, c in bank.poly(term).items())
    return any(c > 0 and all(positive(bank, a) for a in m) for m, c in bank.poly(term).items())


def _noted(bank: Bank, goals: Sequence[Term]) -> Iterable[Term]:
    """Squares, sums of squares and the like that occur in the goals as expanded polynomials."""
    seen = set(walk(*goals))
    for term in bank.noted:
        if not term.holes and all(a in seen for a in term.args):
            yield bank.make("between", (bank.num(0, term.sort), term), None, "Bool")


def _functions(bank: Bank, terms: Sequence[Term]) -> Iterable[Term]:
    """exp is positive, a square root is not negative and vanishes at zero only, 1/x has the sign of x."""
    zero = bank.num(0, "Real")
    for t in list(walk(*terms)):
        if t.holes:
            continue
        if t.op == "fn" and t.name in ("exp", "exp2") and t.sort == "Real":
            yield bank.make("not", (bank.make("le0", (t,), None, "Bool"),), None, "Bool")
        elif t.op == "fn" and t.name == "sqrt" and t.sort == "Real":
            yield bank.implies(bank.lt(zero, t.args[0]), bank.lt(zero, t))
            yield bank.make("not", (bank.make("lt0", (t,), None, "Bool"),), None, "Bool")
        elif t.op == "inv":
            yield bank.implies(bank.lt(zero, t.args[0]), bank.lt(zero, t))
            yield bank.implies(bank.lt(t.args[0], zero), bank.lt(t, zero))
    yield from _opposites(bank, [t for t in walk(*terms) if t.op == "inv" and not t.holes])


def _opposites(bank: Bank, inverses: Sequence[Term]) -> Iterable[Term]:
    """1/x = -1/y where x = -y."""
    for x, y in itertools.combinations(inverses[:6], 2):
        opposite = bank.eq0(bank.add(x.args[0], y.args[0]))
        yield bank.implies(opposite, bank.eq0(bank.add(x, y)))
