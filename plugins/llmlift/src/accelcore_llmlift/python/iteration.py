"""What `for target in iterable` runs over: a counter with its bounds, and what the targets stand for at a counter."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, comp, fresh, get, index
from accelcore_llmlift.polynomial import Facts, polynomial
from accelcore_llmlift.polynomial import expression as index_expression
from accelcore_llmlift.python import expressions, subscripts
from accelcore_llmlift.python.module import qualified
from accelcore_llmlift.python.scope import Scope, natural

Names = dict[str, Expr]


@dataclass(frozen=True)
class Course:
    """A counted iteration: counter in range(low, high, step); names(counter) gives the targets' values.

    counter: the target's own name when it is the counter, else "".
    """

    low: Expr
    high: Expr
    step: int
    counter: str
    names: Callable[[Expr], Names]


@dataclass(frozen=True)
class Walk:
    """A course of a comprehension: a fresh variable from 0 to extent."""

    variable: Expr
    extent: Expr
    names: Names
    facts: Facts | None = None


def course(scope: Scope, target: ast.expr, source: ast.expr) -> Course:
    """The course of range, a sequence, enumerate, zip or reversed."""
    name, args = "", []
    if isinstance(source, ast.Call):
        name, args = qualified(scope.module, source.func), source.args
    if name == "range":
        return _range(scope, target, source, args)
    if name == "enumerate":
        return _enumerate(scope, target, source, args)
    if name == "zip" and len(args) == 1 and isinstance(args[0], ast.Starred):
        return _columns(scope, target, args[0])
    if name == "zip":
        return _zip(scope, target, source, args)
    if name == "reversed":
        return _reversed(scope, target, args[0])
    return _sequence(scope, target, expressions.expression(scope, source), source)


def iterate(scope: Scope, target: ast.expr, source: ast.expr) -> Walk:
    """The walk of a comprehension's `for` part."""
    found = course(scope, target, source)
    variable = fresh()
    extent = trips(scope, found)
    counter = index_expression(polynomial(found.low) + polynomial(variable) * found.step)
    facts = scope.facts.counting(variable, extent)
    saved, scope.facts = scope.facts, facts
    names = found.names(counter)
    scope.facts = saved
    return Walk(variable, extent, names, facts)


def trips(scope: Scope, found: Course) -> Expr:
    """Number of iterations; bounds over sizes that could cross become a precondition."""
    span = polynomial(found.high) - polynomial(found.low)
    if found.step < 0:
        span = -span
    step = abs(found.step)
    if not scope.facts.nonnegative(span + (step - 1)):
        demand(scope, index_expression(span))
    if step == 1:
        return index_expression(span)
    return binary("fdiv", index_expression(span + (step - 1)), index(step))


def demand(scope: Scope, span: Expr) -> None:
    """Require span >= 0 when it is an expression of sizes alone and no condition guards it."""
    p = polynomial(span)
    if scope.guards or scope.facts.nonnegative(p) or not all(not a.free and not a.inputs for a in p.atoms):
        return
    low = expressions_low(p)
    scope.require(low)


def expressions_low(p: object) -> Expr:
    """`p >= 0` written with its negative terms on the other side: n - 2 >= 0 is 2 <= n."""
    from accelcore_llmlift.polynomial import Polynomial

    assert isinstance(p, Polynomial)
    positive = Polynomial({m: c for m, c in p.terms.items() if c > 0})
    negative = Polynomial({m: -c for m, c in p.terms.items() if c < 0})
    return binary("le", index_expression(negative), index_expression(positive))


def _target_name(scope: Scope, target: ast.expr) -> str:
    if isinstance(target, ast.Name):
        return target.id
    raise expressions.refuse(scope, target, f"the loop target {ast.unparse(target)!r}", "use one name")


def _range(scope: Scope, target: ast.expr, source: ast.expr, args: list[ast.expr]) -> Course:
    low, high, step = expressions.ranged(scope, args, source)
    name = _target_name(scope, target)
    return Course(low, high, step, name, lambda counter: {name: counter})


def _elements(scope: Scope, target: ast.expr, tensor: Expr, counter: Expr, node: ast.AST) -> Names:
    """What a target is at element `counter` of a sequence; a tuple target takes the element apart."""
    subscripts.touch(scope, tensor, counter, node)
    element = get(tensor, counter)
    if isinstance(target, ast.Tuple):
        found: Names = {}
        for at, part in enumerate(target.elts):
            subscripts.touch(scope, element, index(at), node)
            found[_target_name(scope, part)] = natural(get(element, index(at)))
        return found
    return {_target_name(scope, target): natural(element)}


def _sequence(scope: Scope, target: ast.expr, tensor: Expr, node: ast.AST) -> Course:
    if not tensor.rank:
        raise expressions.refuse(scope, node, "iteration over a number", "iterate over range(n) or a list")
    high = expressions.length_seen(scope, tensor)
    return Course(index(0), high, 1, "", lambda counter: _elements(scope, target, tensor, counter, node))


def _reversed(scope: Scope, target: ast.expr, source: ast.expr) -> Course:
    inner = course(scope, target, source)
    if inner.step not in (1, -1):
        raise expressions.refuse(scope, source, "reversed() of a strided range", "write range(high, low, -step)")
    first = polynomial(inner.low) + polynomial(inner.high)

    def mirrored(counter: Expr) -> Names:
        return inner.names(index_expression(first - 1 - polynomial(counter)))

    if inner.counter:
        low, high = polynomial(inner.high) - 1, polynomial(inner.low) - 1
        return Course(index_expression(low), index_expression(high), -inner.step, inner.counter, inner.names)
    return Course(inner.low, inner.high, inner.step, "", mirrored)


def _enumerate(scope: Scope, target: ast.expr, source: ast.expr, args: list[ast.expr]) -> Course:
    if not isinstance(target, ast.Tuple) or len(target.elts) != 2:
        raise expressions.refuse(scope, source, "enumerate() needs two targets", "for i, v in enumerate(x)")
    keywords = source.keywords if isinstance(source, ast.Call) else []
    starts = [*args[1:], *(k.value for k in keywords)]
    start = polynomial(expressions.expression(scope, starts[0]) if starts else index(0))
    inner = course(scope, target.elts[1], args[0])
    name = _target_name(scope, target.elts[0])

    def names(counter: Expr) -> Names:
        position = index_expression(polynomial(counter) - polynomial(inner.low) + start)
        return {name: position, **inner.names(counter)}

    own = name if not start.terms and inner.low.dtype == INDEX and not polynomial(inner.low).terms else ""
    return Course(inner.low, inner.high, inner.step, own, names)


def _columns(scope: Scope, target: ast.expr, rows: ast.Starred) -> Course:
    """`for column in zip(*matrix)`"""
    matrix, name = expressions.expression(scope, rows.value), _target_name(scope, target)
    if matrix.rank < 2:
        raise expressions.refuse(scope, rows, "zip(*x) of what is no list of lists", "pass the sequences one by one")
    height, width = expressions.extents_seen(scope, matrix, 2)
    demand(scope, binary("sub", height, index(1)))
    return Course(index(0), width, 1, "", lambda j: {name: comp(height, lambda i: natural(get(matrix, i, j)))})


def _zip(scope: Scope, target: ast.expr, source: ast.expr, args: list[ast.expr]) -> Course:
    """zip stops at the shortest; unequal lengths are excluded by a precondition instead."""
    if not isinstance(target, ast.Tuple) or len(target.elts) != len(args):
        raise expressions.refuse(scope, source, "zip() needs one target for each sequence", "for a, b in zip(x, y)")
    parts = [course(scope, t, a) for t, a in zip(target.elts, args, strict=True)]
    if any(p.step != 1 for p in parts):
        raise expressions.refuse(scope, source, "zip() of a strided range", "index by a counter")
    first = parts[0]
    span = polynomial(first.high) - polynomial(first.low)
    for other in parts[1:]:
        difference = polynomial(other.high) - polynomial(other.low) - span
        if difference.terms:
            equal_lengths(scope, index_expression(span), other)

    def names(counter: Expr) -> Names:
        found: Names = {}
        for part in parts:
            found |= part.names(index_expression(polynomial(counter) - polynomial(first.low) + polynomial(part.low)))
        return found

    return Course(first.low, first.high, 1, first.counter, names)


def equal_lengths(scope: Scope, span: Expr, other: Course) -> None:
    """zip(x, y) assumes that both have the same length."""
    length = index_expression(polynomial(other.high) - polynomial(other.low))
    if any(e.op == "length" for a in polynomial(length).atoms | polynomial(span).atoms for e in (a,)):
        return
    scope.require(binary("eq", length, span))
