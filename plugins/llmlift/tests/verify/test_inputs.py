"""Concrete inputs hold what parameters can hold: else a difference of two shows digits that no kernel sees."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from accelcore.ir.expr import cast, comp, const
from accelcore.values import Source
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.verify.inputs import draws
from accelcore_llmlift.verify.symbolic import solved

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file; test folders are no packages
from verify_programs import task_of

TEXT = """
def marked(x: "{dtype}[n]", a: "{dtype}", n: int) -> "{dtype}[n]":
    out = [0.0] * n
    for i in range(n):
        out[i] = 1.0 if x[i] - a == 0.3 else 70000.5
    return out
"""


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32"])
def test_every_value_is_one_of_its_dtype(dtype):
    text = TEXT.replace("{dtype}", dtype)
    _, summary = task_of(text)
    program = program_of(Source(text, "python", "marked"))
    ((name, result),) = summary.post
    wrong = replace(summary, post=((name, comp(result.args[0], lambda _: cast(const(70000.5), dtype))),))
    drawn, models = [*draws(program, summary, (), 20, 1)], [*solved(program, wrong, (), time.monotonic() + 60)]
    assert drawn and models
    values = {v for one in (*drawn, *models) for v in (one.values["a"], *one.values["x"])}
    assert not values & {0.3, -0.2, 0.8}
    assert all(math.isfinite(v) and const(v, dtype).value == v for v in values)
    assert any(abs(v - 0.3) < 0.01 for v in values), "the neighbourhood of constants is still tried"
