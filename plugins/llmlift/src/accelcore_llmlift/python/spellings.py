"""Other spellings of what the front end reads: lambdas in `map`, functions inside the function, tests for None."""

from __future__ import annotations

import ast
import copy

from accelcore_llmlift.python.module import Module


def plain(module: Module, function: ast.FunctionDef) -> ast.FunctionDef:
    """The function in the plain spelling; functions inside it join those of the file."""
    nested = [s for s in function.body if isinstance(s, ast.FunctionDef)]
    for helper in nested:
        module.functions[helper.name] = helper
    function.body = [s for s in function.body if s not in nested]
    arguments = {a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
    _Plain(arguments).generic_visit(function)
    return ast.fix_missing_locations(function)


class _Plain(ast.NodeTransformer):
    """map and filter to generators; an argument is never None."""

    def __init__(self, arguments: set[str]) -> None:
        self.arguments = arguments

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """`map(lambda v: e, x)` is `(e for v in x)`, `list(...)` of a generator a list."""
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="map"), args=[function, source], keywords=[]):
                return ast.copy_location(_mapped(function, source), node)
            case ast.Call(func=ast.Name(id="filter"), args=[function, source], keywords=[]):
                return ast.copy_location(_filtered(function, source), node)
            case ast.Call(func=ast.Name(id="list" | "tuple"), args=[ast.GeneratorExp() as source], keywords=[]):
                return ast.copy_location(ast.ListComp(elt=source.elt, generators=source.generators), node)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """`x is None` of an argument."""
        self.generic_visit(node)
        match node:
            case ast.Compare(left=ast.Name(id=name), ops=[ast.Is() | ast.IsNot() as op],
                             comparators=[ast.Constant(value=None)]) if name in self.arguments:  # fmt: skip
                return ast.copy_location(ast.Constant(value=isinstance(op, ast.IsNot)), node)
        return node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        """A branch whose test is known."""
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant) and isinstance(node.test.value, bool):
            return node.body if node.test.value else node.orelse or ast.copy_location(ast.Pass(), node)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """A choice whose test is known."""
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant) and isinstance(node.test.value, bool):
            return node.body if node.test.value else node.orelse
        return node


def _target(function: ast.expr) -> tuple[str, ast.expr | None]:
    """The variable and the value of a lambda of one parameter; ("v", None) for a named function."""
    if isinstance(function, ast.Lambda) and len(function.args.args) == 1:
        return function.args.args[0].arg, function.body
    return "item", None


def _mapped(function: ast.expr, source: ast.expr) -> ast.expr:
    name, value = _target(function)
    element = value or ast.Call(func=function, args=[ast.Name(id=name, ctx=ast.Load())], keywords=[])
    part = ast.comprehension(target=ast.Name(id=name, ctx=ast.Store()), iter=source, ifs=[], is_async=0)
    return ast.GeneratorExp(elt=element, generators=[part])


def _filtered(function: ast.expr, source: ast.expr) -> ast.expr:
    name, value = _target(function)
    test = value or ast.Call(func=copy.deepcopy(function), args=[ast.Name(id=name, ctx=ast.Load())], keywords=[])
    part = ast.comprehension(target=ast.Name(id=name, ctx=ast.Store()), iter=source, ifs=[test], is_async=0)
    return ast.GeneratorExp(elt=ast.Name(id=name, ctx=ast.Load()), generators=[part])
