"""Lowering: a summary and a schedule become NKI source, the same text for all sizes.

It is written for NKI 2; surface(1) translates it (`nki1.source`).

`kernel(task, schedule)` is deterministic; a schedule is a list of choices (`choices.MENU`) and replays on any task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr, binary, index
from accelcore.values import Kernel, Summary, Task

if TYPE_CHECKING:
    from accelcore_nki.lowering.results import Results

_ROUNDS = 2  # of levelling: a plan may change what is written, and so the plan
_HELD = 8192  # longest summed index of which both operands of a 128 by 512 tile fit in SBUF
_PSUM = 2048  # columns that sums of all tiles in work have together, so that half of PSUM is left
_ROOM = 4096  # columns that fit a kernel with whole rows in SBUF, whatever it keeps


def kernel(task: Task, schedule: Sequence[str]) -> Kernel:
    """The kernel of a schedule.  Raises UnsupportedLowering for what has no code, IllegalRewrite for no choice."""
    if not isinstance(task.reference, Summary):
        raise UnsupportedLowering(f"{task.name} has no summary to lower", hint="lift it first")
    return _lowered(task, tuple(schedule))


@lru_cache(maxsize=1024)
def _lowered(task: Task, schedule: tuple[str, ...]) -> Kernel:
    """The same, kept: a search asks for each schedule when it lists moves and again when it takes one."""
    from accelcore_nki.lowering.choices import choices
    from accelcore_nki.lowering.results import Results
    from accelcore_nki.nki1.source import first_generation

    chosen = choices(schedule)
    if chosen.surface == 1:
        chosen = replace(chosen, pipeline=1, turns="", steps=1, weights="")
    about = f"{task.name}: {'; '.join(schedule) or 'the plain tiles'}."
    first = Results(task, chosen)
    text = first.source(about)
    if chosen.engine == "balance":
        text = _levelled(first, text, lambda: Results(task, chosen), about)
    if chosen.surface == 1:
        text = first_generation(text)
    keeps = chosen.rows or chosen.hoist or chosen.accumulate
    room = _PSUM // chosen.pipeline if chosen.accumulate else _ROOM
    domain = _domain(task, room) if keeps else ()
    return Kernel(text, "python", task.name, schedule, domain=(*domain, *first.limits))


def seed(task: Task, *given: str) -> Kernel:
    """The plain tiles, legal at all sizes, and the choices that are given.

    Products keep their operands for a tile of the result, where these fit: that bounds the number of instructions, and
    with it the time that a large product takes to be traced.
    """
    plain = kernel(task, given)
    largest = max((value for sizes in task.sizes for _, value in sizes), default=0)
    return kernel(task, (*given, "hoist(both)")) if "nc_matmul" in plain.text and 0 < largest <= _HELD else plain


def _levelled(first: Results, text: str, again: Callable[[], Results], about: str) -> str:
    """The source of the writer whose busiest engine is least busy: the first, or one that follows a levelled plan."""
    from accelcore_nki.lowering.engines import level

    best, writer = (max(first.busy.values(), default=0.0), text), first
    for _ in range(_ROUNDS):
        plan, writer = level(writer.picks, writer.busy), again()
        writer.plan = plan
        text = writer.source(about)
        best = min(best, (max(writer.busy.values(), default=0.0), text), key=lambda pair: pair[0])
    return best[1]


def _domain(task: Task, room: int) -> tuple[Expr, ...]:
    """Sizes for which what the schedule keeps on the chip is known to fit: the task's, and those up to `room`."""
    largest: dict[str, int] = {}
    for sizes in task.sizes:
        for name, value in sizes:
            largest[name] = max(value, largest.get(name, 0))
    from accelcore.ir.expr import size

    return tuple(binary("le", size(n), index(max(most, room))) for n, most in sorted(largest.items()))
