"""Intervals, polynomials, affine forms, simplification: sound on random expressions, and as sharp as promised."""

from __future__ import annotations

import importlib.util
import pathlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.affine import affine, at_least, difference
from accelcore.ir.interpret import interpret
from accelcore.ir.polynomial import expression, polynomial, same_polynomial
from accelcore.ir.ranges import SIZE_LIMIT, facts_of, fits, interval, narrowest, working_type
from accelcore.ir.simplify import simplify
from accelcore.values import Param, Role

_spec = importlib.util.spec_from_file_location("ir_strategies", pathlib.Path(__file__).with_name("strategies.py"))
S = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(S)

M, N = S.M, S.N
B = S.B


def real(e):
    return E.cast(e, "real")


def whole(e):
    return E.cast(e, "int")


def flat(value):
    return [v for item in value for v in flat(item)] if isinstance(value, list) else [value]


def outcome(run):
    try:
        return run()
    except IrError:
        return None


# Intervals.


@given(S.tensors(), st.data())
def test_every_value_lies_in_the_interval(e, data):
    sizes = data.draw(S.SIZES)
    inputs = data.draw(S.inputs(sizes))
    value = outcome(lambda: interpret(e, inputs, sizes))
    facts = facts_of(S.PARAMS)
    element = e
    while element.op == "comp":
        element = element.args[1]
    low, high = interval(e, facts)
    for v in flat(value) if value is not None else []:
        assert low <= v <= high


def test_intervals_of_pixels():
    b = whole(B[0, 0])
    assert interval(b) == (0, 255)
    assert interval(2 * b * b) == (0, 2 * 255 * 255)
    assert interval(E.binary("tdiv", 2 * b * b, 255)) == (0, 510)
    assert interval(E.binary("fmod", b - 300, 7)) == (0, 6)
    assert interval(E.binary("and", b, 15)) == (0, 15)
    assert interval(E.binary("shr", b, 3)) == (0, 31)
    assert fits(255 - b, "u8") and not fits(b + 1, "u8")
    assert narrowest([b + b]) == "u16"
    assert narrowest([b - 1]) == "i16"
    assert working_type(E.cast(b * b + b, "u8")) == "i32"
    assert working_type(E.cast(b + b, "u8")) == "i16"


def test_clamps_by_select_are_seen():
    v = whole(E.param("c", "i32"))
    clamped = E.select(v < 0, 0, E.select(v > 255, 255, v))
    assert interval(clamped) == (0, 255)
    assert interval(E.binary("min", E.binary("max", v, 0), 255)) == (0, 255)


def test_sums_use_the_extent():
    product = E.reduce("sum", N, lambda k: whole(B[0, k]) * whole(B[0, k]))
    assert interval(product)[1] == SIZE_LIMIT * 255 * 255
    assert narrowest([product]) == "u64"
    assert interval(product, facts_of((), [N <= 64])) == (0, 64 * 255 * 255)


def test_preconditions_on_elements_hold_for_all_of_them_only_when_they_are_said_of_all():
    v, n = E.array("v", "i32", 1), E.size("n")
    param = S.Param("v", "i32", (n,))
    bounded = E.reduce("all", n, lambda k: E.binary("land", E.const(0, "i32") <= v[k], v[k] <= E.const(9, "i32")))
    assert interval(v[0], facts_of([param], [bounded])) == (0, 9)
    partly = E.reduce("all", n - 1, lambda k: E.const(0, "i32") <= v[k])
    assert interval(v[0], facts_of([param], [partly]))[0] == -(2**31)


def test_indices_stay_below_their_extent():
    e = E.comp(10, lambda i: whole(i * 3 + 1))
    assert interval(e) == (1, 28)


# Polynomials and affine forms.


@given(st.data())
def test_the_polynomial_has_the_same_value(data):
    e = data.draw(st.sampled_from([S.integers, S.reals]))
    e = data.draw(e(S.Scope(), 3))
    sizes = data.draw(S.SIZES)
    inputs = data.draw(S.inputs(sizes))
    value = outcome(lambda: interpret(e, inputs, sizes))
    rebuilt = expression(polynomial(e), e.dtype)
    again = outcome(lambda: interpret(rebuilt, inputs, sizes))
    assert value is None or again == value


def test_equal_polynomials():
    a, b, c = (E.param(n, "int") for n in "abc")
    assert same_polynomial((a + b) * (a - b), a * a - b * b)
    assert same_polynomial(E.binary("pow", a + b, 2), b * b + 2 * (b * a) + a * a)
    assert same_polynomial(c * (a - b) + 32 * b, c * a + (32 - c) * b)
    assert not same_polynomial(a * b, a + b)
    assert same_polynomial(real(a * b), real(b) * real(a))
    assert not same_polynomial(a, real(a))


def test_sums_are_linear():
    v, s = S.V, real(E.param("s", "f32"))
    left = E.reduce("sum", N, lambda k: s * real(v[k]) + 2.0)
    right = s * E.reduce("sum", N, lambda k: real(v[k])) + real(N) * 2.0
    assert same_polynomial(left, right)
    assert same_polynomial(
        E.reduce("sum", N, lambda k: real(v[k]) / 4.0), E.reduce("sum", N, lambda k: real(v[k])) * 0.25
    )


def test_machine_arithmetic_is_no_ring():
    a, b = E.param("a", "f32"), E.param("b", "f32")
    assert not same_polynomial(a + b, b + a)


def test_affine_forms():
    i, j = E.fresh(), E.fresh()
    form = affine(4 * i + N * j + M - 1)
    assert dict(form.coefficients) == {i.number: E.index(4), j.number: N}
    assert difference(form.rest, M) == -1
    assert form.constant(i.number) == 4 and form.constant(j.number) is None
    assert affine(i * j) is None
    assert affine(E.binary("fdiv", i, E.index(2))) is None
    assert difference((i + 1) * 2, 2 * i) == 2 and difference(i, j) is None


def test_indices_are_proved_inside():
    i, j = E.fresh(), E.fresh()
    extents = {i.number: N - 2, j.number: E.index(3)}
    assert at_least(i + j, 0, extents) and at_least(N - 1 - (i + j), 0, extents)
    assert not at_least(N - 1 - (i + j + 1), 0, extents)
    assert not at_least(i - 1, 0, extents)
    assert at_least(N - 2, 0, {}, {"n": 2}) and not at_least(N - 2, 0, {})


# Simplification.


@given(S.tensors(depth=4), st.booleans(), st.data())
def test_simplification_keeps_values(e, hoist, data):
    sizes = data.draw(S.SIZES)
    inputs = data.draw(S.inputs(sizes))
    simpler = simplify(e, hoist=hoist)
    assert simpler.dtype == e.dtype and simpler.rank == e.rank
    value = outcome(lambda: interpret(e, inputs, sizes))
    assert value is None or interpret(simpler, inputs, sizes) == value


A = E.param("a", "int")
R = E.param("r", "real")
F = E.param("f", "f32")
P, Q = E.param("p", "bool"), E.param("q", "bool")
K = E.param("k", "i64")


@pytest.mark.parametrize(
    ("e", "simpler"),
    [
        (A * 1 + 0, A),
        (A * 0, E.const(0)),
        (0 - R, -R),
        (A - A, E.const(0)),
        (F - F, F - F),
        (F + 0.0, F + 0.0),
        (F * 0.0, F * 0.0),
        (E.unary("neg", -A), A),
        (A * -1, -A),
        (R / 1.0, R),
        (E.binary("tdiv", A, 1), A),
        (E.binary("fmod", A, 1), E.const(0)),
        (E.const(2) * 3 + 4, E.const(10)),
        (E.const(0.1) + 0.2, E.const(0.1) + 0.2),
        (E.const(1.5) + 0.25, E.const(1.75)),
        (E.binary("tdiv", E.const(1), 0), E.binary("tdiv", E.const(1), 0)),
        (E.select(E.const(True), A, 7), A),
        (E.select(P, A, A), A),
        (E.select(E.unary("lnot", P), A, 7), E.select(P, 7, A)),
        (E.select(P, E.const(True), E.const(False)), P),
        (E.unary("lnot", E.unary("lnot", P)), P),
        (E.unary("lnot", A < 3), E.const(3) <= A),
        (E.unary("lnot", F < 3.0), E.unary("lnot", F < 3.0)),
        (E.binary("land", P, True), P),
        (E.binary("lor", P, True), E.const(True)),
        (E.binary("land", P, P), P),
        (E.binary("max", A, A), A),
        (A < A + 1, E.const(True)),
        (E.binary("eq", A * 2, A + A), E.const(True)),
        (E.cast(E.cast(E.param("b", "u8"), "int"), "u8"), E.param("b", "u8")),
        (E.cast(E.cast(E.param("b", "u8"), "int"), "real"), E.cast(E.param("b", "u8"), "real")),
        (E.reduce("sum", 0, lambda k: A), E.const(0)),
        (E.reduce("sum", 1, lambda k: A), A),
        (E.reduce("max", 1, lambda k: A, 3), E.binary("max", 3, A)),
        (E.reduce("sum", N, lambda k: E.const(0)), E.const(0)),
        (E.reduce("sum", N, lambda k: A, 0), E.reduce("sum", N, lambda k: A)),
        ((K + 1) - 1, K),
        (2 * (K + 3) - K - 6, K),
    ],
)
def test_rules(e, simpler):
    assert simplify(e) is simpler


def test_hoisting():
    e = E.reduce("sum", N, lambda k: R * real(S.V[k]) * 2.0)
    hoisted = simplify(e, hoist=True)
    assert hoisted.op == "mul" and same_polynomial(e, hoisted)
    assert simplify(e) is e


def test_rational_coefficients_that_no_float_is():
    e = expression({(R,): Fraction(1, 3)}, "real")
    assert interpret(e, {"r": 3.0}, {}) == 1


def test_long_chains_do_not_recurse():
    e, want = A, 1
    for k in range(3000):
        e, want = (e + k, want + k) if k % 2 else (E.binary("sub", k, e), k - want)
    assert interpret(e, {"a": 1}, {}) == want
    assert interval(e, {"a": (1, 1)}) == (want, want)
    assert polynomial(e) == {(A,): 1, (): want - 1}
    assert interpret(simplify(e), {"a": 1}, {}) == want


def test_a_value_may_be_rounded_beyond_the_exact_one():
    e = E.cast(E.cast(E.param("c", "u32"), "real"), "f32")
    low, high = interval(e, facts_of((Param("c", "u32", (), Role.SCALAR),)))
    assert high >= 2**32  # the largest u32 is no f32; the nearest one is larger
    assert low <= 0
