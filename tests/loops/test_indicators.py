"""Sums over what falls into each place become one pass; those whose places may lie outside stay sums."""

from __future__ import annotations

import pytest
from loop_tasks import SIZES, check, f32, fits, n, real, task, whole, x1

from accelcore.ir.expr import Expr, array, binary, comp, const, index, reduce, select, walk
from accelcore.loops.lower import lower
from accelcore.loops.moves import recipe
from accelcore.loops.nodes import Accumulate, Program, statements
from accelcore.loops.printer import text
from accelcore.loops.schedule import replay
from accelcore.loops.unit import VectorUnit
from accelcore.values import Task

a, b = array("a", "u8", 1), array("b", "u8", 1)
WIDE = VectorUnit("wide", bytes=64, registers=32, masks=True, fma=True)


def falls(i: Expr, value: Expr) -> Expr:
    return binary("eq", fits(whole(value), "i64"), i)


def counted(places: int) -> Task:
    def count(i: Expr) -> Expr:
        return fits(reduce("sum", n, lambda q: select(falls(i, a[q]), const(1), const(0))), "i32")

    return task("t", f"a: u8[n] -> y: i32[{places}]", comp(index(places), count))


def weighted() -> Task:
    def total(i: Expr) -> Expr:
        few = lambda q: binary("land", falls(i, a[q]), binary("lt", whole(b[q]), const(100)))  # noqa: E731 - a formula
        return f32(reduce("sum", n, lambda q: select(few(q), real(x1[q]), const(0.0, "real"))))

    return task("t", "a: u8[n]; b: u8[n]; x: f32[n] -> y: f32[256]", comp(index(256), total))


def joint() -> Task:
    def count(i: Expr, j: Expr) -> Expr:
        both = lambda q: binary("land", falls(i, a[q]), falls(j, b[q]))  # noqa: E731 - a formula
        return fits(reduce("sum", n, lambda q: select(both(q), const(1), const(0))), "i32")

    value = comp(index(256), lambda i: comp(index(256), lambda j: count(i, j)))
    return task("t", "a: u8[n]; b: u8[n] -> y: i32[256, 256]", value)


def scatters(made: Program) -> bool:
    return any(isinstance(s, Accumulate) and any("get" in _ops(e) for e in s.indices) for s in statements(made.body))


def _ops(e: Expr) -> set[str]:
    return {node.op for node in walk(e)}


@pytest.mark.parametrize("make", [lambda: counted(256), lambda: counted(300), weighted, joint])
def test_one_pass_adds_to_places(make: object) -> None:
    assert callable(make)
    t = make()
    assert scatters(lower(t)), text(lower(t))
    check(lower(t), t, SIZES)


def test_a_place_that_may_lie_outside_stays_a_comparison() -> None:
    t = counted(200)
    assert not scatters(lower(t))
    check(lower(t), t, SIZES)


def test_the_recipe_spreads_a_histogram_over_copies() -> None:
    t = counted(256)
    steps = recipe(lower(t), WIDE)
    assert any(s.startswith("privatize(") for s in steps)
    check(replay(lower(t), steps), t, SIZES)
