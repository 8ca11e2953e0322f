"""Is a task worth judging: does each of its results show what the inputs were, and does each input show in a result?

A result that comes out alike for all inputs that are drawn (a threshold that none of them reaches, bounds that leave
one value) cannot tell a kernel from a constant.  One most of whose changing elements change by less than the tolerance
can hardly tell them apart.  An array that may change alone without any result following can be left out.  Such tasks
are refused before any kernel is tried.

What is constant for a reason is not: a result that by its summary is made of sizes and constants alone, elements that
never change (zeros above a diagonal, a mask, a place that nothing is counted at), a scalar within bounds so narrow that
it matters less than rounding, what an array that is overwritten held before.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING

from accelcore.errors import AccelcoreError, UsageError
from accelcore.judge.acceptable import Acceptable
from accelcore.judge.extents import held_out
from accelcore.judge.inputs import FAMILIES, satisfied
from accelcore.judge.oracle import expect
from accelcore.values import Kernel, Param, Role, Sizes, Summary, Task

if TYPE_CHECKING:
    from accelcore.judge.pool import Pool, Trial

_OTHERS = 6
"""Small sizes that are tried before the task's own: cheaper, and one element's rare value is not lost among many."""

_HINT = "widen the bounds of its inputs (Task.inputs), loosen what it requires, or give larger sizes"


def require_sensitivity(pool: Pool) -> None:
    """UsageError that names a result which shows no input, or an input which no result shows.

    Stops where each has been seen to matter, mostly at the second set of inputs.
    """
    _require_results(pool)
    _require_inputs(pool)


def _require_results(pool: Pool) -> None:
    waiting = [p.name for p in pool.task.results if _mentioned(pool.task, p)]
    faint: set[str] = set()  # results of which some elements were seen to change, but not most
    for sizes in _sizes(pool):
        seen = {name: Acceptable(pool.trial(sizes, 0).expected[name]) for name in waiting}
        for number in range(1, len(FAMILIES)):
            if not waiting:
                return
            expected = pool.trial(sizes, number).expected
            for name in waiting:
                seen[name].add(expected[name])
            faint |= {name for name in waiting if seen[name].told}
            waiting = [name for name in waiting if 2 * seen[name].told < max(1, seen[name].changed)]
    if not waiting:
        return
    what = f"{', '.join(waiting)} of the task {pool.task.name} came out the same for all random inputs"
    if faint.issuperset(waiting):
        what = f"most of {', '.join(waiting)} of the task {pool.task.name} changed by less than the tolerance"
    raise UsageError(f"{what}: a constant would pass", hint=_HINT)


def _require_inputs(pool: Pool) -> None:
    waiting = [p.name for p in pool.task.params if p.shape and _read(pool.task, p)]
    suspect: set[str] = set()
    for sizes in _sizes(pool):
        for number in range(1, len(FAMILIES)):
            if not waiting:
                return
            shown = {name: _shows(pool, sizes, number, name) for name in waiting}
            suspect |= {name for name, found in shown.items() if found in _reasons(pool.task, name)}
            waiting = [name for name in waiting if shown[name] is not _Shows.CLEARLY]
    unseen = [name for name in waiting if name in suspect]
    if unseen:
        what = f"no result of the task {pool.task.name} follows {', '.join(unseen)} beyond its tolerance"
        raise UsageError(f"{what}: a kernel that ignores it would pass", hint=_HINT)


class _Shows(enum.IntEnum):
    """How the results of a set of inputs follow one array alone."""

    UNTRIED = 0
    NOT_AT_ALL = 1
    FAINTLY = 2
    CLEARLY = 3


def _reasons(task: Task, name: str) -> tuple[_Shows, ...]:
    """What, seen of an array, is a reason to refuse the task if nothing more is ever seen.

    Of an array that is written to, what it held at entry may be of no account at all: all of it is overwritten.
    """
    overwritten = task.param(name).role is Role.INOUT
    return (_Shows.FAINTLY,) if overwritten else (_Shows.NOT_AT_ALL, _Shows.FAINTLY)


def _shows(pool: Pool, sizes: Sizes, number: int, name: str) -> _Shows:
    """How a result changes with this array alone, between set 0 and set `number`.

    Taken from either set into the other: beside wide values of the rest, what it holds may be too rare to matter.
    """
    sets = pool.trial(sizes, 0), pool.trial(sizes, number)
    return max(_follows(pool, *pair, name) for pair in (sets, sets[::-1]))


def _follows(pool: Pool, base: Trial, other: Trial, name: str) -> _Shows:
    """How a result of `base` changes when this one array is the other set's."""
    mixed = {**base.buffers, name: other.buffers[name]}
    if mixed[name].tobytes() == base.buffers[name].tobytes():
        return _Shows.UNTRIED
    try:
        if not satisfied(pool.task, mixed, dict(base.sizes)):
            return _Shows.UNTRIED
        changed = expect(pool.task, mixed, dict(base.sizes), pool.interpret)
    except (AccelcoreError, ArithmeticError, IndexError):
        return _Shows.UNTRIED
    seen = [Acceptable(base.expected[result]).add(value) for result, value in changed.items()]
    if any(one.told for one in seen):
        return _Shows.CLEARLY
    return _Shows.FAINTLY if any(one.changed for one in seen) else _Shows.NOT_AT_ALL


def _sizes(pool: Pool) -> Iterator[Sizes]:
    task = pool.task
    yield from held_out(task, Kernel("", "", ""), _OTHERS, seed=0, possible=pool.possible)
    yield task.sizes[0] if task.sizes else ()


def _mentioned(task: Task, result: Param) -> bool:
    """Whether a result is made of inputs at all; a source is taken to make it of those that it has."""
    inputs = {p.name for p in task.params if p.role in (Role.IN, Role.INOUT, Role.SCALAR)}
    if not isinstance(task.reference, Summary):
        return bool(inputs)
    post = dict(task.reference.post)
    return result.name in post and bool(inputs & set(post[result.name].inputs))


def _read(task: Task, param: Param) -> bool:
    """Whether a result is made of this parameter; of a source, which may have more than it needs, that is not known."""
    return isinstance(task.reference, Summary) and any(param.name in e.inputs for _, e in task.reference.post)
