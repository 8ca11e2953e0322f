"""Which iterations of a loop depend on which: conservative tests on index expressions.

Two accesses to one buffer, at least one a write, conflict when they may touch the same element.  For loops around both,
`distance` gives how many iterations lie between the first access and the second where they do: an exact number, None
when it is not known.  An index is a polynomial (`linear`), so per axis the difference of two indices is

    sum over common loops of coefficient * (first - second)  +  a remainder over private loops and sizes

and an axis proves: that they never touch (the remainder cannot be a multiple), or that a loop's distance is a constant
(strong SIV test), or zero (the remainder and the other loops together stay smaller than the coefficient: the case of a
split loop, i*8 + ii, and of a flattened row, i*n + j).  What no axis proves is unknown, and unknown is a dependence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import gcd

from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, call, param
from accelcore.loops.edit import Block, own_expressions, put, reads_of, written
from accelcore.loops.linear import (
    Polynomial,
    as_constant,
    at_least,
    coefficient,
    extremes,
    minus,
    plus,
    polynomial,
    scaled,
    times,
    without,
)
from accelcore.loops.nodes import Accumulate, Allocate, For, If, Program, Store


@dataclass(frozen=True)
class Access:
    """A read or write of a buffer.  op: "read", "write", or the operation of an Accumulate.

    loops: (iterator, extent) pairs of the loops around it, outermost first.
    """

    buffer: str
    indices: tuple[Expr, ...]
    op: str
    loops: tuple[tuple[str, Expr], ...]

    def conflicts(self, other: Access, *, reassociate: bool = True) -> bool:
        """Whether the order of the two matters when they touch the same element."""
        if self.buffer != other.buffer or self.op == other.op == "read":
            return False
        both = self.op == other.op and self.op != "write"
        return not (both and reassociate)


def accesses(block: Block, loops: Sequence[For] = ()) -> list[Access]:
    """All accesses of a block that stands inside `loops`, but for those to buffers that the block allocates."""
    local: set[str] = set()
    found = list(_accesses(block, tuple((f.iterator, f.extent) for f in loops), local))
    changing = written(block)
    return [_blurred(a, changing) for a in found if a.buffer not in local]


def _blurred(a: Access, changing: set[str]) -> Access:
    """The access with each index that reads what the block writes made unknown: it differs from time to time."""
    if not any(i.inputs & changing for i in a.indices):
        return a
    unknown = call("unknown", param(f"?{next(_unknowns)}", INDEX))
    return replace(a, indices=tuple(unknown if i.inputs & changing else i for i in a.indices))


_unknowns = count()


def _accesses(block: Block, loops: tuple[tuple[str, Expr], ...], local: set[str]) -> Iterator[Access]:
    iterators = {name for name, _ in loops}
    for s in block:
        for e in own_expressions(s):
            for name, where in reads_of(e):
                if name not in iterators:
                    yield Access(name, where, "read", loops)
        match s:
            case Store():
                yield Access(s.buffer, s.indices, "write", loops)
            case Accumulate():
                yield Access(s.buffer, s.indices, s.op, loops)
            case Allocate():
                local.add(s.buffer.name)
            case For():
                yield from _accesses(s.body, (*loops, (s.iterator, s.extent)), local)
            case If():
                yield from _accesses(s.then, loops, local)
                yield from _accesses(s.otherwise, loops, local)


@dataclass(frozen=True)
class Relation:
    """Where two accesses meet: per common loop the distance first - second in iterations, None when unknown."""

    distances: Mapping[str, int | None]

    def same(self, iterator: str) -> bool:
        """Whether they meet in the same iteration of that loop only."""
        return self.distances.get(iterator) == 0


def relate(first: Access, second: Access, common: Sequence[str]) -> Relation | None:
    """The relation over the loops `common`; loops outside them run in the same iteration of both.

    None when they never touch the same element.
    """
    a_loops, b_loops = dict(first.loops), dict(second.loops)
    outside = [name for name in a_loops if name in b_loops and name not in common]
    fixed = set(_prefix(outside, first, second))
    b_names = {name: f"{name}'" for name in b_loops if name not in fixed}
    extents = {**a_loops, **{b_names.get(n, n): _primed(e, b_names) for n, e in b_loops.items()}}
    shared = [n for n in common if n in a_loops and n in b_loops]
    known: dict[str, int | None] = dict.fromkeys(shared)
    for _ in range(2):  # a loop settled by one axis helps the next
        for x, y in zip(first.indices, second.indices, strict=False):
            difference = minus(polynomial(x), polynomial(_primed(y, b_names)))
            if not _settle(difference, known, extents):
                return None
    return Relation(known)


def _prefix(outside: Sequence[str], first: Access, second: Access) -> Iterator[str]:
    """Loops around both that run in the same iteration: the common prefix of the two nests, up to the first loop asked
    about; a loop inside that one is in any iteration for either access."""
    for (a, _), (b, _) in zip(first.loops, second.loops, strict=False):
        if a != b or a not in outside:
            return
        yield a


def _primed(e: Expr, names: Mapping[str, str]) -> Expr:
    return put(e, {n: param(p, INDEX) for n, p in names.items()})


def _settle(difference: Polynomial, known: dict[str, int | None], extents: Mapping[str, Expr]) -> bool:
    """Learn distances from one axis whose difference must be zero; False when it cannot be."""
    rest, deltas = dict(difference), {}
    for name in known:
        mine, theirs = coefficient(rest, name), coefficient(rest, f"{name}'")
        if mine is None or theirs is None:
            return True
        if not mine and not theirs:
            continue
        if plus(mine, theirs):
            continue  # different coefficients: left in the remainder
        rest = without(without(rest, name), f"{name}'")
        if known[name] is not None:
            rest = plus(rest, scaled(mine, known[name] or 0))
        else:
            deltas[name] = mine
    return _solve(rest, deltas, known, extents)


def _solve(
    rest: Polynomial, deltas: dict[str, Polynomial], known: dict[str, int | None], extents: Mapping[str, Expr]
) -> bool:
    while deltas:
        name = next((n for n in deltas if _dominates(n, deltas, rest, extents)), None)
        if name is None:
            return _single(rest, deltas, known)
        known[name] = 0
        del deltas[name]
    bounds = extremes(rest, extents)
    if bounds is None:
        return True
    return not (at_least(bounds[0], 1) or at_least(scaled(bounds[1], -1), 1))


def _dominates(name: str, deltas: Mapping[str, Polynomial], rest: Polynomial, extents: Mapping[str, Expr]) -> bool:
    """Whether |everything else| < |coefficient of this loop's distance|, so that the distance must be zero."""
    bounds = extremes(rest, extents)
    if bounds is None:
        return False
    low, high = bounds
    for other, factor in deltas.items():
        if other != name:
            reach = extremes({(other,): 1}, extents)
            if reach is None or not (at_least(factor, 0) or at_least(scaled(factor, -1), 0)):
                return False
            size = factor if at_least(factor, 0) else scaled(factor, -1)
            span = times(size, reach[1])
            low, high = minus(low, span), plus(high, span)
    mine = deltas[name] if at_least(deltas[name], 0) else scaled(deltas[name], -1)
    return at_least(minus(mine, high), 1) and at_least(plus(mine, low), 1)


def _single(rest: Polynomial, deltas: Mapping[str, Polynomial], known: dict[str, int | None]) -> bool:
    """One unknown distance with a constant coefficient and a constant remainder: solve or refute."""
    offset = as_constant(rest)
    if offset is None:
        return True
    factors = {name: as_constant(f) for name, f in deltas.items()}
    if len(factors) == 1:
        (name, factor), *_ = factors.items()
        if factor:
            if offset % factor:
                return False
            known[name] = -offset // factor
        return True
    whole = [f for f in factors.values() if f is not None]
    if len(whole) == len(factors):
        return offset % gcd(*whole) == 0
    return True


# What rewrites ask.


@dataclass(frozen=True)
class Conflict:
    """Two accesses of different iterations whose order matters."""

    first: Access
    second: Access
    relation: Relation

    def __str__(self) -> str:
        kinds = {"read": "is read", "write": "is written"}
        one, two = (kinds.get(a.op, "is accumulated") for a in (self.first, self.second))
        return f"{self.first.buffer} {one} in one iteration and {two} in another"


def carried(program: Program, loop: For, outer: Sequence[For] = (), *, strict: bool = False) -> Iterator[Conflict]:
    """Conflicts between different iterations of a loop that stands inside `outer`.

    Two Accumulates of one operation do not conflict where their order is free, unless `strict`.
    """
    found = accesses(loop.body, (*outer, loop))
    for at, a in enumerate(found):
        for b in found[at:]:
            if a.conflicts(b, reassociate=not strict and free_order(program, a.buffer)):
                relation = relate(a, b, [loop.iterator])
                if relation is not None and not relation.same(loop.iterator):
                    yield Conflict(a, b, relation)


def free_order(program: Program, buffer: str) -> bool:
    """Whether updates of a buffer by Accumulate may be reordered: integers always, floats under "real"."""
    try:
        dtype = program.buffer(buffer).dtype
    except KeyError:
        return False
    return program.reassociate or not DTYPES[dtype].is_float


def independent(program: Program, loop: For, outer: Sequence[For] = ()) -> Conflict | None:
    """The first conflict that keeps the iterations of a loop from running in any order; None when there is none."""
    return next(carried(program, loop, outer), None)


def crossing(
    program: Program, first: Block, second: Block, outer: Sequence[For], iterators: tuple[str, str]
) -> Iterator[Conflict]:
    """Conflicts between two blocks that each run in a loop; the loops' iterators are identified.

    The relation's distance is (iteration of the first) - (iteration of the second).
    """
    here, there = iterators
    a_side = accesses(first, outer)
    b_side = [_same_iterator(a, there, here) for a in accesses(second, outer)]
    for a in a_side:
        for b in b_side:
            if a.conflicts(b, reassociate=free_order(program, a.buffer)):
                relation = relate(a, b, [here])
                if relation is not None:
                    yield Conflict(a, b, relation)


def _same_iterator(a: Access, old: str, new: str) -> Access:
    if old == new:
        return a
    values = {old: param(new, INDEX)}
    loops = tuple((new if n == old else n, put(e, values)) for n, e in a.loops)
    return Access(a.buffer, tuple(put(i, values) for i in a.indices), a.op, loops)
