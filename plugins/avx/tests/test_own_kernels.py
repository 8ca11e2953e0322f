"""A kernel engineer's intrinsics handed to `optimize` with the loops as the task: the better of the two ends counts.

The margins are factors of ten and more, so that no noise of a busy machine decides.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from accelcore import optimize
from accelcore.registry import registry
from accelcore.values import Grade, Proof

OWN = Path(__file__).parent / "own"


@pytest.fixture(autouse=True)
def runs_here() -> None:
    if missing := registry().target("avx").missing():
        pytest.skip("; ".join(missing))


def test_a_better_kernel_is_kept(tmp_path: Path) -> None:
    """The rules re-derive the quadratic loops; the engineer's is linear."""
    found = optimize(
        OWN / "better.c", OWN / "outer_sums.py", "avx",
        sizes={"n": 1500}, max_evaluations=3, out=tmp_path / "out", runs=tmp_path / "runs", cache=False,
    )  # fmt: skip
    assert found.verdict is not None and found.verdict.proof is Proof.PROVED
    assert found.best is not None and found.best.evaluation.grade is Grade.TESTED
    assert found.kernel_text == (OWN / "better.c").read_text()


def test_a_worse_kernel_is_replaced(tmp_path: Path) -> None:
    """The kernel that the loops give wins, and what is exported is derived from the proved summary."""
    found = optimize(
        OWN / "worse.c", OWN / "outer_sums.py", "avx",
        sizes={"n": 1500}, max_evaluations=3, out=tmp_path / "out", runs=tmp_path / "runs", cache=False,
    )  # fmt: skip
    assert found.verdict is not None and found.verdict.proof is Proof.PROVED
    assert found.kernel_text and "volatile" not in found.kernel_text
    assert found.speedup is not None and found.speedup > 2
