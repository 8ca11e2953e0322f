"""A journal as the machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accelcore.bench import Recorded, ScriptedProposer, compare, landscapes, trace
from accelcore.errors import JournalError
from accelcore.journal import Journal
from accelcore.session import Session
from accelcore.strategies.beam import Beam
from accelcore.strategies.greedy import Greedy
from accelcore.strategies.random import RandomSearch
from accelcore.values import Artifact, Budget, Cost, Evaluation, Kernel, Status

GEMM, _ = landscapes()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A recorded search of sixty evaluations, some of wrong kernels: its folder and its best cost."""
    folder = tmp_path_factory.mktemp("runs")
    proposers = [ScriptedProposer(GEMM, 1, wrong=0.2)]
    journal = Journal.create(folder, id="r", seed=1)
    with Session(journal, proposers=proposers, budget=Budget(evaluations=60), jobs=1) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        best = session.search(RandomSearch(), session.start(GEMM.lower(session.task), lowered=True))
        assert best is not None
        return folder / "r", session.evaluation(best).cost.value


def test_it_is_the_recorded_run(run):
    folder, best = run
    found = Recorded.read(folder)
    assert found.optimum == pytest.approx(best / 1790)
    assert found.costs[found.start.digest] == 1
    wrong = [e for e, _ in found.evaluations if e.status is Status.WRONG]
    assert wrong, "the fixture has wrong kernels"
    artifact = Artifact(next(c.kernel for c in found.candidates if c.digest == wrong[0].kernel), "", "")
    assert found.judge(found.task(), artifact, None).status is Status.WRONG


@pytest.mark.parametrize("strategy", [Greedy(), Beam(), RandomSearch()], ids=lambda s: s.name)
def test_strategies_find_the_recorded_best_and_judge_nothing_twice(run, strategy):
    recorded = Recorded.read(run[0])
    found = trace(strategy, recorded, 0, evaluations=200)
    assert found.repeats == 0
    assert found.evaluations <= len(recorded.evaluations)
    assert min(cost for _, _, cost in found.path) >= recorded.optimum
    assert found == trace(strategy, recorded, 0, evaluations=200)


def test_a_search_of_everything_reaches_the_best(run):
    recorded = Recorded.read(run[0])
    found = trace(RandomSearch(), recorded, 0, evaluations=1000)
    assert found.reached(recorded.optimum) is not None


def test_it_joins_a_comparison(run):
    table = compare([Greedy(), Beam()], [Recorded.read(run[0])], seeds=range(2)).table()
    assert "greedy" in table and "r  " in table


def test_a_kernel_that_was_not_recorded_has_no_cost(run):
    recorded = Recorded.read(run[0])
    said = recorded.judge(recorded.task(), Artifact(Kernel("BI=9", "settings", "gemm"), "", ""), None)
    assert (said.status, said.cost) == (Status.UNSUPPORTED, None)


def test_measured_times_are_compared_by_their_ratios(run):
    """The absolute times of two sittings say that the child is slower; measured side by side it is twice as fast."""
    recorded = Recorded.read(run[0])
    start, child = recorded.candidates[0], next(c for c in recorded.candidates if c.parent)
    base = Evaluation(start.digest, "t", (), Status.OK, cost=Cost(1.0, "s"))
    later = replace(base, kernel=child.digest, cost=Cost(3.0, "s"), metrics=(("ratio", 0.5),))
    timed = replace(recorded, evaluations=((base, None), (later, start.digest)))
    assert timed.costs == {start.digest: 1.0, child.digest: 0.5}


def test_a_run_without_kernels_is_no_machine(tmp_path):
    Journal.create(tmp_path, id="empty").close()
    with pytest.raises(JournalError, match="searched for no kernel"):
        Recorded.read(tmp_path / "empty")
    with pytest.raises(JournalError, match="no such journal"):
        Recorded.read(tmp_path / "absent")
