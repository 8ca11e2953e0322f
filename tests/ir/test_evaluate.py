"""The vectorised evaluator against the scalar interpreter, and its own promises."""

from __future__ import annotations

import importlib.util
import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.evaluate import Choices, Interval, evaluate, evaluate_summary
from accelcore.ir.interpret import interpret
from accelcore.values import Summary

_spec = importlib.util.spec_from_file_location("ir_strategies", pathlib.Path(__file__).with_name("strategies.py"))
S = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(S)


def number(value):
    return (
        [number(v) for v in value]
        if isinstance(value, list)
        else value
        if isinstance(value, bool | int)
        else float(value)
    )


def outcome(run):
    """A value, or None where it does not exist."""
    try:
        return run()
    except IrError:
        return None


@given(S.tensors(), st.data())
def test_agrees_with_the_interpreter(e, data):
    sizes = data.draw(S.SIZES)
    inputs = data.draw(S.inputs(sizes))
    want = outcome(lambda: interpret(e, inputs, sizes))
    got = outcome(lambda: evaluate(e, inputs, sizes))
    if want is None or got is None:
        assert want is got
        return
    np.testing.assert_array_equal(np.asarray(got, object), np.asarray(number(want), object))


@given(S.tensors(), st.data())
def test_bound_covers_the_rounded_value(e, data):
    sizes = data.draw(S.SIZES)
    inputs = data.draw(S.inputs(sizes))
    plain = outcome(lambda: evaluate(e, inputs, sizes))
    found = outcome(lambda: evaluate(e, inputs, sizes, with_bound=True))
    if plain is None:
        return
    assert found is not None and found.covers(plain).all()
    assert found.value.shape == np.shape(plain) == found.bound.shape
