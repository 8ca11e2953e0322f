"""Nothing is recomputed in a loop it does not depend on, nor in two loops alike: tables in workspace buffers.

A value that needs iterators (i, k) of open loops but not the loop j between them would be computed anew for each j.  It
is *tabulated* instead: computed before j for all k, into a buffer with an axis for k.  The same is done for a stage
that several loops of one extent need at their own iterators (a dot product inside both the maximum and the sum of a
softmax): `Builder.note` finds them when their common enclosing loop is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import BINDERS, Expr, array, get, param, substitute, transform, var, walk

if TYPE_CHECKING:
    from accelcore.loops.builder import Builder, Frame

_DEAR = frozenset({"call", "div", "pow", "fdiv", "fmod", "tdiv", "trem"})
_STAGES = frozenset({"reduce", "fold"})


def label(e: Expr) -> str:
    """What a stage's variable is called."""
    return e.kind if e.op in ("reduce", "scan") else e.op if e.op in BINDERS else "table"


def dear(e: Expr) -> bool:
    """Whether a scalar expression has a function or a division in it, on values (index arithmetic is cheap)."""
    return e.op not in ("get", "select") and any(n.op in _DEAR and n.dtype != INDEX for n in walk(e))


def total(e: Expr) -> bool:
    """Whether evaluating `e` is harmless anywhere: every read is at loop variables, no integer is divided."""
    for node in walk(e):
        if node.op == "get" and any(i.op not in ("var", "param") for i in node.args[1:]):
            return False
        if node.op in ("tdiv", "trem", "fdiv", "fmod") and node.args[1].op != "const":
            return False
        if node.op in ("scatter", "filter"):
            return False
    return True


def skips(b: Builder, e: Expr) -> int | None:
    """Depth of the outermost loop that `e` does not need but that runs around one that it needs; None if none."""
    home = b.depth_of(e)
    if any(f.branch for f in b.frames[: home + 1]):
        return None
    for depth, frame in enumerate(b.frames[:home]):
        if frame.iterator and frame.iterator not in e.inputs:
            needed = [f for f in b.frames[depth + 1 : home + 1] if f.iterator in e.inputs]
            if needed and all(_constant_extent(b, f) for f in needed):
                return depth
    return None


def repeats(b: Builder, e: Expr) -> int | None:
    """Depth of the innermost loop that `e` needs, where another loop of its extent needs the same at its iterator."""
    home = b.depth_of(e)
    frame = b.frames[home]
    if not frame.iterator or frame.iterator not in e.inputs or any(f.branch for f in b.frames[: home + 1]):
        return None
    general = _replace(e, {frame.iterator: var(-1)})
    key = (general, frame.extent)
    return home if key in b.repeated and key not in b.filling and _constant_extent(b, frame) else None


def repeated_stages(e: Expr) -> set[tuple[Expr, Expr]]:
    """(stage over var(-1), extent) for the stages that two binders inside `e` need at their own variables."""
    seen: dict[tuple[Expr, Expr], int] = {}
    for binder in walk(e):
        if binder.op not in ("comp", "reduce"):
            continue
        number, extent, body = binder.number, binder.args[0], binder.args[1]
        for s in walk(body):
            if s.op in _STAGES and s.free == {number}:
                key = (substitute(s, {number: var(-1)}), extent)
                seen[key] = seen.get(key, 0) + 1
    return {key for key, count in seen.items() if count > 1}


def _constant_extent(b: Builder, frame: Frame) -> bool:
    return frame.extent is not None and not frame.extent.inputs & {f.iterator for f in b.frames if f.iterator}


Leaf = Callable[[Expr, str, tuple[Expr, ...]], None]
"""Writes a value to name[indices]."""


def tabulated(b: Builder, e: Expr, skipped: int, leaf: Leaf | None = None, shape: tuple[Expr, ...] = ()) -> Expr:
    """The element, at the open iterators, of a table of `e` that is filled before the loop at depth `skipped`.

    For a tensor-valued `e`, `shape` are its extents, and `leaf` writes all of it to name[iterators, ...].
    """
    inner = _axis_order(e, [f for f in b.frames[skipped:] if f.iterator and f.iterator in e.inputs])
    general = _replace(e, {f.iterator: var(-1 - at) for at, f in enumerate(inner)})
    extents = tuple(f.extent for f in inner if f.extent is not None)
    key = (general, extents)
    here = tuple(param(f.iterator, INDEX) for f in inner)
    for frame in b.frames[:skipped]:
        if key in frame.values:
            return get(frame.values[key], *here)
    depth = max(d for d in range(skipped) if d == 0 or b.frames[d].iterator in e.inputs)
    with b.at(depth):
        held = b.local(label(e), e.dtype, (*extents, *shape))
        b.filling.add((general, extents[0]))
        _fill(b, leaf or b.store, general, held.name, extents, ())
        b.filling.discard((general, extents[0]))
    b.frames[depth].values[key] = array(held.name, e.dtype, len(held.shape))
    return get(b.frames[depth].values[key], *here)


def _axis_order(e: Expr, inner: list[Frame]) -> list[Frame]:
    """The axes in the order in which an array inside is indexed by them, so that the table is read like the array."""
    names = {f.iterator: f for f in inner}
    for node in walk(e):
        if node.op == "get":
            found = [i.name for i in node.args[1:] if i.op == "param" and i.name in names]
            if len(set(found)) == len(names):
                return [names[n] for n in dict.fromkeys(found)]
    return inner


def _fill(b: Builder, leaf: Leaf, general: Expr, name: str, extents: tuple[Expr, ...], done: tuple[Expr, ...]) -> None:
    if len(done) == len(extents):
        leaf(substitute(general, {-1 - at: i for at, i in enumerate(done)}), name, done)
        return
    with b.loop(extents[len(done)]) as i:
        _fill(b, leaf, general, name, extents, (*done, i))


def _replace(e: Expr, mapping: Mapping[str, Expr]) -> Expr:
    return transform(e, lambda n: mapping.get(n.name) if n.op == "param" else None)
