"""CPU time beside the clock: gross excess is an accusation, the cost of waking up is none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from accelcore.judge.race import Contender, _beside, _hidden, _Sitting
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


class Scripted(_Sitting):
    """A sitting whose batches take what a function of their number and their calls says."""

    def __init__(self, timing: Any, sets: int) -> None:
        deck = SimpleNamespace(count=sets, window=SimpleNamespace(count=sets))
        super().__init__([cast(Any, None)], cast(Any, deck), flip=False, swap=False)
        self._timing, self.asked = timing, list[int]()

    def _turns(self, first: int, calls: int, *, back: bool = False) -> dict[int, Timing]:
        assert first + calls <= self.deck.count, "no set twice"
        self.asked.append(calls)
        return {0: self._timing(len(self.asked), calls)}


def test_batches_are_long_enough_for_honest_kernels_at_once() -> None:
    sitting = Scripted(lambda batch, calls: Timing(calls, 10_000.0 * calls, 10_000 * calls, 10_000 * calls), 800)
    rounds = list(sitting.rounds())
    assert set(sitting.asked[1:]) == {40}
    assert len(rounds) == (800 - 20 - 80) // 80


def test_batches_become_longer_where_the_first_calls_were_slower_than_the_next() -> None:
    def late(batch: int, calls: int) -> Timing:
        """A first batch as it should be; then 5 us a call on the clock and 100 us beside it."""
        shown, used = (100_000 * calls, 100_000 * calls) if batch == 1 else (5_000 * calls, 100_000 * calls)
        return Timing(calls, float(max(shown, used)), shown, used)

    sitting = Scripted(late, 800)
    side = Contender(cast(Any, None), Limits())
    for times in sitting.rounds():
        side.take(times[0])
    assert sitting.asked[:3] == [20, 4, 4]
    assert min(sitting.asked[3:]) >= 80
    assert _hidden(side) > 10
    few = Scripted(late, 40)
    assert list(few.rounds()), "as long as the sets allow"


def test_calls_that_come_out_shorter_than_none_are_no_accusation() -> None:
    """A handful of elements takes as long as nothing; the clock then says anything around zero."""
    assert 0 < Timing(4, -57.2, 100, 100).seconds < 1e-9
    assert Timing(4, 400.0, 500, 500).seconds == pytest.approx(1e-7)
