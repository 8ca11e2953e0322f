"""Moves and code: groups are a choice, what cannot fit is left out, and the code knows no vector length."""

from __future__ import annotations

import re

import pytest
from rvv_tasks import matmul, scaled

from accelcore.loops import schedule
from accelcore.loops.lower import lower
from accelcore.loops.nodes import For, statements
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
