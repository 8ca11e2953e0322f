"""`for` and `while` statements."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, fresh, index, param
from accelcore_llmlift.polynomial import Polynomial, index_of, polynomial
from accelcore_llmlift.polynomial import expression as index_expression
from accelcore_llmlift.program import Assign, For, While
from accelcore_llmlift.python import expressions, iteration, statements
from accelcore_llmlift.python.counters import change_of
from accelcore_llmlift.python.scope import Scope, converted, scalar
from accelcore_llmlift.python.types import Level


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
    """A while loop that counts: its changing counters with their steps, its trips, and the body without the changes.

    starts: the counters' values before the loop; trips: iterations where the loop runs at all.
    """

    steps: dict[str, int]
    starts: dict[str, Expr]
    trips: Polynomial
    stride: int
    body: list[ast.stmt]

    def at(self, name: str, iteration: Expr) -> Expr:
        """A counter's value before an iteration."""
        return index_expression(polynomial(self.starts[name]) + polynomial(iteration) * self.steps[name])

    def count(self) -> Expr:
        """ceil(trips / stride)"""
        if self.stride == 1:
            return index_expression(self.trips)
        return binary("fdiv", index_expression(self.trips + (self.stride - 1)), index(self.stride))


def while_loop(scope: Scope, node: ast.While) -> None:
    """`while i < n: ...; i += 1` is a counted loop, also with several counters; any other stays a while loop."""
    if node.orelse:
        raise expressions.refuse(scope, node, "while ... else", "put the else part after the loop")
    counted = _counted(scope, node)
    if counted is None:
        _general(scope, node)
        return
    if len(counted.steps) == 1:
        _single(scope, node, counted)
    else:
        _several(scope, node, counted)


def _single(scope: Scope, node: ast.While, counted: Counted) -> None:
    """One counter: a range from its start."""
    ((name, step),) = counted.steps.items()
    low = counted.starts[name]
    high = index_expression(polynomial(low) + counted.trips * (1 if step > 0 else -1))
    iteration.trips(scope, iteration.Course(low, high, step, "", lambda counter: {name: counter}))
    counter = param(scope.counter_name(""), INDEX)
    _emit(scope, node, counted, (counter, low, high, step), {name: counter})


def _several(scope: Scope, node: ast.While, counted: Counted) -> None:
    """Several counters: functions of the iteration."""
    least = counted.trips + (counted.stride - 1)
    if not scope.facts.nonnegative(least):
        iteration.demand(scope, index_expression(counted.trips))
    counter = param(scope.counter_name(""), INDEX)
    bound = {name: counted.at(name, counter) for name in counted.steps}
    _emit(scope, node, counted, (counter, index(0), counted.count(), 1), bound)


def _emit(
    scope: Scope, node: ast.While, counted: Counted, course: tuple[Expr, Expr, Expr, int], bound: dict[str, Expr]
) -> None:
    """The loop over a course, and the counters after it where somebody reads them."""
    counter, low, high, step = course
    label = scope.label()
    saved = (scope.facts, dict(scope.counters), dict(scope.views))
    expressions.with_facts(scope, counter, low, high, step)
    scope.counters.update(bound)
    body = statements.block(scope, counted.body)
    scope.facts, scope.counters, scope.views = saved
    at = scope.module.place.at(node)
    statements.emit(scope, For(counter.name, low, high, step, body, label, at))
    count = counted.count()
    if not scope.facts.nonnegative(counted.trips + (counted.stride - 1)):
        count = binary("max", count, index(0))
    for name in counted.steps:
        if _read_outside(scope, node, name):
            statements.emit(scope, Assign(scope.scalars[name].name, counted.at(name, count), at))


def _counted(scope: Scope, node: ast.While) -> Counted | None:
    """The counters of a loop whose test compares whole numbers that change by constants; None for other loops."""
    test = node.test
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1):
        return None
    body = list(node.body)
    steps: dict[str, int] = {}
    while body and (change := change_of(body[-1])) is not None and change[0] not in steps:
        steps[change[0]] = change[1]
        body.pop()
    parts = (test.left, test.comparators[0])
    tested = {n.id for p in parts for n in ast.walk(p) if isinstance(n, ast.Name)}
    changed = _assigned(body)
    steps = dict(reversed([(n, c) for n, c in steps.items() if n not in changed]))
    kept = [s for s in node.body[len(body) :] if (change_of(s) or ("", 0))[0] not in steps]
    if not steps or not tested & steps.keys() or tested & changed or kept:
        return None
    if any(scope.types.variables[n].leaf.level > Level.INT for n in steps):
        return None
    if any(n not in scope.scalars and n not in scope.constants for n in steps):
        return None  # it has no value before the loop
    starts = {n: _start(scope, n) for n in steps}
    return _bounded(scope, test.ops[0], parts, steps, starts, body)


def _bounded(
    scope: Scope, op: ast.cmpop, parts: tuple[ast.expr, ast.expr], steps: dict[str, int], starts: dict[str, Expr],
    body: list[ast.stmt],
) -> Counted | None:  # fmt: skip
    """The trips of a loop whose test is `low < high`, each side a linear function of the iteration."""
    here = fresh()
    saved = dict(scope.counters)
    scope.counters.update({
        n: index_expression(polynomial(starts[n]) + polynomial(here) * c) for n, c in steps.items()
    })  # fmt: skip
    left, right = (expressions.expression(scope, p) for p in parts)
    scope.counters = saved
    if left.dtype not in (INDEX, "int") or right.dtype not in (INDEX, "int"):
        return None
    gap = polynomial(index_of(right)) - polynomial(index_of(left))
    slope = gap.coefficient(here)
    if slope is None or slope.constant is None or any(here.number in a.free for a in gap.without(here).atoms):
        return None
    if isinstance(op, ast.Gt | ast.GtE) or (isinstance(op, ast.NotEq) and slope.constant > 0):
        gap, slope = -gap, -slope
    stride = -(slope.constant or 0)
    if stride < 1 or not isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE | ast.NotEq):
        return None
    if isinstance(op, ast.NotEq) and stride != 1:
        return None
    trips = gap.without(here) + isinstance(op, ast.LtE | ast.GtE)
    return Counted(steps, starts, trips, stride, body)


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


def _general(scope: Scope, node: ast.While) -> None:
    test = expressions.condition(scope, node.test)
    label = scope.label()
    body = statements.block(scope, node.body)
    statements.emit(scope, While(test, body, label, scope.module.place.at(node)))
