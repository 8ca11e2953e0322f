"""The interpreter: exact numbers, typed storage, honest errors, inputs left alone."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from accelcore.errors import UsageError
from accelcore.ir.expr import param
from accelcore.values import Source
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.interpret import ProgramError, interpret
from accelcore_llmlift.program import Program


def program(text: str, entry: str = "f") -> Program:
    return program_of(Source(text, "python", entry, "test.py"))


SCALE = '''
def f(x: "f32[n]", s: "f32"):
    for i in range(len(x)):
        x[i] *= s
'''


def test_inputs_are_copied() -> None:
    given = [1.0, 2.0]
    assert interpret(program(SCALE), {"x": given, "s": 3.0})["x"] == [3.0, 6.0]
    assert given == [1.0, 2.0]


def test_arrays_are_read_as_lists_are() -> None:
    given = {"x": np.array([1.0, 2.0], dtype=np.float32), "s": np.float32(3.0)}
    assert interpret(program(SCALE), given)["x"] == [3.0, 6.0]


def test_stores_round_to_their_storage() -> None:
    third = interpret(program(SCALE), {"x": [1.0], "s": 1 / 3})["x"][0]
    assert third == float(np.float32(1 / 3)) != 1 / 3


def test_integers_are_exact_and_must_fit() -> None:
    text = 'def f(x: "u8[n]", k: int) -> "u8[n]":\n    return [v * k for v in x]\n'
    assert interpret(program(text), {"x": [5, 51], "k": 5})["out"] == [25, 255]
    with pytest.raises(ProgramError, match="256 does not fit u8"):
        interpret(program(text), {"x": [64], "k": 4})


def test_sums_of_fractions_stay_fractions() -> None:
    text = "def f(x):\n    s = x[0]\n    for i in range(1, len(x)):\n        s += x[i]\n    return s\n"
    program_ = replace(program(text), results=(("s", param("s", "real")),))
    got = interpret(program_, {"x": [Fraction(1, 3), Fraction(1, 3)]})["s"]
    assert got == Fraction(2, 3) and isinstance(got, Fraction)


@pytest.mark.parametrize(
    ("text", "inputs", "message"),
    [
        ('def f(x: "f32[n]", i: "i32[n]"):\n    return [x[v] for v in i]\n', {"x": [1.0], "i": [1]}, "outside"),
        ('def f(x: "f32[n]"):\n    return [1 / v for v in x]\n', {"x": [0.0]}, "division by zero"),
        ("def f(x: int, y: int):\n    return x // y\n", {"x": 1, "y": 0}, "zero"),
        ('def f(x: "f32[n]"):\n    s = 0.0\n    for v in x:\n        assert v > 0\n        s += v\n    return s\n',
         {"x": [-1.0]}, "assertion"),
    ],
)  # fmt: skip
def test_a_failing_program_says_how(text: str, inputs: dict[str, object], message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        interpret(program(text), inputs)


def test_a_missing_input_is_named() -> None:
    with pytest.raises(UsageError, match="no input for 's'"):
        interpret(program(SCALE), {"x": [1.0]})


def test_an_input_of_the_wrong_rank_is_refused() -> None:
    with pytest.raises(UsageError, match="axes"):
        interpret(program('def f(x: "f32[m, n]"):\n    return x[0][0]\n'), {"x": [1.0]})


def test_contradicting_sizes_are_refused() -> None:
    text = 'def f(x: "f32[n]", y: "f32[n]"):\n    return [a + b for a, b in zip(x, y)]\n'
    with pytest.raises(UsageError, match="axis 0 of 'y' has 1 elements, n is 2"):
        interpret(program(text), {"x": [1.0, 2.0], "y": [1.0]})


def test_while_loops_run_as_they_are() -> None:
    text = "def f(n: int):\n    k = 0\n    m = n\n    while m > 1:\n        m = m // 2\n        k += 1\n    return k\n"
    assert interpret(program(text), {"n": 40}) == {"k": 5}
