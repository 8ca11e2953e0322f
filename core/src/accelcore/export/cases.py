"""Stored checks of an export: small inputs of several kinds with their exact results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from accelcore.errors import AccelcoreError, UsageError
from accelcore.export.harness import Case
from accelcore.values import Kernel, Role, Source, Task, size_names

if TYPE_CHECKING:
    from accelcore.judge.oracle import Interpreter

_FAMILIES = ("normal", "shifted", "mixed", "special", "full")
_ELEMENTS = 20_000
"""Most elements in one stored array: all cases together stay below a few megabytes."""

_SIZES = (1, 3, 17, 64, 33)
"""Values that sizes take, rotated so that no two sizes of a case are equal: odd, even, and a multiple of vectors."""

SEED = 20_241


def draw(task: Task, kernel: Kernel) -> tuple[Case, ...]:
    """Cases at sizes that the task and the kernel accept; every family of inputs at least once where it can be.

    Raises UsageError when no small size is accepted, or what the oracle raises when it has no value anywhere.
    """
    found: list[Case] = []
    trouble: AccelcoreError | None = None
    for number, sizes in enumerate(_accepted(task, kernel)):
        for family in _FAMILIES[number % 2 :: 2] if number else _FAMILIES:
            try:
                found.append(_case(task, sizes, family, SEED + 16 * number))
            except AccelcoreError as error:
                trouble = error
    if found:
        return tuple(found)
    raise trouble or UsageError(f"no small sizes satisfy what {task.name} requires")


def _accepted(task: Task, kernel: Kernel) -> Iterator[Mapping[str, int]]:
    """A few small size sets: the rotated ones, then those of the task itself where they are small."""
    from accelcore.judge.extents import depends_on_sizes_only, shape
    from accelcore.judge.oracle import truth

    names = size_names(task)
    rotated = [{n: _SIZES[(at + k) % len(_SIZES)] for k, n in enumerate(names)} for at in range(len(_SIZES))]
    conditions = [e for e in (*task.requires, *kernel.domain) if depends_on_sizes_only(e)]
    count = 0
    for sizes in [*rotated, *(dict(s) for s in task.sizes)]:
        if count == 4 or not all(truth(e, {}, sizes) for e in conditions):
            continue
        extents = [shape(p, sizes) for p in task.params if p.role is not Role.SIZE]
        if all(_product(e) <= _ELEMENTS and all(x >= 0 for x in e) for e in extents):
            count += 1
            yield sizes


def _product(extents: tuple[int, ...]) -> int:
    total = 1
    for extent in extents:
        total *= extent
    return total


def _case(task: Task, sizes: Mapping[str, int], family: str, seed: int) -> Case:
    import numpy as np

    from accelcore.judge.inputs import draw as drawn
    from accelcore.judge.oracle import expect

    buffers = drawn(task, sizes, family, np.random.default_rng(seed))
    inputs = {name: array.copy() for name, array in buffers.items()}
    expected = expect(task, buffers, sizes, interpreter(task))
    results = {p.name: expected[p.name] for p in task.results}
    return Case(
        sizes=sizes,
        inputs={p.name: inputs[p.name] for p in task.params if p.role not in (Role.OUT, Role.SIZE)},
        expected={name: np.broadcast_to(e.value, inputs[name].shape) for name, e in results.items()},
        deviation={
            name: np.broadcast_to(np.zeros(()) if e.bound is None else e.bound, inputs[name].shape)
            for name, e in results.items()
        },
    )


def interpreter(task: Task) -> Interpreter | None:
    """What runs the task's source, for one that was not lifted."""
    if not isinstance(task.reference, Source):
        return None
    from accelcore.pipeline.inputs import translator_for

    return translator_for(task.reference).interpret
