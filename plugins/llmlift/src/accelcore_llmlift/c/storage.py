"""Memory: malloc and its like, memcpy, memset, sizeof."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c import pointers
from accelcore_llmlift.c.declarations import CType, base_type, text
from accelcore_llmlift.c.limits import width
from accelcore_llmlift.c.syntax import bare, call, element, name, number, plus, store

if TYPE_CHECKING:
    from tree_sitter import Node

    from accelcore_llmlift.c.expressions import Reader
else:
    Node = Any

STORAGE = {"f32": "float32", "f64": "float64", "i8": "int8", "u8": "uint8", "i16": "int16", "u16": "uint16",
           "i32": "int32", "i64": "int64", "u32": "uint32", "u64": "uint64", "bool": "bool"}  # fmt: skip


def unwritten(extents: list[ast.expr], kind: CType) -> ast.Call:
    """An array whose elements are not known yet."""
    return _made("numpy.empty", extents, kind)


def zeros(extents: list[ast.expr], kind: CType) -> ast.Call:
    """An array of zeros."""
    return _made("numpy.zeros", extents, kind)


def _made(function: str, extents: list[ast.expr], kind: CType) -> ast.Call:
    found = call(function, ast.Tuple(elts=extents, ctx=ast.Load()))
    found.keywords = [ast.keyword(arg="dtype", value=ast.Constant(value=STORAGE.get(kind.dtype, "int64")))]
    return found


def size_of(reader: Reader, node: Node) -> int:
    """sizeof of an arithmetic type or of a number."""
    kind = base_type(node.child_by_field_name("type"), reader.typedefs)
    value = node.child_by_field_name("value")
    if kind is None and value is not None:
        kind = _measured(reader, bare(value))
    size = width(kind.dtype) if kind is not None and not kind.rank else None
    if size is None:
        raise reader.refuse(node, f"{text(node)!r}", "write sizeof of an arithmetic type, or the number of elements")
    return size


def _measured(reader: Reader, value: Node) -> CType | None:
    """The type of `x`, `x[0]` or `*x`; of a name alone it may also be a type."""
    if value.type in ("subscript_expression", "pointer_expression"):
        found = reader.types.get(text(bare(reader.child(value, "argument"))))
        return CType(found.dtype) if found is not None and found.rank == 1 else None
    known = reader.types.get(text(value))
    return known if known is not None else base_type(value, reader.typedefs)


def elements(reader: Reader, node: Node, kind: CType) -> ast.expr:
    """A number of bytes as a number of elements: `n * sizeof(T)`, `sizeof x` of a local array."""
    node = bare(node)
    if node.type == "binary_expression" and text(node.child_by_field_name("operator")) == "*":
        left, right = bare(reader.child(node, "left")), bare(reader.child(node, "right"))
        for factor, rest in ((left, right), (right, left)):
            if factor.type == "sizeof_expression":
                if size_of(reader, factor) != width(kind.dtype):
                    raise reader.refuse(factor, "a size of another type than the elements", "use sizeof of an element")
                return reader.expression(rest)
            if _has_size(factor):
                return ast.BinOp(left=elements(reader, factor, kind), op=ast.Mult(), right=reader.expression(rest))
    if node.type == "sizeof_expression":
        value = node.child_by_field_name("value")
        found = reader.types.get(text(bare(value))) if value is not None else None
        if found is not None and found.rank == 1 and not found.pointer and found.extents:
            return reader.expression(found.extents[0])
        return number(1)
    if width(kind.dtype) == 1:
        return reader.expression(node)
    raise reader.refuse(node, f"{text(node)!r} bytes", "write n * sizeof(T)")


def _has_size(node: Node) -> bool:
    return node.type == "sizeof_expression" or any(_has_size(c) for c in node.named_children)


def allocated(reader: Reader, value: Node, kind: CType) -> ast.expr | None:
    """The array that malloc, calloc or new[] gives; None for other values."""
    value = bare(value)
    while value.type == "cast_expression" or _static_cast(value):
        inner = value.child_by_field_name("value") or reader.child(value, "arguments").named_children[0]
        value = bare(inner)
    if value.type == "new_expression":
        declarator = value.child_by_field_name("declarator")
        length = declarator.child_by_field_name("length") if declarator is not None else None
        if length is None:
            return None
        cleared = value.child_by_field_name("arguments") is not None
        return (zeros if cleared else unwritten)([reader.expression(length)], kind)
    if value.type != "call_expression":
        return None
    function = text(value.child_by_field_name("function")).removeprefix("std::")
    arguments = reader.child(value, "arguments").named_children
    if function == "malloc":
        return unwritten([elements(reader, arguments[0], kind)], kind)
    if function == "calloc":
        return zeros([reader.expression(arguments[0])], kind)
    return None


def _static_cast(node: Node) -> bool:
    function = node.child_by_field_name("function") if node.type == "call_expression" else None
    return function is not None and text(function).startswith("static_cast<")


def moved(reader: Reader, node: Node, function: str, arguments: list[Node]) -> list[ast.stmt] | None:
    """memcpy, memmove and memset as loops; free as nothing."""
    if function in ("free", "delete"):
        return []
    if function not in ("memcpy", "memmove", "memset") or len(arguments) != 3:
        return None
    target = pointers.place(reader, arguments[0])
    if target is None:
        raise reader.refuse(node, f"{function} to {text(arguments[0])!r}", "copy in a loop")
    kind = reader.types[target[0]]
    if kind.rank != 1:
        raise reader.refuse(node, f"{function} of an array with several axes", "copy in a loop")
    counter = reader.unused("moved")
    value = _cleared(reader, node, arguments[1], kind) if function == "memset" else _copied(
        reader, arguments[1], kind, counter)
    place = element(name(target[0]), plus(target[1], name(counter)))
    place.ctx = ast.Store()
    body: list[ast.stmt] = [ast.Assign(targets=[place], value=value)]
    span = call("range", elements(reader, arguments[2], kind))
    return [ast.For(target=ast.Name(id=counter, ctx=ast.Store()), iter=span, body=body, orelse=[])]


def _cleared(reader: Reader, node: Node, byte: Node, kind: CType) -> ast.expr:
    value = reader.expression(byte)
    if isinstance(value, ast.Constant) and value.value == 0:
        return number(0.0 if kind.kind == "real" else 0)
    if width(kind.dtype) == 1:
        return reader.in_type(value, "int", kind)
    raise reader.refuse(node, "memset to bytes that are not 0", "fill the elements in a loop")


def _copied(reader: Reader, node: Node, kind: CType, counter: str) -> ast.expr:
    source = pointers.place(reader, node)
    if source is None or reader.types[source[0]].dtype != kind.dtype:
        raise reader.refuse(node, f"a copy of bytes from {text(node)!r}", "copy elements of one type in a loop")
    return element(copy.deepcopy(name(source[0])), plus(source[1], name(counter)))


__all__ = ["allocated", "elements", "moved", "size_of", "store", "unwritten", "zeros"]
