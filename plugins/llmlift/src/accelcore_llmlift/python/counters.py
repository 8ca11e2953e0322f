"""Counters of while loops that change before the end of the body: `i -= 1` first, then `x[i]`.

Where a counter is changed by a constant, once, on the body's own level, the change moves to the end and what follows it
reads `i - 1` instead.  Then a loop's counters are functions of its iteration, see `loops`.
"""

from __future__ import annotations

import ast
import copy

Change = tuple[str, int]
"""A variable and what is added to it in each iteration."""


def change_of(node: ast.stmt) -> Change | None:
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


def counters_last(function: ast.FunctionDef) -> None:
    """Move the changes of counters to the ends of their loops; the tree is changed in place."""
    for node in ast.walk(function):
        if isinstance(node, ast.While):
            node.body = _moved(node.body, {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)})


def _moved(body: list[ast.stmt], tested: set[str]) -> list[ast.stmt]:
    """The body with the changes of tested counters at its end, in their order."""
    last: list[ast.stmt] = []
    for name in sorted(tested):
        places = [at for at, s in enumerate(body) if (change_of(s) or ("", 0))[0] == name]
        stores = [n for s in body for n in ast.walk(s)
                  if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)]  # fmt: skip
        if len(places) != 1 or len(stores) != 1:
            continue
        at = places[0]
        change = body[at]
        step = (change_of(change) or ("", 0))[1]
        later = [_Ahead(name, step).visit(s) for s in body[at + 1 :]]
        body = [*body[:at], *later]
        last.append(change)
    return [*body, *last]


class _Ahead(ast.NodeTransformer):
    """Reads of a counter after its change, in terms of its value before."""

    def __init__(self, name: str, step: int) -> None:
        self.name, self.step = name, step

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """The counter, one step on."""
        if node.id != self.name:
            return node
        value = ast.Constant(value=abs(self.step))
        op = ast.Add() if self.step > 0 else ast.Sub()
        return ast.fix_missing_locations(ast.copy_location(ast.BinOp(copy.copy(node), op, value), node))
