"""Sums of all that came before: one loop carries them, and its lanes are as narrow as what is stored."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from loop_tasks import SIZES, check, f32, fits, m, n, program, real, task, whole, x1, x2

from accelcore.errors import IllegalRewrite
from accelcore.ir.expr import Expr, array, binary, cast, comp, get, index, param, reduce, scan, select
from accelcore.loops import Kind, schedule
from accelcore.loops.lower import lower
from accelcore.loops.nodes import Accumulate, For, Program, Statement, Store, statements
from accelcore.loops.printer import text
from accelcore.values import Task

I1 = array("x", "i32", 1)


def depth(block: tuple[Statement, ...]) -> int:
    return max((1 + depth(s.body) for s in block if isinstance(s, For)), default=0)


def prefix(kind: str, i: Expr, value: Callable[[Expr], Expr]) -> Expr:
    return reduce(kind, i + index(1), value)


def _mean() -> Task:
    out = comp(n, lambda i: f32(prefix("sum", i, lambda q: real(x1[q])) / (real(i) + 1)))
    return task("mean", "x: f32[n] -> y: f32[n]", out)


def _rows() -> Task:
    out = comp(m, lambda i: comp(n, lambda j: f32(prefix("sum", j, lambda q: real(x2[i, q])) + 1.0)))
    return task("rows", "x: f32[m, n] -> y: f32[m, n]", out)


def _columns() -> Task:
    out = comp(m, lambda i: comp(n, lambda j: f32(prefix("sum", i, lambda q: real(x2[q, j])))))
    return task("columns", "x: f32[m, n] -> y: f32[m, n]", out)


def _largest() -> Task:
    return task("largest", "x: f32[n] -> y: f32[n]", comp(n, lambda i: prefix("max", i, lambda q: x1[q])))


def _where() -> Task:
    out = comp(n, lambda i: select(binary("lt", i, index(5)), f32(prefix("sum", i, lambda q: real(x1[q]))), x1[i]))
    return task("where", "x: f32[n] -> y: f32[n]", out)


def _weighted() -> Task:
    """The terms differ from one i to the next: no running sum."""
    out = comp(n, lambda i: f32(prefix("sum", i, lambda q: real(x1[q]) * real(x1[i]))))
    return task("weighted", "x: f32[n] -> y: f32[n]", out)


def _before() -> Task:
    """Both all before and all up to i."""

    def sums(i: Expr, count: Expr) -> Expr:
        return reduce("sum", count, lambda q: real(x1[q]))

    out = comp(n, lambda i: f32(sums(i, i) * real(x1[i]) + sums(i, i + index(1))))
    return task("before", "x: f32[n] -> y: f32[n]", out)


def _offsets() -> Task:
    rows = comp(m, lambda i: comp(n, lambda j: f32(reduce("sum", i, lambda q: real(x2[q, j])))))
    return task("offsets", "x: f32[m, n] -> y: f32[m, n]", rows)


@pytest.mark.parametrize(
    ("made", "deepest"),
    [
        (_before(), 1),
        (_offsets(), 2),
        (_mean(), 1),
        (_rows(), 2),
        (_columns(), 2),
        (_largest(), 1),
        (_where(), 1),
        (_weighted(), 2),
    ],
    ids=lambda v: v.name if isinstance(v, Task) else "",
)  # fmt: skip
def test_a_reduction_up_to_an_iterator_is_carried(made: Task, deepest: int) -> None:
    seed = lower(made)
    assert depth(seed.body) == deepest, text(seed)
    for size in (0, 1, 19):
        check(seed, made, SIZES | {"n": size})


def scanned(made: Task) -> tuple[Program, Accumulate]:
    """The scheduled program, and what its scan accumulates."""
    done = schedule.apply(lower(made), "scan_lanes(i)")
    (loop,) = (s for s in statements(done.body) if isinstance(s, For) and s.kind is Kind.SCAN)
    first = loop.body[0]
    assert isinstance(first, Accumulate)
    return done, first


def _integers(kind: str, value: Callable[[Expr], Expr], stored: Callable[[Expr], Expr], dtype: str) -> Task:
    sums = scan(kind, n, lambda q: value(whole(I1[q])))
    return task(f"{kind}s", f"x: i32[n] -> y: {dtype}[n]", comp(n, lambda i: stored(get(sums, i))))


@pytest.mark.parametrize(
    ("made", "dtype"),
    [
        (_integers("sum", lambda v: v, lambda s: fits(s, "i32"), "i32"), "i32"),
        (_integers("sum", lambda v: v - 7, lambda s: cast(s, "i32"), "i32"), "i32"),
        (_integers("sum", lambda v: v, lambda s: cast(s, "u32"), "u32"), "u32"),
        (_integers("sum", lambda v: select(binary("lt", v, 0), v, 0), lambda s: cast(s, "i8"), "i8"), "i32"),
        (_integers("sum", lambda v: v, lambda s: cast(s, "i64"), "i64"), "i64"),
        (_integers("sum", lambda v: v, lambda s: cast(s, "i32", "nearest", "saturate"), "i32"), "i64"),
        (_integers("sum", lambda v: v, lambda s: cast(s // 2, "i32"), "i32"), "i64"),
    ],
    ids=range(7),
)
def test_a_scan_is_as_narrow_as_what_is_stored(made: Task, dtype: str) -> None:
    done, first = scanned(made)
    assert first.value.dtype == dtype, text(done)
    for size in (0, 1, 19):
        check(done, made, SIZES | {"n": size})


def test_a_sum_that_is_read_afterwards_keeps_its_bits() -> None:
    seed = lower(_integers("sum", lambda v: v, lambda s: cast(s, "i32"), "i32"))
    (loop,) = (s for s in seed.body if isinstance(s, For))
    assert isinstance(loop.body[0], Store)
    total = loop.body[0].buffer
    later = seed.with_body(
        (*seed.body, Store("y", (index(0),), cast(param(total, "i64"), "i32", "nearest", "saturate")))
    )
    first = next(s for s in statements(schedule.apply(later, "scan_lanes(i)").body) if isinstance(s, Accumulate))
    assert first.value.dtype == "i64"


def test_sums_of_integers_before_their_own_element_are_scanned() -> None:
    places = comp(n, lambda i: fits(reduce("sum", i, lambda q: whole(I1[q])), "i64"))
    made = task("places", "x: i32[n] -> y: i64[n]", places)
    done, first = scanned(made)
    assert first.op == "add"
    for size in (0, 1, 19):
        check(done, made, SIZES | {"n": size})


def test_sums_of_floats_before_their_own_element_are_not() -> None:
    made = task("sums", "x: f32[n] -> y: f32[n]", comp(n, lambda i: f32(reduce("sum", i, lambda q: real(x1[q])))))
    with pytest.raises(IllegalRewrite, match="running reduction"):
        schedule.apply(lower(made), "scan_lanes(i)")


def test_interleaving_a_scan() -> None:
    done = schedule.apply(program("running"), "scan_lanes(i); interleave(i, 4)")
    assert [s.interleave for s in statements(done.body) if isinstance(s, For)] == [4]
