"""Tests of the RISC-V plugin: what needs the emulator or a cross compiler is skipped where they are missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def _lacking(what: str) -> str:
    from accelcore_rvv import toolchain
    from accelcore_rvv.evaluator import RvvEvaluator

    lines = RvvEvaluator().missing() if what == "emulator" else toolchain.missing()
    return lines[0] if lines else ""


@pytest.fixture(scope="session")
def emulator() -> None:
    """Skips without emulator and compilers."""
    if lacking := _lacking("emulator"):
        pytest.skip(lacking)


@pytest.fixture(scope="session")
def cross_compiler() -> None:
    """Skips without a cross compiler."""
    if lacking := _lacking("compiler"):
        pytest.skip(lacking)
