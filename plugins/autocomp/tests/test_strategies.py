"""The plugin's strategies on landscapes, and on a scripted search where every choice is visible."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import pytest

from accelcore.bench import ScriptedProposer, compare, landscapes, trace
from accelcore.journal import Journal
from accelcore.options import values_for
from accelcore.registry import Registry, configured
from accelcore.session import Session
from accelcore.values import Budget, Kernel, Phase, Proposal, Status
from accelcore_autocomp.evolution import Evolution
from accelcore_autocomp.strategy import Autocomp

GEMM, VALLEY = landscapes()
BOTH = pytest.mark.parametrize("strategy", [Autocomp(), Evolution()], ids=lambda s: s.name)


def test_the_plugin_registers():
    import accelcore_autocomp

    found = Registry()
    found.add(accelcore_autocomp, "autocomp", "accelcore-autocomp")
    assert not found.problems()
    assert [s.name for s in found.strategies()] == ["autocomp", "evolution"]


def test_options_are_fields():
    chosen = configured(Autocomp(), values_for(Autocomp(), {"width": "8", "keep": "0.25"}))
    assert (chosen.width, chosen.keep) == (8, 0.25)


def test_fewer_distinct_evaluations_than_the_reference():
    """The reference needs 144 evaluations, 43 of them distinct, to cost 1010, and reaches 970 never in 8 steps."""
    traces = [trace(Autocomp(), GEMM, seed) for seed in range(12)]
    reached = [t.reached(1010) for t in traces]
    assert sum(pair is not None for pair in reached) >= 8
    assert median(pair[0] for pair in reached if pair) <= 70
    assert not any(t.repeats for t in traces)


@BOTH
def test_equal_seeds_make_equal_searches(strategy):
    assert trace(strategy, GEMM, 3) == trace(strategy, GEMM, 3)


@BOTH
def test_wrong_replies_never_win(strategy):
    with Session(Journal.memory(seed=1), proposers=[ScriptedProposer(GEMM, 1, wrong=1.0)]) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        start = session.start(GEMM.lower(session.task))
        assert session.search(strategy, start) == start


@BOTH
def test_it_stops_by_itself_and_at_its_budget(strategy):
    with Session(Journal.memory(seed=1)) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        start = session.start(GEMM.lower(session.task))
        assert session.search(strategy, start) == start
    budget = Budget(evaluations=9)
    with Session(Journal.memory(seed=1), proposers=[ScriptedProposer(GEMM)], budget=budget) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        assert session.search(strategy, session.start(GEMM.lower(session.task))) is not None
        assert session.meter.spent["evaluations"] == 9


def test_a_start_that_is_wrong_ends_the_search():
    for strategy in (Autocomp(), Evolution()):
        with Session(Journal.memory(seed=1), proposers=[ScriptedProposer(GEMM)]) as session:
            session.focus(GEMM.task(), GEMM, GEMM)
            kernel = GEMM.lower(session.task)
            start = session.start(replace(kernel, text="WRONG " + kernel.text))
            assert session.search(strategy, start) is None


class Author:
    """A proposer that writes what a test says, and notes what it is asked."""

    name, about, inline = "author", "scripted", True

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def missing(self):
        return ()

    def propose(self, request, *, n, seed):
        self.asked.append((request, n))
        for text in self.answers.get(request.phase.value, lambda r: [])(request)[:n]:
            kernel = None if request.phase is Phase.PLAN else Kernel(text, GEMM.language, GEMM.name)
            yield Proposal("", text, self.name, kernel=kernel)

    def phases(self):
        return [request.phase for request, _ in self.asked]


def searched(strategy, author, journal=None):
    with Session(journal or Journal.memory(seed=1), proposers=[author]) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        best = session.search(strategy, session.start(GEMM.lower(session.task)))
        assert best is not None
        return best.kernel.text, session.meter.spent["evaluations"]


START = "BI=8 BJ=8 BK=8 ORDER=0 UNROLL=1"
GOOD = "BI=8 BJ=8 BK=8 ORDER=1 UNROLL=1"


def test_every_plan_is_implemented_and_equal_plans_once():
    author = Author(plan=lambda r: ["a", "b", "a", "c"], implement=lambda r: [GOOD])
    searched(Autocomp(steps=1), author)
    assert author.phases() == [Phase.PLAN] + [Phase.IMPLEMENT] * 3
    assert [r.moves[0].text for r, _ in author.asked[1:]] == ["a", "b", "c"]
    assert [n for _, n in author.asked] == [4, 2, 2, 2]


def test_the_menu_is_dropped_out_differently_each_time():
    author = Author(plan=lambda r: ["a"], implement=lambda r: [])
    searched(Autocomp(steps=3, patience=9), author)
    menus = [r.moves for r, _ in author.asked if r.phase is Phase.PLAN]
    whole = len(GEMM.moves(GEMM.task(), GEMM.lower(GEMM.task())))
    assert len(set(menus)) > 1
    assert all(0 < len(menu) < whole for menu in menus)


def test_a_failed_kernel_is_repaired_with_what_the_judge_said():
    author = Author(plan=lambda r: ["a"], implement=lambda r: ["WRONG " + GOOD], repair=lambda r: [GOOD])
    assert searched(Autocomp(steps=1), author)[0] == GOOD
    request = next(r for r, _ in author.asked if r.phase is Phase.REPAIR)
    assert request.parent is not None and request.parent.kernel.text == "WRONG " + GOOD


def test_repair_ends_when_it_does_not_help():
    author = Author(plan=lambda r: ["a"], implement=lambda r: ["WRONG x"], repair=lambda r: ["WRONG y"])
    assert searched(Autocomp(steps=1, repairs=3, implementations=1), author) == (START, 3)


SLOWER = "BI=8 BJ=8 BK=256 ORDER=0 UNROLL=1"  # 1830: two percent slower than the start


@pytest.mark.parametrize(("allowance", "expanded"), [(1.1, [START, START, SLOWER]), (1.0, [START, START])])
def test_early_children_may_be_a_little_slower_than_their_parent(allowance, expanded):
    author = Author(plan=lambda r: ["a"], implement=lambda r: [SLOWER])
    searched(Autocomp(steps=2, allowance=allowance), author)
    assert [r.parent.kernel.text for r, _ in author.asked if r.phase is Phase.PLAN] == expanded


@pytest.mark.parametrize(("siblings", "width"), [(0, 4), (2, 3)])
def test_the_beam_may_hold_few_children_of_one_parent(siblings, width):
    """Three children beat the start; with two of a parent at most, the third stays out."""
    children = [START.replace("BI=8", f"BI={value}") for value in (16, 32, 64)]
    author = Author(plan=lambda r: ["a"], implement=lambda r: children if r.parent.kernel.text == START else [])
    searched(Autocomp(steps=2, siblings=siblings, implementations=3), author)
    assert sum(r.phase is Phase.PLAN for r, _ in author.asked) == 1 + width


def test_a_comparison_takes_third_party_strategies():
    assert "autocomp:width=2" in compare([Autocomp(width=2)], [VALLEY], range(2), evaluations=30).table()


def test_statuses_of_repair_are_those_of_the_kernel():
    from accelcore_autocomp.strategy import _REPAIRABLE

    assert Status.CHEATED not in _REPAIRABLE and Status.HARNESS_ERROR not in _REPAIRABLE
