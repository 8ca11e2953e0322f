"""Elements at fixed places that a loop updates (`*sum += a[i]`, `out[0] += v`) become variables.

An array parameter that is only ever used as `p[c]` with constant c holds numbers, not a sequence: the function reads
each into a variable at its start and stores it back at its end, as a compiler keeps it in a register.
"""

from __future__ import annotations

import ast


def cells(function: ast.FunctionDef) -> ast.FunctionDef:
    """The function with such elements in variables; the tree is changed in place."""
    names = [a.arg for a in function.args.args]
    found = {n: places for n in names if (places := _places(function, n)) and _updated(function, n)}
    if not found:
        return function
    taken = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
    variables = {(n, c): _free(f"{n}_{c}", taken) for n, places in found.items() for c in sorted(places)}
    body = [_Rename(variables).visit(s) for s in function.body]
    first = [_assign(ast.Name(id=v, ctx=ast.Store()), _cell(n, c, ast.Load())) for (n, c), v in variables.items()]
    last = [_assign(_cell(n, c, ast.Store()), ast.Name(id=v, ctx=ast.Load())) for (n, c), v in variables.items()]
    end = len(body) - 1 if body and isinstance(body[-1], ast.Return) else len(body)
    new = [*first, *body[:end], *last, *body[end:]]
    for statement in (*first, *last):
        for node in ast.walk(statement):
            ast.copy_location(node, function)
    function.body = new
    return ast.fix_missing_locations(function)


def _places(function: ast.FunctionDef, name: str) -> set[int] | None:
    """The constant places at which an array is used, None when it is used in any other way."""
    bases = {
        id(n.value): n.slice.value for n in ast.walk(function)
        if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name) and n.value.id == name
        and isinstance(n.slice, ast.Constant) and type(n.slice.value) is int and n.slice.value >= 0
    }  # fmt: skip
    uses = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name]
    return set(bases.values()) if uses and all(id(n) in bases for n in uses) else None


def _updated(function: ast.FunctionDef, name: str) -> bool:
    """Whether a loop stores into the array."""
    return any(
        isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store) and isinstance(n.value, ast.Name)
        and n.value.id == name
        for loop in ast.walk(function) if isinstance(loop, ast.For | ast.While) for n in ast.walk(loop)
    )  # fmt: skip


def _free(stem: str, taken: set[str]) -> str:
    while stem in taken:
        stem += "_"
    taken.add(stem)
    return stem


def _cell(name: str, place: int, context: ast.expr_context) -> ast.Subscript:
    return ast.Subscript(value=ast.Name(id=name, ctx=ast.Load()), slice=ast.Constant(value=place), ctx=context)


def _assign(target: ast.expr, value: ast.expr) -> ast.Assign:
    return ast.Assign(targets=[target], value=value)


class _Rename(ast.NodeTransformer):
    """p[c] to its variable."""

    def __init__(self, variables: dict[tuple[str, int], str]) -> None:
        self.variables = variables

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """An element that is a variable now, or a subscript with its parts visited."""
        if (
            isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, int)
        ):  # fmt: skip
            variable = self.variables.get((node.value.id, node.slice.value))
            if variable is not None:
                return ast.copy_location(ast.Name(id=variable, ctx=node.ctx), node)
        self.generic_visit(node)
        return node
