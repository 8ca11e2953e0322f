"""An export for another machine: compiled by the cross compiler, checked on the emulator, without a wrapper."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import accelcore

LOOP = """
def double(x: "f32[n]") -> "f32[n]":
    n = len(x)
    y = [0.0 for _ in range(n)]
    for i in range(n):
        y[i] = 2.0 * x[i] + 1.0
    return y
"""


@pytest.mark.usefixtures("emulator")
def test_make_check_runs_on_the_emulator(tmp_path: Path) -> None:
    (tmp_path / "double.py").write_text(LOOP)
    found = accelcore.compile(
        tmp_path / "double.py", target="rvv", sizes={"n": 100}, max_evaluations=2, out=tmp_path / "out",
        runs=tmp_path / "runs", cache=False,
    )  # fmt: skip
    assert found.json()["grade"] == "derived"
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"kernel.c", "kernel.h", "check.c", "Makefile"} <= files and "wrapper.py" not in files
    done = subprocess.run(["make", "check"], cwd=tmp_path / "out", capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "0 wrong" in done.stdout, done.stdout + done.stderr
