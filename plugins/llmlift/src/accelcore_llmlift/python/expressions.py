"""Python expressions to expressions of the tensor language, over current values."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from functools import partial

from accelcore.errors import UnsupportedSource
from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, call, comp, const, filtered, get, index, select, substitute, unary
from accelcore_llmlift.polynomial import expression as index_expression
from accelcore_llmlift.polynomial import index_of, polynomial
from accelcore_llmlift.program import Statement
from accelcore_llmlift.python import calls, iteration, subscripts, wholes
from accelcore_llmlift.python.module import qualified
from accelcore_llmlift.python.scope import LEVEL_OF, Scope, converted, natural
from accelcore_llmlift.python.types import Level

CONSTANTS = {
    "math.pi": math.pi, "math.e": math.e, "math.tau": math.tau, "math.inf": math.inf,
    "numpy.pi": math.pi, "numpy.e": math.e, "numpy.inf": math.inf, "numpy.float32.min": -3.4028234663852886e38,
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], tuple[str, bool]] = {
    ast.Lt: ("lt", False), ast.LtE: ("le", False), ast.Gt: ("lt", True), ast.GtE: ("le", True),
    ast.Eq: ("eq", False), ast.NotEq: ("ne", False), ast.Is: ("eq", False), ast.IsNot: ("ne", False),
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.FloorDiv: "fdiv", ast.Mod: "fmod", ast.BitAnd: "and",
    ast.BitOr: "or", ast.BitXor: "xor", ast.LShift: "shl", ast.RShift: "shr",
}  # fmt: skip


def expression(scope: Scope, node: ast.expr) -> Expr:
    """The value of an expression; a tensor-valued one for arrays.  Raises UnsupportedSource for the rest."""
    match node:
        case ast.Constant(value=bool() | int() | float() as value):
            return const(value, INDEX if type(value) is int else None)
        case ast.Name(id=name):
            return named(scope, node, name)
        case ast.Attribute():
            return attribute(scope, node)
        case ast.BinOp(left=left, op=op, right=right):
            return operator(scope, node, left, op, right)
        case ast.UnaryOp(op=op, operand=operand):
            return unary_operator(scope, node, op, expression(scope, operand))
        case ast.Compare(left=left, ops=ops, comparators=others):
            return comparison(scope, node, [left, *others], ops)
        case ast.BoolOp(op=op, values=values):
            return logical(scope, node, op, values)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return choice(scope, condition(scope, test), body, orelse)
        case ast.Subscript():
            return subscripts.subscript(scope, node)
        case ast.List(elts=elts) | ast.Tuple(elts=elts):
            return listed(scope, node, elts)
        case ast.ListComp(elt=elt, generators=generators) | ast.GeneratorExp(elt=elt, generators=generators):
            return comprehension(scope, node, elt, generators)
        case ast.Call():
            return calls.called(scope, node)
    raise refuse(scope, node, f"the expression {ast.unparse(node)!r} is outside the subset",
                 "use arithmetic, comparisons, subscripts, comprehensions and math functions")


def refuse(scope: Scope, node: ast.AST, what: str, hint: str) -> UnsupportedSource:
    """The refusal of a construct, for the caller to raise."""
    return scope.module.place.refuse(node, what, hint)


def named(scope: Scope, node: ast.expr, name: str) -> Expr:
    """The current value of a variable, or a constant of the module."""
    for table in (scope.bound, scope.counters, scope.views, scope.constants, scope.scalars):
        if name in table:
            return table[name]
    if name in scope.undefined:
        raise refuse(scope, node, f"{name!r} is read after its loop, where it may be undefined",
                     "assign it before the loop, or compute it from the bounds")
    if name in scope.storage:
        return scope.array(name)
    if name in scope.module.constants and name not in scope.types.variables:
        return expression(scope, scope.module.constants[name])
    qualified_name = qualified(scope.module, node)
    if qualified_name in CONSTANTS:
        return const(CONSTANTS[qualified_name])
    raise refuse(scope, node, f"{name!r} is not defined here", "define it in the function or as a module constant")


def attribute(scope: Scope, node: ast.Attribute) -> Expr:
    """`math.pi`, `x.T`, `x.size`, `x.ndim`."""
    name = qualified(scope.module, node)
    if name in CONSTANTS:
        return const(CONSTANTS[name])
    if node.attr in ("T", "mT", "size", "ndim"):
        value = expression(scope, node.value)
        if node.attr in ("T", "mT") and value.rank > 1:
            return wholes.transposed(scope, value)
        if node.attr == "ndim":
            return index(value.rank)
        extents = extents_seen(scope, value)
        if node.attr == "size":
            product = polynomial(index(1))
            for part in extents:
                product = product * polynomial(part)
            return index_expression(product)
    raise refuse(scope, node, f"the attribute {ast.unparse(node)!r} is outside the subset",
                 "use x.shape, len(x), or x.T of a matrix")


def length_seen(scope: Scope, tensor: Expr) -> Expr:
    """The first extent of a tensor, noting that the program looks at it."""
    return extents_seen(scope, tensor, 1)[0]


def extent_seen(scope: Scope, tensor: Expr, axis: int) -> Expr:
    """One extent of a tensor, noting that the program looks at it."""
    extents = scope.extents_of(tensor)
    base, skipped = (tensor.args[0], len(tensor.args) - 1) if tensor.op == "get" else (tensor, 0)
    if base.op == "input":
        scope.observed.add((base.name, skipped + axis % len(extents)))
    return extents[axis]


def extents_seen(scope: Scope, tensor: Expr, axes: int | None = None) -> tuple[Expr, ...]:
    """Extents of a tensor, noting that the program looks at (the first so many of) them: the source fixes them."""
    base = tensor.args[0] if tensor.op == "get" else tensor
    if base.op == "input":
        skipped = len(tensor.args) - 1 if tensor.op == "get" else 0
        scope.observed |= {(base.name, skipped + axis) for axis in range(axes or tensor.rank)}
    return scope.extents_of(tensor)


def numbers(scope: Scope, node: ast.AST, *parts: Expr) -> tuple[Expr, ...]:
    """Scalars brought to their common kind: bool < index < int < real, and at least index."""
    for part in parts:
        if part.rank:
            raise refuse(scope, node, "arithmetic on a whole array",
                         'annotate every array, such as "f32[m, n]", or write it element by element in a loop')
    level = max(Level.INDEX, *(LEVEL_OF.get(p.dtype, Level.REAL) for p in parts))
    dtype = {Level.INDEX: INDEX, Level.INT: "int", Level.REAL: "real"}[level]
    return tuple(converted(p, dtype) for p in parts)


def operator(scope: Scope, node: ast.AST, left: ast.expr, op: ast.operator, right: ast.expr) -> Expr:
    """A binary operator; list repetition and concatenation apart."""
    if isinstance(op, ast.Mult) and (isinstance(left, ast.List) or isinstance(right, ast.List)):
        return repeated(scope, node, *((left, right) if isinstance(left, ast.List) else (right, left)))
    a, b = expression(scope, left), expression(scope, right)
    if a.rank or b.rank or isinstance(op, ast.MatMult):
        return wholes.operator(scope, node, a, op, b, left, right)
    return arithmetic(scope, node, a, op, b, right)


def repeated(scope: Scope, node: ast.AST, items: ast.expr, count: ast.expr) -> Expr:
    """`[0.0] * n`; `[[0] * n] * m` repeats one list m times and is refused."""
    assert isinstance(items, ast.List)
    if len(items.elts) != 1:
        raise refuse(scope, node, "repetition of a list of several items", "write a comprehension")
    value = expression(scope, items.elts[0])
    if value.rank:
        raise refuse(scope, node, "[row] * m makes m names for one row",
                     "write [[0.0] * n for _ in range(m)]")
    return comp(index_of(expression(scope, count)), lambda _: value)


def arithmetic(
    scope: Scope, node: ast.AST, a: Expr, op: ast.operator, b: Expr, right: ast.expr | None = None
) -> Expr:
    """A binary operator on two scalars by Python's rules."""
    if isinstance(op, ast.Pow):
        return power(scope, node, a, b)
    if isinstance(op, ast.Div):
        a, b = (converted(x, "real") for x in numbers(scope, node, a, b))
        return binary("div", a, b)
    name = ARITHMETIC.get(type(op))
    if name is None:
        raise refuse(scope, node, f"the operator {type(op).__name__} is outside the subset", "write it as loops")
    if name in ("and", "or", "xor") and a.dtype == b.dtype == "bool":
        return binary({"and": "land", "or": "lor", "xor": "ne"}[name], a, b)
    a, b = numbers(scope, node, a, b)
    if a.dtype == "real" and name in ("fdiv", "fmod"):
        return floored(name, a, b)
    if a.dtype == "real" and name not in ("add", "sub", "mul"):
        raise refuse(scope, node, f"{type(op).__name__} on real numbers",
                     'annotate the integers, such as x: "i32[n]"')
    if a.op == b.op == "const" and name in ("add", "sub", "mul") and a.dtype != "real":
        return const({"add": a.value + b.value, "sub": a.value - b.value, "mul": a.value * b.value}[name], a.dtype)
    return binary(name, a, b)


def floored(name: str, a: Expr, b: Expr) -> Expr:
    """`//` and `%` of reals by their definition: floor(a / b), a - b * floor(a / b)."""
    quotient = call("floor", binary("div", a, b))
    return quotient if name == "fdiv" else a - b * quotient


def power(scope: Scope, node: ast.AST, a: Expr, b: Expr) -> Expr:
    """`x ** k`: a product for a small natural constant, sqrt for 0.5, pow otherwise."""
    if b.op == "const" and b.dtype != "real" and 0 <= b.value <= 16:
        (a,) = numbers(scope, node, a)
        found = const(1, a.dtype)
        for at in range(int(b.value)):
            found = a if at == 0 else found * a
        return found
    if b.op == "const" and b.value in (0.5, -0.5):
        root = call("sqrt", converted(a, "real"))
        return root if b.value > 0 else binary("div", const(1.0), root)
    if b.op == "const" and b.dtype == "real" and float(b.value).is_integer() and 0 <= b.value <= 16:
        return power(scope, node, converted(a, "real"), index(int(b.value)))
    if b.op == "const" and b.dtype != "real" and b.value < 0:
        return binary("div", const(1.0), power(scope, node, converted(a, "real"), index(-int(b.value))))
    return binary("pow", converted(a, "real"), converted(b, "real"))


def unary_operator(scope: Scope, node: ast.AST, op: ast.unaryop, value: Expr) -> Expr:
    """-x, +x, not x, ~x."""
    if isinstance(op, ast.Not):
        return unary("lnot", truth(scope, node, value))
    if value.rank:
        return wholes.unary_operator(scope, node, op, value)
    (value,) = numbers(scope, node, value)
    if isinstance(op, ast.UAdd):
        return value
    if isinstance(op, ast.Invert):
        if value.dtype == "real":
            raise refuse(scope, node, "~ on a real number", "annotate the integers")
        return unary("not", value)
    return const(-value.value, value.dtype) if value.op == "const" else unary("neg", value)


def truth(scope: Scope, node: ast.AST, value: Expr) -> Expr:
    """A value as a condition: numbers are true when they are not zero."""
    if value.dtype == "bool" and not value.rank:
        return value
    (value,) = numbers(scope, node, value)
    return binary("ne", value, const(0, value.dtype))


def condition(scope: Scope, node: ast.expr) -> Expr:
    """An expression used as a condition."""
    return truth(scope, node, expression(scope, node))


def comparison(scope: Scope, node: ast.AST, parts: Sequence[ast.expr], ops: Sequence[ast.cmpop]) -> Expr:
    """A chain of comparisons: a < b <= c is a < b and b <= c."""
    values = [expression(scope, part) for part in parts]
    found: Expr | None = None
    for left, op, right in zip(values, ops, values[1:], strict=False):
        if type(op) not in COMPARISONS:
            raise refuse(scope, node, f"the comparison {type(op).__name__} is outside the subset",
                         "use < <= > >= == !=")
        name, swapped = COMPARISONS[type(op)]
        if (left.rank or right.rank) and len(ops) == 1:
            return wholes.compared(scope, node, left, op, right)
        a, b = numbers(scope, node, *((right, left) if swapped else (left, right)))
        step = binary(name, a, b)
        found = step if found is None else binary("land", found, step)
    assert found is not None
    return found


def logical(scope: Scope, node: ast.AST, op: ast.boolop, values: Sequence[ast.expr]) -> Expr:
    """`and`, `or` of conditions; each operand is read under what the ones before it say."""
    name = "land" if isinstance(op, ast.And) else "lor"
    found = condition(scope, values[0])
    for value in values[1:]:
        assumed = found if name == "land" else unary("lnot", found)
        found = binary(name, found, guarded(scope, assumed, partial(condition, scope, value)))
    return found


def guarded(scope: Scope, assumed: Expr, inside: Callable[[], Expr]) -> Expr:
    """Translate something that is evaluated only where a condition holds."""
    facts = scope.facts
    scope.facts, scope.guards = facts.assuming([positive(assumed)]), scope.guards + 1
    try:
        return inside()
    finally:
        scope.facts, scope.guards = facts, scope.guards - 1


def guarded_block(scope: Scope, assumed: Expr, inside: Callable[[], tuple[Statement, ...]]) -> tuple[Statement, ...]:
    """Translate a block that runs only where a condition holds."""
    facts = scope.facts
    scope.facts, scope.guards = facts.assuming([positive(assumed)]), scope.guards + 1
    try:
        return inside()
    finally:
        scope.facts, scope.guards = facts, scope.guards - 1


def positive(e: Expr) -> Expr:
    """A condition with its outermost negation pushed into a comparison of integers."""
    if e.op != "lnot":
        return e
    inner = e.args[0]
    if inner.op in ("lt", "le") and inner.args[0].dtype in (INDEX, "int"):
        return binary("le" if inner.op == "lt" else "lt", inner.args[1], inner.args[0])
    if inner.op == "lor":
        return binary("land", *(positive(unary("lnot", a)) for a in inner.args))
    if inner.op == "lnot":
        return positive(inner.args[0])
    opposite = {"ne": "eq", "eq": "ne"}.get(inner.op)
    return binary(opposite, *inner.args) if opposite else e


def choice(scope: Scope, test: Expr, body: ast.expr, orelse: ast.expr) -> Expr:
    """`a if c else b`, scalars."""
    a = guarded(scope, test, lambda: expression(scope, body))
    b = guarded(scope, unary("lnot", test), lambda: expression(scope, orelse))
    if a.rank or b.rank:
        raise refuse(scope, body, "a conditional expression of arrays", "choose element by element")
    if a.dtype != b.dtype:
        a, b = numbers(scope, body, a, b)
    return select(test, a, b)


def listed(scope: Scope, node: ast.AST, elts: Sequence[ast.expr]) -> Expr:
    """A list display of scalars: its elements chosen by index."""
    values = [expression(scope, e) for e in elts]
    if not values:
        raise refuse(scope, node, "an empty list inside an expression", "give it a name first")
    if any(v.rank for v in values):
        shapes = [scope.extents_of(v) for v in values]
        if any(s != shapes[0] for s in shapes):
            raise refuse(scope, node, "a list of lists of different lengths", "use equal lengths")
        return comp(index(len(values)), lambda k: comp(shapes[0][0], lambda i: _chosen(values, k, i)))
    level = values if len({v.dtype for v in values}) == 1 else list(numbers(scope, node, *values))
    return comp(index(len(values)), lambda k: _chosen(level, k))


def _chosen(values: Sequence[Expr], k: Expr, *rest: Expr) -> Expr:
    found = natural(get(values[-1], *rest)) if rest else values[-1]
    for at in range(len(values) - 2, -1, -1):
        value = natural(get(values[at], *rest)) if rest else values[at]
        found = select(binary("eq", k, index(at)), value, found)
    return found


def comprehension(scope: Scope, node: ast.AST, elt: ast.expr, generators: Sequence[ast.comprehension]) -> Expr:
    """`[e for i in range(n) if c]` as a comp or a filter; several generators make one list and are refused."""
    if len(generators) > 1:
        raise refuse(scope, node, "a comprehension over two `for` makes one flat list",
                     "nest it: [[... for j in range(n)] for i in range(m)], or write the loops")
    part = generators[0]
    walk = iteration.iterate(scope, part.target, part.iter)
    saved, facts = dict(scope.bound), scope.facts
    scope.bound.update(walk.names)
    scope.facts = facts.counting(walk.variable, walk.extent) if walk.facts is None else walk.facts
    try:
        test = [condition(scope, t) for t in part.ifs]
        body = (guarded(scope, test[0], lambda: expression(scope, elt)) if test else expression(scope, elt))
        if body.op in ("input", "get") and body.rank:
            body = wholes.whole(wholes.tensor(scope, body))
    finally:
        scope.bound, scope.facts = saved, facts
    return _gathered(walk.extent, walk.variable, test, body)


def _gathered(extent: Expr, variable: Expr, tests: Sequence[Expr], body: Expr) -> Expr:
    def at(e: Expr, k: Expr) -> Expr:
        return substitute(e, {variable.number: k})

    if not tests:
        return comp(extent, lambda k: at(body, k))
    test = tests[0]
    for more in tests[1:]:
        test = binary("land", test, more)
    return filtered(extent, lambda k: at(test, k), lambda k: at(body, k))


def ranged(scope: Scope, bounds: Sequence[ast.expr], node: ast.AST) -> tuple[Expr, Expr, int]:
    """(low, high, step) of range(...)."""
    if not 1 <= len(bounds) <= 3:
        raise refuse(scope, node, f"a range with {len(bounds)} arguments", "range(stop), or range(start, stop, step)")
    values = [index_of(numbers(scope, node, expression(scope, b))[0]) for b in bounds]
    low, high = (index(0), values[0]) if len(values) == 1 else (values[0], values[1])
    step = 1
    if len(values) == 3:
        if values[2].op != "const" or values[2].value == 0:
            raise refuse(scope, node, "a range with a step that is not a non-zero constant", "use a constant step")
        step = int(values[2].value)
    return low, high, step


def with_facts(scope: Scope, variable: Expr, low: Expr, high: Expr, step: int) -> None:
    """Know the range of a loop counter from here on (callers restore `scope.facts`)."""
    first, last = (low, high) if step > 0 else (high, low)
    if step > 0:
        scope.facts = scope.facts.between(variable, polynomial(first), polynomial(last) - 1)
    else:
        scope.facts = scope.facts.between(variable, polynomial(first) + 1, polynomial(last))
