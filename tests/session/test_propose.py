"""Proposing and expanding: order, overlap, charges, lineage."""

from __future__ import annotations

import threading

import pytest

from accelcore.errors import BudgetSpent, ModelError, PluginError
from accelcore.journal import Journal
from accelcore.proposers.rules import RulesProposer
from accelcore.session import Session
from accelcore.session.menu import Gains, interleaved
from accelcore.values import Budget, Candidate, Grade, Move, Phase, Proof, Status, Summary, Task, Verdict


def test_answers_come_by_request_and_proposers_take_turns(begin, fakes):
    """One answer of a proposer that waits, three of one that does not, until each has no more."""
    one = fakes.proposer(lambda w: [w + "1", w + "2", w + "3"])
    two = fakes.proposer(lambda w: [w + c for c in "abcde"], inline=True)
    session, start = begin(proposers=[one, two])
    other = Candidate(fakes.word("t"))
    requests = [session.request(Phase.IMPLEMENT, parent) for parent in (start, other)]
    assert [p.text for p in session.propose(requests)] == [
        parent + end for parent in "st" for end in ("1", "a", "b", "c", "2", "d", "e", "3")
    ]


def test_all_requests_are_open_at_once(begin, fakes):
    """Each proposer's answer waits for both requests: one after the other would never end."""
    barrier = threading.Barrier(2)

    def together(text):
        barrier.wait(20)
        return [text + "!"]

    session, start = begin(proposers=[fakes.proposer(together)])
    requests = [session.request(Phase.IMPLEMENT, parent) for parent in (start, Candidate(fakes.word("t")))]
    assert [p.text for p in session.propose(requests)] == ["s!", "t!"]


def test_evaluation_overlaps_generation(begin, fakes):
    """The proposer's second answer waits until the first is being judged."""
    judging = threading.Event()

    def answers(text):
        yield "a"
        assert judging.wait(20)
        yield "b"

    bench = fakes.bench(before=lambda stage, text: judging.set() if (stage, text) == ("judge", "a") else None)
    session, start = begin(bench, [fakes.proposer(answers)])
    assert fakes.words(session.expand([start])) == ["a", "b"]


def test_no_more_than_n_are_taken(begin, fakes):
    session, start = begin(proposers=[fakes.proposer(lambda w: (w + str(n) for n in range(1000)))])
    assert len(list(session.expand([start], n=5))) == 5


def test_a_waiting_proposer_works_a_little_ahead(begin, fakes):
    """An abandoned long stream has one answer ready beside the one that was taken."""
    made, stopped = [], threading.Event()

    def answers(text):
        try:
            for n in range(1000):
                made.append(n)
                yield text + str(n)
        finally:
            stopped.set()

    session, start = begin(proposers=[fakes.proposer(answers)])
    line = session.expand([start], n=1000, ahead=0)
    next(line)
    line.close()
    session.close()
    assert stopped.wait(20)
    assert len(made) <= 2


@pytest.mark.parametrize("how", ["dropped", "session closed"])
def test_a_stream_that_nobody_reads_ends(begin, fakes, how):
    stopped = threading.Event()

    def answers(text):
        try:
            yield from (text + str(n) for n in range(1000))
        finally:
            stopped.set()

    session, start = begin(proposers=[fakes.proposer(answers)])
    stream = session.propose([session.request(Phase.IMPLEMENT, start)], n=1000)
    next(stream)
    if how == "dropped":
        del stream
    else:
        session.close()
    assert stopped.wait(20)


def test_proposals_are_a_budget(begin, fakes):
    proposer = fakes.proposer(lambda w: [w + c for c in "abc"])
    session, start = begin(proposers=[proposer], budget=Budget(proposals=2))
    found = []
    with pytest.raises(BudgetSpent, match="2 proposals"):
        found.extend(session.expand([start]))
    assert session.meter.spent["proposals"] == 2
    session, start = begin(proposers=[proposer], budget=Budget(proposals=2))
    with pytest.raises(BudgetSpent):
        list(session.propose([session.request(Phase.PLAN, start)]))


def test_an_early_end_charges_what_was_looked_at(begin, fakes):
    session, start = begin(proposers=[fakes.proposer(lambda w: [w + c for c in "abcdef"], inline=True)])
    line = session.expand([start], ahead=0)
    next(line), next(line)
    line.close()
    assert (session.meter.spent["proposals"], session.meter.spent["evaluations"]) == (2, 3)


def test_what_was_paid_for_is_handed_out_before_an_error(begin, fakes):
    session, start = begin(proposers=[fakes.proposer(lambda w: ["a", "b"], error=ModelError("the host is down"))])
    found = []
    with pytest.raises(ModelError, match="host is down"):
        found.extend(session.expand([start]))
    assert session.best is not None
    assert session.meter.spent["evaluations"] == 3


def test_a_broken_proposer_is_named(begin, fakes):
    session, start = begin(proposers=[fakes.proposer(lambda w: 1 / 0)])
    with pytest.raises(PluginError, match="the proposer 'fake' failed: ZeroDivisionError"):
        list(session.expand([start]))


def test_seeds_differ_by_run_and_place_and_repeat(begin, fakes):
    seen = []
    for seed in (1, 1, 2):
        proposer = fakes.proposer(lambda w: [])
        session, start = begin(proposers=[proposer], journal=Journal.memory(seed=seed))
        for _ in range(2):
            list(session.expand([start]))
        seen.append([seed for _, _, seed in proposer.requests])
    assert seen[0] == seen[1] != seen[2]
    assert seen[0][0] != seen[0][1]


def test_randomness_belongs_to_a_place():
    with Session(Journal.memory(seed=5)) as one, Session(Journal.memory(seed=5)) as two:
        assert one.rng(1, 2).random() == two.rng(1, 2).random() != one.rng(1, 3).random()


class Says:
    name, about, strongest = "says", "a fixed verdict", "proved"

    def missing(self):
        return ()

    def check(self, task, summary, *, timeout):
        return Verdict(Proof.PROVED, self.name)


@pytest.fixture
def proved(fakes):
    """A session about a proved summary, and its lowered start."""
    summary = Summary(())
    session = Session(
        Journal.memory(),
        proposers=[RulesProposer(), fakes.proposer(lambda w: [w + "a", w + "z"], inline=True)],
        verifiers=[Says()],
    )
    task = Task("words", (), summary, sizes=((),))
    session.verify(task, summary)
    session.focus(task, fakes.target(), fakes.bench())
    with session:
        yield session, session.start(fakes.word("s"), lowered=True)


def test_only_legal_rewrites_of_a_proved_summary_are_derived(proved):
    session, start = proved
    assert session.evaluation(start).grade is Grade.DERIVED
    grades = {c.kernel.text: e.grade for c, e in session.expand([start])}
    assert {t for t, g in grades.items() if g is Grade.DERIVED} == {"s" + c for c in "abcdef"}
    assert grades["sz"] is Grade.TESTED
    child = next(c for c, _ in session.expand([start]) if c.kernel.text == "sz")
    below = {c.kernel.text: e.grade for c, e in session.expand([child])}
    assert set(below.values()) == {Grade.TESTED}, "a legal rewrite of a model's kernel is no derivation"


def test_a_candidate_cannot_claim_to_be_derived(proved, fakes):
    session, start = proved
    forged = Candidate(fakes.word("forged"), start.digest, origin="rules", move=Move("a"))
    (_, evaluation), *_ = session.evaluate([forged])
    assert evaluation.grade is Grade.TESTED


def test_nothing_is_derived_without_a_proof(begin, fakes):
    session, start = begin(proposers=[RulesProposer()], lowered=True)
    assert session.evaluation(start).grade is Grade.TESTED
    assert {e.grade for _, e in session.expand([start])} == {Grade.TESTED}


def test_moves_are_interleaved_and_each_is_made_once():
    import random

    moves = [Move(str(n)) for n in range(20)]
    order = [int(m.name) for m in interleaved(moves, random.Random(0))]
    assert sorted(order) == list(range(20))
    assert order[0:2] == [0, 1] and order[3:5] == [2, 3]
    assert order[2] >= 11
    assert order == [int(m.name) for m in interleaved(moves, random.Random(0))]


def test_what_helped_is_tried_first_and_what_hurt_last():
    import random

    gains, moves = Gains(), [Move(name) for name in "abcdefg"]
    for name, child in (("a", 1.5), ("c", 0.5), ("d", 0.995), ("f", 0.8), ("g", None)):
        gains.note(Move(name), 1.0, child)
    gains.note(None, 1.0, 0.1)
    gains.note(Move("b"), None, 0.1)
    assert "".join(m.name for m in gains.ordered(moves, 0.01, random.Random(0))) == "cf" + "be" + "dag"


def test_a_later_kernel_is_not_offered_first_what_hurt_an_earlier_one(begin, fakes):
    costs = {"s": 100, **{"s" + c: 120 for c in "abde"}, "sc": 50}
    session, start = begin(fakes.bench(costs), [RulesProposer()])
    judged = list(session.expand([start], n=4))
    child = next(c for c, _ in session.expand([start], moves=[Move("c")]))
    tried = {c.kernel.text[-1] for c, _ in judged} - {"c"}
    menu = [m.name for m in session.menu(child)]
    assert menu[0] == "c"
    assert set(menu[-len(tried) :]) == tried


def test_rules_answer_plans_and_keep_to_the_moves_they_are_given(begin):
    session, start = begin(proposers=[RulesProposer()])
    plans = list(session.propose([session.request(Phase.PLAN, start)], n=3))
    assert [p.plan for p in plans][:2] == ["append a", "append b"]
    assert len(plans) == 3
    found = list(session.expand([start], moves=[Move("c")]))
    assert [c.kernel.text for c, _ in found] == ["sc"]
    assert not list(session.propose([session.request(Phase.COMBINE, start)]))


def test_an_illegal_move_is_passed_over(begin, fakes):
    from accelcore.errors import IllegalRewrite

    class Strict(fakes.target):
        def rewrite(self, move, task, kernel):
            if move.name == "a":
                raise IllegalRewrite("not here")
            return super().rewrite(move, task, kernel)

    session, start = begin(proposers=[RulesProposer()])
    session.focus(session.task, Strict(), fakes.bench())
    start = session.start(start.kernel)
    assert sorted(c.kernel.text for c, _ in session.expand([start])) == ["sb", "sc", "sd", "se", "sf"]


def test_a_quicker_start_is_derived_as_its_loops_are(proved, fakes):
    session, _ = proved
    session.focus(session.task, fakes.target(), fakes.bench(fail={"t": Status.TIMEOUT}))
    start = session.start(fakes.word("t"), lowered=True)
    assert start.kernel.text == "ta" and session.evaluation(start).grade is Grade.DERIVED
    assert {e.grade for c, e in session.expand([start]) if c.kernel.text == "taa"} == {Grade.DERIVED}
