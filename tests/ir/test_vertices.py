"""Bounds at the corners: exact where a value occurs twice, silent where intervals are exact already."""

from __future__ import annotations

from itertools import product

import pytest

from accelcore.ir.expr import Expr, param
from accelcore.ir.interpret import interpret
from accelcore.ir.ranges import interval
from accelcore.ir.vertices import bounds

A, B, W = (param(name, "int") for name in "abw")
SIDES = {"a": (0, 6), "b": (-2, 5), "w": (-3, 4)}


def found(e: Expr) -> tuple[int, int] | None:
    return bounds(e, lambda atom: SIDES[atom.name])


def every_value(e: Expr) -> list[int]:
    names = sorted(SIDES)
    return [
        int(interpret(e, dict(zip(names, values, strict=True)), {}))
        for values in product(*(range(SIDES[n][0], SIDES[n][1] + 1) for n in names))
    ]


@pytest.mark.parametrize(
    "e", [A * W + B * (4 - W), A - B * A + W * B, (A + W) * B - A, A + B * W - W, (A - W) - (B - W) * 3]
)
def test_bounds_are_the_extremes(e: Expr) -> None:
    values = every_value(e)
    assert found(e) == (min(values), max(values))
    assert interval(e, SIDES) == (min(values), max(values))


def test_a_blend_of_bytes_fits_sixteen_bits() -> None:
    blend = A * W + B * (255 - W) + 128
    assert interval(blend, dict.fromkeys("abw", (0, 255))) == (128, 65025 + 128)


def test_nothing_is_said_where_corners_do_not_tell() -> None:
    assert found(A * B + W) is None  # no value occurs twice
    assert found(A * A - A) is None  # a square has its extremes inside
    assert found(A * W) is None
    assert bounds(A * W + B * (4 - W), lambda _: (0, float("inf"))) is None
