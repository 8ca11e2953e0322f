"""Which unsigned variables only count: they are exact, all others wrap at their width.

A count is never given an element, a bitwise result or another wrapping variable; a parameter counts when it bounds a
loop, measures an array or stands in a subscript.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c.declarations import CType, base_type, declared, text
from accelcore_llmlift.c.syntax import walk

if TYPE_CHECKING:
    from tree_sitter import Node

    from accelcore_llmlift.c.expressions import Reader
else:
    Node = Any

BITWISE = ("&", "|", "^", "<<", "~", "&=", "|=", "^=", "<<=")
PLACES = ("subscript_argument_list", "condition_clause", "array_declarator", "parameter_list")


def counting(function: Node, reader: Reader) -> set[str]:
    """Names of the unsigned scalars of a function that count."""
    body = reader.child(function, "body")
    named = _declared(function, reader)
    given = {name: _values(body, name) for name in named}
    data = {name for name, values in given.items() if any(_holds_data(v) for v in values)}
    data |= {n for n in _parameters(function, reader) & named if not _measures(body, n) and _used_in_values(body, n)}
    grown = True
    while grown:
        more = {n for n, values in given.items() if n not in data and any(_mentioned(v, data) for v in values)}
        grown, data = bool(more), data | more
    return named - data


def _declared(function: Node, reader: Reader) -> set[str]:
    found = set()
    for node in walk(function):
        if node.type not in ("declaration", "parameter_declaration"):
            continue
        base = base_type(node.child_by_field_name("type"), reader.typedefs)
        if base is not None and base.dtype in ("u32", "u64") and not base.rank:
            found |= {declared(d, CType("u32"))[0] for d in node.children_by_field_name("declarator")}
    return found


def _parameters(function: Node, reader: Reader) -> set[str]:
    from accelcore_llmlift.c.structures import parameter_nodes

    parts = [p.child_by_field_name("declarator") for p in parameter_nodes(reader, function)]
    return {declared(d, CType("u32"))[0] for d in parts if d is not None}


def _values(body: Node, name: str) -> list[Node]:
    """What is assigned to a name."""
    found = []
    for node in walk(body):
        if node.type == "init_declarator" and text(node.child_by_field_name("declarator")) == name:
            found.append(node.child_by_field_name("value"))
        elif node.type == "assignment_expression" and text(node.child_by_field_name("left")) == name:
            found.append(node)
    return [n for n in found if n is not None]


def _holds_data(value: Node) -> bool:
    right = value.child_by_field_name("right") if value.type == "assignment_expression" else value
    operator = text(value.child_by_field_name("operator")) if value.type == "assignment_expression" else "="
    if operator in BITWISE:
        return True
    return any(
        (n.type in ("subscript_expression", "pointer_expression", "call_expression") and not _size(n))
        or (n.type in ("binary_expression", "unary_expression") and text(n.child_by_field_name("operator")) in BITWISE)
        for n in (walk(right) if right is not None else ())
    ) or operator == "*="


def _size(node: Node) -> bool:
    """v.size(), v[0].size()."""
    if node.type == "subscript_expression":
        parent = node.parent
        return parent is not None and parent.type == "field_expression" and text(parent).endswith(("size", "length"))
    return node.type == "call_expression" and text(node).endswith((".size()", ".length()"))


def _measures(body: Node, name: str) -> bool:
    """Whether a parameter bounds a loop, measures an array or stands in a subscript."""
    return any(n.type == "identifier" and text(n) == name and _in_place(n) for n in walk(body))


def _in_place(node: Node) -> bool:
    inner, parent = node, node.parent
    while parent is not None and parent.type != "function_definition":
        if parent.type in PLACES:
            return True
        if parent.type in ("for_statement", "while_statement") and parent.child_by_field_name("body") != inner:
            return True
        inner, parent = parent, parent.parent
    return False


def _used_in_values(body: Node, name: str) -> bool:
    return any(n.type == "identifier" and text(n) == name for n in walk(body))


def _mentioned(value: Node, names: set[str]) -> bool:
    return any(n.type == "identifier" and text(n) in names for n in walk(value))
