"""C loops: a loop that counts in constant steps becomes `for ... in range(...)`.

The number of iterations of any other is found from its condition and what an iteration adds to the variables in it:
`while (p < end) { ...; p++; }`, `while (i < j) { i++; j--; }`, `while (n--)`, `for (i = n; i-- > 0; )`.
"""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c import containers, structures
from accelcore_llmlift.c.declarations import text
from accelcore_llmlift.c.syntax import bare, call, minus, name, number, plus, stepped, store, walk

if TYPE_CHECKING:
    from tree_sitter import Node

    from accelcore_llmlift.c.statements import Writer
else:
    Node = Any

FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Lt: ast.Gt, ast.LtE: ast.GtE}
NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip


def range_loop(writer: Writer, node: Node) -> list[ast.stmt]:
    """`for (auto x : v)`: a loop over the positions."""
    reader = writer.reader
    right, declarator = reader.child(node, "right"), reader.child(node, "declarator")
    stem = text(declarator).strip("& ")
    if text(right) in reader.instances:
        counter = reader.unused(f"{stem}_at")
        structures.alias(reader, stem, text(right), name(counter))
        first_field = reader.fields[f"{text(right)}.{reader.instances[text(right)][0]}"]
        return [containers.loop(counter, call("range", call("len", name(first_field))), writer.body(node))]
    container = reader.expression(right)
    counter, span, at = containers.over(reader, container, stem)
    first = containers.bind_element(reader, node, container, at)
    return [containers.loop(counter, span, [*first, *writer.body(node)])]


def for_loop(writer: Writer, node: Node) -> list[ast.stmt]:
    """A counting loop becomes `for ... in range(...)`; any other the while loop that it abbreviates."""
    before: list[ast.stmt] = []
    start = node.child_by_field_name("initializer")
    if start is not None:
        before = writer.declaration(start) if start.type == "declaration" else writer.effect(start)
    test, leading = _condition(writer, node)
    update = node.child_by_field_name("update")
    pending, writer.reader.before, writer.reader.after = (writer.reader.before, writer.reader.after), [], []
    writer.counting = True
    step = writer.effect(update) if update is not None else []
    writer.counting = False
    step = [*writer.reader.before, *step, *writer.reader.after]
    writer.reader.before, writer.reader.after = pending
    body = [*leading, *writer.body(node)] or [ast.Pass()]
    counted = counting(before, test, step, body)
    if counted is not None:
        return [*before[:-1], counted, *_after(writer, node, counted)]
    if step and any(isinstance(n, ast.Continue) for s in body for n in _same_loop(s)):
        raise writer.reader.refuse(node, "continue in a for loop that does not count in constant steps",
                                   "put the rest of the body under an if")
    return [*before, *_general(writer, node, test, [*body, *step], leading)]


def while_loop(writer: Writer, node: Node) -> list[ast.stmt]:
    """A while loop."""
    test, leading = _condition(writer, node)
    return _general(writer, node, test, [*leading, *writer.body(node)] or [ast.Pass()], leading)


def do_loop(writer: Writer, node: Node) -> list[ast.stmt]:
    """do ... while: the while loop, where its condition holds at the start; that becomes a precondition."""
    body = writer.body(node)
    test, leading, first = _stepping_condition(writer, node)
    if leading:
        raise writer.reader.refuse(node, "a step after the condition of do ... while", "step in the body")
    body = [*body, *first]  # `while (++p < end)` steps at the end of the body
    if isinstance(test, ast.Constant):
        return _general(writer, node, test, body, [])
    return [ast.Assert(test=copy.deepcopy(test)), *_general(writer, node, test, body, [])]


def _condition(writer: Writer, node: Node) -> tuple[ast.expr, list[ast.stmt]]:
    """The condition, and the steps that evaluating it makes: they belong to the start of the body."""
    test, steps, first = _stepping_condition(writer, node)
    if first:
        raise writer.reader.refuse(node, "a step before the condition of a loop", "step in the body")
    return test, steps


def _stepping_condition(writer: Writer, node: Node) -> tuple[ast.expr, list[ast.stmt], list[ast.stmt]]:
    """The condition, the steps after its evaluation, and those before it."""
    reader, condition = writer.reader, node.child_by_field_name("condition")
    if condition is None or (condition.type == "condition_clause" and not condition.named_children):
        return ast.Constant(value=True), [], []
    pending, reader.before, reader.after = (reader.before, reader.after), [], []
    test = reader.condition(_inner(condition))
    steps, first = reader.after, reader.before
    reader.before, reader.after = pending
    _always(writer, condition, test)
    return test, steps, first


def _inner(condition: Node) -> Node:
    while condition.type in ("condition_clause", "parenthesized_expression"):
        condition = condition.child_by_field_name("value") or condition.named_children[0]
    return condition


def _always(writer: Writer, node: Node, test: ast.expr) -> None:
    """An unsigned counter is never below 0: `i >= 0` does not end its loop."""
    match test:
        case ast.Compare(left=ast.Name(id=counter), ops=[ast.GtE()], comparators=[ast.Constant(value=0)]):
            if counter in writer.reader.types and writer.reader.types[counter].counts:
                raise writer.reader.refuse(node, f"{text(node)}: always true of an unsigned number",
                                           "count with int, or write i-- > 0")


def _same_loop(statement: ast.stmt) -> list[ast.AST]:
    """The nodes of a statement that belong to the loop around it."""
    if isinstance(statement, ast.For | ast.While):
        return []
    found: list[ast.AST] = [statement]
    for child in ast.iter_child_nodes(statement):
        found += _same_loop(child) if isinstance(child, ast.stmt) else [child]
    return found


# Counting loops.


def counting(before: list[ast.stmt], test: ast.expr, step: list[ast.stmt], body: list[ast.stmt]) -> ast.For | None:
    """`i = a; i < b; i += c` as range(a, b, c), when the body changes neither i nor b."""
    if before and isinstance(before[-1], ast.Assign) and isinstance(before[-1].targets[0], ast.Name):
        test = _isolated(test, before[-1].targets[0].id)
    body, step = _last_step(test, step, body)
    match before, test, step:
        case (
            [*_, ast.Assign(targets=[ast.Name(id=i)], value=low)],
            ast.Compare(left=ast.Name(id=j), ops=[op], comparators=[high]),
            [ast.AugAssign(
                target=ast.Name(id=k), op=ast.Add() | ast.Sub() as sign, value=ast.Constant(value=int() as c)
            )],
        ) if i == j == k and c:
            pass
        case _:
            return None
    c = c if isinstance(sign, ast.Add) else -c
    if i in changed(body) or not _fixed(high, body):
        return None
    bound = _bound(op, high, c)
    if bound is None:
        return None
    return ast.For(target=ast.Name(id=i, ctx=ast.Store()), iter=call("range", low, bound, number(c)), body=body,
                   orelse=[])


def _bound(op: ast.cmpop, high: ast.expr, c: int) -> ast.expr | None:
    """The end of the range for a condition."""
    if isinstance(op, ast.Lt if c > 0 else ast.Gt) or (isinstance(op, ast.NotEq) and abs(c) == 1):
        return high
    if isinstance(op, ast.LtE if c > 0 else ast.GtE):
        return plus(high, number(1)) if c > 0 else minus(high, number(1))
    return None


def _last_step(
    test: ast.expr, step: list[ast.stmt], body: list[ast.stmt]
) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """`i++, p++`: the steps of other variables as the end of the body."""
    if len(step) < 2 or not (isinstance(test, ast.Compare) and isinstance(test.left, ast.Name)):
        return body, step
    counter = test.left.id
    own = [s for s in step if isinstance(s, ast.AugAssign) and getattr(s.target, "id", "") == counter]
    others = [s for s in step if not any(s is o for o in own)]
    free = not any(isinstance(n, ast.Name) and n.id == counter for s in others for n in ast.walk(s))
    if len(own) == 1 and free and not any(isinstance(n, ast.Continue) for s in body for n in _same_loop(s)):
        return [*body, *others], list(own)
    return body, step


def _names(e: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(e) if isinstance(n, ast.Name)}


def changed(body: list[ast.stmt]) -> set[str]:
    """Names and arrays that a block changes."""
    found = set()
    for n in (n for s in body for n in ast.walk(s)):
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store):
            found.add(n.id)
        elif isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store):
            base: ast.expr = n
            while isinstance(base, ast.Subscript):
                base = base.value
            found |= _names(base)
        elif isinstance(n, ast.Attribute) and n.attr == "append":
            found |= _names(n.value)
    return found


def _fixed(e: ast.expr, body: list[ast.stmt]) -> bool:
    """Whether a block leaves an expression as it is; stores into elements do not change lengths."""
    measured = {id(n) for c in ast.walk(e) if isinstance(c, ast.Call) and ast.unparse(c.func) == "len"
                for n in ast.walk(c.args[0])}  # fmt: skip
    whole = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    whole |= {i for s in body for n in ast.walk(s) if isinstance(n, ast.Attribute) for i in _names(n.value)}
    every = changed(body)
    return not any(isinstance(n, ast.Name) and n.id in (whole if id(n) in measured else every) for n in ast.walk(e))


def _isolated(test: ast.expr, counter: str) -> ast.expr:
    """`i + k < n` as `i < n - k`, `n > i` as `i < n`."""
    match test:
        case ast.Compare(left=left, ops=[op], comparators=[ast.Name(id=i)]) if i == counter and type(op) in FLIPPED:
            return ast.Compare(left=name(counter), ops=[FLIPPED[type(op)]()], comparators=[left])
        case ast.Compare(
            left=ast.BinOp(left=ast.Name(id=i), op=ast.Add() | ast.Sub() as sign, right=k), ops=[op],
            comparators=[high],
        ) if i == counter and counter not in _names(k):
            opposite: ast.operator = ast.Sub() if isinstance(sign, ast.Add) else ast.Add()
            return ast.Compare(left=name(counter), ops=[op],
                               comparators=[ast.BinOp(left=high, op=opposite, right=k)])  # fmt: skip
    return test


def _after(writer: Writer, node: Node, loop: ast.For) -> list[ast.stmt]:
    """The counter's value after the loop, where something reads it."""
    assert isinstance(loop.target, ast.Name)
    assert isinstance(loop.iter, ast.Call)
    counter, (low, high, step) = loop.target.id, loop.iter.args
    if not _read_after(node, counter):
        return []
    assert isinstance(step, ast.Constant)
    assert isinstance(step.value, int)
    return [store(counter, _final(copy.deepcopy(low), copy.deepcopy(high), step.value))]


def _final(low: ast.expr, high: ast.expr, step: int) -> ast.expr:
    """low + step * trips of range(low, high, step)."""
    if abs(step) == 1:
        return call("max" if step > 0 else "min", low, high)
    distance = minus(high, low) if step > 0 else minus(low, high)
    trips = ast.BinOp(left=plus(call("max", distance, number(0)), number(abs(step) - 1)), op=ast.FloorDiv(),
                      right=number(abs(step)))  # fmt: skip
    moved = ast.BinOp(left=trips, op=ast.Mult(), right=number(abs(step)))
    return plus(copy.deepcopy(low), moved) if step > 0 else minus(copy.deepcopy(low), moved)


def _read_after(node: Node, counter: str) -> bool:
    """Whether a name is read behind a loop before it is assigned again, in the order of the text."""
    start = node.child_by_field_name("initializer")
    if start is not None and start.type == "declaration":
        return False
    function = node
    while function.parent is not None and function.type not in ("function_definition", "lambda_expression"):
        function = function.parent
    later = [n for n in walk(function) if n.type == "identifier" and text(n) == counter
             and n.start_byte >= node.end_byte]  # fmt: skip
    return bool(later) and not _assigned(min(later, key=lambda n: n.start_byte))


def _assigned(use: Node) -> bool:
    parent = use.parent
    if parent is not None and parent.type == "init_declarator":
        return True
    if parent is None or parent.type != "assignment_expression":
        return parent is not None and parent.type == "declaration"
    return parent.child_by_field_name("left") == use and text(parent.child_by_field_name("operator")) == "="


# Other loops.


def _general(
    writer: Writer, node: Node, test: ast.expr, body: list[ast.stmt], leading: list[ast.stmt]
) -> list[ast.stmt]:
    """A loop by its number of iterations, where that can be found."""
    test, body = _first_break(test, body)
    test = _number_test(test)
    found = None if _plain(test, body) else _trips(test, body)
    if found is None:
        if leading:
            raise writer.reader.refuse(node, "a step in the condition of a loop that does not count",
                                       "step in the body")
        return [ast.While(test=test, body=body, orelse=[])]
    counter = writer.reader.unused("turn")
    loop = ast.For(target=ast.Name(id=counter, ctx=ast.Store()), iter=call("range", *found), body=body, orelse=[])
    last = [copy.deepcopy(s) for s in leading]  # the test that fails steps once more
    return [loop, *last]


def _plain(test: ast.expr, body: list[ast.stmt]) -> bool:
    """`while (i < n) { ...; i++; }`, which the translation of while loops counts itself."""
    match test, body:
        case (
            ast.Compare(left=ast.Name(id=i), ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()], comparators=[high]),
            [*inner, ast.AugAssign(target=ast.Name(id=j))],
        ) if i == j:
            return not ({i} | _names(high)) & changed(inner) and i not in _names(high)
    return False


def _first_break(test: ast.expr, body: list[ast.stmt]) -> tuple[ast.expr, list[ast.stmt]]:
    """`for (;;) { if (c) break; ...}` is `while (!c) {...}`."""
    forever = isinstance(test, ast.Constant) and bool(test.value)
    match body:
        case [ast.If(test=stop, body=[ast.Break()], orelse=[]), *rest] if forever:
            return _opposite(stop), rest or [ast.Pass()]
    return test, body


def _opposite(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return ast.Compare(left=test.left, ops=[NEGATED[type(test.ops[0])]()], comparators=test.comparators)
    return ast.UnaryOp(op=ast.Not(), operand=test)


def _number_test(test: ast.expr) -> ast.expr:
    """`while (n)` is `while (n != 0)`."""
    if isinstance(test, ast.Name):
        return ast.Compare(left=test, ops=[ast.NotEq()], comparators=[number(0)])
    return test


def _trips(test: ast.expr, body: list[ast.stmt]) -> tuple[ast.expr, ...] | None:
    """The arguments of a range with as many elements as a loop has iterations; None where that is not known."""
    if not isinstance(test, ast.Compare) or any(
        isinstance(n, ast.Break | ast.Continue | ast.Return) for s in body for n in _same_loop(s)
    ):
        return None
    left, op, right = test.left, test.ops[0], test.comparators[0]
    speed = _difference(_speed(right, body), _speed(left, body))
    if not speed:
        return None
    if isinstance(op, ast.NotEq):
        op = ast.Lt() if speed == -1 else ast.Gt() if speed == 1 else op
    if isinstance(op, ast.Lt | ast.LtE) and speed < 0:
        distance = minus(right, left)
    elif isinstance(op, ast.Gt | ast.GtE) and speed > 0:
        distance = minus(left, right)
    else:
        return None
    if isinstance(op, ast.LtE | ast.GtE):
        distance = plus(distance, number(1))
    return (distance,) if abs(speed) == 1 else (number(0), distance, number(abs(speed)))


def _difference(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a - b


def _speed(e: ast.expr, body: list[ast.stmt]) -> int | None:
    """What one iteration adds to an expression; None where that is not a constant."""
    match e:
        case ast.Name(id=variable):
            return _steps(variable, body)
        case ast.BinOp(left=a, op=ast.Add(), right=b):
            x, y = _speed(a, body), _speed(b, body)
            return None if x is None or y is None else x + y
        case ast.BinOp(left=a, op=ast.Sub(), right=b):
            return _difference(_speed(a, body), _speed(b, body))
        case ast.UnaryOp(op=ast.USub(), operand=a):
            return _difference(0, _speed(a, body))
    return 0 if not _names(e) & changed(body) else None


def _steps(variable: str, body: list[ast.stmt]) -> int | None:
    """The sum of the steps of a variable that only steps, at the top level of a body."""
    total, seen = 0, 0
    for statement in body:
        match statement:
            case ast.AugAssign(
                target=ast.Name(id=v), op=ast.Add() | ast.Sub() as op, value=ast.Constant(value=int() as c)
            ) if v == variable:
                total += c if isinstance(op, ast.Add) else -c
                seen += 1
    stores = [n for s in body for n in ast.walk(s)
              if isinstance(n, ast.Name) and n.id == variable and isinstance(n.ctx, ast.Store)]  # fmt: skip
    return total if len(stores) == seen else None


__all__ = ["bare", "changed", "do_loop", "for_loop", "range_loop", "stepped", "while_loop"]
