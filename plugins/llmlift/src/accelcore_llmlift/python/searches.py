"""Loops that stop at the first hit, as loops over the whole range.

Only where the rest of the range cannot matter: the loop's body is one `if c:` whose branch ends the loop, so that no
other statement runs in later iterations.

* `if c: found = True; break` assigns constants: assigning them again changes nothing, the break goes.
* `if c: where = i; break` keeps the first hit: the loop runs backwards, so that the first hit is assigned last.
* `for ...: if c: return a` followed by `return b` assigns a result in the same two ways.
"""

from __future__ import annotations

import ast

RESULT = "found_result"


def searches(body: list[ast.stmt]) -> list[ast.stmt]:
    """The block with its searches rewritten; what does not match stays, and is refused by the translation."""
    found: list[ast.stmt] = []
    for at, statement in enumerate(body):
        if isinstance(statement, ast.For):
            rest = body[at + 1 :]
            returned = _returning(statement, rest)
            if returned is not None:
                return [*found, *returned]
            found.append(_breaking(statement))
            continue
        for name in ("body", "orelse"):
            inner = getattr(statement, name, None)
            if isinstance(inner, list):
                setattr(statement, name, searches(inner))
        found.append(statement)
    return found


def _hit(loop: ast.For, end: type[ast.stmt]) -> ast.If | None:
    """The only statement of a loop, when it is an `if` that ends the loop in this way."""
    if len(loop.body) == 1 and isinstance(loop.body[0], ast.If) and not loop.orelse:
        test = loop.body[0]
        if not test.orelse and test.body and isinstance(test.body[-1], end):
            return test
    return None


def _breaking(loop: ast.For) -> ast.For:
    test = _hit(loop, ast.Break)
    if test is None:
        loop.body = searches(loop.body)
        return loop
    values = [s.value for s in test.body[:-1] if isinstance(s, ast.Assign)]
    if len(values) != len(test.body) - 1 or not values:
        return loop
    if not all(_constant(v) for v in values) and not _backwards(loop):
        return loop
    del test.body[-1]
    return loop


def _returning(loop: ast.For, rest: list[ast.stmt]) -> list[ast.stmt] | None:
    test = _hit(loop, ast.Return)
    if test is None or len(test.body) != 1 or len(rest) != 1 or not isinstance(rest[0], ast.Return):
        return None
    inside, after = test.body[0], rest[0]
    assert isinstance(inside, ast.Return)
    if inside.value is None or after.value is None:
        return None
    if not _constant(inside.value) and not _backwards(loop):
        return None
    start = ast.Assign(targets=[ast.Name(id=RESULT, ctx=ast.Store())], value=after.value)
    store = ast.Assign(targets=[ast.Name(id=RESULT, ctx=ast.Store())], value=inside.value)
    test.body = [ast.copy_location(store, inside)]
    back = ast.Return(value=ast.Name(id=RESULT, ctx=ast.Load()))
    return [ast.copy_location(start, loop), loop, ast.copy_location(back, after)]


def _constant(value: ast.expr) -> bool:
    inner = value.operand if isinstance(value, ast.UnaryOp) else value
    return isinstance(inner, ast.Constant)


def _backwards(loop: ast.For) -> bool:
    """Turn the loop around; False when its iterable cannot be."""
    if isinstance(loop.iter, ast.Call) and isinstance(loop.iter.func, ast.Name) and loop.iter.func.id in ("zip",):
        return False
    call = ast.Call(func=ast.Name(id="reversed", ctx=ast.Load()), args=[loop.iter], keywords=[])
    loop.iter = ast.copy_location(call, loop.iter)
    return True
