"""Summaries against the parameters of their task: every kind of mistake is named with its place."""

from __future__ import annotations

import pytest

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.check import check_expression, check_summary, check_task, extents_of
from accelcore.values import Param, Role, Summary, Task

M, N = E.size("m"), E.size("n")
X, V = E.array("x", "f32", 2), E.array("v", "f32", 1)
PARAMS = (
    Param("x", "f32", (M, N)),
    Param("v", "f32", (N,), Role.INOUT),
    Param("s", "f32", (), Role.SCALAR),
    Param("out", "f32", (M, N), Role.OUT),
)


def good():
    return E.comp(M, lambda i: E.comp(N, lambda j: X[i, j] * E.param("s", "f32")))


def row():
    return E.comp(N, lambda j: E.cast(V[j], "real") + 1.0)


def test_a_good_task_passes():
    task = Task("f", PARAMS, Summary((("out", good()), ("v", row()))), requires=(E.index(1) <= N,))
    check_task(task)


@pytest.mark.parametrize(
    ("post", "where", "message"),
    [
        ((("out", good()),), "post", "no expression for v"),
        ((("out", good()), ("out", good()), ("v", row())), "out", "twice"),
        ((("outt", good()), ("v", row())), "outt", "no result"),
        ((("x", good()), ("v", row())), "x", "no result"),
        ((("out", E.comp(M, lambda i: X[i, 0])), ("v", row())), "out", "2 axes"),
        ((("out", E.comp(N, lambda i: E.comp(M, lambda j: X[j, i]))), ("v", row())), "out", "axis 0"),
        ((("out", E.comp(M, lambda i: E.comp(N, lambda j: E.cast(i, "int")))), ("v", row())), "out", "holds f32"),
        (
            (("out", E.comp(M, lambda i: E.comp(N, lambda j: E.array("y", "f32", 1)[j]))), ("v", row())),
            "out: y",
            "unknown parameter",
        ),
        (
            (("out", E.comp(M, lambda i: E.comp(N, lambda j: E.array("x", "f32", 1)[j]))), ("v", row())),
            "out: x",
            "2 axes, not 1",
        ),
        (
            (("out", E.comp(M, lambda i: E.comp(N, lambda j: E.array("x", "f64", 2)[i, j]))), ("v", row())),
            "out: x",
            "holds f32",
        ),
        (
            (("out", E.comp(M, lambda i: E.comp(N, lambda j: E.array("out", "f32", 2)[i, j]))), ("v", row())),
            "out: out",
            "no value at entry",
        ),
        (
            (("out", E.comp(M, lambda i: E.comp(E.size("q"), lambda j: X[i, j]))), ("v", row())),
            "out: q",
            "unknown size",
        ),
    ],
)
def test_mistakes_are_placed(post, where, message):
    with pytest.raises(IrError, match=message) as caught:
        check_summary(Summary(post), PARAMS)
    assert caught.value.where == where


def test_unbound_variables_are_refused():
    with pytest.raises(IrError, match="not bound"):
        check_expression(V[E.var(0)], PARAMS)


def test_nodes_that_no_constructor_makes_are_refused():
    broken = E.Expr("add", (E.const(1), E.const(1.0)), (), "int")
    with pytest.raises(IrError, match="canonical"):
        check_expression(broken, PARAMS)


def test_preconditions_are_conditions():
    with pytest.raises(IrError, match="condition"):
        check_task(Task("f", PARAMS, Summary((("out", good()), ("v", row()))), requires=(N,)))


def test_parameters_are_unique_and_storable():
    with pytest.raises(IrError, match="twice"):
        check_task(Task("f", (*PARAMS, PARAMS[0]), Summary(())))
    with pytest.raises(IrError, match="stored"):
        check_task(Task("f", (Param("r", "real"),), Summary(())))


def test_equal_extents_may_be_written_differently():
    params = (Param("v", "f32", (N,)), Param("out", "f32", (N - 2,), Role.OUT))
    check_summary(Summary((("out", E.comp(-2 + N, lambda i: V[i])),)), params)


def test_extents_of_inputs_and_rows():
    assert extents_of(X, PARAMS) == (M, N)
    assert extents_of(X[0], PARAMS) == (N,)
    assert extents_of(E.comp(M, lambda i: X[i]), PARAMS) == (M, N)
