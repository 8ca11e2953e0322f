"""A step has no barriers: a kernel is judged while later plans are made, and nothing depends on which came first."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import replace

import pytest

from accelcore.bench import landscapes
from accelcore.errors import AccelcoreError, ModelError
from accelcore.journal import Journal, read
from accelcore.models.answer import Answer
from accelcore.models.client import Client
from accelcore.models.prices import FREE
from accelcore.proposers.model import ModelProposer
from accelcore.session import Session
from accelcore.values import Budget, Candidate, Kernel, Move, Phase, Proposal, Usage
from accelcore_autocomp.family import Family
from accelcore_autocomp.step import Step
from accelcore_autocomp.strategy import Autocomp

GEMM = landscapes()[0]
START, OTHER = "BI=8 BJ=8 BK=8 ORDER=0 UNROLL=1", "BI=16 BJ=8 BK=8 ORDER=0 UNROLL=1"
SECONDS = 60
"""Until a wait is taken for a deadlock."""

IN_FLIGHT = 8
"""Calls of a model at once."""


class Bench:
    """The landscape's judge, which says when it begins."""

    def __init__(self):
        self.begun = {}

    def __getattr__(self, name):
        return getattr(GEMM, name)

    def expect(self, text):
        return self.begun.setdefault(text, threading.Event())

    def judge(self, task, artifact, incumbent):
        self.expect(artifact.kernel.text).set()
        return GEMM.judge(task, artifact, incumbent)


class Author:
    """Answers in threads, as a model does; `before(request, number)` runs before each answer and may wait."""

    name, about, inline = "author", "scripted", False

    def __init__(self, before=lambda request, number: None, plans=2):
        self.before, self.plans, self.asked = before, plans, []

    def missing(self):
        return ()

    def propose(self, request, *, n, seed):
        text = request.parent.kernel.text
        made = {Phase.PLAN: self.plans, Phase.IMPLEMENT: 2, Phase.INVENT: 1}[request.phase]
        self.asked.append((request.phase, text, request.step, request.slot, request.moves, seed))
        for number in range(made):
            self.before(request, number)
            if request.phase is Phase.IMPLEMENT:
                unroll = 2 ** (1 + 2 * int(request.moves[0].name) + number)
                kernel = Kernel(text.replace("UNROLL=1", f"UNROLL={unroll}"), GEMM.language, GEMM.name)
                yield Proposal("", f"code {number}", self.name, kernel=kernel)
            else:
                yield Proposal("", f"plan {number}", self.name, move=Move(str(number), f"plan {number}"))


def stepped(author, bench, *, journal=None, **options):
    """What a step with two kernels finds, and what was spent."""
    client, budget = Client([]), options.pop("budget", Budget())
    with Session(journal or Journal.memory(seed=1), proposers=[author], client=client, budget=budget) as session:
        session.focus(GEMM.task(), GEMM, bench)
        start = session.start(GEMM.lower(session.task))
        other = Candidate(replace(start.kernel, text=OTHER), start.digest)
        beam = [start, *(c for c, _ in session.evaluate([other]))]
        strategy = Autocomp(**{"repairs": 0, "invent": 0.0, **options})
        step = Step(strategy, session, Family(session, start), session.rng(session.step()))
        found, end = [], None
        line = session.evaluate(step.implementations(beam, exhaustive=False))
        try:
            found.extend((c.kernel.text, c.step, c.slot, e.status) for c, e in line)
        except AccelcoreError as error:
            end = str(error)
        return found, end, session.meter.spent["proposals"], session.meter.spent["evaluations"]


def test_a_kernel_is_judged_while_later_plans_are_in_flight():
    """The second plan of the first kernel, and all of the second's, wait for the judge to begin with the first code."""
    bench, waited = Bench(), []
    begun = bench.expect(START.replace("UNROLL=1", "UNROLL=2"))

    def before(request, number):
        if request.phase is Phase.PLAN and (request.parent.kernel.text, number) != (START, 0):
            waited.append(begun.wait(SECONDS))

    found, *_ = stepped(Author(before), bench)
    assert waited == [True] * 3
    assert len(found) == 8


def test_a_plan_is_implemented_while_an_earlier_one_is_in_flight():
    """The plans of the first kernel wait until those of the second are being implemented, and the menu's inventor
    keeps nobody waiting."""
    asked, waited = threading.Event(), []

    def before(request, number):
        if request.parent.kernel.text == START and request.phase is Phase.PLAN:
            waited.append(asked.wait(SECONDS))
        if request.parent.kernel.text == OTHER and request.phase is Phase.IMPLEMENT:
            asked.set()

    stepped(Author(before), Bench(), invent=1.0)
    assert waited == [True] * 2


def hurried(first):
    """An author whose plans for one kernel come when those for the other one have been implemented."""
    done = threading.Semaphore(0)

    def before(request, number):
        is_first = request.parent.kernel.text == first
        if request.phase is Phase.PLAN and not is_first and number == 0:
            for _ in range(4):
                assert done.acquire(timeout=SECONDS)
        if request.phase is Phase.IMPLEMENT and is_first:
            done.release()

    return Author(before)


@pytest.mark.parametrize("invent", [0.0, 1.0])
@pytest.mark.parametrize("budget", [Budget(), Budget(proposals=8), Budget(evaluations=6)], ids=str)
def test_what_is_found_charged_and_asked_does_not_depend_on_what_came_first(budget, invent):
    authors = hurried(START), hurried(OTHER)
    one, two = (stepped(author, Bench(), budget=budget, invent=invent) for author in authors)
    assert one == two
    if budget == Budget():
        assert sorted(authors[0].asked, key=str) == sorted(authors[1].asked, key=str)
        places = [place for _, _, *place, _, _ in authors[0].asked]
        assert len(set(map(tuple, places))) == len(places), "every request has a place of its own"


def test_more_plans_than_are_read_ahead_elsewhere_are_implemented_as_they_come():
    bench, waited = Bench(), []
    begun = bench.expect(START.replace("UNROLL=1", "UNROLL=2"))

    def before(request, number):
        if request.phase is Phase.PLAN and number == 11:
            waited.append(begun.wait(SECONDS))

    found, *_ = stepped(Author(before, plans=12), bench, plans=12)
    assert waited == [True] * 2 and len(found) == 2 * 12 * 2


def test_an_error_comes_after_what_was_there_before_it():
    def before(request, number):
        if request.phase is Phase.PLAN and number == 1:
            raise ValueError("no second plan")

    found, end, *_ = stepped(Author(before), Bench())
    assert [text for text, *_ in found] == [START.replace("UNROLL=1", f"UNROLL={u}") for u in (2, 4)]
    assert end is not None and "no second plan" in end


class Mortal:
    """A model whose answers follow from the request, its place and its number; it dies after `calls` of them."""

    prefix = model = "mortal"
    price, max_tokens = FREE, 100

    def __init__(self, calls=10**6):
        self.left, self.paid, self.lock = calls, Counter(), threading.Lock()

    def __repr__(self):
        return "Mortal()"

    def recorded(self, request, place, ordinal):
        with self.lock:
            self.left -= 1
            if self.left < 0:
                raise ModelError("the server is gone")
            self.paid[request, place, ordinal] += 1
        draw = random.Random(f"{request}{place}{ordinal}")
        if "tagged `plan` and nothing" in request:
            return Answer(f"```plan\nidea {draw.random()}\n```", Usage("m", 1, 1))
        point = f"BI={draw.choice((8, 16, 32, 64))} BJ={draw.choice((8, 64, 128))} BK=8 ORDER={draw.choice((0, 1, 2))}"
        return Answer(f"```settings\n{point} UNROLL=1\n```", Usage("m", 1, 1))


def sat(journal, model):
    """One sitting of a search of two steps; whether it came to its end."""
    land = replace(GEMM, name="BI")  # an entry that every kernel's text contains
    with Session(journal, proposers=[ModelProposer()], client=Client([model], concurrency=IN_FLIGHT)) as session:
        session.focus(land.task(), land, land)
        try:
            session.search(Autocomp(steps=2, repairs=0, invent=0.0), session.start(land.lower(session.task)))
        except ModelError:
            return False
        return True


def decided(path):
    run = read(path)
    return [(c.step, c.slot, c.digest, c.parent, c.plan) for c in run.candidates], run.best


@pytest.mark.parametrize("calls", [1, 5, 9, 14, 25])
def test_a_resumed_search_decides_as_the_whole_one_and_pays_twice_what_was_in_flight_at_most(tmp_path, calls):
    whole, first, second = Mortal(), Mortal(calls), Mortal()
    assert sat(Journal.create(tmp_path, id="whole", seed=7), whole)
    assert not sat(Journal.create(tmp_path, id="cut", seed=7), first)
    assert sat(Journal.resume(tmp_path / "cut"), second)
    assert decided(tmp_path / "cut") == decided(tmp_path / "whole")
    paid = first.paid + second.paid
    assert set(paid) == set(whole.paid)
    assert (paid - whole.paid).total() <= IN_FLIGHT
