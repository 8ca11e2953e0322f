"""Python statements to statements of the imperative program."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, const, get, index, param, unary
from accelcore.ir.expr import walk as nodes
from accelcore_llmlift.polynomial import polynomial
from accelcore_llmlift.program import Append, Assert, Assign, If, New, Statement
from accelcore_llmlift.python import calls, expressions, loops, stores, subscripts, views, wholes
from accelcore_llmlift.python.expressions import condition, expression, refuse
from accelcore_llmlift.python.module import qualified
from accelcore_llmlift.python.scope import DTYPE_OF, Scope, converted, natural, scalar, stored
from accelcore_llmlift.python.types import Level

Emit = Callable[[Scope, ast.stmt], None]


def block(scope: Scope, body: Iterable[ast.stmt]) -> tuple[Statement, ...]:
    """The statements of a nested block."""
    outer, scope.out = scope.out, []
    try:
        for node in body:
            statement(scope, node)
        return tuple(scope.out)
    finally:
        scope.out = outer


def statement(scope: Scope, node: ast.stmt) -> None:
    """Translate one statement onto the end of `scope.out`."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                assign(scope, target, value, node)
        case ast.AnnAssign(target=target, value=value):
            if value is not None:
                assign(scope, target, value, node)
        case ast.AugAssign(target=target, op=op, value=value):
            augmented(scope, target, op, value, node)
        case ast.For():
            loops.for_loop(scope, node)
        case ast.While():
            loops.while_loop(scope, node)
        case ast.If():
            branch(scope, node)
        case ast.Assert(test=test):
            assertion(scope, test, node)
        case ast.Expr(value=ast.Call() as call):
            call_statement(scope, call, node)
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            pass
        case _:
            raise refuse(scope, node, f"the statement {type(node).__name__.lower()} is outside the subset", _HINTS.get(
                type(node), "use assignments, for, while, if, append and one return at the end"))


_HINTS: dict[type[ast.stmt], str] = {
    ast.Break: "compute over the whole range, with a flag or a guarded update",
    ast.Return: "return once, at the end of the function",
    ast.Try: "state the condition with assert instead",
    ast.With: "keep the body only",
}


def emit(scope: Scope, statement: Statement) -> None:
    """Append to the current block."""
    scope.out.append(statement)


# Assignment.


def assign(scope: Scope, target: ast.expr, value: ast.expr, node: ast.stmt) -> None:
    """One target takes one value."""
    if isinstance(target, ast.Tuple | ast.List):
        unpack(scope, target.elts, value, node)
    elif isinstance(target, ast.Name):
        assign_name(scope, target.id, value, node)
    elif isinstance(target, ast.Subscript):
        stores.store(scope, target, expression(scope, value), node)
    else:
        raise refuse(scope, node, f"assignment to {ast.unparse(target)!r}", "assign to names and elements")


def unpack(scope: Scope, targets: list[ast.expr], value: ast.expr, node: ast.stmt) -> None:
    """`m, n = x.shape`, `a, b = b, a`, `a, b = row`: all values are read before any is written."""
    if isinstance(value, ast.Attribute) and value.attr == "shape":
        values = _shape_seen(scope, expression(scope, value.value), targets)
    elif isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(targets) and not _overlapping(
        targets, value.elts
    ):
        for target, part in zip(targets, value.elts, strict=True):
            assign(scope, target, part, node)
        return
    elif isinstance(value, ast.Tuple | ast.List):
        values = [expression(scope, v) for v in value.elts]
    else:
        tensor = expression(scope, value)
        values = [natural(get(tensor, index(at))) for at in range(len(targets))]
        for at in range(len(targets)):
            subscripts.touch(scope, tensor, index(at), node)
    if len(values) != len(targets):
        raise refuse(scope, node, f"{len(values)} values for {len(targets)} targets", "make the numbers agree")
    if isinstance(value, ast.Tuple | ast.List):
        values = [_held(scope, v, node) for v in values]
    for target, one in zip(targets, values, strict=True):
        if isinstance(target, ast.Name):
            assign_value(scope, target.id, one, node)
        elif isinstance(target, ast.Subscript):
            stores.store(scope, target, one, node)


def _shape_seen(scope: Scope, tensor: Expr, targets: list[ast.expr]) -> list[Expr]:
    """The extents of `a, b = x.shape`; the program looks at those whose names it reads."""
    extents = scope.extents_of(tensor)
    read = {n.id for n in ast.walk(scope.function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    for axis, target in enumerate(targets[: len(extents)]):
        if isinstance(target, ast.Name) and target.id in read:
            expressions.extent_seen(scope, tensor, axis)
    return list(extents)


def _overlapping(targets: list[ast.expr], values: list[ast.expr]) -> bool:
    """Whether a value reads a name that an earlier target writes."""
    written: set[str] = set()
    for target, value in zip(targets, values, strict=True):
        if written & {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}:
            return True
        written |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    return False


def _held(scope: Scope, value: Expr, node: ast.stmt) -> Expr:
    """The value in a temporary of its own."""
    if value.op in ("const", "size"):
        return value
    if value.rank:
        raise refuse(scope, node, "arrays that change places", "copy them element by element")
    name = scope.temporary("held")
    emit(scope, Assign(name, value, scope.module.place.at(node)))
    return param(name, value.dtype)


def assign_name(scope: Scope, name: str, value: ast.expr, node: ast.stmt) -> None:
    """`name = value`: a new list, an alias of an array, or a value."""
    if scope.types.variables[name].rank and allocate(scope, name, value, node):
        return
    found = expression(scope, value)
    if found.rank and found.op in ("input", "get") and not copies(value):
        alias(scope, name, found, node)
        return
    if found.rank and views.shows(scope.function, scope.module.names, name, value):
        raise refuse(scope, node, f"{name!r} may be a view of an array that is changed",
                     f"write {name} = {ast.unparse(value)}.copy(), or annotate the parameter as a list")
    assign_value(scope, name, found, node)


def copies(value: ast.expr) -> bool:
    """Whether an expression makes a new list: x.copy(), list(x), x[:]."""
    return isinstance(value, ast.Call) or (isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice))


def alias(scope: Scope, name: str, tensor: Expr, node: ast.stmt) -> None:
    """`row = x[i]` is another name for the row, in Python and in numpy."""
    if scope.types.assignments.get(name, 0) > 1:
        raise refuse(scope, node, f"{name!r} is a name for several arrays in turn",
                     "copy the elements, or use one name for each array")
    scope.views[name] = tensor


def assign_value(scope: Scope, name: str, value: Expr, node: ast.stmt) -> None:
    """A scalar or a new array value to a variable."""
    if name in scope.params and value.rank:
        raise refuse(scope, node, f"the parameter {name!r} is replaced by another array",
                     "store into its elements, or use a new name")
    if name in scope.counters:
        raise refuse(scope, node, f"the loop counter {name!r} is assigned", "use another name")
    rank = scope.types.variables[name].rank
    if value.rank != rank:
        raise refuse(scope, node, f"{name!r} is a number in one place and a list in another", "use two names")
    if value.rank:
        scope.storage.setdefault(name, element_dtype(scope, name))
        scope.extents[name] = _fixed(scope, name, value)
        emit(scope, Assign(name, stored(value, scope.storage[name]), scope.module.place.at(node)))
        return
    if _is_size(scope, name, value):
        scope.constants[name] = value
        return
    variable = scope.scalars.setdefault(name, scalar(name, variable_level(scope, name)))
    emit(scope, Assign(variable.name, _to(value, variable.dtype), scope.module.place.at(node)))


def _to(value: Expr, dtype: str) -> Expr:
    return expressions_truth(value) if dtype == "bool" else converted(value, dtype)


def expressions_truth(value: Expr) -> Expr:
    """A value for a boolean variable."""
    return value if value.dtype == "bool" else binary("ne", value, const(0, value.dtype))


def _fixed(scope: Scope, name: str, value: Expr) -> tuple[Expr, ...] | None:
    """Extents of a local array when they cannot change: nobody appends, and they are made of sizes."""
    if name in scope.types.appended:
        return None
    extents = scope.extents_of(value)
    fixed = all(a.op == "size" for e in extents for a in polynomial(e).atoms)
    known = scope.extents.get(name)
    return extents if fixed and (known is None or known == extents) else None


def _is_size(scope: Scope, name: str, value: Expr) -> bool:
    """Whether a variable is a name for an expression of sizes and never changes."""
    atoms = polynomial(value).atoms if value.dtype == INDEX else {value}
    return (
        value.dtype == INDEX and scope.types.assignments.get(name, 0) == 1 and name not in scope.params
        and all(not a.free and not a.inputs for a in atoms) and not scope.guards and name not in scope.types.kinds
    )  # fmt: skip


def variable_level(scope: Scope, name: str) -> Level:
    """The kind of a scalar variable."""
    level = scope.types.variables[name].leaf.level
    return Level.REAL if level is Level.NONE else level


def element_dtype(scope: Scope, name: str) -> str:
    """Storage of a local list: Python's own numbers."""
    dtype = DTYPE_OF[variable_level(scope, name)]
    return "int" if dtype == INDEX else dtype


def allocate(scope: Scope, name: str, value: ast.expr, node: ast.stmt) -> bool:
    """`x = []`, `x = np.zeros((m, n), dtype=...)`: a new local array; False for anything else."""
    at = scope.module.place.at(node)
    rank = scope.types.variables[name].rank
    if isinstance(value, ast.Call) and not value.args and qualified(scope.module, value.func) == "list":
        value = ast.List(elts=[], ctx=ast.Load())
    if isinstance(value, ast.List) and not value.elts:
        scope.storage.setdefault(name, element_dtype(scope, name))
        scope.extents[name] = None
        emit(scope, New(name, scope.storage[name], (index(0),) * rank, None, at))
        return True
    if not isinstance(value, ast.Call):
        return False
    short = qualified(scope.module, value.func).rsplit(".", 1)[-1]
    rule = calls.SHAPED.get(short)
    if rule is None:
        return False
    fill = expression(scope, value.args[1]) if short.startswith("full") else None
    tensor = rule(scope, value, [expression(scope, value.args[0]) if "_like" in short else index(0), fill or index(0)])
    dtype = named_dtype(scope, value) or element_dtype(scope, name)
    scope.storage.setdefault(name, dtype)
    scope.extents[name] = _fixed(scope, name, tensor)
    inner = tensor
    while inner.op == "comp":
        inner = inner.args[1]
    start = None if short.startswith("empty") else stored(inner, dtype)
    emit(scope, New(name, dtype, scope.extents_of(tensor), start, at))
    return True


DTYPES = {
    "float32": "f32", "float64": "f64", "float": "f64", "int32": "i32", "int64": "i64", "int": "i64", "uint8": "u8",
    "int8": "i8", "int16": "i16", "uint16": "u16", "uint32": "u32", "uint64": "u64", "bool": "bool", "bool_": "bool",
    "float16": "f16",
}  # fmt: skip


def named_dtype(scope: Scope, call: ast.Call) -> str | None:
    """The storage dtype that an allocation names; numpy's default, f64, is the real numbers here."""
    for keyword in call.keywords:
        if keyword.arg == "dtype":
            text = ast.unparse(keyword.value).rsplit(".", 1)[-1].strip("'\"")
            if text in DTYPES:
                return DTYPES[text]
            if text == "dtype":
                return None
            raise refuse(scope, call, f"the dtype {text!r} is not known", f"one of {', '.join(DTYPES)}")
    return None


def augmented(scope: Scope, target: ast.expr, op: ast.operator, value: ast.expr, node: ast.stmt) -> None:
    """`x op= value`; of an array, every element changes in place."""
    current = expression(scope, target)
    if current.rank:
        found = wholes.operator(scope, node, current, op, expression(scope, value), target, value)
        stores.update(scope, target, current, found, node)
        return
    result = expressions.arithmetic(scope, node, current, op, expression(scope, value), value)
    if isinstance(target, ast.Name):
        assign_value(scope, target.id, result, node)
    elif isinstance(target, ast.Subscript):
        stores.store(scope, target, result, node)


# The rest.


def call_statement(scope: Scope, call: ast.Call, node: ast.stmt) -> None:
    """x.append(value), x.fill(value); print() and the like have no result and are refused."""
    func = call.func
    if isinstance(func, ast.Attribute) and func.attr == "append" and len(call.args) == 1:
        append(scope, func.value, call.args[0], node)
        return
    if any(k.arg == "out" for k in call.keywords):
        target = next(k.value for k in call.keywords if k.arg == "out")
        rest = [k for k in call.keywords if k.arg != "out"]
        plain = ast.copy_location(ast.Call(func=call.func, args=call.args, keywords=rest), call)
        stores.fill(scope, expression(scope, target), expression(scope, plain), node)
        return
    if isinstance(func, ast.Attribute) and func.attr == "fill" and len(call.args) == 1:
        base, value = expression(scope, func.value), expression(scope, call.args[0])
        stores.fill(scope, base, value, node)
        return
    raise refuse(scope, node, f"the call {ast.unparse(func)!r} as a statement", "only x.append(value) is known")


def append(scope: Scope, base: ast.expr, item: ast.expr, node: ast.stmt) -> None:
    """`x.append(value)`."""
    target = expression(scope, base)
    if target.op != "input":
        raise refuse(scope, node, "append to a list inside a list", "build the row first, then append the row")
    if target.name in scope.params:
        raise refuse(scope, node, f"the parameter {target.name!r} grows", "build a new list and return it")
    if isinstance(item, ast.List) and not item.elts:
        raise refuse(scope, node, "an empty list is appended", "build the row first, then append the row")
    value = expression(scope, item)
    if value.rank + 1 != target.rank:
        raise refuse(scope, node, "elements of different ranks in one list", "append values of one kind")
    dtype = scope.storage[target.name]
    statement = Append(target.name, stored(value, dtype), scope.module.place.at(node))
    stores.refers(scope, statement, value, item)
    emit(scope, statement)


def branch(scope: Scope, node: ast.If) -> None:
    """if / elif / else."""
    test = condition(scope, node.test)
    held = dict(scope.constants)
    then = expressions.guarded_block(scope, test, lambda: block(scope, node.body))
    otherwise = expressions.guarded_block(scope, unary("lnot", test), lambda: block(scope, node.orelse))
    scope.constants = held
    emit(scope, If(test, then, otherwise, scope.module.place.at(node)))


def assertion(scope: Scope, test: ast.expr, node: ast.stmt) -> None:
    """`assert c`: a precondition when it is about sizes and arguments, else a statement."""
    value = expressions.positive(condition(scope, test))
    outside = value.free or any(n.op in ("input", "length") for n in nodes(value)) or scope.guards
    names = {n.name for n in nodes(value) if n.op == "param"}
    if not outside and names <= scope.params:
        scope.require(value)
    else:
        emit(scope, Assert(value, scope.module.place.at(node)))

