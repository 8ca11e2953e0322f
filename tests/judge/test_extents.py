"""Sizes: their expressions, domains, and those that are held out."""

from __future__ import annotations

import pytest

from accelcore.errors import UsageError
from accelcore.ir import expr as E
from accelcore.judge.extents import admits, held_out, number, shape
from accelcore.values import Kernel, Param, Summary, Task, sizes_of

N, M = E.size("n"), E.size("m")


@pytest.mark.parametrize(
    ("e", "value"),
    [
        (N - 2, 8), (N * M + 1, 31), (N // 3, 3), (-N // 3, -4), (N % 4, 2), (-N % 4, 2),
        (E.binary("tdiv", -N, 3), -3), (E.binary("trem", -N, 3), -1), (E.binary("max", N, M), 10),
        (E.select(N < M, N, M), 3), (E.index(5), 5),
    ],
)  # fmt: skip
def test_number(e, value):
    assert number(e, {"n": 10, "m": 3}) == value


def test_what_has_no_value():
    with pytest.raises(UsageError, match="size n"):
        number(N, {})
    with pytest.raises(UsageError, match="shape"):
        shape(Param("x", "f32", (N - 5,)), {"n": 2})
    kept = E.filtered(N, lambda k: E.array("x", "i32", 1)[k] < 0, lambda k: E.array("x", "i32", 1)[k])
    with pytest.raises(UsageError, match="depends on values") as refusal:
        shape(Param("out", "i32", E.shape(kept)), {"n": 10})
    assert "how many" in refusal.value.hint


def task(requires=(), sizes=({"n": 64, "m": 32},)):
    params = (Param("x", "f32", (N, M - 1)),)
    return Task("t", params, Summary(()), requires=requires, sizes=tuple(sizes_of(s) for s in sizes))


def test_held_out_sizes_are_admitted_and_new():
    found = held_out(task(), Kernel("", "c", "k"), 6, seed=1)
    assert len(found) == 6
    assert found[0] == sizes_of({"n": 1, "m": 1})
    assert sizes_of({"n": 64, "m": 32}) not in found
    odd = E.binary("eq", N % 2, 1)
    assert all(dict(s)["n"] % 2 for s in held_out(task(requires=(odd,)), Kernel("", "c", "k"), 6, seed=1))


def test_a_specialised_kernel_gets_none():
    only = Kernel("", "c", "k", domain=(E.binary("eq", N, 64), E.binary("eq", M, 32)))
    assert held_out(task(), only, 6, seed=1) == ()
    assert admits(task(), only, {"n": 64, "m": 32})
    assert not admits(task(), only, {"n": 65, "m": 32})
    assert not admits(task(), Kernel("", "c", "k"), {"n": 3, "m": 0})  # an extent would be negative


def test_a_task_without_sizes():
    plain = Task("t", (Param("x", "f32", ()),), Summary(()))
    assert held_out(plain, Kernel("", "c", "k"), 3, seed=1) == ()
