"""Held-out sizes for which there are inputs: an array may be too short for what a task stores in it."""

from __future__ import annotations

from accelcore.ir.expr import array, binary, cast, comp, get, reduce, select, size
from accelcore.judge import Pool
from accelcore.judge.extents import held_out
from accelcore.values import Kernel, Param, Role, Summary, Task, sizes_of

N, P = size("n"), size("p")
X = array("x", "i32", 1)
KERNEL = Kernel("", "c", "one")


def task(requirement):
    """y[i] = x[i] where there is one."""
    params = (Param("x", "i32", (N,)), Param("y", "i32", (P,), Role.OUT))
    post = comp(P, lambda i: cast(select(binary("lt", i, N), cast(get(X, i), "int"), 0), "i32"))
    return Task("one", params, Summary((("y", post),)), requires=(requirement,), sizes=(sizes_of({"n": 40, "p": 40}),))


def rare(k):
    return binary("eq", cast(get(X, k), "int"), 123456789)


def test_sizes_without_inputs_are_replaced():
    """Each place of x is one of y, unless x holds a rare number there: by chance only where n <= p."""
    requirement = reduce("all", N, lambda k: binary("lor", binary("lt", k, P), rare(k)))
    pool = Pool(task(requirement), seed=1)
    found = held_out(pool.task, KERNEL, 3, 3, pool.possible)
    assert len(found) == 3 and all(dict(s)["n"] <= dict(s)["p"] for s in found)
    assert any(dict(s)["n"] > dict(s)["p"] for s in held_out(pool.task, KERNEL, 12, 3))


def test_nothing_is_drawn_where_every_input_will_do(monkeypatch):
    pool = Pool(task(binary("le", N, P + 100)), seed=1)
    monkeypatch.setattr(pool, "trial", None)  # a call would fail
    assert pool.possible(sizes_of({"n": 3, "p": 2}))
