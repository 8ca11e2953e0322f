"""Lowering: a summary and a schedule become NKI 2 source, the same text for all sizes.

`kernel(task, schedule)` is deterministic; a schedule is a list of choices (`choices.MENU`) and replays on any task.
"""

from __future__ import annotations

from collections.abc import Sequence

from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr, binary, index
from accelcore.values import Kernel, Summary, Task

_ROOM = 4096  # columns that fit a kernel with whole rows in SBUF, whatever it keeps


def kernel(task: Task, schedule: Sequence[str]) -> Kernel:
    """The kernel of a schedule.  Raises UnsupportedLowering for what has no code, IllegalRewrite for no choice."""
    if not isinstance(task.reference, Summary):
        raise UnsupportedLowering(f"{task.name} has no summary to lower", hint="lift it first")
    from accelcore_nki.lowering.choices import choices
    from accelcore_nki.lowering.results import Results

    chosen = choices(schedule)
    text = Results(task, chosen).source(f"{task.name}: {'; '.join(schedule) or 'the plain tiles'}.")
    domain = _domain(task) if chosen.rows or chosen.hoist else ()
    return Kernel(text, "python", task.name, tuple(schedule), domain=domain)


def _domain(task: Task) -> tuple[Expr, ...]:
    """Sizes for which what the schedule keeps in SBUF is known to fit: the task's, and small ones."""
    largest: dict[str, int] = {}
    for sizes in task.sizes:
        for name, value in sizes:
            largest[name] = max(value, largest.get(name, 0))
    from accelcore.ir.expr import size

    return tuple(binary("le", size(n), index(max(most, _ROOM))) for n, most in sorted(largest.items()))
