"""Summaries and requirements in passes over the data: the same values, for less work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from loop_tasks import TASKS, inputs, program

from accelcore.ir.assignments import settled
from accelcore.ir.compaction import compacted
from accelcore.ir.emit.numpy import emit
from accelcore.ir.evaluate import evaluate, evaluate_summary
from accelcore.ir.expr import (
    Expr,
    array,
    binary,
    comp,
    const,
    filtered,
    fold,
    get,
    index,
    length,
    reduce,
    select,
    size,
    walk,
)
from accelcore.ir.passes import in_one_pass, requirement

STORES = ("packed", "packed_both", "filled", "parted", "placed", "kept")
n, x = size("n"), array("x", "i32", 1)


@pytest.mark.parametrize("name", STORES)
def test_stores_come_to_the_same(name: str) -> None:
    """Empty, short and long; results shorter and longer than what is stored."""
    task = TASKS[name]
    once = in_one_pass(task, task.reference)
    assert not any(e.op == "fold" for _, post in once.post for e in walk(post))
    for sizes in ({"n": 0, "k": 3}, {"n": 1, "k": 1}, {"n": 40, "k": 7}, {"n": 40, "k": 90}):
        arrays, _ = inputs(program(name), sizes)
        if "b" in arrays:
            arrays["b"] = (arrays["b"] % 11 - 2).astype(np.int16)  # some places twice, some outside
        plain, fast = (evaluate_summary(s, arrays, sizes) for s in (task.reference, once))
        for result in plain:
            np.testing.assert_array_equal(plain[result], fast[result])


@pytest.mark.parametrize("name", ["packed", "packed_both", "parted"])
def test_what_is_chosen_in_order_is_a_filter(name: str) -> None:
    task = TASKS[name]
    ops = {e.op for _, post in in_one_pass(task, task.reference).post for e in walk(post)}
    assert {"filter", "length"} <= ops
    assert not ops & {"reduce", "scan", "scatter"}


def _fold_with(place, chosen) -> Expr:
    """[i < n: the last of 3 k with chosen(k) and place(k) = i, else 7]."""
    return comp(n, lambda i: fold(n, [const(7)], lambda acc, k: [
        select(binary("land", chosen(k), binary("eq", i, place(k))), const(3) * k, acc[0])
    ]))  # fmt: skip


def test_another_count_than_of_what_is_chosen_is_no_filter() -> None:
    """Places that count one condition, and stores under another: gaps and overwritten values."""
    positive, odd = (lambda q: binary("lt", 0, x[q])), (lambda q: binary("eq", x[q] % 2, 1))
    before = _fold_with(lambda k: reduce("sum", k, lambda q: select(odd(q), index(1), index(0))), positive)
    after = compacted(before, {})
    assert not any(e.op == "filter" for e in walk(after)) and any(e.op == "scatter" for e in walk(after))
    values = {"x": np.array([3, -1, 4, 1, -5, 9, 2, 6], np.int32)}
    np.testing.assert_array_equal(evaluate(before, values, {"n": 8}), evaluate(after, values, {"n": 8}))


def test_a_fold_that_depends_on_what_it_holds_stays() -> None:
    """`if t < x[k]: t = x[k]` at a place is a maximum, not the last store."""
    e = comp(n, lambda i: fold(n, [const(0)], lambda acc, k: [
        select(binary("land", binary("lt", acc[0], x[k]), binary("eq", i, x[k])), x[k] * 1, acc[0])
    ]))  # fmt: skip
    assert compacted(e, {}) is e


def test_requirements_about_all_that_came_before_take_one_pass() -> None:
    def before(k: Expr) -> Expr:
        return reduce("sum", k, lambda q: select(binary("lt", 0, x[q]), index(1), index(0)))

    needed = reduce("all", n, lambda k: binary("lt", before(k), size("p")))
    cheap = requirement(needed)
    assert any(e.op == "scan" for e in walk(cheap))
    assert requirement(needed) is cheap
    for values in ([], [5], [1, 1, -1, 1], [1, 1, 1, 1]):
        arrays = {"x": np.array(values, np.int32)}
        sizes = {"n": len(values), "p": 3}
        assert evaluate(needed, arrays, sizes) == evaluate(cheap, arrays, sizes)


def test_the_length_of_what_is_kept_is_written_out() -> None:
    """NumPy of a compaction, with none kept, too."""
    task = TASKS["packed_both"]
    text = emit(replace(task, reference=in_one_pass(task, task.reference)), real="f32")
    scope: dict[str, object] = {}
    exec(text, scope)
    for values in ([], [-1.0, -2.0], [1.0, -1.0, 2.0]):
        arrays = {"x": np.array(values, np.float32), "y": np.zeros(3, np.float32), "a": np.zeros(len(values), np.int32)}
        sizes = {"n": len(values), "k": 3}
        expected = evaluate_summary(task.reference, arrays, sizes)
        found = scope["packed_both"](**arrays)  # type: ignore[operator]
        for want, got in zip(expected.values(), found, strict=True):
            np.testing.assert_array_equal(want, got)


def test_an_element_of_a_filter_beside_its_length() -> None:
    kept = filtered(n, lambda q: binary("lt", 0, x[q]), lambda q: x[q])
    e = comp(n, lambda i: select(binary("lt", i, length(kept)), get(kept, i), -1))
    assert list(evaluate(e, {"x": np.array([0, 4, -2, 6], np.int32)}, {"n": 4})) == [4, 6, -1, -1]


def test_the_last_assignment_is_found_by_its_place() -> None:
    values = array("v", "f32", 1)

    def last(chosen, value, old) -> Expr:
        return fold(n, [old], lambda acc, k: [select(chosen(k), value(k), acc[0])])

    upwards = last(lambda k: binary("lt", 2, x[k]), lambda k: values[k], values[0])
    downwards = last(lambda k: binary("lt", 2, x[n - k - 1]), lambda k: (n - k - 1) * 3, const(-5, "i64"))
    for e, kind in ((upwards, "max"), (downwards, "min")):
        found = settled(e)
        assert {node.kind for node in walk(found) if node.op == "reduce"} == {kind}
        assert not any(node.op == "fold" for node in walk(found))
        for data in ([3, 1, 7, 0], [0, 0, 0], [0, 9], [5]):
            arrays = {"x": np.array(data, np.int32), "v": np.arange(len(data), dtype=np.float32) + 0.5}
            assert evaluate(e, arrays, {"n": len(data)}) == evaluate(found, arrays, {"n": len(data)})


def test_assignments_that_depend_on_each_other_stay() -> None:
    counted = fold(n, [const(0)], lambda acc, k: [select(binary("lt", 0, x[k]), acc[0] + 1, acc[0])])
    assert settled(counted) is counted
