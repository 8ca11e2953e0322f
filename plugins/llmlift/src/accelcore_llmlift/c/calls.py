"""Calls: mathematical functions, conversions, methods of containers, lambdas and functions of the file."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c import algorithms, lambdas, limits, pointers, structures, templates
from accelcore_llmlift.c.declarations import CType, base_type, text
from accelcore_llmlift.c.kinds import as_kind, joined
from accelcore_llmlift.c.syntax import bare, call, element, name, number

if TYPE_CHECKING:
    from tree_sitter import Node

    from accelcore_llmlift.c.expressions import Reader, Value
else:
    Node = Any

REAL_FUNCTIONS = frozenset(
    {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "asin", "acos",
     "atan", "sinh", "cosh", "tanh", "erf", "erfc", "pow", "fabs", "hypot", "atan2"}
)  # fmt: skip
EXTREMES = {"max": "max", "min": "min", "fmax": "max", "fmin": "min", "MAX": "max", "MIN": "min"}
CONVERSIONS = ("static_cast", "reinterpret_cast", "const_cast")


def called(reader: Reader, node: Node) -> Value:
    """The value of a call."""
    function = reader.child(node, "function")
    arguments = [a for a in reader.child(node, "arguments").named_children if a.type != "comment"]
    if function.type == "field_expression":
        return _method(reader, node, function, arguments)
    if function.type == "qualified_identifier" and _scope(function) in ("std", ""):
        function = reader.child(function, "name")
    if function.type == "template_function":
        return _template(reader, node, function, arguments)
    to = _type(reader, function) if len(arguments) == 1 else None
    if to is not None:
        return reader.converted(node, to, arguments[0])
    if function.type == "qualified_identifier":
        found = _limit(reader, function)
        if found is not None:
            return found
        function = reader.child(function, "name")
    return _named(reader, node, text(function), arguments)


def _scope(node: Node) -> str:
    return text(node.child_by_field_name("scope"))


def _type(reader: Reader, function: Node) -> CType | None:
    """The type that a call converts to: `float(x)`, `u8(x)`, and `(u8)(x)`, which the grammar takes for a call."""
    inner = function
    while inner.type == "parenthesized_expression":
        inner = inner.named_children[0]
    if inner.type == "identifier" and (text(inner) in reader.functions or text(inner) in reader.lambdas):
        return None
    if inner.type in ("primitive_type", "sized_type_specifier", "identifier", "type_identifier"):
        return base_type(inner, reader.typedefs)
    return None


def _limit(reader: Reader, function: Node) -> Value | None:
    """std::numeric_limits<T>::max()."""
    scope = function.child_by_field_name("scope")
    if scope is None:
        return None
    if scope.type != "template_type" or text(scope.child_by_field_name("name")) != "numeric_limits":
        return _limit(reader, reader.child(function, "name")) if _scope(function) == "std" else None
    kind = base_type(reader.child(scope, "arguments").named_children[0], reader.typedefs)
    value = limits.limit(kind.dtype, text(function.child_by_field_name("name"))) if kind is not None else None
    if kind is None or value is None:
        raise reader.refuse(function, f"{text(function)!r}", "use max, min, lowest, infinity or epsilon")
    return number(value) if value != float("inf") else ast.Name(id="math.inf", ctx=ast.Load()), kind.kind


def _named(reader: Reader, node: Node, found: str, arguments: list[Node]) -> Value:
    if found in reader.lambdas:
        return lambdas.applied(reader, reader.lambdas[found], [reader.read(a) for a in arguments])
    if found not in reader.functions:
        found = found.removeprefix("__builtin_")
        known = algorithms.value(reader, node, found, arguments) or _standard(reader, node, found, arguments)
        if known is not None:
            return known
    return _own(reader, node, found, arguments)


def _own(reader: Reader, node: Node, found: str, arguments: list[Node]) -> Value:
    """A function of the file: instantiated for the types of a template and for pointers into the middle of arrays."""
    signature = reader.signatures.get(found)
    names = structures.parameter_names(reader, signature) if signature is not None else []
    values: list[Value] = []
    offsets: dict[str, int] = {}
    given: list[Value] = []
    for argument in arguments:
        parts = structures.parts(reader, argument)
        where = None if parts is not None or (bare(argument).type == "identifier" and text(bare(argument)) not in (
            reader.walking)) else pointers.place(reader, argument)
        if where is not None and len(values) < len(names):
            offsets[names[len(values)]] = 1
            values.append((name(where[0]), reader.types[where[0]].kind))
            given += [values[-1], (where[1], "int")]
            continue
        values += parts if parts is not None else [reader.read(argument)]
        given += values[len(values) - (len(parts) if parts is not None else 1) :]
    called_name = templates.instance(reader, found, values, frozenset(offsets))
    returned = reader.functions.get(called_name)
    converted = [v for v, _ in given] if offsets else _converted(reader, found, values)
    kind = returned.kind if returned else joined(*(k for _, k in values))
    return call(called_name, *converted), kind


def _converted(reader: Reader, function: str, values: list[Value]) -> list[ast.expr]:
    """Arguments as the parameters' types take them."""
    node = reader.signatures.get(function)
    kinds = structures.parameter_types(reader, node) if node is not None else []
    if len(kinds) != len(values):
        return [v for v, _ in values]
    return [v if kind is None or kind.rank or not kind.dtype else reader.in_type(v, k, kind)
            for (v, k), kind in zip(values, kinds, strict=True)]  # fmt: skip


def _standard(reader: Reader, node: Node, found: str, arguments: list[Node]) -> Value | None:
    """Functions of <math.h>, <stdlib.h> and <algorithm> on numbers."""
    plain = found.removesuffix("f") if found not in ("erf",) else found
    plain = plain.removesuffix("l") if plain not in REAL_FUNCTIONS and plain.endswith("l") else plain
    known = plain in REAL_FUNCTIONS or plain in EXTREMES or plain in _ROUNDED or plain in _OTHER
    if not known:
        return None
    values = [reader.read(a) for a in arguments]
    kind = joined(*(k for _, k in values)) if values else "int"
    args = [v for v, _ in values]
    if plain in REAL_FUNCTIONS:
        return call(f"math.{plain}", *args), "real"
    if plain in EXTREMES and len(args) == 2:
        kind = "real" if plain.startswith("f") else kind
        return call(EXTREMES[plain], *(as_kind(v, k, kind) for v, k in values)), kind
    if plain in _ROUNDED and kind == "real":
        return _ROUNDED[plain](args[0])
    if plain in _ROUNDED:
        return args[0], kind
    if plain == "fma":
        product = ast.BinOp(left=args[0], op=ast.Mult(), right=args[1])
        return ast.BinOp(left=product, op=ast.Add(), right=args[2]), "real"
    if plain == "clamp" and len(args) == 3:
        return call("min", call("max", args[0], args[1]), args[2]), kind
    if plain in ("abs", "labs", "llabs"):
        whole = reader.language == "c" and kind == "real"  # abs of <stdlib.h> converts to int
        return (call("abs", call("int", *args)), "int") if whole else (call("abs", *args), kind)
    return None


def _half_away(value: ast.expr) -> ast.expr:
    """round(): halves away from zero."""
    half = call("math.floor", ast.BinOp(left=call("abs", value), op=ast.Add(), right=number(0.5)))
    test = ast.Compare(left=copy.deepcopy(value), ops=[ast.Lt()], comparators=[number(0.0)])
    return ast.IfExp(test=test, body=ast.UnaryOp(op=ast.USub(), operand=half), orelse=copy.deepcopy(half))


_ROUNDED: dict[str, Callable[[ast.expr], tuple[ast.expr, str]]] = {
    "floor": lambda v: (call("float", call("math.floor", v)), "real"),
    "ceil": lambda v: (call("float", call("math.ceil", v)), "real"),
    "trunc": lambda v: (call("float", call("int", v)), "real"),
    "round": lambda v: (call("float", _half_away(v)), "real"),
    "lround": lambda v: (_half_away(v), "int"),
    "rint": lambda v: (call("float", call("round", v)), "real"),
    "nearbyint": lambda v: (call("float", call("round", v)), "real"),
    "lrint": lambda v: (call("round", v), "int"),
}
_OTHER = ("fma", "clamp", "abs", "labs", "llabs")


def _method(reader: Reader, node: Node, function: Node, arguments: list[Node]) -> Value:
    """v.size(), v.at(i), v.back()."""
    base, kind = reader.read(reader.child(function, "argument"))
    method = text(function.child_by_field_name("field"))
    if method in ("size", "length"):
        return call("len", base), "int"
    if method == "empty":
        return ast.Compare(left=call("len", base), ops=[ast.Eq()], comparators=[number(0)]), "int"
    if method == "at":
        return element(base, reader.expression(arguments[0])), kind
    if method in ("back", "front"):
        last = number(0) if method == "front" else ast.UnaryOp(op=ast.USub(), operand=number(1))
        return element(base, last), kind
    raise reader.refuse(node, f"the method {method!r}", "use size, at, push_back and subscripts")


def _template(reader: Reader, node: Node, function: Node, arguments: list[Node]) -> Value:
    """static_cast<T>(x), max<T>(a, b), helper<T>(x)."""
    parts = reader.child(function, "arguments").named_children
    found = text(function.child_by_field_name("name"))
    if found in CONVERSIONS:
        return reader.converted(node, base_type(parts[0], reader.typedefs), arguments[0])
    if found in EXTREMES or found == "clamp":
        to = base_type(parts[0], reader.typedefs) or CType("i32")
        values = [(reader.in_type(*reader.read(a), to), to.kind) for a in arguments]
        args = [v for v, _ in values]
        if found == "clamp":
            return call("min", call("max", *args[:2]), args[2]), to.kind
        return call(EXTREMES[found], *args), to.kind
    return _named(reader, node, found, arguments)
