"""A task whose results do not show its inputs is refused before any kernel is tried."""

from __future__ import annotations

import pytest

import accelcore
from accelcore.errors import UsageError
from accelcore.ir import expr as E
from accelcore.judge import Judge, Pool
from accelcore.judge.sensitivity import require_sensitivity
from accelcore.platforms.c import CEvaluator
from accelcore.values import Bounds, InputSpec, Kernel, Limits, Param, Role, Source, Summary, Task, sizes_of

N = E.size("n")
X = E.array("x", "f32", 1)
VECTOR = (Param("x", "f32", (N,)), Param("y", "f32", (N,), Role.OUT))


def task(post, params=VECTOR, **more):
    return Task("one", params, Summary(post), sizes=(sizes_of({"n": 40}),), **more)


def real(e):
    return E.cast(e, "real")


def each(body):
    return (("y", E.comp(N, lambda i: E.cast(body(i), "f32"))),)


def test_results_that_follow_their_inputs_are_fine():
    require_sensitivity(Pool(task(each(lambda i: real(X[i]) * 2.0))))


def test_a_threshold_that_nothing_reaches_is_refused():
    never = task(each(lambda i: E.select(E.binary("lt", real(X[i]), 1e30), E.const(1.0), E.const(2.0))))
    with pytest.raises(UsageError, match="y of the task one came out the same for all") as raised:
        require_sensitivity(Pool(never))
    assert "bounds" in raised.value.hint


def test_changes_within_the_tolerance_do_not_count():
    tiny = task(each(lambda i: real(X[i]) * 1e-30 + 1.0))
    with pytest.raises(UsageError, match="a constant would pass"):
        require_sensitivity(Pool(tiny))


def test_bounds_that_leave_one_value_are_refused():
    one = task(each(lambda i: real(X[i]) * 2.0), inputs=InputSpec((Bounds("x", 1.0, 1.0),)))
    with pytest.raises(UsageError, match="came out the same"):
        require_sensitivity(Pool(one))


def test_every_result_counts():
    params = (*VECTOR, Param("z", "f32", (N,), Role.OUT))
    same = (
        "z",
        E.comp(N, lambda i: E.cast(E.select(E.binary("lt", real(X[i]), 1e30), E.const(1.0), E.const(2.0)), "f32")),
    )
    with pytest.raises(UsageError, match=r"^z of"):
        require_sensitivity(Pool(task((*each(lambda i: real(X[i])), same), params)))


def test_a_rare_value_is_seen_at_small_sizes():
    params = (VECTOR[0], Param("y", "i32", (), Role.OUT))
    some = E.reduce("any", N, lambda k: E.binary("lt", E.const(0.0), real(X[k])))
    require_sensitivity(Pool(task((("y", E.cast(E.select(some, E.const(1), E.const(0)), "i32")),), params)))


def test_a_constant_by_definition_is_what_it_is():
    require_sensitivity(Pool(task(each(lambda i: E.const(3.0)))))


def test_a_source_is_known_by_its_results():
    source = Source("def f(x):\n    return x", "python", "f")

    def constant(_source, values):
        return {"y": values["x"] * 0}

    def follows(_source, values):
        return {"y": values["x"]}

    one = Task("one", VECTOR, source, sizes=(sizes_of({"n": 40}),))
    require_sensitivity(Pool(one, interpret=follows))
    with pytest.raises(UsageError, match="came out the same"):
        require_sensitivity(Pool(one, interpret=constant))


def test_the_judge_asks_before_it_opens_anything(kit):
    never = task(each(lambda i: E.select(E.binary("lt", real(X[i]), 1e30), E.const(1.0), E.const(2.0))))
    with Judge(kit.Simulator({}), limits=Limits(1.0)) as judge:
        (artifact,) = judge.build(never, [Kernel("missing", "c", "one")])
        with pytest.raises(UsageError, match="came out the same"):
            judge.judge(never, artifact)


THRESHOLD = "def limited(x: 'f32[n]') -> 'f32[n]':\n    return [1.0 if v < 1e30 else 2.0 for v in x]\n"
KERNEL = """#include <stdint.h>
int ac_limited(const float *x, float *y, int64_t n) {
    (void)x;
    for (int64_t i = 0; i < n; i++) y[i] = 1;
    return 0;
}
"""


@pytest.mark.skipif(bool(CEvaluator().missing()), reason="no C compiler")
@pytest.mark.parametrize("entry", ["compile", "optimize", "check"])
def test_each_entry_refuses_it(entry, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "limited.py").write_text(THRESHOLD)
    (tmp_path / "limited.c").write_text(KERNEL)
    with pytest.raises(UsageError, match="came out the same"):
        if entry == "compile":
            accelcore.compile(tmp_path / "limited.py", "c", sizes={"n": 100})
        else:
            kernel, task = tmp_path / "limited.c", tmp_path / "limited.py"
            getattr(accelcore, entry)(kernel, task=task, target="c", sizes={"n": 100})
