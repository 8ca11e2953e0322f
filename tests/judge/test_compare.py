"""Comparing: every element counts, bounds are used, poison and shapes are named."""

from __future__ import annotations

import numpy as np
import pytest

from accelcore.ir.evaluate import Bounded
from accelcore.judge.compare import difference

EXACT = Bounded(np.arange(4), np.zeros(4))
NEAR = Bounded(np.array([1.0, np.inf, np.nan, -2.0]), np.array([0.1, 0.1, 0.1, 0.0]))


def test_accepted():
    assert difference("y", np.arange(4, dtype=np.int32), EXACT) == ""
    assert difference("y", np.array([1.05, np.inf, np.nan, -2.0], np.float32), NEAR) == ""


@pytest.mark.parametrize(
    "got", [[1.2, np.inf, np.nan, -2], [1, -np.inf, np.nan, -2], [1, np.inf, 0, -2], [np.nan, np.inf, np.nan, -2],
            [np.inf, np.inf, np.nan, -2], [1, np.inf, np.nan, -2.0001]]
)  # fmt: skip
def test_one_wrong_float_is_enough(got):
    assert "1 of 4 elements of y are wrong: y[" in difference("y", np.array(got, np.float32), NEAR)


def test_integers_are_exact():
    text = difference("y", np.array([0, 1, 2, 4], np.uint8), EXACT)
    assert text == "1 of 4 elements of y are wrong: y[3] is 4, expected 3"


def test_what_was_never_written_is_named():
    got = np.full(4, np.nan, np.float32)
    got.view(np.uint8)[:] = 0xFF
    assert difference("y", got, Bounded(np.ones(4), np.zeros(4))).endswith("y was never written")


def test_shape_matters():
    assert "shape" in difference("y", np.zeros((2, 2)), EXACT)


def test_a_scalar_result():
    assert difference("y", np.array(3.5, np.float32), Bounded(np.array(3.0), np.array(0.1))) != ""
    assert difference("y", np.array(3.5, np.float32), Bounded(np.array(3.0), np.array(0.6))) == ""
