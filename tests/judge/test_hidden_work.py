"""CPU time beside the clock: gross excess is an accusation, the cost of waking up is none."""

from __future__ import annotations

from typing import Any, cast

import pytest

from accelcore.errors import RunFailure
from accelcore.judge.race import Contender, _accuse_hidden_work
from accelcore.sandbox.native.timed import Timing
from accelcore.values import Limits, Status


def contender(window_ns: int, cpu_ns: int) -> Contender:
    side = Contender(cast(Any, None), Limits())
    side.take([Timing(1, float(max(window_ns, cpu_ns)), window_ns, cpu_ns)] * 5)
    return side


@pytest.mark.parametrize(("window", "cpu"), [(8_000, 14_000), (5_000, 60_000), (1_000_000, 1_100_000), (10**6, 0)])
def test_an_honest_kernel_on_a_busy_machine_is_not_accused(window: int, cpu: int) -> None:
    _accuse_hidden_work(contender(window, cpu))


@pytest.mark.parametrize(("window", "cpu"), [(5_000, 400_000), (10**6, 2 * 10**6)])
def test_work_beside_the_clock_is_accused(window: int, cpu: int) -> None:
    with pytest.raises(RunFailure, match="times as much CPU time as passed") as failure:
        _accuse_hidden_work(contender(window, cpu))
    assert failure.value.status == Status.CHEATED
