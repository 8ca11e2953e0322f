"""Rewrites of choices: what both branches compute alike is computed once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from accelcore.ir.expr import Expr, param, rebuild, select, transform
from accelcore.loops.edit import Block, find, names, replace_loop, unused
from accelcore.loops.nodes import Accumulate, Allocate, Buffer, Memory, Program, Statement, Store
from accelcore.loops.rewrites.base import Rewrite, register, require
from accelcore.loops.rewrites.values import weight

_LEAVES = frozenset({"const", "param", "size", "get", "select", "input"})
_LAZY = frozenset({"select", "land", "lor"})


@register
@dataclass(frozen=True)
class Share(Rewrite):
    """Where both branches of a choice do the same to different values, the values are chosen and it is done once.

    c ? f(a) : g(f(b)) becomes t = f(c ? a : b), c ? t : g(t), for the heaviest f that saves more than it costs: exact,
    since every operation is the one that the chosen branch would have done.
    """

    name: ClassVar[str] = "share"
    iterator: str

    def apply(self, program: Program) -> Program:
        """Legal everywhere; refused where no choice of the loop has branches with something in common."""
        loop, taken = find(program, self.iterator), names(program)
        body: list[Statement] = []
        for s in loop.body:
            body += _once(s, taken) if isinstance(s, Store | Accumulate) else [s]
        require(len(body) > len(loop.body), f"no choice in loop {self.iterator} has branches that do the same")
        return replace_loop(program, self.iterator, lambda f: (replace(f, body=tuple(body)),))


def _once(s: Store | Accumulate, taken: set[str]) -> Block:
    """The statement after the common parts of its choices were computed."""
    before: list[Statement] = []
    for e in _choices(s.value):
        condition, a, b = e.args
        best = max(_pairs(a, b), key=lambda pair: _gain(condition, *pair), default=None)
        if best is None or _gain(condition, *best) <= 0:
            continue
        held = Buffer(unused("shared", taken), best[0].dtype, (), Memory.REGISTER)
        before += [Allocate(held), Store(held.name, (), _merged(condition, *best))]
        value = param(held.name, held.dtype)
        new = select(condition, _exchanged(a, best[0], value), _exchanged(b, best[1], value))
        s = replace(s, value=_exchanged(s.value, e, new))
    return (*before, s)


def _choices(e: Expr) -> Iterator[Expr]:
    """Choices that are always made: those inside another one's branches are not."""
    if e.op == "select" and e.dtype != "bool":
        yield e
    elif e.op not in _LAZY and not e.rank:
        for arg in e.args:
            yield from _choices(arg)


def _pairs(a: Expr, b: Expr) -> Iterator[tuple[Expr, Expr]]:
    """Sub-expressions of the two branches that have the same operator at their root."""
    for x in _parts(a):
        for y in _parts(b):
            if x is not y and _alike(x, y):
                yield x, y


def _parts(e: Expr) -> Iterator[Expr]:
    if e.op in _LEAVES or e.rank:
        return
    yield e
    for arg in e.args:
        yield from _parts(arg)


def _alike(x: Expr, y: Expr) -> bool:
    same = x.op == y.op and x.dtype == y.dtype and x.attrs == y.attrs and len(x.args) == len(y.args)
    return same and x.op not in _LEAVES and all(p.dtype == q.dtype for p, q in zip(x.args, y.args, strict=True))


def _merged(condition: Expr, x: Expr, y: Expr) -> Expr:
    """What is x where the condition holds and y where it does not; the choice goes as far inside as it can."""
    if x is y:
        return x
    if _alike(x, y):
        return rebuild(x, tuple(_merged(condition, p, q) for p, q in zip(x.args, y.args, strict=True)))
    return select(condition, x, y)


def _gain(condition: Expr, x: Expr, y: Expr) -> int:
    """Additions saved by computing two parts as one."""
    return weight(x) + weight(y) - weight(_merged(condition, x, y)) + weight(condition)


def _exchanged(e: Expr, old: Expr, new: Expr) -> Expr:
    return transform(e, lambda x: new if x is old else x)
