"""Structures: each field of a structure is a variable, or a parameter, of its own.

`m->data` of a parameter `m` is the parameter `m_data`.  A number that the function changes through the pointer is an
array of one element, as an output parameter is.  An array of structures is one array for each field.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c.declarations import CType, base_type, declared, text

if TYPE_CHECKING:
    from tree_sitter import Node

    from accelcore_llmlift.c.expressions import Reader
else:
    Node = Any

Fields = dict[str, CType]


def structure_of(node: Node | None, reader: Reader) -> Fields | None:
    """The fields of the structure that a type node names or defines; None for other types."""
    if node is None:
        return None
    if node.type in ("struct_specifier", "class_specifier"):
        body = node.child_by_field_name("body")
        if body is not None:
            return _fields(body, reader)
        return reader.structures.get(text(node.child_by_field_name("name")))
    return reader.structures.get(text(node).removeprefix("struct "))


def _fields(body: Node, reader: Reader) -> Fields | None:
    found: Fields = {}
    for part in body.named_children:
        if part.type != "field_declaration":
            continue
        base = base_type(part.child_by_field_name("type"), reader.typedefs)
        if base is None:
            return None
        for declarator in part.children_by_field_name("declarator"):
            name, kind, _ = declared(declarator, base)
            found[name] = kind
    return found


def collect(node: Node, reader: Reader) -> None:
    """Note the structure that a definition or a typedef gives a name to."""
    if node.type == "struct_specifier" and node.child_by_field_name("name") is not None:
        fields = structure_of(node, reader)
        if fields is not None:
            reader.structures[text(node.child_by_field_name("name"))] = fields
    elif node.type == "type_definition":
        fields = structure_of(node.child_by_field_name("type"), reader)
        declarator = node.child_by_field_name("declarator")
        if fields is not None and declarator is not None and declarator.type == "type_identifier":
            reader.structures[text(declarator)] = fields


def spread(name: str, fields: Fields, reader: Reader, body: Node, *, shared: bool) -> dict[str, CType]:
    """Variables for the fields of one variable, which the reader knows from then on.

    shared: the structure is the caller's, seen through a pointer or a reference.
    """
    elements = _subscripted(body, name)
    found: dict[str, CType] = {}
    for field_name, kind in fields.items():
        variable = f"{name}_{field_name}"
        while variable in reader.types:
            variable += "_"
        if elements:
            kind = replace(kind, rank=kind.rank + 1)
        elif shared and not kind.rank and _changed(body, name, field_name):
            kind = replace(kind, rank=1, out=True)
        reader.fields[f"{name}.{field_name}"] = variable
        reader.types[variable] = found[variable] = kind
    return found


def _walk(node: Node) -> list[Node]:
    return [node, *(n for c in node.named_children for n in _walk(c))]


def _subscripted(body: Node, name: str) -> bool:
    return any(n.type == "subscript_expression" and text(n.child_by_field_name("argument")) == name
               for n in _walk(body))  # fmt: skip


def _changed(body: Node, name: str, field_name: str) -> bool:
    """Whether a field is assigned."""
    targets = [n.child_by_field_name("left") for n in _walk(body) if n.type == "assignment_expression"]
    targets += [n.child_by_field_name("argument") for n in _walk(body) if n.type == "update_expression"]
    return any(text(t) in (f"{name}->{field_name}", f"{name}.{field_name}", f"(*{name}).{field_name}")
               for t in targets)  # fmt: skip
