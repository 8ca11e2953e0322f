"""Lists that grow in some iterations only: filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelcore.ir.expr import Expr, filtered, fresh, get, index, length, substitute
from accelcore_llmlift.lifter.algebra import negation, simplify
from accelcore_llmlift.polynomial import polynomial

if TYPE_CHECKING:
    from accelcore_llmlift.lifter.arrays import ArrayRecurrence


def filter_of(a: ArrayRecurrence) -> Expr:
    """A list that grows where a condition holds, from an empty one: the filter, whose length is the list's."""
    assert a.length is not None
    before = a.outer.shape(a.outer.array(a.name))[0]
    grown = a.inner.shape(a.update)[0]
    if a.carried.rank != 1 or before is not index(0):
        raise a.refuse("a conditional append to a list that is not empty, or of rows", "filter numbers into a new list")
    test, value = _conditional_append(a, grown)
    symbols = {a.length.number, a.carried.number}
    if test.free & symbols or value.free & symbols:
        raise a.refuse("a conditional append that depends on the list itself", "count in a variable of its own")

    def at(e: Expr, k: Expr) -> Expr:
        return substitute(e, {a.number.number: k})

    found = filtered(a.number, lambda k: at(test, k), lambda k: at(value, k))
    a.mapping[a.length.number] = length(found)
    return found


def _conditional_append(a: ArrayRecurrence, grown: Expr) -> tuple[Expr, Expr]:
    """(condition, value) of a list that one `if c: x.append(v)` changes."""
    variable = fresh()
    body = get(a.update, variable)
    assert a.length is not None
    if grown.op == "select" and body.op == "select":
        test, yes, no = grown.args
        if yes is a.length:
            test, yes, no = negation(test), no, yes
        if no is a.length and (polynomial(yes) - polynomial(a.length)).constant == 1:
            facts = a.inner.facts.assuming([test])
            there = simplify(substitute(body, {variable.number: a.length}), facts)
            return test, there
    raise a.refuse("it grows by a different number of elements in each iteration", "append once, under one condition")
