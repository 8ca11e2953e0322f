"""`for` and `while` statements."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, index, param
from accelcore_llmlift.polynomial import expression as index_expression
from accelcore_llmlift.polynomial import index_of, polynomial
from accelcore_llmlift.program import Assign, For, While
from accelcore_llmlift.python import expressions, iteration, statements
from accelcore_llmlift.python.scope import Scope, converted, scalar


def for_loop(scope: Scope, node: ast.For) -> None:
    """`for target in iterable`: a counted loop; targets that are no counter become names for elements."""
    if node.orelse:
        raise expressions.refuse(scope, node, "for ... else", "put the else part after the loop")
    course = iteration.course(scope, node.target, node.iter)
    iteration.trips(scope, course)
    name = scope.counter_name(course.counter)
    label, counter = scope.label(), param(name, INDEX)
    saved = (scope.facts, dict(scope.counters), dict(scope.views))
    expressions.with_facts(scope, counter, course.low, course.high, course.step)
    targets = course.names(counter)
    outer, scope.out = scope.out, []
    _bind(scope, node, targets)
    body = (*scope.out, *statements.block(scope, node.body))
    scope.out = outer
    scope.facts, scope.counters, scope.views = saved
    scope.undefined |= {t for t in targets if t not in scope.scalars and t not in scope.counters}
    at = scope.module.place.at(node)
    statements.emit(scope, For(name, course.low, course.high, course.step, body, label, at))


def _bind(scope: Scope, node: ast.For, targets: dict[str, Expr]) -> None:
    """Counters and rows are other names; an element of an array that the loop changes is read at once."""
    changed = _assigned(node.body)
    stored = {n for n in changed if n in scope.storage}
    for name, value in targets.items():
        if value.rank:
            scope.views[name] = value
        elif name in changed or value.inputs & stored:
            variable = scope.scalars.setdefault(name, scalar(name, statements.variable_level(scope, name)))
            scope.counters.pop(name, None)
            now = converted(value, variable.dtype)
            statements.emit(scope, Assign(variable.name, now, scope.module.place.at(node)))
        else:
            scope.counters[name] = value
        scope.undefined.discard(name)


def _assigned(body: list[ast.stmt]) -> set[str]:
    """Names that a block assigns, stores into, or appends to."""
    found: set[str] = set()
    for node in (n for s in body for n in ast.walk(s)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.Subscript(ctx=ast.Store()):
                found |= _base(node)
            case ast.Attribute(attr="append", value=ast.Name(id=name)):
                found.add(name)
    return found


def _base(node: ast.expr) -> set[str]:
    """The name of the array in x[i][j]."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


@dataclass(frozen=True)
class Counted:
    """A while loop that counts: the variable, its bound, its step, and the body without the increment."""

    name: str
    high: Expr
    step: int
    body: list[ast.stmt]


def while_loop(scope: Scope, node: ast.While) -> None:
    """`while i < n: ...; i += 1` is a counted loop; any other stays a while loop."""
    if node.orelse:
        raise expressions.refuse(scope, node, "while ... else", "put the else part after the loop")
    counted = _counted(scope, node)
    if counted is None:
        _general(scope, node)
        return
    low = _start(scope, counted.name)
    course = iteration.Course(low, counted.high, counted.step, "", lambda counter: {counted.name: counter})
    iteration.trips(scope, course)
    name = scope.counter_name("")
    label, counter = scope.label(), param(name, INDEX)
    saved = (scope.facts, dict(scope.counters), dict(scope.views))
    expressions.with_facts(scope, counter, low, counted.high, counted.step)
    scope.counters[counted.name] = counter
    body = statements.block(scope, counted.body)
    scope.facts, scope.counters, scope.views = saved
    at = scope.module.place.at(node)
    statements.emit(scope, For(name, low, counted.high, counted.step, body, label, at))
    if _read_outside(scope, node, counted.name):
        after = _final(scope, low, counted)
        statements.emit(scope, Assign(scope.scalars[counted.name].name, after, at))


def _counted(scope: Scope, node: ast.While) -> Counted | None:
    test = node.test
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and node.body):
        return None
    left, op, right = test.left, test.ops[0], test.comparators[0]
    mirrored: dict[type[ast.cmpop], ast.cmpop] = {
        ast.Gt: ast.Lt(), ast.GtE: ast.LtE(), ast.Lt: ast.Gt(), ast.LtE: ast.GtE(),
    }  # fmt: skip
    step = _increment(node.body[-1])
    if step is not None and isinstance(right, ast.Name) and right.id == step[0] and type(op) in mirrored:
        left, op, right = right, mirrored[type(op)], left
    if step is None or not isinstance(left, ast.Name) or left.id != step[0]:
        return None
    name, amount = step
    body = node.body[:-1]
    changed = _assigned(body)
    if name in changed or changed & {n.id for n in ast.walk(right) if isinstance(n, ast.Name)}:
        return None
    high = expressions.expression(scope, right)
    if high.dtype not in (INDEX, "int") or scope.types.variables[name].leaf.level > 3:
        return None
    return _with_bound(name, index_of(high), op, amount, body)


def _with_bound(name: str, high: Expr, op: ast.cmpop, step: int, body: list[ast.stmt]) -> Counted | None:
    """The bound as range() takes it."""
    rising, falling = step > 0, step < 0
    if (rising and isinstance(op, ast.Lt)) or (falling and isinstance(op, ast.Gt)):
        return Counted(name, high, step, body)
    if rising and isinstance(op, ast.LtE):
        return Counted(name, index_expression(polynomial(high) + 1), step, body)
    if falling and isinstance(op, ast.GtE):
        return Counted(name, index_expression(polynomial(high) - 1), step, body)
    if isinstance(op, ast.NotEq) and abs(step) == 1:
        return Counted(name, high, step, body)
    return None


def _increment(node: ast.stmt) -> tuple[str, int] | None:
    """(name, step) of `i += c` or `i = i + c`."""
    match node:
        case ast.AugAssign(
            target=ast.Name(id=name), op=ast.Add() | ast.Sub() as op, value=ast.Constant(value=int() as c)
        ):
            return (name, c if isinstance(op, ast.Add) else -c) if c else None
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.BinOp(
                left=ast.Name(id=other), op=ast.Add() | ast.Sub() as op, right=ast.Constant(value=int() as c)
            ),
        ) if other == name and c:
            return name, c if isinstance(op, ast.Add) else -c
    return None


def _start(scope: Scope, name: str) -> Expr:
    """The counter's value before the loop: the constant just assigned, else the variable."""
    for before in reversed(scope.out):
        if not isinstance(before, Assign):
            break
        if name in scope.scalars and before.name == scope.scalars[name].name and before.value.dtype == INDEX:
            atoms = polynomial(before.value).atoms
            if all(a.op == "size" or a in scope.counters.values() for a in atoms):
                return before.value
            break
    return index_of(scope.scalars[name]) if name in scope.scalars else index_of(scope.constants[name])


def _read_outside(scope: Scope, node: ast.While, name: str) -> bool:
    inside = {id(n) for n in ast.walk(node)}
    loads = (n for n in ast.walk(scope.function) if isinstance(n, ast.Name) and n.id == name)
    return any(isinstance(n.ctx, ast.Load) and id(n) not in inside for n in loads)


def _final(scope: Scope, low: Expr, counted: Counted) -> Expr:
    """The counter after the loop: low + step * trips."""
    course = iteration.Course(low, counted.high, counted.step, "", lambda counter: {})
    trips = iteration.trips(scope, course)
    span = polynomial(counted.high) - polynomial(low)
    if not scope.facts.nonnegative(span if counted.step > 0 else -span):
        trips = binary("max", trips, index(0))
    return index_expression(polynomial(low) + polynomial(trips) * counted.step)


def _general(scope: Scope, node: ast.While) -> None:
    test = expressions.condition(scope, node.test)
    label = scope.label()
    body = statements.block(scope, node.body)
    statements.emit(scope, While(test, body, label, scope.module.place.at(node)))
