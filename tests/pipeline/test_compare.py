"""Two runs side by side: compared where they may be, else told why not."""

from __future__ import annotations

import json

import pytest

import accelcore
from accelcore.errors import JournalError
from accelcore.terminal import report_text


def test_two_runs_of_one_task(program: str) -> None:
    short = accelcore.compile(f"{program}:double", "chip", sizes={"n": 7}, max_evaluations=1)
    long = accelcore.compile(f"{program}:double", "chip", sizes={"n": 7})
    found = accelcore.compare(short.run, long.run)
    assert found.ratio == pytest.approx(1 / 19)
    assert found.first.speedup == pytest.approx(1.0) and found.second.speedup == pytest.approx(19.0)
    assert "the second ended 19.00x faster" in report_text(found)
    assert "the first ended 19.00x faster" in report_text(accelcore.compare("last", short.run))
    json.dumps(found.json())


def test_what_may_not_be_compared(program: str) -> None:
    one = accelcore.compile(f"{program}:double", "chip", sizes={"n": 7}, max_evaluations=1)
    other = accelcore.compile(f"{program}:double", "chip", sizes={"n": 9}, max_evaluations=1)
    found = accelcore.compare(one.run, other.run)
    assert found.ratio is None and found.reason == "they measured at unlike sizes"
    assert "not compared: they measured at unlike sizes" in report_text(found)
    with pytest.raises(JournalError):
        accelcore.compare(one.run, "no-such-run")
