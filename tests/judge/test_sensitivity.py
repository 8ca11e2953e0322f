"""A task whose results do not show its inputs is refused before any kernel is tried."""

from __future__ import annotations

import pytest

import accelcore
from accelcore.errors import UsageError
from accelcore.ir import expr as E
from accelcore.judge import Judge, Pool
from accelcore.judge.sensitivity import require_sensitivity
from accelcore.platforms.c import CEvaluator
from accelcore.values import (
    Bounds,
    InputSpec,
    Kernel,
    Limits,
    Param,
    Role,
    Source,
    Summary,
    Task,
    Tolerance,
    sizes_of,
)  # fmt: skip

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


def test_a_constant_between_the_sets_is_found():
    """No result of one set passes for another, but one number lies within the tolerance of all."""
    loose = Tolerance(factor=1e9)
    wide = task(each(lambda i: E.call("sin", real(X[i]))), tolerance=loose)
    with pytest.raises(UsageError, match="a constant would pass"):
        require_sensitivity(Pool(wide))


def test_most_elements_that_change_must_change_by_more_than_the_tolerance():
    first = task(each(lambda i: E.select(E.binary("eq", i, 0), real(X[0]), real(X[i]) * 1e-13 + 1.0)),
                 requires=(E.binary("lt", E.index(6), N),))  # fmt: skip
    with pytest.raises(UsageError, match="most of y of the task one changed by less than the tolerance"):
        require_sensitivity(Pool(first))


def test_an_array_that_no_result_follows_is_refused():
    params = (VECTOR[0], Param("w", "f32", (N,)), VECTOR[1])
    w = E.array("w", "f32", 1)
    with pytest.raises(UsageError, match=r"no result of the task one follows w beyond its tolerance"):
        require_sensitivity(Pool(task(each(lambda i: real(X[i]) + real(w[i]) * 1e-60 + 1.0), params)))
    require_sensitivity(Pool(task(each(lambda i: real(X[i]) + real(w[i])), params)))


HONEST = {
    "relu": lambda i: E.binary("max", real(X[i]), 0.0),
    "one of forty": lambda i: E.select(E.binary("eq", i, 0), real(X[0]), E.const(0.0)),
    "a mask": lambda i: E.select(E.binary("eq", E.binary("fmod", i, 7), 0), real(X[i]), E.const(0.0)),
    "saturation": lambda i: E.call("sigmoid", real(X[i])),
    "equality": lambda i: E.select(E.binary("eq", real(X[i]), 1.0), E.const(1.0), E.const(0.0)),
    "tiny values": lambda i: real(X[i]) * 1e-20,
    "sign": lambda i: E.call("sign", real(X[i])),
    "softmax": lambda i: E.call("exp", real(X[i])) / E.reduce("sum", N, lambda k: E.call("exp", real(X[k]))),
}


@pytest.mark.parametrize("name", HONEST)
@pytest.mark.parametrize("seed", range(4))
def test_honest_tasks_are_accepted(name, seed):
    require_sensitivity(Pool(task(each(HONEST[name])), seed=seed))


@pytest.mark.parametrize("seed", range(8))
def test_a_rare_match_is_seen_beside_narrow_values(seed):
    x, key = E.array("x", "u8", 1), E.param("key", "u8")
    params = (Param("x", "u8", (N,)), Param("key", "u8", (), Role.SCALAR), Param("y", "i32", (), Role.OUT))
    count = E.reduce("sum", N, lambda k: E.select(E.binary("eq", x[k], key), E.const(1), E.const(0)))
    require_sensitivity(Pool(task((("y", E.cast(count, "i32")),), params), seed=seed))


def test_zeros_above_a_diagonal_are_no_fault():
    a = E.array("a", "f32", 2)
    params = (Param("a", "f32", (N, N)), Param("y", "f32", (N, N), Role.OUT))
    lower = E.comp(N, lambda i: E.comp(N, lambda j: E.cast(
        E.select(E.binary("le", j, i), real(a[i, j]), E.const(0.0)), "f32")))  # fmt: skip
    require_sensitivity(Pool(task((("y", lower),), params)))


@pytest.mark.parametrize("classes", [10, 1000])
def test_a_table_that_is_mostly_empty_is_no_fault(classes):
    at = E.array("at", "i32", 1)
    params = (Param("at", "i32", (N,)), Param("y", "i32", (N, E.index(classes)), Role.OUT))
    hot = E.comp(N, lambda i: E.comp(E.index(classes), lambda j: E.cast(
        E.select(E.binary("eq", E.cast(at[i], "int"), E.cast(j, "int")), E.const(1), E.const(0)), "i32")))  # fmt: skip
    bounds = InputSpec((Bounds("at", 0, classes - 1),))
    require_sensitivity(Pool(task((("y", hot),), params, inputs=bounds)))


def test_a_scalar_may_matter_less_than_rounding():
    eps = E.param("eps", "f32")
    params = (VECTOR[0], Param("eps", "f32", (), Role.SCALAR), VECTOR[1])
    square = E.reduce("sum", N, lambda k: real(X[k]) * real(X[k]))
    norm = each(lambda i: real(X[i]) / E.call("sqrt", square + real(eps) + 1.0))
    require_sensitivity(Pool(task(norm, params, inputs=InputSpec((Bounds("eps", 1e-12, 1e-11),)))))


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


def test_what_an_overwritten_array_held_need_not_matter():
    """y = x in place of whatever y held; but what matters a little must matter more than the tolerance."""
    place = Param("y", "f32", (N,), Role.INOUT)
    old = E.array("y", "f32", 1)
    never = each(lambda i: E.select(E.binary("lt", i, N), real(X[i]), real(old[i])))
    require_sensitivity(Pool(task(never, (VECTOR[0], place))))
    with pytest.raises(UsageError, match="no result of the task one follows y beyond its tolerance"):
        faint = each(lambda i: real(X[i]) * real(X[i]) + 5.0 + real(old[i]) * 1e-13)
        require_sensitivity(Pool(task(faint, (VECTOR[0], place))))
