"""Several steps of a control loop as one task: the summary of one step, applied to its own result.

The loops of a horizon are a recurrence over vectors, which the summary language does not have; the step is lifted and
proved, and this puts it after itself.  The composition is not proved again.
"""

from __future__ import annotations

from dataclasses import replace

from accelcore.ir.expr import Expr, transform
from accelcore.values import Bounds, InputSpec, Role, Summary, Task


def horizon(step: Task, state: str, following: str, steps: int) -> Task:
    """`steps` of a lifted step, with the results of each: input `state` of one is result `following` of the one before.

    Results are named after those of the step, with its number: u0, y0, u1, ...  Inputs lie within -1 and 1: larger ones
    would leave the range of floats after some steps.
    """
    assert isinstance(step.reference, Summary)
    params = [p for p in step.params if p.role is not Role.OUT]
    post: list[tuple[str, Expr]] = []
    reached: Expr | None = None
    for number in range(steps):
        made = {name: e if reached is None else _put(e, state, reached) for name, e in step.reference.post}
        post += [(f"{name}{number}", e) for name, e in made.items()]
        params += [replace(p, name=f"{p.name}{number}") for p in step.results]
        reached = made[following]
    summary = Summary(tuple(post), (), step.reference.number_model)
    inputs = InputSpec(tuple(Bounds(p.name, -1.0, 1.0) for p in params if p.role is not Role.OUT))
    name = f"{step.name}_{steps}"
    return replace(step, name=name, params=tuple(params), reference=summary, source=None, inputs=inputs)


def _put(e: Expr, name: str, value: Expr) -> Expr:
    """`e` with a tensor in the place of an input."""
    return transform(e, lambda node: value if node.op == "input" and node.name == name else None)
