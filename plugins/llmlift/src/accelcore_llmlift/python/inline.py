"""Helper functions of the same file are put in the place of their calls.

A helper whose body is assignments, branches and a return becomes an expression.  Any other is written out before the
statement that calls it, with its local names made unique; a comprehension around such a call becomes a loop first.
"""

from __future__ import annotations

import ast
import copy

from accelcore_llmlift.python.module import Module

DEPTH = 16
"""Calls inside calls; more means recursion."""


def inline(module: Module, function: ast.FunctionDef) -> ast.FunctionDef:
    """The function with every call of a helper replaced by the helper's body."""
    inliner = _Inliner(module, function)
    function.body = inliner.block(function.body)
    return ast.fix_missing_locations(function)


class _Inliner:
    """One function; `depth` counts the helpers that are being written out."""

    def __init__(self, module: Module, function: ast.FunctionDef) -> None:
        self.module = module
        self.depth = 0
        self.count = 0
        self.locals = {a.arg for a in function.args.args} | {
            n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }

    def helper(self, node: ast.AST) -> ast.FunctionDef | None:
        """The helper that a call names; a local variable hides it."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in self.locals:
            return self.module.functions.get(node.func.id)
        return None

    def calls(self, node: ast.AST) -> bool:
        """Whether a helper is called anywhere inside."""
        return any(self.helper(n) is not None for n in ast.walk(node))

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Statements with what their calls need before them."""
        found: list[ast.stmt] = []
        for statement in body:
            found += self.statement(statement)
        return found

    def statement(self, statement: ast.stmt) -> list[ast.stmt]:
        if not self.calls(statement):
            return [statement]
        before: list[ast.stmt] = []
        for name, value in ast.iter_fields(statement):
            if isinstance(value, ast.expr):
                if isinstance(statement, ast.While) and self.calls(value):
                    value = self.pure(value)
                setattr(statement, name, _Replace(self, before).visit(value))
            elif isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                setattr(statement, name, self.block(value))
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            return before  # the call of a procedure
        return [*before, statement]

    def pure(self, value: ast.expr) -> ast.expr:
        """An expression that is evaluated again and again: its calls must become expressions."""
        before: list[ast.stmt] = []
        found: ast.expr = _Replace(self, before).visit(value)
        if before:
            raise self.module.place.refuse(value, "a helper with loops in the condition of a while loop",
                                           "compute it in a variable")
        return found

    def expand(self, call: ast.Call, helper: ast.FunctionDef, before: list[ast.stmt]) -> ast.expr:
        """The value of a call; statements that it needs go to `before`."""
        if self.depth >= DEPTH:
            raise self.module.place.refuse(call, f"{helper.name!r} calls itself", "write the recursion as a loop")
        arguments = self.bound(call, helper)
        self.depth += 1
        try:
            value = _as_expression(_body(helper), arguments)
            if value is not None:
                inner: ast.expr = _Replace(self, before).visit(value)
                return ast.copy_location(inner, call)
            return self.written_out(call, helper, arguments, before)
        finally:
            self.depth -= 1

    def bound(self, call: ast.Call, helper: ast.FunctionDef) -> dict[str, ast.expr]:
        """Arguments by parameter name, defaults included."""
        names = [a.arg for a in helper.args.args]
        found = dict(zip(names, call.args, strict=False))
        found |= {k.arg: k.value for k in call.keywords if k.arg}
        defaults = helper.args.defaults
        for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            found.setdefault(name, default)
        if set(found) != set(names) or len(call.args) > len(names):
            raise self.module.place.refuse(call, f"the arguments of {helper.name!r} do not match", "see its definition")
        return found

    def written_out(
        self, call: ast.Call, helper: ast.FunctionDef, arguments: dict[str, ast.expr], before: list[ast.stmt]
    ) -> ast.expr:
        """The helper's statements with unique names, before the statement of the call."""
        self.count += 1
        body = copy.deepcopy(_body(helper))
        stores = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names = {n: f"{helper.name}_{n}_{self.count}" for n in stores | (set(arguments) & stores)}
        mapping: dict[str, ast.expr] = {n: ast.Name(id=new, ctx=ast.Load()) for n, new in names.items()}
        for name, value in arguments.items():
            if name in stores or not isinstance(value, ast.Name | ast.Constant | ast.Subscript | ast.Attribute):
                names.setdefault(name, f"{helper.name}_{name}_{self.count}")
                mapping[name] = ast.Name(id=names[name], ctx=ast.Load())
                target = ast.Name(id=names[name], ctx=ast.Store())
                before.append(ast.copy_location(ast.Assign(targets=[target], value=value), call))
            else:
                mapping[name] = value
        body = [_Rename(mapping).visit(s) for s in body]
        self.locals |= set(names.values())
        result: ast.expr = ast.Constant(value=None)
        if body and isinstance(body[-1], ast.Return):
            last = body.pop()
            before += self.block(body)
            assert isinstance(last, ast.Return)
            result = last.value or result
            result = _Replace(self, before).visit(result)
        else:
            before += self.block(body)
        if any(isinstance(n, ast.Return) for s in before for n in ast.walk(s)):
            raise self.module.place.refuse(call, f"{helper.name!r} returns from inside a loop or branch",
                                           "return once, at its end")
        return ast.copy_location(result, call)


def _body(helper: ast.FunctionDef) -> list[ast.stmt]:
    return [s for s in helper.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]


class _Rename(ast.NodeTransformer):
    """Names replaced by expressions; a stored name only by a name."""

    def __init__(self, mapping: dict[str, ast.expr]) -> None:
        self.mapping = mapping

    def visit_Name(self, node: ast.Name) -> ast.expr:
        found = self.mapping.get(node.id)
        if found is None:
            return node
        if isinstance(node.ctx, ast.Store):
            assert isinstance(found, ast.Name)
            return ast.copy_location(ast.Name(id=found.id, ctx=ast.Store()), node)
        return ast.copy_location(copy.deepcopy(found), node)


class _Replace(ast.NodeTransformer):
    """Calls of helpers inside an expression, innermost first."""

    def __init__(self, inliner: _Inliner, before: list[ast.stmt]) -> None:
        self.inliner = inliner
        self.before = before

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        helper = self.inliner.helper(node)
        return node if helper is None else self.inliner.expand(node, helper, self.before)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        for name in ("test", "body", "orelse"):
            setattr(node, name, self.inliner.pure(getattr(node, name)) if name != "test" else self.visit(node.test))
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        return self.comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        return self.comprehension(node)

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> ast.expr:
        """A comprehension keeps its form when its calls become expressions, else it becomes a loop with append."""
        if not self.inliner.calls(node):
            return node
        trial: list[ast.stmt] = []
        copied = copy.deepcopy(node)
        count = self.inliner.count
        for at, part in enumerate(copied.generators):
            part.iter = _Replace(self.inliner, self.before if at == 0 else trial).visit(part.iter)
            part.ifs = [_Replace(self.inliner, trial).visit(t) for t in part.ifs]
        copied.elt = _Replace(self.inliner, trial).visit(copied.elt)
        if not trial:
            return copied
        self.inliner.count = count
        return self.as_loop(node)

    def as_loop(self, node: ast.ListComp | ast.GeneratorExp) -> ast.expr:
        """`[e for t in xs if c]` as a new list and a loop before the statement."""
        self.inliner.count += 1
        name = f"items_{self.inliner.count}"
        append = ast.Attribute(value=ast.Name(id=name, ctx=ast.Load()), attr="append", ctx=ast.Load())
        call = ast.Call(func=append, args=[node.elt], keywords=[])
        body: list[ast.stmt] = [ast.copy_location(ast.Expr(value=call), node)]
        for part in reversed(node.generators):
            for test in reversed(part.ifs):
                body = [ast.copy_location(ast.If(test=test, body=body, orelse=[]), node)]
            loop = ast.For(target=part.target, iter=part.iter, body=body, orelse=[])
            body = [ast.copy_location(loop, node)]
        start = ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=ast.List(elts=[], ctx=ast.Load()))
        self.inliner.locals.add(name)
        self.before += [ast.copy_location(start, node), *self.inliner.block(body)]
        return ast.copy_location(ast.Name(id=name, ctx=ast.Load()), node)


def _as_expression(body: list[ast.stmt], names: dict[str, ast.expr]) -> ast.expr | None:
    """The value of a body without loops, as one expression; None when it has other statements."""
    names = dict(names)
    for at, statement in enumerate(body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names[name] = _substituted(value, names)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                names[name] = _substituted(value, names)
            case ast.Return(value=ast.expr() as value):
                return None if isinstance(value, ast.Tuple) else _substituted(value, names)
            case ast.If(test=test, body=then, orelse=orelse):
                a = _as_expression([*then, *body[at + 1 :]], names)
                b = _as_expression([*orelse, *body[at + 1 :]], names)
                if a is None or b is None:
                    return None
                found = ast.IfExp(test=_substituted(test, names), body=a, orelse=b)
                return ast.copy_location(found, statement)
            case _:
                return None
    return None


def _substituted(value: ast.expr, names: dict[str, ast.expr]) -> ast.expr:
    found: ast.expr = _Rename(names).visit(copy.deepcopy(value))
    return found
