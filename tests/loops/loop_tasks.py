"""Tasks with summaries that the tests of the loop language share, and how to run a program on random inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from accelcore.ir.evaluate import evaluate_summary
from accelcore.ir.expr import (
    Expr,
    array,
    binary,
    call,
    cast,
    comp,
    const,
    filtered,
    fold,
    get,
    index,
    length,
    param,
    reduce,
    scan,
    scatter,
    select,
    size,
)  # fmt: skip
from accelcore.loops.interpret import interpret
from accelcore.loops.lower import lower
from accelcore.loops.nodes import Program
from accelcore.values import Param, Role, Summary, Task

SIZES = {"m": 5, "n": 19, "k": 7, "l": 3, "h": 3, "w": 5, "c": 2, "o": 6}
STORAGE = {
    "f32": np.float32, "f64": np.float64, "f16": np.float16, "bool": np.bool_, "bf16": np.uint16,
    **{f"{s}{b}": np.dtype(f"{'int' if s == 'i' else 'uint'}{b}") for s in "iu" for b in (8, 16, 32, 64)},
}  # fmt: skip

m, n, k, l = (size(s) for s in "mnkl")  # noqa: E741 - the name of the size


def real(e: Expr) -> Expr:
    return cast(e, "real")


def whole(e: Expr) -> Expr:
    return cast(e, "int")


def f32(e: Expr) -> Expr:
    return cast(e, "f32")


def fits(e: Expr, dtype: str) -> Expr:
    return cast(e, dtype, "trunc", "exact")


def task(name: str, params: str, result: Expr | Mapping[str, Expr], **more: Any) -> Task:
    """A task from a signature like "x: f32[m, n] -> y: f32[m]"; `inout` marks a parameter in place."""
    before, _, after = params.partition("->")
    found = [_param(p, Role.IN) for p in _parts(before)] + [_param(p, Role.OUT) for p in _parts(after)]
    posts = result if isinstance(result, Mapping) else {found[-1].name: result}
    return Task(name, tuple(found), Summary(tuple(posts.items())), **more)


def _parts(text: str) -> list[str]:
    return [p.strip() for p in text.split(";") if p.strip()]


def _param(text: str, role: Role) -> Param:
    name, _, kind = (p.strip() for p in text.partition(":"))
    if kind.startswith("inout "):
        role, kind = Role.INOUT, kind[6:]
    dtype, _, inside = kind.partition("[")
    shape = tuple(_extent(p.strip()) for p in inside.rstrip("]").split(",")) if inside else ()
    return Param(name, dtype, shape, Role.SCALAR if not shape and role is Role.IN else role)


def _extent(text: str) -> Expr:
    base, plus, more = text.partition("+")
    e = index(int(base)) if base.strip().isdigit() else size(base.strip())
    return e + int(more) if plus else e


x1, x2, y1, r2 = array("x", "f32", 1), array("x", "f32", 2), array("y", "f32", 1), array("r", "f32", 2)
A, B, C = (array(name, "f32", 2) for name in "ABC")


def row_max(i: Expr) -> Expr:
    return reduce("max", n, lambda q: real(x2[i, q]))


def matrix(body: Callable[[Expr, Expr], Expr]) -> Expr:
    return comp(m, lambda i: comp(n, lambda j: f32(body(i, j))))


def product(i: Expr, j: Expr, left: Expr = A, right: Expr = B) -> Expr:
    return reduce("sum", k, lambda p: real(left[i, p]) * real(right[p, j]))


def _softmax() -> Task:
    def e(i: Expr, j: Expr) -> Expr:
        return call("exp", real(x2[i, j]) - row_max(i))

    return task(
        "softmax", "x: f32[m, n] -> y: f32[m, n]", matrix(lambda i, j: e(i, j) / reduce("sum", n, lambda q: e(i, q)))
    )


def _layernorm() -> Task:
    def mean(i: Expr) -> Expr:
        return reduce("sum", n, lambda q: real(x2[i, q])) / real(n)

    def variance(i: Expr) -> Expr:
        return reduce("sum", n, lambda q: (real(x2[i, q]) - mean(i)) * (real(x2[i, q]) - mean(i))) / real(n)

    return task(
        "layernorm",
        "x: f32[m, n]; g: f32[n] -> y: f32[m, n]",
        matrix(
            lambda i, j: (real(x2[i, j]) - mean(i)) / call("sqrt", variance(i) + 1e-5) * real(array("g", "f32", 1)[j])
        ),
    )


def _attention() -> Task:
    q, key, value = (array(name, "f32", 2) for name in ("q", "key", "value"))

    def dot(i: Expr, j: Expr) -> Expr:
        return reduce("sum", k, lambda p: real(q[i, p]) * real(key[j, p])) * 0.25

    def e(i: Expr, j: Expr) -> Expr:
        return call("exp", dot(i, j) - reduce("max", n, lambda p: dot(i, p)))

    def out(i: Expr, j: Expr) -> Expr:
        return f32(reduce("sum", n, lambda p: e(i, p) / reduce("sum", n, lambda t: e(i, t)) * real(value[p, j])))

    return task(
        "attention",
        "q: f32[m, k]; key: f32[n, k]; value: f32[n, l] -> y: f32[m, l]",
        comp(m, lambda i: comp(l, lambda j: out(i, j))),
    )


def _convolution() -> Task:
    image, weights = array("x", "f32", 3), array("v", "f32", 4)
    h, w, c, o = (size(s) for s in "hwco")

    def at(a: Expr, b: Expr, d: Expr) -> Expr:
        return reduce("sum", 3, lambda p: reduce("sum", 3, lambda q: reduce("sum", c, lambda s: (
            real(image[a + p, b + q, s]) * real(weights[p, q, s, d])
        ))))  # fmt: skip

    return task(
        "convolution",
        "x: f32[h+2, w+2, c]; v: f32[3, 3, c, o] -> y: f32[h, w, o]",
        comp(h, lambda a: comp(w, lambda b: comp(o, lambda d: f32(at(a, b, d))))),
    )


def _blend() -> Task:
    a, b = array("a", "u8", 1), array("b", "u8", 1)
    value = comp(n, lambda i: fits((whole(a[i]) * whole(b[i]) + 127) // 255, "u8"))
    return task("blend", "a: u8[n]; b: u8[n] -> y: u8[n]", value)


def _swiglu() -> Task:
    def swish(e: Expr) -> Expr:
        return e * call("sigmoid", e)

    value = matrix(lambda i, j: swish(product(i, j)) * product(i, j, A, C))
    return task("swiglu", "A: f32[m, k]; B: f32[k, n]; C: f32[k, n] -> y: f32[m, n]", value)


def _argmax_fold() -> Task:
    def step(acc: tuple[Expr, ...], i: Expr) -> tuple[Expr, Expr]:
        better = binary("lt", acc[0], real(x1[i]))
        return select(better, real(x1[i]), acc[0]), select(better, whole(i), acc[1])

    return task("argmax_fold", "x: f32[n] -> y: i64", fits(fold(n, [const(-1e30), const(0)], step, 1), "i64"))


def _chain() -> Task:
    def out(i: Expr, j: Expr) -> Expr:
        return f32(reduce("sum", n, lambda p: product(i, p) * real(C[p, j])))

    return task(
        "chain",
        "A: f32[m, k]; B: f32[k, n]; C: f32[n, l] -> y: f32[m, l]",
        comp(m, lambda i: comp(l, lambda j: out(i, j))),
    )


def _positive() -> Task:
    kept = filtered(n, lambda i: binary("lt", const(0.0), real(x1[i])), lambda i: x1[i])
    return task("positive", "x: f32[n] -> y: f32[n]; count: i64", {"y": kept, "count": length(kept)})


def _momentum() -> Task:
    w, v = array("w", "f32", 1), array("v", "f32", 1)
    return task("momentum", "w: inout f32[n]; v: inout f32[n]; rate: f32 ->", {
        "v": comp(n, lambda i: f32(real(v[i]) * 0.5 + real(w[i]))),
        "w": comp(n, lambda i: f32(real(w[i]) - real(param("rate", "f32")) * real(v[i]))),
    })  # fmt: skip


def _residual() -> Task:
    def both(i: Expr, j: Expr) -> Expr:
        return real(x2[i, j]) + real(r2[i, j])

    def norm(i: Expr) -> Expr:
        return call("sqrt", reduce("sum", n, lambda q: both(i, q) * both(i, q)) + 1)

    value = matrix(lambda i, j: both(i, j) / norm(i))
    return task("residual", "x: f32[m, n]; r: f32[m, n] -> y: f32[m, n]", value)


def _running() -> Task:
    sums = scan("sum", n, lambda q: real(x1[q]))
    return task("running", "x: f32[n] -> y: f32[n]", comp(n, lambda i: f32(get(sums, i))))


def stored(
    old: Expr, i: Expr, chosen: Callable[[Expr], Expr], place: Callable[[Expr], Expr], value: Callable[[Expr], Expr]
) -> Expr:  # fmt: skip
    """What `for k < n: if chosen(k): y[place(k)] = value(k)` leaves at i, as it is lifted."""

    def update(acc: tuple[Expr, ...], q: Expr) -> list[Expr]:
        here = binary("eq", i, place(q))
        return [select(binary("land", chosen(q), here), value(q), acc[0])]

    return fold(n, [old], update)


def many(chosen: Callable[[Expr], Expr], until: Expr) -> Expr:
    """How often a condition holds before `until`."""
    return reduce("sum", until, lambda q: select(chosen(q), index(1), index(0)))


def _stores() -> list[Task]:
    """Results into which loops pack what they choose, or that they store into at places from data."""

    def above(q: Expr) -> Expr:
        return binary("lt", const(0.0), real(x1[q]))

    def other(q: Expr) -> Expr:
        return binary("le", real(x1[q]), const(0.0))

    def old(i: Expr) -> Expr:
        return real(y1[i])

    def twice(q: Expr) -> Expr:
        return real(x1[q]) * 2.0

    def packed(i: Expr) -> Expr:
        return stored(old(i), i, above, lambda q: many(above, q), twice)

    def places(i: Expr) -> Expr:
        return stored(whole(array("a", "i32", 1)[i]), i, above, lambda q: many(above, q), lambda q: whole(q))

    def parted(i: Expr) -> Expr:
        return stored(packed(i), i, other, lambda q: many(above, n) + many(other, q), lambda q: real(x1[q]))

    def placed(i: Expr) -> Expr:
        at = array("b", "i16", 1)
        return stored(old(i), i, lambda _: const(True, "bool"), lambda q: cast(whole(at[q]), "i64"), twice)

    def kept(i: Expr) -> Expr:
        return stored(old(i), i, lambda q: binary("lt", real(x1[q]), 1.0), lambda q: many(above, q), twice)

    both = {
        "y": comp(k, lambda i: f32(packed(i))),
        "a": comp(n, lambda i: fits(places(i), "i32")),
        "c": fits(many(above, n), "i32"),
    }
    return [
        task("packed", "x: f32[n]; y: inout f32[n] ->", {"y": comp(n, lambda i: f32(packed(i)))}),
        task("packed_both", "x: f32[n]; y: inout f32[k]; a: inout i32[n] -> c: i32", both),
        task("filled", "x: f32[n] -> y: f32[n]",
             comp(n, lambda i: f32(stored(const(-1.0), i, above, lambda q: many(above, q), twice)))),
        task("parted", "x: f32[n]; y: inout f32[n] ->", {"y": comp(n, lambda i: f32(parted(i)))}),
        task("placed", "x: f32[n]; b: i16[n]; y: inout f32[k] ->", {"y": comp(k, lambda i: f32(placed(i)))}),
        task("kept", "x: f32[n]; y: inout f32[k] ->", {"y": comp(k, lambda i: f32(kept(i)))}),
    ]  # fmt: skip


def _guarded() -> list[Task]:
    """Reads that are only in range where a condition holds, windows, triangles, indices from data."""
    weights, indices, table = array("v", "f32", 2), array("a", "u8", 1), array("A", "f32", 3)

    def inside(i: Expr, j: Expr) -> Expr:
        rows = binary("land", binary("le", 0, i), binary("lt", i, m))
        return binary("land", rows, binary("land", binary("le", 0, j), binary("lt", j, n)))

    def padded(i: Expr, j: Expr) -> Expr:
        return select(inside(i, j), real(x2[i, j]), const(0.0))

    def window(i: Expr, j: Expr) -> Expr:
        return reduce(
            "sum", 3, lambda p: reduce("sum", 3, lambda q: padded(i + p - 1, j + q - 1) * real(weights[p, q]))
        )

    def largest(i: Expr, j: Expr) -> Expr:
        return reduce("max", 2, lambda p: reduce("max", 2, lambda q: real(x2[i + p, j + q])))

    def batched(b: Expr, i: Expr, j: Expr) -> Expr:
        return f32(reduce("sum", k, lambda p: real(table[b, i, p]) * real(B[p, j])))

    down = matrix(lambda i, j: get(scan("sum", m, lambda q: real(x2[q, j])), i))
    folded = comp(n, lambda i: f32(reduce("sum", i + 1, lambda q: real(x1[q]) * real(x1[i - q]))))
    return [
        task("padding", "x: f32[m, n]; v: f32[3, 3] -> y: f32[m, n]", matrix(window)),
        task("pooling", "x: f32[m+1, n+1] -> y: f32[m, n]", matrix(largest)),
        task("down", "x: f32[m, n] -> y: f32[m, n]", down),
        task("triangle", "x: f32[n] -> y: f32[n]", folded),
        task("lookup", "x: f32[n]; a: u8[k] -> y: f32[k]", comp(k, lambda i: x1[whole(indices[i]) % whole(n)])),
        task(
            "batch",
            "A: f32[l, m, k]; B: f32[k, n] -> y: f32[l, m, n]",
            comp(l, lambda b: comp(m, lambda i: comp(n, lambda j: batched(b, i, j)))),
        ),
    ]


def _tasks() -> dict[str, Task]:
    bins = scatter([16], n, lambda q: (whole(array("x", "u8", 1)[q]) % 16,), lambda _: const(1), 0, "add")
    shifted = comp(n, lambda i: f32(select(binary("lt", 0, i), real(x1[i - 1]), const(0.0))))
    relu = comp(n, lambda i: f32(select(binary("lt", real(x1[i]), const(0.0)), const(0.0), real(x1[i]))))
    growth = lambda e: call("exp", e) - const(1.0)  # noqa: E731 - one line
    below = lambda i: binary("lt", real(x1[i]), const(0.0))  # noqa: E731 - one line
    elu = comp(n, lambda i: f32(select(below(i), growth(real(x1[i])), const(2.0) - growth(-real(x1[i])))))
    gelu = matrix(lambda i, j: call("erf", product(i, j) + real(array("b", "f32", 1)[j])) * product(i, j))
    smooth = comp(n, lambda i: f32(real(x1[i]) + real(x1[i + 1]) * 2.0 + real(x1[i + 2])))
    several = [
        _softmax(), _layernorm(), _attention(), _convolution(), _blend(), _swiglu(), _argmax_fold(), _chain(),
        _positive(), _momentum(), _residual(), _running(), *_guarded(), *_stores(),
        task("product", "A: f32[m, k]; B: f32[k, n] -> y: f32[m, n]", matrix(product)),
        task("gelu", "A: f32[m, k]; B: f32[k, n]; b: f32[n] -> y: f32[m, n]", gelu),
        task("dot", "x: f32[n]; y: f32[n] -> s: f32", f32(reduce("sum", n, lambda q: real(x1[q]) * real(y1[q])))),
        task("vector", "A: f32[m, k]; x: f32[k] -> y: f32[m]",
             comp(m, lambda i: f32(reduce("sum", k, lambda p: real(A[i, p]) * real(x1[p]))))),
        task("argmax", "x: f32[m, n] -> y: i32[m]",
             comp(m, lambda i: fits(reduce("argmax", n, lambda q: real(x2[i, q])), "i32"))),
        task("smooth", "x: f32[n+2] -> y: f32[n]", smooth),
        task("histogram", "x: u8[n] -> y: i32[16]", fits(bins, "i32")),
        task("transposition", "x: f32[m, n] -> y: f32[n, m]", comp(n, lambda i: comp(m, lambda j: x2[j, i]))),
        task("columns", "x: f32[m, n] -> y: f32[m, n]",
             matrix(lambda i, j: real(x2[i, j]) / reduce("max", m, lambda q: real(x2[q, j])))),
        task("total", "x: i32[n] -> y: i64", fits(reduce("sum", n, lambda q: whole(array("x", "i32", 1)[q])), "i64")),
        task("shift", "x: inout f32[n] ->", {"x": shifted}),
        task("relu", "x: f32[n] -> y: f32[n]", relu),
        task("sides", "x: f32[n] -> y: f32[n]", elu),
    ]  # fmt: skip
    return {t.name: t for t in several}


TASKS = _tasks()


def program(name: str) -> Program:
    """The seed program of a task."""
    return lower(TASKS[name])


def inputs(made: Program, sizes: Mapping[str, int], seed: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Random arrays for all array arguments, and values for sizes and scalars."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, Any] = {}
    scalars: dict[str, Any] = dict(sizes)
    for b in made.arguments:
        kind = np.dtype(STORAGE[b.dtype])
        if b.role is Role.SCALAR:
            scalars[b.name] = kind.type(0.75) if kind.kind == "f" else kind.type(3)
        elif b.role is not Role.SIZE:
            shape = tuple(extent(e, sizes) for e in b.shape)
            arrays[b.name] = draw(rng, shape, kind)
    return arrays, scalars


def draw(rng: np.random.Generator, shape: tuple[int, ...], kind: np.dtype[Any]) -> Any:
    if kind.kind == "f":
        return rng.standard_normal(shape).astype(kind)
    if kind.kind == "b":
        return rng.integers(0, 2, shape).astype(kind)
    limits = np.iinfo(kind)
    return np.asarray(rng.integers(max(limits.min, -1000), min(limits.max, 1000), shape, endpoint=True)).astype(kind)


def extent(e: Expr, sizes: Mapping[str, int]) -> int:
    from accelcore.ir.evaluate import evaluate

    return int(evaluate(e, {}, sizes))


def run(made: Program, sizes: Mapping[str, int], seed: int = 0) -> dict[str, Any]:
    """Results of a program, interpreted on random inputs; they begin as garbage."""
    arrays, scalars = inputs(made, sizes, seed)
    interpret(made, arrays, scalars)
    return {b.name: arrays[b.name] for b in made.arguments if b.role in (Role.OUT, Role.INOUT)}


def check(made: Program, of: Task, sizes: Mapping[str, int], seed: int = 0) -> None:
    """The program computes what the summary says, within the running error bound of its arithmetic."""
    arrays, scalars = inputs(made, sizes, seed)
    before = scalars | {name: a.copy() for name, a in arrays.items()}
    interpret(made, arrays, scalars)
    wanted = evaluate_summary(of.reference, before, sizes, with_bound=True, accumulate="f32", factor=8)
    for name, bounded in wanted.items():
        got = arrays[name]
        if bounded.value.shape != got.shape:  # a filter: as many as were kept
            got = got[: bounded.value.shape[0]]
        right = bounded.covers(got)
        assert np.all(right), f"{name}: {got[~right]} should be {bounded.value[~right]}"
