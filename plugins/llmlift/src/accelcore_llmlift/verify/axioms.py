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
from accelcore_llmlift.verify.terms import Definition, Monomial, Number, Term, walk

_LARGEST_GAP = 4
"""Two prefixes of one sum whose ends differ by at most this constant are connected step by step."""
_MOST_LOWS = 4
_MOST_PARAMS = 4
"""Parameters of a reduction among which symmetric ones are looked for."""
_MOST_COMPARED = 60
"""Comparisons of an obligation that are multiplied by what the obligation multiplies."""
_STEPS = frozenset({"prod", "max", "min", "any", "all"})


def instances(bank: Bank, goals: Sequence[Term], lean: bool) -> list[Term]:
    """The axioms for the applications in the goals, and for those of other symbols that these bring in.

    lean: only the defining equations of prefixes that end a few steps after another prefix of the same symbol.
    """
    if lean:
        apps = _apps(goals)
        facts = {
            f: None
            for app in [*apps, *_between(bank, apps)]
            if _follows(bank, app, apps)
            for f in _defining(bank, app, apps)
        }
    else:
        facts = _unfolded(bank, goals)
        arithmetic = (_functions, _noted, _quotients, _scaled, _multiples)
        for derive in (_symmetric, _empty_sums, _first_steps, _monotone, *arithmetic):
            facts.update(dict.fromkeys(derive(bank, (*goals, *facts))))
    facts.pop(bank.true, None)
    return list(facts)


def _unfolded(bank: Bank, goals: Sequence[Term]) -> dict[Term, None]:
    """Defining equations: of the goals' applications, then of those of other symbols that these bring in."""
    facts: dict[Term, None] = {}
    apps = _apps(goals)
    done: set[Term] = set()
    for _ in range(2):
        known = {a.name for a in apps}
        fresh: dict[Term, None] = {}
        for app in [*apps, *_between(bank, apps)]:
            if app not in done:
                done.add(app)
                fresh.update(dict.fromkeys(_defining(bank, app, apps)))
        facts.update(fresh)
        apps = [a for a in _apps(tuple(fresh)) if a.name not in known]
    return facts


def _symmetric(bank: Bank, terms: Sequence[Term]) -> Iterable[Term]:
    """P(p, q) = P(q, p) where the body stays the same when two parameters change places: sum of x[p, k] * x[q, k]."""
    for app in _apps(terms):
        definition = bank.definitions[app.name]
        ends = len(app.args) - len(definition.params)
        if definition.kind == "fold" or not 1 < len(definition.params) <= _MOST_PARAMS:
            continue
        for i, j in itertools.combinations(range(len(definition.params)), 2):
            p, q = definition.params[i], definition.params[j]
            if p.sort == q.sort and app.args[ends + i] is not app.args[ends + j]:
                if all(bank.substitute(b, {p: q, q: p}) is b for b in definition.body):
                    args = list(app.args)
                    args[ends + i], args[ends + j] = args[ends + j], args[ends + i]
                    yield bank.eq(app, bank.app(app.name, tuple(args), app.sort))


def _empty_sums(bank: Bank, terms: Sequence[Term]) -> Iterable[Term]:
    """S(e) = 0 where e = 0: an end that is written otherwise may be the first one."""
    for app in _apps(terms):
        if bank.definitions[app.name].kind == "sum" and app.args[0].op != "num":
            yield bank.implies(bank.eq0(app.args[0]), bank.eq0(app))


def _first_steps(bank: Bank, terms: Sequence[Term]) -> list[Term]:
    """P(lo, hi) from P(lo+1, hi), for symbols that occur with several lower ends."""
    apps = [a for a in _apps(terms) if bank.definitions[a.name].kind in _STEPS]
    lows: dict[str, set[Term]] = {}
    for app in apps:
        lows.setdefault(app.name, set()).add(app.args[0])
    return [_first_step(bank, app) for app in apps if 1 < len(lows[app.name]) <= _MOST_LOWS]


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
    if definition.kind in ("argmax", "argmin"):
        return _argument_steps(bank, definition, app)
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
        facts.append(_first_step(bank, app))
    if kind in ("max", "min"):
        facts += _extreme_bounds(bank, definition, app)
        nonempty = bank.lt(low, high)
        for element in (first, final):
            pair = (element, app) if kind == "max" else (app, element)
            facts.append(bank.implies(nonempty, bank.le(*pair)))
    return facts


def _argument_steps(bank: Bank, definition: Definition, app: Term) -> list[Term]:
    """The first index of the extreme M, counted from lo: where it is, what is there, and its last step."""
    low, high, *args = app.args
    zero, one = bank.num(0), bank.num(1)
    last = bank.sub(high, one)
    value = body_at(bank, definition, last, args)
    extreme = bank.app(definition.members[0], (low, high, *args), value.sort)
    so_far = bank.app(definition.members[0], (low, last, *args), value.sort)
    before = bank.app(app.name, (low, last, *args), "Int")
    better = bank.lt(so_far, value) if definition.kind == "argmax" else bank.lt(value, so_far)
    step = bank.ite(better, bank.sub(last, low), before)
    nonempty = bank.lt(low, high)
    there = body_at(bank, definition, bank.add(low, app), args)
    return [
        bank.implies(bank.eq(high, bank.add(low, one)), bank.eq(app, zero)),
        bank.implies(bank.lt(bank.add(low, one), high), bank.eq(app, step)),
        bank.implies(nonempty, bank.conj(bank.le(zero, app), bank.lt(app, bank.sub(high, low)))),
        bank.implies(nonempty, bank.eq(there, extreme)),
    ]


def _first_step(bank: Bank, app: Term) -> Term:
    low, high, *args = app.args
    definition = bank.definitions[app.name]
    one = bank.num(1)
    after = bank.app(app.name, (bank.add(low, one), high, *args), app.sort)
    first = body_at(bank, definition, low, args)
    some = bank.lt(bank.add(low, one) if definition.kind in ("max", "min") else low, high)
    return bank.implies(some, bank.eq(app, _step(bank, definition.kind, after, first)))


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


def _monotone(bank: Bank, terms: Sequence[Term]) -> list[Term]:
    """low*(hi-lo) <= S(hi) - S(lo) <= high*(hi-lo) for a summand within [low, high]; strict for a positive one."""
    facts: list[Term] = []
    groups: dict[tuple[str, tuple[Term, ...]], list[tuple[Term, Term]]] = {}
    for app in _apps(terms):
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


def _quotients(bank: Bank, terms: Sequence[Term]) -> Iterable[Term]:
    """What division by an unknown d > 0 means: 0 <= p - d*q < d, and q is u where p = d*u + r with 0 <= r < d."""
    for t in list(walk(*terms)):
        if t.op not in ("fdiv", "tdiv") or t.holes or t.args[1].op == "num":
            continue
        p, d = t.args
        rest = bank.sub(p, bank.mul(d, t))
        usable = bank.lt(bank.num(0), d)
        if t.op == "tdiv":
            usable = bank.conj(usable, bank.le(bank.num(0), p))
        yield bank.implies(usable, bank.conj(bank.le(bank.num(0), rest), bank.lt(rest, d)))
        if d.op == "poly":
            continue
        whole = {tuple(_without(m, d)): c for m, c in bank.poly(p).items() if d in m}
        guess = bank.from_poly(whole, "Int")
        left = bank.sub(p, bank.mul(d, guess))
        fits = bank.conj(usable, bank.le(bank.num(0), left), bank.lt(left, d))
        yield bank.implies(fits, bank.eq(t, guess))


def _without(mono: Sequence[Term], atom: Term) -> list[Term]:
    rest = list(mono)
    rest.remove(atom)
    return rest


def _scaled(bank: Bank, terms: Sequence[Term]) -> Iterable[Term]:
    """Products d*a and d*b of integers with d >= 0 are ordered as a and b, and apart by d where a < b."""
    groups: dict[Term, dict[Term, None]] = {}
    for t in walk(*terms):
        if t.op == "poly" and t.sort == "Int" and not t.holes:
            for mono, _ in t.data:
                if len(mono) == 2:
                    for d, a in (mono, mono[::-1]):
                        if bank.never_negative(d):
                            groups.setdefault(d, {})[a] = None
    for d, others in groups.items():
        for a, b in itertools.permutations(list(others)[:5], 2):
            low, high = bank.mul(d, a), bank.mul(d, b)
            yield bank.implies(bank.le(a, b), bank.le(low, high))
            yield bank.implies(bank.lt(a, b), bank.le(bank.add(low, d), high))


def _multiples(bank: Bank, terms: Sequence[Term]) -> Iterable[Term]:
    """From q <= 0, d*q <= 0 and from q > 0, d*q >= d: q compared in the terms, d >= 0 a product, d*q of known products.

    That is how i < h bounds i*w + j below h*w.
    """
    known = {mono for t in walk(*terms) if t.op == "poly" and t.sort == "Int" and not t.holes for mono, _ in t.data}
    products = sorted((m for m in known if len(m) > 1), key=lambda m: [a.serial for a in m])
    compared = [t for t in walk(*terms) if t.op == "le0" and t.args[0].sort == "Int" and not t.holes]
    for test in compared[:_MOST_COMPARED]:
        monos = [mono for mono in bank.poly(test.args[0]) if mono]
        for factor in dict.fromkeys(_quotient(product, monos[0]) for product in products if monos):
            if not factor or not all(bank.never_negative(a) for a in factor):
                continue
            if all(_product(factor, mono) in known for mono in monos):
                d = bank.from_poly({factor: 1}, "Int")
                multiple = bank.mul(d, test.args[0])
                yield bank.implies(test, bank.le(multiple, bank.num(0)))
                yield bank.implies(bank.negate(test), bank.le(d, multiple))


def _quotient(product: Monomial, mono: Monomial) -> Monomial:
    """The factors of a product beside those of another one; none where it is no multiple."""
    rest = list(product)
    for atom in mono:
        if atom not in rest:
            return ()
        rest.remove(atom)
    return tuple(rest)


def _product(a: Monomial, b: Monomial) -> Monomial:
    return tuple(sorted((*a, *b), key=lambda t: t.serial))


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
