"""The attacks that doctor runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from accelcore.sandbox import PYTHON, Level, run_child
from accelcore.sandbox.attacks import ATTACKS, _targets, stopped, try_all


@pytest.fixture(scope="module")
def outcome():
    return list(try_all())


def test_every_attack_is_tried(outcome):
    assert [name for name, _, _ in outcome] == [attack.name for attack in ATTACKS]
    assert len(ATTACKS) >= 12


def test_all_are_stopped_where_the_sandbox_is_strong(outcome):
    if run_child([sys.executable, "-I", "-S", "-c", ""], PYTHON).level is not Level.STRONG:
        pytest.skip("the sandbox is not strong here")
    assert [(name, how) for name, held, how in outcome if not held] == []


@pytest.mark.parametrize(
    "name", ["write a file outside", "read a secret file", "signal the caller", "connect to a port"]
)
def test_attacks_are_real(name):
    """Outside a sandbox the same text succeeds."""
    attack = next(a for a in ATTACKS if a.name == name)
    with _targets() as targets:
        done = subprocess.run([sys.executable, "-I", "-S", "-c", targets.aim(attack)], capture_output=True)
    assert done.returncode == 0, done.stderr


def test_success_counts_as_not_stopped():
    assert not stopped(run_child([sys.executable, "-I", "-S", "-c", "pass"], PYTHON))
    assert stopped(run_child([sys.executable, "-I", "-S", "-c", "raise SystemExit(1)"], PYTHON))
