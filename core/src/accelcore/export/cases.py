"""Stored checks of an export: small inputs of several kinds with their exact results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelcore.errors import AccelcoreError, UsageError
from accelcore.export.harness import Case
from accelcore.ir.dtypes import DTYPES
from accelcore.values import Kernel, Role, Sizes, Source, Task

if TYPE_CHECKING:
    from accelcore.judge.oracle import Interpreter
    from accelcore.judge.pool import Pool, Trial

SEED = 20241
"""Of the stored inputs: they are published with the kernel, unlike those that judged it."""

_SETS = 3
_ELEMENTS = 20_000
"""Most elements in one stored array: all cases together stay below a few megabytes."""


def draw(task: Task, kernel: Kernel) -> tuple[Case, ...]:
    """Cases at small sizes that the task and the kernel accept, every family of inputs at each.

    Raises UsageError when there are no such sizes, or the judge's own error when the task has no value anywhere.
    """
    from accelcore.judge.inputs import FAMILIES
    from accelcore.judge.pool import Pool as Inputs

    pool = Inputs(task, seed=SEED, interpret=interpreter(task))
    found: list[Case] = []
    trouble: AccelcoreError | None = None
    try:
        for sizes in _sizes(task, kernel, pool):
            for number in range(len(FAMILIES)):
                try:
                    case = _case(task, pool, sizes, number)
                except AccelcoreError as error:
                    trouble = error
                    continue
                found += [case] if case is not None else []
    finally:
        pool.close()
    if found:
        return tuple(found)
    raise trouble or UsageError(f"no small sizes are accepted by both {task.name} and its kernel")


def _sizes(task: Task, kernel: Kernel, pool: Pool) -> tuple[Sizes, ...]:
    """Held-out sizes of the kernel; those of the task itself where it accepts no others."""
    from accelcore.judge.extents import admits, held_out, shape

    own = tuple(s for s in task.sizes if admits(task, kernel, dict(s)))
    found = held_out(task, kernel, _SETS, SEED, pool.possible) or own or ((),)
    arrays = [p for p in task.params if p.role is not Role.SIZE]
    return tuple(s for s in found if all(_elements(shape(p, dict(s))) <= _ELEMENTS for p in arrays))


def _elements(extents: tuple[int, ...]) -> int:
    total = 1
    for extent in extents:
        total *= extent
    return total


def _case(task: Task, pool: Pool, sizes: Sizes, number: int) -> Case | None:
    """One stored check; None where an integer result has more than one right answer."""
    import numpy as np

    trial: Trial = pool.trial(sizes, number)
    expected, deviation = {}, {}
    for param in task.results:
        want, shape = trial.expected[param.name], trial.buffers[param.name].shape
        bound = np.zeros(()) if want.bound is None else np.asarray(want.bound, np.float64)
        if not DTYPES[param.dtype].is_float and (bound.any() or getattr(want, "accept", None) is not None):
            return None
        expected[param.name] = np.broadcast_to(want.value, shape)
        deviation[param.name] = np.broadcast_to(bound, shape)
    inputs = {p.name: trial.buffers[p.name] for p in task.params if p.role not in (Role.OUT, Role.SIZE)}
    return Case(dict(sizes), inputs, expected, deviation)


def interpreter(task: Task) -> Interpreter | None:
    """What runs the task's source, for one that was not lifted."""
    if not isinstance(task.reference, Source):
        return None
    from accelcore.pipeline.inputs import translator_for

    return translator_for(task.reference).interpret
