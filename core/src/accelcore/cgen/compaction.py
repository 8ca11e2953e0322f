"""Compaction in lanes: the chosen lanes of a vector side by side, stored at the next place, and counted.

    mask = condition;  chosen = lanes of mask that are set
    store(out + first + count, compress(value, mask)), as many as are chosen and there is room for
    count += chosen

The loop around is an ordinary vector loop over a body in which each chosen value would be stored at the loop's own
iterator: that body decides how many lanes there are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from accelcore.cgen import accesses
from accelcore.cgen.frame import Frame, Value
from accelcore.cgen.unit import NotVectorizable
from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import param
from accelcore.loops.compact_loops import Compacting, Kept, compacting
from accelcore.loops.nodes import For, If

if TYPE_CHECKING:
    from accelcore.cgen.emit import Emitter
    from accelcore.cgen.expressions import Expressions


def compacted(emitter: Emitter, loop: For) -> Compacting:
    """What a COMPACT loop does.  NotVectorizable where the ISA does not compress vectors."""
    body = compacting(loop)
    assert body is not None, "a COMPACT loop compacts"
    dtypes = {k.store.value.dtype for k in body.kept}
    able = {dtype for role, dtype, _ in emitter.isa.moves if role == "compress"}
    if dtypes - able or emitter.isa.masks == "lanes":
        raise NotVectorizable(f"no compression of vectors of {', '.join(sorted(dtypes - able)) or 'any dtype'}")
    return body


def side_by_side(emitter: Emitter, loop: For, body: Compacting) -> For:
    """A loop that stores each value where its iteration stands: its lanes are the compacting loop's.

    Vectors are compressed one by one; only where registers are grouped is one of them several.
    """
    place = param(loop.iterator, INDEX)
    stores = tuple(replace(k.store, indices=(*k.store.indices[:-1], place)) for k in body.kept)
    return replace(loop, body=(If(body.condition, stores),), interleave=loop.interleave if emitter.isa.scalable else 1)


def write(emitter: Emitter, body: Compacting, frame: Frame) -> None:
    """One turn of the loop."""
    from accelcore.cgen.vectorize import held

    at = emitter.expressions(frame, body.condition)
    active = held(at, at.masks.narrowed(frame.active, held(at, at.value(body.condition)), inverted=False))
    assert at.groups == 1, "vectors are compressed one by one"
    chosen = emitter.writer.temporary()
    emitter.writer.line(f"const int64_t {chosen} = (int64_t){_count(emitter, frame, active)};")
    for kept in body.kept:
        harmless = emitter.expressions(frame).harmless(kept.store.value)
        inside = frame if harmless else replace(frame, active=active, guarded=True)
        _store(emitter, kept, inside, active.texts[0], chosen)
    counter = emitter.expressions(replace(frame, lanes=None)).scalar(param(body.counter, INDEX))
    emitter.writer.line(f"{counter} += {chosen};")


def _count(emitter: Emitter, frame: Frame, active: Value) -> str:
    """C text of how many lanes of a mask are set."""
    if emitter.isa.masks == "bits":
        return f"__builtin_popcountll({active.texts[0]})"
    return emitter.expressions(frame).masks.made("mask_count", m=active.texts[0])


def _store(emitter: Emitter, kept: Kept, frame: Frame, mask: str, chosen: str) -> None:
    """The lanes of one value that a mask selects, to the next places."""
    at = emitter.expressions(frame, kept.store.value)
    dtype, writer = kept.store.value.dtype, emitter.writer
    template = emitter.isa.move("compress", dtype, at.count)
    if template is None:
        raise NotVectorizable(f"no compression of {at.count} lanes of {dtype}")
    (text,) = at.vector(kept.store.value)
    vector = writer.temporary()
    packed = at.expand(template, v=text, m=mask)
    writer.line(f"const {emitter.unit.vector(dtype, at.count)} {vector} = {packed};")
    plain = emitter.expressions(replace(frame, lanes=None, active=None, guarded=False))
    where = f"({accesses.pointer(plain, accesses.locate(plain, kept.store.buffer, kept.store.indices), 0)})"
    number = _room(plain, kept, chosen)
    if emitter.isa.scalable:
        store = emitter.isa.move("store", dtype, at.count)
        assert store is not None, "an ISA that compresses vectors stores them"
        with writer.block(""):
            writer.line(f"const size_t ac_vl = (size_t){number};")
            writer.line(f"{at.expand(store, p=where, v=vector)};")
        return
    first, store = emitter.isa.move("first", "bool", at.count), emitter.isa.move("maskstore", dtype, at.count)
    if first is None or store is None:
        raise NotVectorizable(f"no masked store of {at.count} lanes of {dtype}")
    writer.line(f"{at.expand(store, p=where, v=vector, m=emitter.unit.expand(first, n=number))};")


def _room(plain: Expressions, kept: Kept, chosen: str) -> str:
    """C text of how many of the chosen lanes there is room for."""
    if kept.room is None:
        return chosen
    number = plain.writer.temporary()
    plain.writer.line(f"int64_t {number} = {plain.scalar(kept.room)} - ({plain.scalar(kept.store.indices[-1])});")
    plain.writer.line(f"{number} = {number} < 0 ? 0 : {number} < {chosen} ? {number} : {chosen};")
    return number
