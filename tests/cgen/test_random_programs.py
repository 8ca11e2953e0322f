"""Random programs on every instruction set against the interpreter of the loop language."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cgen_support import NUMPY, N, build_all, each_isa, given, it, result, sizes, vector

from accelcore.cgen import VectorIsa
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, binary, call, cast, const, get, select, unary
from accelcore.loops.interpret import interpret
from accelcore.loops.nodes import Accumulate, Allocate, Buffer, For, If, Kind, Memory, Program, Statement, Store

INTEGERS = ("u8", "i8", "u16", "i16", "i32", "u32", "i64", "u64")
FLOATS = ("f32", "f64")
COUNT = 24


class Maker:
    """Random scalar expressions over arrays a0 (u8), a1 (i8), ... at the loop's iterator."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def value(self, dtype: str, depth: int) -> Expr:
        """An expression of this dtype."""
        if depth == 0 or self.random.random() < 0.15:
            return self.leaf(dtype)
        makers = self.floats if DTYPES[dtype].is_float else self.integers
        return self.random.choice(makers)(dtype, depth - 1)

    def leaf(self, dtype: str) -> Expr:
        """An element or a constant."""
        if self.random.random() < 0.25:
            if DTYPES[dtype].is_float:
                return const(self.random.choice([0.5, -2.0, 3.25, 1.0]), dtype)
            return const(self.random.choice([1, 2, 3, 7, 100]), dtype)
        return get(vector(f"a_{dtype}", dtype), it("i"))

    def condition(self, dtype: str, depth: int) -> Expr:
        """A comparison, or a combination of two."""
        one = binary(self.random.choice(["lt", "le", "eq", "ne"]), self.value(dtype, depth), self.value(dtype, depth))
        if depth and self.random.random() < 0.3:
            return binary(self.random.choice(["land", "lor"]), one, unary("lnot", self.condition(dtype, depth - 1)))
        return one

    def choice(self, dtype: str, depth: int) -> Expr:
        """A select."""
        return select(self.condition(self.any(dtype), depth), self.value(dtype, depth), self.value(dtype, depth))

    def any(self, dtype: str) -> str:
        """A dtype of the same kind."""
        return self.random.choice(FLOATS if DTYPES[dtype].is_float else INTEGERS)

    def operation(self, dtype: str, depth: int) -> Expr:
        """A binary operator of rings and lattices."""
        ops = ["add", "sub", "mul", "min", "max"] + ([] if DTYPES[dtype].is_float else ["and", "or", "xor"])
        return binary(self.random.choice(ops), self.value(dtype, depth), self.value(dtype, depth))

    def division(self, dtype: str, depth: int) -> Expr:
        """A division by something that is not zero."""
        op = self.random.choice(["tdiv", "trem", "fdiv", "fmod"])
        if self.random.random() < 0.6:
            return binary(op, self.value(dtype, depth), const(self.random.choice([1, 2, 3, 7, 8, 10, 100]), dtype))
        return binary(op, self.value(dtype, depth), binary("or", self.value(dtype, depth), const(1, dtype)))

    def shift(self, dtype: str, depth: int) -> Expr:
        """A shift by less than the width."""
        width = DTYPES[dtype].bits or 64
        if self.random.random() < 0.5:
            amount = const(self.random.randrange(width), dtype)
        else:
            amount = binary("and", self.value(dtype, depth), const(width - 1, dtype))
        return binary(self.random.choice(["shl", "shr"]), self.value(dtype, depth), amount)

    def conversion(self, dtype: str, depth: int) -> Expr:
        """A cast from another dtype of the same kind."""
        source = self.any(dtype)
        mode = "wrap" if DTYPES[dtype].is_float else self.random.choice(["wrap", "saturate"])
        return cast(self.value(source, depth), dtype, "nearest", mode)

    def single(self, dtype: str, depth: int) -> Expr:
        """A unary operator."""
        ops = ["neg", "abs"] if DTYPES[dtype].is_float or DTYPES[dtype].kind == "int" else ["not"]
        return unary(self.random.choice(ops), self.value(dtype, depth))

    def rounding(self, dtype: str, depth: int) -> Expr:
        """A function that is exact."""
        return call(self.random.choice(["floor", "ceil", "trunc", "round"]), self.value(dtype, depth))

    def from_integer(self, dtype: str, depth: int) -> Expr:
        """An integer that the float holds exactly."""
        return cast(self.value(self.random.choice(["u8", "i8", "u16", "i16"]), depth), dtype)

    @property
    def integers(self) -> list[Callable[[str, int], Expr]]:
        """What integers are made of."""
        return [self.operation, self.operation, self.choice, self.division, self.shift, self.conversion, self.single]

    @property
    def floats(self) -> list[Callable[[str, int], Expr]]:
        """What floats are made of."""
        makers = [self.operation, self.operation, self.choice, self.conversion, self.single, self.rounding]
        return [*makers, self.from_integer]


ARRAYS = tuple(given(f"a_{d}", d, N) for d in (*INTEGERS, *FLOATS))


def elementwise(seed: int) -> Program:
    """y[i] = random expression, under a random condition now and then."""
    maker = Maker(seed)
    dtype = maker.random.choice((*INTEGERS, *INTEGERS, *FLOATS))
    value = maker.value(dtype, 3)
    first: Statement = Store("y", (it("i"),), maker.leaf(dtype))
    store: Statement = Store("y", (it("i"),), value)
    if maker.random.random() < 0.3:
        other = Store("y", (it("i"),), maker.value(dtype, 1))
        store = If(maker.condition(maker.any(dtype), 1), (store,), (other,) if maker.random.random() < 0.5 else ())
    body = (For("i", N, (first, store), Kind.VECTOR, interleave=maker.random.choice([1, 2, 3])),)
    return Program(f"r{seed}", (*ARRAYS, result("y", dtype, N), *sizes("n")), body, reassociate=False)


def reduction(seed: int) -> Program:
    """A random reduction of a random expression, with a local variable in between."""
    maker = Maker(1000 + seed)
    dtype = maker.random.choice(INTEGERS)
    op = maker.random.choice(["add", "mul", "min", "max", "and", "or"])
    local = Buffer("v", dtype, (), Memory.REGISTER)
    v = Expr("param", (), ("v",), dtype)
    update: Statement = Accumulate("y", (const(0, "i64"),), op, binary("xor", v, const(1, dtype)))
    if maker.random.random() < 0.4:
        update = If(maker.condition(dtype, 1), (update,))
    loop = For("i", N, (Allocate(local), Store("v", (), maker.value(dtype, 2)), update), Kind.VECTOR, interleave=2)
    body = (Store("y", (const(0, "i64"),), const(1, dtype)), loop)
    return Program(f"s{seed}", (*ARRAYS, result("y", dtype, const(1, "i64")), *sizes("n")), body)


def inputs(n: int, seed: int) -> dict[str, np.ndarray[Any, Any]]:
    """Full-range integers, small multiples of 1/4."""
    rng = np.random.default_rng(seed)
    found = {}
    for d in INTEGERS:
        info = np.iinfo(NUMPY[d])
        found[f"a_{d}"] = rng.integers(info.min, info.max, n, dtype=NUMPY[d], endpoint=True)
    for d in FLOATS:
        found[f"a_{d}"] = (rng.integers(-64, 64, n) / 4).astype(NUMPY[d])
    return found


def expected(program: Program, values: dict[str, np.ndarray[Any, Any]], n: int) -> np.ndarray[Any, Any]:
    """What the interpreter computes."""
    y = program.buffer("y")
    out = np.zeros(n if y.shape[0].op == "size" else 1, NUMPY[y.dtype])
    interpret(program, {**values, "y": out}, {"n": n})
    return out


@each_isa
@pytest.mark.parametrize("kind", [elementwise, reduction], ids=lambda f: f.__name__)
def test_random_programs_mean_what_the_interpreter_says(isa: VectorIsa, kind: Callable[[int], Program]) -> None:
    by_result: dict[str, list[Program]] = {}
    for seed in range(COUNT):
        program = kind(seed)
        by_result.setdefault(program.buffer("y").dtype, []).append(program)
    for programs in by_result.values():
        for run in build_all(programs, isa):
            for n in (0, 1, 37, 130):
                values = inputs(n, n)
                want = expected(run.program, values, n)
                got = run(values, n=n)["y"]
                if got.dtype.kind == "f":
                    np.testing.assert_allclose(got, want, rtol=1e-5, err_msg=repr(run.program.body))
                else:
                    np.testing.assert_array_equal(got, want, err_msg=repr(run.program.body))
