"""Scans: running reductions whose elements are all wanted, in lanes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, binary, cast, const, param, select, transform, walk
from accelcore.loops.edit import Block, expressions, find, mapped, names, put_all, replace_loop, unused
from accelcore.loops.nodes import Accumulate, Allocate, Buffer, For, Kind, Memory, Program, Statement, Store
from accelcore.loops.rewrites.algorithms import running
from accelcore.loops.rewrites.base import Rewrite, register, require
from accelcore.loops.rewrites.marks import FIXED_ORDER

_RING = frozenset({"add", "sub", "mul"})
"""Operators whose lowest bits depend on the operands' lowest bits only."""
_LEAST = 32  # bits of lanes that every machine moves


@register
@dataclass(frozen=True)
class ScanLanes(Rewrite):
    """A running reduction inside vectors: log2(lanes) shifts each, and one carried value between them.

    Sums of integers may be read before their step, too.  A sum or product of 64-bit integers of which only 32 bits are
    ever stored is kept in 32: twice as many lanes.
    """

    name: ClassVar[str] = "scan_lanes"
    iterator: str
    interleave: int = 1

    def apply(self, program: Program) -> Program:
        """Legal for `acc = acc op value(i)` with an associative op, where other statements only use the new acc."""
        loop = find(program, self.iterator)
        require(loop.kind is Kind.SERIAL, f"loop {self.iterator} is no longer serial")
        require(1 <= self.interleave <= 16, "interleave 1 to 16 vectors")
        acc, op, value, rest = running(_inclusive(loop))
        exact = program.reassociate or not DTYPES[value.dtype].is_float
        require(exact, f"the running {acc} would be taken in another order", FIXED_ORDER)
        scan = replace(loop, body=(Accumulate(acc, (), op, value), *rest), kind=Kind.SCAN, interleave=self.interleave)
        new = _narrow(program, loop, scan)
        return replace_loop(program, self.iterator, lambda _: new)


def _inclusive(loop: For) -> For:
    """The loop without a variable for what an integer sum was before its step: that is the sum less what was added."""
    if len(loop.body) < 3:
        return loop
    held, first, update, *rest = loop.body
    if not (isinstance(held, Allocate) and isinstance(first, Store) and isinstance(update, Store)):
        return loop
    acc = param(update.buffer, update.value.dtype)
    added = [a for a in update.value.args if a is not acc]
    if update.indices or update.value.op != "add" or len(added) != 1 or not DTYPES[acc.dtype].is_integer:
        return loop
    if first.buffer != held.buffer.name or first.value is not acc or first.buffer in added[0].inputs:
        return loop
    before = {held.buffer.name: binary("sub", acc, added[0])}
    return replace(loop, body=(update, *put_all(tuple(rest), before)))


def _narrow(program: Program, loop: For, scan: For) -> Block:
    """The scan on a variable of its own with 32 bits, where nothing sees the others; itself otherwise."""
    update, *rest = scan.body
    assert isinstance(update, Accumulate)
    acc = param(update.buffer, update.value.dtype)
    dtype = _stored(rest, acc)
    elsewhere = replace_loop(program, loop.iterator, lambda _: ())
    if update.op not in _RING or dtype is None or any(acc.name in e.inputs for e in expressions(elsewhere.body)):
        return (scan,)
    held = Buffer(unused(acc.name, names(program)), dtype, (), Memory.REGISTER)
    start = Store(held.name, (), cast(acc, dtype))

    def stored(e: Expr) -> Expr:
        now = param(held.name, dtype)
        return transform(e, lambda n: cast(now, n.dtype) if n.op == "cast" and n.args[0] is acc else None)

    narrow = Accumulate(held.name, (), update.op, _lowest(update.value, dtype))
    return Allocate(held), start, replace(scan, body=(narrow, *mapped(tuple(rest), stored)))


def _stored(rest: Sequence[Statement], acc: Expr) -> str | None:
    """The 32-bit dtype that holds all that is read of a wider integer variable; None where there is none."""
    facts = DTYPES[acc.dtype]
    if not facts.is_integer or (facts.bits or 0) <= _LEAST:
        return None
    nodes = {n for e in expressions(tuple(rest)) for n in walk(e)}
    uses = [n for n in nodes if acc in n.args]
    if any(e is acc for e in expressions(tuple(rest))) or not all(_cut(n) for n in uses):
        return None
    return "u32" if any(n.dtype == "u32" for n in uses) else "i32"


def _cut(e: Expr) -> bool:
    """Whether a conversion keeps the lowest 32 bits at most, as they are."""
    facts = DTYPES[e.dtype]
    return e.op == "cast" and e.attrs[1] in ("exact", "wrap") and facts.is_integer and 0 < (facts.bits or 64) <= _LEAST


def _lowest(e: Expr, dtype: str) -> Expr:
    """The lowest 32 bits of an integer, from those of what it is computed from where they decide them."""
    if (DTYPES[e.dtype].bits or 64) < _LEAST:
        return cast(e, dtype)
    if e.op in _RING:
        return binary(e.op, *(_lowest(a, dtype) for a in e.args))
    if e.op == "select":
        return select(e.args[0], *(_lowest(a, dtype) for a in e.args[1:]))
    if e.op == "cast" and DTYPES[e.args[0].dtype].is_integer and e.attrs[1] in ("exact", "wrap"):
        return _lowest(e.args[0], dtype)
    if e.op == "const":
        low = 0 if dtype == "u32" else -(1 << _LEAST - 1)
        return const((int(e.value) - low) % (1 << _LEAST) + low, dtype)
    return cast(e, dtype)
