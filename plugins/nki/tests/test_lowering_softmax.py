"""A softmax in front of a product, a block of scores at a time: right at ragged sizes, with masks, in batches."""

from dataclasses import replace

import numpy as np
import pytest
from nki_lowering import FAST, M, N, matrix, real, run, task_of

from accelcore.errors import IllegalRewrite
from accelcore.ir.expr import array, binary, call, cast, comp, const, index, reduce, select, size
from accelcore.values import Param, Role
from accelcore_nki.lowering import kernel
from accelcore_nki.lowering.turns import clock

D = size("d")
Q, K, V = (array(name, "f32", 2) for name in "qkv")
ONLINE = (*FAST[:-1], "hoist(both)", "keys(128)")
SCHEDULES = (
    ("rows(whole)", "keys(256)"),
    ONLINE,
    (*ONLINE, "pipeline(2)"),
    (*ONLINE, "pipeline(3)", "turns(clock)", "split(operands)"),
)


def softmax_of(score, i, j, extent):
    """The softmax's weight of j, in the way that loops write it."""
    top = reduce("max", extent, lambda s: score(i, s))
    total = reduce("sum", extent, lambda s: call("exp", score(i, s) - top))
    return call("exp", score(i, j) - top) / total


def attention(name, score, extent=lambda i: N, *, rows=M, dtype="f32", more=()):
    """out[i, p] = sum over j of softmax(score)[i, j] * v[j, p]."""

    def element(i, p):
        return reduce("sum", extent(i), lambda j: softmax_of(score, i, j, extent(i)) * real(array("v", dtype, 2)[j, p]))

    e = comp(rows, lambda i: comp(D, lambda p: cast(element(i, p), "f32")))
    given = [Param(a, dtype, (s, D), Role.IN) for a, s in (("q", rows), ("k", N), ("v", N))]
    sizes = {"m": 3, "n": 5, "d": 4} if rows is M else {"n": 5, "d": 4}
    return task_of(name, e, *given, *more, Param("y", "f32", (rows, D), Role.OUT), sizes=sizes)


def dot(i, j, dtype="f32"):
    q, k = array("q", dtype, 2), array("k", dtype, 2)
    return reduce("sum", D, lambda p: real(q[i, p]) * real(k[j, p]))


def scaled(i, j):
    return dot(i, j) * 0.25


def numbers(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape).astype("f4")


def softmax(s):
    e = np.exp(s - s.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("m", "n", "d"), [(130, 300, 20), (5, 3, 140), (129, 128, 1)])
def test_attention(schedule, m, n, d):
    q, k, v = numbers(m, d), numbers(n, d) * 3, numbers(n, d)
    got = run(attention("attention", scaled), schedule, {"q": q, "k": k, "v": v}, {"m": m, "n": n, "d": d})
    np.testing.assert_allclose(got, softmax(0.25 * q @ k.T) @ v, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_bias_on_the_scores(schedule):
    bias = array("b", "f32", 2)
    task = attention("biased", lambda i, j: dot(i, j) + real(bias[i, j]), more=(matrix("b", M, N),))
    q, k, v, b = numbers(130, 8), numbers(200, 8), numbers(200, 8), numbers(130, 200)
    got = run(task, schedule, {"q": q, "k": k, "v": v, "b": b}, {"m": 130, "n": 200, "d": 8})
    np.testing.assert_allclose(got, softmax(q @ k.T + b) @ v, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_each_row_sees_what_is_before_it(schedule):
    task = attention("causal", scaled, lambda i: i + 1, rows=N)
    q, k, v = numbers(150, 8), numbers(150, 8), numbers(150, 8)
    scores = np.where(np.tri(150, dtype=bool), 0.25 * q @ k.T, -np.inf)
    got = run(task, schedule, {"q": q, "k": k, "v": v}, {"n": 150, "d": 8})
    np.testing.assert_allclose(got, softmax(scores) @ v, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_masked_scores(schedule):
    def masked(i, j):
        return select(binary("le", j, i), dot(i, j), const(-1e9, "real"))

    q, k, v = numbers(140, 8), numbers(150, 8), numbers(150, 8)
    scores = np.where(np.tri(140, 150, dtype=bool), q @ k.T, -1e9)
    got = run(attention("masked", masked), schedule, {"q": q, "k": k, "v": v}, {"m": 140, "n": 150, "d": 8})
    np.testing.assert_allclose(got, softmax(scores) @ v, rtol=2e-4, atol=2e-5)


def test_weights_of_two_bf16_are_nearly_as_good_as_float32():
    """bf16 operands: one bf16 for the weights would be 2**-9 off, two are not."""
    import ml_dtypes

    task = attention("narrow", lambda i, j: dot(i, j, "bf16") * 0.25, dtype="bf16")
    q, k, v = (numbers(n, 16).astype(ml_dtypes.bfloat16) for n in (130, 40, 40))
    given = {"q": q, "k": k, "v": v}
    text = kernel(task, SCHEDULES[-1]).text
    assert text.count("nl.subtract") == 2
    got = run(task, SCHEDULES[-1], given, {"m": 130, "n": 40, "d": 16})
    wide = {name: value.astype("f8") for name, value in given.items()}
    wanted = softmax(0.25 * wide["q"] @ wide["k"].T) @ wide["v"]
    assert np.abs(got - wanted).max() < 2.0**-13


HALF = (*FAST[:-1], "hoist(both)", "weights(half)")


@pytest.mark.parametrize(
    "schedule",
    [
        (*HALF, "keys(512)"),
        (*HALF, "keys(1024)", "pipeline(2)", "turns(clock)", "steps(2)", "detour(2)"),
    ],
)
@pytest.mark.parametrize(("m", "n", "d"), [(130, 2100, 20), (5, 2048, 140)])
def test_float16_weights_where_the_sum_is_long(schedule, m, n, d):
    """Blocks with maxima of their own, the largest rows first and last; results are as near as float32 sums."""
    import ml_dtypes

    task = replace(attention("long", lambda i, j: dot(i, j, "bf16") * 0.25, dtype="bf16"), sizes=())
    q, k, v = (numbers(rows, d).astype(ml_dtypes.bfloat16) for rows in (m, n, n))
    k = k * np.linspace(0.1, 3, n).astype(ml_dtypes.bfloat16)[:, None]
    given = {"q": q, "k": k, "v": v}
    assert "nl.float16" in kernel(task, schedule).text
    got = run(task, schedule, given, {"m": m, "n": n, "d": d}, near=2e-3)
    wide = {name: value.astype("f8") for name, value in given.items()}
    weights = softmax(0.25 * wide["q"] @ wide["k"].T)
    assert (np.abs(got - weights @ wide["v"]) <= 2.0**-11 * (weights @ np.abs(wide["v"])) + 2.0**-20).all()


def test_float16_weights_are_refused_for_short_sums():
    """A rounding of 2**-11 is within the bound of a sum of 2048 terms, not of a short one: the domain says so."""
    task = attention("short", lambda i, j: dot(i, j, "bf16") * 0.25, dtype="bf16")
    with pytest.raises(IllegalRewrite, match="2048"):
        kernel(task, (*HALF, "keys(512)"))
    domain = kernel(replace(task, sizes=()), (*HALF, "keys(512)")).domain
    assert binary("le", index(2048), N) in domain
    with pytest.raises(IllegalRewrite, match="PSUM"):
        kernel(replace(task, sizes=()), (*HALF, "keys(4096)"))


def test_a_causal_softmax_keeps_its_weights_wide():
    """The first rows have few terms however long the last ones are."""
    task = replace(attention("causal", lambda i, j: dot(i, j, "bf16"), lambda i: i + 1, rows=N, dtype="bf16"), sizes=())
    assert "nl.float16" not in kernel(task, (*HALF, "keys(512)")).text


def test_scores_stay_on_the_chip():
    """A kernel with keys(...) never keeps a tile of all scores."""
    text = kernel(attention("attention", scaled), ONLINE).text
    assert "scores = nl.ndarray((pn, jn), dtype=nl.float32, buffer=nl.psum)" in text
    assert "on_chip(pn, n," not in text


def test_a_softmax_without_a_product_is_left_alone():
    x = array("x", "f32", 2)
    e = comp(M, lambda i: comp(N, lambda j: cast(softmax_of(lambda a, b: real(x[a, b]), i, j, N), "f32")))
    task = task_of("plain", e, matrix("x", M, N), matrix("y", M, N, role=Role.OUT), sizes={"m": 3, "n": 5})
    assert kernel(task, ONLINE).text.splitlines()[1:] == kernel(task, ONLINE[:-1]).text.splitlines()[1:]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nisa.nc_matmul(sums, a[0:4, x:y], b[k][:, 0:5])", 'yield "tensor", 4, sums, a[0:4, x:y], b[k][:, 0:5]'),
        ("nisa.tensor_tensor(t, a, b, nl.add, engine=nisa.engine.gpsimd)", 'yield "gpsimd", 1, t, a, b'),
        ("nisa.tensor_tensor(t, a, b, nl.add)", 'yield "vector", 2, t, a, b'),
        ("nisa.dma_copy(dst=t, src=x.ap([[n, pn], [1, fn]], f0))", 'yield "dma", 1, t'),
        ("nisa.memset(t, 0.0)", 'yield "vector", 1, t'),
        ("room = free_scores.pop(0)", 'yield "take", free_scores'),
        ("count = min(4, n)", ""),
        ("nisa.iota(t, [[1, fn]], p0, 0)", 'yield "gpsimd", 1, t'),
        ("nisa.scalar_tensor_tensor(t, t, nl.multiply, c, op1=nl.add, operand1=s)", 'yield "vector", 2, t, t, s'),
    ],
)
def test_what_tiles_say_of_their_next_instruction(line, said):
    assert clock(line) == said
