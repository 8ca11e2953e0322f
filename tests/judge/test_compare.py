"""Comparing: every element counts, bounds are used, poison and shapes are named."""

from __future__ import annotations

import numpy as np
import pytest

from accelcore.ir.evaluate import Bounded, Interval
from accelcore.judge.compare import difference, window_of
from accelcore.judge.inputs import numpy_dtype

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


WINDOWED = ("f16", "f32", "f64")


@pytest.mark.parametrize("dtype", WINDOWED)
def test_what_is_inside_a_window_is_accepted(dtype):
    """Never more than the expectation accepts; all that is not at its edge."""
    rng = np.random.default_rng(7)
    value = rng.standard_normal(500) * 10.0 ** rng.uniform(-3, 3, 500)
    bound = np.abs(value) * 10.0 ** rng.uniform(-7, -1, 500) * rng.integers(0, 2, 500)
    expected = Bounded(value, bound)
    stored = numpy_dtype(dtype)
    least, greatest = window_of(expected, stored)
    assert least.dtype == greatest.dtype == stored
    some = least <= greatest
    assert expected.covers(np.where(some, least, value))[some].all()
    assert expected.covers(np.where(some, greatest, value))[some].all()
    wide = bound > np.abs(value) * (1e-2 if dtype == "f16" else 1e-5)
    assert wide.any() and some[wide].all()


def test_a_window_decides_nothing_that_it_should_not():
    odd = np.array([np.nan, np.inf, 1.0, 2.0])
    expected = Bounded(odd, np.array([0.0, 0.0, np.inf, np.nan]))
    window = window_of(expected, np.dtype("f4"))
    right = odd.astype(np.float32)
    assert difference("y", right, expected, window) == ""
    for at, wrong in ((0, 0.0), (1, 1.0)):
        bad = right.copy()
        bad[at] = wrong
        assert "1 of 4" in difference("y", bad, expected, window)
    assert difference("y", np.full(4, np.nan, np.float32), expected, window) != ""


def test_windows_of_integers_are_exact():
    expected = Bounded(np.array([1, -2, 3]), np.zeros(3))
    window = window_of(expected, np.dtype("i1"))
    assert difference("y", np.array([1, -2, 3], np.int8), expected, window) == ""
    assert "1 of 3" in difference("y", np.array([1, -2, 4], np.int8), expected, window)


def test_there_is_no_window_where_more_than_a_range_is_right():
    whole = np.array([1, 2])
    assert window_of(Bounded(np.array([300]), np.zeros(1)), np.dtype("i1")) is None, "no such number in the dtype"
    assert window_of(Bounded(whole, np.zeros(2), Interval(whole - 1, whole)), np.dtype("i4")) is None
    assert window_of(Bounded(np.array([0.5]), np.zeros(1)), np.dtype("i4")) is None
    assert window_of(Bounded(np.zeros(0), np.zeros(0)), np.dtype("f4")) is None
