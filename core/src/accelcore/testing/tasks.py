"""Small tasks with NumPy oracles: what every target should be able to lower.

Each is built in the tensor language, at sizes that are odd on purpose: a kernel that forgets a vector's tail fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from accelcore.ir.expr import Expr, array, call, cast, comp, const, get, param, reduce, scan, size
from accelcore.values import Param, Role, Sizes, Summary, Task, sizes_of

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray[Any, Any]]
    Oracle = Callable[[Arrays], Mapping[str, np.ndarray[Any, Any]]]


@dataclass(frozen=True)
class SmallTask:
    """A task, its oracle, and what it exercises ("elementwise", "reduction", "matmul", ...)."""

    task: Task
    oracle: Oracle
    traits: frozenset[str]

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name


def _real(e: Expr) -> Expr:
    return cast(e, "real")


def _f32(e: Expr) -> Expr:
    return cast(e, "f32", "nearest", "wrap")


def _task(
    name: str, params: tuple[Param, ...], post: Mapping[str, Expr], sizes: Mapping[str, int], *, model: str
) -> Task:
    odd: tuple[Sizes, ...] = (sizes_of(sizes), sizes_of(dict.fromkeys(sizes, 1)))
    requires = tuple(size(n) >= 1 for n in sorted(sizes))
    return Task(name, params, Summary(tuple(post.items()), (), model), requires, sizes=odd)


def _in(name: str, dtype: str, *shape: Expr) -> Param:
    return Param(name, dtype, shape, Role.IN)


def _out(name: str, dtype: str, *shape: Expr) -> Param:
    return Param(name, dtype, shape, Role.OUT)


def elementwise() -> SmallTask:
    """y[i] = a * x[i] + x[i] * x[i] in f32."""
    n, x, a = size("n"), array("x", "f32", 1), _real(param("a", "f32"))
    y = comp(n, lambda i: _f32(a * _real(x[i]) + _real(x[i]) * _real(x[i])))
    params = (Param("a", "f32", (), Role.SCALAR), _in("x", "f32", n), _out("y", "f32", n))
    return SmallTask(
        _task("elementwise", params, {"y": y}, {"n": 67}, model="real"),
        lambda v: {"y": v["a"] * v["x"] + v["x"] * v["x"]},
        frozenset({"elementwise"}),
    )


def row_sum() -> SmallTask:
    """y[i] = sum over j of x[i, j]."""
    m, n, x = size("m"), size("n"), array("x", "f32", 2)
    y = comp(m, lambda i: _f32(reduce("sum", n, lambda j: _real(x[i, j]))))
    return SmallTask(
        _task("row_sum", (_in("x", "f32", m, n), _out("y", "f32", m)), {"y": y}, {"m": 5, "n": 67}, model="real"),
        lambda v: {"y": v["x"].sum(axis=1)},
        frozenset({"reduction"}),
    )


def dot() -> SmallTask:
    """r = sum of x[i] * y[i], a scalar result."""
    n, x, y = size("n"), array("x", "f32", 1), array("y", "f32", 1)
    r = _f32(reduce("sum", n, lambda i: _real(x[i]) * _real(y[i])))
    params = (_in("x", "f32", n), _in("y", "f32", n), _out("r", "f32"))
    return SmallTask(
        _task("dot", params, {"r": r}, {"n": 131}, model="real"),
        lambda v: {"r": (v["x"] * v["y"]).sum()},
        frozenset({"reduction", "scalar result"}),
    )


def matmul() -> SmallTask:
    """c[i, j] = sum over k of a[i, k] * b[k, j]."""
    m, n, p = size("m"), size("n"), size("p")
    a, b = array("a", "f32", 2), array("b", "f32", 2)
    c = comp(m, lambda i: comp(n, lambda j: _f32(reduce("sum", p, lambda k: _real(a[i, k]) * _real(b[k, j])))))
    params = (_in("a", "f32", m, p), _in("b", "f32", p, n), _out("c", "f32", m, n))
    return SmallTask(
        _task("matmul", params, {"c": c}, {"m": 7, "n": 19, "p": 13}, model="real"),
        lambda v: {"c": v["a"] @ v["b"]},
        frozenset({"reduction", "matmul"}),
    )


def softmax() -> SmallTask:
    """Softmax over rows, with the row's maximum and sum as shared stages."""
    m, n, x = size("m"), size("n"), array("x", "f32", 2)

    def row(i: Expr) -> Expr:
        top = reduce("max", n, lambda k: _real(x[i, k]))
        total = reduce("sum", n, lambda k: call("exp", _real(x[i, k]) - top))
        return comp(n, lambda j: _f32(call("exp", _real(x[i, j]) - top) / total))

    def oracle(v: Arrays) -> Arrays:
        import numpy as np

        e = np.exp(v["x"] - v["x"].max(axis=1, keepdims=True))
        return {"y": e / e.sum(axis=1, keepdims=True)}

    params = (_in("x", "f32", m, n), _out("y", "f32", m, n))
    task = _task("softmax", params, {"y": comp(m, row)}, {"m": 3, "n": 37}, model="real")
    return SmallTask(task, oracle, frozenset({"reduction", "exp"}))


def blend() -> SmallTask:
    """r[i] = (a[i] * w + b[i] * (255 - w)) // 255 on u8, exact integers."""
    n, a, b = size("n"), array("a", "u8", 1), array("b", "u8", 1)
    w = cast(param("w", "u8"), "int")

    def pixel(i: Expr) -> Expr:
        mixed = cast(a[i], "int") * w + cast(b[i], "int") * (const(255) - w)
        return cast(mixed // 255, "u8", "trunc", "exact")

    params = (_in("a", "u8", n), _in("b", "u8", n), Param("w", "u8", (), Role.SCALAR), _out("r", "u8", n))
    return SmallTask(
        _task("blend", params, {"r": comp(n, pixel)}, {"n": 131}, model="int"),
        lambda v: {"r": (v["a"] * v["w"] + v["b"] * (255 - v["w"])) // 255},
        frozenset({"integers"}),
    )


def argmax() -> SmallTask:
    """r[i] = the first index of the largest x[i, j]."""
    m, n, x = size("m"), size("n"), array("x", "f32", 2)
    r = comp(m, lambda i: cast(reduce("argmax", n, lambda j: _real(x[i, j])), "i64"))
    return SmallTask(
        _task("argmax", (_in("x", "f32", m, n), _out("r", "i64", m)), {"r": r}, {"m": 5, "n": 33}, model="real"),
        lambda v: {"r": v["x"].argmax(axis=1)},
        frozenset({"argmax"}),
    )


def transpose() -> SmallTask:
    """y[j, i] = x[i, j]."""
    m, n, x = size("m"), size("n"), array("x", "f32", 2)
    y = comp(n, lambda j: comp(m, lambda i: x[i, j]))
    return SmallTask(
        _task("transpose", (_in("x", "f32", m, n), _out("y", "f32", n, m)), {"y": y}, {"m": 5, "n": 19}, model="real"),
        lambda v: {"y": v["x"].T},
        frozenset({"data movement"}),
    )


def running_sum() -> SmallTask:
    """y[i] = x[0] + ... + x[i], on i64."""
    n, x = size("n"), array("x", "i32", 1)
    total = scan("sum", n, lambda i: cast(x[i], "int"))
    y = comp(n, lambda i: cast(get(total, i), "i64", "trunc", "exact"))
    return SmallTask(
        _task("running_sum", (_in("x", "i32", n), _out("y", "i64", n)), {"y": y}, {"n": 45}, model="int"),
        lambda v: {"y": v["x"].cumsum()},
        frozenset({"scan", "integers"}),
    )


def conv1d() -> SmallTask:
    """y[i] = sum over k < w of x[i + k] * f[k]; n outputs read n + w - 1 inputs."""
    n, w = size("n"), size("w")
    x, f = array("x", "f32", 1), array("f", "f32", 1)
    y = comp(n, lambda i: _f32(reduce("sum", w, lambda k: _real(x[i + k]) * _real(f[k]))))

    def oracle(v: Arrays) -> Arrays:
        import numpy as np

        return {"y": np.correlate(v["x"], v["f"], mode="valid")}

    params = (_in("x", "f32", n + w - 1), _in("f", "f32", w), _out("y", "f32", n))
    return SmallTask(
        _task("conv1d", params, {"y": y}, {"n": 35, "w": 5}, model="real"), oracle, frozenset({"reduction", "window"})
    )


@cache
def small_tasks() -> tuple[SmallTask, ...]:
    """All small tasks."""
    makers = (elementwise, row_sum, dot, matmul, softmax, blend, argmax, transpose, running_sum, conv1d)
    return tuple(make() for make in makers)


SMALL_TASKS: tuple[SmallTask, ...] = small_tasks()
"""The same, as a constant for `parametrize`."""
