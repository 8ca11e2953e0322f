"""Containers: range-for, their sizes, and value semantics."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c.declarations import CType, base_type, declared, text
from accelcore_llmlift.c.syntax import call, name

if TYPE_CHECKING:
    from tree_sitter import Node

    from accelcore_llmlift.c.expressions import Reader
else:
    Node = Any


def element_type(reader: Reader, base: ast.expr) -> CType:
    """The type of the elements of a container expression."""
    depth, inner = 1, base
    while isinstance(inner, ast.Subscript):
        depth, inner = depth + 1, inner.value
    found = reader.types.get(inner.id if isinstance(inner, ast.Name) else "", CType("i32", depth))
    return CType(found.dtype, max(found.rank - depth, 0), container=found.container)


def over(reader: Reader, container: ast.expr, stem: str) -> tuple[str, ast.expr, ast.expr]:
    """A counter for a container: (counter, range, the element at the counter)."""
    counter = reader.unused(f"{stem}_at")
    at = ast.Subscript(value=copy.deepcopy(container), slice=name(counter), ctx=ast.Load())
    return counter, call("range", call("len", container)), at


def loop(counter: str, span: ast.expr, body: list[ast.stmt]) -> ast.For:
    """`for counter in span: body`."""
    return ast.For(target=ast.Name(id=counter, ctx=ast.Store()), iter=span, body=body or [ast.Pass()], orelse=[])


def bind_element(reader: Reader, node: Node, container: ast.expr, at: ast.expr) -> list[ast.stmt]:
    """Declare the variable of `for (T x : v)`: a reference or a row is another name, a number a copy."""
    declarator = node.child_by_field_name("declarator")
    assert declarator is not None
    said = base_type(node.child_by_field_name("type"), reader.typedefs)
    element = element_type(reader, container)
    converts = said is not None and said.rank == 0 and element.rank == 0 and said.kind != element.kind
    variable, _, _ = declared(declarator, CType("i32"))
    if converts and declarator.type == "reference_declarator":
        raise reader.refuse(node, "an element that is converted by the loop variable", "declare it auto")
    reader.types[variable] = said if converts and said is not None else element
    if declarator.type == "reference_declarator":
        reader.aliases[variable] = at
        return []
    reader.aliases.pop(variable, None)
    value = call("list", at) if element.rank else at
    if converts and said is not None:
        value = reader.in_type(at, element.kind, said)
    return [ast.Assign(targets=[ast.Name(id=variable, ctx=ast.Store())], value=value)]


def swap(reader: Reader, arguments: list[Node]) -> list[ast.stmt]:
    """std::swap of two numbers."""
    places = [reader.expression(a) for a in arguments]
    held = reader.unused("held")
    if isinstance(places[0], ast.Name) and reader.types.get(places[0].id, CType("")).rank:
        raise reader.refuse(arguments[0], "containers that change places", "swap their elements in a loop")
    stores = [copy.deepcopy(p) for p in places]
    for store in stores:
        store.ctx = ast.Store()  # type: ignore[attr-defined]  # names and subscripts
    return [
        ast.Assign(targets=[ast.Name(id=held, ctx=ast.Store())], value=places[0]),
        ast.Assign(targets=[stores[0]], value=places[1]),
        ast.Assign(targets=[stores[1]], value=name(held)),
    ]


def sliced(text_of: Node) -> bool:
    """Whether an expression is an iterator."""
    return text(text_of).endswith(("begin()", "end()"))
