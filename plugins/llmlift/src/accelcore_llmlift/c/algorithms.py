"""The algorithms of <algorithm> and <numeric> as loops and reductions over ranges.

A range is an array, the position of its first element and the number of its elements.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c import lambdas, pointers
from accelcore_llmlift.c.declarations import CType, text
from accelcore_llmlift.c.syntax import bare, call, element, loaded, minus, name, number, plus, stepped, store

if TYPE_CHECKING:
    from tree_sitter import Node

    from accelcore_llmlift.c.expressions import Reader, Value
    from accelcore_llmlift.c.statements import Writer
else:
    Node = Any


@dataclass(frozen=True)
class Range:
    """Elements low .. low + count of an array; whole: all of them."""

    array: str
    low: ast.expr
    count: ast.expr
    kind: CType
    whole: bool

    def at(self, counter: str) -> ast.Subscript:
        """The element number `counter` of the range."""
        return element(name(self.array), plus(copy.deepcopy(self.low), name(counter)))

    @property
    def values(self) -> ast.expr:
        """The range as a list."""
        if self.whole:
            return name(self.array)
        high = plus(copy.deepcopy(self.low), copy.deepcopy(self.count))
        return ast.Subscript(value=name(self.array), slice=ast.Slice(lower=self.low, upper=high), ctx=ast.Load())


def span(reader: Reader, first: Node, last: Node) -> Range:
    """The range between two iterators or pointers; refused where they are of different arrays."""
    low, high = pointers.place(reader, first), pointers.place(reader, last)
    if low is None or high is None or low[0] != high[0]:
        what = f"the range {text(first)!r} to {text(last)!r}"
        raise reader.refuse(first, what, "give begin and end of one container")
    whole = ast.dump(low[1]) == ast.dump(number(0)) and text(last).endswith("end()")
    return Range(low[0], low[1], minus(high[1], low[1]), reader.types[low[0]], whole)


def _from(reader: Reader, node: Node, count: ast.expr) -> Range:
    """The range of `count` elements that starts at an iterator."""
    start = pointers.place(reader, node)
    if start is None:
        raise reader.refuse(node, f"the iterator {text(node)!r}", "give v.begin() or a pointer")
    return Range(start[0], start[1], count, reader.types[start[0]], False)


def extreme(reader: Reader, node: Node) -> tuple[str, ast.expr] | None:
    """("max", range) of `std::max_element(v.begin(), v.end())`."""
    function = text(node.child_by_field_name("function")).removeprefix("std::")
    arguments = reader.child(node, "arguments").named_children
    if function not in ("max_element", "min_element") or len(arguments) != 2:
        return None
    return function[:3], span(reader, *arguments).values


# As values.


def value(reader: Reader, node: Node, function: str, arguments: list[Node]) -> Value | None:
    """The value of an algorithm that gives a number; None for other functions."""
    match function, len(arguments):
        case ("accumulate" | "reduce"), (3 | 4):
            return _accumulated(reader, arguments)
        case ("inner_product" | "transform_reduce"), 4 if arguments[3].type != "lambda_expression":
            return _inner(reader, arguments, function)
        case "count", 3:
            wanted = reader.expression(arguments[2])
            return _counted(reader, arguments, lambda v: ast.Compare(left=v[0], ops=[ast.Eq()], comparators=[wanted]))
        case "count_if", 3:
            return _counted(reader, arguments, lambda v: lambdas.function(reader, arguments[2])([v])[0])
        case ("any_of" | "all_of" | "none_of"), 3:
            return _asked(reader, function, arguments)
        case "distance", 2:
            places = [pointers.place(reader, a) for a in arguments]
            if places[0] is not None and places[1] is not None and places[0][0] == places[1][0]:
                return minus(places[1][1], places[0][1]), "int"
        case "size", 1:
            return call("len", reader.expression(arguments[0])), "int"
    return None


def _generated(term: ast.expr, counter: str, count: ast.expr) -> ast.GeneratorExp:
    part = ast.comprehension(
        target=ast.Name(id=counter, ctx=ast.Store()), iter=call("range", count), ifs=[], is_async=0)  # fmt: skip
    return ast.GeneratorExp(elt=term, generators=[part])


def _accumulated(reader: Reader, arguments: list[Node]) -> Value:
    """Sums; with a function, sums of its terms, products and extremes."""
    items = span(reader, *arguments[:2])
    start, kind = reader.read(arguments[2])
    if kind == "int" and items.kind.kind == "real":
        raise reader.refuse(arguments[2], "real numbers that are added up in an integer", "start from 0.0")
    if len(arguments) == 3:
        return _wrapped(ast.BinOp(left=start, op=ast.Add(), right=call("sum", items.values)), kind)
    accumulator, counter = name("accumulator_"), reader.unused("item")
    found, _ = lambdas.function(reader, arguments[3])([(accumulator, kind), (items.at(counter), items.kind.kind)])
    match found:
        case ast.BinOp(left=ast.Name(id="accumulator_"), op=ast.Add(), right=term):
            total = call("sum", _generated(term, counter, items.count))
            return _wrapped(ast.BinOp(left=start, op=ast.Add(), right=total), kind)
        case ast.Call(func=ast.Name(id="max" | "min" as which), args=[ast.Name(id="accumulator_"), term]):
            return call(which, start, call(which, _generated(term, counter, items.count))), kind
    return _stepwise(reader, arguments, items, (start, kind), found, counter)


def _wrapped(found: ast.expr, kind: str) -> Value:
    return (call(f"c.{kind}", found) if kind in ("u32", "u64") else found), kind


def _stepwise(
    reader: Reader, arguments: list[Node], items: Range, start: Value, found: ast.expr, counter: str
) -> Value:
    """A running value in a loop before the statement."""
    variable = reader.unused("running")
    reader.types[variable] = CType({"real": "f64", "int": "i32"}.get(start[1], start[1]))
    for part in ast.walk(found):
        if isinstance(part, ast.Name) and part.id == "accumulator_":
            part.id = variable
    loop = ast.For(target=ast.Name(id=counter, ctx=ast.Store()), iter=call("range", items.count),
                   body=[store(variable, found)], orelse=[])  # fmt: skip
    reader.before += [store(variable, start[0]), loop]
    return name(variable), start[1]


def _inner(reader: Reader, arguments: list[Node], function: str) -> Value:
    items = span(reader, *arguments[:2])
    other = _from(reader, arguments[2], items.count)
    start, kind = reader.read(arguments[3])
    if kind == "int" and "real" in (items.kind.kind, other.kind.kind):
        raise reader.refuse(arguments[3], "real numbers that are added up in an integer", "start from 0.0")
    counter = reader.unused("product")
    term = ast.BinOp(left=items.at(counter), op=ast.Mult(), right=other.at(counter))
    total = call("sum", _generated(term, counter, items.count))
    return _wrapped(ast.BinOp(left=start, op=ast.Add(), right=total), kind)


def _counted(reader: Reader, arguments: list[Node], test: Any) -> Value:
    items, counter = span(reader, *arguments[:2]), reader.unused("count")
    one = ast.IfExp(test=test((items.at(counter), items.kind.kind)), body=number(1), orelse=number(0))
    return call("sum", _generated(one, counter, items.count)), "int"


def _asked(reader: Reader, function: str, arguments: list[Node]) -> Value:
    items, counter = span(reader, *arguments[:2]), reader.unused("asked")
    test, _ = lambdas.function(reader, arguments[2])([(items.at(counter), items.kind.kind)])
    found: ast.expr = call("all" if function == "all_of" else "any", _generated(test, counter, items.count))
    return (ast.UnaryOp(op=ast.Not(), operand=found) if function == "none_of" else found), "int"


# As statements.


def statement(writer: Writer, node: Node, function: str, arguments: list[Node]) -> list[ast.stmt] | None:
    """An algorithm that changes elements; None for other functions."""
    reader = writer.reader
    match function, len(arguments):
        case "fill", 3:
            items = span(reader, *arguments[:2])
            return _each(reader, items.count, lambda k: _set(writer, items.at(k), reader.read(arguments[2])))
        case "fill_n", 3:
            items = _from(reader, arguments[0], reader.expression(arguments[1]))
            return _each(reader, items.count, lambda k: _set(writer, items.at(k), reader.read(arguments[2])))
        case "iota", 3:
            items, (start, kind) = span(reader, *arguments[:2]), reader.read(arguments[2])
            return _each(reader, items.count, lambda k: _set(writer, items.at(k), (plus(start, name(k)), kind)))
        case "copy", 3:
            items = span(reader, *arguments[:2])
            return _transformed(writer, [items], arguments[2], lambda values: values[0])
        case "copy_n", 3:
            items = _from(reader, arguments[0], reader.expression(arguments[1]))
            return _transformed(writer, [items], arguments[2], lambda values: values[0])
        case "transform", 4:
            items = span(reader, *arguments[:2])
            return _transformed(writer, [items], arguments[2], lambdas.function(reader, arguments[3]))
        case "transform", 5:
            items = span(reader, *arguments[:2])
            other = _from(reader, arguments[2], items.count)
            return _transformed(writer, [items, other], arguments[3], lambdas.function(reader, arguments[4]))
        case "partial_sum", 3:
            return _running(writer, span(reader, *arguments[:2]), arguments[2])
        case "replace", 4:
            return _replaced(writer, arguments)
        case "for_each", 3:
            return _for_each(writer, arguments)
        case "reverse", 2:
            return _reversed(reader, arguments)
    return None


def _each(reader: Reader, count: ast.expr, body: Any) -> list[ast.stmt]:
    counter = reader.unused("each")
    return [ast.For(target=ast.Name(id=counter, ctx=ast.Store()), iter=call("range", count), body=body(counter),
                    orelse=[])]  # fmt: skip


def _set(writer: Writer, target: ast.expr, value: Value) -> list[ast.stmt]:
    return writer.assign(target, writer.target_type(target), *value)


def _transformed(writer: Writer, items: list[Range], to: Node, function: Any) -> list[ast.stmt]:
    reader = writer.reader
    grown = _back_inserter(to)

    def body(counter: str) -> list[ast.stmt]:
        value, kind = function([(r.at(counter), r.kind.kind) for r in items])
        if grown is not None:
            method = ast.Attribute(value=name(grown), attr="append", ctx=ast.Load())
            value = reader.in_type(value, kind, CType(reader.types[grown].dtype))
            return [ast.Expr(value=ast.Call(func=method, args=[value], keywords=[]))]
        return _set(writer, _from(reader, to, items[0].count).at(counter), (value, kind))

    return _each(reader, items[0].count, body)


def _back_inserter(node: Node) -> str | None:
    function = text(node.child_by_field_name("function")) if node.type == "call_expression" else ""
    if function.removeprefix("std::") != "back_inserter":
        return None
    arguments = node.child_by_field_name("arguments")
    return text(arguments.named_children[0]) if arguments is not None else None


def _running(writer: Writer, items: Range, to: Node) -> list[ast.stmt]:
    reader = writer.reader
    variable = reader.unused("running")
    real = items.kind.kind == "real"
    reader.types[variable] = CType(items.kind.dtype)

    def body(counter: str) -> list[ast.stmt]:
        total = reader.arithmetic(to, "+", (name(variable), items.kind.kind), (items.at(counter), items.kind.kind))
        stored = _set(writer, _from(reader, to, items.count).at(counter), (name(variable), items.kind.kind))
        return [*writer.assign(name(variable), reader.types[variable], *total), *stored]

    return [store(variable, number(0.0 if real else 0)), *_each(reader, items.count, body)]


def _replaced(writer: Writer, arguments: list[Node]) -> list[ast.stmt]:
    reader, items = writer.reader, span(writer.reader, *arguments[:2])

    def body(counter: str) -> list[ast.stmt]:
        test = ast.Compare(left=items.at(counter), ops=[ast.Eq()], comparators=[reader.expression(arguments[2])])
        return [ast.If(test=test, body=_set(writer, items.at(counter), reader.read(arguments[3])), orelse=[])]

    return _each(reader, items.count, body)


def _for_each(writer: Writer, arguments: list[Node]) -> list[ast.stmt]:
    reader, items, function = writer.reader, span(writer.reader, *arguments[:2]), arguments[2]
    if function.type != "lambda_expression":
        raise reader.refuse(function, f"for_each of {text(function)!r}", "write a lambda")

    def body(counter: str) -> list[ast.stmt]:
        with lambdas.bound(reader, function, [(items.at(counter), items.kind.kind)]):
            return writer.block(reader.child(function, "body")) or [ast.Pass()]

    return _each(reader, items.count, body)


def _reversed(reader: Reader, arguments: list[Node]) -> list[ast.stmt] | None:
    items = span(reader, *arguments)
    if not items.whole:
        return None
    step = ast.Slice(step=ast.UnaryOp(op=ast.USub(), operand=number(1)))
    return [store(items.array, ast.Subscript(value=name(items.array), slice=step, ctx=ast.Load()))]


def erased(reader: Reader, array: str, arguments: list[Node]) -> list[ast.stmt] | None:
    """`v.erase(std::remove_if(v.begin(), v.end(), f), v.end())`: the elements that stay, in order."""
    inner = bare(arguments[0]) if arguments else None
    if inner is None or inner.type != "call_expression" or len(arguments) != 2:
        return None
    function = text(inner.child_by_field_name("function")).removeprefix("std::")
    parts = reader.child(inner, "arguments").named_children
    if function not in ("remove_if", "remove") or len(parts) != 3:
        return None
    items, counter = span(reader, *parts[:2]), reader.unused("kept")
    at: Value = (items.at(counter), items.kind.kind)
    if function == "remove_if":
        gone = lambdas.function(reader, parts[2])([at])[0]
    else:
        gone = ast.Compare(left=at[0], ops=[ast.Eq()], comparators=[reader.expression(parts[2])])
    part = ast.comprehension(target=ast.Name(id=counter, ctx=ast.Store()), iter=call("range", items.count),
                             ifs=[ast.UnaryOp(op=ast.Not(), operand=gone)], is_async=0)  # fmt: skip
    return [store(array, ast.ListComp(elt=loaded(at[0]), generators=[part]))]


__all__ = ["Range", "erased", "extreme", "span", "statement", "stepped", "value"]
