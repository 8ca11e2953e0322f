"""Where a kernel stands below the machine's roofline (Williams, Waterman, Patterson, CACM 52(4), 2009)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelcore.pipeline.work import work
from accelcore.values import Evaluation, Machine, Task

if TYPE_CHECKING:
    from accelcore.pipeline.results import OptimizeResult


@dataclass(frozen=True)
class Place:
    """Where a kernel stands: the floor in seconds, what sets it, and the kernel's share of that limit (0 to 1)."""

    floor: float
    bound: str
    share: float


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
