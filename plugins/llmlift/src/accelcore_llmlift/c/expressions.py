"""C expressions to Python syntax, each with its kind ("int" or "real"), which C's arithmetic depends on."""

from __future__ import annotations

import ast
import copy
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from accelcore.errors import UnsupportedSource
from accelcore_llmlift.c.declarations import CType, base_type, text

if TYPE_CHECKING:
    from tree_sitter import Node
else:
    Node = Any

OPERATORS: dict[str, type[ast.operator]] = {
    "+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div, "%": ast.Mod, "&": ast.BitAnd, "|": ast.BitOr,
    "^": ast.BitXor, "<<": ast.LShift, ">>": ast.RShift,
}  # fmt: skip
COMPARISONS: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "==": ast.Eq, "!=": ast.NotEq,
}  # fmt: skip
REAL_FUNCTIONS = frozenset(
    {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "asin", "acos",
     "atan", "sinh", "cosh", "tanh", "erf", "erfc", "pow", "fabs", "hypot", "atan2"}
)  # fmt: skip
EXTREMES = {"max": "max", "min": "min", "fmax": "max", "fmin": "min", "MAX": "max", "MIN": "min"}
NARROW = ("i8", "u8", "i16", "u16")

Value = tuple[ast.expr, str]


def name(identifier: str) -> ast.Name:
    """A name that is read."""
    return ast.Name(id=identifier, ctx=ast.Load())


def call(function: str, *args: ast.expr) -> ast.Call:
    """A call of a function by its qualified name."""
    return ast.Call(func=name(function), args=list(args), keywords=[])


def number(value: float) -> ast.Constant:
    """A literal."""
    return ast.Constant(value=value)


@dataclass
class Reader:
    """Reads the expressions of one function.

    types: declared names.  walking: pointers that move -> (array, position variable).  after: position changes that
    an expression asks for (`*p++`), to be made after its statement.  aliases: references -> what they refer to.
    fields: `variable.field` of a structure -> the variable that holds it.  counts: generated names so far.
    structures: names of structure types -> their fields.  memory: arrays at file level that may change.
    """

    path: str
    typedefs: dict[str, CType] = field(default_factory=dict)
    types: dict[str, CType] = field(default_factory=dict)
    walking: dict[str, tuple[str, str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    functions: dict[str, CType] = field(default_factory=dict)
    after: list[ast.stmt] = field(default_factory=list)
    aliases: dict[str, ast.expr] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    structures: dict[str, dict[str, CType]] = field(default_factory=dict)
    memory: dict[str, CType] = field(default_factory=dict)

    def unused(self, stem: str) -> str:
        """A name that the source cannot contain twice: the stem and a number."""
        self.counts[stem] = self.counts.get(stem, 0) + 1
        return f"{stem}_{self.counts[stem]}" if self.counts[stem] > 1 else stem

    def refuse(self, node: Node, what: str, hint: str) -> UnsupportedSource:
        """The refusal of a construct, for the caller to raise."""
        row, column = node.start_point
        return UnsupportedSource(what, where=f"{self.path}:{row + 1}:{column + 1}", hint=hint)

    def expression(self, node: Node) -> ast.expr:
        """An expression without its kind."""
        return self.read(node)[0]

    def read(self, node: Node) -> Value:
        """An expression and its kind, with its place in the source."""
        value, kind = self.node(node)
        row, column = node.start_point
        for part in ast.walk(value):
            if isinstance(part, ast.expr) and not hasattr(part, "lineno"):
                part.lineno, part.col_offset = row + 1, column
                part.end_lineno, part.end_col_offset = row + 1, column
        return value, kind

    def node(self, node: Node) -> Value:
        """An expression by the method for its node type."""
        method = getattr(self, f"_read_{node.type}", None)
        if method is None:
            raise self.refuse(node, f"the expression {text(node)!r} is outside the subset",
                              "use arithmetic, comparisons, subscripts and math functions")
        found: Value = method(node)
        return found

    def child(self, node: Node, field_name: str) -> Node:
        """A part of a node that the grammar promises."""
        found = node.child_by_field_name(field_name)
        if found is None:
            raise self.refuse(node, f"{text(node)!r} does not parse", "mend the source")
        return found

    # Leaves.

    def _read_number_literal(self, node: Node) -> Value:
        literal = text(node)
        if re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)[uUlL]*", literal):
            digits = literal.rstrip("uUlL")
            octal = len(digits) > 1 and digits[0] == "0" and digits[1] not in "xX"
            return number(int(digits, 8) if octal else int(digits, 0)), "int"
        return number(float(literal.rstrip("fFlL"))), "real"

    def _read_true(self, node: Node) -> Value:
        return ast.Constant(value=True), "int"

    def _read_false(self, node: Node) -> Value:
        return ast.Constant(value=False), "int"

    def _read_identifier(self, node: Node) -> Value:
        found = text(node)
        if found in self.aliases:
            return copy.deepcopy(self.aliases[found]), self.types[found].kind
        if found in self.walking:
            raise self.refuse(node, f"the moving pointer {found!r} is used as a value", f"read *{found} or {found}[i]")
        if found in self.types:
            return name(found), self.types[found].kind
        if found in self.constants:
            return name(found), self.constants[found]
        infinities = {"INFINITY": "inf", "M_PI": "pi", "M_E": "e"}
        if found in infinities:
            return name(f"math.{infinities[found]}"), "real"
        return name(found), "int"

    def _read_type_identifier(self, node: Node) -> Value:
        return self._read_identifier(node)

    def _read_parameter_declaration(self, node: Node) -> Value:
        """`n` of `vector<T> v(n);`, which the grammar takes for a parameter."""
        return self.read(self.child(node, "type"))

    def _read_parenthesized_expression(self, node: Node) -> Value:
        return self.read(node.named_children[0])

    def _read_condition_clause(self, node: Node) -> Value:
        return self.read(self.child(node, "value"))

    # Operators.

    def _read_binary_expression(self, node: Node) -> Value:
        operator = text(node.child_by_field_name("operator"))
        if operator in COMPARISONS:
            positions = [self.place(self.child(node, side)) for side in ("left", "right")]
            if all(positions):
                return self.compared(node, operator, positions), "int"
        (a, left), (b, right) = self.read(self.child(node, "left")), self.read(self.child(node, "right"))
        if operator in ("&&", "||"):
            return ast.BoolOp(op=ast.And() if operator == "&&" else ast.Or(), values=[a, b]), "int"
        if operator in COMPARISONS:
            return ast.Compare(left=a, ops=[COMPARISONS[operator]()], comparators=[b]), "int"
        return self.arithmetic(node, operator, (a, left), (b, right))

    def place(self, node: Node) -> tuple[str, ast.expr] | None:
        """The (array, position) of a pointer or an iterator; None for other expressions."""
        if node.type == "identifier" and text(node) in self.walking:
            array, position = self.walking[text(node)]
            return array, name(position)
        if node.type == "identifier" and self.types.get(text(node), CType("")).pointer:
            return text(node), number(0)
        if node.type == "binary_expression" and text(node.child_by_field_name("operator")) in ("+", "-"):
            base = self.place(self.child(node, "left"))
            if base is None:
                return None
            op: ast.operator = ast.Add() if text(node.child_by_field_name("operator")) == "+" else ast.Sub()
            return base[0], ast.BinOp(left=base[1], op=op, right=self.expression(self.child(node, "right")))
        if node.type == "call_expression":
            function = self.child(node, "function")
            field_name = text(function.child_by_field_name("field"))
            if function.type == "field_expression" and field_name in ("begin", "end", "cbegin", "cend"):
                base_node = self.child(function, "argument")
                start = field_name.endswith("begin")
                return text(base_node), number(0) if start else call("len", self.expression(base_node))
        return None

    def compared(self, node: Node, operator: str, places: list[tuple[str, ast.expr] | None]) -> ast.expr:
        """A comparison of two pointers into one array: of their positions."""
        left, right = places
        assert left is not None and right is not None
        if left[0] != right[0]:
            raise self.refuse(node, "a comparison of pointers into different arrays", "compare positions in one array")
        return ast.Compare(left=left[1], ops=[COMPARISONS[operator]()], comparators=[right[1]])

    def arithmetic(self, node: Node, operator: str, left: Value, right: Value) -> Value:
        """An arithmetic operator: integer division truncates, everything else is as in Python."""
        kind = "real" if "real" in (left[1], right[1]) else "int"
        if operator not in OPERATORS:
            raise self.refuse(node, f"the operator {operator!r}", "use arithmetic operators")
        if kind == "int" and operator in "/%":
            return call("c.tdiv" if operator == "/" else "c.trem", left[0], right[0]), kind
        return ast.BinOp(left=left[0], op=OPERATORS[operator](), right=right[0]), kind

    def _read_unary_expression(self, node: Node) -> Value:
        operator = text(node.child_by_field_name("operator"))
        value, kind = self.read(self.child(node, "argument"))
        operators: dict[str, type[ast.unaryop]] = {"-": ast.USub, "+": ast.UAdd, "!": ast.Not, "~": ast.Invert}
        return ast.UnaryOp(op=operators[operator](), operand=value), "int" if operator == "!" else kind

    def _read_conditional_expression(self, node: Node) -> Value:
        test = self.expression(self.child(node, "condition"))
        a, left = self.read(self.child(node, "consequence"))
        b, right = self.read(self.child(node, "alternative"))
        kind = "real" if "real" in (left, right) else "int"
        return ast.IfExp(test=test, body=a, orelse=b), kind

    def _read_cast_expression(self, node: Node) -> Value:
        return self.converted(node, base_type(self.child(node, "type"), self.typedefs), self.child(node, "value"))

    def converted(self, node: Node, to: CType | None, inner: Node) -> Value:
        """A conversion to an arithmetic type."""
        if to is None or to.rank:
            raise self.refuse(node, f"the conversion {text(node)!r}",
                              "convert to int, float, double or a narrow integer")
        value, kind = self.read(inner)
        return self.in_type(value, kind, to), to.kind

    def in_type(self, value: ast.expr, kind: str, to: CType) -> ast.expr:
        """A value as C stores it in a type: real to integer truncates, narrow integers wrap."""
        if to.kind == "real":
            return value if kind == "real" else call("float", value)
        if kind == "real":
            value = call("int", value)
        return call(f"c.{to.dtype}", value) if to.dtype in NARROW else value

    # Elements and pointers.

    def _read_field_expression(self, node: Node) -> Value:
        """`s.x` and `p->x`: the variable that stands for the field; `a[i].x`: an element of the field's array."""
        base, field_name = self.child(node, "argument"), text(node.child_by_field_name("field"))
        while base.type == "parenthesized_expression":
            base = base.named_children[0]
        if base.type == "pointer_expression" and text(base).startswith("*"):
            base = self.child(base, "argument")
        index: Node | None = None
        if base.type == "subscript_expression":
            indices = self.child(base, "indices")
            base, index = self.child(base, "argument"), indices.named_children[0]
        found = self.fields.get(f"{text(base)}.{field_name}")
        if found is None:
            raise self.refuse(node, f"the field {text(node)!r}", "use structures of numbers and arrays, defined here")
        kind = self.types[found]
        if index is not None:
            return _element(name(found), self.expression(index)), kind.kind
        if kind.out:
            return _element(name(found), number(0)), kind.kind
        return name(found), kind.kind

    def _read_subscript_expression(self, node: Node) -> Value:
        base = self.child(node, "argument")
        indices = node.child_by_field_name("indices") or node.child_by_field_name("index")
        assert indices is not None
        where = indices.named_children[0] if indices.type == "subscript_argument_list" else indices
        index = self.expression(where)
        if base.type == "field_expression":
            inner, kind = self.read(base)
            return _element(inner, index), kind
        if base.type == "identifier" and text(base) in self.walking and text(base) not in self.aliases:
            array, position = self.walking[text(base)]
            index = ast.BinOp(left=name(position), op=ast.Add(), right=index)
            return _element(name(array), index), self.types[array].kind
        inner, kind = self.read(base)
        return _element(inner, index), kind

    def _read_pointer_expression(self, node: Node) -> Value:
        """*p, *p++, *(p + i)."""
        argument = self.child(node, "argument")
        while argument.type == "parenthesized_expression":
            argument = argument.named_children[0]
        if argument.type == "update_expression":
            return self.stepping(argument)
        if argument.type == "identifier":
            return self.at_pointer(argument, number(0))
        if argument.type == "call_expression":
            found = self.pointed(argument)
            if found is not None:
                return found
        if argument.type == "binary_expression" and text(argument.child_by_field_name("operator")) == "+":
            base, offset = self.child(argument, "left"), self.child(argument, "right")
            if base.type == "identifier":
                return self.at_pointer(base, self.expression(offset))
        raise self.refuse(node, f"the pointer expression {text(node)!r}", "write a[i], *p, *p++ or *(p + i)")

    def pointed(self, node: Node) -> Value | None:
        """*std::max_element(v.begin(), v.end()) and *v.begin()."""
        from accelcore_llmlift.c.containers import algorithm

        function = text(node.child_by_field_name("function")).removeprefix("std::")
        if function in ("max_element", "min_element"):
            return algorithm(self, function, self.child(node, "arguments").named_children)
        return None

    def at_pointer(self, pointer: Node, offset: ast.expr) -> Value:
        """The element at a pointer plus an offset."""
        found = text(pointer)
        if found in self.walking:
            array, position = self.walking[found]
            still = isinstance(offset, ast.Constant) and offset.value == 0
            index = name(position) if still else ast.BinOp(left=name(position), op=ast.Add(), right=offset)
            return _element(name(array), index), self.types[array].kind
        return _element(self.expression(pointer), offset), self.types.get(found, CType("i32")).kind

    def stepping(self, update: Node) -> Value:
        """*p++: the element, and a step after the statement."""
        pointer = self.child(update, "argument")
        if text(pointer) not in self.walking or text(update.children[0]) in ("++", "--"):
            raise self.refuse(update, f"the pointer step {text(update)!r}", "write *p++ on a pointer variable")
        _, position = self.walking[text(pointer)]
        step: ast.operator = ast.Add() if text(update).endswith("++") else ast.Sub()
        if any(isinstance(s, ast.AugAssign) and getattr(s.target, "id", "") == position for s in self.after):
            raise self.refuse(update, f"{text(pointer)!r} steps twice in one statement", "use two statements")
        self.after.append(ast.AugAssign(target=ast.Name(id=position, ctx=ast.Store()), op=step, value=number(1)))
        return self.at_pointer(pointer, number(0))

    # Calls.

    def _read_call_expression(self, node: Node) -> Value:
        function = self.child(node, "function")
        arguments = self.child(node, "arguments").named_children
        if function.type == "field_expression":
            return self.method(node, function, arguments)
        if function.type == "template_function":
            return self.template(node, function, arguments)
        found = text(function).removeprefix("std::")
        to = base_type(function, self.typedefs) if function.type in ("primitive_type", "sized_type_specifier") else None
        if to is not None:
            return self.converted(node, to, arguments[0])
        from accelcore_llmlift.c.containers import algorithm

        known = algorithm(self, found, arguments) if found not in self.functions else None
        if known is not None:
            return known
        values = [self.read(a) for a in arguments]
        kind = "real" if any(k == "real" for _, k in values) else "int"
        plain = found.removesuffix("f") if found.removesuffix("f") in REAL_FUNCTIONS else found
        if plain in REAL_FUNCTIONS:
            return call(f"math.{plain}", *(v for v, _ in values)), "real"
        if found in EXTREMES or found in ("fmaxf", "fminf"):
            return call(EXTREMES[found.removesuffix("f") if found.startswith("f") else found],
                        *(v for v, _ in values)), kind
        if found in ("abs", "labs"):
            return call("abs", *(v for v, _ in values)), kind
        if found in ("floor", "ceil", "floorf", "ceilf"):
            return call("float", call(f"math.{found.removesuffix('f') if found != 'floorf' else 'floor'}",
                                      *(v for v, _ in values))), "real"
        returned = self.functions.get(found)
        return call(found, *(v for v, _ in values)), returned.kind if returned else kind

    def method(self, node: Node, function: Node, arguments: list[Node]) -> Value:
        """v.size(), v.at(i), v.back()."""
        base, kind = self.read(self.child(function, "argument"))
        method = text(function.child_by_field_name("field"))
        if method in ("size", "length"):
            return call("len", base), "int"
        if method == "empty":
            return ast.Compare(left=call("len", base), ops=[ast.Eq()], comparators=[number(0)]), "int"
        if method == "at":
            return _element(base, self.expression(arguments[0])), kind
        if method in ("back", "front"):
            last = number(0) if method == "front" else ast.UnaryOp(op=ast.USub(), operand=number(1))
            return _element(base, last), kind
        raise self.refuse(node, f"the method {method!r}", "use size, at, push_back and subscripts")

    def template(self, node: Node, function: Node, arguments: list[Node]) -> Value:
        """static_cast<T>(x), max<T>(a, b)."""
        parts = self.child(function, "arguments").named_children
        called = text(function.child_by_field_name("name"))
        if called == "static_cast":
            return self.converted(node, base_type(parts[0], self.typedefs), arguments[0])
        values = [self.read(a) for a in arguments]
        if called in EXTREMES:
            kind = "real" if any(k == "real" for _, k in values) else "int"
            return call(EXTREMES[called], *(v for v, _ in values)), kind
        raise self.refuse(node, f"the function {text(function)!r}", "use math functions and casts")


def _element(base: ast.expr, index: ast.expr) -> ast.Subscript:
    return ast.Subscript(value=base, slice=index, ctx=ast.Load())
