"""Loops and schedules beside the C that they become.

Each file of tests/golden has four parts: the Python loops, the schedule, the scheduled loops, the kernel.  The first
two are the input; ACCELCORE_UPDATE_GOLDENS=1 writes the others anew: review the difference.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from rvv_sweep import lifted

from accelcore.loops.printer import text
from accelcore.values import Source
from accelcore_rvv.target import RvvTarget

FILES = sorted((Path(__file__).parent / "golden").glob("*.txt"))
BETWEEN = "\n=== {}\n\n"
PARTS = ("schedule", "loops", "kernel")


def split(whole: str) -> list[str]:
    parts = []
    for name in PARTS:
        part, _, whole = whole.partition(BETWEEN.format(name))
        parts.append(part)
    return [*parts, whole]


def made(loops: str, schedule: str) -> str:
    (function,) = (n for n in ast.parse(loops).body if isinstance(n, ast.FunctionDef))
    task, target = lifted(Source(loops, "python", function.name)), RvvTarget()
    steps = tuple(line for line in schedule.splitlines() if line)
    program, kernel = target.program(task, steps), target.kernel(task, steps)
    whole = loops
    for name, part in zip(PARTS, (schedule, f"{text(program).rstrip()}\n", kernel.text), strict=True):
        whole += BETWEEN.format(name) + part
    return whole


@pytest.mark.parametrize("file", FILES, ids=[f.stem for f in FILES])
def test_the_code_is_the_golden_one(file: Path) -> None:
    loops, schedule, *_ = split(file.read_text())
    found = made(loops, schedule)
    if os.environ.get("ACCELCORE_UPDATE_GOLDENS"):
        file.write_text(found)
    assert found == file.read_text()
