"""What any program must move: a lower bound that no honest kernel can be below."""

from __future__ import annotations

import pytest

from accelcore.ir.compulsory import compulsory_bytes
from accelcore.ir.expr import Expr, array, binary, cast, comp, const, filtered, get, length, reduce, scan, select, size
from accelcore.values import Param, Role, Source, Summary, Task

M, N, K = size("m"), size("n"), size("k")
X, Y, T, AT, A = (
    array("x", "f32", 1), array("y", "f32", 1), array("t", "f32", 2), array("at", "i32", 1), array("a", "f32", 1),
)  # fmt: skip
SIZES = {"m": 100, "n": 10, "k": 7}


def one(*params: str, post: Expr, out: str = "", inout: str = "") -> Task:
    """A task from `x:n`-like parameters of f32 (i32 for at); the result is out, or in place."""
    extents = {"m": M, "n": N, "k": K, "mn": M * N}
    made = []
    for text in params:
        name, _, axes = text.partition(":")
        shape = tuple(extents[a] for a in axes.split(",")) if axes else ()
        role = Role.OUT if name == out else Role.INOUT if name == inout else Role.IN
        made.append(Param(name, "i32" if name == "at" else "f32", shape, role))
    return Task("one", tuple(made), Summary(((out or inout, post),)))


def f32(e: Expr) -> Expr:
    return cast(e, "f32")


def positive(e: Expr) -> Expr:
    return binary("lt", const(0.0), cast(e, "real"))


CHOSEN = filtered(N, lambda q: positive(X[q]), lambda q: X[q])
CASES = {
    "a copy": (one("x:n", "y:n", post=comp(N, lambda i: X[i]), out="y"), 20),
    "a lookup moves what it looks up": (
        one("t:m,n", "at:k", "y:k,n", out="y",
            post=comp(K, lambda i: comp(N, lambda j: get(T, cast(AT[i], "i64"), j)))),
        7 * 10 + 10 + 7,
    ),
    "a sum": (
        one("x:m", "y:n", post=comp(N, lambda i: f32(reduce("sum", M, lambda q: cast(X[q], "real")))), out="y"),
        110,
    ),
    "a window": (
        one("x:m", "y:n", post=comp(N, lambda i: f32(reduce("sum", K, lambda q: cast(X[i + q], "real")))), out="y"),
        10 + 10,
    ),
    "a flat matrix": (
        one("a:mn", "y:m", out="y",
            post=comp(M, lambda i: f32(reduce("sum", N, lambda q: cast(A[i * N + q], "real"))))),
        1000 + 100,
    ),
    "running sums": (
        one("x:n", "y:n", post=comp(N, lambda i: get(scan("sum", N, lambda q: X[q]), i)), out="y"), 20,
    ),
    "sums up to each": (
        one("x:n", "y:n", post=comp(N, lambda i: f32(reduce("sum", i + 1, lambda q: cast(X[q], "real")))), out="y"), 20,
    ),
    "a branch": (one("x:n", "y:n", post=comp(N, lambda i: select(positive(X[0]), X[i], Y[i])), inout="y"), 1),
    "in place": (one("x:n", post=comp(N, lambda i: f32(cast(X[i], "real") * 2.0)), inout="x"), 20),
    "a search may end early": (
        one("x:m", "y:n", out="y", post=comp(N, lambda i: f32(cast(
            reduce("min", M, lambda q: select(positive(X[q]), q, M)), "real")))),
        10 + 1,
    ),
    "compaction": (
        one("x:n", "y:n", inout="y",
            post=comp(N, lambda i: select(binary("lt", i, length(CHOSEN)), get(CHOSEN, i), Y[i]))),
        10,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_only_what_must_move_is_counted(name: str) -> None:
    task, elements = CASES[name]
    assert compulsory_bytes(task, SIZES) == 4 * elements


READING_ONE = {"a sum", "a search may end early", "a lookup moves what it looks up"}


@pytest.mark.parametrize("name", sorted(set(CASES) - READING_ONE))
def test_nothing_moves_without_elements(name: str) -> None:
    assert compulsory_bytes(CASES[name][0], {"m": 0, "n": 0, "k": 0}) <= 4


def test_of_a_source_only_its_results_are_known() -> None:
    params = (Param("x", "f32", (M,)), Param("y", "f32", (N,), Role.OUT))
    assert compulsory_bytes(Task("one", params, Source("def f(): pass", "python", "f")), SIZES) == 40
