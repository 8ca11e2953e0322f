"""Calls of built-in functions, math and numpy; helper functions of the file were inlined before."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, call, cast, comp, const, get, index, reduce, select, substitute, unary
from accelcore_llmlift.polynomial import index_of, polynomial
from accelcore_llmlift.python import array_calls, expressions, iteration, wholes
from accelcore_llmlift.python.functions import EXTREMES, FUNCTIONS
from accelcore_llmlift.python.module import array_function, qualified
from accelcore_llmlift.python.scope import Scope, converted, natural

LIST_REDUCTIONS = {"sum": "sum", "prod": "prod", "any": "any", "all": "all", "max": "max", "min": "min"}
Rule = Callable[[Scope, ast.Call, list[Expr]], Expr]


def called(scope: Scope, node: ast.Call) -> Expr:
    """The value of a call."""
    name = qualified(scope.module, node.func)
    if isinstance(node.func, ast.Attribute) and not name.startswith(("math.", "numpy.", "torch.")):
        return method(scope, node, node.func)
    short = name.rsplit(".", 1)[-1]
    if array_calls.knows(array_function(name)) and not _from_generator(node):
        return wholes.called(scope, node)
    known = name.startswith(("math.", "numpy.", "c.")) or (name == short and short in BUILTINS)
    if short in ("float", "float32", "float64") and node.args and isinstance(node.args[0], ast.Constant):
        return literal_float(scope, node, node.args[0])
    if known and short in LIST_REDUCTIONS and len(node.args) == 1:
        return reduction(scope, node, short, node.args[0])
    if known and short == "len" and len(node.args) == 1:
        return length(scope, node.args[0])
    rule = RULES.get(short) if known else None
    if rule is None and not (known and (short in FUNCTIONS or short in EXTREMES)):
        raise expressions.refuse(scope, node, f"the function {ast.unparse(node.func)!r} is not known",
                                 "define it in the same file, or use math, abs, min, max, sum, len, any, all")
    args = [expressions.expression(scope, a) for a in node.args]
    if rule is not None:
        return rule(scope, node, args)
    if short in EXTREMES:
        return extreme(scope, node, EXTREMES[short], args)
    return function(scope, node, FUNCTIONS[short], args)


def _from_generator(node: ast.Call) -> bool:
    """np.sum([... for ... if ...]), which is no array before it is one."""
    return bool(node.args) and isinstance(node.args[0], ast.GeneratorExp | ast.ListComp)


def literal_float(scope: Scope, node: ast.AST, text: ast.Constant) -> Expr:
    """`float("inf")` and the like."""
    try:
        return const(float(text.value))  # type: ignore[arg-type]  # a wrong literal raises and is refused
    except (TypeError, ValueError):
        raise expressions.refuse(scope, node, f"float({text.value!r}) is not a number", 'use float("inf")') from None


def function(scope: Scope, node: ast.Call, name: str, args: list[Expr]) -> Expr:
    """A real function of one argument; log takes a base."""
    reals = [converted(a, "real") for a in expressions.numbers(scope, node, *args)]
    if name == "log" and len(reals) == 2:
        return binary("div", call("log", reals[0]), call("log", reals[1]))
    return call(name, *reals)


def extreme(scope: Scope, node: ast.Call, kind: str, args: list[Expr]) -> Expr:
    """min / max of several scalars."""
    found, *rest = expressions.numbers(scope, node, *args)
    for value in rest:
        found = binary(kind, found, value)
    return found


def reduction(scope: Scope, node: ast.Call, kind: str, source: ast.expr) -> Expr:
    """sum, max, any, ... of an iterable."""
    tensor = expressions.expression(scope, source)
    return reduced(scope, node, kind, tensor)


def reduced(scope: Scope, node: ast.AST, kind: str, tensor: Expr) -> Expr:
    """A reduction of a tensor of rank 1; a filter's becomes a reduction over the condition where that is possible."""
    if tensor.rank != 1:
        raise expressions.refuse(scope, node, f"{kind} of {tensor.rank} axes at once", "reduce axis by axis, in loops")
    if tensor.op == "filter" and kind in ("sum", "prod", "any", "all"):
        return _filtered(kind, tensor)
    extent = expressions.length_seen(scope, tensor)

    def element(k: Expr) -> Expr:
        value = natural(get(tensor, k))
        if kind in ("any", "all"):
            return expressions.truth(scope, node, value)
        return converted(value, INDEX) if value.dtype == "bool" else value

    if kind in ("max", "min"):
        iteration.demand(scope, binary("sub", extent, index(1)))
    return reduce(kind, extent, element)


def _filtered(kind: str, tensor: Expr) -> Expr:
    """sum(e for ... if c) is the sum of c ? e : 0."""
    count, test, value = tensor.args
    neutral: Expr = const({"sum": 0, "prod": 1, "any": False, "all": True}[kind])
    if value.dtype == "bool" and kind in ("sum", "prod"):
        value = converted(value, INDEX)
    neutral = neutral if value.dtype == "bool" else converted(neutral, value.dtype)

    def at(e: Expr, k: Expr) -> Expr:
        return substitute(e, {tensor.number: k})

    return reduce(kind, count, lambda k: select(at(test, k), at(value, k), neutral))


def length(scope: Scope, source: ast.expr) -> Expr:
    """len(x)."""
    tensor = expressions.expression(scope, source)
    if not tensor.rank:
        raise expressions.refuse(scope, source, "len() of a number", "take the length of a list or an array")
    if tensor.op == "get":  # len(x[0]) fails on an empty x
        iteration.demand(scope, binary("sub", scope.extents_of(tensor.args[0])[0], index(1)))
    return expressions.length_seen(scope, tensor)


def method(scope: Scope, node: ast.Call, func: ast.Attribute) -> Expr:
    """x.sum(), x.copy(), ..."""
    base = expressions.expression(scope, func.value)
    if func.attr in ("copy", "tolist", "item"):
        return base
    if base.op == "filter" and func.attr in LIST_REDUCTIONS:
        return reduced(scope, node, func.attr, base)
    if array_calls.knows(func.attr):
        return wholes.called(scope, node)
    raise expressions.refuse(scope, node, f"the method {func.attr!r} is outside the subset",
                             "write it with loops, append, len, sum, min and max")


# Rules with a shape of their own.


def _abs(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
    (value,) = expressions.numbers(scope, node, *args[:1])
    return unary("abs", value)


def _int(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
    (value,) = expressions.numbers(scope, node, *args[:1])
    return _integer("trunc", value)


def _integer(rounding: str, value: Expr) -> Expr:
    """A real rounded to an integer; an integer stays."""
    if value.dtype != "real":
        return value
    return cast(value, "int", {"round": "nearest"}.get(rounding, rounding), "wrap")


def _rounded(rounding: str) -> Rule:
    def rule(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
        if len(args) != 1:
            raise expressions.refuse(scope, node, "round() to digits", "round to an integer, or scale first")
        (value,) = expressions.numbers(scope, node, *args)
        return _integer(rounding, value)

    return rule


def _float(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
    (value,) = expressions.numbers(scope, node, *args[:1])
    return converted(value, "real")


def _pow(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
    a, b = args
    if qualified(scope.module, node.func).startswith("math."):
        a = converted(a, "real")
    return expressions.power(scope, node, a, b)


def _bool(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
    return expressions.truth(scope, node, args[0])


def _square(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
    (value,) = expressions.numbers(scope, node, *args)
    return value * value


def _where(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
    test = expressions.truth(scope, node, args[0])
    a, b = expressions.numbers(scope, node, *args[1:])
    return select(test, a, b)


def _dot(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
    """The inner product of two vectors of one length."""
    if [a.rank for a in args] != [1, 1]:
        raise expressions.refuse(scope, node, "dot of anything but two vectors in a loop", "write the loops")
    a, b = args
    extent, other = expressions.length_seen(scope, a), expressions.length_seen(scope, b)
    if extent is not other:
        scope.require(binary("eq", extent, other))

    def term(k: Expr) -> Expr:
        x, y = expressions.numbers(scope, node, natural(get(a, k)), natural(get(b, k)))
        return x * y

    return reduce("sum", extent, term)


def _hypot(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
    a, b = (converted(x, "real") for x in expressions.numbers(scope, node, *args))
    return call("hypot", a, b)


def _atan2(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
    a, b = (converted(x, "real") for x in expressions.numbers(scope, node, *args))
    return call("atan2", a, b)


def _list(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
    if not args or not args[0].rank:
        raise expressions.refuse(scope, node, "a list of something that is not a list", "use a comprehension")
    return args[0]


def _truncating(op: str) -> Rule:
    """C's integer division and remainder."""

    def rule(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
        a, b = expressions.numbers(scope, node, *args)
        if a.op == b.op == "const" and b.value > 0 and a.value >= 0:
            return const(int(a.value) // int(b.value) if op == "tdiv" else int(a.value) % int(b.value), a.dtype)
        if a.dtype == INDEX and scope.facts.nonnegative(polynomial(a)) and scope.facts.nonnegative(polynomial(b) - 1):
            return binary("fdiv" if op == "tdiv" else "fmod", a, b)  # the same for numbers that are not negative
        return binary(op, a, b)

    return rule


def _wrapping(dtype: str) -> Rule:
    """Conversion to a narrow integer, modulo its width."""

    def rule(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
        (value,) = expressions.numbers(scope, node, *args)
        return cast(cast(converted(value, "int"), dtype, "trunc", "wrap"), "int")

    return rule


def _argextreme(kind: str) -> Rule:
    def rule(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
        extents = expressions.extents_seen(scope, args[0])
        return reduce(kind, extents[0], lambda k: natural(get(args[0], k)))

    return rule


def _zeros(fill: float | None) -> Rule:
    def rule(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
        value = args[1] if fill is None else const(fill)
        return filled(scope, shape_argument(scope, node), value)

    return rule


def _like(fill: float | None) -> Rule:
    def rule(scope: Scope, node: ast.Call, args: list[Expr]) -> Expr:
        value = args[1] if fill is None else const(fill)
        return filled(scope, expressions.extents_seen(scope, args[0]), value)

    return rule


def filled(scope: Scope, extents: Sequence[Expr], value: Expr) -> Expr:
    """A tensor of one value."""
    for extent in reversed(extents):
        value = _repeat(extent, value)
    return value


def _repeat(extent: Expr, value: Expr) -> Expr:
    return comp(extent, lambda _: value)


def shape_argument(scope: Scope, node: ast.Call) -> tuple[Expr, ...]:
    """The extents that np.zeros((m, n)), np.zeros(n) or np.zeros(x.shape) is given."""
    shape = node.args[0]
    if isinstance(shape, ast.Attribute) and shape.attr == "shape":
        return expressions.extents_seen(scope, expressions.expression(scope, shape.value))
    parts = shape.elts if isinstance(shape, ast.Tuple | ast.List) else [shape]
    return tuple(index_of(expressions.numbers(scope, node, expressions.expression(scope, p))[0]) for p in parts)


RULES: dict[str, Rule] = {
    "abs": _abs, "fabs": _abs, "absolute": _abs, "int": _int, "trunc": _rounded("trunc"), "floor": _rounded("floor"),
    "ceil": _rounded("ceil"), "round": _rounded("round"), "float": _float, "pow": _pow, "power": _pow, "bool": _bool,
    "square": _square, "where": _where, "hypot": _hypot, "atan2": _atan2, "dot": _dot, "list": _list, "array": _list,
    "asarray": _list, "argmax": _argextreme("argmax"), "argmin": _argextreme("argmin"), "float32": _float,
    "float64": _float, "int32": _int, "int64": _int, "tdiv": _truncating("tdiv"), "trem": _truncating("trem"),
    **{dtype: _wrapping(dtype) for dtype in ("i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64")},
}  # fmt: skip
SHAPED: dict[str, Rule] = {
    "zeros": _zeros(0.0), "empty": _zeros(0.0), "ones": _zeros(1.0), "full": _zeros(None),
    "zeros_like": _like(0.0), "empty_like": _like(0.0), "ones_like": _like(1.0), "full_like": _like(None),
}  # fmt: skip
BUILTINS = frozenset({"abs", "int", "float", "round", "min", "max", "sum", "len", "any", "all", "pow", "bool", "list"})
