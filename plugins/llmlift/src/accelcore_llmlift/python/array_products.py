"""Products of arrays: dot, outer, einsum."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from accelcore.ir.expr import Expr, index
from accelcore_llmlift.python import broadcasting
from accelcore_llmlift.python.array_calls import named
from accelcore_llmlift.python.broadcasting import Tensor, common

if TYPE_CHECKING:
    from accelcore_llmlift.python.wholes import Wholes


def _dot(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    a, b = (arrays.value(g) for g in given)
    if named(arrays, node)[0] in ("inner", "vdot") and (len(a.extents), len(b.extents)) != (1, 1):
        raise arrays.refuse(node, "an inner product of more than two vectors", "use @ or einsum")
    if not a.extents or not b.extents:
        return broadcasting.operator(arrays, node, a, ast.Mult(), b)
    if len(a.extents) > 2 or len(b.extents) > 2:
        raise arrays.refuse(node, "dot of more than two axes", "use @ or einsum")
    return broadcasting.matmul(arrays, node, a, b)


def _outer(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    a, b = (arrays.value(g) for g in given)
    column = Tensor((*a.extents, index(1)), lambda at: a.element(at[:1]))
    return broadcasting.operator(arrays, node, column, ast.Mult(), b)


def _einsum(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """Products summed over the letters that the result does not name; without `->` those that occur once stay."""
    spec = given[0]
    text = spec.value if isinstance(spec, ast.Constant) else None
    if not isinstance(text, str) or "." in text:
        raise arrays.refuse(node, "this einsum", 'write the letters out, such as "ik,kj->ij"')
    left, arrow, wanted = text.replace(" ", "").partition("->")
    if not arrow:
        every = left.replace(",", "")
        wanted = "".join(sorted(x for x in set(every) if every.count(x) == 1))
    operands = [arrays.value(a) for a in given[1:]]
    letters = left.split(",")
    extents: dict[str, Expr] = {}
    for part, operand in zip(letters, operands, strict=True):
        for letter, extent in zip(part, operand.extents, strict=True):
            arrays.equal(node, extents.setdefault(letter, extent), extent)
    summed = [x for x in extents if x not in wanted]

    def over(rest: list[str], at: dict[str, Expr]) -> Expr:
        if rest:
            return broadcasting.total("sum", extents[rest[0]], lambda k: over(rest[1:], {**at, rest[0]: k}))
        found, *others = (o.element(tuple(at[x] for x in p)) for p, o in zip(letters, operands, strict=True))
        for other in others:
            found, other = common(found, other)
            found = found * other
        return found

    return Tensor(tuple(extents[x] for x in wanted),
                  lambda at: over(summed, dict(zip(wanted, at, strict=True))))



PRODUCTS: dict[str, Callable[[Wholes, ast.Call, list[ast.expr]], Tensor]] = {
    "dot": _dot, "inner": _dot, "vdot": _dot, "outer": _outer, "einsum": _einsum,
}
