"""What a solver answers depends neither on what else runs nor on what it was asked before."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from accelcore.values import Proof
from accelcore_llmlift.verify import Z3Verifier, solver
from accelcore_llmlift.verify.smt import Script
from accelcore_llmlift.verify.solver import Answer, ask_z3

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file; test folders are no packages
from verify_programs import PROGRAMS, task_of

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


def test_a_proof_begins_with_a_solver_that_remembers_nothing(monkeypatch):
    task, summary = task_of(PROGRAMS["dot"])
    contexts = []
    kept = solver._context
    monkeypatch.setattr(solver, "_context", lambda: contexts.append(kept()) or contexts[-1])
    for proofs in (1, 2):
        assert Z3Verifier().check(task, summary, timeout=60).proof is Proof.PROVED
        assert len(contexts) > proofs, "every query asks for it"
        assert len(set(map(id, contexts))) == proofs


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
