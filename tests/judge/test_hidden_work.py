"""CPU time beside the clock: gross excess is an accusation, the cost of waking up is none."""

from __future__ import annotations

from typing import Any, cast

import pytest

from accelcore.judge.race import Contender, _beside, _hidden
from accelcore.sandbox.native.timed import Timing
from accelcore.values import Limits


def contender(window_ns: int, cpu_ns: int, outside_ns: int = 0, idle_ns: int = 0, batches: int = 5) -> Contender:
    side = Contender(cast(Any, None), Limits())
    side.take([Timing(1, float(max(window_ns, cpu_ns)), window_ns, cpu_ns, outside_ns, idle_ns)] * batches)
    return side


@pytest.mark.parametrize(("window", "cpu"), [(8_000, 14_000), (5_000, 60_000), (1_000_000, 1_100_000), (10**6, 0)])
def test_an_honest_kernel_on_a_busy_machine_is_not_accused(window: int, cpu: int) -> None:
    assert _hidden(contender(window, cpu)) == 0


@pytest.mark.parametrize(("window", "cpu"), [(5_000, 400_000), (10**6, 2 * 10**6)])
def test_work_beside_the_clock_is_accused(window: int, cpu: int) -> None:
    assert _hidden(contender(window, cpu)) == pytest.approx(cpu / window)
    assert _hidden(contender(window, cpu, batches=2)) == 0


@pytest.mark.parametrize(
    ("shown", "outside", "idle"),
    [(400_000, 700_000, 500_000), (400_000, 950_000, 500_000), (10, 150_000, 0), (400_000, 0, 0), (10**7, 10**6, 0)],
)
def test_taking_commands_is_not_work(shown: int, outside: int, idle: int) -> None:
    assert _beside(contender(shown, shown, outside, idle)) == 0


def test_work_before_the_clock_is_seen() -> None:
    assert _beside(contender(40_000, 40_000, 4_500_000, 500_000)) == pytest.approx(4e-3)
    assert _beside(contender(40_000, 40_000, 4_500_000, 500_000, batches=2)) == 0
