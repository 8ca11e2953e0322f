"""Closing a loop: closed forms for every variable that it carries from one iteration to the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, const, fresh, substitute
from accelcore_llmlift.lifter.algebra import choose, exchange, simplify
from accelcore_llmlift.lifter.arrays import ArrayRecurrence, Element, element_of, solve_array, where_rows_are
from accelcore_llmlift.lifter.recurrences import Recurrence, argument_of_extreme, folded, named, occurs, solve
from accelcore_llmlift.lifter.state import State, symbol, unknown_extent
from accelcore_llmlift.polynomial import expression, polynomial
from accelcore_llmlift.program import Append, Assign, For, New, Statement, assigned, statements


@dataclass
class Loop:
    """A loop while its body is executed.

    number: the iteration, from 0; carried: variable -> symbol for its value before an iteration; lengths: list ->
    symbol for its length then.
    """

    source: For
    number: Expr
    trips: Expr
    outer: State
    inner: State
    carried: dict[str, Expr] = field(default_factory=dict)
    lengths: dict[str, Expr] = field(default_factory=dict)

    def open(self) -> None:
        """Give a symbol to every variable that the body changes and that has a value before it."""
        counters = {s.counter for s in statements(self.source.body) if isinstance(s, For)}
        growing = {s.array for s in statements(self.source.body) if isinstance(s, Append)}
        fresh_names = set(_overwritten(self.source.body))
        for name in assigned(self.source.body):
            if name in counters or not self._has_value(name):
                continue
            if name in fresh_names:
                self.inner.values.pop(name, None)
                continue
            self._carry(name, name in growing)

    def _has_value(self, name: str) -> bool:
        return name in self.outer.values or any(p.name == name and p.shape for p in self.outer.program.params)

    def _carry(self, name: str, grows: bool) -> None:
        value = self.outer.array(name)
        carried = symbol(value.dtype, value.rank)
        self.carried[name] = self.inner.values[name] = carried
        if value.rank:
            extents = self.outer.shape(value)
            if grows:
                length = self.lengths[name] = fresh()
                empty = extents[0].op == "const" and extents[0].value == 0
                extents = (length, *((unknown_extent(),) * (len(extents) - 1) if empty else extents[1:]))
                self.inner.facts = self.inner.facts.knowing(polynomial(length))
            self.inner.extents[carried.number] = extents


def _overwritten(body: tuple[Statement, ...]) -> Iterable[str]:
    """Names that the body's own level gives a new value before anything reads the old one."""
    seen: set[str] = set()
    for s in body:
        reads = _reads((s,))
        if isinstance(s, Assign | New) and s.name not in seen and s.name not in reads:
            yield s.name
        seen |= reads | set(assigned((s,)))


def _reads(block: tuple[Statement, ...]) -> set[str]:
    found: set[str] = set()
    for s in statements(block):
        for name in ("value", "condition", "low", "high", "fill"):
            e = getattr(s, name, None)
            if isinstance(e, Expr):
                found |= e.inputs
        for e in (*getattr(s, "indices", ()), *getattr(s, "shape", ())):
            found |= e.inputs
        array = getattr(s, "array", None)
        if array is not None:
            found.add(array)
    return found


@dataclass
class Solution:
    """What a closed loop gives: values after it, invariants at its head, and the replacement of its symbols."""

    loop: Loop
    mapping: dict[int, Expr]
    at_head: dict[str, Expr]
    after: dict[str, Expr]

    def resolved(self, e: Expr) -> Expr:
        """An expression over the loop's symbols, over the entry values and its iteration number instead."""
        return simplify(substitute(e, self.mapping), self.loop.inner.facts)


def solve_loop(loop: Loop) -> Solution:
    """Closed forms for everything that the loop carries, dependencies first."""
    solver = _Solver(loop)
    solver.lengths()
    solver.scalars_and_arrays()
    return solver.solution()


class _Solver:
    """Works through the carried variables in order of dependency.

    closed: variable -> its value before iteration `loop.number`, free of the loop's symbols.  A variable is solved
    once all others that its update reads are; what is left when nothing moves is a cycle of scalars (a fold) or
    refused.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.updates = {n: loop.inner.array(n) for n in loop.carried}
        self.closed: dict[str, Expr] = {}
        self.mapping: dict[int, Expr] = {}
        self.temporary = self._dead()

    def _dead(self) -> set[str]:
        """Variables whose old value nobody reads."""
        symbols = {s.number for s in self.loop.carried.values()}
        symbols |= {s.number for s in self.loop.lengths.values()}
        read: set[int] = set()
        for name, value in self.loop.inner.values.items():
            if name in self.updates:
                read |= value.free & symbols
        return {n for n, s in self.loop.carried.items() if s.number not in read and not s.rank}

    def lengths(self) -> None:
        """Lengths of growing lists: by a constant each iteration, or by a condition (a filter, solved with it)."""
        for name, length in self.loop.lengths.items():
            grown = self.loop.inner.shape(self.updates[name])[0]
            start = self.loop.outer.shape(self.loop.outer.array(name))[0]
            r = Recurrence(length, self.loop.number, start, grown, self.loop.inner.facts)
            if grown.op == "select" or any(a.op == "select" for a in polynomial(grown).atoms):
                continue
            found = solve(r)
            if found is None:
                raise self.refuse(name, "grows by a different number of elements in each iteration")
            self.mapping[length.number] = found

    def uncross(self, waiting: list[str]) -> bool:
        """Replace reads of elements that no earlier iteration wrote by their old values; whether one was found."""
        arrays = {n: self.element(n) for n in waiting if self.loop.carried[n].rank and n not in self.loop.lengths}
        changed = False
        for name in waiting:
            for other, element in arrays.items():
                if other != name:
                    update = element.unwritten(self.updates[name])
                    changed |= update is not self.updates[name]
                    self.updates[name] = update
        return changed

    def scalars_and_arrays(self, names: list[str] | None = None) -> None:
        """Solve what can be solved, dependencies first, until nothing is left."""
        waiting = [n for n in self.updates if n not in self.temporary] if names is None else names
        while waiting:
            ready = [n for n in waiting if not self.needs(n) & set(waiting) - {n}]
            for name in ready:
                self.solve(name)
            waiting = [n for n in waiting if n not in ready]
            if not ready:
                self.cycle(waiting)
                return

    def needs(self, name: str) -> set[str]:
        """Carried variables whose old values an update reads."""
        free = self.updates[name].free
        return {n for n, s in self.loop.carried.items() if s.number in free}

    def recurrence(self, name: str, *, raw: bool = False) -> Recurrence:
        update = self.updates[name]
        if not raw:
            update = simplify(substitute(update, self.mapping), self.loop.inner.facts)
        return Recurrence(
            self.loop.carried[name], self.loop.number, self.loop.outer.array(name), update, self.loop.inner.facts
        )

    def solve(self, name: str) -> None:
        found = self.array(name) if self.loop.carried[name].rank else self.scalar(name)
        self.closed[name] = found
        self.mapping[self.loop.carried[name].number] = found
        if not self.loop.carried[name].rank:
            self.advance(name, found)

    def advance(self, name: str, found: Expr) -> None:
        """Others that read the variable after its update read its closed form one iteration later."""
        update = self.updates[name]
        if not update.args or not occurs(self.loop.carried[name], update):
            return
        number = self.loop.number
        later = substitute(found, {number.number: expression(polynomial(number) + 1)})
        for other in self.updates:
            if other not in self.closed and self.loop.carried[other].rank:
                self.updates[other] = exchange(self.updates[other], {update: later})

    def scalar(self, name: str) -> Expr:
        others = self.needs(name) - {name}
        for other in others:
            if not self.loop.carried[other].rank:
                found = argument_of_extreme(self.recurrence(name, raw=True), self.recurrence(other, raw=True))
                if found is not None:
                    return found
        r = self.recurrence(name)
        found = solve(r)
        carried = {n for n in others if not self.loop.carried[n].rank}
        if found is None or (carried and _running(found, self.loop.number)):
            found = self.folded(name) or found
        if found is None:
            raise self.refuse(name, f"is {named(r.update, r.carried)}: its new value is not a sum, product, "
                              "extreme or linear function of its old one")
        return found

    def folded(self, name: str) -> Expr | None:
        """A fold over the variable and the scalars that it depends on."""
        group, todo = [name], [name]
        while todo:
            for other in sorted(self.needs(todo.pop())):
                if self.loop.carried[other].rank:
                    return None
                if other not in group:
                    group.append(other)
                    todo.append(other)
        order = [n for n in self.updates if n in group]  # one order for all of them: then they are one fold
        return folded([self.recurrence(n, raw=True) for n in order], order.index(name))

    def cycle(self, waiting: list[str]) -> None:
        """Variables that depend on each other: arrays that read what others have not written yet, else one fold."""
        if self.uncross(waiting):
            self.scalars_and_arrays(waiting)
            return
        for name in waiting:
            found = None if self.loop.carried[name].rank else self.folded(name)
            if found is None:
                others = ", ".join(sorted(set(waiting) - {name})) or name
                raise self.refuse(name, f"depends on old values of {others} in a way that is no reduction")
            self.closed[name] = found
        for name in waiting:
            self.mapping[self.loop.carried[name].number] = self.closed[name]

    def array(self, name: str) -> Expr:
        """An array variable; a filter also gives its length."""
        return solve_array(self.array_recurrence(name))

    def element(self, name: str) -> Element:
        """How the elements of an array change."""
        return element_of(self.array_recurrence(name))

    def array_recurrence(self, name: str) -> ArrayRecurrence:
        loop = self.loop
        update = substitute(self.updates[name], self.mapping)
        return ArrayRecurrence(
            name, loop.carried[name], loop.lengths.get(name), loop.number, loop.trips, loop.outer, loop.inner, update,
            loop.source.at, self.mapping,
        )  # fmt: skip

    def refuse(self, name: str, what: str) -> Exception:
        hint = "keep one kind of update for each variable (+=, *=, max, min, or / and, linear)"
        return self.loop.outer.refuse(self.loop.source.at, f"{name!r} in {self.loop.source.label} {what}", hint)

    def solution(self) -> Solution:
        loop = self.loop
        head = loop.outer.facts.between(loop.number, polynomial(const(0, INDEX)), polynomial(loop.trips))
        at_head = {n: simplify(e, head) for n, e in self.closed.items()}
        after = {}
        end = {loop.number.number: loop.trips}
        for name, e in self.closed.items():
            ended = substitute(e, end)
            after[name] = simplify(ended, where_rows_are(ended, loop.outer.facts))
        for name in assigned(loop.source.body):
            if name not in self.closed and name in loop.inner.values:
                value = self._last(name)
                if value is not None:
                    after[name] = value
        return Solution(loop, self.mapping, at_head, after)

    def _last(self, name: str) -> Expr | None:
        """The value that the last iteration left, or the one before the loop when there was none."""
        loop = self.loop
        value = substitute(loop.inner.values[name], self.mapping)
        last = expression(polynomial(loop.trips) - 1)
        value = simplify(substitute(value, {loop.number.number: last}), loop.outer.facts)
        before = loop.outer.values.get(name)
        if before is None or value.rank or loop.outer.facts.nonnegative(polynomial(last)):
            return value
        return choose(_positive(loop.trips), value, before)


def _positive(e: Expr) -> Expr:
    return const(0, INDEX) < e


def _running(e: Expr, number: Expr) -> bool:
    """Whether a closed form has a reduction up to the iteration number inside another one: a fold says it better."""
    if e.op == "reduce" and number.number in e.args[0].free:
        body = e.args[1]
        return _has_inner(body, e.number)
    return any(_running(a, number) for a in e.args if number.number in a.free)


def _has_inner(body: Expr, number: int) -> bool:
    if body.op in ("reduce", "fold") and number in body.args[0].free:
        return True
    return any(_has_inner(a, number) for a in body.args if number in a.free)
