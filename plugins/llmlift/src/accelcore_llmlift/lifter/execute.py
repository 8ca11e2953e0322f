"""Symbolic execution of a program into index functions over the values at entry."""

from __future__ import annotations

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, fresh, param, substitute
from accelcore_llmlift.lifter import state as values
from accelcore_llmlift.lifter.algebra import conjuncts, negation, simplify
from accelcore_llmlift.lifter.loops import Loop, solve_loop
from accelcore_llmlift.lifter.state import State
from accelcore_llmlift.polynomial import expression, polynomial
from accelcore_llmlift.program import (
    Append,
    Assert,
    Assign,
    For,
    If,
    New,
    Statement,
    Store,
    While,
    assigned,
)

Records = dict[str, dict[str, Expr]]


class Executor:
    """Runs statements over symbolic values.

    Invariant: after each statement, `state.values` gives every live variable as an expression over the entry inputs,
    sizes and the symbols and iteration numbers of the loops that are open.  `records` holds the invariants of the
    loops that are closed, over the same things; closing a loop replaces its symbols in all of them.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.records: Records = {}

    def block(self, statements: tuple[Statement, ...]) -> None:
        """Every statement in order."""
        for statement in statements:
            self.statement(statement)

    def statement(self, s: Statement) -> None:
        """One statement."""
        state = self.state
        match s:
            case Assign():
                state.values[s.name] = state.read(s.value)
            case Store():
                indices = tuple(state.read(i) for i in s.indices)
                state.values[s.array] = values.store(state, s.array, indices, state.read(s.value))
            case Append():
                state.values[s.array] = values.append(state, s.array, state.read(s.value), s.at)
            case New():
                fill = None if s.fill is None else state.read(s.fill)
                state.values[s.name] = values.new(s.name, s.dtype, [state.read(e) for e in s.shape], fill)
            case If():
                self.branch(s)
            case For():
                self.loop(s)
            case While():
                raise state.refuse(
                    s.at, "a while loop whose number of iterations is not known before it starts",
                    "count with a variable that only `i += 1` at the end of the body changes",
                )  # fmt: skip
            case Assert():
                pass  # a precondition of the source; it changes nothing

    def branch(self, s: If) -> None:
        """Both sides on their own, then a choice for every variable that one of them changes."""
        state = self.state
        test = state.read(s.condition)
        results = []
        for body, known in ((s.then, [test]), (s.otherwise, conjuncts(negation(test)))):
            side = state.branch()
            side.facts = state.facts.assuming(known)
            self.state = side
            self.block(body)
            results.append(side.values)
        self.state = state
        names = assigned((*s.then, *s.otherwise))
        values.merge(state, test, results[0], results[1], names)

    def loop(self, s: For) -> None:
        """One run of the body with symbols for what it carries, then closed forms for them."""
        outer = self.state
        low, high = outer.read(s.low), outer.read(s.high)
        trips = trip_count(outer, low, high, s.step)
        number = fresh()
        inner = outer.branch()
        inner.facts = outer.facts.counting(number, trips)
        inner.values[s.counter] = expression(polynomial(low) + polynomial(number) * s.step)
        loop = Loop(s, number, trips, outer, inner)
        loop.open()
        before = set(self.records)
        self.state = inner
        self.block(s.body)
        self.state = outer
        solution = solve_loop(loop)
        for label in self.records.keys() - before:
            self.records[label] = {n: solution.resolved(e) for n, e in self.records[label].items()}
        self.records[s.label] = solution.at_head
        self.close(s, number, {*(self.records.keys() - before)})
        outer.values.update(solution.after)

    def close(self, s: For, number: Expr, labels: set[str]) -> None:
        """Name the iteration number in the invariants by the loop's label."""
        named = {number.number: param(s.label, INDEX)}
        for label in labels:
            self.records[label] = {n: substitute(e, named) for n, e in self.records[label].items()}


def trip_count(state: State, low: Expr, high: Expr, step: int) -> Expr:
    """max(0, ceil((high - low) / step)), without the maximum where it is known to be idle."""
    span = polynomial(high) - polynomial(low)
    if step < 0:
        span = -span
    count = expression(span)
    if not state.facts.nonnegative(span + (abs(step) - 1)):  # a span just below 0 rounds to no iteration
        count = simplify(binary("max", count, expression(polynomial(count) - polynomial(count))), state.facts)
    if abs(step) == 1:
        return count
    rounded = expression(polynomial(count) + (abs(step) - 1))
    return simplify(binary("fdiv", rounded, expression(polynomial(rounded) * 0 + abs(step))), state.facts)
