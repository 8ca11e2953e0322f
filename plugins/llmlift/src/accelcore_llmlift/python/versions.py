"""A name that stands for one value after another becomes several names.

`x = x.reshape(n, -1)`, `h = relu(h)`: where every assignment of a name is a statement of the function's own level,
each is a definition that reaches the statements up to the next one.  A parameter keeps its name for the value that the
caller gave; a local variable keeps it for its last value, which is the one that is returned.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass


def versions(function: ast.FunctionDef) -> None:
    """Give every definition of such a name a name of its own; the tree is changed in place."""
    params = {a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
    taken = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)} | params
    for name, count in _definitions(function).items():
        if count + (name in params) > 1 and _at_top_level(function, name):
            _Versions(name, _names(name, count, name in params, taken)).block(function.body)


def _definitions(function: ast.FunctionDef) -> dict[str, int]:
    """How often each name is assigned by a statement of the function's own level."""
    found: dict[str, int] = {}
    for statement in function.body:
        for name in sorted(_defined(statement)):
            found[name] = found.get(name, 0) + 1
    return found


def _defined(statement: ast.stmt) -> set[str]:
    """Names that a plain assignment defines."""
    if not isinstance(statement, ast.Assign):
        return set()
    parts = [p for t in statement.targets for p in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
    return {p.id for p in parts if isinstance(p, ast.Name)}


def _at_top_level(function: ast.FunctionDef, name: str) -> bool:
    """Whether nothing but plain assignments of the function's own level binds a name."""
    stores = sum(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store | ast.Del) for n in ast.walk(function)
    )
    own = sum(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
        for s in function.body if isinstance(s, ast.Assign) for t in s.targets for n in ast.walk(t)
    )  # fmt: skip
    inside = sum(isinstance(n, ast.Name) and n.id == name for s in function.body for n in _bound_by_comprehensions(s))
    return stores == own and not inside and _changes_shape(function, name)


def _bound_by_comprehensions(statement: ast.stmt) -> list[ast.AST]:
    return [n for c in ast.walk(statement) if isinstance(c, ast.comprehension) for n in ast.walk(c.target)]


def _changes_shape(function: ast.FunctionDef, name: str) -> bool:
    """Whether a definition computes an array: calls something, slices, or does arithmetic on what it names itself.

    Numbers that are assigned again are left as they are: one variable is easier to read.
    """
    values = [s.value for s in function.body if isinstance(s, ast.Assign) and name in _defined(s)]
    arrays = (ast.Call, ast.Attribute, ast.MatMult, ast.Subscript)
    return any(isinstance(n, arrays) for v in values for n in ast.walk(v))


def _names(name: str, count: int, parameter: bool, taken: set[str]) -> list[str]:
    """Names of the definitions in order."""
    found = []
    for number in range(1, count + 1):
        new = f"{name}_{number}"
        while new in taken:
            new += "_"
        taken.add(new)
        found.append(new)
    return found if parameter else [*found[:-1], name]


@dataclass
class _Versions:
    """Renames reads to the definition that reaches them."""

    name: str
    names: list[str]
    current: str = ""

    def block(self, body: list[ast.stmt]) -> None:
        self.current = self.name
        left = list(self.names)
        for statement in body:
            if self.name in _defined(statement):
                assert isinstance(statement, ast.Assign)
                self.rename(statement.value)
                self.current = left.pop(0)
                for target in statement.targets:
                    self.rename(target)
            else:
                self.rename(statement)

    def rename(self, node: ast.AST) -> None:
        for n in ast.walk(node):
            if isinstance(n, ast.Name) and n.id == self.name:
                n.id = self.current
