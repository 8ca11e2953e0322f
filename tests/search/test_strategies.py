"""Built-in strategies on landscapes whose every cost is known."""

from __future__ import annotations

from statistics import median

import pytest

from accelcore import strategies
from accelcore.bench import ScriptedProposer, compare, landscapes, trace
from accelcore.journal import Journal
from accelcore.proposers.rules import RulesProposer
from accelcore.registry import configured
from accelcore.session import Session
from accelcore.strategies.beam import Beam
from accelcore.strategies.greedy import Greedy
from accelcore.strategies.random import RandomSearch
from accelcore.values import Budget, Status

GEMM, VALLEY = landscapes()
DEFAULT = {s.name: s for s in (Greedy(), Beam(), RandomSearch())}[strategies.DEFAULT]


def test_the_landscape_is_the_published_one():
    start = GEMM.point(GEMM.lower(GEMM.task()))
    assert start is not None
    assert GEMM.cost(start) == 1790
    assert GEMM.optimum == 960 == GEMM.cost({"BI": 64, "BJ": 256, "BK": 32, "ORDER": 1, "UNROLL": 8})
    assert GEMM.cost({"BI": 128, "BJ": 64, "BK": 8, "ORDER": 2, "UNROLL": 2}) == 1000 + 40 * 5 + 120 - 20


@pytest.fixture(scope="module")
def default_traces():
    return [trace(DEFAULT, GEMM, seed) for seed in range(20)]


def test_the_default_strategy_is_fast(default_traces):
    reached = [[t.reached(cost) for t in default_traces] for cost in (1010, 970)]
    assert all(all(found) for found in reached)
    to_1010, to_970 = ([found[0] for found in row if found] for row in reached)
    assert median(to_1010) <= 30
    assert median(to_970) <= 45


@pytest.mark.parametrize("strategy", [Greedy(), Beam(), RandomSearch()], ids=lambda s: s.name)
def test_no_equal_key_is_judged_twice(strategy):
    assert [trace(strategy, GEMM, seed).repeats for seed in range(3)] == [0, 0, 0]


@pytest.mark.parametrize("strategy", [Greedy(), Beam(), RandomSearch()], ids=lambda s: s.name)
def test_equal_seeds_make_equal_searches(strategy):
    assert trace(strategy, GEMM, 4) == trace(strategy, GEMM, 4) != trace(strategy, GEMM, 5)


@pytest.mark.parametrize("strategy", [Greedy(), Beam(), RandomSearch()], ids=lambda s: s.name)
def test_wrong_replies_never_win(strategy):
    with Session(Journal.memory(seed=1), proposers=[ScriptedProposer(GEMM, 1, wrong=1.0)]) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        start = session.start(GEMM.lower(session.task))
        assert session.search(strategy, start) == start


def test_wrong_replies_cost_in_proportion():
    spent = {}
    for wrong in (0.0, 0.1, 0.2, 0.3):
        proposers = [ScriptedProposer(GEMM, seed, wrong=wrong) for seed in range(16)]
        found = [trace(DEFAULT, GEMM, p.seed, evaluations=200, proposer=p).reached(970) for p in proposers]
        assert sum(pair is not None for pair in found) >= 15
        spent[wrong] = median(pair[0] for pair in found if pair)
    assert spent[0.1] <= 1.3 * spent[0.0]
    assert spent[0.2] <= 1.6 * spent[0.0]
    assert spent[0.3] <= 2.0 * spent[0.0]


@pytest.mark.parametrize("strategy", [Greedy(), Beam()], ids=lambda s: s.name)
def test_rules_alone_find_the_best(strategy):
    with Session(Journal.memory(seed=1), proposers=[RulesProposer()]) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        best = session.search(strategy, session.start(GEMM.lower(session.task)))
        assert best is not None
        evaluation = session.evaluation(best)
        assert evaluation is not None and evaluation.cost is not None
        assert evaluation.cost.value <= 1010


@pytest.mark.parametrize("strategy", [Greedy(), Beam(), RandomSearch()], ids=lambda s: s.name)
def test_a_strategy_stops_at_its_budget_with_its_best(strategy):
    with Session(Journal.memory(seed=1), proposers=[ScriptedProposer(GEMM)], budget=Budget(evaluations=7)) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        best = session.search(strategy, session.start(GEMM.lower(session.task)))
        assert session.meter.spent["evaluations"] == 7
        assert best is not None


@pytest.mark.parametrize("strategy", [Greedy(), Beam(), RandomSearch()], ids=lambda s: s.name)
def test_a_strategy_stops_by_itself_when_nothing_can_be_proposed(strategy):
    with Session(Journal.memory(seed=1)) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        start = session.start(GEMM.lower(session.task))
        assert session.search(strategy, start) == start


def test_greedy_goes_back_when_its_best_is_exhausted():
    """Behind the valley lies a better kernel: with width enough, greedy expands kernels that are no best."""
    found = [trace(configured(Greedy(), {"width": 60}), VALLEY, seed) for seed in range(5)]
    assert all(t.reached(VALLEY.optimum) for t in found)


def test_a_start_that_is_wrong_ends_the_search():
    with Session(Journal.memory(seed=1), proposers=[ScriptedProposer(GEMM)]) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        from dataclasses import replace

        kernel = GEMM.lower(session.task)
        start = session.start(replace(kernel, text="WRONG " + kernel.text))
        evaluation = session.evaluation(start)
        assert evaluation is not None and evaluation.status is Status.WRONG
        assert session.search(Greedy(), start) is None


def test_a_comparison_shows_medians_and_quartiles():
    found = compare([Greedy()], [GEMM], range(4), evaluations=60)
    table = found.table()
    assert "greedy" in table and "4/4" in table and "[" in table
    assert len(found.traces) == 4
    never = compare([RandomSearch(steps=2)], [GEMM], range(2)).table()
    assert "0/2" in never
