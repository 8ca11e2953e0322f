from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from loop_tasks import SIZES, TASKS, check, f32, fits, inputs, k, m, matrix, n, program, real, run, task, whole, x1, x2

from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import (
    array,
    binary,
    call,
    cast,
    comp,
    const,
    fold,
    get,
    param,
    reduce,
    scan,
    scatter,
    select,
    size,
)
from accelcore.loops.lower import lower
from accelcore.loops.nodes import For, Statement, statements
from accelcore.loops.printer import text
from accelcore.values import Role, Source, Summary, Task, Tolerance


@pytest.mark.parametrize("name", sorted(TASKS))
def test_seeds_compute_their_summaries(name: str) -> None:
    check(program(name), TASKS[name], SIZES)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_seeds_handle_empty_and_unit_extents(name: str) -> None:
    smallest = dict.fromkeys(SIZES, 1)
    check(program(name), TASKS[name], smallest)


def test_lowering_is_deterministic() -> None:
    assert all(lower(t) == lower(t) for t in TASKS.values())


def depth(name: str) -> int:
    """Deepest nest of a seed: its asymptotic cost."""

    def go(block: tuple[Statement, ...]) -> int:
        return max((1 + go(s.body) for s in block if isinstance(s, For)), default=0)

    return go(program(name).body)


@pytest.mark.parametrize(
    ("name", "deepest"),
    [
        ("softmax", 2),
        ("layernorm", 2),
        ("product", 3),
        ("chain", 3),
        ("attention", 3),
        ("columns", 2),
        ("running", 1),
        ("packed", 1),
        ("packed_both", 1),
        ("filled", 1),
        ("parted", 1),
        ("placed", 1),
        ("kept", 1),
        ("down", 2),
    ],
)
def test_nothing_is_recomputed_per_iteration(name: str, deepest: int) -> None:
    assert depth(name) == deepest


def test_results_that_keep_the_same_share_a_counter() -> None:
    """Two arrays and the number of what they keep come from one loop, and no array is held in between."""
    body = text(program("packed_both"))
    assert body.count("for ") == 1 and "workspace" not in body
    assert "c = i32(count)" in body.replace(", trunc, exact", "")


def test_a_store_is_checked_where_the_result_may_be_too_short() -> None:
    assert "if count < k:" in text(program("packed_both"))
    assert "if count <" not in text(program("packed"))


def test_what_nothing_is_stored_into_is_written_first() -> None:
    assert "y[i] = -1" in text(program("filled"))
    assert "y[i]" not in text(program("packed"))


def test_repeated_stage_is_computed_once() -> None:
    """The scores of attention are in its maximum, its sum and its result: one loop nest computes them."""
    body = text(program("attention"))
    assert body.count("q[i, ") == 1


def test_blend_uses_sixteen_bits() -> None:
    assert "u8((u16(a[i]) * u16(b[i]) + 127) // 255)" in text(program("blend"))


def test_sum_stored_exactly_may_wrap_on_the_way() -> None:
    a = array("a", "i32", 1)
    t = task("s", "a: i32[n] -> y: i32", fits(reduce("sum", n, lambda q: whole(a[q])), "i32"))
    assert "sum: register i32" in text(lower(t))
    assert "sum: register i64" in text(program("total"))


def test_integer_that_may_leave_64_bits_is_refused() -> None:
    a = array("a", "i64", 1)
    square = comp(n, lambda i: select(binary("lt", whole(a[i]) * whole(a[i]), 7), const(1.0), const(0.0)))
    with pytest.raises(UnsupportedLowering, match="64 bits"):
        lower(task("s", "a: i64[n] -> y: f32[n]", comp(n, lambda i: f32(get(square, i)))))


def test_precondition_bounds_an_integer() -> None:
    a = array("a", "i64", 1)
    limit = [
        reduce("all", n, lambda q: binary("lt", whole(a[q]), 1000)),
        reduce("all", n, lambda q: binary("lt", -1000, whole(a[q]))),
    ]
    value = comp(n, lambda i: f32(select(binary("lt", whole(a[i]) * whole(a[i]), 7), const(1.0), const(0.0))))
    t = task("s", "a: i64[n] -> y: f32[n]", value, requires=tuple(limit))
    assert "i32" in text(lower(t))


def test_reals_take_the_tolerance_dtype() -> None:
    value = f32(reduce("sum", n, lambda q: real(x1[q])))
    t = task("s", "x: f32[n] -> y: f32", value, tolerance=Tolerance("f64"))
    assert "sum: register f64" in text(lower(t))


def test_bf16_is_computed_in_f32() -> None:
    a = array("a", "bf16", 1)
    t = task("s", "a: bf16[n] -> y: bf16", cast(reduce("sum", n, lambda q: real(a[q])), "bf16"))
    assert "sum: register f32" in text(lower(t))


def test_task_without_summary_is_refused() -> None:
    with pytest.raises(UnsupportedLowering, match="no summary"):
        lower(Task("t", (), Source("", "python", "f")))


# In place.


def test_elementwise_in_place_needs_no_copy() -> None:
    t = task("t", "x: inout f32[n] ->", {"x": comp(n, lambda i: f32(real(x1[i]) * 2.0))})
    assert "entry" not in text(lower(t))
    check(lower(t), t, SIZES)


def test_row_statistics_in_place_need_no_copy() -> None:
    value = matrix(lambda i, j: real(x2[i, j]) - reduce("max", n, lambda q: real(x2[i, q])))
    t = task("t", "x: inout f32[m, n] ->", {"x": value})
    assert "entry" not in text(lower(t))
    check(lower(t), t, SIZES)


def test_column_statistics_in_place_are_read_first() -> None:
    value = matrix(lambda i, j: real(x2[i, j]) - reduce("max", m, lambda q: real(x2[q, j])))
    t = task("t", "x: inout f32[m, n] ->", {"x": value})
    check(lower(t), t, SIZES)


def test_neighbours_in_place_are_copied() -> None:
    assert "x_entry" in text(program("shift"))


def test_two_in_place_results_of_each_other_share_a_loop() -> None:
    made = program("momentum")
    assert "entry" not in text(made)
    assert len([s for s in statements(made.body) if isinstance(s, For)]) == 1


def test_reversal_in_place_is_copied() -> None:
    t = task("t", "x: inout f32[n] ->", {"x": comp(n, lambda i: x1[n - 1 - i])})
    assert "x_entry" in text(lower(t))
    check(lower(t), t, SIZES)


def test_scalar_in_place() -> None:
    t = task("t", "x: f32[n]; s: inout f32 -> y: f32[n]", {})
    s = param("s", "f32")
    posts = (("s", f32(real(s) + 1.0)), ("y", comp(n, lambda i: f32(real(x1[i]) * real(s)))))
    t = replace(
        t, reference=Summary(posts), params=tuple(replace(p, role=Role.INOUT) if p.name == "s" else p for p in t.params)
    )
    check(lower(t), t, SIZES)


# Guards.


def test_guarded_stage_is_computed_only_when_chosen() -> None:
    """A sum over a row that does not exist for i = 0 must not be read."""
    previous = lambda i: reduce("sum", n, lambda q: real(x2[i - 1, q]))  # noqa: E731 - a formula
    value = comp(m, lambda i: f32(select(binary("lt", 0, i), previous(i), const(0.0))))
    t = task("t", "x: f32[m, n] -> y: f32[m]", value)
    check(lower(t), t, SIZES)


def test_guarded_division() -> None:
    a, b = array("a", "i32", 1), array("b", "i32", 1)
    value = comp(n, lambda i: fits(select(binary("eq", whole(b[i]), 0), 0, whole(a[i]) // whole(b[i])), "i64"))
    t = task("t", "a: i32[n]; b: i32[n] -> y: i64[n]", value)
    check(lower(t), t, SIZES)


# Sequential things.


def test_fold_of_several_accumulators_updates_them_at_once() -> None:
    value = fold(n, [const(0.0), const(1.0)], lambda a, i: (a[1], a[0] + real(x1[i])), 0)
    t = task("t", "x: f32[n] -> y: f32", f32(value))
    check(lower(t), t, SIZES)


def test_scan_at_another_place_is_materialized() -> None:
    running = scan("sum", n, lambda q: real(x1[q]))
    t = task("t", "x: f32[n] -> y: f32[n]", comp(n, lambda i: f32(get(running, n - 1 - i))))
    assert "workspace" in text(lower(t))
    check(lower(t), t, SIZES)


def test_scan_that_skips_a_loop_is_tabulated() -> None:
    """Running sums down the columns, read at another row: computed once per column, not once per row and column."""
    value = matrix(lambda i, j: get(scan("sum", m, lambda q: real(x2[q, j])), m - 1 - i))
    t = task("t", "x: f32[m, n] -> y: f32[m, n]", value)
    assert "workspace f32[n, m]" in text(lower(t))
    check(lower(t), t, SIZES)


def test_scan_of_growing_extent_gets_room_for_the_longest() -> None:
    value = comp(n, lambda i: f32(get(scan("sum", i + 1, lambda q: real(x1[q]) * real(x1[i])), i)))
    made = lower(task("t", "x: f32[n] -> y: f32[n]", value))
    x = inputs(made, SIZES)[0]["x"]
    np.testing.assert_allclose(run(made, SIZES)["y"], np.cumsum(x) * x, rtol=1e-4, atol=1e-5)


def test_scan_per_row_and_with_initial_value() -> None:
    value = comp(m, lambda i: comp(n, lambda j: f32(get(scan("max", n, lambda q: real(x2[i, q]), 0.5), j))))
    t = task("t", "x: f32[m, n] -> y: f32[m, n]", value)
    check(lower(t), t, SIZES)


@pytest.mark.parametrize("combine", ["set", "max", "add"])
def test_scatters(combine: str) -> None:
    a = array("a", "u8", 1)
    value = scatter([size("k")], n, lambda q: (whole(a[q]) % whole(k),), lambda q: real(x1[q]), 0.25, combine)
    t = task("t", "a: u8[n]; x: f32[n] -> y: f32[k]", comp(k, lambda i: f32(get(value, i))))
    check(lower(t), t, SIZES)


def test_results_that_share_a_stage_share_its_loop() -> None:
    top = lambda i: reduce("max", n, lambda q: real(x2[i, q]))  # noqa: E731 - a formula
    posts = {"y": matrix(lambda i, j: real(x2[i, j]) - top(i)), "p": comp(m, lambda i: f32(top(i)))}
    t = task("t", "x: f32[m, n] -> y: f32[m, n]; p: f32[m]", posts)
    assert text(lower(t)).count("max=") == 1
    check(lower(t), t, SIZES)


def test_names_of_parameters_are_not_taken_by_iterators() -> None:
    a = array("i", "f32", 1)
    t = task("t", "i: f32[j] -> sum: f32", f32(reduce("sum", size("j"), lambda q: real(a[q]))))
    check(lower(t), t, {"j": 4})


def test_functions_stay_calls() -> None:
    t = task("t", "x: f32[n] -> y: f32[n]", comp(n, lambda i: f32(call("tanh", real(x1[i])))))
    assert "tanh(x[i])" in text(lower(t))
