"""Which sizes large tasks are judged at."""

from dataclasses import replace

import pytest

from accelcore.ir.expr import array, binary, cast, comp, index, reduce, size
from accelcore.pipeline import scaling
from accelcore.pipeline.scaling import scaled
from accelcore.values import Param, Role, Summary, Task, sizes_of

M, N, K = size("m"), size("n"), size("k")


def product(**sizes):
    a, b = array("a", "f32", 2), array("b", "f32", 2)
    terms = lambda i, j: reduce("sum", K, lambda p: cast(a[i, p], "real") * cast(b[p, j], "real"))  # noqa: E731
    e = comp(M, lambda i: comp(N, lambda j: cast(terms(i, j), "f32")))
    params = (Param("a", "f32", (M, K)), Param("b", "f32", (K, N)), Param("y", "f32", (M, N), Role.OUT))
    return Task("product", params, Summary((("y", e),), (), "real"), sizes=(sizes_of(sizes),))


@pytest.fixture
def evaluator(monkeypatch):
    """An evaluator that counts at other sizes, and affords a billion operations."""

    class Counting:
        counts = "timed"
        timed = ""

    found = Counting()
    monkeypatch.setattr(scaling, "choose_evaluator", lambda spec: found)
    monkeypatch.setattr(scaling, "most_operations", lambda spec: 1e9)
    return found


def test_independent_sizes_shrink_before_summed_ones(evaluator):
    spec, task = scaled("chip", product(m=4096, n=8192, k=2048))
    sizes = dict(task.sizes[0])
    assert spec == "chip:timed=k=2048+m=4096+n=8192"
    assert sizes["k"] == 2048
    assert sizes["m"] < 600 > sizes["n"]


def test_a_very_long_sum_shrinks_too_and_tiles_have_a_rest(evaluator):
    _, task = scaled("chip:x=1", product(m=4096, n=4096, k=1 << 16))
    assert dict(task.sizes[0])["k"] == 2049
    assert all(value % 2 for _, value in task.sizes[0])


def test_requirements_on_sizes_hold(evaluator):
    task = replace(product(m=4096, n=4096, k=4096), requires=(binary("eq", binary("fmod", M, index(4)), index(0)),))
    _, small = scaled("chip", task)
    sizes = dict(small.sizes[0])
    assert sizes["m"] < 4096
    assert sizes["m"] % 4 == 0


def test_small_tasks_stay(evaluator):
    task = product(m=50, n=60, k=70)
    assert scaled("chip", task) == ("chip", task)


def test_sizes_that_the_user_counts_at_stay(evaluator):
    evaluator.timed = "m=9"
    task = product(m=4096, n=4096, k=4096)
    assert scaled("chip", task) == ("chip", task)


def test_an_evaluator_that_counts_what_it_executes_gets_the_task_as_it_is(evaluator):
    evaluator.counts = ""
    task = product(m=4096, n=4096, k=4096)
    assert scaled("chip", task) == ("chip", task)
