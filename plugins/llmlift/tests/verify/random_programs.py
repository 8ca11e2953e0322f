"""Random loop programs with the summary that they have by construction.

Each is drawn from a family of loop nests (maps, reductions, prefix sums, filters, row reductions, chains of loops,
triangles, strides, stencils, in-place updates); the element expression is random, and written twice: as Python text
and as an `Expr`.  Nothing here uses the lifter or the verifier.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from accelcore.ir import expr as E
from accelcore.ir.expr import Expr
from accelcore.values import Summary


@dataclass(frozen=True)
class Case:
    """A program and what it computes."""

    family: str
    text: str
    entry: str
    summary: Summary


@dataclass(frozen=True)
class Value:
    """A random expression: its Python text and its meaning over "int" or "real"."""

    text: str
    meaning: Expr


class Generator:
    """Programs by number: the same seed gives the same programs."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def case(self, number: int) -> Case:
        """Program number `number`: families in turn, integers and reals in turn."""
        dtype = ("f32", "i32", "u8")[(number // len(FAMILIES)) % 3]
        family = FAMILIES[number % len(FAMILIES)]
        return family(self, dtype, f"program{number}")

    # Expressions.

    def number(self, dtype: str) -> Value:
        if dtype == "f32":
            value = self.rng.choice([0.5, 1.5, 2.0, 3.0, -1.0, 0.25])
            return Value(repr(value), E.const(value))
        value = self.rng.randint(1, 9)
        return Value(str(value), E.const(value))

    def element(self, dtype: str, reads: list[Value], depth: int = 2) -> Value:
        """A random expression that uses the first of the reads."""
        first = reads[0]
        other = self._any(dtype, reads, depth - 1)
        return self._binary(dtype, first, other) if self.rng.random() < 0.7 else self._choice(dtype, first, other)

    def _any(self, dtype: str, reads: list[Value], depth: int) -> Value:
        if depth <= 0 or self.rng.random() < 0.35:
            return self.rng.choice([*reads, *reads, self.number(dtype)])
        a, b = self._any(dtype, reads, depth - 1), self._any(dtype, reads, depth - 1)
        return self._binary(dtype, a, b) if self.rng.random() < 0.75 else self._choice(dtype, a, b)

    def _binary(self, dtype: str, a: Value, b: Value) -> Value:
        op = self.rng.choice("+-*")
        if dtype != "f32" and self.rng.random() < 0.2:
            divisor = self.rng.randint(2, 9)
            name, sign = self.rng.choice([("fdiv", "//"), ("fmod", "%")])
            return Value(f"({a.text} {sign} {divisor})", E.binary(name, a.meaning, E.const(divisor)))
        if self.rng.random() < 0.15:
            name = self.rng.choice(["min", "max"])
            return Value(f"{name}({a.text}, {b.text})", E.binary(name, a.meaning, b.meaning))
        name = {"+": "add", "-": "sub", "*": "mul"}[op]
        return Value(f"({a.text} {op} {b.text})", E.binary(name, a.meaning, b.meaning))

    def _choice(self, dtype: str, a: Value, b: Value) -> Value:
        limit = self.number(dtype)
        condition = E.binary("lt", limit.meaning, a.meaning)
        text = f"({a.text} if {a.text} > {limit.text} else {b.text})"
        return Value(text, E.select(condition, a.meaning, b.meaning))


def wide(dtype: str, e: Expr) -> Expr:
    """An element as the number that Python computes with."""
    return E.cast(e, "real" if dtype == "f32" else "int")


def stored(dtype: str, e: Expr) -> Expr:
    """A number as it is stored."""
    return E.cast(e, "f32") if dtype == "f32" else E.cast(e, "i32", "trunc", "exact")


def _out(dtype: str) -> str:
    return "f32" if dtype == "f32" else "i32"


def _zero(dtype: str) -> str:
    return "0.0" if dtype == "f32" else "0"


N, M = E.size("n"), E.size("m")


def _read(name: str, dtype: str, text: str, *where: Expr | int) -> Value:
    return Value(f"{name}{text}", wide(dtype, E.get(E.array(name, dtype, len(where)), *where)))


def _pair(dtype: str, k: Expr, index: str = "[i]") -> list[Value]:
    return [_read("x", dtype, index, k), _read("y", dtype, index, k)]


Make = Callable[[Expr], Value]


def _twice(g: Generator, build: Callable[[], Value]) -> Value:
    """Draw an expression again with the same choices: for another bound variable."""
    state = g.rng.getstate()
    value = build()
    g.rng.setstate(state)
    return value


def _elementwise(g: Generator, dtype: str, index: str = "[i]") -> tuple[str, Callable[[Expr], Expr]]:
    """(text over i, meaning as a function of i) of one random expression of x and y."""
    state = g.rng.getstate()
    text = g.element(dtype, _pair(dtype, E.index(0), index)).text
    after = g.rng.getstate()

    def meaning(k: Expr) -> Expr:
        g.rng.setstate(state)
        value = g.element(dtype, _pair(dtype, k, index)).meaning
        g.rng.setstate(after)
        return value

    return text, meaning


def _summary(dtype: str, *post: tuple[str, Expr]) -> Summary:
    return Summary(post, (), "real" if dtype == "f32" else "int")


def _head(name: str, dtype: str, result: str, extra: str = "") -> str:
    returns = f' -> "{result}"' if result else ""
    return f'def {name}(x: "{dtype}[n]", y: "{dtype}[n]", {extra}n: int){returns}:\n'


def map_append(g: Generator, dtype: str, name: str) -> Case:
    text, f = _elementwise(g, dtype)
    body = f"    out = []\n    for i in range(n):\n        out.append({text})\n    return out\n"
    post = E.comp(N, lambda i: stored(dtype, f(i)))
    return Case("map", _head(name, dtype, f"{_out(dtype)}[n]") + body, name, _summary(dtype, ("out", post)))


def map_store(g: Generator, dtype: str, name: str) -> Case:
    text, f = _elementwise(g, dtype)
    low = g.rng.choice([0, 1, 2])
    body = f"    out = [{_zero(dtype)}] * n\n    for i in range({low}, n):\n        out[i] = {text}\n    return out\n"
    zero = E.const(0.0) if dtype == "f32" else E.const(0)
    post = E.comp(N, lambda i: stored(dtype, E.select(E.binary("le", E.index(low), i), f(i), zero)))
    return Case("store", _head(name, dtype, f"{_out(dtype)}[n]") + body, name, _summary(dtype, ("out", post)))


def total(g: Generator, dtype: str, name: str) -> Case:
    text, f = _elementwise(g, dtype)
    body = f"    s = {_zero(dtype)}\n    for i in range(n):\n        s += {text}\n    return s\n"
    post = stored(dtype, E.reduce("sum", N, f))
    return Case("sum", _head(name, dtype, _out(dtype)) + body, name, _summary(dtype, ("s", post)))


def guarded(g: Generator, dtype: str, name: str) -> Case:
    text, f = _elementwise(g, dtype)
    limit = g.number(dtype)
    body = (
        f"    s = {_zero(dtype)}\n    for i in range(n):\n        if x[i] < {limit.text}:\n"
        f"            s = s + {text}\n    return s\n"
    )
    zero = E.const(0.0) if dtype == "f32" else E.const(0)
    holds = lambda i: E.binary("lt", _pair(dtype, i)[0].meaning, limit.meaning)  # noqa: E731  # read once below
    post = stored(dtype, E.reduce("sum", N, lambda i: E.select(holds(i), f(i), zero)))
    return Case("guarded", _head(name, dtype, _out(dtype)) + body, name, _summary(dtype, ("s", post)))


def extreme(g: Generator, dtype: str, name: str) -> Case:
    text, f = _elementwise(g, dtype)
    kind, sign = g.rng.choice([("max", ">"), ("min", "<")])
    first = text.replace("[i]", "[0]")
    body = (
        f"    assert n >= 1\n    s = {first}\n    for i in range(1, n):\n        v = {text}\n"
        f"        if v {sign} s:\n            s = v\n    return s\n"
    )
    post = stored(dtype, E.reduce(kind, N, f))
    return Case("extreme", _head(name, dtype, _out(dtype)) + body, name, _summary(dtype, ("s", post)))


def prefix(g: Generator, dtype: str, name: str) -> Case:
    text, f = _elementwise(g, dtype)
    body = (
        f"    out = []\n    s = {_zero(dtype)}\n    for i in range(n):\n        s += {text}\n"
        "        out.append(s)\n    return out\n"
    )
    post = E.comp(N, lambda i: stored(dtype, E.reduce("sum", i + 1, f)))
    return Case("prefix", _head(name, dtype, f"{_out(dtype)}[n]") + body, name, _summary(dtype, ("out", post)))


def rows(g: Generator, dtype: str, name: str) -> Case:
    factor = g.number(dtype)
    upper, reach = g.rng.choice([("m", lambda i: M), ("i + 1", lambda i: i + 1), ("i", lambda i: i)])
    a = lambda i, j: wide(dtype, E.get(E.array("a", dtype, 2), i, j))  # noqa: E731  # read once below
    x = lambda j: wide(dtype, E.get(E.array("x", dtype, 1), j))  # noqa: E731  # read once below
    square = upper != "m"
    extent = "n" if square else "m"
    text = (
        f'def {name}(a: "{dtype}[n, {extent}]", x: "{dtype}[{extent}]", n: int, m: int) -> "{_out(dtype)}[n]":\n'
        f"    out = []\n    for i in range(n):\n        s = {_zero(dtype)}\n        for j in range({upper}):\n"
        f"            s += a[i][j] * x[j]\n        out.append({factor.text} * s)\n    return out\n"
    )
    dot = lambda i: E.reduce("sum", reach(i), lambda j: a(i, j) * x(j))  # noqa: E731  # read once below
    post = E.comp(N, lambda i: stored(dtype, factor.meaning * dot(i)))
    return Case("rows", text, name, _summary(dtype, ("out", post)))


def centred(g: Generator, dtype: str, name: str) -> Case:
    text, f = _elementwise(g, dtype)
    body = (
        f"    s = {_zero(dtype)}\n    for i in range(n):\n        s += {text}\n    out = []\n"
        "    for i in range(n):\n        out.append(x[i] - s)\n    return out\n"
    )
    whole = E.reduce("sum", N, f)
    post = E.comp(N, lambda i: stored(dtype, _pair(dtype, i)[0].meaning - whole))
    return Case("chain", _head(name, dtype, f"{_out(dtype)}[n]") + body, name, _summary(dtype, ("out", post)))


def stencil(g: Generator, dtype: str, name: str) -> Case:
    c = [g.number(dtype) for _ in range(3)]
    body = (
        "    out = []\n    for i in range(1, n - 1):\n"
        f"        out.append({c[0].text} * x[i - 1] + {c[1].text} * x[i] - {c[2].text} * x[i + 1])\n    return out\n"
    )
    x = lambda j: wide(dtype, E.get(E.array("x", dtype, 1), j))  # noqa: E731  # read once below
    post = E.comp(
        N - 2, lambda i: stored(dtype, c[0].meaning * x(i) + c[1].meaning * x(i + 1) - c[2].meaning * x(i + 2))
    )
    return Case("stencil", _head(name, dtype, f"{_out(dtype)}[n-2]") + body, name, _summary(dtype, ("out", post)))


def in_place(g: Generator, dtype: str, name: str) -> Case:
    text, f = _elementwise(g, "f32")
    body = f"    for i in range(n):\n        x[i] = {text}\n"
    post = E.comp(N, lambda i: E.cast(f(i), "f32"))
    return Case("in place", _head(name, "f32", "") + body, name, _summary("f32", ("x", post)))


def table(g: Generator, dtype: str, name: str) -> Case:
    factor, offset = g.number(dtype), g.number(dtype)
    text = (
        f'def {name}(a: "{dtype}[m, n]", b: "{dtype}[n, m]", m: int, n: int) -> "{_out(dtype)}[m, n]":\n'
        "    out = []\n    for i in range(m):\n        row = []\n        for j in range(n):\n"
        f"            row.append({factor.text} * a[i][j] - b[j][i] + {offset.text})\n"
        "        out.append(row)\n    return out\n"
    )
    at = lambda which, i, j: wide(dtype, E.get(E.array(which, dtype, 2), i, j))  # noqa: E731  # read once below
    post = E.comp(
        M,
        lambda i: E.comp(N, lambda j: stored(dtype, factor.meaning * at("a", i, j) - at("b", j, i) + offset.meaning)),
    )
    return Case("table", text, name, _summary(dtype, ("out", post)))


def strided(g: Generator, dtype: str, name: str) -> Case:
    step = g.rng.choice([2, 3])
    text = (
        f'def {name}(x: "{dtype}[{step}*n]", n: int) -> "{_out(dtype)}":\n'
        f"    s = {_zero(dtype)}\n    for i in range(0, {step} * n, {step}):\n        s += x[i]\n    return s\n"
    )
    post = stored(dtype, E.reduce("sum", N, lambda i: wide(dtype, E.get(E.array("x", dtype, 1), i * step))))
    return Case("stride", text, name, _summary(dtype, ("s", post)))


FAMILIES = (
    map_append, map_store, total, guarded, extreme, prefix, rows, centred, stencil, in_place, table, strided,
)  # fmt: skip
