"""Programs that were damaged at random are lifted or refused with a place; a front end never fails otherwise."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelcore.errors import UnsupportedSource, UsageError
from accelcore.values import Proof, Source, Verdict
from accelcore_llmlift.translator import CTranslator, PythonTranslator

PYTHON = '''
import math
import numpy as np

def helper(v, w):
    return v * w if v > 0 else w

def f(x: "f32[m, n]", y: "f32[n]", k: int) -> "f32[m, n]":
    m, n = len(x), len(y)
    out = [[0.0] * n for _ in range(m)]
    for i in range(m):
        total, best = 0.0, x[i][0]
        for j in range(1, n, 2):
            total += helper(x[i][j], y[j]) - math.exp(x[i][j])
            best = max(best, abs(x[i][j]))
        j = 0
        while j < n:
            out[i][j] = total / (best + 1.0) if j % 2 == 0 else min(total, y[j])
            j += 1
    return out
'''
C = """
#include <vector>
#define SCALE 3
typedef float real;
static real helper(real v, real w) { return v > 0 ? v * w : w; }
void f(const real *x, const real *y, real *out, int m, int n) {
    for (int i = 0; i < m; i++) {
        real total = 0, best = x[i * n];
        for (int j = 1; j < n; j += 2) {
            total += helper(x[i * n + j], y[j]) - SCALE * y[j];
            best = best > x[i * n + j] ? best : x[i * n + j];
        }
        for (int j = 0; j < n; j++) *out++ = j % 2 ? total / (best + 1) : y[j];
    }
}
"""
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


@st.composite
def damaged(draw, text: str) -> str:
    """The text with a few tokens dropped, doubled, swapped or replaced by others of it."""
    tokens = TOKEN.findall(text)
    for _ in range(draw(st.integers(1, 4))):
        at, other = draw(st.integers(0, len(tokens) - 1)), draw(st.integers(0, len(tokens) - 1))
        match draw(st.sampled_from(["drop", "double", "swap", "take", "foreign"])):
            case "drop":
                tokens[at] = ""
            case "double":
                tokens[at] += tokens[at]
            case "swap":
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case "take":
                tokens[at] = tokens[other]
            case "foreign":
                tokens[at] = draw(st.sampled_from(["0", "-1", "None", "[]", "(", "'", "\\", "\x00", "é", "@", "*"]))
    return "".join(tokens)


class Nobody:
    """A session in which nobody knows whether a summary is true, and nobody proposes one."""

    verdict = None

    def verify(self, task, summary):
        return Verdict(Proof.UNKNOWN, "nobody")

    def propose(self, requests):
        return iter(())


@pytest.mark.parametrize("language", ["python", "c", "c++"])
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_damaged_programs(language, data):
    text = data.draw(damaged(PYTHON if language == "python" else C))
    translator = PythonTranslator() if language == "python" else CTranslator()
    try:
        translator.lift(translator.task(Source(text, language, "f", "f"), {}), Nobody())
    except (UnsupportedSource, UsageError) as refusal:
        assert refusal.what
