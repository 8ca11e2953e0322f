"""Text and back, mathematics, and the errors of the parser."""

from __future__ import annotations

import importlib.util
import pathlib

import pytest
from hypothesis import given

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.parser import parse
from accelcore.ir.printer import equation, mathematics, text
from accelcore.values import Param, Role, Source, Summary, Task

_spec = importlib.util.spec_from_file_location("ir_strategies", pathlib.Path(__file__).with_name("strategies.py"))
S = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(S)

M, N = S.M, S.N
X, V, A, B = S.X, S.V, S.A, S.B


def real(e):
    return E.cast(e, "real")


@given(S.tensors(depth=4))
def test_parse_is_the_inverse_of_text(e):
    assert parse(text(e), S.PARAMS) is e


@pytest.mark.parametrize(
    ("e", "shown"),
    [
        (E.const(1, "u8"), "1u8"),
        (E.const(float("-inf"), "f32"), "-inf_f32"),
        (E.const(float("nan")), "nan"),
        (E.const(1e30), "1e+30"),
        (E.const(True), "true"),
        (E.unary("neg", E.const(1)), "-(1)"),
        (E.const(-1), "-1"),
        (E.const(1) - (E.const(2) - 3), "1 - (2 - 3)"),
        (E.comp(N, lambda i: V[i] * 2.0), "[i < n: v[i] * 2.0]"),
        (E.cast(E.cast(E.param("c", "i32"), "int"), "u8", "trunc", "exact"), "u8(int(c), trunc, exact)"),
        (E.scan("sum", N, lambda k: V[k], E.const(1.0, "f32"))[0], "scan_sum(i < n: v[i]; 1.0)[0]"),
        (E.filtered(N, lambda k: V[k] < E.const(0.0, "f32"), lambda k: V[k]), "filter(i < n, v[i] < 0.0: v[i])"),
        (
            E.length(E.filtered(N, lambda k: V[k] < E.const(0.0, "f32"), lambda k: V[k])),
            "length(filter(i < n, v[i] < 0.0: v[i]), 0)",
        ),
        (
            E.fold(N, [0.0, real(V[0])], lambda a, k: [a[0] + real(V[k]), a[1] * a[0]], 1),
            "fold(i = 0.0, j = real(v[0]); k < n: i + real(v[k]), j * i; j)",
        ),
        (
            E.scatter([M], N, lambda k: [k * 2], lambda k: real(V[k]), 0.0, "add"),
            "scatter([m], i < n: [i * 2] add= real(v[i]); 0.0)",
        ),
        (E.call("f", E.param("s", "f32"), dtype="int"), "f(s: int)"),
        (E.call("isnan", E.param("s", "f32")), "isnan(s)"),
    ],
)
def test_forms(e, shown):
    assert text(e) == shown
    assert parse(shown, S.PARAMS) is e


def test_shared_parts_are_named_once():
    e = E.param("c", "i32")
    e = E.cast(e, "int")
    for _ in range(60):
        e = e * e + 1
    assert len(text(e)) < 2000
    assert parse(text(e), S.PARAMS) is e


def test_a_name_does_not_leave_its_binder():
    def square(k):
        return (real(V[k]) + 1.0) * (real(V[k]) + 1.0)

    e = E.reduce("sum", N, square) / E.reduce("sum", N, lambda k: square(k) * square(k))
    assert parse(text(e), S.PARAMS) is e


def test_names_of_parameters_are_not_taken_for_variables():
    params = [Param("i", "f32", (E.size("k"),)), Param("t0", "f32", (), Role.SCALAR)]
    e = E.comp(E.size("k"), lambda q: E.array("i", "f32", 1)[q] * E.param("t0", "f32"))
    assert parse(text(e), params) is e


@pytest.mark.parametrize(
    ("wrong", "column", "message"),
    [
        ("v[0] +", 7, "expected an expression"),
        ("v[0] + w[0]", 8, "unknown name 'w'"),
        ("v[0] + true", 1, "dtypes"),
        ("v[0, 0]", 2, "2 indices"),
        ("[i < n v[i]]", 8, "expected ':'"),
        ("[v]", 2, "expected a range"),
        ("sum(k < n: v[k]", 16, r"expected '\)'"),
        ("v[0] $ 1", 6, "unexpected character"),
        ("v[0] v", 6, "after the expression"),
        ("300u8", 1, "does not fit"),
        ("max(1)", 1, "takes 2"),
        ("select(1, 2, 3)", 1, "bool condition"),
        ("f32(s, up, wrap)", 1, "rounding"),
        ("f(s: f99)", 1, "unknown dtype"),
        ("fold(a = 0; k < n: a + 1; b)", 28, "no accumulator"),
        ("any(k < n: 1)", 1, "any cannot"),
        ("", 1, "expected an expression"),
        ("1[0]", 2, "no elements"),
    ],
)
def test_errors_have_a_place(wrong, column, message):
    with pytest.raises(IrError, match=message) as caught:
        parse(wrong, S.PARAMS)
    assert caught.value.where == f"line 1, column {column}"


def test_unknown_names_get_a_suggestion():
    with pytest.raises(IrError, match="did you mean 'value'"):
        parse("valve", [Param("value", "f32", (), Role.SCALAR)])


def test_lines_are_counted():
    with pytest.raises(IrError) as caught:
        parse("s +\n  t", S.PARAMS)
    assert caught.value.where == "line 2, column 3"


# Mathematics.


def softmax():
    def shifted(i, k):
        return E.call("exp", real(X[i, k]) - E.reduce("max", N, lambda q: real(X[i, q])))

    def row(i):
        return E.comp(N, lambda j: E.cast(shifted(i, j) / E.reduce("sum", N, lambda k: shifted(i, k)), "f32"))

    return E.comp(M, row)


@pytest.mark.parametrize(
    ("e", "shown"),
    [
        (
            softmax(),
            "out[i, j] = exp(x[i, j] − m1[i]) / Σ_{k<n} exp(x[i, k] − m1[i])    for i < m, j < n\n"
            "  where m1[i] = max_{l<n} x[i, l]",
        ),
        (
            E.comp(N, lambda i: (real(V[i]) - 1.0) * -real(V[i])),
            "out[i] = (v[i] − 1) · (−v[i])    for i < n",
        ),
        (E.reduce("sum", N, lambda k: real(V[k]) * real(V[k])) + 1.0, "out = (Σ_{i<n} v[i] · v[i]) + 1"),
        (E.comp(N, lambda i: E.scan("sum", N, lambda k: real(V[k]))[i]), "out[i] = Σ_{j≤i} v[j]    for i < n"),
        (
            E.comp(N, lambda i: E.cast(E.binary("fdiv", E.cast(A[i], "int"), 3), "u8", "nearest", "saturate")),
            "out[i] = saturate_u8(⌊a[i] / 3⌋)    for i < n",
        ),
        (
            E.comp(N, lambda i: E.select(real(V[i]) < 0.0, 0.0, E.call("sqrt", real(V[i])))),
            "out[i] = 0 if v[i] < 0 else √(v[i])    for i < n",
        ),
        (E.binary("pow", real(V[0]), 2.0), "out = v[0]²"),
        (E.reduce("any", N, lambda k: V[k] < E.const(0.0, "f32")), "out = ∃_{i<n} (v[i] < 0)"),
        (E.reduce("max", N, lambda k: real(V[k]), 0.0), "out = max(0, max_{i<n} v[i])"),
        (
            E.fold(N, [0.0], lambda a, k: [a[0] * 0.5 + real(V[k])]),
            "out = (j after i<n: j ← j · 0.5 + v[i] from 0)",
        ),
        (
            E.scatter([M], N, lambda k: [k], lambda k: real(V[k]), 0.0, "add"),
            "out = (t of [m] from 0; for i<n: t[i] += v[i])",
        ),
    ],
)
def test_mathematics(e, shown):
    assert equation("out", e) == shown


@given(S.tensors())
def test_mathematics_of_anything(e):
    assert equation("out", e).startswith("out")


def test_mathematics_of_a_task():
    params = (Param("v", "f32", (N,)), Param("s", "f32", (), Role.OUT), Param("t", "f32", (), Role.OUT))
    summary = Summary((("s", real(V[0])), ("t", real(V[1]))))
    assert mathematics(Task("f", params, summary)) == "s = v[0]\nt = v[1]"
    assert mathematics(Task("f", params, Source("", "python", "f"))) == ""
