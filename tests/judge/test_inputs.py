"""Drawing inputs: every family is what it says, bounds hold, requirements hold."""

from __future__ import annotations

import numpy as np
import pytest

from accelcore.errors import UsageError
from accelcore.ir import expr as E
from accelcore.judge.inputs import FAMILIES, draw
from accelcore.values import Bounds, InputSpec, Param, Role, Summary, Task

SIZES = {"n": 400}
N = E.size("n")


def drawn(dtype, family, requires=(), bounds=(), shape=(N,), seed=1):
    params = (Param("x", dtype, shape), Param("out", dtype, shape, Role.OUT))
    task = Task("t", params, Summary(()), requires=requires, inputs=InputSpec(bounds))
    return draw(task, SIZES, family, np.random.default_rng(seed))["x"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dtype", ["f32", "f64", "f16", "u8", "i8", "i32", "u64", "i64", "bool"])
def test_every_family_of_every_dtype(dtype, family):
    x = drawn(dtype, family)
    assert x.shape == (400,)
    assert np.isfinite(x.astype(float)).all()
    assert len(np.unique(x)) > 1


def test_families_differ_in_what_they_show():
    assert abs(drawn("f32", "normal").mean()) < 0.5
    assert drawn("f32", "shifted").min() > 2
    mixed = np.abs(drawn("f32", "mixed"))
    assert mixed.max() / mixed[mixed > 0].min() > 1e4
    assert set(np.unique(drawn("f32", "bits"))) == {0, 1}
    assert np.count_nonzero(drawn("f32", "one_hot")) == 1
    special = drawn("f32", "special")
    assert np.signbit(special[special == 0]).any()
    assert ((special != 0) & (np.abs(special) < np.finfo(np.float32).tiny)).any()
    full = drawn("i8", "full")
    assert (full.min(), full.max()) == (-128, 127)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3, 5), (2, None), (None, -1), (4, 4)])
def test_bounds_hold(family, low, high):
    for dtype in ("f32", "i32"):
        x = drawn(dtype, family, bounds=(Bounds("x", low, high),))
        assert low is None or x.min() >= low
        assert high is None or x.max() <= high


@pytest.mark.parametrize("family", FAMILIES)
def test_requirements_on_values_hold(family):
    x = E.array("x", "i32", 1)
    nowhere_zero = E.reduce("all", N, lambda i: E.binary("ne", x[i], 0))
    assert (drawn("i32", family, requires=(nowhere_zero,), bounds=(Bounds("x", -5, 5),)) != 0).all()
    indices = E.reduce("all", N, lambda i: E.binary("land", x[i] >= 0, E.cast(x[i], "i64") < N))
    got = drawn("i32", family, requires=(indices,))
    assert got.min() >= 0
    assert got.max() < 400


def test_impossible_requirements_are_the_tasks_fault():
    x = E.array("x", "i32", 1)
    never = E.reduce("all", N, lambda i: x[i] < x[i])
    with pytest.raises(UsageError, match="satisfy"):
        drawn("i32", "normal", requires=(never,))


def test_empty_and_scalar_shapes():
    assert drawn("f32", "one_hot", shape=(E.index(0),)).size == 0
    assert drawn("f32", "normal", shape=()).shape == ()


def test_equal_seeds_draw_equally():
    assert (drawn("f32", "normal", seed=3) == drawn("f32", "normal", seed=3)).all()
    assert (drawn("f32", "normal", seed=3) != drawn("f32", "normal", seed=4)).any()
