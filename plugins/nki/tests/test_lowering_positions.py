"""Elements that differ by position: borders, remainders, ranges of their own, comparisons, roundings."""

import numpy as np
import pytest
from nki_lowering import FAST, M, N, X, matrix, real, run, task_of

from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import array, binary, cast, comp, const, index, reduce, scan, select, size
from accelcore.values import Param, Role
from accelcore_nki.lowering import kernel

SCHEDULES = ((), FAST)
NONE = const(0.0, "real")


def rows(e, columns=N):
    return comp(M, lambda i: comp(columns, lambda j: cast(e(i, j), "f32")))


def square(name, e, *more, shape=(M, N)):
    """A task from x[m, n] to y of a shape."""
    return task_of(name, e, matrix("x", M, N), *more, matrix("y", *shape, role=Role.OUT), sizes={"m": 3, "n": 5})


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("f4")


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("n", [1, 2, 40])
def test_a_window_that_begins_before_the_row(schedule, n):
    """y[i, j] = sum of x[i, j - 2 .. j], as far as it exists; also where the row is shorter than the window."""

    def term(i, j, k):
        return select(binary("le", 2, j + k), real(X[i, j + k - 2]), NONE) * 0.5

    task = square("causal", rows(lambda i, j: reduce("sum", index(3), lambda k: term(i, j, k))))
    x = numbers(130, n)
    padded = np.pad(x, ((0, 0), (2, 0)))
    wanted = 0.5 * sum(padded[:, k : k + n] for k in range(3))
    np.testing.assert_allclose(run(task, schedule, {"x": x}, {"m": 130, "n": n}), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_windows_that_reach_over_all_borders(schedule):
    """The sum of the neighbours of x[i, j] that exist."""

    def inside(i, j, a, b):
        across = binary("land", binary("le", 1, j + b), binary("lt", j + b - 1, N))
        return binary("land", binary("land", binary("le", 1, i + a), binary("lt", i + a - 1, M)), across)

    def around(i, j):
        return reduce("sum", index(3), lambda a: reduce("sum", index(3), lambda b: select(
            inside(i, j, a, b), real(X[i + a - 1, j + b - 1]), NONE)))  # fmt: skip

    x = numbers(131, 9)
    padded = np.pad(x, 1)
    wanted = sum(padded[a : a + 131, b : b + 9] for a in range(3) for b in range(3))
    got = run(square("around", rows(around)), schedule, {"x": x}, {"m": 131, "n": 9})
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("n", [1, 6, 7])
def test_pieces_by_remainder(schedule, n):
    """y[i, j] = x[i, j // 2] for even j, -x[i, j - 1] for odd ones."""

    def element(i, j):
        odd = binary("eq", binary("fmod", j, index(2)), index(1))
        return select(odd, -real(X[i, j - 1]), real(X[i, binary("fdiv", j, index(2))]))

    x = numbers(130, n)
    got = run(square("pairs", rows(element)), schedule, {"x": x}, {"m": 130, "n": n})
    at = np.arange(n)
    np.testing.assert_array_equal(got, np.where(at % 2, -x[:, np.maximum(at - 1, 0)], x[:, at // 2]))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_range_of_its_own_in_each_row(schedule):
    """y[i, j] = sum over k <= i of x[i, k] * x[j, k]: terms after the row's own position count nothing."""

    def element(i, j):
        return reduce("sum", i + 1, lambda k: real(X[i, k]) * real(X[j, k]))

    e = comp(N, lambda i: comp(N, lambda j: cast(element(i, j), "f32")))
    task = task_of("lower", e, matrix("x", N, N), matrix("y", N, N, role=Role.OUT), sizes={"n": 5})
    x = numbers(140, 140)
    np.testing.assert_allclose(run(task, schedule, {"x": x}, {"n": 140}), np.tril(x) @ x.T, rtol=1e-4, atol=1e-4)


def test_a_range_that_may_leave_what_exists_has_no_code():
    task = square("beyond", comp(M, lambda i: cast(reduce("max", i + 1, lambda k: real(X[i, k])), "f32")), shape=(M,))
    with pytest.raises(UnsupportedLowering):
        kernel(task, ())


@pytest.mark.parametrize("schedule", [(), ("tile(16)",), FAST])
@pytest.mark.parametrize(("kind", "numpy"), [("max", np.maximum), ("min", np.minimum)])
def test_running_extremes(kind, numpy, schedule):
    task = square("extreme", comp(M, lambda i: cast(scan(kind, N, lambda j: real(X[i, j])), "f32")))
    x = numbers(130, 40)
    got = run(task, schedule, {"x": x}, {"m": 130, "n": 40})
    np.testing.assert_array_equal(got, numpy.accumulate(x, 1))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_largest_of_a_window_in_two_directions(schedule):
    e = comp(M - 2, lambda i: comp(N - 2, lambda j: cast(reduce("max", index(3), lambda a: reduce(
        "max", index(3), lambda b: real(X[i + a, j + b]))), "f32")))  # fmt: skip
    x = numbers(132, 20)
    got = run(square("pool", e, shape=(M - 2, N - 2)), schedule, {"x": x}, {"m": 132, "n": 20})
    np.testing.assert_array_equal(got, np.lib.stride_tricks.sliding_window_view(x, (3, 3)).max((2, 3)))


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("n", [1, 33])
def test_the_larger_of_neighbours(n, schedule):
    """y[i, j] = max(x[i, 2 j], x[i, 2 j + 1]): what lies between is loaded too, and no element by itself."""
    e = rows(lambda i, j: binary("max", real(X[i, j * 2]), real(X[i, j * 2 + 1])))
    task = task_of("halves", e, matrix("x", M, N * 2), matrix("y", M, N, role=Role.OUT), sizes={"m": 3, "n": 5})
    x = numbers(130, 2 * n)
    np.testing.assert_array_equal(run(task, schedule, {"x": x}, {"m": 130, "n": n}), np.maximum(x[:, ::2], x[:, 1::2]))
    assert "[1, span]" in kernel(task, schedule).text


CLOCK = (*FAST, "turns(clock)")


@pytest.mark.parametrize(
    "schedule", [(), FAST, CLOCK, (*CLOCK, "steps(3)"), (*CLOCK, "steps(2)", "accumulate(psum)"), ("accumulate(psum)",)]
)
@pytest.mark.parametrize("k", [1, 5])
def test_sums_of_tiles(k, schedule):
    """y[i, j] = sum over the rows of w of max(x[i, j], w[s, j]) * a[i, s]."""
    w, a, steps = array("w", "f32", 2), array("a", "f32", 2), size("k")

    def element(i, j):
        return reduce("sum", steps, lambda s: binary("max", real(X[i, j]), real(w[s, j])) * real(a[i, s]))

    e, more = rows(element), (matrix("w", steps, N), matrix("a", M, steps))
    result, sizes = matrix("y", M, N, role=Role.OUT), {"m": 3, "n": 5, "k": 2}
    task = task_of("sums", e, matrix("x", M, N), *more, result, sizes=sizes)
    given = {"x": numbers(260, 9), "w": numbers(k, 9), "a": numbers(260, k)}
    wanted = (np.maximum(given["x"][:, None], given["w"]) * given["a"][:, :, None]).sum(1)
    np.testing.assert_allclose(run(task, schedule, given, {"m": 260, "n": 9, "k": k}), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_large_integers_are_compared_with_positions(schedule):
    """The element that a label names, where it names one: 2**24 + 1 and -2**31 are no float32 positions."""
    label = array("label", "i32", 1)

    def picked(i):
        def term(j):
            return select(binary("eq", cast(j, "int"), cast(label[i], "int")), real(X[i, j]), NONE)

        return reduce("sum", N, term)

    task = square("picked", comp(M, lambda i: cast(picked(i), "f32")), Param("label", "i32", (M,), Role.IN), shape=(M,))
    x, labels = numbers(5, 7), np.array([[3], [0], [(1 << 24) + 1], [-(1 << 31)], [6]], "i4")
    got = run(task, schedule, {"x": x, "label": labels.reshape(5)}, {"m": 5, "n": 7})
    np.testing.assert_array_equal(np.asarray(got).reshape(5), [x[0, 3], x[1, 0], 0, 0, x[4, 6]])


def test_large_integers_are_not_computed_with():
    label = cast(array("label", "i32", 1)[0], "real")
    task = square("added", rows(lambda i, j: real(X[i, j]) + label), Param("label", "i32", (M,), Role.IN))
    with pytest.raises(UnsupportedLowering, match=r"2\*\*24"):
        kernel(task, ())


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("rounding", "numpy"), [("nearest", np.rint), ("trunc", np.trunc), ("floor", np.floor)])
def test_roundings_to_integers(rounding, numpy, schedule):
    """y = clip(round(x * 3), -5, 5), as 8 bits."""

    def element(i, j):
        whole = cast(cast(real(X[i, j]) * 3.0, "int", rounding), "real")
        return cast(cast(binary("max", binary("min", whole, 5.0), -5.0), "int", "trunc"), "i8", "trunc", "exact")

    e = comp(M, lambda i: comp(N, lambda j: element(i, j)))
    task = task_of("whole", e, matrix("x", M, N), Param("y", "i8", (M, N), Role.OUT), sizes={"m": 3, "n": 5})
    x = numbers(130, 9)
    x[0, :4] = [0.5, -0.5, 1.5, 0.0]
    got = run(task, schedule, {"x": x}, {"m": 130, "n": 9})
    np.testing.assert_array_equal(got, np.clip(numpy(x * np.float32(3)), -5, 5).astype("i1"))

