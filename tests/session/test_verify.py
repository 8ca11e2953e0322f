"""Verifying: who is asked, which answer stands, what is remembered."""

from __future__ import annotations

import pytest

from accelcore.budget import Meter
from accelcore.errors import BudgetSpent
from accelcore.journal import Journal
from accelcore.session import Session
from accelcore.session.verifying import Court
from accelcore.values import Budget, Proof, Source, Summary, Task, Verdict

TASK, SUMMARY = Task("t", (), Source("f", "c", "f")), Summary(())


class Says:
    """A verifier with a fixed answer."""

    about = "a fixed verdict"

    def __init__(self, name, strongest, proof, reason="", lacking=()):
        self.name, self.strongest, self._lacking = name, strongest, lacking
        self._verdict, self.timeouts = Verdict(proof, name, reason=reason), []

    def missing(self):
        return self._lacking

    def check(self, task, summary, *, timeout):
        self.timeouts.append(timeout)
        return self._verdict


PROVED, BOUNDED, TESTED, UNKNOWN, REFUTED = Proof.PROVED, Proof.BOUNDED, Proof.TESTED, Proof.UNKNOWN, Proof.REFUTED


@pytest.mark.parametrize(
    ("answers", "proof", "asked"),
    [
        ([("proved", PROVED), ("tested", TESTED)], PROVED, 1),
        ([("tested", TESTED), ("proved", PROVED)], PROVED, 1),
        ([("proved", UNKNOWN), ("bounded", BOUNDED), ("tested", TESTED)], BOUNDED, 2),
        ([("proved", UNKNOWN), ("proved", PROVED)], PROVED, 2),
        ([("proved", BOUNDED), ("bounded", BOUNDED)], BOUNDED, 1),
        ([("proved", UNKNOWN), ("tested", REFUTED)], REFUTED, 2),
        ([("proved", REFUTED), ("tested", TESTED)], REFUTED, 1),
        ([("proved", UNKNOWN), ("tested", UNKNOWN)], UNKNOWN, 2),
        ([], UNKNOWN, 0),
    ],
)
def test_the_strongest_answer_stands(answers, proof, asked):
    verifiers = [Says(f"v{n}", strongest, answer) for n, (strongest, answer) in enumerate(answers)]
    with Session(verifiers=verifiers) as session:
        assert session.verify(TASK, SUMMARY).proof is proof
        assert sum(len(v.timeouts) for v in verifiers) == asked


def test_a_weaker_summary_does_not_replace_a_proved_one():
    say = Says("v", "proved", PROVED)
    with Session(verifiers=[say]) as session:
        session.verify(TASK, SUMMARY)
        say._verdict = Verdict(UNKNOWN, "v")
        session.verify(TASK, Summary((), number_model="int"))
        assert session.verdict is not None and session.verdict.proof is PROVED
        assert session.summary is SUMMARY


def test_an_unusable_verifier_is_passed_over_with_its_reason():
    verifiers = [Says("z3", "proved", PROVED, lacking=["z3: pip install z3-solver"]), Says("t", "tested", UNKNOWN)]
    with Session(verifiers=verifiers) as session:
        verdict = session.verify(TASK, SUMMARY)
    assert verdict.proof is UNKNOWN
    assert "pip install z3-solver" in verdict.reason


def test_a_resumed_run_does_not_ask_again(tmp_path):
    for journal in (Journal.create(tmp_path, id="r"), None):
        say = Says("v", "proved", PROVED)
        with Session(journal or Journal.resume(tmp_path / "r"), verifiers=[say]) as session:
            assert session.verify(TASK, SUMMARY).proof is PROVED
    assert not say.timeouts


def test_an_answer_stays_when_the_time_is_over_before_the_next_one():
    now = [0.0]

    class Slow(Says):
        def check(self, task, summary, *, timeout):
            now[0] += 100.0
            return super().check(task, summary, timeout=timeout)

    first, second = Slow("z3", "proved", UNKNOWN, "loop1 step: no answer"), Says("b", "bounded", BOUNDED)
    court = Court(Journal.memory(), Meter(Budget(seconds=60.0), clock=lambda: now[0]), [first, second], 1e6)
    with pytest.raises(BudgetSpent):
        court.try_(TASK, SUMMARY)
    assert court.summary is SUMMARY and court.verdict is not None
    assert court.verdict.reason == "loop1 step: no answer"
    assert first.timeouts == [48.0] and second.timeouts == []


def test_a_verifier_leaves_time_to_the_next_one():
    first, second = Says("z3", "proved", UNKNOWN), Says("b", "bounded", BOUNDED)
    with Session(verifiers=[second, first], budget=Budget(seconds=1000.0), verify_seconds=1e6) as session:
        session.verify(TASK, SUMMARY)
    assert 0 < first.timeouts[0] <= 800.0 < second.timeouts[0] <= 1000.0


def test_the_time_left_bounds_a_verifier():
    say = Says("v", "proved", PROVED)
    with Session(verifiers=[say], budget=Budget(seconds=20), verify_seconds=100) as session:
        session.verify(TASK, SUMMARY)
    assert 0 < say.timeouts[0] <= 20
