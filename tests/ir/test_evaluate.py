"""The vectorised evaluator against the scalar interpreter, and its promises about bounds and errors."""

from __future__ import annotations

import importlib.util
import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.engine import contraction, reductions, results
from accelcore.ir.evaluate import Choices, Interval, evaluate, evaluate_summary
from accelcore.ir.interpret import interpret
from accelcore.values import Summary

_spec = importlib.util.spec_from_file_location("ir_strategies", pathlib.Path(__file__).with_name("strategies.py"))
S = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(S)

M, N, P = E.size("m"), E.size("n"), E.size("p")
X, Y, V = E.array("x", "f32", 2), E.array("y", "f32", 2), E.array("v", "f32", 1)


def real(e):
    return E.cast(e, "real")


def number(value):
    if isinstance(value, list):
        return [number(v) for v in value]
    return value if isinstance(value, bool | int) else float(value)


def outcome(run):
    """A value, or None where it does not exist."""
    try:
        return run()
    except IrError:
        return None


def agree(e, inputs, sizes):
    want = outcome(lambda: interpret(e, inputs, sizes))
    got = outcome(lambda: evaluate(e, inputs, sizes))
    bounded = outcome(lambda: evaluate(e, inputs, sizes, with_bound=True))
    assert (want is None) == (got is None) == (bounded is None)
    if want is not None:
        np.testing.assert_array_equal(np.asarray(got, object), np.asarray(number(want), object))
        assert bounded.value.shape == bounded.bound.shape == np.shape(got)
        assert bounded.covers(got).all()


@given(S.tensors(), st.data())
def test_agrees_with_the_interpreter(e, data):
    sizes = data.draw(S.SIZES)
    agree(e, data.draw(S.inputs(sizes)), sizes)


@given(S.tensors(), st.data())
def test_agrees_when_everything_is_taken_in_pieces(e, data):
    sizes = data.draw(S.SIZES)
    inputs = data.draw(S.inputs(sizes))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reductions, "LIMIT", 4)
        patch.setattr(contraction, "LIMIT", 4)
        patch.setattr(results, "CHUNK", 3)
        patch.setattr(contraction, "_WORTH", 1)
        agree(e, inputs, sizes)


def draw(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def matmul():
    return E.comp(
        M, lambda i: E.comp(N, lambda j: E.cast(E.reduce("sum", P, lambda k: real(X[i, k]) * real(Y[k, j])), "f32"))
    )


def softmax():
    def shifted(i, k):
        return E.call("exp", real(X[i, k]) - E.reduce("max", N, lambda q: real(X[i, q])))

    def row(i):
        return E.comp(N, lambda j: E.cast(shifted(i, j) / E.reduce("sum", N, lambda k: shifted(i, k)), "f32"))

    return E.comp(M, row)


# Bounds.


def test_factors_over_the_same_axes():
    left, right = (E.array(name, "f32", 2) for name in "uw")
    body = lambda i, j, k: real(X[i, k]) * real(left[i, k]) * real(right[i, k]) * real(Y[k, j])  # noqa: E731  # one use
    e = E.comp(M, lambda i: E.comp(N, lambda j: E.reduce("sum", P, lambda k: body(i, j, k))))
    draw = np.random.default_rng(0)
    x, u, w = draw.standard_normal((3, 20, 30)).astype("f4")
    y = draw.standard_normal((30, 25)).astype("f4")
    found = evaluate(e, {"x": x, "u": u, "w": w, "y": y}, {"m": 20, "n": 25, "p": 30})
    np.testing.assert_allclose(found, (x.astype("f8") * u * w) @ y)


def f32_matmul(a, b, order):
    """float32 accumulation in one order of k."""
    total = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for k in order:
        total = (total + a[:, k, None] * b[None, k]).astype(np.float32)
    return total


def test_bound_of_a_matrix_product_covers_orders_of_summation_and_refuses_f16():
    a, b = draw(1, 17, 90), draw(2, 90, 13)
    found = evaluate(matmul(), {"x": a, "y": b}, {"m": 17, "n": 13, "p": 90}, with_bound=True)
    for seed in range(4):
        assert found.covers(f32_matmul(a, b, np.random.default_rng(seed).permutation(90))).all()
    assert found.covers(a @ b).all()
    rough = (a.astype(np.float16).astype(np.float64) @ b.astype(np.float16).astype(np.float64)).astype(np.float32)
    assert not found.covers(rough).all()


def test_bound_of_softmax_covers_float32_and_refuses_a_wrong_shift():
    x = draw(3, 9, 50) * 8
    found = evaluate(softmax(), {"x": x}, {"m": 9, "n": 50}, with_bound=True)
    e = np.exp(x - x.max(axis=1, keepdims=True))
    assert e.dtype == np.float32
    assert found.covers(e / e.sum(axis=1, keepdims=True)).all()
    assert not found.covers(e / e.sum(axis=1, keepdims=True) * np.float32(1.001)).all()


def test_accumulating_in_a_narrower_dtype_widens_the_bound():
    inputs, sizes = {"x": draw(1, 4, 8), "y": draw(2, 8, 4)}, {"m": 4, "n": 4, "p": 8}
    narrow = evaluate(matmul(), inputs, sizes, with_bound=True, accumulate="f16")
    wide = evaluate(matmul(), inputs, sizes, with_bound=True, accumulate="f64")
    default = evaluate(matmul(), inputs, sizes, with_bound=True)
    doubled = evaluate(matmul(), inputs, sizes, with_bound=True, factor=2.0)
    assert (wide.bound < default.bound).all() and (default.bound < narrow.bound).all()
    assert (default.bound < doubled.bound).all()


def test_copies_and_exact_arithmetic_leave_no_slack():
    x = draw(5, 3, 4)
    copied = E.comp(M, lambda i: E.comp(N, lambda j: E.cast(E.binary("max", real(X[i, j]), 0.0), "f32")))
    found = evaluate(copied, {"x": x}, {"m": 3, "n": 4}, with_bound=True)
    assert not found.bound.any()
    assert found.covers(np.maximum(x, 0)).all()
    assert not found.covers(np.nextafter(np.maximum(x, 0), np.float32(9))).any()


def test_nested_sums_count_all_their_terms():
    e = E.cast(E.reduce("sum", M, lambda i: E.reduce("sum", N, lambda j: real(X[i, j]))), "f32")
    x = np.abs(draw(6, 40, 50))
    flat = np.float32(0)
    for value in x.ravel():
        flat = np.float32(flat + value)
    found = evaluate(e, {"x": x}, {"m": 40, "n": 50}, with_bound=True)
    assert found.covers(flat)
    assert found.bound > 1999 * 2.0**-24 * x.sum()


def test_a_select_near_a_tie_accepts_both_sides():
    sign = E.comp(M, lambda i: E.cast(E.select(E.reduce("sum", N, lambda k: real(X[i, k])) > 0.0, 1.0, -1.0), "f32"))
    x = np.array([[1, -1, 1e-9], [1, 1, 1], [-1, -1, -1]], np.float32)
    found = evaluate(sign, {"x": x}, {"m": 3, "n": 3}, with_bound=True)
    assert found.covers([1, 1, -1]).all() and found.covers([-1, 1, -1]).all()
    assert found.covers([1, -1, 1]).tolist() == [True, False, False]


def test_argmax_within_the_bound_of_a_tie_accepts_every_candidate():
    best = E.comp(M, lambda i: E.reduce("argmax", N, lambda k: real(X[i, k]) * real(V[k]) * real(V[k])))
    x = np.array([[1, 1 + 1e-7, 0.5], [1, 3, 2]], np.float32)
    v = np.array([1.1, 1.1, 1.3], np.float32)
    found = evaluate(best, {"x": x, "v": v}, {"m": 2, "n": 3}, with_bound=True)
    assert isinstance(found.accept, Choices)
    assert found.accept.allowed.tolist() == [[True, True, False], [False, True, False]]
    assert found.covers([0, 1]).all() and found.covers([1, 1]).all()
    assert not found.covers([2, 1])[0] and not found.covers([-1, 7]).any()


def test_argmax_of_exact_values_is_the_first():
    best = E.comp(M, lambda i: E.reduce("argmax", N, lambda k: real(X[i, k])))
    found = evaluate(best, {"x": np.ones((2, 3), np.float32)}, {"m": 2, "n": 3}, with_bound=True)
    assert found.covers([0, 0]).all() and not found.covers([1, 2]).any()


def test_quantisation_near_a_tie_accepts_both_integers():
    scaled = E.comp(N, lambda i: E.cast(real(V[i]) / 3.0 * 3.0, "i8", "nearest", "saturate"))
    found = evaluate(scaled, {"v": np.array([2.5, 2.0, 300.0], np.float32)}, {"n": 3}, with_bound=True)
    assert isinstance(found.accept, Interval)
    assert found.covers([2, 2, 127]).all() and found.covers([3, 2, 127]).all()
    assert found.covers([4, 3, 126]).tolist() == [False, False, False]


def test_overflow_of_the_accumulator_has_no_bound():
    e = E.comp(N, lambda i: E.cast(E.call("exp", real(V[i])) / E.call("exp", real(V[i])), "f32"))
    found = evaluate(e, {"v": np.array([1.0, 100.0], np.float32)}, {"n": 2}, with_bound=True)
    assert np.isfinite(found.bound[0]) and np.isinf(found.bound[1])
    assert found.covers([1.0, np.nan]).all()


def test_nan_is_accepted_only_where_it_is_expected():
    e = E.comp(N, lambda i: E.call("log", real(V[i])))
    found = evaluate(e, {"v": np.array([-1.0, 1.0], np.float32)}, {"n": 2}, with_bound=True)
    assert found.covers([np.nan, 0.0]).all() and not found.covers([0.0, np.nan]).any()


@pytest.mark.parametrize(
    "name", ["exp", "log", "sqrt", "tanh", "sin", "erf", "rsqrt", "sigmoid", "expm1", "atan", "cosh", "cbrt"]
)
def test_functions_are_bounded_in_float32(name):
    from accelcore.ir.engine.floats import FUNCTIONS

    e = E.comp(N, lambda i: E.cast(E.call(name, real(V[i]) * real(V[i]) + 0.1), "f32"))
    v = draw(7, 300)
    found = evaluate(e, {"v": v}, {"n": 300}, with_bound=True)
    argument = (v * v + np.float32(0.1)).astype(np.float32)
    got = FUNCTIONS[name](argument.astype(np.float64)).astype(np.float32)
    assert found.covers(got).all()
    assert not found.covers(got * np.float32(1.0001)).all()


# Contractions, windows, ranges that vary.


def test_convolution_with_padding_is_exact_in_integers():
    image, kernel = E.array("image", "u8", 3), E.array("kernel", "i8", 4)
    h = E.size("h")

    def tap(i, j, r, s, q):
        a, b = i + r - 1, j + s - 1
        inside = [E.index(0) <= a, a < h, E.index(0) <= b, b < h]
        held = inside[0]
        for c in inside[1:]:
            held = E.binary("land", held, c)
        return E.select(held, E.cast(image[a, b, q], "int"), 0)

    def at(i, j, f):
        def term(r, s, q):
            return tap(i, j, r, s, q) * E.cast(kernel[r, s, q, f], "int")

        return E.reduce("sum", 3, lambda r: E.reduce("sum", 3, lambda s: E.reduce("sum", 4, lambda q: term(r, s, q))))

    e = E.comp(h, lambda i: E.comp(h, lambda j: E.comp(5, lambda f: at(i, j, f))))
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (12, 12, 4), dtype=np.uint8)
    k = rng.integers(-128, 128, (3, 3, 4, 5), dtype=np.int8)
    padded = np.pad(x.astype(int), ((1, 1), (1, 1), (0, 0)))
    want = sum(padded[r : r + 12, s : s + 12] @ k[r, s].astype(int) for r in range(3) for s in range(3))
    np.testing.assert_array_equal(evaluate(e, {"image": x, "kernel": k}, {"h": 12}), want)


@pytest.mark.parametrize("dtype", ["i8", "f32"])
def test_a_guarded_sum_of_products_is_a_contraction(monkeypatch, dtype):
    """Terms outside of the image exist nowhere; the guard stands around their sum."""
    x, k = E.array("x", dtype, 2), E.array("k", dtype, 3)
    whole = "int" if dtype == "i8" else "real"

    def tap(i, f, p, guarded):
        row = i + p - 1
        term = lambda c: E.cast(x[row, c], whole) * E.cast(k[p, c, f], whole)  # noqa: E731  # one use
        inside = E.binary("land", E.index(0) <= row, row < N)
        products = E.reduce("sum", P, term)
        return E.select(inside, products, E.const(0, whole)) if guarded else products

    def rows(guarded):
        at = lambda i, f: E.reduce("sum", 3, lambda p: tap(i, f, p, guarded))  # noqa: E731  # one use
        return E.comp(N, lambda i: E.comp(M, lambda f: at(i, f)))

    rng, n, m, p = np.random.default_rng(3), 20, 17, 40
    inputs = {"x": rng.integers(-128, 128, (n, p)).astype(dtype[0] + str(int(dtype[1:]) // 8))}
    inputs["k"] = rng.integers(-128, 128, (3, p, m)).astype(dtype[0] + str(int(dtype[1:]) // 8))
    padded = np.pad(inputs["x"].astype(np.int64), ((1, 1), (0, 0)))
    want = sum(padded[r : r + n] @ inputs["k"][r].astype(np.int64) for r in range(3))
    sizes, products = {"n": n, "m": m, "p": p}, []
    multiplied = contraction.contract
    monkeypatch.setattr(contraction, "contract", lambda *given: products.append(1) or multiplied(*given))
    np.testing.assert_array_equal(evaluate(rows(True), inputs, sizes), want)
    assert products
    with pytest.raises(IrError, match="does not exist"):
        evaluate(rows(False), inputs, sizes)


def test_products_of_three_factors_and_divisors():
    e = E.comp(
        M,
        lambda i: E.comp(
            N, lambda j: -E.reduce("sum", P, lambda k: real(X[i, k]) * real(V[k]) * real(Y[k, j]) / real(V[i]))
        ),
    )
    a, b, v = draw(1, 30, 40), draw(2, 40, 20), np.abs(draw(3, 40)) + 1
    got = evaluate(e, {"x": a, "y": b, "v": v}, {"m": 30, "n": 20, "p": 40})
    want = -(a.astype(float) * v) @ b / v[:30, None].astype(float)
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_triangular_sums():
    e = E.comp(N, lambda i: E.reduce("sum", i + 1, lambda k: real(V[k])))
    v = draw(4, 50)
    np.testing.assert_allclose(evaluate(e, {"v": v}, {"n": 50}), np.cumsum(v.astype(float)), rtol=1e-12)


def test_large_tensors_in_chunks_equal_one_piece(monkeypatch):
    inputs, sizes = {"x": draw(1, 30, 40), "y": draw(2, 40, 20)}, {"m": 30, "n": 20, "p": 40}
    whole = evaluate(matmul(), inputs, sizes, with_bound=True)
    monkeypatch.setattr(results, "CHUNK", 64)
    pieces = evaluate(matmul(), inputs, sizes, with_bound=True)
    np.testing.assert_allclose(pieces.value, whole.value, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(pieces.bound, whole.bound, rtol=0.05)  # a contraction counts its products as roundings


# Integers.


def test_unbounded_integers_are_exact_beyond_64_bits():
    power = E.comp(N, lambda i: E.binary("pow", E.const(3), E.cast(i, "int")) * E.const(10**12))
    assert evaluate(power, {}, {"n": 60}).tolist() == [3**i * 10**12 for i in range(60)]


@pytest.mark.parametrize("dtype", ["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64"])
def test_machine_integers_wrap(dtype):
    values = np.array([0, 1, 2, 100, 127], np.int64)
    a = E.array("a", "i64", 1)
    e = E.comp(5, lambda i: (lambda c: c * c * c * c * c - c)(E.cast(a[i], dtype)))
    got = evaluate(e, {"a": values}, {})
    assert got.tolist() == interpret(e, {"a": values}, {})
    assert got.dtype == np.dtype(("u" if dtype[0] == "u" else "") + "int" + dtype[1:])


def test_division_signs():
    a, b = E.array("a", "i32", 1), E.array("b", "i32", 1)
    pairs = [(7, 2), (-7, 2), (7, -2), (-7, -2)]
    inputs = {"a": [p for p, _ in pairs], "b": [q for _, q in pairs]}
    got = {
        op: evaluate(E.comp(4, lambda i, op=op: E.binary(op, a[i], b[i])), inputs, {}).tolist()
        for op in ("tdiv", "trem", "fdiv", "fmod")
    }
    assert got == {"tdiv": [3, -3, -3, 3], "trem": [1, -1, 1, -1], "fdiv": [3, -4, -4, 3], "fmod": [1, 1, -1, -1]}


# What does not exist.


@pytest.mark.parametrize(
    "element",
    [
        lambda i: real(V[i + 1]),
        lambda i: real(V[i - 1]),
        lambda i: E.binary("tdiv", E.const(1), E.cast(i, "int")),
        lambda i: E.cast(E.cast(i, "int") * 100, "i8", "trunc", "exact"),
        lambda i: E.reduce("max", i, lambda k: real(V[k])),
        lambda i: E.cast(real(V[i]) / 0.0, "int", "trunc"),
    ],
)
def test_missing_elements_are_errors_only_where_they_count(element):
    inputs, sizes = {"v": np.ones(4, np.float32)}, {"n": 4}
    e = E.comp(N, element)
    with pytest.raises(IrError, match="does not exist"):
        evaluate(e, inputs, sizes)
    with pytest.raises(IrError):
        interpret(e, inputs, sizes)
    zero = 0.0 if e.dtype == "real" else E.const(0, e.dtype)
    guarded = E.comp(N, lambda i: E.select(E.cast(i, "int") < 0, element(i), zero))
    assert not evaluate(guarded, inputs, sizes).any()


@pytest.mark.parametrize(
    ("e", "inputs", "sizes", "message"),
    [
        (E.comp(N, lambda i: V[i]), {}, {"n": 1}, "input 'v'"),
        (E.comp(N, lambda i: V[i]), {"v": [1.0]}, {}, "size 'n'"),
        (E.comp(N, lambda i: V[i]), {"v": [[1.0]]}, {"n": 1}, "axes"),
        (E.comp(N, lambda i: E.call("f", V[i])), {"v": [1.0]}, {"n": 1}, "uninterpreted"),
        (E.comp(N, lambda i: E.comp(i, lambda j: V[j])), {"v": [1.0]}, {"n": 1}, "row to row"),
        (E.comp(N, lambda i: E.array("a", "u8", 1)[i]), {"a": [300]}, {"n": 1}, "outside u8"),
        (E.comp(N, lambda i: E.array("a", "u8", 1)[i]), {"a": [0.5]}, {"n": 1}, "fractions"),
    ],
)
def test_wrong_inputs_are_named(e, inputs, sizes, message):
    with pytest.raises(IrError, match=message):
        evaluate(e, inputs, sizes)


def test_unknown_accumulator_is_refused():
    with pytest.raises(IrError, match="accumulated"):
        evaluate(E.const(1.0), {}, {}, accumulate="i32")


# Results.


def test_uninterpreted_functions_can_be_given():
    e = E.comp(N, lambda i: E.call("f", real(V[i])))
    assert evaluate(e, {"v": [1.0, 2.0]}, {"n": 2}, functions={"f": lambda x: x + 1}).tolist() == [2.0, 3.0]


def test_scalars_are_python_numbers_and_arrays_have_storage_dtypes():
    assert evaluate(E.const(1) + 2, {}, {}) == 3
    assert type(evaluate(E.reduce("sum", N, lambda k: real(V[k])), {"v": [1.0]}, {"n": 1})) is float
    for dtype, kind in (
        ("f16", np.float16),
        ("f32", np.float32),
        ("bf16", np.float32),
        ("u8", np.uint8),
        ("bool", np.bool_),
    ):
        e = E.comp(N, lambda i, dtype=dtype: E.cast(real(V[i]), dtype))
        assert evaluate(e, {"v": [1.0]}, {"n": 1}).dtype == kind


def test_selection_and_its_length():
    kept = E.filtered(N, lambda k: V[k] > E.const(0.0, "f32"), lambda k: V[k])
    v = np.array([1, -2, 3, -4, 5], np.float32)
    assert evaluate(kept, {"v": v}, {"n": 5}).tolist() == [1, 3, 5]
    assert evaluate(E.length(kept), {"v": v}, {"n": 5}) == 3
    assert evaluate(kept[1], {"v": v}, {"n": 5}) == 3
    with pytest.raises(IrError):
        evaluate(kept[3], {"v": v}, {"n": 5})


def test_results_of_a_summary_share_their_work():
    calls = []

    def f(x):
        calls.append(x.shape)
        return x

    row = E.reduce("sum", N, lambda k: E.call("f", real(V[k])))
    summary = Summary((("a", row), ("b", row * 2.0)))
    assert evaluate_summary(summary, {"v": [1.0, 2.0]}, {"n": 2}, functions={"f": f}) == {"a": 3.0, "b": 6.0}
    assert len(calls) == 1


def test_long_chains_do_not_recurse():
    e = real(V[0])
    for _ in range(3000):
        e = e + 1.0
    assert evaluate(e, {"v": [1.0]}, {}) == 3001.0


def test_empty_ranges():
    sizes = {"m": 0, "n": 0, "p": 0}
    empty = np.zeros((0, 0), np.float32)
    assert evaluate(matmul(), {"x": empty, "y": empty}, sizes).shape == (0, 0)
    assert evaluate(E.reduce("sum", N, lambda k: real(V[k])), {"v": np.zeros(0)}, sizes) == 0.0
    assert evaluate(E.reduce("max", N, lambda k: real(V[k]), 7.0), {"v": np.zeros(0)}, sizes) == 7.0


def in_f32(e):
    """The same computation with every real operation in float32."""

    def rule(node):
        if node.op == "const" and node.dtype == "real":
            return E.const(node.value, "f32")
        if node.op == "cast" and node.dtype == "real":
            return E.cast(node.args[0], "f32")
        return None

    return E.transform(e, rule)


@given(st.data())
def test_bound_covers_float32_arithmetic_on_arbitrary_values(data):
    a, b, c = (data.draw(S.reals(S.Scope(), 3)) for _ in range(3))
    e = a / (E.unary("abs", b) + 0.5) + E.call("exp", E.binary("min", c, 3.0)) * a
    sizes = data.draw(S.SIZES)
    inputs = data.draw(S.inputs(sizes))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    for name in ("x", "v"):
        inputs[name] = (rng.standard_normal(inputs[name].shape) * 3).astype(np.float32)
    found = outcome(lambda: evaluate(e, inputs, sizes, with_bound=True, accumulate="f32"))
    got = outcome(lambda: interpret(in_f32(e), inputs, sizes))
    if found is not None and got is not None:
        assert found.covers(float(got))


def test_a_division_by_zero_in_no_element_is_no_error():
    m, n = E.size("m"), E.size("n")
    e = E.comp(n, lambda i: E.select(E.binary("lt", E.binary("fdiv", i, m), n), E.cast(i, "int"), 0))
    assert evaluate(e, {}, {"m": 0, "n": 0}).shape == (0,)
    with pytest.raises(IrError, match="does not exist"):
        evaluate(e, {}, {"m": 0, "n": 1})
