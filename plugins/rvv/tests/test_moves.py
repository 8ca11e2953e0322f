"""Moves and code: groups are a choice, what cannot fit is left out, and the code knows no vector length."""

from __future__ import annotations

import re

import pytest
from rvv_sweep import lifted
from rvv_tasks import matmul, scaled

from accelcore.loops import schedule
from accelcore.loops.lower import lower
from accelcore.loops.nodes import For, statements
from accelcore.values import Source
from accelcore_rvv.moves import moves, unit
from accelcore_rvv.pressure import REGISTERS, fits, needed
from accelcore_rvv.target import RvvTarget


def test_moves_are_legal_distinct_and_of_this_machine() -> None:
    program = lower(matmul())
    found = moves(program, 256, {"m": 48, "n": 96, "k": 48})
    texts = [text for text, _ in found]
    assert len(texts) == len(set(texts)) >= 5
    assert any("tile(" in text for text in texts)
    for text in texts:
        assert fits(schedule.apply(program, text)), text
        assert "stream" not in text and "interleave=3" not in text and "lanes=" not in text


def test_every_grouping_is_offered_for_a_plain_loop() -> None:
    texts = " | ".join(text for text, _ in moves(lower(scaled()), 256, {"n": 1000}))
    assert {f"interleave(i, {group})" for group in (1, 2, 4, 8)} <= set(re.findall(r"interleave\(i, \d\)", texts))


@pytest.mark.parametrize(("rows", "group", "fitting"), [(7, 4, True), (8, 4, False), (14, 2, True), (3, 8, True)])
def test_tiles_are_checked_against_the_registers(rows: int, group: int, fitting: bool) -> None:
    tiled = schedule.apply(lower(matmul()), f"tile(i, {rows}, j, interleave={group})")
    assert fits(tiled) is fitting


def test_what_is_needed_grows_with_the_group() -> None:
    program = lower(scaled())
    sizes = [needed(schedule.apply(program, f"vectorize(i, interleave={g})").loop("i")) for g in (1, 2, 4, 8)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1] <= REGISTERS


@pytest.mark.parametrize("group", [1, 2, 4, 8])
def test_the_group_is_in_the_code(group: int) -> None:
    text = RvvTarget().kernel(scaled(), (f"vectorize(i, interleave={group})",)).text
    assert f"vfloat32m{group}_t" in text and "__riscv_vsetvl_e" in text
    assert RvvTarget(vlen=1024).kernel(scaled(), (f"vectorize(i, interleave={group})",)).text == text


def test_accumulators_keep_their_tails() -> None:
    loops = [s.iterator for s in statements(lower(matmul()).body) if isinstance(s, For)]
    text = RvvTarget().kernel(matmul(), (f"vectorize({loops[-1]})",)).text
    assert "_tu(" in text and "vfredusum" in text


def test_no_register_is_kept_for_broadcasts() -> None:
    assert unit(256).registers == 33 and unit(256).bytes == 32


BLUR = """
def blur(x: "f32[m, n]") -> "f32[m-2, n-2]":
    m, n = len(x), len(x[0])
    out = [[0.0 for _ in range(n - 2)] for _ in range(m - 2)]
    for i in range(m - 2):
        for j in range(n - 2):
            out[i][j] = x[i][j] + x[i + 1][j + 1] + x[i + 2][j + 2]
    return out
"""
SCALED = BLUR.replace("x[i + 1][j + 1] + x[i + 2][j + 2]", "x[i][j + 1] + x[i][j + 2]")
DOT = """
def dot(x: "f32[n, 2]", y: "f32[n, 2]") -> "f32, f32":
    n = len(x)
    re = 0.0
    im = 0.0
    for i in range(n):
        re += x[i][0] * y[i][0] + x[i][1] * y[i][1]
        im += x[i][0] * y[i][1] - x[i][1] * y[i][0]
    return re, im
"""
HALVED = """
def halved(x: "u8[m, n]") -> "u8[m, n//2]":
    m, n = len(x), len(x[0])
    out = [[0 for _ in range(n // 2)] for _ in range(m)]
    for i in range(m):
        for j in range(n // 2):
            out[i][j] = (x[i][2 * j] + x[i][2 * j + 1] + 1) // 2
    return out
"""


def offered(loops: str) -> list[str]:
    entry = loops.split("(")[0].removeprefix("\ndef ")
    task, target = lifted(Source(loops, "python", entry)), RvvTarget()
    return [move.name for move in target.moves(task, target.lower(task))]


def test_rows_of_a_stencil_go_side_by_side() -> None:
    steps = "split(i, 4, tail=cut); reorder(ii, j); unroll(ii)"
    assert any(steps in text for text in offered(BLUR))
    assert not any("reorder" in text for text in offered(SCALED))


def test_rows_side_by_side_are_read_once() -> None:
    task, target = lifted(Source(BLUR, "python", "blur")), RvvTarget()
    steps = next(text for text in offered(BLUR) if "reorder(ii, j)" in text)
    text = target.kernel(task, tuple(steps.split("; "))).text
    assert text.count("vse32") == 5  # four rows, and one at a time for what is left


def test_sums_over_one_range_share_a_loop() -> None:
    assert offered(DOT)[0].startswith("fuse(i, i2); vectorize(i)")


def test_records_are_tried_along_the_innermost_loop_first() -> None:
    texts = offered(HALVED)
    first = {name: next(at for at, t in enumerate(texts) if t.startswith(f"vectorize({name})")) for name in "ij"}
    assert first["j"] < first["i"]
