"""Containers: range-for, resize and the like, and the algorithms of the standard library that are loops."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c.declarations import CType, base_type, declared, text
from accelcore_llmlift.c.expressions import Reader, call, name, number

if TYPE_CHECKING:
    from tree_sitter import Node
else:
    Node = Any


def element_type(reader: Reader, base: ast.expr) -> CType:
    """The type of the elements of a container expression."""
    depth, inner = 1, base
    while isinstance(inner, ast.Subscript):
        depth, inner = depth + 1, inner.value
    found = reader.types.get(inner.id if isinstance(inner, ast.Name) else "", CType("i32", depth))
    return CType(found.dtype, max(found.rank - depth, 0))


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
    if said is not None and said.rank == 0 and element.rank == 0 and said.kind != element.kind:
        raise reader.refuse(node, "an element that is converted by the loop variable", "declare it auto")
    variable, _, _ = declared(declarator, CType("i32"))
    reader.types[variable] = element
    if declarator.type == "reference_declarator":
        reader.aliases[variable] = at
        return []
    reader.aliases.pop(variable, None)
    value = call("list", at) if element.rank else at
    return [ast.Assign(targets=[ast.Name(id=variable, ctx=ast.Store())], value=value)]


def whole(reader: Reader, first: Node, last: Node) -> ast.expr:
    """The container of a pair `v.begin(), v.end()`."""
    parts = [_iterated(reader, n) for n in (first, last)]
    if parts[0] is None or parts[1] is None or ast.dump(parts[0]) != ast.dump(parts[1]):
        raise reader.refuse(first, f"the range {text(first)!r} to {text(last)!r}", "give the whole container")
    return parts[0]


def _iterated(reader: Reader, node: Node) -> ast.expr | None:
    if node.type != "call_expression":
        return None
    function = node.child_by_field_name("function")
    if function is None or function.type != "field_expression":
        return None
    if text(function.child_by_field_name("field")) not in ("begin", "end", "cbegin", "cend"):
        return None
    return reader.expression(reader.child(function, "argument"))


def algorithm(reader: Reader, function: str, arguments: list[Node]) -> tuple[ast.expr, str] | None:
    """The value of std::accumulate, inner_product, count, or of the element that max_element points to."""
    if function in ("max_element", "min_element") and len(arguments) == 2:
        base = whole(reader, *arguments)
        return call(function[:3], base), element_type(reader, base).kind
    if function == "accumulate" and len(arguments) == 3:
        base = whole(reader, *arguments[:2])
        return _total(reader, arguments[2], base, element_type(reader, base).kind)
    if function == "inner_product" and len(arguments) == 4:
        base, other = whole(reader, *arguments[:2]), _iterated(reader, arguments[2])
        if other is None:
            return None
        counter, span, at = over(reader, base, "product")
        second = ast.Subscript(value=other, slice=name(counter), ctx=ast.Load())
        term = ast.BinOp(left=at, op=ast.Mult(), right=second)
        return _total(reader, arguments[3], _generated(term, counter, span), element_type(reader, base).kind)
    if function == "count" and len(arguments) == 3:
        base = whole(reader, *arguments[:2])
        counter, span, at = over(reader, base, "count")
        test = ast.Compare(left=at, ops=[ast.Eq()], comparators=[reader.expression(arguments[2])])
        one = ast.IfExp(test=test, body=number(1), orelse=number(0))
        return call("sum", _generated(one, counter, span)), "int"
    return None


def _generated(term: ast.expr, counter: str, span: ast.expr) -> ast.GeneratorExp:
    part = ast.comprehension(target=ast.Name(id=counter, ctx=ast.Store()), iter=span, ifs=[], is_async=0)
    return ast.GeneratorExp(elt=term, generators=[part])


def _total(reader: Reader, start: Node, terms: ast.expr, kind: str) -> tuple[ast.expr, str]:
    """start + the sum; the start decides in which type C++ adds."""
    value, start_kind = reader.read(start)
    if start_kind == "int" and kind == "real":
        raise reader.refuse(start, "real numbers that are added up in an integer", "start from 0.0")
    return ast.BinOp(left=value, op=ast.Add(), right=call("sum", terms)), start_kind


def algorithm_statement(reader: Reader, function: str, arguments: list[Node]) -> list[ast.stmt] | None:
    """std::fill and std::reverse of a whole container."""
    if function == "fill" and len(arguments) == 3:
        base = whole(reader, *arguments[:2])
        counter, span, at = over(reader, base, "fill")
        at.ctx = ast.Store()  # type: ignore[attr-defined]  # a subscript, by `over`
        return [loop(counter, span, [ast.Assign(targets=[at], value=reader.expression(arguments[2]))])]
    if function == "reverse" and len(arguments) == 2:
        base = whole(reader, *arguments)
        if not isinstance(base, ast.Name):
            return None
        step = ast.Slice(step=ast.UnaryOp(op=ast.USub(), operand=number(1)))
        backwards = ast.Subscript(value=base, slice=step, ctx=ast.Load())
        return [ast.Assign(targets=[ast.Name(id=base.id, ctx=ast.Store())], value=backwards)]
    return None


def copied_range(reader: Reader, arguments: list[Node]) -> ast.expr:
    """`vector<T> v(w.begin(), w.end())`."""
    return call("list", whole(reader, *arguments))


def swap(reader: Reader, arguments: list[Node]) -> list[ast.stmt]:
    """std::swap of two numbers."""
    places = [reader.expression(a) for a in arguments]
    held = reader.unused("held")
    stores = [copy.deepcopy(p) for p in places]
    for store in stores:
        store.ctx = ast.Store()  # type: ignore[attr-defined]  # names and subscripts
    return [
        ast.Assign(targets=[ast.Name(id=held, ctx=ast.Store())], value=places[0]),
        ast.Assign(targets=[stores[0]], value=places[1]),
        ast.Assign(targets=[stores[1]], value=name(held)),
    ]
