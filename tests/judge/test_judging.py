"""The judge over simulated runners: statuses, costs, and what it lets nobody see."""

from __future__ import annotations

import numpy as np
import pytest

from accelcore.errors import SandboxError, UsageError
from accelcore.judge import VERSION, Judge
from accelcore.values import Artifact, Fidelity, Kernel, Source, Status, sizes_of


def right(buffers, sizes):
    buffers["y"][...] = buffers["x"] * 2


def judged(kit, function, task=None, **more):
    task = task or kit.double()
    with Judge(kit.Simulator({"k": function}), **more) as judge:
        (artifact,) = judge.build(task, [Kernel("k", "none", "double")])
        return judge.judge(task, artifact)


def test_a_right_kernel_gets_its_cost(kit):
    evaluation = judged(kit, right)
    assert (evaluation.status, evaluation.cost.value, evaluation.cost.unit) == (Status.OK, 100, "cycles")
    assert evaluation.fidelity is Fidelity.SIMULATED
    assert evaluation.fingerprint == "simulated"
    assert evaluation.metric("inputs") >= 7


def scaled(factor):
    def function(buffers, sizes):
        buffers["y"][...] = buffers["x"] * np.float32(factor)

    return function


def only_at(n):
    def function(buffers, sizes):
        if sizes["n"] != n:
            raise_unsupported()
        right(buffers, sizes)

    return function


def raise_unsupported():
    from accelcore.errors import RunFailure

    raise RunFailure("no such size", status=Status.UNSUPPORTED)


def edits(buffers, sizes):
    right(buffers, sizes)
    buffers["x"][...] = 0


def nothing(buffers, sizes):
    pass


def tail_left_out(buffers, sizes):
    n = sizes["n"] // 4 * 4
    buffers["y"][:n] = buffers["x"][:n] * 2


def remembering():
    seen = []

    def function(buffers, sizes):
        right(buffers, sizes)
        if seen:
            buffers["y"][...] = 1
        seen.append(1)

    return function


remembering.fresh = True


@pytest.mark.parametrize(
    ("function", "status", "said"),
    [
        (scaled(2.001), Status.WRONG, "expected"),
        (nothing, Status.WRONG, "never written"),
        (edits, Status.WRONG, "input x"),
        (tail_left_out, Status.WRONG, "elements of y are wrong"),
        (remembering, Status.CHEATED, "earlier calls"),
        (only_at(500), Status.OK, ""),
        (only_at(400), Status.UNSUPPORTED, "no such size"),
    ],
    ids=lambda v: getattr(v, "__name__", None),
)
def test_statuses(kit, function, status, said):
    evaluation = judged(kit, function)
    assert evaluation.status is status
    assert said in evaluation.feedback
    assert (evaluation.cost is not None) == (status is Status.OK)


def test_answers_within_the_bound_that_differ_from_call_to_call(kit):
    from accelcore.ir import expr as E

    n, x = E.size("n"), E.array("x", "f32", 1)
    square = E.comp(n, lambda i: E.cast(E.cast(x[i], "real") * E.cast(x[i], "real"), "f32"))
    coin = np.random.default_rng(1)

    def drifting(buffers, sizes):
        with np.errstate(under="ignore"):
            buffers["y"][...] = buffers["x"] * buffers["x"]
        if coin.integers(0, 2):  # one unit in the last place, where there was anything to round
            y = buffers["y"]
            rounded = (y != buffers["x"].astype(float) ** 2) & (y > 1e-30)
            y[rounded] = np.nextafter(y[rounded], np.float32(np.inf))

    task = kit.double()
    evaluation = judged(kit, drifting, kit.double(reference=type(task.reference)((("y", square),))))
    assert evaluation.status is Status.WRONG
    assert "same input" in evaluation.feedback


def test_the_runners_own_failure_is_recorded(kit):
    def broken(buffers, sizes):
        raise SandboxError("the simulator is gone")

    assert judged(kit, broken).status is Status.HARNESS_ERROR


def test_a_plugins_bug_is_not_a_verdict(kit):
    def bug(buffers, sizes):
        raise TypeError("a bug")

    with pytest.raises(TypeError):
        judged(kit, bug)


def test_inputs_are_secret_and_fresh(kit):
    """No two sets are alike, none comes again with another judge, and expected values are not in the buffers."""
    seen = []

    def spy(buffers, sizes):
        assert set(buffers) == {"x", "y"}
        assert not np.array_equal(buffers["y"], buffers["x"] * 2)
        seen.append(buffers["x"].tobytes())
        right(buffers, sizes)

    judged(kit, spy)
    first = [data for data in seen if len(data) > 400]
    # The last two calls repeat one set, to see whether the answer does.
    assert len(set(first[:-2])) == len(first) - 2
    seen.clear()
    judged(kit, spy)
    assert not {data for data in first if len(data) > 400 and any(data)} & set(seen)


def test_equal_seeds_judge_equally(kit):
    def collect(into):
        def spy(buffers, sizes):
            into.append(buffers["x"].tobytes())
            right(buffers, sizes)

        return spy

    one, two = [], []
    judged(kit, collect(one), seed=5)
    judged(kit, collect(two), seed=5)
    assert one == two


def test_promotion_uses_other_inputs(kit):
    seen = []

    def spy(buffers, sizes):
        seen.append(buffers["x"].tobytes())
        right(buffers, sizes)

    task = kit.double()
    with Judge(kit.Simulator({"k": spy})) as judge:
        artifact = Artifact(Kernel("k", "none", "double"), "", "double")
        assert judge.judge(task, artifact).status is Status.OK
        before = set(seen)
        seen.clear()
        promoted = judge.promote(task, artifact)
    assert promoted.status is Status.OK
    assert not {d for d in before if len(d) > 40 and any(d)} & set(seen)
    assert len(seen) > len(before)


@pytest.mark.parametrize(("counted", "extra"), [({"n": 900}, {900}), ({"n": 500}, set()), ({"k": 7}, set())])
def test_promotion_also_runs_where_the_costs_are_counted(kit, counted, extra):
    sizes = set()

    def spy(buffers, given):
        sizes.add(given["n"])
        right(buffers, given)

    class Counting(kit.Simulator):
        def open(self, artifact, *, limits):
            runner = super().open(artifact, limits=limits)
            runner.counted = counted
            return runner

    with Judge(Counting({"k": spy})) as judge:
        artifact = Artifact(Kernel("k", "none", "double"), "", "double")
        assert judge.judge(kit.double(), artifact).status is Status.OK
        assert 900 not in sizes
        assert judge.promote(kit.double(), artifact).status is Status.OK
    assert sizes & {900} == extra


def test_every_size_of_the_task_is_judged(kit):
    sizes = set()

    def spy(buffers, given):
        sizes.add(given["n"])
        right(buffers, given)

    assert judged(kit, spy, kit.double(sizes=(sizes_of({"n": 500}), sizes_of({"n": 77})))).status is Status.OK
    assert {500, 77, 1} <= sizes


def test_a_task_known_by_its_source(kit):
    task = kit.double(reference=Source("", "toy", "double"))
    with pytest.raises(UsageError, match="interprets"):
        judged(kit, right, task)

    def interpret(source, inputs):
        return {"y": [2 * float(v) for v in inputs["x"]]}

    assert judged(kit, right, task, interpret=interpret).status is Status.OK
    assert judged(kit, scaled(2.001), task, interpret=interpret).status is Status.WRONG


def test_a_task_without_a_value_is_the_tasks_fault(kit):
    from accelcore.ir import expr as E

    n, x = E.size("n"), E.array("x", "f32", 1)
    task = kit.double()
    beyond = E.comp(n, lambda i: x[i + 1])
    broken = kit.double(reference=type(task.reference)((("y", beyond),)))
    with pytest.raises(UsageError, match="no value"):
        judged(kit, right, broken)


def test_bench_attributes(kit):
    judge = Judge(kit.Simulator({}), lanes=3)
    assert (judge.version, judge.timed, judge.lanes, judge.fingerprint) == (VERSION, False, 3, "simulated")
    assert Judge(kit.Scripts(), lanes=3).lanes == 1
