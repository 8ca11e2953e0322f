"""The place of an extreme is the first one, whichever block it is in."""

from __future__ import annotations

import numpy as np
import pytest
from loop_tasks import program

from accelcore.errors import IllegalRewrite
from accelcore.loops.interpret import interpret
from accelcore.loops.schedule import replay

ROWS = {
    "first of equals in several blocks": [40, 17, 63, 64],
    "at a border": [15, 16],
    "last of all": [69],
    "first of all": [0],
}


@pytest.mark.parametrize("steps", [("two_pass(j, block=16)",), ("two_pass(j)",), ("two_pass(j, block=0)",)])
def test_first_of_equal_extremes(steps: tuple[str, ...]) -> None:
    x = np.zeros((len(ROWS) + 1, 70), np.float32)
    for row, places in zip(x, ROWS.values(), strict=False):
        row[places] = 3
    found = np.full(len(x), -1, np.int32)
    interpret(replay(program("argmax"), steps), {"x": x, "y": found}, {"m": len(x), "n": 70})
    assert found.tolist() == x.argmax(axis=1).tolist() == [*map(min, ROWS.values()), 0]


def test_rows_of_the_least_value() -> None:
    x = np.full((2, 40), -np.inf, np.float32)
    x[1, 33] = -1
    found = np.full(2, -1, np.int32)
    interpret(replay(program("argmax"), ("two_pass(j, block=16)",)), {"x": x, "y": found}, {"m": 2, "n": 40})
    assert found.tolist() == [0, 33]


def test_tiny_blocks_are_refused() -> None:
    with pytest.raises(IllegalRewrite, match="at least 16"):
        replay(program("argmax"), ("two_pass(j, block=8)",))
