"""Tasks that the tests of this plugin lower, with their NumPy oracles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from accelcore.ir.expr import (
    Expr,
    array,
    binary,
    call,
    cast,
    comp,
    const,
    filtered,
    get,
    length,
    param,
    reduce,
    scan,
    select,
    size,
)  # fmt: skip
from accelcore.values import Param, Role, Summary, Task, sizes_of

M, N, K = size("m"), size("n"), size("k")
Arrays = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Case:
    """A task, what it should give for n >= least, and a schedule that uses the target's means."""

    task: Task
    oracle: Callable[[Arrays], np.ndarray[Any, Any]]
    schedule: tuple[str, ...]
    least: int = 0

    @property
    def extents(self) -> list[str]:
        """Names of the sizes."""
        return sorted({e.name for p in self.task.params for e in p.shape})


def real(e: Expr) -> Expr:
    return cast(e, "real")


def f32(e: Expr) -> Expr:
    return cast(e, "f32", "nearest", "wrap")


def task(name: str, params: tuple[Param, ...], result: str, post: Expr, model: str = "real", **extents: int) -> Task:
    return Task(name, params, Summary(((result, post),), (), model), sizes=(sizes_of(extents),))


def softmax() -> Case:
    x = array("x", "f32", 2)

    def row(i: Expr) -> Expr:
        top = reduce("max", N, lambda k: real(get(x, i, k)))
        total = reduce("sum", N, lambda k: call("exp", real(get(x, i, k)) - top))
        return comp(N, lambda j: f32(call("exp", real(get(x, i, j)) - top) / total))

    def oracle(v: Arrays) -> np.ndarray[Any, Any]:
        e = np.exp(v["x"].astype(np.float64) - v["x"].max(axis=1, keepdims=True, initial=-np.inf))
        return e / e.sum(axis=1, keepdims=True)

    params = (Param("x", "f32", (M, N)), Param("out", "f32", (M, N), Role.OUT))
    done = task("softmax", params, "out", comp(M, row), m=4, n=64)
    return Case(done, oracle, ("materialize(j3, j, to=out); reciprocal(j); simd(interleave=4)",))


def rmsnorm() -> Case:
    x, w = array("x", "f32", 2), array("w", "f32", 1)

    def row(i: Expr) -> Expr:
        mean = reduce("sum", N, lambda k: real(get(x, i, k)) * real(get(x, i, k))) / real(N)
        scale = call("sqrt", mean + real(param("eps", "f32")))
        return comp(N, lambda j: f32(real(get(x, i, j)) / scale * real(get(w, j))))

    def oracle(v: Arrays) -> np.ndarray[Any, Any]:
        wide = v["x"].astype(np.float64)
        return wide / np.sqrt((wide**2).mean(axis=1, keepdims=True) + v["eps"]) * v["w"]

    params = (
        Param("x", "f32", (M, N)),
        Param("w", "f32", (N,)),
        Param("eps", "f32", (), Role.SCALAR),
        Param("out", "f32", (M, N), Role.OUT),
    )
    done = task("rmsnorm", params, "out", comp(M, row), m=4, n=64)
    return Case(done, oracle, ("hoist(j); reciprocal(j); simd(interleave=4); stream(out)",))


def overlay() -> Case:
    a, b = array("a", "u8", 1), array("b", "u8", 1)

    def at(i: Expr) -> Expr:
        x, y = cast(get(a, i), "int"), cast(get(b, i), "int")
        light = const(255) - (const(2) * (const(255) - x) * (const(255) - y)) // const(255)
        dark = (const(2) * x * y) // const(255)
        return cast(select(binary("lt", x, const(128)), dark, light), "u8", "trunc", "exact")

    def oracle(v: Arrays) -> np.ndarray[Any, Any]:
        x, y = v["a"].astype(int), v["b"].astype(int)
        return np.where(x < 128, 2 * x * y // 255, 255 - 2 * (255 - x) * (255 - y) // 255)

    params = (Param("a", "u8", (N,)), Param("b", "u8", (N,)), Param("out", "u8", (N,), Role.OUT))
    return Case(task("overlay", params, "out", comp(N, at), "int", n=64), oracle, ("simd(interleave=2)",))


def matmul() -> Case:
    a, b = array("a", "f32", 2), array("b", "f32", 2)

    def at(i: Expr, j: Expr) -> Expr:
        return f32(reduce("sum", K, lambda p: real(get(a, i, p)) * real(get(b, p, j))))

    params = (Param("a", "f32", (M, K)), Param("b", "f32", (K, N)), Param("c", "f32", (M, N), Role.OUT))
    post = comp(M, lambda i: comp(N, lambda j: at(i, j)))
    done = task("matmul", params, "c", post, m=8, n=64, k=8)
    return Case(done, lambda v: v["a"].astype(np.float64) @ v["b"], ("tile(i, 4, j, interleave=2)",))


def gelu() -> Case:
    x = array("x", "f32", 1)
    half, root = const(0.5, "real"), const(0.7071067811865476, "real")

    def at(i: Expr) -> Expr:
        v = real(get(x, i))
        return f32(half * v * (const(1.0, "real") + call("erf", v * root)))

    def oracle(v: Arrays) -> np.ndarray[Any, Any]:
        from math import erf

        return np.array([0.5 * float(t) * (1 + erf(float(t) * 0.5**0.5)) for t in v["x"]])

    params = (Param("x", "f32", (N,)), Param("out", "f32", (N,), Role.OUT))
    return Case(task("gelu", params, "out", comp(N, at), n=64), oracle, ("simd(interleave=2)",))


def saturating_sum() -> Case:
    a, b = array("a", "u8", 1), array("b", "u8", 1)

    def at(i: Expr) -> Expr:
        return cast(cast(get(a, i), "int") + cast(get(b, i), "int"), "u8", "nearest", "saturate")

    def oracle(v: Arrays) -> np.ndarray[Any, Any]:
        return np.minimum(v["a"].astype(int) + v["b"], 255)

    params = (Param("a", "u8", (N,)), Param("b", "u8", (N,)), Param("out", "u8", (N,), Role.OUT))
    return Case(task("saturating_sum", params, "out", comp(N, at), "int", n=64), oracle, ("simd(interleave=2)",))


def transpose() -> Case:
    x = array("x", "f32", 2)
    params = (Param("x", "f32", (M, N)), Param("out", "f32", (N, M), Role.OUT))
    post = comp(N, lambda i: comp(M, lambda j: get(x, j, i)))
    return Case(task("transpose", params, "out", post, m=64, n=64), lambda v: v["x"].T, ("turn(i, j, 8); stream(out)",))


def turned() -> Case:
    """A transposition by way of a local block."""
    straight = transpose()
    done = replace(straight.task, name="turned")
    return Case(done, straight.oracle, ("turn(i, j, 16, stage=32); stream(out)",))


def prefix_sum() -> Case:
    x = array("x", "f32", 1)
    params = (Param("x", "f32", (N,)), Param("out", "f32", (N,), Role.OUT))
    sums = scan("sum", N, lambda k: real(get(x, k)))
    done = task("prefix_sum", params, "out", comp(N, lambda i: f32(get(sums, i))), n=64)
    return Case(done, lambda v: np.cumsum(v["x"].astype(np.float64)), ("scan_lanes(i); stream(out)",))


def argmax() -> Case:
    x = array("x", "f32", 2)

    def row(i: Expr) -> Expr:
        return cast(reduce("argmax", N, lambda k: real(get(x, i, k))), "i32", "trunc", "exact")

    params = (Param("x", "f32", (M, N)), Param("out", "i32", (M,), Role.OUT))
    done = task("argmax", params, "out", comp(M, row), m=4, n=64)
    return Case(done, lambda v: v["x"].argmax(axis=1), ("two_pass(j); simd(interleave=4)",), least=1)


def compacted() -> Case:
    """What `if i > 0 and x[i - 1] < x[i]: out[count] = x[i]; count += 1` leaves of zeros: the steps upwards."""
    x = array("x", "f32", 1)

    def up(k: Expr) -> Expr:
        return binary("land", binary("lt", 0, k), binary("lt", real(get(x, k - 1)), real(get(x, k))))

    kept = filtered(N, up, lambda k: real(get(x, k)))

    def element(i: Expr) -> Expr:
        return f32(select(binary("lt", i, length(kept)), get(kept, i), const(0.0)))

    def oracle(v: Arrays) -> np.ndarray[Any, Any]:
        chosen = v["x"][1:][v["x"][:-1] < v["x"][1:]]
        return np.concatenate([chosen, np.zeros(len(v["x"]) - len(chosen), np.float32)])

    params = (Param("x", "f32", (N,)), Param("out", "f32", (N,), Role.OUT))
    done = task("compacted", params, "out", comp(N, element), n=64)
    return Case(done, oracle, ("compact_lanes(i2)",))


CASES = {
    c.task.name: c
    for c in (
        softmax(), rmsnorm(), overlay(), matmul(), gelu(), saturating_sum(), transpose(), turned(), prefix_sum(),
        argmax(), compacted(),
    )
}  # fmt: skip
