"""Tensors as functions of their indices, and the operations that combine them element by element."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, call, comp, const, index, unary
from accelcore_llmlift.polynomial import expression, polynomial
from accelcore_llmlift.python.scope import converted, natural, stored

if TYPE_CHECKING:
    from accelcore_llmlift.python.wholes import Wholes

Indices = tuple[Expr, ...]


@dataclass(frozen=True)
class Tensor:
    """Extents, and the element at an index, an exact number."""

    extents: tuple[Expr, ...]
    element: Callable[[Indices], Expr]

    def whole(self, of: Callable[[Expr], Expr]) -> Expr:
        """The tensor as one expression, each element mapped."""

        def level(before: Indices) -> Expr:
            if len(before) == len(self.extents):
                return of(self.element(before))
            return comp(self.extents[len(before)], lambda i: level((*before, i)))

        return level(())

    def in_storage(self, dtype: str) -> Expr:
        """Every element as a storage dtype holds it."""
        return self.whole(lambda e: stored(e, dtype))

    def storage(self) -> str:
        """The dtype of a result that nothing annotates: f32, i32, bool, or an index."""
        return {"real": "f32", "int": "i32", "bool": "bool"}.get(self.sample().dtype, INDEX)

    def sample(self) -> Expr:
        """The first element."""
        return self.element(tuple(index(0) for _ in self.extents))


def number(e: Expr) -> Tensor:
    """A scalar that is an exact number or an index."""
    return Tensor((), lambda _: e)


def scalar(e: Expr) -> Tensor:
    """A scalar parameter in storage."""
    return number(natural(e))


def constant(value: float) -> Tensor:
    """A literal."""
    return number(const(value, INDEX if type(value) is int else None))


def product(extents: Sequence[Expr]) -> Expr:
    """The number of elements."""
    found = polynomial(index(1))
    for extent in extents:
        found = found * polynomial(extent)
    return expression(found)


def _one(e: Expr) -> bool:
    return e.op == "const" and e.value == 1


def joint(arrays: Wholes, node: ast.AST, tensors: Sequence[Tensor]) -> tuple[Expr, ...]:
    """The extents that tensors have together; axes that differ must be 1, or equal as a precondition."""
    rank = max(len(t.extents) for t in tensors)
    found: list[Expr] = []
    for axis in range(-rank, 0):
        sizes = [t.extents[axis] for t in tensors if len(t.extents) >= -axis and not _one(t.extents[axis])]
        for other in sizes[1:]:
            if sizes[0].op == other.op == "const" and sizes[0] is not other:
                raise arrays.refuse(node, f"extents {sizes[0]!r} and {other!r} do not match", "mend the shapes")
            arrays.equal(node, sizes[0], other)
        found.append(sizes[0] if sizes else index(1))
    return tuple(found)


def aligned(tensor: Tensor, at: Indices) -> Expr:
    """The element of a tensor that is broadcast, at an index of the joint extents."""
    own = at[len(at) - len(tensor.extents) :]
    return tensor.element(tuple(index(0) if _one(e) else i for i, e in zip(own, tensor.extents, strict=True)))


def mapped(arrays: Wholes, node: ast.AST, function: Callable[..., Expr], *tensors: Tensor) -> Tensor:
    """A function of the elements of broadcast tensors."""
    return Tensor(joint(arrays, node, tensors), lambda at: function(*(aligned(t, at) for t in tensors)))


def broadcast_to(arrays: Wholes, node: ast.AST, tensor: Tensor, extents: tuple[Expr, ...]) -> Tensor:
    """A tensor with the extents of a place that it is stored into."""
    if len(tensor.extents) > len(extents):
        raise arrays.refuse(node, "the value has more axes than the place", "reduce it first")
    for own, wanted in zip(reversed(tensor.extents), reversed(extents), strict=False):
        if not _one(own):
            arrays.equal(node, own, wanted)
    return Tensor(extents, lambda at: aligned(tensor, at))


def common(*parts: Expr) -> tuple[Expr, ...]:
    """Numbers of the common kind: bool < index < int < real."""
    order = ["bool", INDEX, "int", "real"]
    dtype = order[max(1, *(order.index(p.dtype) for p in parts))]
    return tuple(converted(p, dtype) for p in parts)


def real(e: Expr) -> Expr:
    """An element as a real number."""
    return converted(e, "real")


def operator(arrays: Wholes, node: ast.AST, a: Tensor, op: ast.operator, b: Tensor) -> Tensor:
    """a op b, with broadcasting; @ is the matrix product."""
    if isinstance(op, ast.MatMult):
        return matmul(arrays, node, a, b)

    def combine(x: Expr, y: Expr) -> Expr:
        from accelcore_llmlift.python import expressions

        if isinstance(op, ast.Div):
            return binary("div", real(x), real(y))
        if isinstance(op, ast.Pow):
            return _power(x, y)
        name = expressions.ARITHMETIC.get(type(op))
        if name is None or (x.dtype == "bool" and name not in ("and", "or")):
            raise arrays.refuse(node, f"the operator {type(op).__name__} in whole-array code", "use arithmetic")
        if x.dtype == y.dtype == "bool":
            return binary("land" if name == "and" else "lor", x, y)
        x, y = common(x, y)
        if x.dtype == "real" and name in ("fdiv", "fmod"):
            return expressions.floored(name, x, y)
        return binary(name, x, y)

    return mapped(arrays, node, combine, a, b)


def _power(x: Expr, y: Expr) -> Expr:
    if y.op == "const" and float(y.value).is_integer() and 1 <= y.value <= 16:
        (base,) = common(x) if x.dtype != "bool" else (converted(x, INDEX),)
        found = base
        for _ in range(int(y.value) - 1):
            found = found * base
        return found
    if y.op == "const" and y.value in (0.5, -0.5):
        root = call("sqrt", real(x))
        return root if y.value > 0 else binary("div", const(1.0), root)
    return binary("pow", real(x), real(y))


def unary_operator(arrays: Wholes, node: ast.AST, op: ast.unaryop, a: Tensor) -> Tensor:
    """-x, +x, ~x."""

    def change(x: Expr) -> Expr:
        if isinstance(op, ast.UAdd):
            return x
        if isinstance(op, ast.USub):
            (x,) = common(x, x)[:1]
            return const(-x.value, x.dtype) if x.op == "const" else unary("neg", x)
        if x.dtype == "bool":
            return unary("lnot", x)
        raise arrays.refuse(node, f"{type(op).__name__} of numbers", "use arithmetic")

    return mapped(arrays, node, change, a)


def compared(arrays: Wholes, node: ast.AST, a: Tensor, op: ast.cmpop, b: Tensor) -> Tensor:
    """An element-wise comparison."""
    from accelcore_llmlift.python.expressions import COMPARISONS

    if type(op) not in COMPARISONS:
        raise arrays.refuse(node, f"the comparison {type(op).__name__}", "use < <= > >= == !=")
    name, swapped = COMPARISONS[type(op)]

    def compare(x: Expr, y: Expr) -> Expr:
        x, y = common(x, y)
        return binary(name, *((y, x) if swapped else (x, y)))

    return mapped(arrays, node, compare, a, b)


def total(kind: str, extent: Expr, body: Callable[[Expr], Expr]) -> Expr:
    """A reduction over one axis, of booleans as numbers for sums."""
    from accelcore.ir.expr import reduce

    def element(k: Expr) -> Expr:
        e = body(k)
        return converted(e, INDEX) if e.dtype == "bool" and kind in ("sum", "prod") else e

    return reduce(kind, extent, element)


def matmul(arrays: Wholes, node: ast.AST, a: Tensor, b: Tensor) -> Tensor:
    """The matrix product by NumPy's rules for vectors, matrices and stacks of matrices."""
    if not a.extents or not b.extents:
        raise arrays.refuse(node, "a matrix product with a number", "use *")
    row, column = len(a.extents) > 1, len(b.extents) > 1
    arrays.equal(node, a.extents[-1], b.extents[-2 if column else -1])
    inner = a.extents[-1]
    stacks = [Tensor(t.extents[:-2], t.element) for t in (a, b)]
    batch = joint(arrays, node, stacks)

    def part(t: Tensor, at: Indices, last: Indices) -> Expr:
        outer = at[len(at) - len(t.extents[:-2]) :] if len(t.extents) > 2 else ()
        outer = tuple(index(0) if _one(e) else i for i, e in zip(outer, t.extents, strict=False))
        return t.element((*outer, *last))

    def element(at: Indices) -> Expr:
        before, rest = at[: len(batch)], list(at[len(batch) :])
        i = (rest.pop(0),) if row else ()
        j = (rest.pop(0),) if column else ()

        def term(k: Expr) -> Expr:
            x, y = common(part(a, before, (*i, k)), part(b, before, (k, *j)))
            return x * y

        return total("sum", inner, term)

    extents = (*batch, *(a.extents[-2:-1] if row else ()), *(b.extents[-1:] if column else ()))
    return Tensor(extents, element)


def transposed(tensor: Tensor, order: tuple[int, ...]) -> Tensor:
    """Axis k of the result is axis order[k] of the tensor."""

    def element(at: Indices) -> Expr:
        own = list(at)
        for place, axis in enumerate(order):
            own[axis] = at[place]
        return tensor.element(tuple(own))

    return Tensor(tuple(tensor.extents[a] for a in order), element)


def reduced(tensor: Tensor, kind: str, axes: tuple[int, ...], keep: bool) -> Tensor:
    """A reduction over axes; kept axes have extent 1."""
    inner = sorted(a % len(tensor.extents) for a in axes)

    def element(at: Indices) -> Expr:
        rest = list(at)
        own: list[Expr | None] = []
        for axis in range(len(tensor.extents)):
            if axis in inner:
                own.append(None)
                if keep:
                    rest.pop(0)
            else:
                own.append(rest.pop(0))
        return _over(tensor, kind, inner, own)

    extents = tuple(
        index(1) if a in inner else e for a, e in enumerate(tensor.extents) if keep or a not in inner
    )
    return Tensor(extents, element)


def _over(tensor: Tensor, kind: str, axes: list[int], own: list[Expr | None]) -> Expr:
    if not axes:
        return tensor.element(tuple(e for e in own if e is not None))
    first, *rest = axes

    def body(k: Expr) -> Expr:
        return _over(tensor, kind, rest, [*own[:first], k, *own[first + 1 :]])

    return total(kind, tensor.extents[first], body)


def mean(tensor: Tensor, axes: tuple[int, ...], keep: bool, less: int = 0) -> Tensor:
    """The sum over axes by the number of elements, or by so many less."""
    count = expression(polynomial(product([tensor.extents[a] for a in axes])) - less)
    found = reduced(tensor, "sum", axes, keep)
    return Tensor(found.extents, lambda at: binary("div", real(found.element(at)), real(count)))
