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
    "_Bool": "bool", "size_t": "u64", "unsigned": "u32", "unsigned int": "u32", "uint32_t": "u32", "u_int": "u32",
    "uint": "u32", "ptrdiff_t": "i64", "ssize_t": "i64", "unsigned long": "u64", "unsigned long long": "u64",
    "uint64_t": "u64", "intptr_t": "i64", "uintptr_t": "u64", "uint_fast32_t": "u64", "int_fast32_t": "i64",
    "uint_fast8_t": "u8", "int_fast8_t": "i8", "long double": "f64", "float32_t": "f32", "float64_t": "f64",
    "long int": "i64", "long long int": "i64", "short int": "i16", "unsigned short int": "u16",
    "unsigned long int": "u64", "unsigned long long int": "u64", "signed int": "i32", "size_type": "u64",
}  # fmt: skip
"""Storage of the arithmetic types (LP64)."""

CONTAINERS = ("vector", "array", "span", "valarray")


@dataclass(frozen=True)
class CType:
    """A declared type: element storage ("" for void), number of axes, and whether the axes are pointers.

    container: std::vector and std::array, whose name is a value and no pointer.  counts: an unsigned number that only
    counts, which is exact; other unsigned words wrap.

    out: a field of a structure that the function changes through a pointer, held in an array of one element.
    structure: the name of a structure type, whose fields are variables of their own.
    """

    dtype: str
    rank: int = 0
    pointer: bool = False
    extents: tuple[Node, ...] = ()
    out: bool = False
    structure: str = ""
    container: bool = False
    counts: bool = False

    @property
    def kind(self) -> str:
        """The kind of an element: see `kinds`."""
        if self.dtype in ("u32", "u64") and not self.counts:
            return self.dtype
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
    if node.type == "qualified_identifier":
        return base_type(node.child_by_field_name("name"), typedefs)
    if node.type == "template_type":
        return _container(node, typedefs)
    if node.type == "enum_specifier":
        return CType("i32")
    name = " ".join(text(node).split())
    if name in typedefs:
        return typedefs[name]
    if name == "void":
        return CType("")
    words = [w for w in name.split() if w not in ("const", "volatile", "register")]
    if "char" not in words and len(words) > 1:
        words = [w for w in words if w not in ("int", "signed")] or ["int"]
    plain = " ".join(words)
    return CType(DTYPES[plain]) if plain in DTYPES else None


def _container(node: Node, typedefs: Mapping[str, CType]) -> CType | None:
    if text(node.child_by_field_name("name")) not in CONTAINERS:
        return None
    arguments = node.child_by_field_name("arguments")
    element = base_type(arguments.named_children[0], typedefs) if arguments else None
    if element is None:
        return None
    sized = tuple(arguments.named_children[1:2]) if arguments and text(node).startswith("array") else ()
    return replace(element, rank=element.rank + 1, container=True, extents=(*sized, *element.extents))


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
            if size is not None:
                extents.insert(0, size)
            found = replace(found, rank=found.rank + 1)
        inner = node.child_by_field_name("declarator")
        if inner is None:
            inner = next((c for c in node.named_children if c.type.endswith(("declarator", "identifier"))), None)
        node = inner
    return text(node), replace(found, extents=(*extents, *base.extents)), value
