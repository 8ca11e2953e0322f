"""Arithmetic on NumPy arrays means what arithmetic on numbers means."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accelcore.errors import IrError, RunFailure
from accelcore.ir.dtypes import DTYPES
from accelcore.loops import lanes
from accelcore.loops.arithmetic import apply, convert

INTEGERS = ("i8", "u8", "i16", "i32", "u32", "i64")
BOTH = ("add", "sub", "mul", "min", "max", "lt", "le", "eq", "ne")
DIVISIONS = ("fdiv", "fmod", "tdiv", "trem")
FLOATS = (*BOTH[:7], "div", "exp", "sqrt", "rsqrt", "tanh", "erf", "floor", "abs", "neg")


@given(st.data())
def test_integers_agree_with_the_scalar_meaning(data: st.DataObject) -> None:
    dtype, op = data.draw(st.sampled_from(INTEGERS)), data.draw(st.sampled_from((*BOTH, *DIVISIONS, "and", "xor")))
    numbers = st.integers(int(DTYPES[dtype].low or 0), int(DTYPES[dtype].high or 0))
    a, b = data.draw(numbers), data.draw(numbers)
    assume(op not in DIVISIONS or (b != 0 and not (b == -1 and a == DTYPES[dtype].low)))
    result = "bool" if op in ("lt", "le", "eq", "ne") else dtype
    wide = [np.full(3, v, lanes.numpy_dtype(dtype)) for v in (a, b)]
    assert lanes.apply(op, wide, result).tolist() == [apply(op, [a, b], dtype, result)] * 3


@given(st.sampled_from(FLOATS), st.floats(-1e3, 1e3, width=32), st.floats(-1e3, 1e3, width=32))
def test_floats_agree_with_the_scalar_meaning(op: str, a: float, b: float) -> None:
    given_ = [a] if op in FLOATS[8:] else [a, b]
    result = "bool" if op in ("lt", "le") else "f32"
    got = lanes.apply(op, [np.float32(v) for v in given_], result)
    want = apply(op, given_, "f32", result)
    assert float(got) == pytest.approx(float(want), rel=1e-6, nan_ok=True) or (math.isinf(want) and got == want)


@given(
    st.sampled_from(("i8", "u8", "i32", "i64")),
    st.sampled_from(("floor", "ceil", "trunc", "nearest")),
    st.sampled_from(("wrap", "saturate")),
    st.floats(-1e6, 1e6),
)
def test_casts_agree_with_the_scalar_meaning(dtype: str, rounding: str, mode: str, value: float) -> None:
    assert int(lanes.convert(np.float64(value), dtype, rounding, mode)) == convert(value, dtype, rounding, mode)


def test_nothing_faults_in_a_lane() -> None:
    zero, one = np.zeros(2, np.int32), np.ones(2, np.int32)
    assert lanes.apply("tdiv", [one, zero], "i32").dtype == np.int32
    assert lanes.convert(np.float32("nan"), "i32") == 0
    assert np.isinf(lanes.apply("div", [np.float32(1), np.float32(0)], "f32"))


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(IrError, match="no meaning"):
        lanes.apply("teleport", [np.float32(1)], "f32")
    with pytest.raises(IrError, match="NumPy has no bf16"):
        lanes.numpy_dtype("bf16")


def test_loads_outside_do_not_fault_and_stores_do() -> None:
    array, beyond = np.arange(4.0), (np.array([0, 9]),)
    assert lanes.load(array, beyond)[0] == 0.0
    assert lanes.load(np.zeros(0), beyond).shape == (2,)
    with pytest.raises(RunFailure, match="outside"):
        lanes.store(array, beyond, np.float64(1))
    lanes.store(array, beyond, np.float64(7), np.array([True, False]))
    assert array.tolist() == [7, 1, 2, 3]


def test_an_update_counts_every_lane_that_is_on() -> None:
    array, mask = np.zeros(2), np.array([True, True, False])
    lanes.update("add", array, (np.int64(0),), np.float64(2), mask)
    lanes.update("add", array, (np.array([1, 1, 1]),), np.float64(1), mask)
    lanes.update("max", array, (np.int64(1),), np.array([9.0, 8.0, 10.0]), np.zeros(3, bool))
    assert array.tolist() == [4, 2]
