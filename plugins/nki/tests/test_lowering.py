"""Summaries become NKI source that is right at all shapes under every schedule; what has no code says so."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from nki_lowering import FAST, M, N, X, matrix, real, run, task_of

from accelcore.errors import IllegalRewrite, UnsupportedLowering
from accelcore.ir.expr import array, binary, call, cast, comp, const, fold, get, param, reduce, scan, select, size
from accelcore.testing import small_tasks
from accelcore.values import Param, Role
from accelcore_nki.judging.interface import call_of
from accelcore_nki.lowering import kernel
from accelcore_nki.lowering.choices import MENU, choices
from accelcore_nki.lowering.engines import Pick, level
from accelcore_nki.moves import moves, rewrite
from accelcore_nki.target import NkiTarget

GOLDEN = Path(__file__).parent / "golden"
TASKS = {small.name: small for small in small_tasks()}
SCHEDULES = (
    (),
    ("fuse(all)", "tile(16)"),
    FAST,
    (*FAST, "parts(16)", "hoist(both)"),
    ("hoist(both)", "block(256, 512)"),
)
LOWERED = ("elementwise", "row_sum", "dot", "matmul", "softmax", "blend", "transpose", "conv1d")


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", LOWERED)
def test_small_tasks_are_right_at_ragged_sizes(name, schedule):
    small = TASKS[name]
    sizes = {n: 131 if at else 259 for at, (n, _) in enumerate(small.task.sizes[0])}
    draw = np.random.default_rng(3)
    inputs = {}
    for p in small.task.params:
        shape = next((a.shape for n, a in call_of(small.task, sizes).arguments if n == p.name), None)
        if shape is not None:
            values = draw.integers(0, 255, shape) if p.dtype == "u8" else draw.standard_normal(shape)
            inputs[p.name] = values.astype("u1" if p.dtype == "u8" else "f4")
    wanted = small.oracle({k: v[0, 0] if v.shape == (1, 1) else v.astype("i8" if v.dtype == "u1" else "f8")
                           for k, v in inputs.items()})  # fmt: skip
    got = run(small.task, schedule, inputs, sizes)
    for value in wanted.values():
        np.testing.assert_allclose(np.asarray(got, "f8").reshape(np.shape(value)), value, rtol=2e-4, atol=2e-4)


def recurrence():
    """y[i, j] = x[i, j] + a / 2 * y[i, j - 1]."""
    a = real(param("a", "f32"))

    def element(i, j):
        return fold(j + 1, [const(0.0, "real")], lambda state, k: [a * 0.5 * state[0] + real(X[i, k])], 0)

    e = comp(M, lambda i: comp(N, lambda j: cast(element(i, j), "f32")))
    params = (Param("a", "f32", (), Role.SCALAR), matrix("x", M, N), matrix("y", M, N, role=Role.OUT))
    return task_of("running", e, *params, sizes={"m": 3, "n": 5})


@pytest.mark.parametrize("schedule", [(), ("tile(16)",), ("rows(whole)", "fuse(all)", "pipeline(2)")])
def test_recurrences_go_on_from_chunk_to_chunk(schedule):
    x = np.random.default_rng(0).standard_normal((130, 70)).astype("f4")
    got = run(recurrence(), schedule, {"x": x, "a": np.full((1, 1), 0.5, "f4")}, {"m": 130, "n": 70})
    state, wanted = np.zeros(130), []
    for j in range(70):
        state = 0.25 * state + x[:, j]
        wanted.append(state)
    np.testing.assert_allclose(got, np.stack(wanted, 1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("schedule", [(), ("hoist(both)",)])
def test_products_of_a_batch(schedule):
    g, k, left, right = size("g"), size("k"), array("x", "f32", 3), array("w", "f32", 3)

    def element(b, i, j):
        return cast(reduce("sum", k, lambda p: real(left[b, i, p]) * real(right[b, p, j])), "f32")

    e = comp(g, lambda b: comp(M, lambda i: comp(N, lambda j: element(b, i, j))))
    params = (matrix("x", g, M, k), matrix("w", g, k, N), matrix("y", g, M, N, role=Role.OUT))
    task = task_of("batch", e, *params, sizes={"g": 2, "m": 3, "n": 5, "k": 7})
    draw = np.random.default_rng(0)
    x, w = draw.standard_normal((2, 130, 20)).astype("f4"), draw.standard_normal((2, 20, 9)).astype("f4")
    got = run(task, schedule, {"x": x, "w": w}, {"g": 2, "m": 130, "n": 9, "k": 20})
    np.testing.assert_allclose(got, x @ w, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("schedule", [(), ("tile(16)",)])
def test_a_running_sum_of_a_vector(schedule):
    e = cast(scan("sum", N, lambda i: real(array("x", "f32", 1)[i])), "f32")
    task = task_of("prefix", e, matrix("x", N), matrix("y", N, role=Role.OUT), sizes={"n": 5})
    x = np.arange(70, dtype="f4")
    np.testing.assert_array_equal(run(task, schedule, {"x": x}, {"n": 70}), np.cumsum(x))


@pytest.mark.parametrize("schedule", [(), FAST])
def test_pieces_read_only_what_exists(schedule):
    """y[i, j] = x[i, j - 3] after the third column, else -x[i, j + 1]."""

    def element(i, j):
        return select(binary("lt", const(2, "i64"), j), real(X[i, j - 3]), -real(X[i, j + 1]))

    e = comp(M, lambda i: comp(N, lambda j: cast(element(i, j), "f32")))
    task = task_of("shifted", e, matrix("x", M, N), matrix("y", M, N, role=Role.OUT), sizes={"m": 3, "n": 9})
    x = np.random.default_rng(0).standard_normal((140, 9)).astype("f4")
    got = run(task, schedule, {"x": x}, {"m": 140, "n": 9})
    np.testing.assert_array_equal(got, np.concatenate([-x[:, 1:4], x[:, :6]], 1))


def test_selection_by_value_and_by_position():
    def element(i, j):
        masked = select(binary("le", j, i), real(X[i, j]), 0.0)
        return select(binary("lt", real(X[i, j]), 0.0), masked * 2.0, masked)

    e = comp(M, lambda i: comp(N, lambda j: cast(element(i, j), "f32")))
    task = task_of("triangle", e, matrix("x", M, N), matrix("y", M, N, role=Role.OUT), sizes={"m": 3, "n": 9})
    x = np.random.default_rng(0).standard_normal((150, 140)).astype("f4")
    got = run(task, (), {"x": x}, {"m": 150, "n": 140})
    np.testing.assert_array_equal(got, np.tril(np.where(x < 0, 2 * x, x)))


@pytest.mark.parametrize("schedule", [(), ("hoist(both)", "fuse(all)"), ("transpose(dma)",), ("transpose(strided)",)])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_products_in_all_transposes(turned, schedule):
    k, shapes = size("k"), {}
    left = array("x", "f32", 2)
    right = array("w", "f32", 2)

    def term(i, j, p):
        a = left[p, i] if turned[0] else left[i, p]
        b = right[j, p] if turned[1] else right[p, j]
        return real(a) * real(b)

    e = comp(M, lambda i: comp(N, lambda j: cast(reduce("sum", k, lambda p: term(i, j, p)), "f32")))
    shapes = ((k, M) if turned[0] else (M, k)), ((N, k) if turned[1] else (k, N))
    task = task_of("product", e, matrix("x", *shapes[0]), matrix("w", *shapes[1]), matrix("y", M, N, role=Role.OUT),
                   sizes={"m": 3, "n": 5, "k": 7})  # fmt: skip
    draw = np.random.default_rng(0)
    x, w = draw.standard_normal((130, 140)).astype("f4"), draw.standard_normal((140, 60)).astype("f4")
    given = {"x": x.T.copy() if turned[0] else x, "w": w.T.copy() if turned[1] else w}
    got = run(task, schedule, given, {"m": 130, "n": 60, "k": 140})
    np.testing.assert_allclose(got, x @ w, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("e", "reason"),
    [
        (comp(M, lambda i: cast(call("tan", real(X[i, i])), "f32")), "tan"),
        (comp(M, lambda i: cast(get(X, i, cast(param("x0", "i32"), "i64")), "f32")), "index"),
        (comp(M, lambda i: cast(reduce("argmax", N, lambda j: real(X[i, j])), "f32")), "argmax"),
    ],
)
def test_what_has_no_code_says_so(e, reason):
    task = task_of("no", e, matrix("x", M, N), matrix("y", M, role=Role.OUT), sizes={"m": 3, "n": 5})
    with pytest.raises(UnsupportedLowering) as raised:
        kernel(task, ())
    assert reason in str(raised.value)


def test_types_that_the_chip_lacks_are_named():
    task = TASKS["running_sum"].task
    with pytest.raises(UnsupportedLowering, match="i64"):
        kernel(task, ())
    with pytest.raises(UnsupportedLowering, match="no summary"):
        kernel(replace(task, reference=None), ())  # type: ignore[arg-type]  # no summary


@pytest.mark.parametrize("text", ["tile()", "tile(0)", "tile(a)", "block(1)", "rows(half)", "nonsense(1)", "tile"])
def test_what_is_no_choice_is_refused(text):
    with pytest.raises(IllegalRewrite):
        choices([text])


def test_later_choices_replace_earlier_ones():
    assert choices(["tile(64)", "tile(32)"]).tile == 32
    assert set(MENU) >= {"tile", "rows", "hoist", "fuse", "engine"}


def test_levelling_moves_work_to_idle_engines():
    picks = [Pick("vector", {"vector": 2.0, "gpsimd": 3.0}) for _ in range(5)]
    found = [p.engine for p in level(picks, {"vector": 10.0})]
    assert found.count("gpsimd") == 2


# Moves.


def test_moves_change_the_code_and_replay():
    target, task = NkiTarget(), TASKS["matmul"].task
    seed = kernel(task, ())
    assert target.lower(task).schedule == ("hoist(both)",)
    found = moves(task, seed, "trn2")
    assert len({m.name for m in found}) == len(found) > 8
    for move in found:
        (changed,) = rewrite(move, task, seed)
        assert changed.schedule == tuple(move.name.split("; "))
        assert changed == kernel(task, changed.schedule)
        assert changed.text != seed.text
        assert move.text


def test_kernels_of_others_have_no_moves():
    target, task = NkiTarget(), TASKS["matmul"].task
    foreign = replace(target.lower(task), text="def matmul(a, b):\n    return a\n")
    assert list(target.moves(task, foreign)) == []
    assert list(target.rewrite(moves(task, target.lower(task), "trn2")[0], task, foreign)) == []


def test_moves_in_words_have_no_rewrite():
    from accelcore.values import Move

    target, task = NkiTarget(), TASKS["matmul"].task
    assert list(target.rewrite(Move("online softmax"), task, target.lower(task))) == []


@pytest.mark.parametrize(
    ("name", "schedule"), [("softmax", ()), ("softmax", FAST), ("matmul", ("hoist(both)",)), ("elementwise", ())]
)
def test_generated_code(name, schedule):
    """ACCELCORE_UPDATE_GOLDENS=1 writes them anew; review the difference."""
    file = GOLDEN / f"{name}.{'fast' if schedule == FAST else 'hoisted' if schedule else 'seed'}.py.txt"
    text = kernel(TASKS[name].task, schedule).text
    if os.environ.get("ACCELCORE_UPDATE_GOLDENS"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert file.read_text() == text
