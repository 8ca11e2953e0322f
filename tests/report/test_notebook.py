"""What notebooks show: the figures that matter, no foreign markup."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample_run import NASTY, run

from accelcore.testing.tasks import softmax
from accelcore.values import Evaluation, Proof, Status, Verdict


def shown(value: object) -> str:
    text: str = value._repr_html_()  # type: ignore[attr-defined]  # what notebooks call
    assert "<img" not in text and "<script" not in text
    return text


def test_a_summary_is_mathematics() -> None:
    assert "exp(" in shown(softmax().task.reference)


@pytest.mark.parametrize("proof", [Proof.PROVED, Proof.UNKNOWN, Proof.UNSUPPORTED])
def test_a_verdict(proof: Proof) -> None:
    text = shown(Verdict(proof, "z3", "real", reason=NASTY, obligations=(("exit", "unsat", 1.0),)))
    assert str(proof).upper() in text and "z3 (real)" in text


def test_an_evaluation_that_failed_says_how() -> None:
    text = shown(Evaluation("x", "task", (("n", 4),), Status.COMPILE_ERROR, feedback=NASTY, log=NASTY))
    assert "COMPILE ERROR" in text and "n=4" in text


def test_a_run() -> None:
    text = shown(run())
    assert "row_sum" in text and "10 µs" in text
    assert "no correct kernel" in shown(replace(run(), evaluations=(), best=None))
