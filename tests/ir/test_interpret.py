"""The interpreter's own arithmetic, against NumPy's and hand-made cases."""

from __future__ import annotations

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.engine.rounding import round_float
from accelcore.ir.interpret import convert, interpret, rounded

FLOATS = st.floats(allow_nan=False) | st.floats(-1e-38, 1e-38) | st.floats(-1e-4, 1e-4)
KINDS = {"f16": np.float16, "f32": np.float32, "f64": np.float64}


@given(FLOATS, st.sampled_from(list(KINDS)))
def test_rounding_agrees_with_numpy(value, dtype):
    exact = Fraction(value) if math.isfinite(value) else value
    with np.errstate(over="ignore"):
        want = float(KINDS[dtype](value))
    assert float(rounded(exact, dtype)) == want
    assert float(round_float(np.array(value), dtype)) == want


@given(st.floats(-1e30, 1e30) | st.floats(-1e-36, 1e-36), st.sampled_from(["nearest", "trunc", "floor", "ceil"]))
def test_both_engines_round_alike(value, rounding):
    for dtype in ("bf16", "f16", "f32"):
        want = rounded(Fraction(value), dtype, rounding)
        assert float(round_float(np.array(value), dtype, rounding)) == float(want)


@given(st.floats(-(2.0**126), 2.0**126, width=32))
def test_bf16_agrees_with_ml_dtypes(value):
    assert float(rounded(Fraction(value), "bf16")) == float(ml_dtypes.bfloat16(np.float32(value)))
    assert E.const(value, "bf16").value == float(ml_dtypes.bfloat16(np.float32(value)))


@given(
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
)
def test_machine_floats_round_every_operation(a, b):
    x, y = E.param("x", "f32"), E.param("y", "f32")
    with np.errstate(all="ignore"):
        for op, function in (("add", np.add), ("mul", np.multiply), ("sub", np.subtract)):
            want = float(function(np.float32(a), np.float32(b)))
            assert float(interpret(E.binary(op, x, y), {"x": a, "y": b}, {})) == want


@pytest.mark.parametrize(
    ("value", "target", "rounding", "mode", "want"),
    [
        (Fraction(5, 2), "int", "nearest", "wrap", 2),
        (Fraction(7, 2), "int", "nearest", "wrap", 4),
        (Fraction(-5, 2), "int", "trunc", "wrap", -2),
        (Fraction(-5, 2), "int", "floor", "wrap", -3),
        (Fraction(-5, 2), "int", "ceil", "wrap", -2),
        (300, "u8", "nearest", "wrap", 44),
        (-1, "u8", "nearest", "wrap", 255),
        (200, "i8", "nearest", "wrap", -56),
        (300, "u8", "nearest", "saturate", 255),
        (-300, "i8", "nearest", "saturate", -128),
        (Fraction(10**40), "f32", "nearest", "wrap", math.inf),
        (Fraction(10**40), "f32", "nearest", "saturate", Fraction(3.4028234663852886e38)),
        (3, "bool", "nearest", "wrap", True),
    ],
)
def test_casts(value, target, rounding, mode, want):
    source = "int" if isinstance(value, int) else "real"
    assert convert(value, source, target, rounding, mode) == want


@pytest.mark.parametrize(
    ("value", "target"), [(300, "u8"), (Fraction(10**40), "f32"), (math.inf, "int"), (math.nan, "i8")]
)
def test_exact_casts_state_that_the_value_fits(value, target):
    with pytest.raises(IrError):
        convert(value, "real" if not isinstance(value, int) else "int", target, "nearest", "exact")


def test_reals_are_exact_unless_told_otherwise():
    third = E.const(1.0) / 3.0
    assert interpret(third * 3.0, {}, {}) == 1
    assert interpret(third + third + third, {}, {}) == 1
    assert interpret(third, {}, {}, exact=False) == Fraction(1 / 3)


def test_infinities_and_nan():
    x = E.param("x", "f32")
    assert interpret(x / 0.0, {"x": 1.0}, {}) == math.inf
    assert math.isnan(interpret(x / 0.0, {"x": 0.0}, {}))
    assert interpret(E.call("isinf", x * 2.0), {"x": 3e38}, {}) is True
    assert interpret(E.call("log", x), {"x": 0.0}, {}) == -math.inf
    assert math.isnan(interpret(E.call("sqrt", x), {"x": -1.0}, {}))
    assert interpret(E.call("exp", x), {"x": 1000.0}, {}) == math.inf


def test_only_the_chosen_branch_is_computed():
    v = E.array("v", "i32", 1)
    assert interpret(E.select(E.const(False), v[9], v[0]), {"v": [5]}, {}) == 5
    assert interpret(E.binary("lor", E.const(True), v[9] < v[0]), {"v": [5]}, {}) is True


@pytest.mark.parametrize("e", [E.call("f", E.const(1.0)), E.param("q", "f32"), E.size("q"), E.array("q", "f32", 1)[0]])
def test_missing_meanings_are_named(e):
    with pytest.raises(IrError, match=r"uninterpreted|no value"):
        interpret(e, {}, {})


def test_functions_can_be_given():
    assert interpret(E.call("f", E.const(2.0)), {}, {}, functions={"f": lambda x: x * 10}) == 20
