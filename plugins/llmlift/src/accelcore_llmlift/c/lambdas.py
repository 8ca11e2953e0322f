"""Functions as values: lambda expressions, std::plus and its like, names of functions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c.declarations import CType, base_type, declared, text
from accelcore_llmlift.c.syntax import call, walk

if TYPE_CHECKING:
    from tree_sitter import Node

    from accelcore_llmlift.c.expressions import Reader, Value
else:
    Node = Any

FUNCTORS = {
    "plus": "+", "minus": "-", "multiplies": "*", "divides": "/", "modulus": "%", "bit_and": "&", "bit_or": "|",
    "bit_xor": "^",
}  # fmt: skip


def function(reader: Reader, node: Node) -> Callable[[list[Value]], Value]:
    """What a function argument computes; refused where it is no function that this file shows."""
    if node.type == "lambda_expression":
        return lambda values: applied(reader, node, values)
    if node.type == "identifier" and text(node) in reader.lambdas:
        return lambda values: applied(reader, reader.lambdas[text(node)], values)
    if node.type == "identifier" and text(node) in reader.functions:
        return lambda values: (call(text(node), *(v for v, _ in values)), reader.functions[text(node)].kind)
    operator = _functor(node)
    if operator == "neg":
        return lambda values: (ast.UnaryOp(op=ast.USub(), operand=values[0][0]), values[0][1])
    if operator is not None:
        return lambda values: reader.arithmetic(node, operator, values[0], values[1])
    raise reader.refuse(node, f"the function {text(node)[:40]!r}", "give a lambda with one return")


def _functor(node: Node) -> str | None:
    """std::plus<T>() and std::plus<T>{}."""
    name = node.child_by_field_name("function") or node.child_by_field_name("type")
    while name is not None and name.type == "qualified_identifier":
        name = name.child_by_field_name("name")
    plain = text(name.child_by_field_name("name")) if name is not None else ""
    return "neg" if plain == "negate" else FUNCTORS.get(plain)


def applied(reader: Reader, node: Node, values: list[Value]) -> Value:
    """A lambda of one return statement, its parameters replaced by the arguments."""
    statements = [s for s in reader.child(node, "body").named_children if s.type != "comment"]
    if len(statements) != 1 or statements[0].type != "return_statement" or not statements[0].named_children:
        raise reader.refuse(node, "a lambda of several statements as a value", "give it one return statement")
    with bound(reader, node, values):
        value, kind = reader.sure(statements[0].named_children[0])
    returns = _returns(reader, node)
    return (reader.in_type(value, kind, returns), returns.kind) if returns is not None else (value, kind)


def _returns(reader: Reader, node: Node) -> CType | None:
    """The type after the arrow."""
    for part in walk(reader.child(node, "declarator")) if node.child_by_field_name("declarator") else ():
        if part.type == "trailing_return_type":
            return base_type(part.named_children[0], reader.typedefs)
    return None


@contextmanager
def bound(reader: Reader, node: Node, values: list[Value]) -> Iterator[None]:
    """The parameters of a lambda as names for values."""
    saved = (dict(reader.types), dict(reader.aliases))
    try:
        declarator = node.child_by_field_name("declarator")
        listed = declarator.child_by_field_name("parameters") if declarator is not None else None
        parts = [p for p in listed.named_children if p.type == "parameter_declaration"] if listed is not None else []
        if len(parts) != len(values):
            what = f"a lambda of {len(parts)} parameters with {len(values)} arguments"
            raise reader.refuse(node, what, "see its use")
        for part, (value, kind) in zip(parts, values, strict=True):
            said = base_type(part.child_by_field_name("type"), reader.typedefs)
            parameter, _, _ = declared(reader.child(part, "declarator"), CType("i32"))
            known = said or CType({"real": "f64", "int": "i32"}.get(kind, kind))
            reader.types[parameter] = known
            reader.aliases[parameter] = value if known.rank else reader.in_type(value, kind, known)
        yield
    finally:
        reader.types, reader.aliases = saved
