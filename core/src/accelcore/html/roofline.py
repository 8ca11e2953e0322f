"""How much work a task is, and where a kernel stands below the machine's roofline.

Work is counted on the summary: an operation inside k index variables is done once for each of their values, and an
expression that occurs twice is done once, as in a program that computes every stage once.  Traffic is compulsory only:
every array argument moves once (Williams, Waterman, Patterson, "Roofline", CACM 52(4), 2009).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import BINARY, BINDERS, UNARY, Expr
from accelcore.values import Evaluation, Machine, Summary, Task

if TYPE_CHECKING:
    from accelcore.pipeline.results import OptimizeResult

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


@dataclass(frozen=True)
class Place:
    """Where a kernel stands: the floor in seconds, what sets it, and the kernel's share of that limit (0 to 1)."""

    floor: float
    bound: str
    share: float


def work(task: Task, sizes: Mapping[str, int]) -> Work | None:
    """Work of a lifted task; None when its reference is a program."""
    if not isinstance(task.reference, Summary):
        return None
    seen: set[_Seen] = set()
    operations = sum(_operations(e, {}, sizes, seen) for _, e in task.reference.post)
    return Work(operations, _traffic(task, sizes))


def _traffic(task: Task, sizes: Mapping[str, int]) -> float:
    total = 0.0
    for param in task.params:
        if param.shape:
            count = math.prod(_value(extent, sizes, {}) for extent in param.shape)
            total += count * (DTYPES[param.dtype].bits or 64) / 8 * (2 if param.role == "inout" else 1)
    return total


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
            extent = max(0.0, _value(e.args[0], sizes, inside))
            below = {**inside, **dict.fromkeys(e.bound, 1.0), e.number: extent}
            total += times * extent if e.op in ("reduce", "scan") else 0.0
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


def place(task: Task, evaluation: Evaluation, machine: Machine) -> Place | None:
    """Where a measured kernel stands; None without a cost in seconds, a lifted task and a machine with figures."""
    done = work(task, dict(evaluation.sizes))
    if done is None or evaluation.cost is None or evaluation.cost.unit != "s" or not machine.memories:
        return None
    memory = fitting(machine, done.bytes)
    limits = {f"{memory} bandwidth": done.bytes / _bandwidth(machine, memory)}
    peak = compute_peak(task, machine)
    if peak:
        limits["arithmetic"] = done.operations / peak
    bound, floor = max(limits.items(), key=lambda item: item[1])
    return Place(floor, bound, floor / evaluation.cost.value if evaluation.cost.value else 0.0)


def fitting(machine: Machine, data: float) -> str:
    """The nearest memory that holds `data` bytes; the farthest when none does."""
    for memory in machine.memories:
        if memory.size >= data:
            return memory.name
    return machine.memories[-1].name


def _bandwidth(machine: Machine, name: str) -> float:
    return next(m.bandwidth for m in machine.memories if m.name == name)


def compute_peak(task: Task, machine: Machine) -> float | None:
    """Operations per second for the task's widest result dtype, or the fastest dtype that the machine lists."""
    peaks = dict(machine.peaks)
    known = [peaks[r.dtype] for r in task.results if r.dtype in peaks]
    return min(known) if known else max(peaks.values(), default=None)


def roofline_line(result: OptimizeResult) -> str:
    """`Xeon, 4 lanes: 62 % of the L2 bandwidth roofline (floor 31 µs)`."""
    machine: Machine = result.machine
    if result.best is None:
        return machine.name
    where = place(result.task, result.best.evaluation, machine)
    if where is None:
        return machine.name
    from accelcore.terminal import seconds

    share = f"{where.share:.0%} of" if where.share <= 1 else "above"
    return f"{machine.name}; {share} the {where.bound} roofline (floor {seconds(where.floor)})"
