"""Pointers: a pointer is an array and a position in it.

A pointer that never moves is another name for its array.  One that moves is a position variable beside the array;
`*p++` asks for a step of the position after the statement, `*++p` for one before it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c.declarations import CType, text
from accelcore_llmlift.c.syntax import bare, call, element, minus, name, number, plus, stepped

if TYPE_CHECKING:
    from tree_sitter import Node

    from accelcore_llmlift.c.expressions import Reader, Value
else:
    Node = Any

Place = tuple[str, ast.expr]
COMPARED: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "==": ast.Eq, "!=": ast.NotEq,
}  # fmt: skip
NULL = ("NULL", "nullptr")


def place(reader: Reader, node: Node) -> Place | None:
    """The (array, position) of a pointer or an iterator; None for other expressions."""
    node = bare(node)
    match node.type:
        case "identifier" | "field_expression":
            return _named(reader, node)
        case "binary_expression":
            return _offset(reader, node)
        case "update_expression" if text(bare(reader.child(node, "argument"))) in reader.walking:
            stepped_value = stepping(reader, node)[0]
            assert isinstance(stepped_value, ast.Subscript)
            assert isinstance(stepped_value.value, ast.Name)
            return stepped_value.value.id, stepped_value.slice
        case "cast_expression":
            inner = place(reader, reader.child(node, "value"))
            return inner if inner is not None and text(node.child_by_field_name("type")).endswith("*") else None
        case "pointer_expression" if text(node).startswith("&"):
            return _address(reader, bare(reader.child(node, "argument")))
        case "call_expression":
            return _iterator(reader, node)
    return None


def _named(reader: Reader, node: Node) -> Place | None:
    if node.type == "identifier" and text(node) in reader.walking:
        array, position = reader.walking[text(node)]
        return array, name(position)
    if node.type == "identifier" and text(node) not in reader.types:
        return None
    try:
        value = reader.expression(node)
    except reader.refusal:
        return None
    kind = reader.types.get(value.id) if isinstance(value, ast.Name) else None
    return (value.id, number(0)) if isinstance(value, ast.Name) and kind is not None and kind.rank == 1 else None


def _offset(reader: Reader, node: Node) -> Place | None:
    """p + i, i + p, p - i."""
    operator = text(node.child_by_field_name("operator"))
    left, right = reader.child(node, "left"), reader.child(node, "right")
    if operator not in ("+", "-"):
        return None
    base = place(reader, left)
    if base is None and operator == "+":
        base, right = place(reader, right), left
    if base is None or place(reader, right) is not None:
        return None  # p - q is a number
    by = reader.expression(right)
    return base[0], plus(base[1], by) if operator == "+" else minus(base[1], by)


def _address(reader: Reader, node: Node) -> Place | None:
    """&a[i], &p[i], &*p."""
    if node.type == "pointer_expression" and text(node).startswith("*"):
        return place(reader, reader.child(node, "argument"))
    if node.type != "subscript_expression":
        return None
    base = place(reader, reader.child(node, "argument"))
    if base is None:
        return None
    return base[0], plus(base[1], reader.expression(subscript(reader, node)))


def _iterator(reader: Reader, node: Node) -> Place | None:
    """v.begin(), v.end(), v.data(), std::begin(v)."""
    found = _extreme(reader, node)
    if found is not None:
        return found
    function = reader.child(node, "function")
    method = text(function.child_by_field_name("field"))
    arguments = reader.child(node, "arguments").named_children
    base: Node | None = None
    if function.type == "field_expression":
        base = function.child_by_field_name("argument")
    elif len(arguments) == 1 and text(function).startswith("std::"):
        method, base = text(function).removeprefix("std::"), arguments[0]
    if base is None or base.type not in ("identifier", "field_expression"):
        return None
    if method not in ("begin", "end", "cbegin", "cend", "data"):
        return None
    array = reader.expression(base)
    if not isinstance(array, ast.Name):
        return None
    return array.id, call("len", array) if method.endswith("end") else number(0)


def _extreme(reader: Reader, node: Node) -> Place | None:
    """std::max_element of a whole container: the array and the first position of its largest element."""
    from accelcore_llmlift.c.algorithms import extreme

    found = extreme(reader, node)
    if found is None or not isinstance(found[1], ast.Name):
        return None
    return found[1].id, call(f"numpy.arg{found[0]}", found[1])


def subscript(reader: Reader, node: Node) -> Node:
    """The index of a subscript expression."""
    indices = node.child_by_field_name("indices") or reader.child(node, "index")
    if indices.type != "subscript_argument_list":
        return indices
    if len(indices.named_children) != 1:
        raise reader.refuse(node, f"the subscript {text(indices)!r}", "index with one number")
    return indices.named_children[0]


def compared(reader: Reader, node: Node, operator: str) -> ast.expr | None:
    """A comparison of two pointers into one array is one of positions; none of the arguments is null."""
    sides = [bare(reader.child(node, side)) for side in ("left", "right")]
    places = [None if text(s) in (*NULL, "0") else place(reader, s) for s in sides]
    if all(p is None for p in places):
        return None
    if any(text(s) in (*NULL, "0") for s in sides):
        return ast.Constant(value=operator == "!=")
    if places[0] is None or places[1] is None:
        return None
    if places[0][0] != places[1][0]:
        raise reader.refuse(node, "a comparison of pointers into different arrays", "compare positions in one array")
    return ast.Compare(left=places[0][1], ops=[COMPARED[operator]()], comparators=[places[1][1]])


def difference(reader: Reader, node: Node) -> ast.expr | None:
    """p - q of two pointers into one array; `std::max_element(v.begin(), v.end()) - v.begin()`."""
    left, right = place(reader, reader.child(node, "left")), place(reader, reader.child(node, "right"))
    if left is None or right is None:
        return None
    if left[0] != right[0]:
        raise reader.refuse(node, "a difference of pointers into different arrays", "subtract positions in one array")
    return minus(left[1], right[1])


def dereferenced(reader: Reader, node: Node) -> Value | None:
    """*p, *p++, *++p, *(p + i); None where it is no pointer."""
    node = bare(node)
    if node.type == "update_expression":
        return stepping(reader, node)
    where = place(reader, node)
    if where is not None:
        return element(name(where[0]), where[1]), reader.types[where[0]].kind
    if node.type == "identifier" and reader.types.get(text(node), CType("")).rank:
        return element(reader.expression(node), number(0)), reader.types[text(node)].kind
    return None


def stepping(reader: Reader, update: Node) -> Value:
    """*p++ and *++p: the element, and a step after or before the statement."""
    pointer = bare(reader.child(update, "argument"))
    if text(pointer) not in reader.walking:
        raise reader.refuse(update, f"the pointer step {text(update)!r}", "write *p++ on a pointer variable")
    array, position = reader.walking[text(pointer)]
    reader.step(update, position, text(pointer))
    return element(name(array), name(position)), reader.types[array].kind


def step(reader: Reader, update: Node, variable: str) -> None:
    """Note the step that ++ or -- asks for, before or behind the statement."""
    first = text(update.children[0]) in ("++", "--")
    amount = 1 if "++" in text(update) else -1
    pending = reader.before if first else reader.after
    if any(isinstance(s, ast.AugAssign) and getattr(s.target, "id", "") == variable
           for s in (*reader.before, *reader.after)):  # fmt: skip
        raise reader.refuse(update, f"{text(update)!r}: two steps in one statement", "use two statements")
    pending.append(stepped(variable, amount))
