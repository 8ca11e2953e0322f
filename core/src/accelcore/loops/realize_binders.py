"""Accumulators of binders over machine dtypes: how wide a sum, a fold or a histogram must be.

A sum may be kept modulo 2**bits when its value is only asked for modulo 2**bits (`demand`); otherwise the interval of
all its partial sums must fit.  A fold's accumulator gets the smallest dtype whose interval is inductive: it holds the
initial value and every update of a value in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr, bind, cast, fold, substitute, var
from accelcore.ir.ranges import ANY, Interval, join
from accelcore.loops.realize import Realizer, smallest

_SETTLE = 6
"""Rounds in which an accumulator's interval must stop growing before the growth per iteration is counted instead."""


def realize_binder(r: Realizer, e: Expr, demand: str | None) -> Expr:
    """The binder over machine dtypes; an integer accumulator in `demand` where it may wrap, else where it fits."""
    match e.op:
        case "comp":
            variable, opened = r.opened(e)
            body = r.value(substitute(e.args[1], opened))
            return bind("comp", variable, (r.index(e.args[0]),), (body,))
        case "reduce" | "scan":
            return _reduction(r, e, demand)
        case "scatter":
            return _scatter(r, e, demand)
        case "filter":
            variable, opened = r.opened(e)
            inner = tuple(r.value(substitute(a, opened)) for a in e.args[1:])
            return bind("filter", variable, (r.index(e.args[0]),), inner)
    return _fold(r, e, demand)


def _reduction(r: Realizer, e: Expr, demand: str | None) -> Expr:
    variable, opened = r.opened(e)
    body = substitute(e.args[1], opened)
    inits = e.args[2:]
    outer = (r.index(e.args[0]),)
    if body.dtype == "int" and e.kind not in ("argmax", "argmin"):
        within = accumulated(e.kind, r.interval(e.args[0]), r.interval(body), [r.interval(i) for i in inits])
        dtype = _accumulator(e, within, demand if e.kind in ("sum", "prod") else None)
        start = tuple(r.integer(i, dtype) for i in inits)
        return bind(e.op, variable, outer, (r.integer(body, dtype),), start, e.attrs[1:])
    start = tuple(r.value(i) for i in inits)
    return bind(e.op, variable, outer, (r.value(body),), start, e.attrs[1:])


def _accumulator(e: Expr, within: Interval, demand: str | None) -> str:
    dtype = demand or smallest(within)
    if dtype is None:
        raise UnsupportedLowering(
            f"an accumulated integer may leave 64 bits: {e!r}", hint="annotate the storage dtypes of inputs and result"
        )
    return dtype


def accumulated(kind: str, extent: Interval, body: Interval, inits: Sequence[Interval]) -> Interval:
    """Interval of every partial result of a reduction."""
    if kind == "sum":
        start = inits[0] if inits else (0, 0)
        count = max(extent[1], 0)
        return start[0] + min(0, _times(count, body[0])), start[1] + max(0, _times(count, body[1]))
    if kind in ("max", "min"):
        return join(body, inits[0]) if inits else body
    if kind == "prod" and extent[1] <= 64 and math.inf not in (-body[0], body[1]):
        largest = max(abs(body[0]), abs(body[1]), 1) ** int(max(extent[1], 1))
        return -largest, largest
    return ANY


def _times(x: float, y: float) -> float:
    return 0 if 0 in (x, y) else x * y


def _scatter(r: Realizer, e: Expr, demand: str | None) -> Expr:
    variable, opened = r.opened(e)
    rank = e.rank
    combine = str(e.attrs[1])
    *where, value = (substitute(a, opened) for a in e.args[rank + 1 : -1])
    init = e.args[-1]
    outer = tuple(r.index(x) for x in e.args[: rank + 1])
    places = tuple(r.index(w) for w in where)
    if value.dtype == "int":
        kind = {"add": "sum", "mul": "prod", "set": "max"}.get(combine, combine)
        within = accumulated(kind, r.interval(e.args[rank]), r.interval(value), [r.interval(init)])
        dtype = _accumulator(e, within, demand if combine in ("add", "mul") else None)
        start = (r.integer(init, dtype),)
        return bind("scatter", variable, outer, (*places, r.integer(value, dtype)), start, e.attrs[1:])
    return bind("scatter", variable, outer, (*places, r.value(value)), (r.value(init),), e.attrs[1:])


def _fold(r: Realizer, e: Expr, demand: str | None) -> Expr:
    count = len(e.bound) - 1
    inits, bodies = e.args[1 : 1 + count], e.args[1 + count :]
    accumulators = [var(n, i.dtype) for n, i in zip(e.bound[1:], inits, strict=True)]
    k, opened = r.opened(e)
    bodies = tuple(substitute(b, opened) for b in bodies)
    dtypes = _fold_dtypes(r, e, inits, bodies, demand)
    which = e.attrs[2]
    assert isinstance(which, int)

    def body(machine: tuple[Expr, ...], position: Expr) -> Sequence[Expr]:
        mapping: dict[int, Expr] = {k.number: position}
        r.ranges[position.number] = r.ranges[k.number]
        for acc, (_, within), new in zip(accumulators, dtypes, machine, strict=True):
            r.ranges[new.number] = within
            mapping[acc.number] = cast(new, acc.dtype)
        updates = [substitute(b, mapping) for b in bodies]
        return [_typed(r, u, dtype) for u, (dtype, _) in zip(updates, dtypes, strict=True)]

    starts = [_typed(r, i, dtype) for i, (dtype, _) in zip(inits, dtypes, strict=True)]
    return fold(r.index(e.args[0]), starts, body, which)


def _typed(r: Realizer, e: Expr, dtype: str) -> Expr:
    return r.integer(e, dtype) if e.dtype == "int" else cast(r.value(e), dtype)


def _fold_dtypes(
    r: Realizer, e: Expr, inits: Sequence[Expr], bodies: Sequence[Expr], demand: str | None
) -> list[tuple[str, Interval]]:
    """Machine dtype and interval of each accumulator."""
    names = e.bound[1:]
    found = _inductive(r, e, names, inits, bodies)
    dtypes: list[tuple[str, Interval]] = []
    for name, init in zip(names, inits, strict=True):
        if init.dtype != "int":
            dtypes.append((r.real if init.dtype == "real" else init.dtype, ANY))
            continue
        within = found.get(name, ANY)
        dtype = smallest(within)
        if dtype is None and all(_ring_only(b, name) for b in bodies):
            dtype, within = demand, ANY
        dtypes.append((_accumulator(e, within, dtype), within))
    return dtypes


def _inductive(
    r: Realizer, e: Expr, names: Sequence[int], inits: Sequence[Expr], bodies: Sequence[Expr]
) -> dict[int, Interval]:
    """Intervals that the updates keep.

    Those that still grow after a few rounds get their largest change of one iteration times the iterations, and the
    others are settled again under that.
    """
    now = {n: r.interval(i) for n, i in zip(names, inits, strict=True)}
    fixed: dict[int, Interval] = {}
    for _ in range(len(names) + 1):
        for _ in range(_SETTLE):
            grown = {n: fixed.get(n) or join(now[n], r.interval(b, now)) for n, b in zip(names, bodies, strict=True)}
            if grown == now:
                return now
            now, before = grown, now
        fixed |= {
            n: _growth(r, e, n, i, b) for n, i, b in zip(names, inits, bodies, strict=True) if before[n] != now[n]
        }
        now |= fixed
    return dict.fromkeys(names, ANY)


def _growth(r: Realizer, e: Expr, name: int, init: Expr, body: Expr) -> Interval:
    """Interval of an accumulator that changes by a bounded step in each iteration."""
    count = max(r.interval(e.args[0])[1], 0)
    start, step = r.interval(init), _step(r, body, name)
    if step is None:
        return ANY
    return start[0] + min(0, _times(count, step[0])), start[1] + max(0, _times(count, step[1]))


def _step(r: Realizer, body: Expr, acc: int) -> Interval | None:
    """Interval of body - accumulator, where the body has that form."""
    if body.op == "var" and body.number == acc:
        return 0, 0
    if body.op == "select":
        branches = [_step(r, b, acc) for b in body.args[1:]]
        return join(branches[0], branches[1]) if branches[0] and branches[1] else None
    if body.op in ("add", "sub"):
        a, b = body.args
        if acc not in b.free and (inner := _step(r, a, acc)) is not None:
            low, high = r.interval(b)
            return (inner[0] + low, inner[1] + high) if body.op == "add" else (inner[0] - high, inner[1] - low)
        if body.op == "add" and acc not in a.free and (inner := _step(r, b, acc)) is not None:
            low, high = r.interval(a)
            return inner[0] + low, inner[1] + high
    return None


def _ring_only(e: Expr, acc: int) -> bool:
    """Whether the accumulator reaches the value only through operators that may wrap."""
    if acc not in e.free or e.op == "var":
        return True
    if e.op in ("add", "sub", "mul", "neg", "select"):
        return not (e.op == "select" and acc in e.args[0].free) and all(_ring_only(a, acc) for a in e.args)
    return False
