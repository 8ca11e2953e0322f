"""Stores into arrays: elements, rows, slices, and whole arrays.

A value is computed before anything of it is stored.  Where it reads other elements of the array that it changes
(`x[1:] = x[:-1]`), it is kept in a variable of its own first.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, array, comp, get, index, param, walk
from accelcore_llmlift.polynomial import index_of
from accelcore_llmlift.program import Assign, For, Position, Statement, Store
from accelcore_llmlift.python import expressions, statements, subscripts, wholes
from accelcore_llmlift.python.expressions import expression, refuse
from accelcore_llmlift.python.scope import Scope, natural, stored


def store(scope: Scope, target: ast.Subscript, value: Expr, node: ast.stmt) -> None:
    """`x[i][j] = value`, `x[i, j] = value`, `x[i] = row`, `x[:] = values`, `x[i, 1:-1] = values`."""
    base = expression(scope, target.value)
    written = list(target.slice.elts) if isinstance(target.slice, ast.Tuple) else [target.slice]
    if not base.rank:
        raise refuse(scope, node, f"{ast.unparse(target.value)!r} has no axes", "annotate its rank")
    parts = subscripts.spelled_out(scope, base, written, node)
    while parts and _whole(parts[-1]):
        parts.pop()
    copied = any(isinstance(s, ast.Slice) or _ellipsis(s) for s in written)  # x[i][:] = row copies the elements
    source = None if copied else getattr(node, "value", None)
    while parts and not isinstance(parts[0], ast.Slice):
        where = subscripts.position(scope, base, parts.pop(0))
        subscripts.touch(scope, base, where, node)
        base = get(base, where)
    if parts:
        region(scope, base, parts, value, node)
    elif base.rank:
        fill(scope, base, value, node, source)
    else:
        element(scope, base, value, node)


def _whole(part: ast.expr) -> bool:
    return isinstance(part, ast.Slice) and part.lower is None and part.upper is None and part.step is None


def _ellipsis(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and part.value is Ellipsis


def place_of(scope: Scope, place: Expr, node: ast.AST) -> tuple[Expr, tuple[Expr, ...]]:
    """(array, indices) of a place; marks the array as written."""
    base, indices = (place.args[0], place.args[1:]) if place.op == "get" else (place, ())
    if base.op != "input":
        raise refuse(scope, node, "a store into a temporary", "store into a named list or array")
    scope.types.written.setdefault(base.name, None)
    return base, indices


def element(scope: Scope, place: Expr, value: Expr, node: ast.stmt) -> None:
    """One element takes a number."""
    if value.rank:
        raise refuse(scope, node, "a list is stored into an element", "store a number")
    base, indices = place_of(scope, place, node)
    statements.emit(scope, Store(base.name, indices, stored(value, scope.storage[base.name]), _at(scope, node)))


def fill(scope: Scope, place: Expr, value: Expr, node: ast.stmt, source: ast.expr | None = None) -> None:
    """A row or a whole array takes a value, broadcast to its extents; source: the value where it may be shared."""
    base, indices = place_of(scope, place, node)
    extents = expressions.extents_seen(scope, place)
    if value.rank > place.rank:
        raise refuse(scope, node, "the value has more axes than the place", "make the ranks agree")
    whole = value.rank == place.rank and source is not None and not statements.copies(source)
    spread = value if whole and value.op in ("input", "get") else wholes.broadcast(scope, node, value, extents)
    held = stored(spread, scope.storage[base.name])
    statement: Statement
    if indices:
        statement = Store(base.name, indices, held, _at(scope, node))
    else:
        statement = Assign(base.name, held, _at(scope, node))
        scope.in_place.add(id(statement))
    refers(scope, statement, value, source)
    statements.emit(scope, statement)


def update(scope: Scope, target: ast.expr, place: Expr, value: Expr, node: ast.stmt) -> None:
    """`x += value`, `x[i, 1:] += value`: the same elements take a new value."""
    if place.op in ("input", "get"):
        fill(scope, place, value, node)
    elif isinstance(target, ast.Subscript):
        store(scope, target, value, node)
    else:
        raise refuse(scope, node, "a view of another array is changed in place", "store through the array itself")


def refers(scope: Scope, statement: Statement, value: Expr, node: ast.expr | None) -> None:
    """Note that a list is stored by reference: see `aliasing`."""
    if value.rank and value.op in ("input", "get") and not (node is None or statements.copies(node)):
        base = value.args[0] if value.op == "get" else value
        scope.escapes[id(statement)] = base.name


@dataclass(frozen=True)
class Axis:
    """One axis of a region: its counter, how many, and the index at the counter."""

    counter: Expr
    extent: Expr
    where: Expr


def region(scope: Scope, base: Expr, parts: Sequence[ast.expr], value: Expr, node: ast.stmt) -> None:
    """`x[a:b, c] = values`: loops over the slices and whatever axes follow."""
    place_of(scope, base, node)
    saved = scope.facts
    axes = _axes(scope, base, parts, node)
    extents = tuple(a.extent for a in axes if a.counter.op == "param")
    counters = [a.counter for a in axes if a.counter.op == "param"]
    if value.rank > len(extents):
        raise refuse(scope, node, "the value has more axes than the place", "make the ranks agree")
    if value.rank:
        value = wholes.broadcast(scope, node, value, extents)
        value = _kept(scope, base, value, node)
    outer, scope.out = scope.out, []
    place = base
    for axis in axes:
        subscripts.touch(scope, place, axis.where, node)
        place = get(place, axis.where)
    element(scope, place, natural(get(value, *counters)) if value.rank else value, node)
    inner, scope.out, scope.facts = tuple(scope.out), outer, saved
    for counter, extent in reversed(list(zip(counters, extents, strict=True))):
        inner = (For(counter.name, index(0), extent, 1, inner, scope.label(), _at(scope, node)),)
    for statement in inner:
        statements.emit(scope, statement)


def _axes(scope: Scope, base: Expr, parts: Sequence[ast.expr], node: ast.AST) -> list[Axis]:
    """The axes of a region; the ranges of their counters are known from here on."""
    found: list[Axis] = []
    for axis in range(base.rank):
        part = parts[axis] if axis < len(parts) else ast.Slice()
        place = get(base, *(a.where for a in found)) if found else base
        if not isinstance(part, ast.Slice):
            where = subscripts.position(scope, place, part)
            found.append(Axis(index(0), index(1), where))
            continue
        extent = scope.extents_of(place)[0]
        window = subscripts.sliced(scope, place if _whole(part) else _positions(place, extent), part, [], node)
        count = expressions.length_seen(scope, place) if _whole(part) else window.args[0]
        counter = param(scope.temporary("at"), INDEX)
        scope.facts = scope.facts.counting(counter, count)
        where = counter if _whole(part) else index_of(get(window, counter))
        found.append(Axis(counter, count, where))
    return found


def _positions(place: Expr, extent: Expr) -> Expr:
    """[0, 1, ...] of an axis, to be sliced as the axis is."""
    return comp(extent, lambda i: i)


def _kept(scope: Scope, base: Expr, value: Expr, node: ast.stmt) -> Expr:
    """A value that reads the array it is stored into, in a variable of its own."""
    changed = base.args[0] if base.op == "get" else base
    if not any(n.op == "input" and n.name == changed.name for n in walk(value)):
        return value
    name = scope.temporary("held")
    dtype = value.dtype if value.dtype in ("real", "int", "bool") else "int"
    scope.storage[name] = dtype
    extents = scope.extents_of(value)
    scope.extents[name] = extents
    statements.emit(scope, Assign(name, stored(value, dtype), _at(scope, node)))
    return array(name, dtype, value.rank)


def _at(scope: Scope, node: ast.AST) -> Position:
    return scope.module.place.at(node)
