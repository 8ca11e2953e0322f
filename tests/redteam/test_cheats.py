"""Every planted cheat is refused with the right status; the honest kernels beside them are accepted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from accelcore.judge import Judge

KERNELS = Path(__file__).parent / "kernels"
FULL = bool(os.environ.get("ACCELCORE_FULL"))


def _facts(path):
    """What the first comment lines say: {task, expect}; // or # starts them."""
    lines = [line.lstrip("/# ") for line in path.read_text().splitlines()[:2]]
    return dict(line.split(": ", 1) for line in lines)


def _files():
    return sorted([*KERNELS.glob("*.c"), *KERNELS.glob("*.py")])


CHEATS = [path for path in _files() if "ok" not in _facts(path)["expect"].split()]
HONEST = [path for path in _files() if path not in CHEATS]


def _judged(bench, path, judge=None):
    facts = _facts(path)
    task = bench.tasks[facts["task"]]
    artifact = bench.built(task, path.read_text(), "python" if path.suffix == ".py" else "c")
    evaluation = (judge or bench.judge).judge(task, artifact)
    assert evaluation.status in facts["expect"].split(), f"{evaluation.status}: {evaluation.feedback}"
    return evaluation


@pytest.mark.parametrize("path", CHEATS, ids=lambda p: p.stem)
def test_cheat_is_refused(bench, path):
    evaluation = _judged(bench, path)
    assert evaluation.cost is None
    assert evaluation.feedback, "a refusal says why"
    if evaluation.metric("inputs"):
        assert evaluation.sandbox, "and under which isolation it ran"


@pytest.mark.parametrize("path", HONEST, ids=lambda p: p.stem)
def test_honest_kernel_is_accepted(bench, path):
    evaluation = _judged(bench, path)
    assert evaluation.cost.value > 0
    assert evaluation.metric("inputs") >= 7


@pytest.mark.full
@pytest.mark.skipif(not FULL, reason="a long run: make redteam")
@pytest.mark.parametrize("path", CHEATS, ids=lambda p: p.stem)
def test_cheat_is_refused_every_time(bench, path):
    for _ in range(20):
        with Judge(bench.evaluator, limits=bench.judge.limits) as judge:
            _judged(bench, path, judge)


@pytest.mark.full
@pytest.mark.skipif(not FULL, reason="a long run: make redteam")
@pytest.mark.parametrize("path", HONEST, ids=lambda p: p.stem)
def test_honest_kernel_is_accepted_every_time(bench, path):
    for _ in range(100):
        with Judge(bench.evaluator, limits=bench.judge.limits) as judge:
            _judged(bench, path, judge)
