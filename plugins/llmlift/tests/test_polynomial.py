"""The prover of index facts: everything that it says holds on every assignment of numbers."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelcore.ir.expr import Expr, binary, fresh, index, size
from accelcore_llmlift.evaluation import Evaluation
from accelcore_llmlift.polynomial import Facts, Polynomial, decide, expression, normal, polynomial, split

N, M = size("n"), size("m")
ROW, COLUMN = fresh(), fresh()
CONTEXT = Facts().counting(ROW, N).counting(COLUMN, ROW + 1)


def worlds() -> list[dict[object, int]]:
    found = []
    for n, m in itertools.product(range(1, 5), range(4)):
        found += [{"n": n, "m": m, ROW: i, COLUMN: j} for i in range(n) for j in range(i + 1)]
    return found


def value(e: Expr, world: dict[object, int]) -> int:
    bound = {ROW.number: world[ROW], COLUMN.number: world[COLUMN]}
    result = Evaluation({}, {"n": world["n"], "m": world["m"]}, bound).value(e)
    assert isinstance(result, int)
    return result


TERMS = st.sampled_from(
    [N, M, ROW, COLUMN, index(1), N * M, N * ROW, binary("fdiv", N, index(2)), binary("fmod", ROW, index(3))]
)


@st.composite
def sums(draw: st.DrawFn) -> Expr:
    found = index(0)
    for term in draw(st.lists(TERMS, max_size=4)):
        found = found + term * draw(st.integers(-2, 2))
    return found


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(sums(), st.lists(sums(), max_size=2))
def test_what_is_proved_holds_everywhere(goal: Expr, known: list[Expr]) -> None:
    facts = CONTEXT.knowing(*(polynomial(k) for k in known))
    if facts.nonnegative(polynomial(goal)):
        for world in worlds():
            if all(value(k, world) >= 0 for k in known):
                assert value(goal, world) >= 0


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(sums(), sums(), st.sampled_from(["lt", "le", "eq", "ne"]))
def test_decisions_are_true(a: Expr, b: Expr, op: str) -> None:
    condition = binary(op, a, b)
    known = decide(condition, CONTEXT)
    if known is not None:
        for w in worlds():
            bound = {ROW.number: w[ROW], COLUMN.number: w[COLUMN]}
            assert Evaluation({}, {"n": w["n"], "m": w["m"]}, bound).value(condition) is known


@given(sums())
@settings(max_examples=100, deadline=None, database=None, derandomize=True)
def test_normal_form_has_the_same_value(e: Expr) -> None:
    assert all(value(normal(e), w) == value(e, w) for w in worlds()[::7])


def test_equal_polynomials_are_one_expression() -> None:
    assert normal((N + 1) * (M - 1)) is normal(N * M - N + M - 1)


@pytest.mark.parametrize(
    ("goal", "holds"),
    [
        (ROW, True), (N - ROW - 1, True), (ROW - COLUMN, True), (N - 1, True), (ROW - 1, False),
        (N * N - N * ROW - N, True), (M - 1, False),
    ],
)
def test_ranges_decide(goal: Expr, holds: bool) -> None:
    assert CONTEXT.nonnegative(polynomial(goal)) is holds


def test_division_by_a_term() -> None:
    quotient, rest = split(polynomial(N * ROW + COLUMN + 7), polynomial(N))
    assert quotient is not None
    assert (expression(quotient), expression(rest)) == (ROW, normal(COLUMN + 7))
    quotient, rest = split(polynomial(ROW * 3 + 7), Polynomial({(): 3}))
    assert quotient is not None
    assert (expression(quotient), rest.constant) == (normal(ROW + 2), 1)
