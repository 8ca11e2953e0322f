"""Short loops over what the source writes out: `for d in (-1, 0, 1)`, `for k in range(3)` with `TABLE[k]`.

Such a loop is its body, once for each value: coefficients become numbers, and no element is chosen by an index.
"""

from __future__ import annotations

import ast
import copy

from accelcore_llmlift.python.module import Module

MOST = 32
"""Copies of a body that nested loops may make together."""


def unroll(module: Module, function: ast.FunctionDef) -> ast.FunctionDef:
    """The function with short constant loops written out."""
    tables = {n for n, value in module.constants.items() if isinstance(value, ast.List | ast.Tuple)}
    stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for statement in function.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.List() | ast.Tuple() as value) if _literal(value):
                stores = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name]
                if sum(isinstance(n.ctx, ast.Store) for n in stores) == 1 and not _changed(function, name):
                    tables.add(name)
                    stored.discard(name)
    _Unroll(module, tables - stored).generic_visit(function)
    _Flat().generic_visit(function)
    return ast.fix_missing_locations(function)


def _literal(value: ast.expr) -> bool:
    if isinstance(value, ast.List | ast.Tuple):
        return bool(value.elts) and all(_literal(e) for e in value.elts)
    return isinstance(value.operand if isinstance(value, ast.UnaryOp) else value, ast.Constant)


def _changed(function: ast.FunctionDef, name: str) -> bool:
    """Whether elements of a list are stored, or it grows."""
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and name in _names(node.value):
            return True
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
            return True
    return False


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


class _Unroll(ast.NodeTransformer):
    """Writes loops out, outer ones first; `copies` counts how often the current body stands already."""

    def __init__(self, module: Module, tables: set[str]) -> None:
        self.module, self.tables, self.copies = module, tables, 1

    def visit_For(self, node: ast.For) -> ast.AST | list[ast.stmt]:
        """A loop, or its copies."""
        values = self.values(node)
        if values is None or self.copies * len(values) > MOST or not _plain(node):
            return self.generic_visit(node)
        assert isinstance(node.target, ast.Name)
        self.copies *= len(values)
        found: list[ast.stmt] = []
        for value in values:
            for statement in node.body:
                new = _Constant(node.target.id, value).visit(copy.deepcopy(statement))
                made = self.visit(new)
                found += made if isinstance(made, list) else [made]
        self.copies //= len(values)
        return found

    def values(self, node: ast.For) -> list[ast.expr] | None:
        """The values of a loop variable: numbers that are written out, or places in a table."""
        if not isinstance(node.target, ast.Name):
            return None
        source = node.iter
        if isinstance(source, ast.Name) and source.id in self.tables:
            source = self.module.constants.get(source.id, source)
        if isinstance(source, ast.List | ast.Tuple) and all(_literal(e) for e in source.elts) and source.elts:
            return list(source.elts) if not any(isinstance(e, ast.List | ast.Tuple) for e in source.elts) else None
        match source:
            case ast.Call(func=ast.Name(id="range"), args=[*bounds], keywords=[]) if bounds and self.indexes(node):
                try:
                    numbers = range(*(int(ast.literal_eval(b)) for b in bounds))
                except (ValueError, TypeError):
                    return None
                return [ast.copy_location(_number(n), node) for n in numbers] or None
        return None

    def indexes(self, node: ast.For) -> bool:
        """Whether the loop variable is a place in a table."""
        assert isinstance(node.target, ast.Name)
        return any(
            isinstance(n, ast.Subscript) and _names(n.value) & self.tables and node.target.id in _names(n.slice)
            for s in node.body for n in ast.walk(s)
        )  # fmt: skip


def _number(value: int) -> ast.expr:
    if value < 0:
        return ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=-value))
    return ast.Constant(value=value)


def _plain(node: ast.For) -> bool:
    """Whether a body has no jumps and leaves the loop variable alone."""
    assert isinstance(node.target, ast.Name)
    inside = [n for s in node.body for n in ast.walk(s)]
    jumps = any(isinstance(n, ast.Break | ast.Continue | ast.Return) for n in inside)
    stores = any(isinstance(n, ast.Name) and n.id == node.target.id and isinstance(n.ctx, ast.Store) for n in inside)
    return not jumps and not stores and not node.orelse


class _Flat(ast.NodeTransformer):
    """`for k in range(m * n): i = k // n; j = k % n; ...` as two loops, where k is used for nothing else."""

    def visit_For(self, node: ast.For) -> ast.AST:
        """A loop over pairs."""
        self.generic_visit(node)
        match node:
            case ast.For(
                target=ast.Name(id=name),
                iter=ast.Call(func=ast.Name(id="range"), args=[ast.BinOp(left=rows, op=ast.Mult(), right=columns)]),
                body=[
                    ast.Assign(targets=[ast.Name() as i], value=ast.BinOp(ast.Name(id=a), ast.FloorDiv(), by)),
                    ast.Assign(targets=[ast.Name() as j], value=ast.BinOp(ast.Name(id=b), ast.Mod(), rest)),
                    *body,
                ],
            ) if a == b == name and ast.dump(by) == ast.dump(rest) == ast.dump(columns) and body:
                if not any(name in _names(s) for s in body) and _plain(node):
                    inner = ast.For(target=j, iter=_range(columns), body=body, orelse=[])
                    outer = ast.For(target=i, iter=_range(rows), body=[ast.copy_location(inner, node)], orelse=[])
                    return ast.copy_location(outer, node)
        return node


def _range(bound: ast.expr) -> ast.Call:
    return ast.copy_location(
        ast.Call(func=ast.Name(id="range", ctx=ast.Load()), args=[copy.deepcopy(bound)], keywords=[]), bound
    )


class _Constant(ast.NodeTransformer):
    """A name replaced by a value."""

    def __init__(self, name: str, value: ast.expr) -> None:
        self.name, self.value = name, value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """The value, at the place of the name."""
        return ast.copy_location(copy.deepcopy(self.value), node) if node.id == self.name else node
