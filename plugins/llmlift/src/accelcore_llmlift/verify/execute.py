"""Symbolic execution of a program against claimed loop states: the obligations whose validity proves a summary.

For each loop and each variable v that it changes, a *claimed state* S_v(t) says what v holds before iteration number
t, as a function of the values at entry of the function (the counter is then low + step*t).  Per loop:

* entry:  the values before the loop equal S(0);
* step:   for an arbitrary iteration t < trips, one execution of the body from S(t) ends in S(t + 1), by element;
* after the loop the variables hold S(trips), and trips is computed from the bounds alone.

By induction over the iterations, S is what the loop computes; a last obligation equates the results with the summary.
Where S comes from does not matter: a wrong or weak claim makes an obligation false or unprovable, never a wrong
summary provable, because nothing is assumed that one of the obligations does not establish.  A variable without a
claim holds an unknown value at the head of an iteration and after the loop.

What must hold for the program and the summary to have values at all (indices, divisors, ranges) is collected as
`Need`s, which the prover proves or turns into named preconditions.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from accelcore.ir.expr import Expr, size
from accelcore.values import Role, Summary
from accelcore_llmlift.program import (
    Append,
    Assert,
    Assign,
    For,
    If,
    New,
    Position,
    Program,
    Statement,
    Store,
    While,
    assigned,
    statements,
)
from accelcore_llmlift.verify.arithmetic import Unsupported
from accelcore_llmlift.verify.definedness import Bound, Definedness
from accelcore_llmlift.verify.inputs import size_names
from accelcore_llmlift.verify.meaning import Meaning, Scope, Tensor, Value
from accelcore_llmlift.verify.terms import Term

Claims = Mapping[str, Mapping[str, Expr]]
"""By loop label, by variable: the claimed state over entry values and iteration numbers `param(label, INDEX)` of this
and the loops around it; `param(counter)` of the loops means the counter's value there."""


UNDEFINED = "undefined"
"""The scalar parameter by which claims name an element that nothing has written yet."""

UNROLLED = 400
"""Iterations at fixed sizes after which a search for a counterexample turns to other sizes."""


@dataclass(frozen=True)
class Obligation:
    """The assumptions must imply the goal.  label: "loop1 entry", "loop1 step", "result out"."""

    label: str
    assumptions: tuple[Term, ...]
    goal: Term


@dataclass(frozen=True)
class Need:
    """condition must hold under the assumptions, for all values of the counters in `over`; where: for messages."""

    kind: str
    where: str
    assumptions: tuple[Term, ...]
    condition: Term
    over: tuple[Bound, ...]


@dataclass(frozen=True)
class Context:
    """Where execution stands: assumptions since entry, counters of the enclosing loops by name, and their ranges."""

    assumptions: tuple[Term, ...] = ()
    counters: tuple[tuple[str, Term], ...] = ()
    over: tuple[Bound, ...] = ()

    def given(self, *conditions: Term) -> Context:
        """This context with more assumptions."""
        return replace(self, assumptions=(*self.assumptions, *conditions))


class Execution:
    """One execution of a program; `run` fills `obligations`, `needs` and `stated`.

    requires: preconditions beside the program's own.  sizes: values of all sizes; loops are then executed step by
    step instead of by claims.
    """

    def __init__(
        self,
        program: Program,
        meaning: Meaning,
        claims: Claims,
        requires: Sequence[Expr] = (),
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.program, self.meaning, self.claims = program, meaning, claims
        self.requires = (*program.requires, *requires)
        self.bank = meaning.bank
        self.sizes = sizes
        self.definedness = Definedness(meaning)
        self.obligations: list[Obligation] = []
        self.needs: list[Need] = []
        self.stated: list[Need] = []
        self.blank: dict[str, Tensor] = {}
        self.unrolled = 0
        self.entry = self._entry()

    # Entry.

    def _entry(self) -> Scope:
        """Parameters at entry: sizes, scalars with their ranges, arrays as reads."""
        values: dict[str, Value] = {}
        names = {*size_names(self.program), *(n for e in self.requires for n in e.sizes)}
        self.size_names = tuple(sorted(names))
        for name in self.size_names:
            values[name] = self._size(name)
        scope = Scope(values)
        for param in self.program.params:
            if param.name in names:
                continue
            low, high = self.meaning.limits(param.dtype)
            sort = self.meaning.sort(param.dtype)
            if param.shape:
                shape = tuple(self.meaning.count(x, scope, {}) for x in param.shape)
                values[param.name] = self._array(param.name, shape, param.dtype)
            else:
                values[param.name] = self.bank.var(param.name, sort, low, high)
        return Scope(values)

    def _size(self, name: str) -> Term:
        if self.sizes is not None and name in self.sizes:
            return self.bank.num(self.sizes[name])
        return self.bank.index(name, max([0, *_lower_bounds(name, self.requires)]))

    def _array(self, name: str, shape: tuple[Term, ...], dtype: str) -> Tensor:
        sort = self.meaning.sort(dtype)
        low, high = self.meaning.limits(dtype)
        return Tensor(shape, lambda where: self.bank.read(name, where, sort, low, high), dtype)

    # Running.

    def run(self) -> Scope:
        """Execute the whole body under the requirements; returns the values at exit."""
        context = Context()
        for condition in self.requires:
            context = context.given(self.meaning.scalar(condition, self.entry, {}))
        self.base = context
        scope, self.base_after = self._block(self.program.body, self.entry, context)
        return scope

    def _block(self, block: Sequence[Statement], scope: Scope, context: Context) -> tuple[Scope, Context]:
        for statement in block:
            scope, context = self._statement(statement, scope, context)
        return scope, context

    def _statement(self, s: Statement, scope: Scope, context: Context) -> tuple[Scope, Context]:
        match s:
            case Assign():
                self.require(s.value, scope, context, s.at)
                value: Value = self._value(s.value, scope)
                return scope.bind({s.name: value}), context
            case Store():
                return self._store(s, scope, context), context
            case Append():
                return self._append(s, scope, context), context
            case New():
                return scope.bind({s.name: self._new(s, scope, context)}), context
            case If():
                return self._if(s, scope, context), context
            case For():
                return self._for(s, scope, context), context
            case Assert():
                self.require(s.condition, scope, context, s.at)
                condition = self.meaning.scalar(s.condition, scope, {})
                self.stated.append(Need("stated", _where(s.at), context.assumptions, condition, context.over))
                return scope, context.given(condition)
            case While():
                raise Unsupported(f"{s.label} at line {s.at.line} is a while loop without a counter")

    def _value(self, e: Expr, scope: Scope) -> Value:
        return self.meaning.tensor(e, scope, {}) if e.rank else self.meaning.scalar(e, scope, {})

    def require(self, e: Expr, scope: Scope, context: Context, at: Position | None) -> None:
        """Record what e needs to have a value."""
        for c in self.definedness.of(e, scope):
            assumptions = (*context.assumptions, *c.guards)
            self._need(c.kind, at, assumptions, c.condition, (*context.over, *c.over))

    def _need(
        self, kind: str, at: Position | None, assumptions: tuple[Term, ...], condition: Term, over: tuple[Bound, ...]
    ) -> None:
        if condition is not self.bank.true and condition not in assumptions:
            self.needs.append(Need(kind, _where(at), assumptions, condition, over))

    def _store(self, s: Store, scope: Scope, context: Context) -> Scope:
        for e in (*s.indices, s.value):
            self.require(e, scope, context, s.at)
        old = scope.tensor(s.array)
        where = [self.meaning.scalar(i, scope, {}) for i in s.indices]
        self._bounds(where, old, context, s.at)
        value = self._value(s.value, scope)
        inner = old.shape[len(where) :]
        if isinstance(value, Tensor):
            self._same_extents(value.shape, inner, context, s.at)
        bank = self.bank

        def element(at: tuple[Term, ...]) -> Term:
            hit = bank.conj(*(bank.eq(a, b) for a, b in zip(where, at, strict=False)))
            if hit is bank.false:
                return old.element(at)
            new = value.element(at[len(where) :]) if isinstance(value, Tensor) else value
            return new if hit is bank.true else bank.ite(hit, new, old.element(at))

        return scope.bind({s.array: Tensor(old.shape, element, old.dtype)})

    def _bounds(self, where: Sequence[Term], array: Tensor, context: Context, at: Position) -> None:
        bank = self.bank
        for index, extent in zip(where, array.shape, strict=False):
            inside = bank.conj(bank.le(bank.num(0), index), bank.lt(index, extent))
            self._need("index", at, context.assumptions, inside, context.over)

    def _same_extents(self, a: Sequence[Term], b: Sequence[Term], context: Context, at: Position) -> None:
        if len(a) != len(b):
            raise Unsupported(f"{_where(at)}: a value of rank {len(a)} where rank {len(b)} is stored")
        for x, y in zip(a, b, strict=True):
            self._need("extent", at, context.assumptions, self.bank.eq(x, y), context.over)

    def _append(self, s: Append, scope: Scope, context: Context) -> Scope:
        self.require(s.value, scope, context, s.at)
        bank = self.bank
        old = scope.tensor(s.array)
        value = self._value(s.value, scope)
        row = value.shape if isinstance(value, Tensor) else ()
        end = old.shape[0]
        if end.op == "num" and not end.data:
            rest = row
        else:
            rest = old.shape[1:]
            if len(row) != len(rest):
                raise Unsupported(f"{_where(s.at)}: rows of different rank are appended to {s.array!r}")
            for x, y in zip(row, rest, strict=True):
                same = bank.disj(bank.eq(end, bank.num(0)), bank.eq(x, y))
                self._need("extent", s.at, context.assumptions, same, context.over)

        def element(at: tuple[Term, ...]) -> Term:
            new = value.element(at[1:]) if isinstance(value, Tensor) else value
            if end.op == "num" and not end.data:
                return new
            return bank.ite(bank.lt(at[0], end), old.element(at), new)

        return scope.bind({s.array: Tensor((bank.add(end, bank.num(1)), *rest), element, old.dtype)})

    def _new(self, s: New, scope: Scope, context: Context) -> Tensor:
        for e in (*s.shape, *([s.fill] if s.fill is not None else [])):
            self.require(e, scope, context, s.at)
        shape = tuple(self.meaning.count(x, scope, {}) for x in s.shape)
        if s.fill is None:
            self.blank[s.name] = self._array(f"{s.name}!{s.at.line}:{s.at.column}", shape, s.dtype)
            return self.blank[s.name]
        fill = self._value(s.fill, scope)
        if isinstance(fill, Tensor):
            return Tensor(shape, lambda where: fill.element(where[-len(fill.shape) :]), s.dtype)
        return Tensor(shape, lambda where: fill, s.dtype)

    def _if(self, s: If, scope: Scope, context: Context) -> Scope:
        self.require(s.condition, scope, context, s.at)
        condition = self.meaning.scalar(s.condition, scope, {})
        if condition.op in ("true", "false"):
            return self._block(s.then if condition is self.bank.true else s.otherwise, scope, context)[0]
        then, _ = self._block(s.then, scope, context.given(condition))
        other, _ = self._block(s.otherwise, scope, context.given(self.bank.negate(condition)))
        names = dict.fromkeys((*assigned(s.then), *assigned(s.otherwise)))
        merged = {n: self._merge(condition, then.values.get(n), other.values.get(n)) for n in names}
        return scope.bind(merged)

    def _merge(self, condition: Term, a: Value | None, b: Value | None) -> Value | None:
        """The value after an If; none where only one branch gives one."""
        bank = self.bank
        if a is b:
            return a
        if isinstance(a, Term) and isinstance(b, Term):
            return bank.ite(condition, a, b) if a.sort == b.sort else None
        if not isinstance(a, Tensor) or not isinstance(b, Tensor):
            return None
        if len(a.shape) != len(b.shape):
            return None
        shape = tuple(bank.ite(condition, x, y) for x, y in zip(a.shape, b.shape, strict=True))
        return Tensor(shape, lambda where: bank.ite(condition, a.element(where), b.element(where)), a.dtype)

    # Loops.

    def _for(self, s: For, scope: Scope, context: Context) -> Scope:
        for e in (s.low, s.high):
            self.require(e, scope, context, s.at)
        bank = self.bank
        low, high = (self.meaning.scalar(e, scope, {}) for e in (s.low, s.high))
        span = bank.sub(high, low) if s.step > 0 else bank.sub(low, high)
        size = abs(s.step)
        trips = bank.nonnegative(bank.fdiv(bank.add(span, bank.num(size - 1)), bank.num(size)))
        if s.counter in assigned(s.body):
            raise Unsupported(f"{s.label} at line {s.at.line} changes its own counter {s.counter!r}")
        if self.sizes is not None:
            return self._unrolled(s, scope, context, low, trips)
        return self._claimed(s, scope, context, low, trips)

    def _unrolled(self, s: For, scope: Scope, context: Context, low: Term, trips: Term) -> Scope:
        if trips.op != "num":
            raise Unsupported(f"{s.label} at line {s.at.line} runs a number of times that the sizes do not give")
        assert isinstance(trips.data, int)
        self.unrolled += trips.data
        if self.unrolled > UNROLLED:
            raise Unsupported(f"more than {UNROLLED} iterations at fixed sizes")
        for at in range(trips.data):
            counter = self.bank.add(low, self.bank.num(at * s.step))
            scope, context = self._block(s.body, scope.bind({s.counter: counter}), context)
        return scope.bind({s.counter: None})

    def _claimed(self, s: For, scope: Scope, context: Context, low: Term, trips: Term) -> Scope:
        bank = self.bank
        if trips is bank.num(0):
            return scope.bind({s.counter: None})
        last = trips.data - 1 if trips.op == "num" else None
        t = bank.index(f"{s.counter}@{s.label}", high=last)
        at = self._numbers(s, low, t)
        names = [n for n in assigned(s.body) if scope.values.get(n) is not None]
        given = self.claims.get(s.label, {})
        claims = {n: given[n] for n in names if n in given}  # in program order, whatever order they came in
        start = self._states(claims, self._numbers(s, low, bank.num(0)), context)
        self._equate(f"{s.label} entry", context, {n: (scope.values[n], v) for n, v in start.items()})
        inside = replace(
            context.given(bank.lt(t, trips)),
            counters=(*context.counters, *at.items()),
            over=(*context.over, Bound(t, trips)),
        )
        lost = {n: self._unknown(n, s, scope, "head") for n in assigned(s.body) if n not in claims}
        head = scope.bind({**lost, **self._states(claims, at, context), s.counter: at[s.counter]})
        after, ended = self._block(s.body, head, inside)
        following = self._states(claims, self._numbers(s, low, bank.add(t, bank.num(1))), context)
        self._equate(f"{s.label} step", ended, {n: (after.values.get(n), v) for n, v in following.items()})
        final = self._states(claims, self._numbers(s, low, trips), context)
        lost = {n: self._unknown(n, s, scope, "exit") for n in assigned(s.body) if n not in claims}
        return scope.bind({**lost, **final, s.counter: None})

    def _numbers(self, s: For, low: Term, t: Term) -> dict[str, Term]:
        """What claims may name before iteration t: its number under the loop's label, and the counter's value."""
        return {s.label: t, s.counter: self.bank.add(low, self.bank.scale(s.step, t))}

    def _states(self, claims: Mapping[str, Expr], at: Mapping[str, Term], context: Context) -> dict[str, Value]:
        """The claimed states before an iteration, over the values at entry of the function."""
        known = self.entry.bind({**dict(context.counters), **at})
        return {name: self._claim(name, e, known) for name, e in claims.items()}

    def _claim(self, name: str, e: Expr, known: Scope) -> Value:
        """A claimed state; `undefined` in it stands for whatever a new array holds at the same place."""
        if UNDEFINED not in e.inputs or not e.rank or name not in self.blank:
            return self._value(e, known)
        blank, meaning = self.blank[name], self.meaning

        def element(at: tuple[Term, ...]) -> Term:
            return meaning.element(e, at, known.bind({UNDEFINED: blank.element(at)}), {})

        return Tensor(meaning.shape(e, known, {}), element, e.dtype)

    def _unknown(self, name: str, s: For, scope: Scope, when: str) -> Value | None:
        """What a variable without a claim holds: nothing known, but of its sort and, where they are kept, extents."""
        value = scope.values.get(name)
        label = f"{name}?{s.label}.{when}"
        if isinstance(value, Term):
            return self.bank.var(label, value.sort)
        resized = any(
            (isinstance(x, Append) and x.array == name) or (isinstance(x, New | Assign) and x.name == name)
            for x in statements(s.body)
        )
        if value is None or resized:
            return None
        return self._array(label, value.shape, value.dtype)

    # Equalities.

    def _equate(self, label: str, context: Context, pairs: Mapping[str, tuple[Value | None, Value]]) -> None:
        goals = [self._equal(name, a, b, label) for name, (a, b) in pairs.items()]
        self.obligations.append(Obligation(label, context.assumptions, self.bank.conj(*goals)))

    def _equal(self, name: str, a: Value | None, b: Value, label: str) -> Term:
        """Equal extents, and equal elements at arbitrary indices within them."""
        bank = self.bank
        if a is None:
            raise Unsupported(f"{label}: {name!r} has no value on some path")
        if isinstance(a, Term) and isinstance(b, Term):
            if a.sort != b.sort:
                raise Unsupported(f"{label}: {name!r} is {a.sort} in the program and {b.sort} in the claim")
            return bank.eq(a, b)
        if isinstance(a, Term) or isinstance(b, Term):
            raise Unsupported(f"{label}: {name!r} is a scalar on one side and an array on the other")
        if len(a.shape) != len(b.shape):
            empty = bank.num(0)
            if a.shape[0] is empty and b.shape[0] is empty:
                return bank.true
            raise Unsupported(f"{label}: {name!r} has rank {len(a.shape)} and rank {len(b.shape)}")
        if self.sizes is not None and all(x.op == "num" for x in (*a.shape, *b.shape)):
            return self._equal_everywhere(name, a, b, label)
        where = tuple(bank.index(f"{name}.{axis}") for axis in range(len(a.shape)))
        inside = bank.conj(*(bank.lt(i, extent) for i, extent in zip(where, b.shape, strict=True)))
        extents = self._equal_extents(a.shape, b.shape)
        return bank.conj(extents, bank.implies(inside, self._equal_elements(name, a, b, where, label)))

    def _equal_elements(self, name: str, a: Tensor, b: Tensor, where: tuple[Term, ...], label: str) -> Term:
        x, y = a.element(where), b.element(where)
        if x.sort != y.sort:
            raise Unsupported(f"{label}: elements of {name!r} are {x.sort} in the program and {y.sort} in the claim")
        return self.bank.eq(x, y)

    def _equal_everywhere(self, name: str, a: Tensor, b: Tensor, label: str) -> Term:
        """At constant extents: one equation an element."""
        bank = self.bank
        extents = self._equal_extents(a.shape, b.shape)
        if extents is bank.false:
            return extents
        places = itertools.product(*(range(int(str(n.data))) for n in b.shape))
        equations = [self._equal_elements(name, a, b, tuple(bank.num(i) for i in place), label) for place in places]
        return bank.conj(extents, *equations)

    def _equal_extents(self, a: Sequence[Term], b: Sequence[Term]) -> Term:
        """Equal extents; those after an axis of length 0 do not matter."""
        bank = self.bank
        goal = bank.true
        for x, y in reversed(list(zip(a, b, strict=True))):
            goal = bank.conj(bank.eq(x, y), bank.disj(bank.eq(x, bank.num(0)), goal))
        return goal

    def conclude(self, scope: Scope, summary: Summary) -> None:
        """The last obligations: the results equal the summary, and the summary has a value wherever they do.

        The summary is one that `programs.admit` let pass.
        """
        visible = self.entry.bind({p.name: None for p in self.program.params if p.role is Role.OUT})
        post = dict(summary.post)
        for name, value in self.program.results:
            self.require(value, scope, self.base_after, None)
            self.require(post[name], visible, self.base_after, None)
            got, want = self._value(value, scope), self._value(post[name], visible)
            self._equate(f"result {name}", self.base_after, {name: (got, want)})


def _lower_bounds(name: str, requires: Sequence[Expr]) -> list[int]:
    """Constants that a size is required not to be below."""
    bounds = [e for e in requires if e.op in ("le", "lt") and e.args[0].op == "const" and e.args[1] is size(name)]
    return [int(e.args[0].value) + (e.op == "lt") for e in bounds]


def _where(at: Position | None) -> str:
    return f"line {at.line}" if at is not None else "summary"
