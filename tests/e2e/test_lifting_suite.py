"""The suite of bench/lifting: lowered to AVX and judged on this machine; its NumPy against the source."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from accelcore.pipeline.catalog import choose_evaluator

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ["blend:color_burn_8", "llama:matmul", "stencils:jacobi_1d"]


@pytest.fixture(autouse=True)
def needs_a_compiler():
    evaluator = choose_evaluator("avx")
    if evaluator is None or evaluator.missing():
        pytest.skip("no evaluator for avx here")


def suite(*arguments: str) -> str:
    """What the benchmark prints."""
    command = [sys.executable, str(ROOT / "bench" / "lifting" / "run.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_sample_of_the_suite_is_judged_right_on_hardware():
    assert f"{len(SAMPLE)} of {len(SAMPLE)} lowered to AVX" in suite(*SAMPLE, "--compile")


def test_the_numpy_of_a_proved_summary_agrees_on_fresh_inputs():
    printed = suite(*SAMPLE, "--fresh")
    assert printed.count(" 8/8") == len(SAMPLE), printed


def test_wrong_summaries_of_a_sample_are_refuted():
    last = suite(*SAMPLE[:1], "--mutants").splitlines()[-1].split()
    tried, refuted, equal, unknown, accepted = (int(n) for n in last[1:])
    assert tried >= 5 and refuted + equal + unknown == tried and not accepted


@pytest.mark.full
def test_forty_programs_of_the_suite_are_judged_right_on_hardware():
    last = suite("--compile").splitlines()[-1].split()
    assert int(last[0]) >= 40
