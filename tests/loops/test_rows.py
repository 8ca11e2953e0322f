"""Matrix times vector: rows side by side where the matrix comes from memory."""

from __future__ import annotations

import pytest
from loop_tasks import SIZES, TASKS, check, program

from accelcore.loops import schedule
from accelcore.loops.analysis import rows_summed
from accelcore.loops.moves import recipe, recipes
from accelcore.loops.unit import VectorUnit

UNIT = VectorUnit("avx512", 64, 32, masks=True, fma=True)
FAR, NEAR = {"m": 4096, "k": 4096}, {"m": 64, "k": 64}


def test_a_matrix_from_memory_is_summed_by_eight_rows_at_once() -> None:
    assert recipe(program("vector"), UNIT, FAR)[0] == "jam(i, 8)"
    assert not any("jam" in text for text in recipe(program("vector"), UNIT, NEAR))
    assert any("jam(i, 8)" in steps for steps in recipes(program("vector"), UNIT, NEAR))


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 20])
def test_results_with_rows_that_are_left_over(rows: int) -> None:
    made = schedule.replay(program("vector"), recipe(program("vector"), UNIT, FAR))
    check(made, TASKS["vector"], {**SIZES, "m": rows, "k": 37})


@pytest.mark.parametrize("name", ["softmax", "layernorm", "product", "dot", "argmax", "transposition"])
def test_other_reductions_are_left_alone(name: str) -> None:
    assert not rows_summed(program(name))
