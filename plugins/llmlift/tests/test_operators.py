"""Loops are read back as the operators that they compute, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelcore import lift

PROGRAMS = {
    "matvec(a, x)": """
def f(a, x):
    out = []
    for i in range(len(a)):
        s = 0.0
        for j in range(len(x)):
            s += a[i][j] * x[j]
        out.append(s)
    return out
""",
    "matmul(a, b)": """
def f(a, b, out):
    n, k = a.shape
    _, m = b.shape
    for i in range(n):
        for j in range(m):
            acc = 0.0
            for p in range(k):
                acc += a[i, p] * b[p, j]
            out[i, j] = acc
""",
    "matmul(transpose(a, axes=(1, 0)), b)": """
def f(a, b, m, n, k):
    out = [[0.0] * n for _ in range(m)]
    for p in range(k):
        for i in range(m):
            for j in range(n):
                out[i][j] += a[p][i] * b[p][j]
    return out
""",
    "softmax(x)": """
import numpy as np
def f(x: "f32[m, n]"):
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        e = np.exp(x[i] - x[i].max())
        out[i] = e / e.sum()
    return out
""",
    "conv2d(img, ker)": """
import numpy as np
def f(img: "f32[h, w]", ker: "f32[p, q]"):
    h, w = img.shape
    p, q = ker.shape
    out = np.zeros((h - p + 1, w - q + 1))
    for i in range(h - p + 1):
        for j in range(w - q + 1):
            out[i, j] = np.sum(img[i:i + p, j:j + q] * ker)
    return out
""",
}


@pytest.mark.parametrize(("reading", "source"), PROGRAMS.items())
def test_a_loop_nest_is_read_as_its_operator(reading: str, source: str, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(source)
    (function,) = lift(path).functions
    assert str(function.verdict.proof) == "proved"
    assert function.operators == f"out = {reading}"
    assert function.json()["operators"] == function.operators


def test_what_has_no_name_has_no_operators(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text("def f(x):\n    return [v + 1.0 for v in x]\n")
    (function,) = lift(path).functions
    assert function.operators is None
