"""Versions for known sizes: the same results at those and at all others, numbers for extents, rewrites of either."""

from __future__ import annotations

import pytest
from loop_tasks import SIZES, TASKS, check, program

from accelcore.loops import schedule
from accelcore.loops.edit import loops_of
from accelcore.loops.moves import recipe, recipes
from accelcore.loops.nodes import Allocate, For, If, Memory, Program, statements
from accelcore.loops.unit import VectorUnit

UNIT = VectorUnit("avx512", 64, 32, masks=True, fma=True)
HERE = {"m": 5, "n": 19, "k": 7}


def texts(sizes: dict[str, int]) -> str:
    return f"specialize({', '.join(f'{name}={n}' for name, n in sizes.items())})"


def version(made: Program) -> If:
    (both,) = made.body
    assert isinstance(both, If)
    return both


@pytest.mark.parametrize("sizes", [HERE, {"m": 5, "n": 19, "k": 8}, {"m": 1, "n": 1, "k": 1}])
@pytest.mark.parametrize("name", ["product", "softmax", "swiglu", "chain", "columns", "transposition", "histogram"])
def test_results_at_its_sizes_and_at_others(name: str, sizes: dict[str, int]) -> None:
    known = {s for b in program(name).arguments for e in b.shape for s in e.sizes}
    made = schedule.apply(program(name), texts({s: n for s, n in HERE.items() if s in known}))
    check(made, TASKS[name], {**SIZES, **sizes})


def test_the_version_has_numbers_for_extents_and_no_empty_tails() -> None:
    made = schedule.replay(program("product"), ["tile(i, 4, j, interleave=2)", texts({"m": 8, "n": 32, "k": 16})])
    inside = version(made)
    extents = [f.extent for f in loops_of(inside.then)]
    assert extents and all(e.op == "const" and e.value > 0 for e in extents)
    assert len(extents) < len(list(loops_of(inside.otherwise)))  # no rows are left of tiles of four
    check(made, TASKS["product"], {**SIZES, "m": 8, "n": 32, "k": 16})
    check(made, TASKS["product"], {**SIZES, "m": 9, "n": 33, "k": 17})


def test_each_version_is_rewritten_by_the_names_of_its_loops() -> None:
    made = schedule.replay(program("product"), [texts({"m": 8, "n": 32, "k": 16}), "tile(i2, 8, j2)", "tile(i, 4, j)"])
    tall = [f.extent.value for f in loops_of(version(made).then) if f.kind == "unroll"]
    assert set(tall) == {8}
    assert 4 in [f.extent.value for f in loops_of(version(made).otherwise) if f.kind == "unroll"]
    for rows in (8, 7):
        check(made, TASKS["product"], {**SIZES, "m": rows, "n": 32, "k": 16})


def test_a_second_version_is_tested_for_after_the_first() -> None:
    made = schedule.replay(program("product"), [texts({"n": 4}), texts({"n": 9})])
    first = version(made)
    (second,) = first.otherwise
    assert isinstance(second, If) and all(isinstance(s, For) for s in second.otherwise)
    for n in (4, 9, 5):
        check(made, TASKS["product"], {**SIZES, "n": n})


def test_the_scratch_is_measured_by_sizes_not_by_a_version() -> None:
    made = schedule.apply(program("chain"), texts(HERE))
    places = [s.buffer for s in statements(version(made).then) if isinstance(s, Allocate)]
    kept = [b for b in places if b.memory is Memory.WORKSPACE]
    assert kept and all(e.sizes for b in kept for e in b.shape)


@pytest.mark.parametrize("sizes", [{"m": 16, "n": 16, "k": 16}, {"m": 320, "n": 16, "k": 20}])
def test_rules_make_a_version_of_small_products(sizes: dict[str, int]) -> None:
    steps = recipe(program("product"), UNIT, sizes)
    assert steps[0] == texts(dict(sorted(sizes.items())))
    assert "tile(i2, 16, j2)" in steps
    made = schedule.replay(program("product"), steps)
    for one in (sizes, HERE, {"m": 1, "n": 1, "k": 1}):
        check(made, TASKS["product"], {**SIZES, **one})


@pytest.mark.parametrize("sizes", [{}, {"m": 1, "n": 512, "k": 512}, {"m": 1024, "n": 1024, "k": 1024}])
def test_rules_leave_sizes_open_where_they_bound_nothing(sizes: dict[str, int]) -> None:
    assert not any(text.startswith("specialize") for text in recipe(program("product"), UNIT, sizes))


def test_a_loop_of_just_a_block_is_jammed_whole() -> None:
    made = schedule.replay(program("vector"), [texts({"m": 4, "k": 7}), "jam(i2, 4)"])
    assert all(f.kind == "unroll" for f in loops_of(version(made).then) if f.iterator != "j2")
    for rows in (4, 5):
        check(made, TASKS["vector"], {**SIZES, "m": rows, "k": 7})


def test_rules_offer_an_epilogue_inside_the_tile() -> None:
    offered = recipes(program("swiglu"), UNIT, {"m": 64, "n": 64, "k": 64})
    assert any("apart" in text for text in offered[0])
    within = next(steps for steps in offered if not any("apart" in text for text in steps))
    made = schedule.replay(program("swiglu"), within)
    for one in ({"m": 64, "n": 64, "k": 64}, HERE):
        check(made, TASKS["swiglu"], {**SIZES, **one})
