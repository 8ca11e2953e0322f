"""Chosen values stored side by side in lanes: by vcompress, right at every vector length, found by the moves."""

from __future__ import annotations

import pytest
from rvv_sweep import LIMITS, compared, lifted

from accelcore.values import Artifact, Source, Task
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.target import RvvTarget

_CHOSEN = """
def chosen(x: "{given}[n]", out: "{given}[n]"):
    n = len(x)
    k = 0
    for i in range(n):
        if {condition}:
            out[k] = {value}
            k += 1
    return k
"""
BOTH = """
def both(x: "f32[n]", t: "f32", high: "f32[n]", at: "i32[n]"):
    n = len(x)
    k = 0
    for i in range(n):
        y = x[i] * x[i]
        if y > t:
            high[k] = y - t
            at[k] = i
            k += 1
    return k
"""
PARTED = """
def parted(x: "i16[n]") -> "i16[n]":
    n = len(x)
    out = [0 for _ in range(n)]
    k = 0
    for i in range(n):
        if x[i] % 2 == 0:
            out[k] = x[i]
            k += 1
    for i in range(n):
        if x[i] % 2 != 0:
            out[k] = x[i]
            k += 1
    return out
"""


def chosen(given: str, condition: str, value: str = "x[i]") -> str:
    return _CHOSEN.format(given=given, condition=condition, value=value)


CASES = {
    "floats above": (chosen("f32", "x[i] > 0.25"), 1, 1),
    "bytes": (chosen("u8", "x[i] > 100"), 4, 1),
    "doubles in a range": (chosen("f64", "-1.0 < x[i] and x[i] < 0.5", "x[i] * 2"), 2, 1),
    "wide groups": (chosen("i32", "x[i] > 0"), 8, 1),
    "neighbours": (chosen("i32", "i > 0 and x[i - 1] < x[i]"), 1, 1),
    "values and places": (BOTH, 2, 2),
    "two passes": (PARTED, 1, 2),
}  # fmt: skip


def task_of(text: str) -> Task:
    return lifted(Source(text, "python", text.split("(")[0].removeprefix("\ndef ")))


def scheduled(task: Task, group: int) -> tuple[str, ...]:
    """All loops that store what they choose, at one register grouping."""
    from accelcore.loops.compact_loops import compacting
    from accelcore.loops.nodes import For

    body = RvvTarget().program(task, ()).body
    found = [s.iterator for s in body if isinstance(s, For) and compacting(s) is not None]
    return tuple(f"compact_lanes({i}, interleave={group})" for i in found)


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("name", CASES)
def test_chosen_values_are_compressed_and_right(name: str) -> None:
    text, group, times = CASES[name]
    task = task_of(text)
    kernel = RvvTarget().kernel(task, scheduled(task, group))
    assert kernel.text.count("_vcompress_vm_") == times and "one by one" not in kernel.text, kernel.text
    (built,) = RvvEvaluator().build(task, [kernel], limits=LIMITS)
    assert isinstance(built, Artifact), built.log
    found = compared(name, task, built, vector=True)
    assert found.result == "right" and found.calls >= 24, found


def test_the_first_move_compresses() -> None:
    task = task_of(CASES["floats above"][0])
    target = RvvTarget()
    seed = target.lower(task)
    assert "compact_lanes" in target.moves(task, seed)[0].name
