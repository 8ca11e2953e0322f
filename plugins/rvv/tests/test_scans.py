"""Running sums and extremes in lanes: written by slides, right at every vector length, found by the moves."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from rvv_sweep import LIMITS, compared, lifted

from accelcore.judge.pool import Pool
from accelcore.pipeline.benches import judged_once
from accelcore.values import Artifact, Role, Source, Task, sizes_of
from accelcore_rvv.cpus import VLENS
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.host import RvvHostEvaluator
from accelcore_rvv.target import RvvTarget

_RUNNING = """
def running(x: "{given}[n]") -> "{result}[n]":
    n = len(x)
    out = [0 for _ in range(n)]
    s = {start}
    for i in range(n):
        s = {update}
        out[i] = s
    return out
"""
ROWS = """
def rows(x: "f32[m, n]") -> "f32[m, n]":
    m, n = len(x), len(x[0])
    out = [[0.0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        s = 1.0
        for j in range(n):
            s += x[i][j]
            out[i][j] = s
    return out
"""
BOTH = """
def both(x: "f32[n]", a: "f32") -> "f32[n], f32[n], f32":
    n = len(x)
    out = [0.0 for _ in range(n)]
    other = [0.0 for _ in range(n)]
    s = a
    for i in range(n):
        s += x[i] * x[i]
        out[i] = s
        other[i] = s * 2 - x[i]
    return out, other, s
"""
COUNTED = """
def counted(x: "f32[n]") -> "i32[n]":
    n = len(x)
    out = [0 for _ in range(n)]
    s = 0
    for i in range(n):
        if x[i] > 0.5:
            s += 1
        out[i] = s
    return out
"""

PLACES = """
def places(x: "u8[n]") -> "i64[n]":
    n = len(x)
    out = [0 for _ in range(n)]
    s = 0
    for i in range(n):
        out[i] = s
        s += x[i]
    return out
"""


def running(update: str, given: str, result: str = "", start: str = "0") -> str:
    return _RUNNING.format(update=update, given=given, result=result or given, start=start)


CASES = {
    "sums of f32": (running("s + x[i]", "f32", start="0.0"), 2, "vfadd_vv_f32m2"),
    "sums of f64": (running("s + x[i]", "f64", start="0.0"), 4, "vfadd_vv_f64m4"),
    "sums of i16 as i64": (running("s + x[i]", "i16", "i64"), 8, "vadd_vv_i64m8"),
    "sums of i32": (running("s + x[i]", "i32"), 2, "vadd_vv_i32m2"),
    "sums of u8 as u32": (running("s + x[i]", "u8", "u32"), 8, "vadd_vv_u32m8"),
    "maxima of f32": (running("max(s, x[i])", "f32", start="x[0]"), 1, "vfmax_vv_f32m1"),
    "maxima of u8": (running("max(s, x[i])", "u8"), 8, "vmaxu_vv_u8m8"),
    "minima of i16": (running("min(s, x[i])", "i16", start="100"), 4, "vmin_vv_i16m4"),
    "products of f32": (running("s * x[i]", "f32", start="1.0"), 2, "vfmul_vv_f32m2"),
    "rows": (ROWS, 2, "vfadd_vv_f32m2"),
    "several results": (BOTH, 2, "vfadd_vv_f32m2"),
    "sums before": (PLACES, 4, "vadd_vv_i64m4"),
    "counts": (COUNTED, 2, "vadd_vv_i32m2"),
}  # fmt: skip


def task_of(text: str) -> Task:
    return lifted(Source(text, "python", text.split("(")[0].removeprefix("\ndef ")))


def scheduled(text: str, group: int) -> tuple[str, ...]:
    """The schedule that scans the innermost loop at a register grouping."""
    return (f"scan_lanes({'j' if 'for j' in text else 'i'}, interleave={group})",)


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("name", CASES)
def test_a_scan_is_written_by_slides_and_right(name: str) -> None:
    text, group, expected = CASES[name]
    task = task_of(text)
    kernel = RvvTarget().kernel(task, scheduled(text, group))
    assert expected in kernel.text and "slideup" in kernel.text and "one by one" not in kernel.text, kernel.text
    (built,) = RvvEvaluator().build(task, [kernel], limits=LIMITS)
    assert isinstance(built, Artifact), built.log
    found = compared(name, task, built, vector=True)
    assert found.result == "right" and found.calls >= 12, found


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("name", ["sums of f32", "maxima of u8", "several results"])
def test_the_host_gives_the_same(name: str) -> None:
    text, group, _ = CASES[name]
    task = task_of(text)
    kernel = RvvTarget().kernel(task, scheduled(text, group))
    (here,), (there,) = (one.build(task, [kernel], limits=LIMITS) for one in (RvvHostEvaluator(), RvvEvaluator()))
    assert isinstance(here, Artifact) and isinstance(there, Artifact), (here, there)
    pool = Pool(task, seed=3)
    try:
        with RvvHostEvaluator().open(here, limits=LIMITS) as ours, RvvEvaluator().open(there, limits=LIMITS) as theirs:
            for n in (0, 1, 33, 130, 999):
                one, other = (pool.trial(sizes_of({"n": n}), 1).fresh() for _ in range(2))
                assert ours.call([one], {"n": n}) is None
                theirs.run_at(VLENS[n % 4], other, {"n": n})
                for result in (p.name for p in task.params if p.role is Role.OUT):
                    np.testing.assert_allclose(one[result], other[result], rtol=1e-4)
    finally:
        pool.close()


@pytest.mark.parametrize("dtype", ["f32", "i32"])
def test_every_grouping_is_proposed(dtype: str) -> None:
    target, task = RvvTarget(), task_of(running("s + x[i]", dtype, start="0.0" if dtype == "f32" else "0"))
    texts = [move.name for move in target.moves(task, target.lower(task))]
    groups = [int(m) for t in texts for m in re.findall(r"scan_lanes\(i\); interleave\(i, (\d)\)", t)]
    assert sorted(groups) == [1, 2, 4, 8]


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("cpu", ["spacemit-x60", "sifive-p670"])
def test_lanes_beat_one_by_one_in_the_model(cpu: str) -> None:
    """Modelled cycles, which are the same in every run."""
    task, target = task_of(running("max(s, x[i])", "f32", start="x[0]")), RvvTarget(cpu=cpu)
    task = replace(task, sizes=(sizes_of({"n": 500}),))
    kernels = [target.lower(task), target.kernel(task, ("scan_lanes(i, interleave=2)",))]
    costs = [judged_once(RvvEvaluator(cpu=cpu), task, kernel, limits=LIMITS).cost for kernel in kernels]
    assert costs[0] is not None and costs[1] is not None and costs[1].value * 2 < costs[0].value
