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
I, J = fresh(), fresh()
CONTEXT = Facts().counting(I, N).counting(J, I + 1)


def worlds() -> list[dict[object, int]]:
    found = []
    for n, m in itertools.product(range(1, 5), range(0, 4)):
        found += [{"n": n, "m": m, I: i, J: j} for i in range(n) for j in range(i + 1)]
    return found


def value(e: Expr, world: dict[object, int]) -> int:
    bound = {I.number: world[I], J.number: world[J]}
    result = Evaluation({}, {"n": world["n"], "m": world["m"]}, bound).value(e)
    assert isinstance(result, int)
    return result


TERMS = st.sampled_from([N, M, I, J, index(1), N * M, N * I, binary("fdiv", N, index(2)), binary("fmod", I, index(3))])


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
        assert all(Evaluation({}, {"n": w["n"], "m": w["m"]}, {I.number: w[I], J.number: w[J]}).value(condition)
                   is known for w in worlds())


@given(sums())
@settings(max_examples=100, deadline=None, database=None, derandomize=True)
def test_normal_form_has_the_same_value(e: Expr) -> None:
    assert all(value(normal(e), w) == value(e, w) for w in worlds()[::7])


def test_equal_polynomials_are_one_expression() -> None:
    assert normal((N + 1) * (M - 1)) is normal(N * M - N + M - 1)


@pytest.mark.parametrize(
    ("goal", "holds"),
    [(I, True), (N - I - 1, True), (I - J, True), (N - 1, True), (I - 1, False), (N * N - N * I - N, True), (M - 1, False)],
)
def test_ranges_decide(goal: Expr, holds: bool) -> None:
    assert CONTEXT.nonnegative(polynomial(goal)) is holds


def test_division_by_a_term() -> None:
    quotient, rest = split(polynomial(N * I + J + 7), polynomial(N))
    assert quotient is not None
    assert (expression(quotient), expression(rest)) == (I, normal(J + 7))
    quotient, rest = split(polynomial(I * 3 + 7), Polynomial({(): 3}))
    assert quotient is not None
    assert (expression(quotient), rest.constant) == (normal(I + 2), 1)
