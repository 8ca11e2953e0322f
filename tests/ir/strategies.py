"""Hypothesis strategies for well-typed expressions over a fixed set of parameters, and inputs for them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from accelcore.ir import expr as E
from accelcore.values import Param, Role

M, N = E.size("m"), E.size("n")
PARAMS = (
    Param("m", "i64", (), Role.SIZE),
    Param("n", "i64", (), Role.SIZE),
    Param("x", "f32", (M, N)),
    Param("v", "f32", (N,)),
    Param("a", "i8", (N,)),
    Param("b", "u8", (M, N)),
    Param("s", "f32", (), Role.SCALAR),
    Param("c", "i32", (), Role.SCALAR),
)
X, V = E.array("x", "f32", 2), E.array("v", "f32", 1)
A, B = E.array("a", "i8", 1), E.array("b", "u8", 2)
S, C = E.param("s", "f32"), E.param("c", "i32")

SIZES = st.fixed_dictionaries({"m": st.integers(1, 4), "n": st.integers(1, 5)})
_QUARTERS = st.integers(-16, 16).map(lambda q: q / 4)


@st.composite
def inputs(draw, sizes):
    """Small exact values: quarters, so that float sums and products are exact and comparisons are certain."""
    m, n = sizes["m"], sizes["n"]

    def array(shape, element, dtype):
        return np.array(
            draw(st.lists(element, min_size=int(np.prod(shape)), max_size=int(np.prod(shape)))), dtype
        ).reshape(shape)

    return {
        "x": array((m, n), _QUARTERS, np.float32),
        "v": array((n,), _QUARTERS, np.float32),
        "a": array((n,), st.integers(-128, 127), np.int8),
        "b": array((m, n), st.integers(0, 255), np.uint8),
        "s": draw(_QUARTERS),
        "c": draw(st.integers(-100, 100)),
    }


class Scope:
    """The index variables that an expression may use, with the size that bounds each."""

    def __init__(self, variables=()):
        self.variables = tuple(variables)

    def index(self, draw, size):
        """An index that is below the size: a variable of that range, or 0."""
        own = [v for v, extent in self.variables if extent is size]
        return draw(st.sampled_from(own)) if own and draw(st.integers(0, 5)) else E.index(0)

    def inside(self, variable, extent):
        return Scope((*self.variables, (variable, extent)))


@st.composite
def integers(draw, scope, depth):
    """An expression of dtype "int"."""
    if depth <= 0 or not draw(st.integers(0, 4)):
        return draw(
            st.sampled_from(
                [
                    E.const(draw(st.integers(-9, 9))),
                    E.cast(A[scope.index(draw, N)], "int"),
                    E.cast(B[scope.index(draw, M), scope.index(draw, N)], "int"),
                    E.cast(C, "int"),
                    E.cast(scope.index(draw, N), "int"),
                    E.cast(N, "int"),
                ]
            )
        )
    sub = integers(scope, depth - 1)
    form = draw(st.integers(0, 9))
    if form <= 3:
        return E.binary(draw(st.sampled_from(["add", "sub", "mul", "min", "max"])), draw(sub), draw(sub))
    if form == 4:
        divisor = draw(st.integers(-7, 7).filter(bool))
        return E.binary(draw(st.sampled_from(["tdiv", "trem", "fdiv", "fmod"])), draw(sub), divisor)
    if form == 5:
        return E.unary(draw(st.sampled_from(["neg", "abs", "not"])), draw(sub))
    if form == 6:
        return E.select(draw(conditions(scope, depth - 1)), draw(sub), draw(sub))
    if form == 7:
        dtype = draw(st.sampled_from(["i8", "u8", "i16", "u32", "i64"]))
        narrow = E.cast(draw(sub), dtype, "nearest", draw(st.sampled_from(["wrap", "saturate"])))
        op = draw(st.sampled_from(["add", "mul", "and", "xor", "sub"]))
        return E.cast(E.binary(op, narrow, narrow), "int")
    if form == 8:
        return E.cast(
            draw(reals(scope, depth - 1)), "int", draw(st.sampled_from(["floor", "ceil", "trunc", "nearest"]))
        )
    return draw(reductions(integers, scope, depth))


@st.composite
def reals(draw, scope, depth):
    """An expression of dtype "real" whose value is a fraction with a small denominator."""
    if depth <= 0 or not draw(st.integers(0, 4)):
        return draw(
            st.sampled_from(
                [
                    E.const(draw(_QUARTERS)),
                    E.cast(X[scope.index(draw, M), scope.index(draw, N)], "real"),
                    E.cast(V[scope.index(draw, N)], "real"),
                    E.cast(S, "real"),
                    E.cast(A[scope.index(draw, N)], "real"),
                ]
            )
        )
    sub = reals(scope, depth - 1)
    form = draw(st.integers(0, 7))
    if form <= 3:
        return E.binary(draw(st.sampled_from(["add", "sub", "mul", "min", "max"])), draw(sub), draw(sub))
    if form == 4:
        return E.select(draw(conditions(scope, depth - 1)), draw(sub), draw(sub))
    if form == 5:
        return draw(reductions(reals, scope, depth))
    if form == 6:
        return E.unary(draw(st.sampled_from(["neg", "abs"])), draw(sub))
    return E.cast(draw(integers(scope, depth - 1)), "real")


@st.composite
def conditions(draw, scope, depth):
    """A bool."""
    form = draw(st.integers(0, 3))
    if form == 0 and depth > 0:
        return E.binary(
            draw(st.sampled_from(["land", "lor"])),
            draw(conditions(scope, depth - 1)),
            draw(conditions(scope, depth - 1)),
        )
    if form == 1 and depth > 0:
        return E.unary("lnot", draw(conditions(scope, depth - 1)))
    kind = draw(st.sampled_from([integers, reals]))
    return E.binary(
        draw(st.sampled_from(["lt", "le", "eq", "ne"])), draw(kind(scope, depth - 1)), draw(kind(scope, depth - 1))
    )


@st.composite
def reductions(draw, kind, scope, depth):
    """A sum, extreme, scan element, fold, or element of a scatter, over a body of that kind."""
    extent = draw(st.sampled_from([M, N, N]))
    k = E.fresh()
    body = draw(kind(scope.inside(k, extent), depth - 1))

    def at(i):
        return E.substitute(body, {k.number: i})

    form = draw(st.integers(0, 6))
    if form <= 1:
        start = [draw(kind(scope, 0))] if draw(st.booleans()) else []
        return E.reduce(draw(st.sampled_from(["sum", "max", "min"])), extent, at, *start)
    if form == 2:
        return E.reduce("sum", extent, at)
    if form == 3:
        return E.scan(draw(st.sampled_from(["sum", "max", "min"])), extent, at)[scope.index(draw, extent)]
    if form == 4:
        start = draw(kind(scope, 0))
        half = 1 if start.dtype == "int" else 0.5
        return E.fold(
            extent, [start, start], lambda accs, i: [accs[0] * half + at(i), E.binary("max", accs[1], accs[0])], 1
        )
    if form == 5:
        start = draw(kind(scope, 0))
        combine = draw(st.sampled_from(["set", "add", "max", "min"]))
        return E.scatter([extent], extent, lambda i: [E.binary("fmod", i * 2, extent)], at, start, combine)[
            scope.index(draw, extent)
        ]
    arg = E.reduce(draw(st.sampled_from(["argmax", "argmin"])), extent, at)
    return E.cast(arg, "int") if kind is integers else E.cast(E.cast(arg, "int"), "real")


@st.composite
def tensors(draw, depth=3):
    """A closed expression of rank 0 to 2, cast to a storage dtype or not."""
    kind = draw(st.sampled_from([integers, reals]))
    i, j = E.fresh(), E.fresh()
    rank = draw(st.integers(0, 2))
    variables = [(i, M), (j, N)][:rank]
    e = draw(kind(Scope(variables), depth))
    if draw(st.integers(0, 2)) == 0:
        e = (
            E.cast(e, "f32")
            if e.dtype == "real"
            else E.cast(e, draw(st.sampled_from(["u8", "i32"])), "nearest", "wrap")
        )
    for variable, extent in reversed(variables):
        e = E.comp(extent, lambda n, variable=variable, e=e: E.substitute(e, {variable.number: n}))
    return e
