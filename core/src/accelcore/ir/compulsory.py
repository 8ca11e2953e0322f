"""The bytes that any program of a task must move, a lower bound: what physics asks of a kernel, and a roofline.

A result that is returned is written whole.  Of an input count the elements that the summary reads whatever the data
are: not those in a branch, nor at indices from data, nor beyond the first of a search that may end early.  So a lookup
of eight rows does not move the table, and a filter does not write what it leaves out.

Elements of one read are counted by its index variables: those of one index whose steps do not overlap are as many as
the product of their extents (4 * i + j with j < 4), else as many as the longest alone (i + j).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from accelcore.ir.affine import affine
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import BINDERS, LOGICAL, Expr, index, substitute
from accelcore.ir.passes import in_one_pass
from accelcore.values import Param, Role, Summary, Task

_ALL_NEEDED = frozenset({"sum", "max", "min", "argmax", "argmin"})
"""Reductions that ask for every element; others are settled by one that is false, true or zero."""

Scope = Mapping[int, int]
"""How many values each bound variable takes."""


def compulsory_bytes(task: Task, sizes: Mapping[str, int]) -> float:
    """Bytes of arrays that one call must at least read and write at these sizes."""
    arrays = [p for p in task.params if p.shape]
    read = dict.fromkeys((p.name for p in arrays), 0)
    written = {p.name for p in arrays if p.role is Role.OUT}
    if isinstance(task.reference, Summary):
        post = in_one_pass(task, task.reference).post
        written |= {name for name, e in post if not _keeps(e)}
        for found in _reads([e for _, e in post], sizes):
            name = found.tensor.name
            if name in read:
                read[name] = max(read[name], found.elements(sizes))
    total = 0.0
    for p in arrays:
        count = math.prod(_number(extent, sizes) for extent in p.shape)
        total += (min(count, read[p.name]) + (count if p.name in written else 0)) * _size(p)
    return total


def _size(param: Param) -> float:
    return (DTYPES[param.dtype].bits or 64) / 8


def _keeps(e: Expr) -> bool:
    """Whether elements of an array in place may stay what they are."""
    while e.op in ("comp", "cast"):
        e = e.args[-1]
    return e.op in ("select", "get", "fold")


@dataclass(frozen=True)
class _Read:
    """An element that is read for all values of the variables in scope."""

    tensor: Expr
    indices: tuple[Expr, ...]
    scope: tuple[tuple[int, int], ...]

    def elements(self, sizes: Mapping[str, int]) -> int:
        """How many different ones there are at least."""
        free = dict(self.scope)
        total = 1
        for at in self.indices:
            form = affine(at, free)
            steps = [(abs(_number(c, sizes)), n) for n, c in form.coefficients] if form is not None else []
            total *= _distinct(sorted((c, free[n]) for c, n in steps))
            for _, n in steps:
                free[n] = 1
        return 0 if any(count <= 0 for _, count in self.scope) else total


def _distinct(steps: list[tuple[int, int]]) -> int:
    """Different values of a sum of step * (0 .. count - 1), at least; steps in ascending order."""
    apart, span = 1, 0
    for step, count in steps:
        if step > span:
            apart *= count
            span += step * (count - 1)
    return max([apart, *(count for step, count in steps if step)])


def _reads(results: list[Expr], sizes: Mapping[str, int]) -> Iterator[_Read]:
    """Reads that happen in any case.  Stops because every expression is entered once for each scope."""
    seen: set[tuple[Expr, tuple[tuple[int, int], ...]]] = set()
    left: list[tuple[Expr, Scope]] = [(e, {}) for e in results]
    while left:
        e, scope = left.pop()
        mine = tuple(sorted((n, scope[n]) for n in e.free if n in scope))
        if (e, mine) in seen:
            continue
        seen.add((e, mine))
        if e.op == "get" and e.args[0].op == "input":
            yield _Read(e.args[0], e.args[1:], mine)
        left += [(a, inside) for a, inside in _below(e, scope, sizes) if a.op != "input"]


def _below(e: Expr, scope: Scope, sizes: Mapping[str, int]) -> list[tuple[Expr, Scope]]:
    """What evaluating `e` evaluates in any case, and for how many values of the variables."""
    if e.op in LOGICAL or e.op == "select":
        return [(e.args[0], scope)]
    if e.op not in BINDERS:
        return [(a, scope) for a in e.args]
    steps = e.args[e.rank] if e.op == "scatter" else e.args[0]
    count, fixed = _longest(steps, scope, sizes)
    if e.op in ("fold", "scatter") or (e.op == "reduce" and _may_end(e)):
        count = min(count, 1)
    inside = {**scope, **dict.fromkeys((*e.bound, *fixed), 1), e.number: count}
    first = {"fold": len(e.bound), "scatter": e.rank + 1}.get(e.op, 1)
    last = {"fold": 2 * len(e.bound) - 1, "scatter": 2 * e.rank + 1}.get(e.op, 2)
    return [(body, inside) for body in e.args[first:last]]


def _longest(steps: Expr, scope: Scope, sizes: Mapping[str, int]) -> tuple[int, frozenset[int]]:
    """An extent at its largest, and the variables that are fixed then."""
    corners = [steps]
    for n in steps.free:
        ends = (0, max(0, scope.get(n, 1) - 1))
        corners = [substitute(c, {n: index(end)}) for c in corners for end in ends]
    return max(_number(c, sizes) for c in corners), steps.free


def _may_end(e: Expr) -> bool:
    """Whether a reduction may be settled before its end: by one element, or the first place that is found."""
    body = e.args[1]
    while body.op == "cast":
        body = body.args[0]
    return e.kind not in _ALL_NEEDED or (e.kind in ("min", "max") and body.op == "select")


def _number(e: Expr, sizes: Mapping[str, int]) -> int:
    """An extent or a step as a number; 1 where the data decide it."""
    from accelcore.ir.evaluate import evaluate

    if e.op == "const":
        return int(e.value)
    if e.op == "size":
        return int(sizes.get(e.name, 1))
    if e.inputs - e.sizes or e.free:
        return 1
    return int(evaluate(e, {}, dict(sizes)))
