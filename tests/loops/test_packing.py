"""Copies of operands in blocks of blocks, whose inner blocks are as long as the outer ones leave them."""

from __future__ import annotations

import pytest
from loop_tasks import SIZES, TASKS, check, program

from accelcore.errors import IllegalRewrite
from accelcore.loops import schedule
from accelcore.loops.nodes import Allocate, Program, statements

BLOCKS = ("split(j, 8)", "reorder(i, jo)", "split(ji, 3)", "reorder(i, jio)")


def shapes(made: Program) -> list[tuple[object, ...]]:
    return [tuple(getattr(e, "value", e.name) if e.op == "const" else e.name for e in s.buffer.shape)
            for s in statements(made.body) if isinstance(s, Allocate) and "packed" in s.buffer.name]  # fmt: skip


@pytest.mark.parametrize("n", [1, 3, 8, 9, 19])
def test_blocks_of_blocks_are_packed_one_after_the_other(n: int) -> None:
    made = schedule.replay(program("product"), [*BLOCKS, "pack(B, jio, last=jii)", "reorder(jio2, k3)"])
    assert shapes(made) == [(3, "k", 3)]
    check(made, TASKS["product"], {**SIZES, "n": n})


def test_a_block_is_not_copied_in_an_order_in_which_its_length_is_not_known() -> None:
    """With jio last, its block of jii would be copied before jio says how long it is."""
    blocked = schedule.replay(program("product"), BLOCKS)
    with pytest.raises(IllegalRewrite, match="the extent of jii depends on jio"):
        schedule.apply(blocked, "pack(B, jio, last=jio)")
