"""The meter."""

from __future__ import annotations

import threading

import pytest

from accelcore.budget import Meter
from accelcore.errors import BudgetSpent
from accelcore.values import Budget, Usage


def test_a_limit_is_the_last_that_is_paid():
    meter = Meter(Budget(evaluations=2))
    meter.charge("evaluations"), meter.charge("evaluations")
    for _ in range(2):
        with pytest.raises(BudgetSpent, match="2 evaluations") as caught:
            meter.charge("evaluations")
    assert "--max-evaluations" in caught.value.hint
    assert meter.spent["evaluations"] == 2
    meter.charge("proposals")


def test_seconds_of_all_sittings_count():
    now = [100.0]
    meter = Meter(Budget(seconds=10), elapsed=7.0, clock=lambda: now[0])
    meter.live()
    assert (meter.seconds, meter.remaining_seconds) == (7.0, 3.0)
    meter.check()
    now[0] = 103.0
    assert meter.remaining_seconds == 0.0
    with pytest.raises(BudgetSpent, match="10 seconds"):
        meter.check()
    with pytest.raises(BudgetSpent):
        meter.charge("evaluations")
    assert Meter(Budget()).remaining_seconds is None


def test_time_counts_when_there_is_work():
    meter = Meter(Budget(seconds=10), elapsed=11.0)
    meter.check(), meter.charge("evaluations")
    with pytest.raises(BudgetSpent, match="10 seconds"):
        meter.live()
    with pytest.raises(BudgetSpent, match="10 seconds"):
        meter.check()


@pytest.mark.parametrize(("budget", "words"), [(Budget(dollars=1.0), "1.00"), (Budget(tokens=100), "100 tokens")])
def test_money_and_tokens_are_checked_when_they_are_known(budget, words):
    meter = Meter(budget)
    meter.check()
    meter.add(Usage("m", 60, 40, 0, 1.0))
    with pytest.raises(BudgetSpent, match=words):
        meter.check()
    assert (meter.spent["tokens"], meter.spent["dollars"]) == (100, 1.0)


def test_a_reservation_waits_for_those_in_flight():
    """Of two calls that may cost six of ten, the second starts when the first turned out to cost one."""
    meter, order = Meter(Budget(dollars=10.0)), []
    first_in, may_end = threading.Event(), threading.Event()

    def first():
        with meter.reserve(tokens=0, dollars=6.0):
            first_in.set()
            assert may_end.wait(20)
            order.append("first settles")
            meter.add(Usage(dollars=1.0))

    def second():
        with meter.reserve(tokens=0, dollars=6.0):
            order.append("second starts")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert first_in.wait(20)
    threads[1].start()
    may_end.set()
    for thread in threads:
        thread.join(20)
    assert order == ["first settles", "second starts"]


def test_a_reservation_that_can_never_fit_is_refused_at_once():
    meter = Meter(Budget(tokens=10))
    with pytest.raises(BudgetSpent), meter.reserve(tokens=11, dollars=0.0):
        pass
    meter.add(Usage("m", 5, 0))
    with pytest.raises(BudgetSpent), meter.reserve(tokens=6, dollars=0.0):
        pass
    with meter.reserve(tokens=5, dollars=0.0):
        pass
