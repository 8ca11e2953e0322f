"""Reading and writing buffers: scalars, contiguous vectors, strided and indexed ones, under masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelcore.cgen import address, scalable, vectors
from accelcore.cgen.address import Polynomial
from accelcore.cgen.frame import Place, Value
from accelcore.cgen.names import literal
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, const

if TYPE_CHECKING:
    from accelcore.cgen.expressions import Expressions

Indices = tuple[Expr, ...]


@dataclass(frozen=True)
class Access:
    """Where the lanes of one access go.

    offset: in elements, of the first lane of the first group.  step: elements between lanes, None when the lanes'
    offsets follow no line; then `lanes` holds C expressions of lane `l`'s offset, one per group.
    """

    place: Place
    offset: Polynomial
    step: Polynomial | None


def strides(place: Place) -> tuple[Expr, ...]:
    """Strides of a buffer in elements."""
    return place.buffer.strides or address.row_major(place.buffer.shape)


def locate(at: Expressions, name: str, indices: Indices) -> Access:
    """The access to a buffer at these indices."""
    place = at.frame.places[name]
    offset = address.linear(indices, strides(place))
    if at.frame.lanes is None:
        return Access(place, offset, {})
    iterator = at.frame.lanes.iterator
    step = address.stride(offset, iterator)
    bent = any(at.varies(atom) for m in offset for atom in m if not (atom.op == "param" and atom.name == iterator))
    return Access(place, offset, None if bent else step)


def element(at: Expressions, access: Access, group: int = 0, lane: str = "") -> str:
    """C text of the offset of a lane: of group `group`, and `lane` lanes further."""
    offset = access.offset
    if at.frame.lanes is not None and group and access.step:
        further = address.times(access.step, {(): group * at.frame.lanes.count})
        offset = address.plus(offset, further)
    text = address.render(offset, lambda atom: _atom(at, atom))
    if lane and access.step:
        step = address.render(access.step, lambda atom: _atom(at, atom))
        return f"{text} + {lane}" if step == "1" else f"{text} + {lane} * ({step})"
    return text


def _atom(at: Expressions, atom: Expr) -> str:
    if at.frame.lanes is not None and atom.op == "param" and atom.name == at.frame.lanes.iterator:
        return at.frame.names[atom.name]
    return at.scalar(atom)


def pointer(at: Expressions, access: Access, group: int) -> str:
    """C text of the address of a group's first lane."""
    offset = element(at, access, group)
    return access.place.names[0] if offset == "0" else f"{access.place.names[0]} + {offset}"


def distance(at: Expressions, access: Access, dtype: str) -> str:
    """C text of the bytes between lanes."""
    size = (DTYPES[dtype].bits or 64) // 8
    step = address.render(address.times(access.step or {}, {(): size}), at.scalar)
    return f"(ptrdiff_t)({step})"


# Reading.


def read_uniform(at: Expressions, e: Expr) -> str:
    """An element that is the same for all lanes."""
    name, indices = e.args[0].name, e.args[1:]
    text = local(at, at.frame.places[name], indices, 0)
    if text is None:
        text = f"{at.frame.places[name].names[0]}[{element(at, locate(at, name, indices), 0)}]"
    if at.guarded and at.frame.active is not None and not at.harmless(e):
        return f"({any_lane(at, at.frame.active)} ? {text} : 0)"
    return text


def any_lane(at: Expressions, mask: Value) -> str:
    """C condition: whether any lane of any group is set."""
    if at.masks.opaque:
        return "(" + " || ".join(at.masks.made("mask_any", m=text) for text in mask.texts) + ")"
    if at.masks.bits:
        return "(" + " | ".join(mask.texts) + ")"
    tests = []
    for text in mask.texts:
        kind = at.masks.ctype(mask)
        reduced = f"int{mask.mask}_t"
        name = f"ac_any_{kind}"
        body = f"{reduced} r = 0; for (int l = 0; l < {at.count}; ++l) r |= m[l]; return r != 0;"
        tests.append(f"{at.unit.helper(name, f'static inline int {name}({kind} m) {{ {body} }}')}({text})")
    return "(" + " || ".join(tests) + ")"


def local(at: Expressions, place: Place, indices: Indices, group: int) -> str | None:
    """C text of an element of a register buffer or a lane-local one; None when it is in memory."""
    name = place.names[group if place.varying else 0]
    if not place.buffer.shape:
        return f"{name}[0]" if place.pointer else name
    if place.cells:
        cell = 0
        for index, extent in zip(indices, place.buffer.shape, strict=True):
            number = address.constant(address.polynomial(index))
            assert number is not None
            cell = cell * int(extent.value) + number
        return f"{name}_c{cell}"
    if not place.varying:
        return None
    offset = address.linear(indices, strides(place))
    return f"{name}[{address.render(offset, at.scalar)}]"


def read_varying(at: Expressions, e: Expr) -> Value:
    """An element per lane."""
    if e in at.frame.tiles:
        return at.frame.tiles[e]
    name = e.name if e.op == "param" else e.args[0].name
    indices = () if e.op == "param" else e.args[1:]
    place = at.frame.places[name]
    if place.varying:
        if any(at.varies(i) for i in indices):
            return _pick(at, place, e, indices)
        texts = tuple(str(local(at, place, indices, g)) for g in range(at.groups))
        return Value(e.dtype, texts, varying=True, mask=at.masks.natural if e.dtype == "bool" else 0)
    if e.dtype == "bool":
        return _read_bools(at, name, e)
    access = locate(at, name, indices)
    if access.step is None:
        return _gather(at, access, e, indices)
    if address.constant(access.step) == 1:
        return _contiguous(at, access, e)
    return _strided(at, access, e)


def _pick(at: Expressions, place: Place, e: Expr, indices: Indices) -> Value:
    """An element of a lane-local array at an index that differs by lane."""
    from accelcore.cgen.unit import NotVectorizable

    raise NotVectorizable(f"{place.buffer.name} has one array per lane and is indexed by lane")


def _read_bools(at: Expressions, name: str, e: Expr) -> Value:
    """Bools in memory are bytes."""
    from accelcore.ir.expr import binary

    raw = Expr("get", (Expr("input", (), (name,), "u8", e.args[0].rank), *e.args[1:]), (), "u8")
    return at.value(binary("ne", raw, const(0, "u8")))


def _needs_mask(at: Expressions, e: Expr) -> bool:
    """Whether a read must leave inactive lanes alone: the ISA's masked load is free, others only when needed."""
    if at.frame.active is None:
        return False
    return at.masks.whole or not at.harmless(e)


def _contiguous(at: Expressions, access: Access, e: Expr) -> Value:
    texts = []
    masked = at.unit.isa.move("maskload", e.dtype, at.count)
    plain = at.unit.isa.move("load", e.dtype, at.count)
    for group in range(at.groups):
        p = pointer(at, access, group)
        if not _needs_mask(at, e):
            text = at.expand(plain, p=p) if plain else vectors.load(at.unit, e.dtype, at.count, p)
        elif masked is not None:
            text = at.expand(masked, p=p, m=active_masks(at, e.dtype)[group])
        else:
            return _lanes_read(at, access, e)
        texts.append(text)
    return Value(e.dtype, tuple(texts), varying=True)


def active_masks(at: Expressions, dtype: str) -> tuple[str, ...]:
    """The active mask by group as the ISA's instructions on this dtype take it; "" where all lanes are active."""
    if at.frame.active is None:
        return ("",) * at.groups
    mask = at.masks.for_dtype(at.frame.active, dtype)
    return at.bound("bool", at.masks.ctype(mask), mask.texts, keep=False)


def _lanes_read(at: Expressions, access: Access, e: Expr) -> Value:
    """One scalar read per active lane."""
    from accelcore.cgen.operators import gathered, spilled

    active = None if at.frame.active is None else spilled(at, at.frame.active)
    texts = []
    for group in range(at.groups):
        text = f"{access.place.names[0]}[{element(at, access, group, 'l')}]"
        texts.append(text if active is None else f"{active[group]} ? {text} : 0")
    return gathered(at, e.dtype, texts)


def _strided(at: Expressions, access: Access, e: Expr) -> Value:
    """Lanes that lie a constant number of elements apart."""
    if (own := scalable.strided(at, access, e)) is not None:
        return own
    template = at.unit.isa.move("gather", e.dtype, at.count)
    masked = at.unit.isa.move("maskgather", e.dtype, at.count)
    chosen = masked if at.frame.active is not None else template
    step = address.constant(access.step or {})
    # Offsets are 32 bits wide: a stride that is known to be small keeps them in range, an unknown one may not.
    if chosen is None or step is None or abs(step) * at.count >= 2**31:
        return _lanes_read(at, access, e)
    inside = ", ".join(literal(step * lane, "i32") for lane in range(at.count))
    offsets = f"({at.unit.vector('i32', at.count)})({vectors.generic(at.unit, 'i32', at.count)}){{{inside}}}"
    return _gathered(at, access, e, chosen, (offsets,) * at.groups)


def _gathered(at: Expressions, access: Access, e: Expr, template: str, offsets: tuple[str, ...]) -> Value:
    offsets = at.bound("i32", at.unit.vector("i32", at.count), offsets, keep=True)
    masks = active_masks(at, e.dtype)
    texts = tuple(
        at.expand(template, p=f"({pointer(at, access, group)})", i=offsets[group], m=masks[group])
        for group in range(at.groups)
    )
    return Value(e.dtype, texts, varying=True)


def _gather(at: Expressions, access: Access, e: Expr, indices: Indices) -> Value:
    """Lanes at offsets that are computed by lane."""
    from accelcore.cgen.operators import gathered, spilled

    if (own := scalable.indexed(at, access, e, indices)) is not None:
        return own
    columns = lane_offsets(at, access.place, indices)
    active = None if at.frame.active is None else spilled(at, at.frame.active)
    texts = []
    for group in range(at.groups):
        text = f"{access.place.names[0]}[{columns[group]}]"
        texts.append(text if active is None else f"{active[group]} ? {text} : 0")
    return gathered(at, e.dtype, texts)


def lane_offsets(at: Expressions, place: Place, indices: Indices) -> list[str]:
    """C expressions of lane `l`'s offset in elements, one per group."""
    from accelcore.cgen.operators import spilled

    columns: list[list[str]] = [[] for _ in range(at.groups)]
    for index, stride in zip(indices, strides(place), strict=True):
        step = at.scalar(stride)
        narrow = index.args[0] if index.op == "cast" and DTYPES[index.args[0].dtype].is_integer else index
        if at.varies(narrow) and not _is_iterator(at, narrow):
            lanes = [f"(int64_t){text}" for text in spilled(at, at.value(narrow))]
        elif at.varies(narrow):
            first = at.frame.names[narrow.name]
            lanes = [f"({first} + {g * at.count} + l)" for g in range(at.groups)]
        else:
            lanes = [at.scalar(index)] * at.groups
        for column, text in zip(columns, lanes, strict=True):
            column.append(text if step == "1" else f"{text} * {step}")
    return [" + ".join(column) for column in columns]


def _is_iterator(at: Expressions, e: Expr) -> bool:
    return at.frame.lanes is not None and e.op == "param" and e.name == at.frame.lanes.iterator


# Writing.


def write(at: Expressions, name: str, indices: Indices, value: Expr, *, stream: bool) -> None:
    """buffer[indices] = value in the active lanes."""
    place = at.frame.places[name]
    if at.frame.lanes is None:
        _write_uniform(at, place, name, indices, value)
    elif place.varying:
        _write_local(at, place, indices, value)
    else:
        _write_memory(at, name, indices, value, stream=stream)


def _write_uniform(at: Expressions, place: Place, name: str, indices: Indices, value: Expr) -> None:
    from accelcore.cgen.expressions import stripped

    text = stripped(at.scalar(value))
    cell = local(at, place, indices, 0)
    target = cell if cell is not None else f"{place.names[0]}[{element(at, locate(at, name, indices), 0)}]"
    at.writer.line(f"{target} = {text};")


def _write_local(at: Expressions, place: Place, indices: Indices, value: Expr) -> None:
    """A variable with one value per lane; inactive lanes keep theirs."""
    from accelcore.cgen.expressions import stripped

    new = at.spread(at.value(value))
    if new.dtype == "bool":
        new = at.masks.widened(new, at.masks.natural)
    targets = tuple(str(local(at, place, indices, g)) for g in range(at.groups))
    if at.frame.active is not None and (at.guarded or place.keeps):
        old = Value(value.dtype, targets, varying=True, mask=at.masks.natural if value.dtype == "bool" else 0)
        new = at.blend(at.frame.active, new, old)
    if place.keeps and at.unit.isa.scalable:
        new = scalable.kept(at, targets, new)
    for target, text in zip(targets, new.texts, strict=True):
        at.writer.line(f"{target} = {stripped(text)};")


def _write_memory(at: Expressions, name: str, indices: Indices, value: Expr, *, stream: bool) -> None:
    access = locate(at, name, indices)
    if value.dtype == "bool":
        from accelcore.ir.expr import select

        value = select(value, const(1, "u8"), const(0, "u8"))
    if access.step == {}:
        _write_same(at, access, value)
    elif access.step is not None and address.constant(access.step) == 1:
        _write_contiguous(at, access, at.vector(value), value.dtype, stream=stream)
    else:
        if scalable.scattered(at, access, indices, value):
            return
        offsets = None if access.step is not None else lane_offsets(at, access.place, indices)
        _write_lanes(at, access, value, offsets)


def _write_same(at: Expressions, access: Access, value: Expr) -> None:
    """A place that all lanes share: only a value that they share may go there."""
    from accelcore.cgen.unit import NotVectorizable

    if at.varies(value):
        raise NotVectorizable(f"all lanes write the same element of {access.place.buffer.name}")
    head = f"if ({any_lane(at, at.frame.active)}) " if at.frame.active is not None else ""
    at.writer.line(f"{head}{access.place.names[0]}[{element(at, access, 0)}] = {at.scalar(value)};")


def _write_contiguous(at: Expressions, access: Access, texts: tuple[str, ...], dtype: str, *, stream: bool) -> None:
    from accelcore.cgen.expressions import stripped

    isa, masked = at.unit.isa, at.frame.active is not None
    template = isa.move("maskstore" if masked else "store", dtype, at.count)
    if masked and template is None:
        _write_active(at, access, texts, dtype)
        return
    streamed = isa.move("stream", dtype, at.count) if stream and not masked else None
    masks = active_masks(at, dtype)
    for group, text in enumerate(texts):
        p, v = pointer(at, access, group), stripped(text)
        if streamed is not None:
            at.unit.streams = True
            text = at.expand(streamed, p=p, v=v)
        elif template is not None:
            text = at.expand(template, p=p, v=v, m=masks[group])
        else:
            text = vectors.store(at.unit, dtype, at.count, p, v)
        at.writer.line(f"{text};")


def _write_active(at: Expressions, access: Access, texts: tuple[str, ...], dtype: str) -> None:
    """Lane by lane where the mask is set: nothing else may be touched."""
    from accelcore.cgen.operators import spilled

    assert at.frame.active is not None
    values = spilled(at, Value(dtype, texts, varying=True))
    active = spilled(at, at.frame.active)
    for group in range(at.groups):
        target = f"{access.place.names[0]}[{element(at, access, group, 'l')}]"
        at.writer.line(f"for (int l = 0; l < {at.count}; ++l) if ({active[group]}) {target} = {values[group]};")


def _write_lanes(at: Expressions, access: Access, value: Expr, offsets: list[str] | None) -> None:
    """Strided or indexed stores, in the order of the lanes."""
    each_lane(at, access, at.value(value), offsets, lambda target, text: f"{target} = {text};")


def each_lane(
    at: Expressions, access: Access, value: Value, offsets: list[str] | None, statement: Callable[[str, str], str]
) -> None:
    """`statement(target, value)` for each active lane, in the order of the lanes."""
    from accelcore.cgen.operators import spilled

    values = spilled(at, value)
    active = None if at.frame.active is None else spilled(at, at.frame.active)
    for group in range(at.groups):
        offset = offsets[group] if offsets is not None else element(at, access, group, "l")
        guard = "" if active is None else f"if ({active[group]}) "
        text = statement(f"{access.place.names[0]}[{offset}]", values[group])
        at.writer.line(f"for (int l = 0; l < {at.count}; ++l) {guard}{text}")


def start_of(at: Expressions, name: str, indices: Indices) -> str | None:
    """C text of the address that the first lane writes, where the lanes lie side by side; None elsewhere."""
    access = locate(at, name, indices)
    if access.step is None or address.constant(access.step) != 1:
        return None
    return pointer(at, access, 0)


def prefetch(at: Expressions, name: str, indices: Indices, level: int) -> None:
    """A hint, one for each vector; the address may be anywhere."""
    access = locate(at, name, indices)
    groups = at.groups if at.frame.lanes is not None and access.step else 1
    for group in range(groups):
        at.writer.line(f"__builtin_prefetch({pointer(at, access, group)}, 0, {max(0, 3 - level)});")
