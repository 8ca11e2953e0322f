"""Elements, slices, masks and positions of arrays: what Python means by `x[...]`, over current values."""

from __future__ import annotations

import ast

from accelcore.ir.expr import Expr, binary, comp, filtered, fresh, get, index, select, substitute
from accelcore_llmlift.polynomial import expression as index_expression
from accelcore_llmlift.polynomial import index_of, polynomial
from accelcore_llmlift.python import array_types, expressions, iteration, wholes
from accelcore_llmlift.python.scope import Access, Scope, natural


def subscript(scope: Scope, node: ast.Subscript) -> Expr:
    """`x[i]`, `x[i, j]`, `x[a:b]`, `x.shape[k]`, and mixtures."""
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        array = expressions.expression(scope, node.value.value)
        axis = array_types.literal(node.slice)
        if isinstance(axis, int):
            return expressions.extent_seen(scope, array, axis)
        raise expressions.refuse(scope, node, "an axis of a shape that is not a constant", "write x.shape[0]")
    base = expressions.expression(scope, node.value)
    subscripts = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    return natural(selected(scope, base, spelled_out(scope, base, subscripts, node), node))


def spelled_out(scope: Scope, base: Expr, subscripts: list[ast.expr], node: ast.AST) -> list[ast.expr]:
    """Subscripts with an ellipsis written as slices; more than there are axes are refused."""
    used = sum(not (isinstance(s, ast.Constant) and (s.value is None or s.value is Ellipsis)) for s in subscripts)
    if used > base.rank:
        raise expressions.refuse(scope, node, f"{used} subscripts where there are {base.rank} axes",
                     "annotate its rank, such as x: \"f32[m, n]\"")
    found: list[ast.expr] = []
    for part in subscripts:
        if isinstance(part, ast.Constant) and part.value is Ellipsis:
            found += [ast.copy_location(ast.Slice(), part) for _ in range(base.rank - used)]
        else:
            found.append(part)
    return found


def selected(scope: Scope, base: Expr, subscripts: list[ast.expr], node: ast.AST) -> Expr:
    """A tensor after subscripts, axis by axis."""
    if not subscripts:
        return base
    first, *rest = subscripts
    if isinstance(first, ast.Constant) and first.value is None:
        inner = selected(scope, base, rest, node)
        return comp(index(1), lambda _: inner)
    if isinstance(first, ast.Slice):
        return sliced(scope, base, first, rest, node)
    chosen = expressions.expression(scope, first)
    if chosen.rank:
        return picked(scope, base, chosen, rest, node)
    where = at_position(scope, base, first, chosen)
    touch(scope, base, where, node)
    return selected(scope, get(base, where), rest, node)


def picked(scope: Scope, base: Expr, chosen: Expr, rest: list[ast.expr], node: ast.AST) -> Expr:
    """`x[mask]`, the elements where a condition holds, or `x[positions]`, those at positions."""
    extent = expressions.length_seen(scope, chosen)
    if chosen.rank > 1 or (chosen.dtype == "bool" and (base.rank > 1 or rest)):
        raise expressions.refuse(scope, node, "a mask or positions of several axes", "write the loops")
    if chosen.dtype == "bool":
        other = expressions.length_seen(scope, base)
        if extent is not other:
            wholes.Wholes(scope).equal(node, extent, other)
        return filtered(extent, lambda k: get(chosen, k), lambda k: natural(get(base, k)))
    variable = fresh()
    facts = scope.facts
    scope.facts = facts.counting(variable, extent)
    where = index_of(natural(get(chosen, variable)))
    touch(scope, base, where, node)
    inner = natural(selected(scope, get(base, where), rest, node))
    if inner.op == "get" and inner.rank:
        inner = wholes.whole(wholes.tensor(scope, inner))
    scope.facts = facts
    return comp(extent, lambda k: substitute(inner, {variable.number: k}))


def sliced(scope: Scope, base: Expr, part: ast.Slice, rest: list[ast.expr], node: ast.AST) -> Expr:
    """`x[low:high:step]` as a comprehension; bounds are taken as they are, negative constants from the end."""
    if part.lower is part.upper is part.step is None and not rest:
        expressions.length_seen(scope, base)
        return base
    if part.lower is part.upper is None and isinstance(part.step, ast.UnaryOp) and ast.unparse(part.step) == "-1":
        return backwards(scope, base, rest, node)
    to_the_end = part.upper is None or _negative(part.upper)
    length = expressions.length_seen(scope, base) if to_the_end else scope.extents_of(base)[0]
    low = _bound(scope, part.lower, index(0), length)
    high = _bound(scope, part.upper, length, length)
    step = _step(scope, part, node)
    count = polynomial(high) - polynomial(low)
    if step != 1:
        count = polynomial(binary("fdiv", index_expression(count + (step - 1)), index(step)))
    extent = index_expression(count)
    if part.upper is not None and not scope.facts.nonnegative(polynomial(high) - polynomial(low)):
        scope.require(iteration.expressions_low(polynomial(high) - polynomial(low)))
    variable = fresh()
    facts = scope.facts
    scope.facts = facts.counting(variable, extent)
    where = index_expression(polynomial(low) + polynomial(variable) * step)
    touch(scope, base, where, node)
    inner = natural(selected(scope, get(base, where), rest, node))
    scope.facts = facts
    return comp(extent, lambda k: substitute(inner, {variable.number: k}))


def _step(scope: Scope, part: ast.Slice, node: ast.AST) -> int:
    value = index(1) if part.step is None else expressions.expression(scope, part.step)
    if value.op != "const" or not isinstance(value.value, int) or value.value < 1:
        raise expressions.refuse(scope, node, "a slice with a step that is not a positive constant", "write the loop")
    return int(value.value)


def backwards(scope: Scope, base: Expr, rest: list[ast.expr], node: ast.AST) -> Expr:
    """`x[::-1]`."""
    extent = expressions.length_seen(scope, base)
    last = polynomial(extent) - 1
    return comp(extent, lambda k: natural(
        selected(scope, get(base, index_expression(last - polynomial(k))), rest, node)))


def _negative(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def _bound(scope: Scope, node: ast.expr | None, default: Expr, length: Expr) -> Expr:
    if node is None:
        return default
    value = index_of(expressions.expression(scope, node))
    if value.op == "const" and value.value < 0:
        return index_expression(polynomial(length) + int(value.value))
    return value


def position(scope: Scope, base: Expr, node: ast.expr) -> Expr:
    """The index of one axis, with Python's meaning of a negative one."""
    return at_position(scope, base, node, expressions.expression(scope, node))


def at_position(scope: Scope, base: Expr, node: ast.expr, value: Expr) -> Expr:
    """`position` of a value that was translated."""
    where = index_of(expressions.numbers(scope, node, value)[0])
    p = polynomial(where)
    if p.constant is not None and p.constant < 0:
        return index_expression(polynomial(expressions.length_seen(scope, base)) + p)
    if scope.facts.nonnegative(p) or not may_wrap(scope, where):
        return where
    length = expressions.length_seen(scope, base)
    return select(binary("lt", where, index(0)), index_expression(p + polynomial(length)), where)


def may_wrap(scope: Scope, where: Expr) -> bool:
    """Whether an index can be negative for all large sizes: then Python counts from the end.

    An index that is negative only for small sizes (x[n - 2] when n < 2), or that is read from data, becomes a
    precondition instead: see `bounds`.
    """
    p = polynomial(where)
    for variable, low, high in reversed(scope.facts.bounds):
        factor = p.coefficient(variable)
        if factor is None or not factor.terms:
            continue
        rising = all(c > 0 for c in factor.terms.values())
        p = p.without(variable) + factor * (low if rising else high)
    return bool(p.terms) and all(c < 0 for c in p.terms.values())


def touch(scope: Scope, base: Expr, where: Expr, node: ast.AST) -> None:
    """Note that an element of a parameter is read or written."""
    array = base.args[0] if base.op == "get" else base
    if array.op == "input" and array.name in scope.params:
        before = base.args[1:] if base.op == "get" else ()
        scope.accesses.append(Access(array.name, (*before, where), scope.facts, scope.guards > 0, node))
