"""Copies of operands in blocks of blocks, whose inner blocks are as long as the outer ones leave them."""

from __future__ import annotations

import pytest
from loop_tasks import SIZES, TASKS, check, program

from accelcore.errors import IllegalRewrite
from accelcore.loops import schedule
from accelcore.loops.moves import recipe
from accelcore.loops.nodes import Allocate, Program, statements
from accelcore.loops.unit import VectorUnit

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


@pytest.mark.parametrize(
    ("sizes", "copied"), [((250, 250, 250), True), ((256, 256, 256), False), ((16, 250, 250), False)]
)
def test_rules_copy_rows_that_are_no_whole_vectors_where_many_share_them(sizes: tuple[int, ...], copied: bool) -> None:
    known = dict(zip("mnk", sizes, strict=True))
    steps = recipe(program("product"), VectorUnit("avx512", 64, 32, masks=True, fma=True, l1=48 << 10), known)
    assert any("pack=B" in text for text in steps) is copied
