"""Lifting by a scripted model over HTTP, in both protocols: what the rules refuse, and how each answer ends."""

from __future__ import annotations

import pytest

from accelcore import journal
from accelcore.errors import BudgetSpent, ModelError, UnsupportedSource
from accelcore.journal import Journal
from accelcore.models.client import Client
from accelcore.proposers.model import ModelProposer
from accelcore.registry import registry
from accelcore.session import Session
from accelcore.values import Budget, Proof, Source

# s stays 1, which no rule for reductions says: s * s is no linear update.
TEXT = "def f(x: 'i32[n]') -> int:\n    s = 1\n    for v in x:\n        s = s * s\n    return s + len(x)\n"
SOURCE = Source(TEXT, "python", "f", "f.py")
WRONG = "```summary\nout = i64(n + 2, trunc, exact)\n```"
RIGHT = "```summary\nout = i64(n + 1, trunc, exact)\n```"
STATES = "```invariants\nloop1: s == int(1)\n```"
FULL = f"{RIGHT}\n{STATES}"


@pytest.fixture
def lift(model, tmp_path):
    """Lift SOURCE with one request at a time; the session's verdict and the journal's folder."""

    def run(budget=None):
        client = Client([model], concurrency=1, pause=lambda seconds: None)
        found = registry().translators()
        translator = next(t for t in found if t.accepts(SOURCE))
        log = Journal.create(tmp_path, id="r", seed=1)
        verifiers = [v for v in registry().verifiers() if not v.missing()]
        try:
            with Session(
                log, proposers=[ModelProposer()], verifiers=verifiers, client=client, budget=budget or Budget()
            ) as session:
                try:
                    translator.lift(translator.task(SOURCE, {}), session)
                finally:
                    run.usage = session.journal.usage()
                return session.verdict
        finally:
            client.close()

    run.folder = tmp_path / "r"
    return run


def asked(server, at):
    """The user's message of a request, in either protocol."""
    messages = server.requests[at]["messages"]
    content = messages[-1]["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def test_the_right_answer_at_the_third_sample(server, lift):
    server.script = [WRONG, WRONG.replace("2", "3"), FULL]
    verdict = lift()
    assert verdict is not None and verdict.proof is Proof.PROVED
    kept = journal.read(lift.folder).verdict
    assert kept is not None and kept.proof is Proof.PROVED
    assert lift.usage.tokens_out >= 60, "every sample that was read is paid"


def test_a_wrong_summary_is_repaired_by_its_counterexample(server, lift):
    def answer(request):
        said = str(request["messages"])
        return FULL if "This summary is wrong" in said else WRONG

    server.script = [answer]
    verdict = lift()
    assert verdict is not None and verdict.proof is Proof.PROVED
    repair = next(asked(server, at) for at in range(len(server.requests)) if "is wrong" in asked(server, at))
    assert "the program gives" in repair and "the summary" in repair


def test_missing_invariants_are_asked_for(server, lift):
    server.script = [lambda request: FULL if "not proved either" in str(request["messages"]) else RIGHT]
    verdict = lift()
    assert verdict is not None and verdict.proof is Proof.PROVED


def test_a_wrong_invariant_proves_nothing(server, lift):
    server.script = [f"{RIGHT}\n```invariants\nloop1: s == int(2)\n```"]
    verdict = lift()
    assert verdict is not None and verdict.proof not in (Proof.PROVED, Proof.REFUTED)


@pytest.mark.parametrize("answer", ["I think it adds.", "```summary\nout = \n```", f"{RIGHT}\n```invariants\nyes\n```"])
def test_malformed_answers_leave_the_refusal_of_the_rules(server, lift, answer):
    server.script = [answer]
    with pytest.raises(UnsupportedSource, match="no reduction"):
        lift()
    assert lift.usage.tokens_out > 0, "unusable answers are paid and kept too"
    assert journal.read(lift.folder).verdict is None


def test_faults_of_the_server_are_retried(server, lift):
    server.script = [(429, {"error": {"message": "slow down"}}), (500, {"error": {"message": "oops"}}), "cut", FULL]
    verdict = lift()
    assert verdict is not None and verdict.proof is Proof.PROVED


def test_a_server_that_never_answers_well_is_an_error(server, lift):
    server.script = [(500, {"error": {"message": "oops"}})]
    with pytest.raises(ModelError):
        lift()


def test_the_budget_ends_it_and_what_was_said_is_kept(server, lift):
    server.script = [WRONG]
    with pytest.raises(BudgetSpent):
        lift(Budget(tokens=9_600))  # room for one answer of full length, and for few of this one
    assert lift.usage.tokens_in + lift.usage.tokens_out >= 100
