"""Large arrays on a simulator: kernels are judged at smaller sizes, and what counts is their cost at the given ones.

An evaluator that can count at other sizes than it executes says so by `counts` (protocols.Evaluator).  Sizes that no
reduction or scan runs over shrink first: there the elements do not depend on each other, and a few tiles of them show
what all do.  Sums stay long while they can: how much rounding a result may have depends on their length.  A changed
size becomes odd where the task allows that, so that tiles have a rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from accelcore.ir.expr import Expr, walk
from accelcore.pipeline.catalog import choose_evaluator, most_operations
from accelcore.pipeline.work import work
from accelcore.values import Kernel, Summary, Task, sizes_of

_BYTE = 400.0  # operations that a byte of the arguments counts as: it is drawn, bounded and compared
_STEPS = ((False, 515), (True, 2049), (False, 131), (True, 65))
"""What shrinks, and how far: sizes that something sums over or the others, to a few tiles and then to two."""


def scaled(spec: str, task: Task) -> tuple[str, Task]:
    """The target's spec and the task to judge where calls at the task's own sizes would be long; else as given."""
    evaluator = choose_evaluator(spec)
    option = str(getattr(evaluator, "counts", ""))
    if not option or getattr(evaluator, option) or not task.sizes or not isinstance(task.reference, Summary):
        return spec, task
    own, small = dict(task.sizes[0]), _smaller(task, most_operations(spec))
    if small == own:
        return spec, task
    text = "+".join(f"{name}={value}" for name, value in own.items())
    sized = replace(task, sizes=(sizes_of(small), *task.sizes[1:]))
    return f"{spec}{',' if ':' in spec else ':'}{option}={text}", sized


def _smaller(task: Task, most: float) -> dict[str, int]:
    """The task's first sizes halved until a call takes `most` operations; in the order of _STEPS."""
    sizes = dict(task.sizes[0])
    assert isinstance(task.reference, Summary)
    summed = _summed(e for _, e in task.reference.post)
    for among_summed, least in _STEPS:
        free = [name for name in sizes if (name in summed) == among_summed]
        while free and _effort(task, sizes) > most:
            name = max(free, key=lambda n: sizes[n])
            half = _odd(task, sizes, name, max(least, sizes[name] // 2))
            if half >= sizes[name] or not _allowed(task, {**sizes, name: half}):
                free.remove(name)
            else:
                sizes[name] = half
    return sizes


def _summed(results: Iterable[Expr]) -> frozenset[str]:
    """Sizes that a reduction, fold or scan runs over."""
    found: set[str] = set()
    for e in results:
        for n in walk(e):
            if n.op in ("reduce", "fold", "scan"):
                found |= n.args[0].sizes
    return frozenset(found)


def _effort(task: Task, sizes: dict[str, int]) -> float:
    done = work(task, sizes)
    return done.operations + _BYTE * done.bytes if done else 0.0


def _odd(task: Task, sizes: dict[str, int], name: str, value: int) -> int:
    return value | 1 if _allowed(task, {**sizes, name: value | 1}) else value


def _allowed(task: Task, sizes: dict[str, int]) -> bool:
    from accelcore.judge.extents import admits

    return admits(task, Kernel("", "", task.name), sizes)
