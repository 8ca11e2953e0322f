"""Where an expression has a value: every condition under which it can be evaluated, with what guards it.

Indices within bounds, divisors not zero, extremes of at least one element, values that fit the dtype of a cast in mode
"exact".  Selections and short-circuit operators guard their branches; a bound variable becomes a fresh constant in
its range, so a condition holds for all of its values when it is valid.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr
from accelcore_llmlift.verify.meaning import Env, Meaning, Scope
from accelcore_llmlift.verify.terms import Term


@dataclass(frozen=True)
class Bound:
    """A fresh constant that stands for a bound variable: 0 <= term < extent."""

    term: Term
    extent: Term


@dataclass(frozen=True)
class Condition:
    """condition must hold where all guards do.  kind: "index", "divisor", "nonempty", "fits"; over: fresh constants."""

    kind: str
    condition: Term
    guards: tuple[Term, ...]
    over: tuple[Bound, ...]


@dataclass
class Definedness:
    """Collects conditions; one object per check, so that fresh constants are distinct."""

    meaning: Meaning
    _names: Iterator[int] = field(default_factory=itertools.count)

    def of(
        self, e: Expr, scope: Scope, env: Env | None = None, guards: tuple[Term, ...] = (), over: tuple[Bound, ...] = ()
    ) -> list[Condition]:
        """Conditions under which e, and for a tensor every element of it, has a value."""
        found: dict[Condition, None] = {}
        for condition in self._walk(e, scope, env or {}, guards, over):
            if condition.condition is not self.meaning.bank.true:
                found[condition] = None
        return list(found)

    def _walk(
        self, e: Expr, scope: Scope, env: Env, guards: tuple[Term, ...], over: tuple[Bound, ...]
    ) -> Iterator[Condition]:
        if not e.args:
            return
        if e.op in ("comp", "reduce", "scan", "fold", "scatter", "filter"):
            yield from self._binder(e, scope, env, guards, over)
            return
        if e.op in ("select", "land", "lor"):
            yield from self._branches(e, scope, env, guards, over)
            return
        for arg in e.args:
            yield from self._walk(arg, scope, env, guards, over)
        for kind, condition in self._own(e, scope, env):
            yield Condition(kind, condition, guards, over)

    def _own(self, e: Expr, scope: Scope, env: Env) -> Iterator[tuple[str, Term]]:
        """Conditions of the node itself."""
        bank, value = self.meaning.bank, self.meaning.scalar
        if e.op == "get":
            shape = self.meaning.shape(e.args[0], scope, env)
            for at, extent in zip(e.args[1:], shape, strict=False):
                where = value(at, scope, env)
                yield "index", bank.conj(bank.le(bank.num(0), where), bank.lt(where, extent))
        elif e.op in ("div", "tdiv", "trem", "fdiv", "fmod"):
            divisor = value(e.args[1], scope, env)
            if divisor.sort in ("Int", "Real"):
                yield "divisor", bank.negate(bank.eq0(divisor))
        elif e.op == "cast" and e.attrs[1] == "exact" and not e.rank:
            yield from self._fits(e, value(e.args[0], scope, env))

    def _fits(self, e: Expr, source: Term) -> Iterator[tuple[str, Term]]:
        bank = self.meaning.bank
        low, high = self.meaning.limits(e.dtype)
        if low is None or high is None or source.sort not in ("Int", "Real"):
            return
        whole = source if source.sort == "Int" else self.meaning.convert(source, "real", "int", (e.attrs[0], "wrap"))
        yield "fits", bank.conj(bank.le(bank.num(low), whole), bank.le(whole, bank.num(high)))

    def _branches(
        self, e: Expr, scope: Scope, env: Env, guards: tuple[Term, ...], over: tuple[Bound, ...]
    ) -> Iterator[Condition]:
        bank = self.meaning.bank
        yield from self._walk(e.args[0], scope, env, guards, over)
        condition = self.meaning.scalar(e.args[0], scope, env)
        if e.op != "lor":
            yield from self._walk(e.args[1], scope, env, _and(bank.true, guards, condition), over)
        if e.op != "land":
            last = e.args[-1]
            yield from self._walk(last, scope, env, _and(bank.true, guards, bank.negate(condition)), over)

    def _binder(
        self, e: Expr, scope: Scope, env: Env, guards: tuple[Term, ...], over: tuple[Bound, ...]
    ) -> Iterator[Condition]:
        bank, meaning = self.meaning.bank, self.meaning
        count = e.rank + 1 if e.op == "scatter" else len(e.bound) if e.op == "fold" else 1
        for outer in e.args[:count]:
            yield from self._walk(outer, scope, env, guards, over)
        at = e.rank if e.op == "scatter" else 0
        n = meaning.count(e.args[at], scope, env)
        if e.op == "reduce" and e.kind in ("max", "min", "argmax", "argmin") and len(e.args) == 2:
            yield Condition("nonempty", bank.lt(bank.num(0), n), guards, over)
        k = bank.index(f"k!{next(self._names)}")
        inside = (*guards, bank.lt(k, n))
        variables = (*over, Bound(k, n))
        bodies = e.args[count:]
        if e.op == "fold":
            yield from self._fold(e, k, scope, env, inside, variables)
            return
        bound = {**env, e.number: k}
        if e.op == "filter":
            yield from self._walk(bodies[0], scope, bound, inside, variables)
            kept = meaning.scalar(bodies[0], scope, bound)
            yield from self._walk(bodies[1], scope, bound, _and(bank.true, inside, kept), variables)
            return
        if e.op == "scatter":
            yield from self._targets(e, scope, bound, inside, variables)
        for body in bodies:
            yield from self._walk(body, scope, bound, inside, variables)

    def _targets(
        self, e: Expr, scope: Scope, env: Env, guards: tuple[Term, ...], over: tuple[Bound, ...]
    ) -> Iterator[Condition]:
        bank = self.meaning.bank
        for extent, at in zip(e.args[: e.rank], e.args[e.rank + 1 :], strict=False):
            where = self.meaning.scalar(at, scope, env)
            limit = self.meaning.count(extent, scope, env)
            yield Condition("index", bank.conj(bank.le(bank.num(0), where), bank.lt(where, limit)), guards, over)

    def _fold(
        self, e: Expr, k: Term, scope: Scope, env: Env, guards: tuple[Term, ...], over: tuple[Bound, ...]
    ) -> Iterator[Condition]:
        """The bodies of a fold at step k, with the accumulators that the first k steps leave."""
        count = len(e.bound) - 1
        inits = [self.meaning.scalar(a, scope, env) for a in e.args[1 : 1 + count]]
        bodies = e.args[1 + count :]

        def step(at: Term, accs: tuple[Term, ...]) -> list[Term]:
            inner = {**env, **dict(zip(e.bound, (at, *accs), strict=True))}
            return [self.meaning.scalar(b, scope, inner) for b in bodies]

        accs = self.meaning.folded(k, inits, lambda at, held: step(at, tuple(held)))
        bound = {**env, **dict(zip(e.bound, (k, *accs), strict=True))}
        for body in bodies:
            yield from self._walk(body, scope, bound, guards, over)


def _and(true: Term, guards: tuple[Term, ...], condition: Term) -> tuple[Term, ...]:
    return guards if condition is true else (*guards, condition)


def is_float(dtype: str) -> bool:
    """Whether a dtype is floating point or the reals."""
    return DTYPES[dtype].is_float
