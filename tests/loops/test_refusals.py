"""Every rewrite refuses what would change the meaning, and says why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from loop_tasks import program

from accelcore.errors import IllegalRewrite, UsageError
from accelcore.ir.expr import Expr, array, binary, const, get, index, param, size
from accelcore.loops import schedule
from accelcore.loops.nodes import Accumulate, Allocate, Buffer, For, If, Memory, Program, Statement, Store
from accelcore.loops.rewrites import known, parse
from accelcore.values import Role

n, m = size("n"), size("m")
i, j = param("i", "i64"), param("j", "i64")
x, y = array("x", "f32", 1), array("y", "f32", 1)
X = array("X", "f32", 2)
S = param("s", "f32")
ONE = const(1.0, "f32")


def made(*body: Statement, **more: Any) -> Program:
    """A program over x[n], y[n], X[m, n], s, h[n]."""
    arguments = (
        Buffer("x", "f32", (n,), role=Role.INOUT), Buffer("y", "f32", (n,), role=Role.OUT),
        Buffer("X", "f32", (m, n), role=Role.INOUT), Buffer("s", "f32", (), role=Role.OUT),
        Buffer("h", "i32", (n,), role=Role.OUT), Buffer("a", "i32", (n,), role=Role.IN),
        Buffer("m", "i64", (), role=Role.SIZE), Buffer("n", "i64", (), role=Role.SIZE),
    )  # fmt: skip
    return Program("p", arguments, tuple(body), **more)


def loop(name: str, extent: Expr, *body: Statement) -> For:
    return For(name, extent, tuple(body))


def store(target: str, *indices: Expr, value: Expr = ONE) -> Store:
    return Store(target, tuple(indices), value)


EXACT = {"reassociate": False}
forward = made(loop("i", n - 1, store("x", i + 1, value=x[i])))
backward = made(loop("i", n - 1, store("x", i, value=x[i + 1])))
skewed = made(loop("i", m - 1, loop("j", n - 1, store("X", i + 1, j, value=X[i, j + 1]))))
total = loop("i", n, Accumulate("s", (), "add", x[i]))
counts = made(loop("i", n, Accumulate("h", (get(array("a", "i32", 1), i),), "add", const(1, "i32"))))
two = made(loop("i", n, store("y", i, value=x[i])), loop("j", n, store("x", j, value=y[n - 1 - j])))
local = Allocate(Buffer("row", "f32", (n,), Memory.WORKSPACE))
step = Allocate(Buffer("p", "i64", (), Memory.REGISTER))
p = param("p", "i64")
moving = (step, store("p", value=index(0)), loop("i", n, store("y", i - p), store("p", value=p + 1)))
search = loop("i", n, If(binary("lt", param("s", "f32"), x[i]), (store("s", value=x[i]),)))

REFUSED = [
    ("split(q, 4)", forward, "no loop over q"),
    ("split(i, 1)", forward, "at least two"),
    ("split(i, 4, tail=odd)", forward, "unknown tail"),
    ("split(i, 4)", made(loop("i", index(4), store("y", i))), "only"),
    ("reorder(i, j)", skewed, "order matters"),
    ("reorder(i, j)", made(loop("i", n, loop("j", i, store("y", j)))), "depends on i"),
    ("reorder(i, j)", made(loop("i", n, store("y", i), loop("j", n, store("y", j)))), "more than"),
    ("reorder(i, j)", made(loop("i", m, loop("j", n, Accumulate("s", (), "add", X[i, j]))), **EXACT), "order matters"),
    ("fuse(i, j)", two, "waits for the first"),
    ("fuse(i, j)", made(loop("i", n, store("y", i)), loop("j", m, store("s"))), "differ in extent"),
    ("fuse(j, i)", two, "runs before"),
    ("fuse(i, j)", made(loop("i", n, loop("j", n, store("y", j)))), "not side by side"),
    ("fuse(i, j)", made(total, store("y", index(0), value=S), loop("j", n, store("y", j))), "needs the first"),
    ("fission(i, 1)", made(loop("i", n - 1, store("y", i, value=x[i]), store("x", i + 1, value=y[i]))), "depend on"),
    ("fission(i, 7)", forward, "statements"),
    ("lift(j, i)", made(loop("i", n, loop("j", i, store("y", j)), store("y", i))), "depends on i"),
    ("lift(q, i)", forward, "not a statement"),
    ("unroll(i)", forward, "no constant extent"),
    ("unroll(i)", made(loop("i", index(100), store("y", i))), "too many"),
    ("unroll(i, 99)", forward, "unroll by"),
    ("vectorize(i)", forward, "depend on each other"),
    ("vectorize(i)", backward, "depend on each other"),
    ("vectorize(i)", counts, "depend on each other"),
    ("vectorize(i)", made(loop("i", m, loop("j", n, store("y", i + j, value=X[i, j])))), "depend on each other"),
    ("vectorize(i)", made(*moving), "depend on each other"),
    ("vectorize(i)", made(total, **EXACT), "another order"),
    ("vectorize(i)", made(loop("i", n, local, store("row", index(0)))), "is an array"),
    ("vectorize(i)", made(loop("i", m, loop("j", i, store("X", i, j)))), "differs by lane"),
    ("vectorize(i)", made(loop("i", n, store("s", value=x[i]))), "depend on each other"),
    ("accumulate(i, 4)", made(total, **EXACT), "another order"),
    ("accumulate(i, 4)", forward, "accumulates nothing"),
    ("accumulate(i, 1)", made(total), "use 2 to"),
    ("accumulate(i, 4)", made(loop("i", n, *total.body, store("y", i, value=S))), "is used inside"),
    ("stream(y)", two, "read again"),
    ("stream(a)", two, "not a result"),
    ("stream(s)", made(total), "not a result array"),
    ("prefetch(i, y, 8)", forward, "does not read"),
    ("prefetch(i, x, 1, along=k)", forward, "not around"),
    ("pack(x, i)", forward, "writes x"),
    ("pack(y, i)", forward, "does not read"),
    ("pack(X, j)", made(loop("i", m, loop("j", n, store("y", j, value=X[i, j] + X[i, 0])))), "in 2 places"),
    ("pack(X, j)", made(loop("i", m, loop("j", n, store("y", j, value=X[i, 0])))), "same throughout"),
    ("pack(X, j, inside=i)", made(loop("i", m, loop("j", n, store("y", j, value=X[i, j])))), "not inside loop j"),
    ("pack(X, j, last=i)", made(loop("i", m, loop("j", n, store("y", j, value=X[i, j])))), "not read at i"),
    ("stage_result(s, i)", made(loop("i", n, store("s", value=x[i]))), "merely accumulate"),
    ("stage_result(s, i)", made(total, **EXACT), "another order"),
    ("stage_result(h, i)", counts, "moves with"),
    ("materialize(i, j)", two, "computes nothing again"),
    ("inline(y)", two, "not a local"),
    ("hoist(i)", forward, "computes nothing"),
    ("reciprocal(i)", forward, "divides by nothing"),
    ("reciprocal(i)", made(loop("i", n, store("y", i, value=x[i] / param("s", "f32"))), **EXACT), "round differently"),
    ("share(i)", forward, "do the same"),
    ("two_pass(i)", made(total), "does not look"),
    ("two_pass(i)", made(search), "does not look"),
    ("scan_blocks(i)", made(total), "running reduction"),
    ("scan_lanes(i)", made(total), "running reduction"),
    ("compact_lanes(i)", made(total), "at the next place"),
    ("compact_lanes(i, 3)", made(total), "grouped by"),
    ("online(i, j)", two, "does more than accumulate"),
    ("interleave(i, 2)", forward, "not a vector loop"),
    ("slides(i)", forward, "not a vector loop"),
    ("slides(j)", schedule.apply(two, "vectorize(j)"), "beside each other"),
    ("simd()", forward, "no loop can be vectorized"),
    ("privatize(x, i, 4)", forward, "merely accumulate"),
    ("privatize(h, i, 1)", counts, "2 to 16"),
    ("isolate(i)", forward, "no loop is around"),
    ("tile(i, 4, j)", made(loop("i", m, store("s"), loop("j", n, store("X", i, j)))), "contains more than"),
    ("deepen(i, j, 8)", forward, "loop j is not around i"),
    ("specialize(i=4)", forward, "no size of the program"),
    ("specialize(s=4)", forward, "no size of the program"),
    ("specialize(n=-1)", forward, "cannot be"),
    ("specialize(n=0)", forward, "nothing is left"),
    ("specialize(n=4); specialize(m=2); specialize(n=4)", forward, "already"),
    ("; ".join(f"specialize(n={k})" for k in range(2, 11)), forward, "versions already"),
    ("deepen(k2, i, 8)", replace(program("product"), reassociate=False), "the order matters"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "given", "reason"), REFUSED, ids=[f"{t}-{r}" for t, _, r in REFUSED])
def test_refusals(text: str, given: Program, reason: str) -> None:
    with pytest.raises(IllegalRewrite, match=reason):
        schedule.apply(given, text)


def test_every_rewrite_has_a_refusal() -> None:
    refused = {text.split("(")[0] for text, _, _ in REFUSED}
    never = {"jam", "block", "turn"}  # made of others, which refuse
    assert set(known()) - refused - never == set()


def test_vector_loops_do_not_nest() -> None:
    nested = made(loop("i", m, loop("j", n, store("X", i, j))))
    with pytest.raises(IllegalRewrite, match="nested with vector loop j"):
        schedule.apply(nested, "vectorize(j); vectorize(i)")


def test_rewrites_inside_vector_loops_keep_the_lanes_apart() -> None:
    """A row in memory inside lanes would be one row for all of them."""
    shared = made(loop("i", m, loop("j", n, Accumulate("s", (), "add", X[i, j] + X[i, j] * x[j]))))
    with pytest.raises(IllegalRewrite, match="is an array"):
        schedule.apply(shared, "vectorize(i); pack(X, j)")


def test_pack_does_not_read_more_than_the_loop() -> None:
    """With no iterations of i nothing is read; a copy before i would read all the same."""
    short = made(loop("i", m, loop("j", n + 1, store("y", index(0), value=x[j]))))
    with pytest.raises(IllegalRewrite, match="may not be read"):
        schedule.apply(short, "pack(x, i)")


def test_wrapping_sums_may_be_reordered_under_any_model() -> None:
    sums = made(loop("i", n, Accumulate("h", (index(0),), "add", get(array("a", "i32", 1), i))), **EXACT)
    assert schedule.apply(sums, "vectorize(i)").loop("i").kind == "vector"


def test_inline_refuses_values_that_changed() -> None:
    body = (
        local,
        loop("i", n, store("row", i, value=x[i])),
        loop("j", n, store("x", j, value=get(array("row", "f32", 1), n - 1 - j))),
    )
    with pytest.raises(IllegalRewrite, match="may change"):
        schedule.apply(made(*body), "inline(row)")


@pytest.mark.parametrize(
    "text",
    [
        "split",
        "split(i)",
        "split(i, many)",
        "split(i, 4, 5, 6)",
        "nothing(i)",
        "split(i, 4, side=2)",
        "specialize()",
        "specialize(n)",
        "specialize(n=few)",
    ],
)
def test_text_that_does_not_parse(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "split(i, 8, tail=cut)",
        "vectorize(j)",
        "vectorize(j, lanes=16, interleave=2)",
        "tile(i, 6, j, interleave=4, panel=64, pack=B)",
        "specialize(m=16, n=8)",
    ],
)
def test_text_prints_as_it_parses(text: str) -> None:
    assert str(parse(text)) == text


def test_a_schedule_replays_on_other_shapes() -> None:
    """The same texts apply to the program of another task of the same form with constant extents."""
    texts = ("tile(i, 4, j, interleave=2)",)
    general = schedule.replay(program("product"), texts)
    fixed = replace(program("product"), name="fixed")
    assert schedule.replay(fixed, texts).body == general.body
