"""Reductions as prefix functions: equal bodies, equal symbols.

A reduction over k < n of a body b(k, x), where x stands for the maximal parts of b that do not mention k, becomes
an application of an uninterpreted symbol that is named by the *pattern* of b (b with x erased and its commutative
parts sorted).  Congruence then says that equal arguments give equal reductions; the defining equations are
instantiated by `axioms` only at the prefixes that occur.

* sums of integers and reals are linear: sum(c*u*w(k)) = c*u*sum(w(k)), so a body is split into its monomials.  A sum
  is S(hi) - S(lo) for the antidifference S of w on all integers with S(e) = S(e-1) + w(e-1) and S(0) = 0; it exists
  for every total w, and reads are total over the integers.  Shifting k so that the first index that mentions it is k
  itself makes sums over x[k] and x[k+1] share one symbol;
* prod, max, min, any, all are P(lo, hi): the reduction over lo <= k < hi, non-empty for max and min;
* everything else is a fold: A_w(n), the value of accumulator w after n steps from given initial values.
"""

from __future__ import annotations

from collections.abc import Sequence

from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.terms import Definition, Monomial, Poly, Term

_COMMUTATIVE = frozenset({"and", "or", "max", "min", "same"})


class Prefixes:
    """Makes applications of prefix symbols over one bank."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    def sum(self, k: Term, n: Term, body: Term) -> Term:
        """Sum of body over 0 <= k < n; n is not negative."""
        bank = self.bank
        groups: dict[Monomial, Poly] = {}
        for mono, coef in bank.poly(body).items():
            inside = tuple(a for a in mono if k in a.holes)
            outside = tuple(a for a in mono if k not in a.holes)
            group = groups.setdefault(inside, {})
            group[outside] = group.get(outside, 0) + coef
        total = bank.num(0, body.sort)
        for inside, outside_poly in groups.items():
            factor = bank.from_poly(outside_poly, body.sort)
            if not inside:
                count = n if body.sort == "Int" else bank.toreal(n)
                total = bank.add(total, bank.mul(factor, count))
                continue
            low, high, moved = self._shifted(k, n, bank.from_poly({inside: 1}, body.sort), reflect=True)
            upper, lower = (self._interval_app("sum", k, (end,), moved) for end in (high, low))
            total = bank.add(total, bank.mul(factor, bank.sub(upper, lower)))
        return total

    def extreme(self, kind: str, k: Term, n: Term, body: Term) -> Term:
        """prod, max, min, any or all of body over 0 <= k < n; max and min of nothing are anything."""
        bank = self.bank
        if k not in body.holes and kind != "prod":
            some = bank.lt(bank.num(0), n)
            return {"any": bank.conj(some, body), "all": bank.implies(some, body)}.get(kind, body)
        low, high, moved = self._shifted(k, n, body, reflect=True)
        return self._interval_app(kind, k, (low, high), moved)

    def argument(self, kind: str, k: Term, n: Term, body: Term) -> Term:
        """argmax or argmin of body over 0 <= k < n: an index, with the extreme over the same range beside it."""
        low, high, moved = self._shifted(k, n, body, reflect=False)
        extreme = self._interval_app(kind.removeprefix("arg"), k, (low, high), moved)
        if extreme.op != "app":
            return self.bank.num(0)
        return self._interval_app(kind, k, (low, high), moved, "Int", (extreme.name,))

    def fold(self, k: Term, accs: Sequence[Term], n: Term, inits: Sequence[Term], bodies: Sequence[Term]) -> list[Term]:
        """The accumulators after n steps (n not negative) from inits."""
        patterns, args, skeletons = self._abstract((k, *accs), bodies)
        sorts = [a.sort for a in accs]
        key = ("fold", *patterns, *sorts, *(a.sort for a in args))
        if key not in self.bank.patterns:
            self._define_fold(key, args, skeletons, sorts)
        base = self.bank.patterns[key]
        where = (n, *inits, *args)
        return [self.bank.make("app", where, (f"{base}.{w}",), sort) for w, sort in enumerate(sorts)]

    def _define_fold(
        self, key: tuple[str, ...], args: Sequence[Term], skeletons: Sequence[Term], sorts: Sequence[str]
    ) -> None:
        bank = self.bank
        base = f"fold{len(bank.patterns)}"
        bank.patterns[key] = base
        members = tuple(f"{base}.{w}" for w in range(len(sorts)))
        params = _param_holes(bank, args)
        accs = tuple(bank.hole(f"bound{w + 1}", sort) for w, sort in enumerate(sorts))
        for which, name in enumerate(members):
            bank.definitions[name] = Definition(
                name, "fold", bank.hole("bound0"), params, tuple(skeletons), sorts[which], accs, members, which
            )

    def _interval_app(
        self,
        kind: str,
        k: Term,
        ends: tuple[Term, ...],
        body: Term,
        sort: str | None = None,
        members: tuple[str, ...] = (),
    ) -> Term:
        bank = self.bank
        patterns, args, skeletons = self._abstract((k,), (body,))
        key = (kind, *patterns, body.sort, *(a.sort for a in args))
        name = bank.patterns.get(key)
        if name is None:
            name = f"{kind}{len(bank.patterns)}"
            bank.patterns[key] = name
            bank.definitions[name] = Definition(
                name, kind, bank.hole("bound0"), _param_holes(bank, args), tuple(skeletons), sort or body.sort,
                members=members,
            )  # fmt: skip
        return bank.app(name, (*ends, *args), sort or body.sort)

    def _shifted(self, k: Term, n: Term, body: Term, reflect: bool) -> tuple[Term, Term, Term]:
        """(low, high, body) of the same reduction, moved so that the first index with k in it is k itself."""
        bank = self.bank
        found = self._first_index(k, body)
        if found is None:
            return bank.num(0), n, body
        sign, rest = found
        if sign > 0:  # k + rest: substitute k := k - rest
            return rest, bank.add(rest, n), bank.substitute(body, {k: bank.sub(k, rest)})
        if not reflect:
            return bank.num(0), n, body
        # rest - k for k < n runs over rest-n+1 .. rest
        return (
            bank.add(rest, bank.scale(-1, n), bank.num(1)),
            bank.add(rest, bank.num(1)),
            bank.substitute(body, {k: bank.sub(rest, k)}),
        )

    def _first_index(self, k: Term, body: Term) -> tuple[int, Term] | None:
        """(sign, rest) of the first index of a read, in pattern order, that is sign*k + rest."""
        if k not in body.holes:
            return None
        if body.op in ("read", "app"):
            for where in body.args:
                found = self._unit_in(k, where) if where.sort == "Int" else None
                if found is not None:
                    return found
        for child in self._ordered((k,), body):
            found = self._first_index(k, child)
            if found is not None:
                return found
        return None

    def _unit_in(self, k: Term, where: Term) -> tuple[int, Term] | None:
        poly = self.bank.poly(where)
        coef = poly.pop((k,), 0)
        if coef not in (1, -1) or any(k in a.holes for mono in poly for a in mono):
            return None
        return int(coef), self.bank.from_poly(poly, "Int")

    # Patterns.

    def _abstract(self, own: tuple[Term, ...], bodies: Sequence[Term]) -> tuple[list[str], list[Term], list[Term]]:
        """Patterns of the bodies, the parts without own holes in order of occurrence, and skeletons over holes."""
        patterns = [self._pattern(own, b) for b in bodies]
        args: list[Term] = []
        skeletons = [self._skeleton(own, b, args) for b in bodies]
        return patterns, args, skeletons

    def _pattern(self, own: tuple[Term, ...], t: Term) -> str:
        """The text of t with every part that has no own hole erased; numbers as coefficients stay."""
        if t in own:
            return f"#{own.index(t)}"
        if not any(h in t.holes for h in own):
            return "?"
        if t.op == "poly":
            parts = [f"{coef}*{'*'.join(p)}" for p, coef, _ in self._terms_of(own, t)]
            return f"({'+'.join(parts)}{self._rest(own, t)[0]})"
        children = [self._pattern(own, c) for c in self._ordered(own, t)]
        label = t.data if t.op != "app" else t.name
        return f"{t.op}:{label}({','.join(children)})"

    def _terms_of(self, own: tuple[Term, ...], t: Term) -> list[tuple[list[str], str, tuple[Monomial, Term]]]:
        """Groups of a poly by their part with own holes: (patterns, coefficient text, (monomial, coefficient))."""
        groups: dict[Monomial, Poly] = {}
        for mono, coef in self.bank.poly(t).items():
            inside = tuple(a for a in mono if any(h in a.holes for h in own))
            if inside:
                outside = tuple(a for a in mono if a not in inside)
                groups.setdefault(inside, {})[outside] = coef
        result = []
        for inside, poly in groups.items():
            ordered = sorted(inside, key=lambda a: (self._pattern(own, a), a.serial))
            factor = self.bank.from_poly(poly, t.sort)
            text = str(factor.data) if factor.op == "num" else "?"
            result.append(([self._pattern(own, a) for a in ordered], text, (tuple(ordered), factor)))
        result.sort(key=lambda item: (item[0], item[1], [a.serial for a in item[2][0]]))
        return result

    def _rest(self, own: tuple[Term, ...], t: Term) -> tuple[str, Term]:
        """The part of a poly without own holes, as text and as a term."""
        poly = {m: c for m, c in self.bank.poly(t).items() if not any(h in a.holes for a in m for h in own)}
        rest = self.bank.from_poly(poly, t.sort)
        if rest.op == "num":
            return (f"+{rest.data}" if rest.data else ""), rest
        return "+?", rest

    def _ordered(self, own: tuple[Term, ...], t: Term) -> list[Term]:
        """Children in pattern order where their order does not matter."""
        if t.op == "poly":
            return [a for _, _, (mono, _) in self._terms_of(own, t) for a in mono]
        if t.op in _COMMUTATIVE or (t.op == "fn" and t.name in self.bank.commutative):
            return sorted(t.args, key=lambda a: (self._pattern(own, a), a.serial))
        return list(t.args)

    def _skeleton(self, own: tuple[Term, ...], t: Term, args: list[Term]) -> Term:
        """t over canonical holes: own ones are bound<i>, erased parts are param<j> and collected in `args`."""
        bank = self.bank
        if t in own:
            return bank.hole(f"bound{own.index(t)}", t.sort)
        if not any(h in t.holes for h in own):
            return self._param(t, args)
        if t.op == "poly":
            return self._poly_skeleton(own, t, args)
        mapping = {c: self._skeleton(own, c, args) for c in self._ordered(own, t)} if self._is_sorted(t) else None
        children = [mapping[c] for c in t.args] if mapping else [self._skeleton(own, c, args) for c in t.args]
        return bank.rebuild(t, tuple(children))

    def _is_sorted(self, t: Term) -> bool:
        return t.op in _COMMUTATIVE or (t.op == "fn" and t.name in self.bank.commutative)

    def _poly_skeleton(self, own: tuple[Term, ...], t: Term, args: list[Term]) -> Term:
        bank = self.bank
        total = bank.num(0, t.sort)
        for _, text, (mono, factor) in self._terms_of(own, t):
            product = self._param(factor, args) if text == "?" else factor
            for atom in mono:
                product = bank.mul(product, self._skeleton(own, atom, args))
            total = bank.add(total, product)
        text, rest = self._rest(own, t)
        return bank.add(total, self._param(rest, args) if text == "+?" else rest)

    def _param(self, t: Term, args: list[Term]) -> Term:
        args.append(t)
        return self.bank.hole(f"param{len(args) - 1}", t.sort)


def _param_holes(bank: Bank, args: Sequence[Term]) -> tuple[Term, ...]:
    return tuple(bank.hole(f"param{j}", a.sort) for j, a in enumerate(args))
