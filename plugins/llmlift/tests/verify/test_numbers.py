"""Number models: machine integers that wrap or saturate, C promotions, exact floats, the two divisions."""

from __future__ import annotations

import pytest

from accelcore.ir.expr import array, binary, cast, comp, const, index, param, reduce, select, size
from accelcore.values import Param, Role, Summary
from accelcore_llmlift.program import Assign, For, Position, Program, Store
from accelcore_llmlift.verify.models import model_for
from accelcore_llmlift.verify.prover import Prover

AT = Position(1, 1)
N, HERE, DONE = size("n"), param("i", "i64"), param("loop1", "i64")


def loop(*body):
    return For("i", index(0), N, 1, body, "loop1", AT)


def proved(made, post, claims, model):
    summary = Summary((("out", post),), (), model)
    decided = model_for(made, summary)
    proof = Prover(1e18).prove(made, summary, claims, decided)
    return proof.complete, decided.label, [str(e) for e in proof.requires]


def mapped(dtype, element, post, inputs=("x", "y")):
    """out[i] = element(i) in C; is it post(i)?"""
    params = (*(Param(name, dtype, (N,)) for name in inputs), Param("out", dtype, (N,), Role.OUT))
    out = array("out", dtype, 1)
    made = Program("f", params, (), (loop(Store("out", (HERE,), element(HERE), AT)),), (("out", out),), "c")
    claim = comp(N, lambda k: select(k < DONE, element(k), out[k]))
    found, label, _ = proved(made, comp(N, post), {"loop1": {"out": claim}}, "i32")
    return found, label


def reduced(dtype, term, post, model, init=0):
    """s += term(i) in C, in the dtype; is it post?"""
    params = (Param("x", dtype, (N,)), Param("y", dtype, (N,)), Param("out", dtype, (), Role.OUT))
    s = param("s", dtype)
    body = (Assign("s", const(init, dtype), AT), loop(Assign("s", s + term(HERE), AT)))
    made = Program("f", params, (), body, (("out", s),), "c")
    return proved(made, post, {"loop1": {"s": reduce("sum", DONE, term)}}, model)


X, Y = array("x", "i32", 1), array("y", "i32", 1)


def product(k):
    return X[k] * Y[k]


def test_a_wrapping_sum_is_itself_in_any_order_of_factors():
    for post in (reduce("sum", N, product), reduce("sum", N, lambda k: Y[k] * X[k])):
        assert reduced("i32", product, post, "i32") == (True, "i32", [])


def test_wrapping_once_at_the_end_is_the_same():
    exact = reduce("sum", N, lambda k: cast(X[k], "int") * cast(Y[k], "int"))
    assert reduced("i32", product, cast(exact, "i32", "trunc", "wrap"), "i32")[0]


def test_no_wrapping_needs_a_sum_that_fits():
    exact = reduce("sum", N, lambda k: cast(X[k], "int") * cast(Y[k], "int"))
    found, _, requires = reduced("i32", product, cast(exact, "i32", "trunc", "exact"), "i32")
    assert found
    assert len(requires) == 1
    assert "2147483647" in requires[0]


def wide(e):
    return cast(e, "i32")


def test_c_promotes_before_it_multiplies():
    u, v = array("x", "u8", 1), array("y", "u8", 1)
    promoted = lambda k: cast(binary("tdiv", wide(u[k]) * wide(v[k]), const(32, "i32")), "u8")  # noqa: E731  # a formula
    shifted = lambda k: cast(binary("shr", wide(u[k]) * wide(v[k]), const(5, "i32")), "u8")  # noqa: E731  # a formula
    narrow = lambda k: binary("tdiv", u[k] * v[k], const(32, "u8"))  # noqa: E731  # a formula
    saturated = lambda k: cast(binary("tdiv", wide(u[k]) * wide(v[k]), const(32, "i32")), "u8", "nearest", "saturate")  # noqa: E731  # a formula
    assert mapped("u8", promoted, promoted) == (True, "i32")
    assert mapped("u8", promoted, shifted)[0]
    assert not mapped("u8", promoted, narrow)[0]
    assert not mapped("u8", promoted, saturated)[0]


def test_saturation_by_hand_is_saturation_and_not_wrapping():
    x, y = array("x", "i8", 1), array("y", "i8", 1)
    total = lambda k: wide(x[k]) + wide(y[k])  # noqa: E731  # a formula
    low, high = const(-128, "i32"), const(127, "i32")
    clamped = lambda k: cast(select(high < total(k), high, select(total(k) < low, low, total(k))), "i8")  # noqa: E731  # a formula
    assert mapped("i8", clamped, lambda k: cast(total(k), "i8", "nearest", "saturate"))[0]
    assert not mapped("i8", clamped, lambda k: x[k] + y[k])[0]
    assert mapped("i8", lambda k: cast(total(k), "i8"), lambda k: x[k] + y[k])[0]


def c(value):
    return const(value, "i32")


@pytest.mark.parametrize(("element", "post", "expected"), [
    (lambda k: (X[k] - Y[k]) * c(3) + Y[k] * c(32), lambda k: X[k] * c(3) + Y[k] * c(29), True),
    (lambda k: X[k] + Y[k], lambda k: Y[k] - (c(0) - X[k]), True),
    (lambda k: binary("tdiv", X[k] * c(4), c(4)), lambda k: X[k], False),  # X*4 may wrap
    (lambda k: binary("shl", X[k], c(2)), lambda k: X[k] * c(4), True),
    (lambda k: binary("shr", X[k], c(1)), lambda k: binary("tdiv", X[k], c(2)), False),  # -1
    (lambda k: binary("shr", X[k], c(1)), lambda k: binary("fdiv", X[k], c(2)), True),
    (lambda k: binary("and", X[k], c(7)), lambda k: binary("fmod", X[k], c(8)), True),
    (lambda k: binary("and", X[k], c(7)), lambda k: binary("trem", X[k], c(8)), False),
    (lambda k: binary("xor", X[k], Y[k]), lambda k: binary("xor", Y[k], X[k]), True),
    (lambda k: binary("xor", X[k], Y[k]), lambda k: binary("or", X[k], Y[k]), False),
    (lambda k: select(X[k] < X[k] + c(1), c(1), c(0)), lambda k: c(1), False),  # at the largest i32
])  # fmt: skip
def test_identities_of_wrapping_integers(element, post, expected):
    assert mapped("i32", element, post)[0] is expected


F, G = array("x", "f32", 1), array("y", "f32", 1)


def term(k):
    return F[k] * G[k]


@pytest.mark.parametrize(("model", "post", "expected"), [
    ("f32-exact", reduce("sum", N, term), True),
    ("f32-exact", reduce("sum", N, lambda k: G[k] * F[k]), True),
    ("f32-exact", reduce("sum", N, lambda k: F[N - 1 - k] * G[N - 1 - k]), False),
    ("f32-exact", reduce("sum", N, term, const(1.0, "f32")), False),
    ("real", reduce("sum", N, lambda k: F[N - 1 - k] * G[N - 1 - k]), True),
    ("real", reduce("sum", N, term, const(1.0, "f32")), False),
])  # fmt: skip
def test_the_order_of_a_sum_matters_to_floats_and_not_to_reals(model, post, expected):
    found, label, _ = reduced("f32", term, post, model, 0.0)
    assert found is expected
    assert label == model
