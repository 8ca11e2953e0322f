"""Stages of a lowering: how a reduction, scan, fold, scatter or filter becomes statements, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, array, binary, get, index, param, scan, shape, substitute
from accelcore.loops.linear import polynomial, tidy
from accelcore.loops.neutral import OPERATION, identity
from accelcore.loops.nodes import Accumulate, If, Statement, Store
from accelcore.loops.sharing import label, repeats, skips, tabulated, total
from accelcore.loops.updates import update
from accelcore.values import Param

if TYPE_CHECKING:
    from accelcore.loops.builder import Builder

_SCATTER = {"add": "add", "mul": "mul", "max": "max", "min": "min"}


def stage(b: Builder, e: Expr) -> Expr:
    """The value of a scalar stage (reduce, fold, length of a filter), emitted once where its iterators are bound."""
    if e.op == "reduce" and (carried := _prefix(b, e)) is not None:
        return carried
    skipped = skips(b, e)
    if skipped is None:
        skipped = repeats(b, e)
    if skipped is not None:
        return tabulated(b, e, skipped)
    depth = b.depth_of(e)
    for frame in b.frames[: depth + 1]:
        if e in frame.values:
            return frame.values[e]
    with b.at(depth):
        value = _emit_stage(b, e)
    b.frames[depth].values[e] = value
    return value


def _emit_stage(b: Builder, e: Expr) -> Expr:
    if e.op == "length":
        tensor_element(b, e.args[0])
        return b.frames[b.depth_of(e)].values[e]
    if e.op == "fold":
        return _fold(b, e)
    return _arg_extreme(b, e) if e.kind in ("argmax", "argmin") else _reduce(b, e)


# Scalar stages.


def _reduce(b: Builder, e: Expr) -> Expr:
    """An accumulator and a nest of loops; directly nested reductions of one kind share the accumulator."""
    acc = b.local(e.kind, e.dtype)
    start = b.scalar(e.args[2]) if len(e.args) > 2 else identity(e.kind, e.dtype)
    b.emit(Store(acc.name, (), start))
    _accumulate(b, e, acc.name)
    return param(acc.name, e.dtype)


def _accumulate(b: Builder, e: Expr, acc: str) -> None:
    with b.loop(b.scalar(e.args[0])) as k:
        body = substitute(e.args[1], {e.number: k})
        nested = body.op == "reduce" and body.kind == e.kind and len(body.args) == 2 and k.name in body.inputs
        if nested and b.free_order(e.dtype):
            _accumulate(b, body, acc)
        else:
            b.emit(Accumulate(acc, (), OPERATION[e.kind], b.scalar(body)))


def _arg_extreme(b: Builder, e: Expr) -> Expr:
    """The first index of the extreme, by comparing in order."""
    kind, dtype = e.kind[3:], e.args[1].dtype
    best, where = b.local(kind, dtype), b.local(e.kind, INDEX)
    b.emit(Store(best.name, (), identity(kind, dtype)))
    b.emit(Store(where.name, (), index(0)))
    with b.loop(b.scalar(e.args[0])) as k:
        value = _once(b, b.scalar(substitute(e.args[1], {e.number: k})))
        old = param(best.name, dtype)
        better = binary("lt", old, value) if kind == "max" else binary("lt", value, old)
        b.emit(If(better, (Store(best.name, (), value), Store(where.name, (), k))))
    return param(where.name, INDEX)


def _once(b: Builder, value: Expr) -> Expr:
    """A value that is used twice: held in a variable when it is more than a read."""
    if value.op in ("get", "param", "const") or (value.op == "cast" and value.args[0].op in ("get", "param")):
        return value
    held = b.local("value", value.dtype)
    b.emit(Store(held.name, (), value))
    return param(held.name, value.dtype)


def _fold(b: Builder, e: Expr) -> Expr:
    """All accumulators of a fold in one loop; its other components find theirs in the frame's values."""
    count = len(e.bound) - 1
    inits, bodies = e.args[1 : 1 + count], e.args[1 + count :]
    held = [b.local("acc", i.dtype) for i in inits]
    for buffer, init in zip(held, inits, strict=True):
        b.emit(Store(buffer.name, (), b.scalar(init)))
    accs = [param(h.name, h.dtype) for h in held]
    with b.loop(b.scalar(e.args[0])) as k:
        mapping = dict(zip(e.bound, (k, *accs), strict=True))
        updates = [b.scalar(substitute(body, mapping)) for body in bodies]
        for statement in _assignments(b, accs, updates):
            b.emit(statement)
    number, names, which = e.attrs
    for at, acc in enumerate(accs):
        other = Expr("fold", e.args, (number, names, at), acc.dtype)
        b.frames[-1].values[other] = acc
    assert isinstance(which, int)
    return accs[which]


def _assignments(b: Builder, accs: Sequence[Expr], updates: Sequence[Expr]) -> list[Statement]:
    """The simultaneous assignment accs = updates as statements, with one condition tested once."""
    changed = [(a, u) for a, u in zip(accs, updates, strict=True) if a is not u]
    conditions = {u.args[0] if u.op == "select" else None for _, u in changed}
    if len(changed) > 1 and len(conditions) == 1 and None not in conditions:
        if all(u.args[2] is a for a, u in changed):
            inner = _ordered(b, [(a, u.args[1]) for a, u in changed])
            return [If(changed[0][1].args[0], tuple(inner))]
    return _ordered(b, changed)


def _ordered(b: Builder, changed: Sequence[tuple[Expr, Expr]]) -> list[Statement]:
    """Assignments in an order in which none overwrites what a later one reads, else through variables."""
    rest = list(changed)
    done: list[Statement] = []
    while rest:
        free = [p for p in rest if not any(p[0].name in u.inputs for a, u in rest if a is not p[0])]
        if not free:
            held = [b.local("next", a.dtype) for a, _ in rest]
            done += [Store(h.name, (), u) for h, (_, u) in zip(held, rest, strict=True)]
            return done + [Store(a.name, (), param(h.name, a.dtype)) for h, (a, _) in zip(held, rest, strict=True)]
        acc, value = free[0]
        alone = b.free_order(acc.dtype) and not any(acc.name in u.inputs for a, u in changed if a is not acc)
        done.append(update(acc, value, alone=alone))
        rest.remove(free[0])
    return done


# Elements of tensor-valued stages.


def element(b: Builder, e: Expr) -> Expr:
    """get(tensor, indices) where the tensor is a scan, scatter, filter or a cast of one."""
    tensor, *where = e.args
    where = [b.scalar(w) for w in where]
    if tensor.op == "scan" and (carried := _carry(b, tensor, where[0])) is not None:
        return carried
    return get(tensor_element(b, tensor), *where)


def tensor_element(b: Builder, tensor: Expr) -> Expr:
    """The buffer that holds a tensor stage, produced where its iterators are bound."""
    if tensor.op not in ("scan", "scatter", "filter"):
        raise UnsupportedLowering(f"no loops for a tensor-valued {tensor.op} here: {tensor!r}")
    depth = b.depth_of(tensor)
    for frame in b.frames[: depth + 1]:
        if tensor in frame.values:
            return frame.values[tensor]
    skipped = skips(b, tensor) if tensor.op != "filter" else None
    if skipped is not None:
        room = tuple(map(b.bound, shape(tensor)))
        return tabulated(b, tensor, skipped, lambda t, name, where: produce(b, t, name, where), room)
    with b.at(depth):
        extents = tuple(b.scalar(x) for x in (tensor.args[:1] if tensor.op == "filter" else shape(tensor)))
        held = b.local(label(tensor), tensor.dtype, extents)
        produce(b, tensor, held.name, ())
    b.frames[depth].values[tensor] = array(held.name, tensor.dtype, len(extents))
    return b.frames[depth].values[tensor]


def produce(b: Builder, tensor: Expr, name: str, prefix: tuple[Expr, ...]) -> None:
    """Write all of a scan, scatter or filter to name[prefix + its indices]."""
    if tensor.op == "scatter":
        _scatter(b, tensor, name, prefix)
    elif tensor.op == "filter":
        _filter(b, tensor, name, prefix)
    else:
        acc = b.local(tensor.kind, tensor.dtype)
        b.emit(Store(acc.name, (), _scan_start(b, tensor)))
        with b.loop(b.scalar(tensor.args[0])) as k:
            b.emit(Store(name, (*prefix, k), _scan_step(b, tensor, acc.name, (), k)))


def _scan_start(b: Builder, tensor: Expr) -> Expr:
    return b.scalar(tensor.args[2]) if len(tensor.args) > 2 else identity(tensor.kind, tensor.dtype)


def _scan_step(b: Builder, tensor: Expr, acc: str, place: tuple[Expr, ...], k: Expr) -> Expr:
    """acc[place] = acc[place] op the scan's value at k; gives acc[place]."""
    now = _now(tensor, acc, place)
    value = b.scalar(substitute(tensor.args[1], {tensor.number: k}))
    operation = {"any": "lor", "all": "land"}.get(tensor.kind) or OPERATION[tensor.kind]
    b.emit(Store(acc, place, binary(operation, now, value)))
    return now


def _carry(b: Builder, tensor: Expr, where: Expr, *, before: bool = False) -> Expr | None:
    """A scan read at the iterator of an open loop of its own extent: variables carried through that loop.

    One variable, or, where the scan depends on loops inside that loop (running sums down the columns of a matrix), one
    for each of their iterations.  before: the value without the iteration's own element; None once that was taken in.
    """
    depth = next((d for d, f in enumerate(b.frames) if f.iterator and where is param(f.iterator, INDEX)), None)
    if depth is None or b.frames[depth].extent is not tensor.args[0]:
        return None
    home = max(depth, b.depth_of(tensor))
    inner = b.frames[depth + 1 : home + 1]
    if any(f.branch for f in b.frames[depth:]) or b.frames[depth - 1].branch:
        return None
    if any(f.iterator not in tensor.inputs or _moving(b, f.extent) for f in inner):
        return None
    if any(f.iterator in start.inputs for start in tensor.args[2:] for f in inner):
        return None
    values, key = b.frames[home].values, (tensor, "before") if before else tensor
    if key in values or tensor in values:
        return values.get(key)
    places = tuple(param(f.iterator, INDEX) for f in inner)
    with b.at(depth - 1):
        acc = b.local(tensor.kind, tensor.dtype, tuple(f.extent for f in inner if f.extent is not None))
        _constant(b, acc.name, (), acc.shape, _scan_start(b, tensor))
    with b.at(home):
        if before:
            values[key] = _held(b, tensor, acc.name, places)
        values[tensor] = _scan_step(b, tensor, acc.name, places, where)
    return values[key]


def _held(b: Builder, tensor: Expr, acc: str, place: tuple[Expr, ...]) -> Expr:
    """What a carried variable holds now, in one of its own."""
    held = b.local(f"{label(tensor)}_before", tensor.dtype)
    b.emit(Store(held.name, (), _now(tensor, acc, place)))
    return param(held.name, tensor.dtype)


def _now(tensor: Expr, acc: str, place: tuple[Expr, ...]) -> Expr:
    return get(array(acc, tensor.dtype, len(place)), *place) if place else param(acc, tensor.dtype)


def _prefix(b: Builder, e: Expr) -> Expr | None:
    """A reduction of all elements up to an open loop's iterator, or before it: that loop carries it, in order."""
    extent, body = e.args[:2]
    for frame in b.frames:
        here = param(frame.iterator, INDEX) if frame.iterator else None
        if here is None or frame.extent is None or e.kind in ("argmax", "argmin") or frame.iterator in body.inputs:
            continue
        tensor = scan(e.kind, frame.extent, lambda k: substitute(body, {e.number: k}), *e.args[2:])
        if polynomial(extent) == polynomial(tidy("add", here, 1)):
            return _carry(b, tensor, here)
        if extent is here:
            return _carry(b, tensor, here, before=True)
    return None


def _moving(b: Builder, extent: Expr | None) -> bool:
    return extent is None or bool(extent.inputs & {f.iterator for f in b.frames if f.iterator})


def _scatter(b: Builder, tensor: Expr, name: str, prefix: tuple[Expr, ...]) -> None:
    rank, combine = tensor.rank, str(tensor.attrs[1])
    *where, value = tensor.args[rank + 1 : -1]
    init = _once(b, b.scalar(tensor.args[-1]))
    _constant(b, name, prefix, tensor.args[:rank], init)
    with b.loop(b.scalar(tensor.args[rank])) as k:
        opened = {tensor.number: k}
        place = (*prefix, *(b.scalar(substitute(w, opened)) for w in where))
        now = b.scalar(substitute(value, opened))
        b.emit(Store(name, place, now) if combine == "set" else Accumulate(name, place, _SCATTER[combine], now))


def _constant(b: Builder, name: str, where: tuple[Expr, ...], extents: Sequence[Expr], value: Expr) -> None:
    if not extents:
        b.emit(Store(name, where, value))
        return
    with b.loop(b.scalar(extents[0])) as i:
        _constant(b, name, (*where, i), extents[1:], value)


def _filter(b: Builder, tensor: Expr, name: str, prefix: tuple[Expr, ...]) -> None:
    """Chosen values in order; the count is what `length` of the filter becomes."""
    count = b.local("count", INDEX)
    b.emit(Store(count.name, (), index(0)))
    number = param(count.name, INDEX)
    with b.loop(b.scalar(tensor.args[0])) as k:
        condition, value = (b.scalar(substitute(a, {tensor.number: k})) for a in tensor.args[1:])
        b.emit(If(condition, (Store(name, (*prefix, number), value), Store(count.name, (), number + 1))))
    b.frames[-1].values[Expr("length", (tensor,), (0,), INDEX)] = number


# Choices whose branches must not be computed when they are not chosen.


def needs_guard(b: Builder, e: Expr) -> bool:
    """Whether a branch holds a stage that may only be computed when chosen: it reads or divides without a proof."""
    return any(branch.height >= 0 and not total(branch) for branch in e.args[1:])


def guarded(b: Builder, e: Expr) -> Expr:
    """A choice as an If around the statements of its branches."""
    held = b.local("chosen", e.dtype)
    condition = b.scalar(e.args[0])
    blocks = []
    for value in e.args[1:]:
        with b.branch() as frame:
            b.emit(Store(held.name, (), b.scalar(value)))
        blocks.append(tuple(frame.statements))
    b.emit(If(condition, blocks[0], blocks[1]))
    return param(held.name, e.dtype)


def tensor_shape(tensor: Expr, result: Param, done: int) -> tuple[Expr, ...]:
    """Extents of a tensor that is written to a result whose first `done` axes are fixed."""
    if tensor.op in ("comp", "scan", "scatter", "cast"):
        return shape(tensor)
    return result.shape[done:]
