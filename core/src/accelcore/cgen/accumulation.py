"""Accumulating: op= into places of one lane, of all lanes, or where lanes may meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelcore.cgen import counting, scalars, vectors
from accelcore.cgen.accesses import (
    Access,
    Indices,
    any_lane,
    each_lane,
    element,
    lane_offsets,
    local,
    locate,
    write,
)
from accelcore.cgen.frame import Place, Value
from accelcore.cgen.names import ctype, literal
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr

if TYPE_CHECKING:
    from accelcore.cgen.expressions import Expressions


def accumulate(at: Expressions, name: str, indices: Indices, op: str, value: Expr) -> None:
    """buffer[indices] = op(buffer[indices], value) in the active lanes."""
    place = at.frame.places[name]
    old = reading(place, indices, value.dtype)
    if at.frame.lanes is None or place.varying:
        _update(at, name, indices, combined(op, old, value))
        return
    access = locate(at, name, indices)
    if access.step == {}:
        _reduce_into(at, access, op, value)
    elif access.step is not None:
        _update(at, name, indices, combined(op, old, value))
    else:
        offsets = lane_offsets(at, place, indices)  # lanes may meet in one place: one after the other

        def update(target: str, text: str) -> str:
            return f"{target} = {_scalar_combined(at, op, value.dtype, target, text)};"

        each_lane(at, access, at.value(value), offsets, update)


def _update(at: Expressions, name: str, indices: Indices, value: Expr) -> None:
    at.uses.setdefault(value, 1)
    write(at, name, indices, value, stream=False)


def reading(place: Place, indices: Indices, dtype: str) -> Expr:
    """The expression that reads a buffer's element."""
    if not place.buffer.shape:
        return Expr("param", (), (place.buffer.name,), dtype)
    array = Expr("input", (), (place.buffer.name,), dtype, len(indices))
    return Expr("get", (array, *indices), (), dtype)


def combined(op: str, old: Expr, value: Expr) -> Expr:
    """op(old, value); the connectives for bools."""
    if value.dtype == "bool":
        op = {"or": "lor", "and": "land", "max": "lor", "min": "land", "add": "lor", "mul": "land"}[op]
    return Expr(op, (old, value), (), value.dtype)


def _scalar_combined(at: Expressions, op: str, dtype: str, a: str, b: str) -> str:
    if dtype == "bool":
        return f"({a} {'|' if op in ('or', 'max', 'add') else '&'} {b})"
    return scalars.apply(at.unit, op, dtype, [a, b], operand=dtype)


def _reduce_into(at: Expressions, access: Access, op: str, value: Expr) -> None:
    """All lanes into one element, at once: for places that change inside the vector loop, and for counts."""
    target = f"{access.place.names[0]}[{element(at, access, 0)}]"
    if access.place.cells or not access.place.buffer.shape:
        target = str(local(at, access.place, (), 0))
    holds = counting.condition(op, value)
    if holds is not None and at.unit.isa.move("mask_count", "bool", at.count) is not None:
        for reduced in counting.number(at, holds):
            at.writer.line(f"{target} = {_scalar_combined(at, op, value.dtype, target, reduced)};")
        return
    new = at.spread(at.value(value))
    if at.frame.active is not None:
        new = at.blend(at.frame.active, new, at.spread(Value(value.dtype, (identity_text(op, value.dtype),))))
    for text in new.texts:
        reduced = horizontal(at, op, value.dtype, text, new.mask)
        at.writer.line(f"{target} = {_scalar_combined(at, op, value.dtype, target, reduced)};")


def horizontal(at: Expressions, op: str, dtype: str, text: str, mask: int = 0) -> str:
    """C text of one scalar from all lanes."""
    if dtype == "bool":
        every = op in ("and", "min", "mul")
        if at.masks.opaque:
            return at.masks.made("mask_all" if every else "mask_any", m=text)
        if at.masks.bits:
            full = (1 << at.count) - 1
            return f"(({text} & {full:#x}ull) {'==' if every else '!='} {f'{full:#x}ull' if every else '0'})"
        value = Value("bool", (text,), varying=True, mask=mask or at.masks.natural)
        if every:
            return f"!{any_lane(at, at.masks.inverted(value))}"
        return any_lane(at, value)
    template = at.unit.isa.move(f"reduce_{op}", dtype, at.count)
    if template is not None:
        return at.expand(template, v=text)
    return vectors.reduce(at.unit, op, dtype, at.count, text)


def identity_text(op: str, dtype: str) -> str:
    """C text of the value that changes nothing under op."""
    facts = DTYPES[dtype]
    if facts.kind == "bool":
        return "1" if op in ("and", "min", "mul") else "0"
    if op in ("min", "max"):
        if facts.is_float:
            return literal(float("inf") if op == "min" else float("-inf"), dtype)
        return literal((facts.high if op == "min" else facts.low) or 0, dtype)
    if op == "and":
        return f"({ctype(dtype)})-1"
    return literal(1 if op == "mul" else 0, dtype)
