"""The examples: each lifts by the rules and is proved for all sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelcore.values import Proof, Source
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.lifter import lift_program
from accelcore_llmlift.translator import PythonTranslator
from accelcore_llmlift.verify import Z3Verifier

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
NUMBER_MODELS = {"overlay": "int"}
"""Exact integers; every other example computes with reals."""


def test_there_are_at_least_eight() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_is_proved(path: Path) -> None:
    source = Source(path.read_text(), "python", path.stem, str(path))
    task = PythonTranslator().task(source, {})
    verdict = Z3Verifier().check(task, lift_program(program_of(source)).summary, timeout=30.0)
    assert verdict.proof is Proof.PROVED, verdict.reason
    assert verdict.number_model == NUMBER_MODELS.get(path.stem, "real")
