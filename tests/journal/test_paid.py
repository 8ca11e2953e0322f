"""What models had cost when each evaluation was recorded."""

from __future__ import annotations

from pathlib import Path

from accelcore import journal
from accelcore.journal import EvaluationRow, Journal
from accelcore.values import Cost, Evaluation, Status, Usage


def judged(name: str) -> EvaluationRow:
    return EvaluationRow(Evaluation(name, "t", (), Status.OK, cost=Cost(1.0)), None, cached=False)


def answered(run: Journal, key: str, dollars: float) -> None:
    run.call_sent(key, model="m", request="{}", place=key, ordinal=0)
    run.call_done(key, reply="", finish="stop", usage=Usage("m", 1, 1, 0, dollars))


def test_dollars_grow_from_evaluation_to_evaluation(tmp_path: Path) -> None:
    with Journal.create(tmp_path, id="r", seed=0, config={}) as run:
        run.put_evaluation("a", judged("a"))
        answered(run, "one", 0.25)
        run.put_evaluation("b", judged("b"))
        answered(run, "two", 0.5)
        run.call_sent("three", model="m", request="{}", place="p", ordinal=0)  # never answered: never paid
        run.put_evaluation("c", judged("c"))
    assert journal.read(tmp_path / "r").paid == (0.0, 0.25, 0.75)
