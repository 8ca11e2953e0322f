"""Sums of what falls into a place, counted in one pass: the same values, for less work."""

from __future__ import annotations

import pytest

from accelcore.ir.evaluate import evaluate_summary
from accelcore.ir.expr import array, binary, cast, comp, const, reduce, select, size
from accelcore.ir.passes import in_one_pass
from accelcore.pipeline.work import work
from accelcore.values import Param, Role, Summary, Task

np = pytest.importorskip("numpy")


def histogram(bins: int, value=lambda x, j: const(1, "int")) -> Task:
    """h[i] = sum over j of value(j) where x[j] is i."""
    n, x = size("n"), array("x", "u8", 1)
    counted = comp(
        bins,
        lambda i: cast(
            reduce("sum", n, lambda j: select(binary("eq", cast(x[j], "i64"), i), value(x, j), const(0, "int"))), "i32"
        ),
    )
    params = (Param("x", "u8", (n,), Role.IN), Param("h", "i32", (const(bins, "i64"),), Role.OUT))
    return Task("histogram", params, Summary((("h", counted),)))


def test_one_pass_gives_the_same():
    task = histogram(256, lambda x, j: cast(x[j], "int") * const(3, "int"))
    once = in_one_pass(task, task.reference)
    assert once != task.reference
    rng = np.random.default_rng(1)
    for n in (0, 1, 255, 1000):
        inputs = {"x": rng.integers(0, 256, n).astype(np.uint8)}
        plain, fast = (evaluate_summary(s, inputs, {"n": n}) for s in (task.reference, once))
        np.testing.assert_array_equal(plain["h"], fast["h"])


def test_places_that_may_be_outside_stay_as_they_are():
    task = histogram(255)
    assert in_one_pass(task, task.reference) is task.reference, "x[j] may be 255, which no bin counts"


def test_its_work_is_that_of_one_pass():
    assert work(histogram(256), {"n": 1000}).operations <= 2000
