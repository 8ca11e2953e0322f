"""Neighbouring elements by slides: written where a schedule asks for them, right at every length, proposed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rvv_sweep import LIMITS, compared, lifted

from accelcore.pipeline.benches import judged_once
from accelcore.values import Artifact, Source, Task, sizes_of
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.target import RvvTarget

TAPS = """
def taps(x: "f32[n]", f: "f32[5]") -> "f32[n-4]":
    n = len(x)
    out = [0.0 for _ in range(n - 4)]
    for i in range(n - 4):
        s = 0.0
        for j in range(5):
            s += f[j] * x[i + j]
        out[i] = s
    return out
"""
BLUR = """
def blur(x: "u8[n]") -> "u8[n-2]":
    n = len(x)
    out = [0 for _ in range(n - 2)]
    for i in range(n - 2):
        out[i] = (x[i] + 2 * x[i + 1] + x[i + 2] + 2) // 4
    return out
"""
EDGES = """
def edges(x: "i16[m, n]") -> "i16[m-2, n-2]":
    m, n = len(x), len(x[0])
    out = [[0 for _ in range(n - 2)] for _ in range(m - 2)]
    for i in range(m - 2):
        for j in range(n - 2):
            across = x[i][j] + x[i][j + 2] - x[i + 2][j] - x[i + 2][j + 2]
            out[i][j] = min(max(across + 2 * (x[i][j + 1] - x[i + 2][j + 1]), -255), 255)
    return out
"""
WAVE = """
def wave(u: "f64[n+2]", v: "f64[n]") -> "f64[n]":
    n = len(v)
    out = [0.0 for _ in range(n)]
    for i in range(n):
        out[i] = 2 * u[i + 1] - v[i] + 0.25 * (u[i] - 2 * u[i + 1] + u[i + 2])
    return out
"""
CASES = {
    "taps, one": (TAPS, ("vectorize(i)", "unroll(j, 0)", "interleave(i, 4)", "slides(i)"), "vfslide1down_vf_f32m4", 2),
    "taps, all": (TAPS, ("vectorize(i)", "unroll(j, 0)", "interleave(i, 2)", "slides(i, 7)"), "slide1down_vf_f32m2", 4),
    "bytes": (BLUR, ("vectorize(i)", "interleave(i, 8)", "slides(i)"), "vslide1down_vx_u8m", 1),
    "rows": (EDGES, ("vectorize(j)", "interleave(j, 2)", "slides(j)"), "vslide1down_vx_i16m", 2),
    "doubles": (WAVE, ("vectorize(i)", "slides(i, 2)"), "vfslide1down_vf_f64m1", 2),
}  # fmt: skip


def task_of(text: str) -> Task:
    return lifted(Source(text, "python", text.split("(")[0].removeprefix("\ndef ")))


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("name", CASES)
def test_slides_are_written_and_right(name: str) -> None:
    text, schedule, expected, count = CASES[name]
    task = task_of(text)
    kernel = RvvTarget().kernel(task, schedule)
    assert kernel.text.count(expected) == count, kernel.text
    (built,) = RvvEvaluator().build(task, [kernel], limits=LIMITS)
    assert isinstance(built, Artifact), built.log
    found = compared(name, task, built, vector=True)
    assert found.result == "right" and found.calls >= 12, found


def test_slides_are_proposed_for_neighbours_only() -> None:
    def proposed(text: str) -> bool:
        task = task_of(text)
        return any("slides(" in m.name for m in RvvTarget().moves(task, RvvTarget().lower(task)))

    alone = TAPS.replace("x[i + j]", "x[i]")
    assert proposed(TAPS) and proposed(BLUR) and not proposed(alone)


@pytest.mark.usefixtures("emulator")
def test_slides_beside_loads_are_faster_where_both_run_at_once() -> None:
    """Modelled cycles, which are the same in every run."""
    task, target = replace(task_of(TAPS), sizes=(sizes_of({"n": 500}),)), RvvTarget(cpu="sifive-p670")
    steps = ("vectorize(i)", "unroll(j, 0)", "interleave(i, 4)")
    kernels = [target.kernel(task, steps), target.kernel(task, (*steps, "slides(i)"))]
    costs = [judged_once(RvvEvaluator(cpu="sifive-p670"), task, kernel, limits=LIMITS).cost for kernel in kernels]
    assert costs[0] is not None and costs[1] is not None and costs[1].value * 1.1 < costs[0].value
