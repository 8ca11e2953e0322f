"""Moves are few, legal and the same every time; recipes reach the schedules that experts write."""

from __future__ import annotations

import pytest
from loop_tasks import SIZES, TASKS, check, program

from accelcore.loops import Kind, VectorUnit, schedule
from accelcore.loops.analysis import contractions
from accelcore.loops.edit import loops_of
from accelcore.loops.moves import MOST, Plan, moves, recipe, recipes
from accelcore.loops.nodes import Program, Store, statements
from accelcore.loops.printer import text
from accelcore.loops.rewrites import parse
from accelcore.loops.rewrites.compose import Tile
from accelcore.loops.tiling import product_of, ranked

WIDE = VectorUnit("wide", bytes=64, registers=32, masks=True, fma=True)
NARROW = VectorUnit("narrow", bytes=16, registers=16)
LARGE = dict.fromkeys(SIZES, 1024)


def vectors(made: Program) -> list[str]:
    return [f.iterator for f in loops_of(made.body) if f.kind in (Kind.VECTOR, Kind.SCAN, Kind.COMPACT)]


@pytest.mark.parametrize("name", sorted(TASKS))
def test_moves_are_few_and_the_same_every_time(name: str) -> None:
    first = moves(program(name), WIDE, LARGE)
    assert len(first) <= MOST
    assert first == moves(program(name), WIDE, LARGE)
    assert len(set(first)) == len(first)


@pytest.mark.parametrize("unit", [WIDE, NARROW], ids=lambda u: u.name)
@pytest.mark.parametrize("name", sorted(TASKS))
def test_recipes_mean_the_same(name: str, unit: VectorUnit) -> None:
    for steps in recipes(program(name), unit, LARGE)[:6]:
        check(schedule.replay(program(name), steps), TASKS[name], SIZES)


SEQUENTIAL = {"positive", "lookup", "triangle", "placed", "kept"}
"""Data-dependent places and reversed strides: only gathers could vectorize these."""


@pytest.mark.parametrize("name", sorted(set(TASKS) - SEQUENTIAL))
def test_recipes_vectorize(name: str) -> None:
    assert vectors(schedule.replay(program(name), recipe(program(name), WIDE)))


EXPECTED = [
    ("softmax", "materialize(j3, j, to=y)"), ("softmax", "reciprocal(j)"), ("layernorm", "hoist(j)"),
    ("product", "tile(i, 6, j, interleave=4)"), ("swiglu", "fuse(k2, k3)"), ("argmax", "two_pass(j)"),
    ("argmax_fold", "two_pass(i)"), ("running", "scan_lanes(i)"), ("attention", "isolate(j3)"),
    ("attention", "tile(i, 6, j3, interleave=4, panel=64, pack=key)"), ("convolution", "tile(j, 6, k, interleave=4)"),
    ("packed", "compact_lanes(i)"), ("parted", "compact_lanes(i2)"),
    ("transposition", "turn(i, j, 16)"), ("dot", "simd(interleave=4)"), ("blend", "simd(interleave=4)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "step"), EXPECTED, ids=[f"{n}-{s}" for n, s in EXPECTED])
def test_recipes_know_the_form(name: str, step: str) -> None:
    assert step in recipe(program(name), WIDE)


@pytest.mark.parametrize("name", ["softmax", "residual", "product", "vector", "argmax", "running", "transposition"])
def test_a_few_greedy_steps_reach_the_recipe(name: str) -> None:
    """What a recipe does is among the single moves of the states on its way."""
    made = program(name)
    for step in recipe(made, WIDE):
        singles = {part.strip() for entry in moves(made, WIDE) for part in entry.split(";")}
        assert step in singles
        made = schedule.apply(made, step)


@pytest.mark.parametrize("unit", [WIDE, NARROW], ids=lambda u: u.name)
def test_tiles_fit_the_register_file(unit: VectorUnit) -> None:
    """Sums, one vector of each column group, and a broadcast."""
    offered = [parse(t) for t in moves(program("product"), unit) if t.startswith("tile(") and ";" not in t]
    assert offered
    for tile in offered:
        assert isinstance(tile, Tile)
        assert tile.rows * tile.interleave + tile.interleave + 1 <= unit.registers


def test_known_sizes_choose_the_tile() -> None:
    few_rows = recipes(program("product"), WIDE, {"m": 8, "n": 512, "k": 512})[:3]
    assert any(steps[0].startswith("tile(i, 8") for steps in few_rows)
    one_row = recipe(program("product"), WIDE, {"m": 1, "n": 512, "k": 512})
    assert one_row[0] == "tile(i, 1, j, interleave=16)", "one row has registers for many columns"
    large = recipe(program("product"), WIDE, {"m": 2048, "n": 2048, "k": 2048})
    assert any("pack=B" in step for step in large)
    assert not any("pack" in step for step in recipe(program("product"), WIDE, {"m": 64, "n": 64, "k": 64}))


def test_rows_that_are_no_whole_lines_are_turned_into_a_block_first() -> None:
    """Only results beyond the second cache are written around the caches."""
    whole, part = ({"m": m, "n": 4097} for m in (1024, 1023))
    assert recipe(program("transposition"), WIDE, whole)[0] == "turn(i, j, 16)"
    assert recipe(program("transposition"), WIDE, part)[0] == "turn(i, j, 16, stage=256)"
    assert recipe(program("transposition"), WIDE, {"m": 30, "n": 30})[0] == "turn(i, j, 16)"
    others = [steps[0] for steps in recipes(program("transposition"), WIDE, whole)]
    assert "turn(i, j, 16, stage=256)" in others


@pytest.mark.parametrize("rows", [1, 5, 16, 32, 64, 100, 1024])
@pytest.mark.parametrize("columns", [16, 40, 512])
def test_tiles_for_known_sizes_fit_and_waste_little(rows: int, columns: int) -> None:
    found = product_of(program("product"), contractions(program("product"))[0], WIDE,
                       {"m": rows, "n": columns, "k": 64})  # fmt: skip
    best, *others = ranked(found, WIDE)
    assert best.rows <= rows and 16 * best.vectors < columns + 16
    assert all((s.rows + (s.rows > 1)) * s.vectors + 1 <= WIDE.registers for s in (best, *others))


def test_long_sums_are_taken_in_blocks() -> None:
    """A panel of 64 columns and all of k would not stay in the second cache."""
    long = recipe(program("product"), WIDE, {"m": 256, "n": 256, "k": 1 << 16})
    assert long[0] == "deepen(k2, i, 256)" and long[1].startswith("tile(i2, 6, j2")
    check(schedule.replay(program("product"), ("deepen(k2, i, 4)", *long[1:])), TASKS["product"], SIZES)
    assert not any("deepen" in step for step in recipe(program("product"), WIDE, LARGE))


def test_plans_decide_what_recipes_leave_open() -> None:
    steps = recipe(program("product"), WIDE, plan=Plan(rows=4, vectors=2, panel=1, pack=True, stream=True))
    assert steps[0] == "tile(i, 4, j, interleave=2, panel=32, pack=B)"
    made = schedule.replay(program("product"), steps)
    assert all(s.stream for s in statements(made.body) if isinstance(s, Store) and s.buffer == "y")


def test_bands_keep_intermediates_small() -> None:
    steps = recipe(program("attention"), WIDE, plan=Plan(band=48))
    made = schedule.replay(program("attention"), steps)
    assert "workspace f32[48, n]" in text(made)
    check(made, TASKS["attention"], SIZES)


def test_heavy_epilogues_are_set_apart() -> None:
    assert any("apart=1" in step for step in recipe(program("gelu"), WIDE))
    assert not any("apart" in step for step in recipe(program("product"), WIDE))
