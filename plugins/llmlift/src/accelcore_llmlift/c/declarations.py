"""C declarations: what a declared name is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node
else:
    Node = Any

DTYPES = {
    "int": "i32", "signed": "i32", "long": "i64", "long long": "i64", "short": "i16", "char": "i8", "signed char": "i8",
    "unsigned char": "u8", "uint8_t": "u8", "int8_t": "i8", "uint16_t": "u16", "unsigned short": "u16",
    "int16_t": "i16", "int32_t": "i32", "int64_t": "i64", "float": "f32", "double": "f64", "bool": "bool",
    "_Bool": "bool", "size_t": "size", "unsigned": "size", "unsigned int": "size", "uint32_t": "size",
    "ptrdiff_t": "i64", "std::size_t": "size", "ssize_t": "i64", "unsigned long": "size", "uint64_t": "size",
}  # fmt: skip
"""Storage of the arithmetic types (LP64).  "size": unsigned words, allowed as sizes and counters only."""

CONTAINERS = ("vector", "std::vector", "array", "std::array")


@dataclass(frozen=True)
class CType:
    """A declared type: element storage ("" for void), number of axes, and whether the axes are pointers.

    out: a field of a structure that the function changes through a pointer, held in an array of one element.
    structure: the name of a structure type, whose fields are variables of their own.
    """

    dtype: str
    rank: int = 0
    pointer: bool = False
    extents: tuple[Node, ...] = ()
    out: bool = False
    structure: str = ""

    @property
    def kind(self) -> str:
        """ "real" or "int" for the element."""
        return "real" if self.dtype.startswith("f") else "int"


def text(node: Node | None) -> str:
    """The source text of a node."""
    return "" if node is None or node.text is None else node.text.decode()


def base_type(node: Node | None, typedefs: Mapping[str, CType]) -> CType | None:
    """The type that a type node names; None when it is unknown."""
    if node is None:
        return None
    if node.type == "type_descriptor":
        inner = base_type(node.child_by_field_name("type"), typedefs)
        declarator = node.child_by_field_name("declarator")
        return inner if inner is None or declarator is None else declared(declarator, inner)[1]
    if node.type == "template_type" or (node.type == "qualified_identifier" and text(node).startswith("std::vector")):
        return _container(node, typedefs)
    name = " ".join(text(node).split())
    if name in typedefs:
        return typedefs[name]
    name = name.removesuffix(" int") if name != "int" and "unsigned int" not in name else name
    if name == "void":
        return CType("")
    return CType(DTYPES[name]) if name in DTYPES else None


def _container(node: Node, typedefs: Mapping[str, CType]) -> CType | None:
    inner = node.child_by_field_name("name") if node.type == "qualified_identifier" else node
    if inner is None or text(inner.child_by_field_name("name")) not in CONTAINERS:
        return None
    arguments = inner.child_by_field_name("arguments")
    element = base_type(arguments.named_children[0], typedefs) if arguments else None
    return None if element is None else replace(element, rank=element.rank + 1)


def declared(declarator: Node, base: CType) -> tuple[str, CType, Node | None]:
    """(name, type, initial value) of one declarator."""
    value: Node | None = None
    found = base
    extents: list[Node] = []
    node: Node | None = declarator
    while node is not None and node.type not in ("identifier", "field_identifier", "type_identifier"):
        if node.type == "init_declarator":
            value = node.child_by_field_name("value")
        elif node.type in ("pointer_declarator", "abstract_pointer_declarator"):
            found = replace(found, rank=found.rank + 1, pointer=True)
        elif node.type in ("array_declarator", "abstract_array_declarator"):
            size = node.child_by_field_name("size")
            extents.insert(0, size) if size is not None else None
            found = replace(found, rank=found.rank + 1)
        inner = node.child_by_field_name("declarator")
        if inner is None:
            inner = next((c for c in node.named_children if c.type.endswith(("declarator", "identifier"))), None)
        node = inner
    return text(node), replace(found, extents=tuple(extents)), value
