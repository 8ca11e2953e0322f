"""docs/schedules.md shows what happens: every example is replayed, and every rewrite has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from loop_tasks import SIZES, TASKS, check, program

from accelcore.loops import schedule
from accelcore.loops.printer import text
from accelcore.loops.rewrites import known

PAGE = Path(__file__).parents[2] / "docs" / "schedules.md"
EXAMPLES = re.findall(r"```loops (\w+)(?:: ([^\n]+))?\n(.*?)\n```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize(("name", "rewrites", "shown"), EXAMPLES, ids=[f"{n}-{r}" for n, r, _ in EXAMPLES])
def test_examples_are_what_the_rewrites_make(name: str, rewrites: str, shown: str) -> None:
    made = schedule.apply(program(name), rewrites)
    assert text(made) == shown
    check(made, TASKS[name], SIZES)


def test_every_rewrite_has_an_example() -> None:
    used = {part.split("(")[0].strip() for _, rewrites, _ in EXAMPLES for part in rewrites.split(";") if part}
    assert set(known()) <= used
