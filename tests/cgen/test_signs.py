"""Sums with their halves apart have the value that they had, however they wrap."""

from __future__ import annotations

import random

import pytest

from accelcore.cgen import counting, signs
from accelcore.ir.expr import Expr, binary, cast, const, param, select
from accelcore.ir.interpret import interpret

BYTES = [param(name, "u8") for name in "abcdef"]


def wide(dtype: str) -> list[Expr]:
    return [cast(b, dtype) for b in BYTES]


def mixed() -> Expr:
    """As interval analysis leaves it: the first sums without a sign."""
    a, b, c, d, e, f = BYTES
    first = cast(cast(a, "u16") + const(2, "u16") * cast(b, "u16") + cast(c, "u16"), "i16")
    product = cast(const(200, "u16") * cast(e, "u16"), "i16", "nearest", "wrap")
    return first - cast(d, "i16") - product - cast(f, "i16")


def plain(dtype: str) -> Expr:
    a, b, c, d, e, f = wide(dtype)
    return a + b * const(2, dtype) - (c - d) - e * f


@pytest.mark.parametrize("e", [mixed(), plain("u16"), plain("i16"), plain("i32")])
def test_the_value_stays(e: Expr) -> None:
    apart = signs.apart(e)
    assert apart is not e and apart.op == "sub" and signs.apart(apart) is apart
    rng = random.Random(1)
    for _ in range(200):
        values = {b.name: rng.choice((0, 255, rng.randrange(256))) for b in BYTES}
        assert interpret(apart, values, {}) == interpret(e, values, {})


def test_what_gains_nothing_stays() -> None:
    a, b, c, *_ = wide("i16")
    x, y = (param(name, "i16") for name in "xy")
    for e in (a + b - c, a - b, (x + y) - (x - y), binary("mul", a, b)):
        assert signs.apart(e) is e


def test_additions_that_count() -> None:
    holds = binary("lt", BYTES[0], BYTES[1])
    one, zero = const(1, "i32"), const(0, "i32")
    assert counting.condition("add", select(holds, one, zero)) is holds
    assert counting.condition("add", cast(holds, "i32")) is holds
    assert counting.condition("max", select(holds, one, zero)) is None
    assert counting.condition("add", select(holds, zero, one)) is None
    assert counting.condition("add", select(holds, const(1.0, "f32"), const(0.0, "f32"))) is None
