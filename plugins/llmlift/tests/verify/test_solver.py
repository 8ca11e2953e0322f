"""Limits of a solver are for a free machine: one that is busy with other things gets more wall time."""

from __future__ import annotations

import itertools

import pytest

from accelcore_llmlift.verify import solver
from accelcore_llmlift.verify.smt import Script
from accelcore_llmlift.verify.solver import Answer, ask_z3

SCRIPT = Script("(declare-const goal Bool)\n")


def asked(monkeypatch: pytest.MonkeyPatch, answer: Answer, share: float, *, vacuity: bool = True) -> list[float]:
    """The limits of the queries that one question leads to, when its thread has `share` of a processor."""
    limits: list[float] = []

    def slow(script: Script, seconds: float, vacuity: bool) -> Answer:
        limits.append(seconds)
        return answer

    worked = itertools.count(0.0, share * answer.seconds)
    monkeypatch.setattr(solver, "_asked", slow)
    monkeypatch.setattr(solver.time, "thread_time", lambda: next(worked))
    assert ask_z3(SCRIPT, 2.0, vacuity) is answer
    return limits


@pytest.mark.parametrize(("share", "more"), [(1.0, []), (0.9, []), (0.5, [4.0]), (0.01, [8.0]), (0.0, [8.0])])
def test_a_query_that_others_slowed_down_is_asked_again_for_as_much_longer(monkeypatch, share, more):
    assert asked(monkeypatch, Answer("unknown", "unknown", 2.0), share) == [2.0, *more]


@pytest.mark.parametrize(
    ("answer", "vacuity", "again"),
    [
        (Answer("sat", "unsat", 2.5), True, False),
        (Answer("unknown", "unsat", 2.5), True, True),
        (Answer("unknown", "unsat", 2.5), False, False),
        (Answer("unknown", "sat", 2.5), True, False),
        (Answer("unknown", "unknown", 0.5), True, False),
    ],
)
def test_what_is_decided_or_given_up_early_is_not_asked_again(monkeypatch, answer, vacuity, again):
    assert len(asked(monkeypatch, answer, 0.5, vacuity=vacuity)) == 1 + again
