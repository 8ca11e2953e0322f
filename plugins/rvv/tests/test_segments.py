"""Segments, narrow offsets and searches that end early: written where they should be, right at every vector length."""

from __future__ import annotations

import pytest
from rvv_sweep import LIMITS, compared, lifted

from accelcore.values import Artifact, Source
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.target import RvvTarget

PAIRS = """
def pairs(x: "f32[n, 2]") -> "f32[n, 2]":
    n = len(x)
    out = [[0.0, 0.0] for _ in range(n)]
    for i in range(n):
        out[i][0] = x[i][0] - x[i][1]
        out[i][1] = x[i][0] + x[i][1]
    return out
"""
OUTER = """
def outer(x: "i16[n, 4]") -> "i32[n]":
    n = len(x)
    out = [0 for _ in range(n)]
    for i in range(n):
        out[i] = x[i][0] - x[i][2]
    return out
"""
SHIFTED = """
def shifted(x: "f32[n]", m: int) -> "f32[m]":
    out = [0.0 for _ in range(m)]
    for i in range(m):
        out[i] = x[2 * i] + x[2 * i + 1] + x[2 * i + 2]
    return out
"""
TURNED = """
def turned(x: "u8[m, n]") -> "u8[n, m]":
    m, n = len(x), len(x[0])
    out = [[0 for _ in range(m)] for _ in range(n)]
    for j in range(n):
        for i in range(m):
            out[j][i] = 255 - x[i][j]
    return out
"""
TABLE = """
def table(x: "i32[300]", at: "u8[n]") -> "i64[n]":
    n = len(at)
    out = [0 for _ in range(n)]
    for i in range(n):
        out[i] = x[at[i] + 3]
    return out
"""
EVERY = """
def every(x: "f64[n]", at: "i32[m]") -> "f64[m]":
    m = len(at)
    out = [0.0 for _ in range(m)]
    for i in range(m):
        out[i] = x[at[i]]
    return out
"""
ARGMIN = """
def argmin(x: "i16[n]") -> "i32":
    n = len(x)
    best = x[0]
    place = 0
    for i in range(1, n):
        if x[i] < best:
            best = x[i]
            place = i
    return place
"""
CASES = {
    "records": (PAIRS, ("unroll(j, 0)", "vectorize(i)", "interleave(i, 4)"), ("vlseg2e32", "vsseg2e32")),
    "some fields": (OUTER, ("vectorize(i)", "interleave(i, 2)"), ("vlsseg3e16",)),
    "overlapping": (SHIFTED, ("vectorize(i)",), ("vlseg2e32", "vlse32")),
    "rows to columns": (TURNED, ("vectorize(i)", "jam(j, 8)"), ("vssseg8e8",)),
    "too wide for a segment": (TURNED, ("vectorize(i)", "jam(j, 8)", "interleave(i, 8)"), ("vsse8",)),
    "bytes as offsets": (TABLE, ("vectorize(i)",), ("vluxei16",)),
    "search": (ARGMIN, ("two_pass(i)", "simd(interleave=2)"), ("vfirst", "break;")),
}  # fmt: skip


MIRRORED = """
def mirrored(x: "{dtype}[n, {fields}]") -> "{dtype}[n, {fields}]":
    n = len(x)
    out = [[0 for _ in range({fields})] for _ in range(n)]
    for i in range(n):
        for j in range({fields}):
            out[i][j] = x[i][{fields} - 1 - j]
    return out
"""
RECORDS = [(d, 2, g) for d in ("u8", "i8", "i16", "u32", "f32") for g in (1, 4)]
RECORDS += [(d, 4, g) for d in ("u8", "i16") for g in (1, 2)]


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(("dtype", "fields", "group"), RECORDS)
def test_records_are_split_and_joined_where_segments_are_slow(dtype: str, fields: int, group: int) -> None:
    task = lifted(Source(MIRRORED.format(dtype=dtype, fields=fields), "python", "mirrored"))
    kernel = RvvTarget(cpu="spacemit-x60").kernel(task, ("unroll(j, 0)", "vectorize(i)", f"interleave(i, {group})"))
    assert f"ac_split{fields}_{dtype}m{group}(" in kernel.text and f"ac_join{fields}_{dtype}m{group}(" in kernel.text
    assert "seg" not in kernel.text
    (built,) = RvvEvaluator().build(task, [kernel], limits=LIMITS)
    assert isinstance(built, Artifact), built.log
    found = compared("mirrored", task, built, vector=True)
    assert found.result == "right" and found.calls >= 12, found


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("name", CASES)
def test_it_is_written_and_right(name: str) -> None:
    text, schedule, expected = CASES[name]
    entry = text.split("(")[0].removeprefix("\ndef ")
    task = lifted(Source(text, "python", entry))
    kernel = RvvTarget(cpu="sifive-x280").kernel(task, schedule)
    assert all(part in kernel.text for part in expected), kernel.text
    (built,) = RvvEvaluator().build(task, [kernel], limits=LIMITS)
    assert isinstance(built, Artifact), built.log
    found = compared(name, task, built, vector=True)
    assert found.result == "right" and found.calls >= 12, found


def test_offsets_are_as_wide_as_the_extents_may_be() -> None:
    task = lifted(Source(EVERY, "python", "every"))
    assert "vluxei64" in RvvTarget().kernel(task, ("vectorize(i)",)).text
