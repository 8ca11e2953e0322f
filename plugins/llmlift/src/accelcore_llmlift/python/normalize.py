"""Rewrites of the syntax tree that leave fewer constructs to translate; the meaning stays.

* `continue` becomes the other branch of its `if`;
* an early `return` or `raise` on bad arguments becomes an `assert` of the opposite; other early returns become
  branches that assign the result;
* a search (`for ...: if c: return a` or `...: break`) becomes a loop over the whole range, see `searches`;
* a comprehension over several `for` that is assigned or returned becomes loops that append;
* a name that stands for one array after another becomes several, see `versions`;
* a while loop changes its counters at the end of its body, see `counters`;
* a reduction over several `for` becomes nested reductions;
* PyTorch's maxima with places become calls of one result;
* variables of comprehensions get names of their own where another variable has the same name.
"""

from __future__ import annotations

import ast
import copy

from accelcore_llmlift.python.counters import counters_last
from accelcore_llmlift.python.errors import Place
from accelcore_llmlift.python.searches import searches
from accelcore_llmlift.python.versions import versions


def normalize(function: ast.FunctionDef, place: Place) -> ast.FunctionDef:
    """The function with the rewrites applied; the tree is changed in place."""
    function.body = searches(_flattened(function, _without_docstring(function.body)))
    function.body = _returns(function.body, place)
    function.body = _continues(function.body, place)
    _extremes_with_places(function)
    function = _Nested().visit(function)
    counters_last(function)
    versions(function)
    _rename_comprehensions(function)
    return ast.fix_missing_locations(function)


def _extremes_with_places(function: ast.FunctionDef) -> None:
    """PyTorch's `v, i = x.max(dim=d)`, `x.max(dim=d)[0]`, `x.max(dim=d).values` by the functions of one result."""
    found: list[ast.stmt] = []
    for statement in function.body:
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=[values, places])], value=ast.Call() as call) if _pairs(call):
                for target, name in ((values, f"a{_extreme(call)}"), (places, f"arg{_extreme(call)}")):
                    found.append(ast.copy_location(ast.Assign(targets=[target], value=_renamed(call, name)), statement))
            case _:
                found.append(_OneResult().visit(statement))
    function.body = found


def _extreme(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _pairs(call: ast.expr) -> bool:
    """Whether a call gives values and places: max or min over a `dim`."""
    if not isinstance(call, ast.Call) or _extreme(call) not in ("max", "min"):
        return False
    return any(k.arg == "dim" for k in call.keywords)


def _renamed(call: ast.Call, name: str) -> ast.Call:
    new = copy.deepcopy(call)
    assert isinstance(new.func, ast.Attribute)
    new.func.attr = name
    return new


_REDUCTIONS = frozenset({"sum", "prod", "any", "all", "max", "min"})


class _Nested(ast.NodeTransformer):
    """`sum(e for a in x for b in y)` to `sum(sum(e for b in y) for a in x)`, and so for other reductions."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A reduction of a comprehension over several `for`."""
        self.generic_visit(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        match node.args:
            case [ast.GeneratorExp() | ast.ListComp() as source] if name in _REDUCTIONS and len(source.generators) > 1:
                first, *rest = source.generators
                inner = ast.copy_location(ast.GeneratorExp(elt=source.elt, generators=rest), source)
                call = ast.copy_location(ast.Call(func=copy.deepcopy(node.func), args=[inner], keywords=[]), source)
                outer = ast.GeneratorExp(elt=self.visit(call), generators=[first])
                node.args = [ast.copy_location(outer, source)]
        return node


class _OneResult(ast.NodeTransformer):
    """`x.max(dim=d)[0]` and `.values` to `x.amax(dim=d)`; `[1]` and `.indices` to `x.argmax(dim=d)`."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """The part that a constant index takes."""
        self.generic_visit(node)
        which = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return self.part(node, node.value, which)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """The part that a name takes."""
        self.generic_visit(node)
        return self.part(node, node.value, {"values": 0, "indices": 1}.get(node.attr))

    def part(self, node: ast.Subscript | ast.Attribute, call: ast.expr, which: object) -> ast.expr:
        """One of the two results, or the node as it is."""
        if which not in (0, 1) or not isinstance(call, ast.Call) or not _pairs(call):
            return node
        return ast.copy_location(_renamed(call, f"{('a', 'arg')[which == 1]}{_extreme(call)}"), node)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    return [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]


def _private(function: ast.FunctionDef, value: ast.ListComp, target: str) -> bool:
    """Whether the variables of a comprehension are its own, and the list is not read inside it."""
    inside = [n for n in ast.walk(value) if isinstance(n, ast.Name)]
    own = {n.id for part in value.generators for n in ast.walk(part.target) if isinstance(n, ast.Name)}
    ids = {id(n) for n in inside}
    elsewhere = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and id(n) not in ids}
    elsewhere |= {a.arg for a in function.args.args}
    return not own & elsewhere and target not in {n.id for n in inside}


def _flattened(function: ast.FunctionDef, body: list[ast.stmt]) -> list[ast.stmt]:
    """`out = [e for x in a for y in b]` at the top level as nested loops that append to out."""
    found: list[ast.stmt] = []
    for statement in body:
        value = statement.value if isinstance(statement, ast.Assign | ast.Return) else None
        if not (isinstance(value, ast.ListComp) and len(value.generators) > 1):
            found.append(statement)
            continue
        target = statement.targets[0] if isinstance(statement, ast.Assign) else ast.Name(id="flat")
        if not isinstance(target, ast.Name) or not _private(function, value, target.id):
            found.append(statement)
            continue
        found += [ast.copy_location(s, statement) for s in _appending(target.id, value)]
        if isinstance(statement, ast.Return):
            found.append(ast.copy_location(ast.Return(value=ast.Name(id=target.id, ctx=ast.Load())), statement))
    return found


def _appending(name: str, value: ast.ListComp) -> list[ast.stmt]:
    method = ast.Attribute(value=ast.Name(id=name, ctx=ast.Load()), attr="append", ctx=ast.Load())
    inner: ast.stmt = ast.Expr(value=ast.Call(func=method, args=[value.elt], keywords=[]))
    for part in reversed(value.generators):
        for test in reversed(part.ifs):
            inner = ast.If(test=test, body=[inner], orelse=[])
        inner = ast.For(target=part.target, iter=part.iter, body=[inner], orelse=[])
    return [ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=ast.List(elts=[], ctx=ast.Load())), inner]


def _returns(body: list[ast.stmt], place: Place) -> list[ast.stmt]:
    """Guards become assertions, branches that return take the rest of the block as their other side."""
    for at, statement in enumerate(body):
        if not isinstance(statement, ast.If) or not _leaves(statement.body):
            continue
        rest = body[at + 1 :]
        if _is_guard(statement) and not statement.orelse:
            check = ast.Assert(test=_negated(statement.test), msg=None)
            return [*body[:at], ast.copy_location(check, statement), *_returns(rest, place)]
        other = _returns([*statement.orelse, *rest], place)
        merged = _merged_return(statement, _returns(statement.body, place), other, place)
        return [*body[:at], *merged]
    return body


def _leaves(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], ast.Return | ast.Raise)


def _is_guard(statement: ast.If) -> bool:
    """An early exit that gives no result worth having: raise, return, return None or []."""
    last = statement.body[-1]
    if len(statement.body) > 1:
        return False
    if isinstance(last, ast.Raise):
        return True
    assert isinstance(last, ast.Return)
    value = last.value
    nothing = isinstance(value, ast.Constant) and value.value is None
    return value is None or nothing or (isinstance(value, ast.List) and not value.elts)


def _negated(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.copy_location(ast.UnaryOp(op=ast.Not(), operand=test), test)


def _merged_return(
    statement: ast.If, then: list[ast.stmt], other: list[ast.stmt], place: Place
) -> list[ast.stmt]:
    """`if c: ...; return a` + `...; return b` as branches that assign, and one return at the end."""
    first, second = then[-1] if then else None, other[-1] if other else None
    if not (isinstance(first, ast.Return) and isinstance(second, ast.Return) and first.value and second.value):
        raise place.refuse(statement, "one way through the function returns a value and another does not",
                           "return a value at the end of every branch")
    if isinstance(first.value, ast.Name) and ast.dump(first.value) == ast.dump(second.value):
        same = ast.If(test=statement.test, body=then[:-1] or [ast.Pass()], orelse=other[:-1])
        return [ast.copy_location(same, statement), second]
    name = "result"
    branches = []
    for body, value in ((then, first.value), (other, second.value)):
        store = ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=value)
        branches.append([*body[:-1], ast.copy_location(store, value)])
    choice = ast.copy_location(ast.If(test=statement.test, body=branches[0], orelse=branches[1]), statement)
    back = ast.copy_location(ast.Return(value=ast.Name(id=name, ctx=ast.Load())), second)
    return [choice, back]


def _continues(body: list[ast.stmt], place: Place) -> list[ast.stmt]:
    """`if c: ...; continue` + rest  ->  `if c: ... else: rest`."""
    found: list[ast.stmt] = []
    for at, statement in enumerate(body):
        if isinstance(statement, ast.Continue):
            return found
        if isinstance(statement, ast.For | ast.While):
            statement.body = _continues(statement.body, place) or [ast.copy_location(ast.Pass(), statement)]
        if isinstance(statement, ast.If):
            jumps = [bool(b) and isinstance(b[-1], ast.Continue) for b in (statement.body, statement.orelse)]
            if any(jumps):
                rest = body[at + 1 :]
                statement.body = statement.body[:-1] if jumps[0] else [*statement.body, *rest]
                statement.orelse = statement.orelse[:-1] if jumps[1] else [*statement.orelse, *rest]
            statement.body = _continues(statement.body, place) or [ast.copy_location(ast.Pass(), statement)]
            statement.orelse = _continues(statement.orelse, place)
            found.append(statement)
            if any(jumps):
                return found
            continue
        found.append(statement)
    return found


def _rename_comprehensions(function: ast.FunctionDef) -> None:
    """Give a comprehension's variable a new name where the function uses that name for something else."""
    taken = {a.arg for a in function.args.args}
    owners = [n for n in ast.walk(function) if isinstance(n, ast.ListComp | ast.GeneratorExp)]
    inside = {id(n) for owner in owners for n in ast.walk(owner)}
    taken |= {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and id(n) not in inside}
    for owner in owners:
        mapping: dict[str, str] = {}
        for part in owner.generators:
            for name in (n.id for n in ast.walk(part.target) if isinstance(n, ast.Name)):
                if name in taken:
                    mapping[name] = _free(name, taken)
                taken.add(mapping.get(name, name))
        if mapping:
            _rename_inside(owner, mapping)


def _rename_inside(owner: ast.ListComp | ast.GeneratorExp, mapping: dict[str, str]) -> None:
    """Rename bound variables everywhere but in the first iterable, which is evaluated outside."""
    outside = {id(n) for n in ast.walk(owner.generators[0].iter)}
    for node in ast.walk(owner):
        if isinstance(node, ast.Name) and id(node) not in outside:
            node.id = mapping.get(node.id, node.id)


def _free(name: str, taken: set[str]) -> str:
    number = 1
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
