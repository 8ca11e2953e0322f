"""Where a search begins when the loops as lowered take too long."""

from __future__ import annotations

import pytest

from accelcore.values import Status


def test_a_rewrite_that_ends_in_time_takes_the_place_of_loops_that_do_not(begin, fakes):
    bench = fakes.bench({"sb": 7.0}, fail={"s": Status.TIMEOUT, "sa": Status.TIMEOUT})
    session, start = begin(bench, lowered=True)
    assert start.kernel.text == "sb" and start.step == 0 and start.origin == "lower"
    assert start.parent == fakes.word("s").digest and start.move.name == "b"
    assert session.best == start and session.relative(start) == 1.0
    assert bench.judged == {"s": 1, "sa": 1, "sb": 1}
    (faster,) = session.evaluate([session.rewritten(start, session.target.moves(None, start.kernel)[:1], origin="x")])
    assert faster.candidate.parent == start.digest


def test_where_no_rewrite_is_quicker_the_start_tells_why(begin, fakes):
    late = dict.fromkeys(("s", *(f"s{letter}" for letter in "abcdef")), Status.TIMEOUT)
    bench = fakes.bench(fail=late)
    session, start = begin(bench, lowered=True)
    assert start.kernel.text == "s" and session.evaluation(start).status is Status.TIMEOUT
    assert session.best is None
    assert 1 < len(bench.judged) < len(late), "only a few are tried: each may take as long again"


@pytest.mark.parametrize(("lowered", "status"), [(False, Status.TIMEOUT), (True, Status.WRONG)])
def test_other_starts_are_what_they_are(begin, fakes, lowered, status):
    bench = fakes.bench(fail={"s": status})
    _, start = begin(bench, lowered=lowered)
    assert start.kernel.text == "s" and bench.judged == {"s": 1}
