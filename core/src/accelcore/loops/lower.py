"""From a task with a summary to the seed `Program`: plain loops, each reduction computed where its variables are bound.

Numbers are realized first (`realize`), then the results are written loop by loop (`builder`), in an order and with the
copies that in-place parameters need (`inplace`).
"""

from __future__ import annotations

from collections.abc import Sequence

from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, binary, index, size, transform
from accelcore.ir.passes import one_pass
from accelcore.ir.ranges import Interval, facts_of
from accelcore.loops.builder import Builder, Goal
from accelcore.loops.inplace import entry_copies
from accelcore.loops.nodes import Buffer, Memory, Program
from accelcore.loops.realize import Realizer
from accelcore.values import Param, Role, Summary, Task, abi_arguments, size_names

SIZE_LIMIT = 2**31 - 1
"""Largest extent that a program supports: indices of elements fit 32-bit lanes.  It is part of its requirements."""


def lower(task: Task) -> Program:
    """The seed program of a task whose reference is a Summary; deterministic.

    Raises UnsupportedLowering for a task without a summary, and for integers that may leave 64 bits.
    """
    if not isinstance(task.reference, Summary):
        raise UnsupportedLowering(f"task {task.name} has no summary to lower", hint="lift it first")
    known = facts(task)
    realizer = Realizer(real_dtype(task), known)
    posts = [(task.param(name), realizer.value(post)) for name, post in one_pass(task.reference.post, known)]
    return entry_copies(task, posts, _build)


def real_dtype(task: Task) -> str:
    """The dtype that realizes the reals: the tolerance's, else the widest float among the parameters, at least f32."""
    if task.tolerance.accumulate and DTYPES[task.tolerance.accumulate].is_float:
        return task.tolerance.accumulate
    floats = {p.dtype for p in task.params if DTYPES[p.dtype].is_float and p.dtype != "real"}
    return "f64" if "f64" in floats else "f32"


def facts(task: Task) -> dict[str | int | Expr, Interval]:
    """Ranges of sizes, scalars and elements, as far as dtypes and preconditions tell."""
    known = facts_of(task.params, task.requires)
    for name in size_names(task):
        low, high = known.get(name, (0, SIZE_LIMIT))
        known[name] = max(low, 0), min(high, SIZE_LIMIT)
    return known


def requirements(task: Task) -> tuple[Expr, ...]:
    """What the task requires, and that indices fit 32 bits: the seed's integers rely on both."""
    return (*task.requires, *(binary("le", size(name), index(SIZE_LIMIT)) for name in size_names(task)))


def reassociates(task: Task) -> bool:
    """Whether the summary's number model lets sums of floats be taken in another order: all but the exact ones."""
    return isinstance(task.reference, Summary) and "exact" not in task.reference.number_model


def arguments(task: Task) -> tuple[Buffer, ...]:
    """Argument buffers in the order of the C interface."""
    return tuple(
        Buffer(a.name, INDEX if a.role is Role.SIZE else a.dtype, a.shape, Memory.ARGUMENT, a.role)
        for a in abi_arguments(task)
    )


def _build(task: Task, posts: Sequence[tuple[Param, Expr]], copies: Sequence[str], grouped: bool) -> Program:
    """The program with these results in this order; `copies` names in-place arrays that are read from a copy."""
    builder = Builder({b.name for b in arguments(task)}, reassociates(task))
    mapping: dict[str, Expr] = {}
    for name in copies:
        mapping[name] = builder.copy_of(task.param(name))
    goals = [Goal(p, (), renamed(post, mapping)) for p, post in posts]
    for goal in goals:
        builder.note(goal.tensor)
    builder.goals(goals if grouped else [])
    for goal in goals if not grouped else []:
        builder.goals([goal])
    body = tuple(builder.frames[0].statements)
    return Program(task.name, arguments(task), body, requirements(task), reassociates(task))


def renamed(e: Expr, mapping: dict[str, Expr]) -> Expr:
    """`e` with inputs replaced by name: by a buffer that holds the values at entry."""
    if not e.inputs & set(mapping):
        return e
    return transform(e, lambda n: mapping.get(n.name) if n.op in ("input", "param") else None)
