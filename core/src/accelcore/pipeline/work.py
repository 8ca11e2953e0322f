"""How much work a task is.

Work is counted on the summary: an operation inside k index variables is done once for each of their values, and an
expression that occurs twice is done once, as in a program that computes every stage once; histograms are counted in
one pass.  Traffic is what is compulsory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from accelcore.ir.expr import BINARY, BINDERS, UNARY, Expr
from accelcore.values import Summary, Task, size_names, sizes_of

AFFORDABLE = 3e8
"""Operations of one call at default sizes, where an evaluator names no other number: the plain loops then take well
below a second on a processor, and are judged many times."""

_Seen = tuple[Expr, tuple[tuple[int, float], ...]]
"""An expression, with how many values each of its free variables takes."""


@dataclass(frozen=True)
class Work:
    """Operations and bytes that a task takes at one size set."""

    operations: float
    bytes: float

    @property
    def intensity(self) -> float:
        """Operations per byte."""
        return self.operations / self.bytes if self.bytes else math.inf


def work(task: Task, sizes: Mapping[str, int]) -> Work | None:
    """Work of a lifted task; None when its reference is a program."""
    if not isinstance(task.reference, Summary):
        return None
    from accelcore.ir.compulsory import compulsory_bytes
    from accelcore.ir.passes import in_one_pass

    seen: set[_Seen] = set()
    operations = sum(_operations(e, {}, sizes, seen) for _, e in in_one_pass(task, task.reference).post)
    return Work(operations, compulsory_bytes(task, sizes))


def _operations(root: Expr, extents: Mapping[int, float], sizes: Mapping[str, int], seen: set[_Seen]) -> float:
    """Operations below `root`; extents: how many values each free index variable takes."""
    total = 0.0
    stack: list[tuple[Expr, Mapping[int, float]]] = [(root, extents)]
    while stack:
        e, inside = stack.pop()
        mine = {v: inside[v] for v in e.free if v in inside}
        key = (e, tuple(sorted(mine.items())))
        if key in seen:
            continue
        seen.add(key)
        times = math.prod(mine.values())
        below = inside
        if e.op in BINDERS:
            steps = e.args[e.rank] if e.op == "scatter" else e.args[0]
            extent = max(0.0, _value(steps, sizes, inside))
            below = {**inside, **dict.fromkeys(e.bound, 1.0), e.number: extent}
            total += times * extent if e.op in ("reduce", "scan", "scatter") else 0.0
        elif _counts(e):
            total += times
        stack.extend((a, below) for a in e.args)
    return total


def _counts(e: Expr) -> bool:
    """Arithmetic of values counts, arithmetic of indices does not."""
    arithmetic = e.op in BINARY or e.op in UNARY or e.op in ("select", "call")
    return arithmetic and not all(a.dtype == "i64" for a in e.args)


def _value(e: Expr, sizes: Mapping[str, int], extents: Mapping[int, float]) -> float:
    """An extent at these sizes; a variable in it counts with the middle of its range."""
    if e.op == "const":
        return float(e.value)
    if e.op in ("size", "param"):
        return float(sizes.get(e.name, 1))
    if e.op == "var":
        return (extents.get(e.number, 1.0) - 1) / 2
    if e.op == "cast":
        return _value(e.args[0], sizes, extents)
    if e.op == "length":
        return 0.0 if not e.args[0].args else _value(e.args[0].args[0], sizes, extents)
    if len(e.args) == 2:
        a, b = (_value(x, sizes, extents) for x in e.args)
        simple = {"add": a + b, "sub": a - b, "mul": a * b, "min": min(a, b), "max": max(a, b)}
        if e.op in simple:
            return simple[e.op]
        if e.op in ("fdiv", "tdiv", "div") and b:
            return a // b
    return 1.0


def affordable(task: Task, given: Mapping[str, int], most: float = AFFORDABLE) -> Task:
    """The task with its default sizes halved, the largest first, until a call is affordable; given sizes stay."""
    sizes = dict(task.sizes[0]) if task.sizes else {}
    free = [name for name in size_names(task) if name in sizes and name not in given]
    while free and (done := work(task, sizes)) is not None and done.operations > most:
        largest = max(free, key=lambda name: sizes[name])
        if sizes[largest] <= 16:
            break
        sizes[largest] //= 2
    return replace(task, sizes=(sizes_of(sizes), *task.sizes[1:])) if sizes else task
