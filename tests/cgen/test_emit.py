"""The emitter's means one by one: masks, gathers, reductions, register tiles, workspace, fall-backs."""

from __future__ import annotations

import numpy as np
import pytest
from cgen_support import N, build, each_isa, given, it, result, sizes, vector

from accelcore.cgen import PORTABLE, Instruction, VectorIsa, emit, operand
from accelcore.cgen.instructions import unify
from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr, array, binary, call, cast, const, get, index, select, size, unary
from accelcore.loops.nodes import (
    Accumulate,
    Allocate,
    Buffer,
    For,
    If,
    Kind,
    Memory,
    Prefetch,
    Program,
    Statement,
    Store,
)
from accelcore.values import Role

HERE, J = it("i"), it("j")
COUNTS = (0, 1, 15, 16, 17, 64, 101)


def local(name: str, dtype: str, *shape: Expr, memory: Memory = Memory.REGISTER) -> Allocate:
    return Allocate(Buffer(name, dtype, shape, memory))


def program(arguments: tuple[Buffer, ...], *body: Statement, name: str = "p") -> Program:
    return Program(name, (*arguments, *sizes("n")), body)


def at(name: str, dtype: str, where: Expr) -> Expr:
    return get(vector(name, dtype), where)


def loop(*body: Statement, interleave: int = 1) -> For:
    return For("i", N, body, Kind.VECTOR, interleave=interleave)


@each_isa
def test_a_branch_that_guards_a_read_never_reads_outside(isa: VectorIsa) -> None:
    """y[i] = x[i - 1] if i > 0 else x[n - 1 - i]: a stray read would fault between the guard pages."""
    before = binary("lt", index(0), HERE)
    value = select(before, at("x", "f32", HERE - index(1)), at("x", "f32", N - index(1) - HERE))
    run = build(program((given("x", "f32", N), result("y", "f32", N)), loop(Store("y", (HERE,), value))), isa)
    for n in COUNTS:
        x = np.arange(n, dtype=np.float32)
        np.testing.assert_array_equal(run({"x": x}, n=n)["y"], np.roll(x, 1))


@each_isa
def test_a_conditional_store_leaves_the_rest_alone(isa: VectorIsa) -> None:
    x, inout = at("x", "i32", HERE), Buffer("y", "i32", (N,), Memory.ARGUMENT, Role.INOUT)
    keep = If(binary("lt", x, const(0, "i32")), (Store("y", (HERE,), unary("neg", x)),))
    run = build(program((given("x", "i32", N), inout), loop(keep, interleave=2)), isa)
    for n in COUNTS:
        values = np.arange(n, dtype=np.int32) - 7
        got = run({"x": values, "y": np.full(n, 9)}, n=n)["y"]
        np.testing.assert_array_equal(got, np.where(values < 0, -values, 9))


@each_isa
def test_nested_branches_and_local_variables(isa: VectorIsa) -> None:
    x, v = at("x", "f32", HERE), Expr("param", (), ("v",), "f32")
    zero, ten = const(0.0, "f32"), const(10.0, "f32")
    inner = If(binary("lt", ten, x), (Store("v", (), ten),), (Store("v", (), x),))
    body = (local("v", "f32"), Store("v", (), zero), If(binary("lt", zero, x), (inner,)), Store("y", (HERE,), v))
    run = build(program((given("x", "f32", N), result("y", "f32", N)), loop(*body, interleave=2)), isa)
    x_values = np.linspace(-20, 20, 101).astype(np.float32)
    np.testing.assert_array_equal(run({"x": x_values}, n=101)["y"], np.clip(x_values, 0, 10))


@each_isa
def test_strides_reversal_and_tables(isa: VectorIsa) -> None:
    """A read with stride 3, one backwards, one through a table of indices."""
    table = get(vector("t", "f32"), cast(at("k", "u8", HERE), "i64"))
    value = at("x", "f32", HERE * index(3)) + at("x", "f32", N * index(3) - index(1) - HERE) * table
    arguments = (given("x", "f32", N * index(3)), given("t", "f32", index(256)), given("k", "u8", N))
    run = build(program((*arguments, result("y", "f32", N)), loop(Store("y", (HERE,), value), interleave=2)), isa)
    for n in COUNTS:
        x, t = np.arange(3 * n, dtype=np.float32), np.arange(256, dtype=np.float32) % 4
        k = (np.arange(n) * 37 % 256).astype(np.uint8)
        want = x[::3] + x[::-1][:n] * t[k]
        np.testing.assert_array_equal(run({"x": x, "t": t, "k": k}, n=n)["y"], want)


@each_isa
def test_scattered_stores_and_histograms(isa: VectorIsa) -> None:
    where = cast(at("k", "u8", HERE), "i64")
    clear = For("j", index(256), (Store("h", (J,), const(0, "i32")),))
    count = loop(Accumulate("h", (where,), "add", const(1, "i32")), Store("y", (HERE * index(2),), at("k", "u8", HERE)))
    zero = For("l", N * index(2), (Store("y", (it("l"),), const(0, "u8")),))
    arguments = (given("k", "u8", N), result("h", "i32", index(256)), result("y", "u8", N * index(2)))
    run = build(program(arguments, clear, zero, count), isa)
    k = (np.arange(1000) ** 2 % 251).astype(np.uint8)
    got = run({"k": k}, n=1000)
    np.testing.assert_array_equal(got["h"], np.bincount(k, minlength=256))
    np.testing.assert_array_equal(got["y"][::2], k)


@each_isa
def test_reductions_of_several_kinds_at_once(isa: VectorIsa) -> None:
    x = at("x", "i32", HERE)
    odd = binary("ne", binary("and", x, const(1, "i32")), const(0, "i32"))
    zero = index(0)
    body = (
        Accumulate("s", (zero,), "add", cast(x, "i64")),
        Accumulate("m", (zero,), "max", x),
        If(odd, (Accumulate("c", (zero,), "add", const(1, "i32")),)),
        Accumulate("a", (zero,), "or", odd),
    )
    start = (
        Store("s", (zero,), const(5, "i64")),
        Store("m", (zero,), const(-(2**31), "i32")),
        Store("c", (zero,), const(0, "i32")),
        Store("a", (zero,), const(False, "bool")),
    )
    results = tuple(result(n, d, index(1)) for n, d in (("s", "i64"), ("m", "i32"), ("c", "i32"), ("a", "bool")))
    run = build(program((given("x", "i32", N), *results), *start, loop(*body, interleave=2)), isa)
    for n in COUNTS:
        values = ((np.arange(n) * 7919) % 1000 - 500).astype(np.int32) * 2 + (np.arange(n) % 5 == 4)
        got = run({"x": values}, n=n)
        assert got["s"][0] == 5 + values.sum()
        assert got["m"][0] == values.max(initial=-(2**31))
        assert got["c"][0] == (values % 2 != 0).sum()
        assert got["a"][0] == (values % 2 != 0).any()


@each_isa
def test_a_register_tile_with_a_serial_loop_inside(isa: VectorIsa) -> None:
    """c = a @ b with two rows a tile, columns in lanes, k serial and unrolled with two accumulators."""
    k, row, column = it("k"), it("r"), it("j")
    two = index(2)
    accumulators = array("acc", "f32", 1)
    each = [For(f"u{n}", two, (s,), Kind.UNROLL) for n, s in enumerate((
        Store("acc", (it("u0"),), const(0.0, "f32")),
        Accumulate("acc", (it("u1"),), "add", get(array("a", "f32", 2), row * two + it("u1"), k)
                   * get(array("b", "f32", 2), k, column)),
        Store("c", (row * two + it("u2"), column), get(accumulators, it("u2"))),
    ))]  # fmt: skip
    inner = For("k", index(7), (each[1],), unroll=4, accumulators=2)
    tile = For("j", N, (local("acc", "f32", two), each[0], inner, each[2]), Kind.VECTOR, interleave=2)
    rows = For("r", index(3), (tile,))
    arguments = (given("a", "f32", index(6), index(7)), given("b", "f32", index(7), N))
    run = build(program((*arguments, result("c", "f32", index(6), N)), rows), isa)
    rng = np.random.default_rng(0)
    for n in COUNTS:
        a, b = rng.normal(size=(6, 7)).astype(np.float32), rng.normal(size=(7, n)).astype(np.float32)
        np.testing.assert_allclose(run({"a": a, "b": b}, n=n)["c"], a @ b, rtol=1e-5, atol=1e-5)


@each_isa
def test_workspace_prefetch_and_streams(isa: VectorIsa) -> None:
    """y = reverse of (2 x), through two workspace buffers."""
    first = loop(Prefetch("x", (HERE + index(64),)), Store("w", (HERE,), at("x", "f64", HERE) + at("x", "f64", HERE)))
    copy = For("j", N, (Store("v", (J,), get(vector("w", "f64"), N - index(1) - J)),))
    last = For("l", N, (Store("y", (it("l"),), get(vector("v", "f64"), it("l")), stream=True),), Kind.VECTOR)
    allocate = (local("w", "f64", N, memory=Memory.WORKSPACE), local("v", "f64", N, memory=Memory.WORKSPACE))
    run = build(program((given("x", "f64", N), result("y", "f64", N)), *allocate, first, copy, last), isa)
    for n in COUNTS:
        x = np.arange(n, dtype=np.float64)
        np.testing.assert_array_equal(run({"x": x}, n=n)["y"], 2 * x[::-1])


@each_isa
def test_what_does_not_run_side_by_side_runs_one_by_one(isa: VectorIsa) -> None:
    """A running sum marked as a vector loop by mistake is written as a plain loop, with the reason."""
    s = Expr("param", (), ("s",), "f32")
    update = Accumulate("s", (), "add", at("x", "f32", HERE))
    body = (local("s", "f32"), Store("s", (), const(0.0, "f32")), loop(update, Store("y", (HERE,), s)))
    made = program((given("x", "f32", N), result("y", "f32", N)), *body)
    assert "one by one: s is read while it is accumulated" in emit(made, isa)
    np.testing.assert_array_equal(build(made, isa)({"x": np.ones(5)}, n=5)["y"], [1, 2, 3, 4, 5])


SCANS = [("add", "f32"), ("max", "f32"), ("add", "i32"), ("min", "f64"), ("mul", "u32")]


@each_isa
@pytest.mark.parametrize(("op", "dtype"), SCANS)
@pytest.mark.parametrize("interleave", [1, 3])
def test_scans_run_in_lanes(isa: VectorIsa, op: str, dtype: str, interleave: int) -> None:
    """y[i] = op of 3, x[0] + 1, ..., x[i] + 1; what it came to is a result too."""
    s, one = Expr("param", (), ("s",), dtype), const(1.0 if dtype[0] == "f" else 1, dtype)
    start = Store("s", (), const(3.0 if dtype[0] == "f" else 3, dtype))
    update = Accumulate("s", (), op, at("x", dtype, HERE) + one)
    through = For("i", N, (update, Store("y", (HERE,), s)), Kind.SCAN, interleave=interleave)
    body = (local("s", dtype), start, through, Store("z", (index(0),), s))
    made = program((given("x", dtype, N), result("y", dtype, N), result("z", dtype, index(1))), *body)
    assert ("one by one" in emit(made, isa)) == (isa.lanes(dtype) < 4)
    function = {"add": np.add, "mul": np.multiply, "min": np.minimum, "max": np.maximum}[op]
    run, rng = build(made, isa), np.random.default_rng(0)
    for n in COUNTS:
        x = rng.integers(0, 9, n).astype({"f": "f", "i": "i", "u": "u"}[dtype[0]] + str(int(dtype[1:]) // 8))
        expected = function.accumulate(np.concatenate([[3], x + 1]).astype(x.dtype), dtype=x.dtype)
        got = run({"x": x}, n=n)
        np.testing.assert_array_equal(got["y"], expected[1:])
        np.testing.assert_array_equal(got["z"], expected[-1:])


@each_isa
@pytest.mark.parametrize("dtype", ["f32", "i32", "f64"])
def test_squares_are_turned_in_registers(isa: VectorIsa, dtype: str) -> None:
    """y[r, i] = x[i, r + 1] + r for as many r as there are lanes; rows beyond the last are not read."""
    lanes = isa.bits // (64 if dtype == "f64" else 32)
    row, x = it("r"), array("x", dtype, 2)
    value = get(x, HERE, row + index(1)) + cast(row, dtype)
    body = loop(For("r", index(lanes), (Store("y", (row, HERE), value),), Kind.UNROLL))
    made = program((given("x", dtype, N, index(lanes + 1)), result("y", dtype, index(lanes), N)), body)
    assert ("__builtin_shufflevector" in emit(made, isa)) == (lanes >= 4)  # two lanes are no square worth turning
    run = build(made, isa)
    for n in COUNTS:
        values = np.arange(n * (lanes + 1)).reshape(n, lanes + 1)
        np.testing.assert_array_equal(run({"x": values}, n=n)["y"], values[:, 1:].T + np.arange(lanes)[:, None])


@each_isa
def test_iterators_are_values_too(isa: VectorIsa) -> None:
    """y[i] = f32(i) where i * 2 < n, else i32(i) % 3."""
    cut = binary("lt", HERE * index(2), N)
    value = select(cut, cast(HERE, "f32"), cast(binary("fmod", cast(HERE, "i32"), const(3, "i32")), "f32"))
    run = build(program((result("y", "f32", N),), loop(Store("y", (HERE,), value))), isa)
    for n in COUNTS:
        i = np.arange(n)
        np.testing.assert_array_equal(run({}, n=n)["y"], np.where(i * 2 < n, i, i % 3))


@each_isa
def test_functions_without_a_vector_form_go_lane_by_lane(isa: VectorIsa) -> None:
    value = call("sin", at("x", "f32", HERE)) + binary("pow", at("x", "f32", HERE), const(2.0, "f32"))
    run = build(program((given("x", "f32", N), result("y", "f32", N)), loop(Store("y", (HERE,), value))), isa)
    x = np.linspace(-3, 3, 37).astype(np.float32)
    np.testing.assert_allclose(run({"x": x}, n=37)["y"], np.sin(x) + x * x, rtol=1e-5, atol=1e-6)


@each_isa
@pytest.mark.parametrize("dtype", ["bf16", "f16"])
def test_half_precision_is_storage(isa: VectorIsa, dtype: str) -> None:
    """y = 3 x, computed in f32, rounded to nearest even."""
    value = cast(cast(at("x", dtype, HERE), "f32") * const(3.0, "f32"), dtype, "nearest", "wrap")
    run = build(program((given("x", dtype, N), result("y", dtype, N)), loop(Store("y", (HERE,), value))), isa)
    exact = np.linspace(-4, 4, 67).astype(np.float32)
    if dtype == "f16":
        x = exact.astype(np.float16)
        np.testing.assert_array_equal(run({"x": x}, n=67)["y"], (x.astype(np.float32) * 3).astype(np.float16))
        return
    from ml_dtypes import bfloat16

    x16 = exact.astype(bfloat16)
    want = (x16.astype(np.float32) * np.float32(3)).astype(bfloat16).view(np.uint16)
    np.testing.assert_array_equal(run({"x": x16.view(np.uint16)}, n=67)["y"], want)


def test_arithmetic_on_bf16_is_refused() -> None:
    x = at("x", "bf16", HERE)
    made = program((given("x", "bf16", N), result("y", "bf16", N)), For("i", N, (Store("y", (HERE,), x + x),)))
    with pytest.raises(UnsupportedLowering, match="bf16"):
        emit(made, PORTABLE)


def test_an_unknown_function_is_refused() -> None:
    body = For("i", N, (Store("y", (HERE,), call("mystery", at("x", "f32", HERE))),))
    with pytest.raises(UnsupportedLowering, match="mystery"):
        emit(program((given("x", "f32", N), result("y", "f32", N)), body), PORTABLE)


def test_a_local_array_of_unknown_extent_is_refused() -> None:
    body = (local("t", "f32", N, memory=Memory.STACK), Store("t", (index(0),), const(0.0, "f32")))
    with pytest.raises(UnsupportedLowering, match="workspace"):
        emit(program((result("y", "f32", N),), *body), PORTABLE)


def test_names_of_the_user_meet_no_keyword() -> None:
    int_, t1 = vector("int", "f32"), vector("t1", "f32")
    body = For("for", size("n"), (Store("t1", (it("for"),), get(int_, it("for")) + get(t1, it("for"))),), Kind.VECTOR)
    arguments = (given("int", "f32", N), result("t1", "f32", N))
    build(program(arguments, body, name="double"), PORTABLE)


def test_the_larger_pattern_wins_and_contraction_needs_leave() -> None:
    a, b, c = (operand(x, "f32") for x in "abc")
    product = Instruction("mul", 4, a * b, "mul({a},{b})")
    fused = Instruction("fma", 4, a * b + c, "fma({a},{b},{c})", contracts=True)
    isa = VectorIsa("toy", 128, instructions=(product, fused))
    x, y, z = (at(n, "f32", HERE) for n in "xyz")
    found = isa.match(z + x * y, 4, contract=True)
    assert found is not None and found.instruction.name == "fma" and found.operands["c"] is z
    assert isa.match(z + x * y, 4, contract=False) is None
    assert isa.match(x * y, 8, contract=True) is None


def test_operands_that_occur_twice_are_the_same_and_immediates_are_constants() -> None:
    a, imm = operand("a", "i32"), operand("imm", "i32")
    x, y = at("x", "i32", HERE), at("y", "i32", HERE)
    assert unify(a * a, x * x) == {"a": x}
    assert unify(a * a, x * y) is None
    assert unify(binary("shl", a, imm), binary("shl", x, const(3, "i32"))) is not None
    assert unify(binary("shl", a, imm), binary("shl", x, y)) is None
