"""Random summaries over integers and reals: the seed computes what the summary means, in machine arithmetic."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from loop_tasks import check, fits, k, n, real, task, whole

from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr, array, binary, cast, comp, const, reduce, select, unary
from accelcore.ir.ranges import interval
from accelcore.loops.lower import lower
from accelcore.loops.nodes import Accumulate, Allocate, Store, statements
from accelcore.loops.realize import smallest

FEW = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
ARRAYS = {"a": "u8", "b": "i8", "c": "u16", "d": "i32", "e": "f32"}


@st.composite
def integers(draw: st.DrawFn, at: Expr, depth: int = 3) -> Expr:
    """An "int" expression over elements at `at`, constants, and the index."""
    if not depth or draw(st.integers(0, 5)) == 0:
        kind = draw(st.integers(0, 5))
        if kind == 0:
            return const(draw(st.integers(-300, 300)))
        if kind == 1:
            return whole(at)
        return whole(array(*draw(st.sampled_from([(x, t, 1) for x, t in ARRAYS.items() if t != "f32"])))[at])
    one = draw(integers(at, depth - 1))
    op = draw(
        st.sampled_from(
            [
                "add",
                "sub",
                "mul",
                "min",
                "max",
                "and",
                "or",
                "xor",
                "fdiv",
                "fmod",
                "tdiv",
                "trem",
                "shl",
                "shr",
                "neg",
                "abs",
                "not",
                "select",
                "wrap",
            ]
        )
    )
    if op in ("neg", "abs", "not"):
        return unary(op, one)
    if op == "wrap":
        return whole(
            cast(
                one,
                draw(st.sampled_from(["u8", "i8", "u16", "i32"])),
                "trunc",
                draw(st.sampled_from(["wrap", "saturate"])),
            )
        )
    if op in ("fdiv", "fmod", "tdiv", "trem"):
        return binary(op, one, const(draw(st.sampled_from([1, 2, 3, 7, 255, -5]))))
    if op in ("shl", "shr"):
        return binary(op, one, const(draw(st.integers(0, 7))))
    two = draw(integers(at, depth - 1))
    if op == "select":
        return select(
            binary(draw(st.sampled_from(["lt", "le", "eq", "ne"])), one, two), two, draw(integers(at, depth - 1))
        )
    return binary(op, one, two)


def inputs() -> str:
    return "; ".join(f"{name}: {dtype}[n]" for name, dtype in ARRAYS.items())


@FEW
@given(st.data())
def test_integers_are_exact_in_the_narrowest_types(data: st.DataObject) -> None:
    value = comp(n, lambda i: cast(data.draw(integers(i)), "i64", "trunc", "wrap"))
    t = task("t", f"{inputs()} -> y: i64[n]", value)
    try:
        made = lower(t)
    except UnsupportedLowering:
        assume(False)
    check(made, t, {"n": data.draw(st.integers(1, 7))}, seed=data.draw(st.integers(0, 99)))


@FEW
@given(st.data())
def test_sums_of_integers(data: st.DataObject) -> None:
    """A sum that is stored modulo 2**bits is right modulo 2**bits, whatever its terms are."""
    dtype = data.draw(st.sampled_from(["u8", "i16", "i32", "i64"]))
    total = comp(
        k, lambda i: cast(reduce("sum", n, lambda q: data.draw(integers(q)) + whole(i)), dtype, "trunc", "wrap")
    )
    t = task("t", f"{inputs()} -> y: {dtype}[k]", total)
    try:
        made = lower(t)
    except UnsupportedLowering:
        assume(False)
    check(made, t, {"n": data.draw(st.integers(1, 7)), "k": 2}, seed=data.draw(st.integers(0, 99)))


@FEW
@given(st.data())
def test_mixed_with_reals(data: st.DataObject) -> None:
    def value(i: Expr) -> Expr:
        number = real(data.draw(integers(i, 2)))
        other = real(array("e", "f32", 1)[i])
        mixed = select(binary("lt", number, other), number + other, other - number * 0.5)
        return cast(mixed, "f32")

    t = task("t", f"{inputs()} -> y: f32[n]", comp(n, value))
    try:
        made = lower(t)
    except UnsupportedLowering:
        assume(False)
    check(made, t, {"n": data.draw(st.integers(1, 7))}, seed=data.draw(st.integers(0, 99)))


@given(st.integers(-(2**63), 2**64 - 1), st.integers(0, 2**40))
def test_smallest_holds_the_interval(low: int, width: int) -> None:
    found = smallest((low, low + width))
    if found is not None:
        least, most = interval_of(found)
        assert least <= low and low + width <= most


def interval_of(dtype: str) -> tuple[float, float]:
    from accelcore.ir.ranges import natural

    return natural(dtype)


def test_an_integer_sum_over_bytes_is_kept_in_64_bits() -> None:
    t = task("t", "a: u8[n] -> y: f32", cast(real(reduce("sum", n, lambda q: whole(array("a", "u8", 1)[q]))), "f32"))
    sums = [s.buffer.dtype for s in statements(lower(t).body) if isinstance(s, Allocate)]
    assert sums == ["i64"]
    assert interval(reduce("sum", n, lambda q: whole(array("a", "u8", 1)[q])), {"n": (0, 2**31 - 1)})[1] < 2**63


def test_conditional_count_is_a_reduction() -> None:
    from accelcore.ir.expr import fold

    def step(acc: tuple[Expr, ...], i: Expr) -> tuple[Expr, ...]:
        return (select(binary("lt", const(3), whole(array("a", "u8", 1)[i])), acc[0] + 1, acc[0]),)

    t = task("t", "a: u8[n] -> y: i32", fits(fold(n, [const(0)], step), "i32"))
    made = lower(t)
    assert any(isinstance(s, Accumulate) and s.op == "add" for s in statements(made.body))
    check(made, t, {"n": 9})


def test_exact_number_model_keeps_folds_in_order() -> None:
    from dataclasses import replace

    from accelcore.ir.expr import fold

    t = task(
        "t",
        "e: f32[n] -> y: f32",
        cast(fold(n, [const(0.0)], lambda a, i: (a[0] + real(array("e", "f32", 1)[i]),)), "f32"),
    )
    exact = replace(t, reference=replace(t.reference, number_model="f32-exact"))
    assert not lower(exact).reassociate
    assert not any(isinstance(s, Accumulate) for s in statements(lower(exact).body))
    assert any(isinstance(s, Store) for s in statements(lower(exact).body))
