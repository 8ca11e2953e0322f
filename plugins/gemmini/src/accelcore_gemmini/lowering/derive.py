"""Kernels of a task: its result on the array under a schedule, or plain C of the host where the array cannot do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from accelcore.errors import IllegalRewrite, UnsupportedLowering
from accelcore.ir.expr import Expr, binary, cast, index
from accelcore.ir.ranges import Interval, facts_of
from accelcore.ir.simplify import simplify
from accelcore.values import Kernel, Summary, Task
from accelcore_gemmini.config import Config
from accelcore_gemmini.lowering.chains import Writer, chains
from accelcore_gemmini.lowering.ctext import Names, bare, number_text
from accelcore_gemmini.lowering.fine import Fine
from accelcore_gemmini.lowering.hardware import Hardware
from accelcore_gemmini.lowering.nest import Nest, nest
from accelcore_gemmini.lowering.result import results
from accelcore_gemmini.moves.schedule import Schedule, replay

HOST = ("host", "plain C")
"""Build option of a kernel whose results the host computes: declared by the lowering, never by a kernel alone."""

_ACCUMULATOR = (1 << 31) - 1
_PRODUCT = 1 << 14  # the largest product of two int8 values


@lru_cache(maxsize=64)
def placed(task: Task, config: Config) -> Nest:
    """The nest of a task with one result.  UnsupportedLowering with what has no place on the array."""
    found = results(task, is_float=config.is_float)
    if len(found) != 1:
        raise UnsupportedLowering(f"{task.name} has {len(found)} results; the array computes one")
    made = nest(found[0], dict(task.sizes[0]) if task.sizes else {}, config.dim)
    domain(task, made, config)
    return made


def domain(task: Task, n: Nest, config: Config) -> tuple[Expr, ...]:
    """Conditions over sizes under which the kernel is right: a sum is not empty, and fits the accumulator."""
    p = n.result.product
    if p is None:
        return ()
    found = [binary("le", index(1), loop.extent) for loop in p.loops if loop.extent.sizes]
    if config.is_float or n.result.full:
        return tuple(found)  # what is stored whole wraps as the accumulator does, or is required to fit
    known = facts_of(task.params, task.requires)
    rest = sum(_magnitude(known.get(t.name, (-128, 127))) for t in n.result.terms)
    most = (_ACCUMULATOR - rest) // _PRODUCT
    if most < 1 << 10:
        wide = ", ".join(t.name for t in n.result.terms if t.dtype == "i32")
        reason = f"{wide} may take the sum out of the 32-bit accumulator"
        raise UnsupportedLowering(reason, hint=f"state its range: assert all(-2**24 <= v <= 2**24 for v in {wide})")
    count: Expr = index(1)
    for loop in p.loops:
        count = binary("mul", count, cast(loop.extent, "i64"))
    count = simplify(count)
    return (*found, binary("le", count, index(most))) if count.sizes else tuple(found)


def _magnitude(limits: Interval) -> int:
    return int(max(abs(limits[0]), abs(limits[1])))


def on_array(task: Task, config: Config, steps: Sequence[str]) -> Kernel:
    """The kernel under a schedule.  UnsupportedLowering, or IllegalRewrite for a schedule that does not fit.

    Tasks of several results are chains, which have one schedule: the empty one.
    """
    if not steps and isinstance(task.reference, Summary) and len(task.reference.post) > 1:
        return Kernel(Writer(task, chains(task, config), config).text(), "c", f"ac_{task.name}")
    n, schedule = placed(task, config), replay(steps, config)
    if n.rows.fast:
        _fits_windows(n, schedule, config)
    conditions = domain(task, n, config)
    names = Names(n).of
    refused = " || ".join(f"!({bare(number_text(c, names))})" for c in conditions)
    text = (Hardware if schedule.hardware else Fine)(task, n, schedule, refused).text()
    return Kernel(text, "c", f"ac_{task.name}", tuple(steps), (), (), conditions)


def _fits_windows(n: Nest, s: Schedule, config: Config) -> None:
    """Tiles of a pooled result hold whole windows, one column of blocks wide.  IllegalRewrite for others."""
    problem = "a tile of windows has one column of blocks" if s.cols > 1 or s.hardware else ""
    problem = problem or replace(s, rows=s.rows * n.rows.group).problem(config)
    if problem:
        raise IllegalRewrite(problem)


def on_host(task: Task, reason: str) -> Kernel:
    """Plain loops for the host, which say why."""
    from accelcore.cgen.baseline import plain_c
    from accelcore.loops.lower import lower

    text = f"/* Computed by the host: {reason.replace('*/', '* /')}. */\n{plain_c(lower(task))}"
    return Kernel(text, "c", f"ac_{task.name}", (), (HOST,))
