"""The plugin's strategies on landscapes, and on a scripted search where every choice is visible."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import count
from statistics import median

import pytest

from accelcore.bench import ScriptedProposer, compare, landscapes, trace
from accelcore.errors import MissingTool
from accelcore.journal import Journal
from accelcore.models.answer import Answer
from accelcore.models.client import Client
from accelcore.models.prices import FREE
from accelcore.options import values_for
from accelcore.proposers.model import ModelProposer
from accelcore.proposers.translation import translated
from accelcore.registry import Registry, configured
from accelcore.session import Session
from accelcore.values import Budget, Kernel, Move, Phase, Proposal, Status, Usage
from accelcore_autocomp.evolution import Evolution
from accelcore_autocomp.strategy import Autocomp

GEMM, VALLEY = landscapes()
BOTH = pytest.mark.parametrize("strategy", [Autocomp(), Evolution()], ids=lambda s: s.name)


def test_the_plugin_registers():
    import accelcore_autocomp

    found = Registry()
    found.add(accelcore_autocomp, "autocomp", "accelcore-autocomp")
    assert not found.problems()
    assert [s.name for s in found.strategies()] == ["autocomp", "evolution", "optuna"]


def test_a_strategy_whose_package_is_missing_names_the_command(monkeypatch):
    from accelcore.pipeline.catalog import choose_strategy
    from accelcore_autocomp import optuna

    monkeypatch.setattr(optuna.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingTool, match="optuna is not usable") as caught:
        choose_strategy("optuna", {})
    assert 'pip install "accelcore-autocomp[optuna]"' in caught.value.hint


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
        for found in self.answers.get(request.phase.value, lambda r: [])(request)[:n]:
            text, move = found if isinstance(found, tuple) else (found, None)
            is_code = request.phase not in (Phase.PLAN, Phase.INVENT)
            kernel = Kernel(text, GEMM.language, GEMM.name) if is_code else None
            yield Proposal("", text, self.name, kernel=kernel, move=move)

    def phases(self):
        return [request.phase for request, _ in self.asked]


def searched(strategy, author, journal=None, client=None):
    with Session(journal or Journal.memory(seed=1), proposers=[author], client=client) as session:
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


@pytest.fixture
def client():
    """A client without models: its presence is what allows requests that only models answer."""
    opened = Client([])
    yield opened
    opened.close()


def test_a_model_may_invent_the_menu(client):
    author = Author(
        invent=lambda r: [("pack rows", Move("idea", "pack rows"))], plan=lambda r: ["a"], implement=lambda r: [GOOD]
    )
    searched(Autocomp(steps=1, invent=1.0), author, client=client)
    assert author.phases() == [Phase.INVENT, Phase.PLAN, Phase.IMPLEMENT]
    invent, plan = author.asked[0][0], author.asked[1][0]
    assert len(invent.moves) > 10, "it sees the whole menu"
    assert plan.moves == (Move("idea", "pack rows"),)


def test_without_ideas_the_menu_asks_for_something_else(client):
    author = Author(plan=lambda r: ["a"], implement=lambda r: [GOOD])
    searched(Autocomp(steps=1, invent=1.0), author, client=client)
    assert [m.name for m in author.asked[1][0].moves] == ["invent"]


def test_plan_and_code_may_come_in_one_answer():
    author = Author(implement=lambda r: [GOOD])
    assert searched(Autocomp(steps=1, direct=True), author)[0] == GOOD
    assert author.phases() == [Phase.IMPLEMENT] and len(author.asked[0][0].moves) > 1


@pytest.mark.parametrize(("exhaustive", "steps"), [(0, [True, True]), (1, [False, True]), (-1, [False, False])])
def test_every_option_is_tried_when_it_stalls(exhaustive, steps):
    author = Author(plan=lambda r: ["a"], implement=lambda r: [])
    searched(Autocomp(steps=2, exhaustive=exhaustive), author)
    menu = len(GEMM.moves(GEMM.task(), GEMM.lower(GEMM.task())))
    alone = [r for r, _ in author.asked if r.phase is Phase.IMPLEMENT and r.moves[0].name != "plan"]
    assert len(alone) == menu * sum(steps)
    assert author.phases().count(Phase.PLAN) == steps.count(False)


def test_a_prompt_tells_what_led_to_a_kernel():
    author = Author(plan=lambda r: ["reorder"], implement=lambda r: [GOOD] if r.parent.kernel.text == START else [])
    searched(Autocomp(steps=2), author)
    histories = [r.history for r, _ in author.asked if r.phase is Phase.PLAN]
    assert histories == [(), (f"{GOOD} (0.78 times the cost before)",), ()]


def test_a_beam_may_be_made_of_kernels_that_differ():
    near = [START.replace("BI=8", f"BI={value}") for value in (16, 32, 64)]
    author = Author(plan=lambda r: ["a"], implement=lambda r: near if r.parent.kernel.text == START else [])
    searched(Autocomp(steps=2, spread=0.2, implementations=3), author)
    expanded = [r.parent.kernel.text for r, _ in author.asked if r.phase is Phase.PLAN]
    assert expanded == [START, near[-1]], "the others differ in one token of fifteen"


class TestTranslation:
    """Slower kernels that have come further are kept while it lasts; the score never lets a wrong one in."""

    HALF, WHOLE = "BI=8 BJ=8 BK=256 ORDER=0 UNROLL=1", "BI=8 BJ=8 BK=256 ORDER=0 UNROLL=8"

    def author(self, answers):
        return Author(translate=answers, plan=lambda r: ["a"])

    def expanded(self, author, phase):
        return [r.parent.kernel.text for r, _ in author.asked if r.phase is phase]

    def test_it_goes_on_with_what_has_come_further_and_ends_when_all_is_translated(self, client):
        steps = {START: [(self.HALF, translated(5, "half"))], self.HALF: [(self.WHOLE, translated(9, "whole"))]}
        author = self.author(lambda r: steps.get(r.parent.kernel.text, []))
        searched(Autocomp(translate=9, steps=1, width=1), author, client=client)
        assert self.expanded(author, Phase.TRANSLATE) == [START, self.HALF]
        assert self.expanded(author, Phase.PLAN) == [self.WHOLE], "the original has left the beam"

    @pytest.mark.parametrize("child", [("WRONG x", 9), (HALF, 0)], ids=["wrong", "no further"])
    def test_what_is_wrong_or_no_further_does_not_enter(self, client, child):
        author = self.author(lambda r: [(child[0], translated(child[1], "t"))])
        searched(Autocomp(translate=1, steps=1, invent=0.0), author, client=client)
        assert self.expanded(author, Phase.PLAN) == [START]

    def test_what_is_much_slower_does_not_enter(self, client):
        author = self.author(lambda r: [(self.HALF, translated(9, "t"))])
        searched(Autocomp(translate=1, steps=1, translate_allowance=1.0, invent=0.0), author, client=client)
        assert self.expanded(author, Phase.PLAN) == [START]

    def test_a_mended_translation_has_come_as_far_as_the_broken_one(self, client):
        author = Author(
            translate=lambda r: [("WRONG x", translated(9, "t"))], repair=lambda r: [self.WHOLE], plan=lambda r: ["a"]
        )
        searched(Autocomp(translate=1, steps=1, invent=0.0), author, client=client)
        assert self.expanded(author, Phase.PLAN) == [self.WHOLE]

    def test_it_may_begin_with_a_kernel_that_does_not_run_here(self, client):
        steps = {"WRONG foreign": [(self.WHOLE, translated(9, "t"))], self.WHOLE: []}
        author = self.author(lambda r: steps.get(r.parent.kernel.text, []))
        with Session(Journal.memory(seed=1), proposers=[author], client=client) as session:
            session.focus(GEMM.task(), GEMM, GEMM)
            start = session.start(replace(GEMM.lower(session.task), text="WRONG foreign"))
            best = session.search(Autocomp(translate=2), start)
            assert best is not None and best.kernel.text == self.WHOLE

    def test_without_a_model_nothing_is_translated(self):
        author = self.author(lambda r: [(self.WHOLE, translated(9, "t"))])
        searched(Autocomp(translate=3, steps=1), author)
        assert Phase.TRANSLATE not in author.phases()


class Together:
    """A model whose answers wait until as many requests of their kind are in flight as a step should ask at once."""

    prefix = model = "together"
    price, max_tokens = FREE, 100

    def __init__(self):
        self.plans, self.codes, self.numbers = threading.Barrier(4), threading.Barrier(8), count()

    def __repr__(self):
        return "Together()"

    def complete(self, messages, *, schema, limits):
        is_plan = "tagged `plan` and nothing" in messages[1]["content"]
        (self.plans if is_plan else self.codes).wait(timeout=60)
        return Answer(
            f"```plan\nidea {next(self.numbers)}\n```" if is_plan else "```settings\nBI=1\n```", Usage("t", 1, 1)
        )


def test_all_plans_and_all_implementations_of_a_step_are_in_flight_together():
    """Else the barriers break: a step is a chain of two answers, not of twelve."""
    model = Together()
    land = replace(GEMM, name="BI")
    with Session(Journal.memory(), proposers=[ModelProposer()], client=Client([model])) as session:
        session.focus(land.task(), land, land)
        session.search(Autocomp(steps=1, repairs=0, invent=0.0), session.start(land.lower(session.task)))
        assert session.meter.spent["tokens"] == 2 * (4 + 8)
    assert not model.plans.broken and not model.codes.broken


def test_a_comparison_takes_third_party_strategies():
    assert "autocomp:width=2" in compare([Autocomp(width=2)], [VALLEY], range(2), evaluations=30).table()


def test_statuses_of_repair_are_those_of_the_kernel():
    from accelcore_autocomp.step import REPAIRABLE

    assert Status.CHEATED not in REPAIRABLE and Status.HARNESS_ERROR not in REPAIRABLE
