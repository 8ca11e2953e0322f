"""Functions that rearrange arrays: transposes, reshapes, stacks, triangles, ranges."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, const, index, select
from accelcore_llmlift.polynomial import expression, polynomial, split
from accelcore_llmlift.python import broadcasting
from accelcore_llmlift.python.array_calls import axes_of, library_of, named
from accelcore_llmlift.python.broadcasting import Indices, Tensor, common, mapped, real

if TYPE_CHECKING:
    from accelcore_llmlift.python.wholes import Wholes

Rule = Callable[["Wholes", ast.Call, list[ast.expr]], Tensor]


def option(node: ast.Call, given: list[ast.expr], at: int, *names: str) -> ast.expr | None:
    """An argument by position or name."""
    found = next((k.value for k in node.keywords if k.arg in names), None)
    return found if found is not None else given[at] if len(given) > at else None


def whole_number(arrays: Wholes, node: ast.AST, part: ast.expr) -> Expr:
    """An extent or a position, as an index."""
    found = arrays.value(part)
    e = found.element(()) if not found.extents else const(0.5)
    if e.dtype not in (INDEX, "int"):
        raise arrays.refuse(node, f"{ast.unparse(part)!r} is no whole number", "use numbers and sizes")
    return expression(polynomial(e))


def _transpose(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """transpose(), transpose(order), permute(...), and torch's transpose(a, b), t()."""
    tensor = arrays.value(given[0])
    rank = len(tensor.extents)
    rest = given[1].elts if len(given) == 2 and isinstance(given[1], ast.Tuple | ast.List) else given[1:]
    said = next((k.value for k in node.keywords if k.arg in ("axes", "dims")), None)
    rest = said.elts if isinstance(said, ast.Tuple | ast.List) else rest
    order = [int(ast.literal_eval(a)) % rank for a in rest] or list(reversed(range(rank)))
    name, _ = named(arrays, node)
    two = len(given) == 3 and name == "transpose"  # two axes to swap in PyTorch, an order in NumPy
    library = library_of(arrays, node) if two else ""
    if two and not library and rank == 2:
        raise arrays.refuse(node, "transpose(a, b) swaps in PyTorch, and is an order in NumPy", "write x.T")
    if name == "swapaxes" or (two and (library == "torch" or rank > 2)):
        a, b = order
        order = list(range(rank))
        order[a], order[b] = b, a
    if sorted(order) != list(range(rank)):
        raise arrays.refuse(node, "an order of axes that is no permutation", "name each axis once")
    return broadcasting.transposed(tensor, tuple(order))


def _reshape(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """reshape and ravel: by the position in row-major order."""
    tensor = arrays.value(given[0])
    rest = given[1].elts if len(given) == 2 and isinstance(given[1], ast.Tuple | ast.List) else given[1:]
    flat_ones = named(arrays, node)[0] in ("ravel", "flatten")
    if node.keywords or (flat_ones and len(given) > 1):
        raise arrays.refuse(node, "a reshape with an order or a first axis", "write reshape with every extent")
    parts = [index(-1)] if flat_ones else [whole_number(arrays, node, r) for r in rest]
    wanted = _extents(arrays, node, tensor, parts)
    if _same_extents(wanted, tensor.extents):
        return tensor

    first, last = _kept(wanted, tensor.extents)
    inner = tensor.extents[first : len(tensor.extents) - last]

    def element(at: Indices) -> Expr:
        flat = polynomial(index(0))
        for i, extent in list(zip(at, wanted, strict=True))[first : len(at) - last]:
            flat = flat * polynomial(extent) + polynomial(i)
        own: list[Expr] = []
        rest = expression(flat)
        for extent in reversed(inner[1:]):
            own.insert(0, binary("fmod", rest, extent))
            rest = binary("fdiv", rest, extent)
        return tensor.element((*at[:first], rest, *own, *at[len(at) - last :]))

    return Tensor(wanted, element)


def _kept(wanted: tuple[Expr, ...], own: tuple[Expr, ...]) -> tuple[int, int]:
    """How many axes at the front and at the back a reshape leaves as they are; at least one is left between."""
    most = min(len(wanted), len(own)) - 1
    first = 0
    while first < most and _same_extents(wanted[first : first + 1], own[first : first + 1]):
        first += 1
    last = 0
    while last < most - first and _same_extents(wanted[-1 - last :][:1], own[-1 - last :][:1]):
        last += 1
    return first, last


def _same_extents(a: tuple[Expr, ...], b: tuple[Expr, ...]) -> bool:
    return len(a) == len(b) and all(not (polynomial(x) - polynomial(y)).terms for x, y in zip(a, b, strict=True))


def _extents(arrays: Wholes, node: ast.Call, tensor: Tensor, parts: list[Expr]) -> tuple[Expr, ...]:
    """The extents of a reshape, with -1 worked out."""
    whole = broadcasting.product(tensor.extents)
    unknown = [i for i, p in enumerate(parts) if polynomial(p).constant == -1]
    if not unknown:
        arrays.equal(node, broadcasting.product(parts), whole)
        return tuple(parts)
    known = broadcasting.product([p for i, p in enumerate(parts) if i not in unknown])
    if len(unknown) > 1:
        raise arrays.refuse(node, "two unknown extents", "name all but one")
    parts[unknown[0]] = _quotient(arrays, whole, known)
    return tuple(parts)


def _quotient(arrays: Wholes, whole: Expr, known: Expr) -> Expr:
    found, rest = split(polynomial(whole), polynomial(known))
    if known.op == "const" and known.value == 1:
        return whole
    if found is not None and not rest.terms:
        return expression(found)
    arrays.require(binary("eq", binary("fmod", whole, known), index(0)))
    return binary("fdiv", whole, known)


def _zeros(fill: float) -> Rule:
    def rule(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
        if named(arrays, node)[0].endswith("_like"):
            extents = arrays.value(given[0]).extents
        else:
            parts = given[0].elts if isinstance(given[0], ast.Tuple | ast.List) else given
            extents = tuple(whole_number(arrays, node, p) for p in parts)
        return Tensor(extents, lambda _: const(fill))

    return rule


def _expand(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """expand_dims, unsqueeze."""
    tensor = arrays.value(given[0])
    axes, _ = axes_of(arrays, node, given, len(tensor.extents) + 1)
    (axis,) = axes
    extents = (*tensor.extents[:axis], index(1), *tensor.extents[axis:])
    return Tensor(extents, lambda at: tensor.element((*at[:axis], *at[axis + 1 :])))


def _squeeze(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """squeeze(x, axis): an axis of extent 1 goes."""
    tensor = arrays.value(given[0])
    axes, _ = axes_of(arrays, node, given, len(tensor.extents))
    if len(axes) != 1 or len(given) + len(node.keywords) < 2:
        raise arrays.refuse(node, "squeeze without one axis", "name it: squeeze(-1)")
    arrays.equal(node, tensor.extents[axes[0]], index(1))
    extents = (*tensor.extents[: axes[0]], *tensor.extents[axes[0] + 1 :])
    return Tensor(extents, lambda at: tensor.element((*at[: axes[0]], index(0), *at[axes[0] :])))


def _along(tensor: Tensor, axis: int, where: Callable[[Expr], Expr], extent: Expr | None = None) -> Tensor:
    """The tensor read elsewhere along one axis."""
    extents = (*tensor.extents[:axis], extent or tensor.extents[axis], *tensor.extents[axis + 1 :])
    return Tensor(extents, lambda at: tensor.element((*at[:axis], where(at[axis]), *at[axis + 1 :])))


def _flip(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """flip(x, axis), fliplr, flipud."""
    tensor = arrays.value(given[0])
    name, _ = named(arrays, node)
    said = option(node, given, 1, "axis", "dims", "dim")
    axes = axes_of(arrays, ast.Call(func=node.func, args=[], keywords=[]), [given[0], said] if said else given[:1],
                   len(tensor.extents))[0]  # fmt: skip
    axes = {"fliplr": (1,), "flipud": (0,)}.get(name, axes)
    for axis in axes:
        tensor = _along(tensor, axis, partial(_from_the_end, tensor.extents[axis]))
    return tensor


def _from_the_end(extent: Expr, i: Expr) -> Expr:
    return expression(polynomial(extent) - 1 - polynomial(i))


def _roll(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """roll(x, shift, axis): element i comes from (i - shift) mod n."""
    tensor = arrays.value(given[0])
    shift = option(node, given, 1, "shift", "shifts")
    said = option(node, given, 2, "axis", "dims")
    axis = int(ast.literal_eval(said)) if said is not None else 0
    if shift is None or (said is None and len(tensor.extents) > 1):
        raise arrays.refuse(node, "roll without an axis", "name it: axis=0")
    by = polynomial(whole_number(arrays, node, shift))
    axis %= len(tensor.extents)
    extent = tensor.extents[axis]
    return _along(tensor, axis, lambda i: binary("fmod", expression(polynomial(i) - by), extent))


def _diff(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """diff(x, axis=-1): differences of neighbours."""
    tensor = arrays.value(given[0])
    if option(node, given, 1, "n") is not None:
        raise arrays.refuse(node, "differences of a higher order", "take diff again")
    said = option(node, given, 2, "axis", "dim")
    axis = (int(ast.literal_eval(said)) if said is not None else -1) % len(tensor.extents)
    arrays.require(binary("le", index(1), tensor.extents[axis]))
    extent = expression(polynomial(tensor.extents[axis]) - 1)
    after = _along(tensor, axis, lambda i: expression(polynomial(i) + 1), extent)
    before = _along(tensor, axis, lambda i: i, extent)
    return mapped(arrays, node, lambda x, y: binary("sub", *common(x, y)), after, before)


def _running(kind: str) -> Rule:
    """cumsum, cumprod."""

    def rule(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
        tensor = arrays.value(given[0])
        axes, _ = axes_of(arrays, node, given, len(tensor.extents))
        if len(axes) != 1:
            raise arrays.refuse(node, "a running sum over several axes", "name one: axis=0")
        (axis,) = axes

        def element(at: Indices) -> Expr:
            count = expression(polynomial(at[axis]) + 1)
            return broadcasting.total(kind, count, lambda k: tensor.element((*at[:axis], k, *at[axis + 1 :])))

        return Tensor(tensor.extents, element)

    return rule


def _triangle(lower: bool) -> Rule:
    """tril, triu: the rest is zero."""

    def rule(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
        tensor = arrays.value(given[0])
        said = option(node, given, 1, "k", "diagonal")
        shift = polynomial(whole_number(arrays, node, said)) if said is not None else polynomial(index(0))

        def element(at: Indices) -> Expr:
            e = tensor.element(at)
            i, j = expression(polynomial(at[-2]) + shift), at[-1]
            return select(binary("le", *((j, i) if lower else (i, j))), *common(e, const(0, INDEX)))

        return Tensor(tensor.extents, element)

    return rule


def _eye(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """eye(n), eye(n, m), identity(n)"""
    if len(given) > 2 or any(k.arg != "dtype" for k in node.keywords):
        raise arrays.refuse(node, "a shifted diagonal", "write the comparison of indices")
    extents = [whole_number(arrays, node, g) for g in given[:2]]
    return Tensor((extents[0], extents[-1]), lambda at: select(binary("eq", *at), const(1.0), const(0.0)))


def _arange(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """arange(n), arange(a, b), arange(a, b, step) with whole numbers."""
    bounds = [whole_number(arrays, node, g) for g in given]
    low, high = (index(0), bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
    step = polynomial(bounds[2]).constant if len(bounds) > 2 else 1
    if step is None or step < 1:
        raise arrays.refuse(node, "a step that is no positive number", "use a constant step")
    span = polynomial(high) - polynomial(low)
    arrays.require(binary("le", low, high))
    extent = expression(span) if step == 1 else binary("fdiv", expression(span + (step - 1)), index(step))
    return Tensor((extent,), lambda at: expression(polynomial(low) + polynomial(at[0]) * step))


def _linspace(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """linspace(a, b, n): a + i * (b - a) / (n - 1)"""
    count = option(node, given, 2, "num", "steps")
    if any(k.arg in ("endpoint", "retstep") for k in node.keywords):
        raise arrays.refuse(node, "linspace without its end", "write the arithmetic")
    if count is None:
        raise arrays.refuse(node, "linspace without a number of points", "name it")
    low, high = (real(arrays.value(g).element(())) for g in given[:2])
    extent = whole_number(arrays, node, count)
    gap = binary("div", high - low, real(expression(polynomial(extent) - 1)))
    arrays.require(binary("le", index(2), extent))
    return Tensor((extent,), lambda at: low + real(at[0]) * gap)


def _parts(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> list[Tensor]:
    """The arrays of a list that is written out."""
    if not isinstance(given[0], ast.List | ast.Tuple) or not given[0].elts:
        raise arrays.refuse(node, "a list of arrays that is not written out", "write [a, b, ...]")
    return [arrays.value(p) for p in given[0].elts]


def _axis(node: ast.Call, given: list[ast.expr], rank: int) -> int:
    said = option(node, given, 1, "axis", "dim")
    return (int(ast.literal_eval(said)) if said is not None else 0) % rank


def _stack(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """stack([a, b], axis): a new axis that tells them apart."""
    parts = _parts(arrays, node, given)
    extents = broadcasting.joint(arrays, node, parts)
    axis = _axis(node, given, len(extents) + 1)

    def element(at: Indices) -> Expr:
        which, rest = at[axis], (*at[:axis], *at[axis + 1 :])
        values = common(*(p.element(rest) for p in parts))
        found = values[-1]
        for place in range(len(values) - 2, -1, -1):
            found = select(binary("eq", which, index(place)), values[place], found)
        return found

    return Tensor((*extents[:axis], index(len(parts)), *extents[axis:]), element)


def _concatenate(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """concatenate([a, b], axis): one after the other."""
    parts = _parts(arrays, node, given)
    rank = len(parts[0].extents)
    name, _ = named(arrays, node)
    axis = {"hstack": min(1, rank - 1), "vstack": 0}.get(name, _axis(node, given, rank))
    if rank < 2 and name == "vstack":
        return _stack(arrays, node, given[:1])
    for part in parts[1:]:
        for at, (x, y) in enumerate(zip(parts[0].extents, part.extents, strict=True)):
            if at != axis:
                arrays.equal(node, x, y)
    starts = [polynomial(index(0))]
    for part in parts:
        starts.append(starts[-1] + polynomial(part.extents[axis]))

    def element(at: Indices) -> Expr:
        values = common(*(
            p.element((*at[:axis], expression(polynomial(at[axis]) - s), *at[axis + 1 :]))
            for p, s in zip(parts, starts, strict=False)
        ))  # fmt: skip
        found = values[-1]
        for place in range(len(values) - 2, -1, -1):
            found = select(binary("lt", at[axis], expression(starts[place + 1])), values[place], found)
        return found

    extents = parts[0].extents
    return Tensor((*extents[:axis], expression(starts[-1]), *extents[axis + 1 :]), element)


def _chunk(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """x.chunk(count, dim): equal parts, as a new first axis."""
    tensor = arrays.value(given[0])
    if named(arrays, node)[0] == "split" and library_of(arrays, node) != "numpy":
        raise arrays.refuse(node, "PyTorch's split, which takes sizes", "use chunk, or slices")
    said = option(node, given, 1, "chunks", "indices_or_sections")
    count = polynomial(whole_number(arrays, node, said)).constant if said is not None else None
    where = option(node, given, 2, "dim", "axis")
    axis = (int(ast.literal_eval(where)) if where is not None else 0) % len(tensor.extents)
    if count is None or count < 1:
        raise arrays.refuse(node, "a number of parts that is not constant", "write it as a number")
    extent = tensor.extents[axis]
    part, rest = split(polynomial(extent), polynomial(index(count)))
    if part is None or rest.terms:
        arrays.require(binary("eq", binary("fmod", extent, index(count)), index(0)))
        part = polynomial(binary("fdiv", extent, index(count)))

    def element(at: Indices) -> Expr:
        which, own = at[0], at[1:]
        where = expression(polynomial(which) * part + polynomial(own[axis]))
        return tensor.element((*own[:axis], where, *own[axis + 1 :]))

    own = (*tensor.extents[:axis], expression(part), *tensor.extents[axis + 1 :])
    return Tensor((index(count), *own), element)


def _diag(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """diag(v) is a matrix, diag(m) its diagonal; trace sums it."""
    tensor = arrays.value(given[0])
    if len(given) > 1 or node.keywords:
        raise arrays.refuse(node, "a shifted diagonal", "write the comparison of indices")
    if len(tensor.extents) == 1:
        extents = (tensor.extents[0], tensor.extents[0])
        return Tensor(extents, lambda at: select(binary("eq", *at), *common(tensor.element(at[:1]), const(0, INDEX))))
    arrays.equal(node, *tensor.extents)
    line = Tensor(tensor.extents[:1], lambda at: tensor.element((at[0], at[0])))
    return broadcasting.reduced(line, "sum", (0,), False) if named(arrays, node)[0] == "trace" else line


SHAPES: dict[str, Rule] = {
    "transpose": _transpose, "permute": _transpose, "t": _transpose, "swapaxes": _transpose, "reshape": _reshape,
    "view": _reshape, "ravel": _reshape, "flatten": _reshape, "zeros": _zeros(0.0), "zeros_like": _zeros(0.0),
    "ones": _zeros(1.0), "ones_like": _zeros(1.0), "expand_dims": _expand, "unsqueeze": _expand, "squeeze": _squeeze,
    "flip": _flip, "fliplr": _flip, "flipud": _flip, "roll": _roll, "diff": _diff, "cumsum": _running("sum"),
    "cumprod": _running("prod"), "tril": _triangle(True), "triu": _triangle(False), "eye": _eye, "identity": _eye,
    "arange": _arange, "linspace": _linspace, "stack": _stack, "concatenate": _concatenate, "cat": _concatenate,
    "hstack": _concatenate, "vstack": _concatenate, "chunk": _chunk, "split": _chunk, "diag": _diag,
    "diagonal": _diag, "trace": _diag,
}  # fmt: skip
