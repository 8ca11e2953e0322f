"""Is a task worth judging: does each of its results show what the inputs were?

A result that comes out alike for all inputs that are drawn (a threshold that none of them reaches, bounds that leave
one value) cannot tell a kernel from a constant, so such a task is refused before any kernel is tried.  A result that by
its summary is made of sizes and constants alone is what it is: there the constant is the right answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from accelcore.errors import UsageError
from accelcore.judge.extents import held_out
from accelcore.judge.inputs import FAMILIES, numpy_dtype
from accelcore.values import Kernel, Param, Role, Sizes, Summary, Task

if TYPE_CHECKING:
    from accelcore.judge.pool import Pool

_OTHERS = 6
"""Small sizes that are tried before the task's own: cheaper, and one element's rare value is not lost among many."""


def require_sensitivity(pool: Pool) -> None:
    """UsageError that names a result which no drawn input changes by more than its tolerance.

    Stops where each result differed from that of another set of equal sizes, mostly at the second set.
    """
    waiting = [p for p in pool.task.results if _mentions_inputs(pool.task, p)]
    for sizes in _sizes(pool.task):
        for number in range(1, len(FAMILIES)):
            waiting = [p for p in waiting if _alike(pool, sizes, number, p)]
            if not waiting:
                return
    if not waiting:
        return
    names = ", ".join(p.name for p in waiting)
    raise UsageError(
        f"{names} of the task {pool.task.name} came out the same for all random inputs: a constant would pass",
        hint="widen the bounds of its inputs (Task.inputs), loosen what it requires, or give larger sizes",
    )


def _sizes(task: Task) -> Iterator[Sizes]:
    yield from held_out(task, Kernel("", "", ""), _OTHERS, seed=0)
    yield task.sizes[0] if task.sizes else ()


def _mentions_inputs(task: Task, result: Param) -> bool:
    inputs = {p.name for p in task.params if p.role in (Role.IN, Role.INOUT, Role.SCALAR)}
    if not isinstance(task.reference, Summary):
        return bool(inputs)
    post = dict(task.reference.post)
    return result.name in post and bool(inputs & set(post[result.name].inputs))


def _alike(pool: Pool, sizes: Sizes, number: int, result: Param) -> bool:
    """Whether what is right on the first set of these sizes would also pass on set `number`."""
    import numpy as np

    first, other = (pool.trial(sizes, n).expected[result.name] for n in (0, number))
    if first.value.shape != other.value.shape:
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        constant = first.value.astype(numpy_dtype(result.dtype))
    return bool(np.all(other.covers(constant)))
