"""C expressions to Python syntax, each with its kind (see `kinds`), which C's arithmetic depends on."""

from __future__ import annotations

import ast
import copy
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from accelcore.errors import UnsupportedSource
from accelcore_llmlift.c import limits, pointers
from accelcore_llmlift.c.declarations import CType, base_type, text
from accelcore_llmlift.c.kinds import UNSIGNED, WRAPPING, as_kind, joined, wrapped
from accelcore_llmlift.c.syntax import bare, call, element, mentions, name, number, plus

if TYPE_CHECKING:
    from tree_sitter import Node
else:
    Node = Any

OPERATORS: dict[str, type[ast.operator]] = {
    "+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div, "%": ast.Mod, "&": ast.BitAnd, "|": ast.BitOr,
    "^": ast.BitXor, "<<": ast.LShift, ">>": ast.RShift,
}  # fmt: skip
CHARACTER = re.compile(r"'(\\?)(.)'")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", "'": "'", '"': '"'}

Value = tuple[ast.expr, str]


@dataclass(frozen=True)
class Instance:
    """A function of the file for given types of its template parameters, and with positions for some pointers."""

    function: str
    types: tuple[tuple[str, CType], ...] = ()
    offsets: frozenset[str] = frozenset()


@dataclass
class Reader:
    """Reads the expressions of one function.

    types: declared names.  walking: pointers that move -> (array, position variable).  before, after: steps that an
    expression asks for (`*++p`, `*p++`, `k++`), to be made around its statement.  aliases: references -> what they
    refer to.  fields: `variable.field` of a structure -> the variable that holds it.  counts: generated names so far.
    structures: names of structure types -> their fields.  memory: arrays at file level that may change.  lambdas:
    local names of lambda expressions.  instances: variables that are structures -> their fields.  signatures: functions
    of the file.  wanted: names of instances that calls need.  counting: unsigned numbers that only count.
    """

    path: str
    typedefs: dict[str, CType] = field(default_factory=dict)
    types: dict[str, CType] = field(default_factory=dict)
    walking: dict[str, tuple[str, str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    functions: dict[str, CType] = field(default_factory=dict)
    before: list[ast.stmt] = field(default_factory=list)
    after: list[ast.stmt] = field(default_factory=list)
    aliases: dict[str, ast.expr] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    structures: dict[str, dict[str, CType]] = field(default_factory=dict)
    instances: dict[str, tuple[str, ...]] = field(default_factory=dict)
    memory: dict[str, CType] = field(default_factory=dict)
    lambdas: dict[str, Node] = field(default_factory=dict)
    signatures: dict[str, Node] = field(default_factory=dict)
    wanted: dict[str, Instance] = field(default_factory=dict)
    counting: set[str] = field(default_factory=set)
    language: str = "c++"

    refusal = UnsupportedSource

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

    def sure(self, node: Node) -> Value:
        """An operand that may not be evaluated: a step inside it would depend on that."""
        pending = len(self.before) + len(self.after)
        found = self.read(node)
        if len(self.before) + len(self.after) > pending:
            raise self.refuse(node, f"a step that is not always made, in {text(node)!r}", "use an if statement")
        return found

    def step(self, update: Node, variable: str, written: str) -> None:
        """A ++ or -- inside an expression; its statement must not name the variable again."""
        statement = update
        while statement.parent is not None and not statement.type.endswith(("statement", "declaration", "declarator")):
            statement = statement.parent
        whole = update.parent if statement.type in ("for_statement", "while_statement", "do_statement") else statement
        if whole is not None and mentions(_own(whole), written) > 1:
            raise self.refuse(update, f"{text(update)!r} beside another use of {written!r}", "use two statements")
        pointers.step(self, update, variable)

    # Leaves.

    def _read_number_literal(self, node: Node) -> Value:
        literal = text(node).replace("'", "")
        if re.fullmatch(r"(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)[uUlLzZ]*", literal):
            digits = literal.rstrip("uUlLzZ")
            octal = len(digits) > 1 and digits[0] == "0" and digits[1] not in "xXbB"
            value = int(digits, 8) if octal else int(digits, 0)
            if value >= 1 << 31 and digits[:1] == "0" and value < 1 << 32 and "l" not in literal.lower():
                return number(value), "u32"  # a hexadecimal literal takes the first type that holds it
            return number(value), "int"
        if "x" in literal.lower():
            return number(float.fromhex(literal.rstrip("lL"))), "real"
        return number(float(literal.rstrip("fFlL"))), "real"

    def _read_char_literal(self, node: Node) -> Value:
        found = CHARACTER.fullmatch(text(node))
        if found is None or (found[1] and found[2] not in ESCAPES):
            raise self.refuse(node, f"the character {text(node)}", "use its number")
        return number(ord(ESCAPES[found[2]] if found[1] else found[2])), "int"

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
        value = limits.named(found)
        if value is not None:
            kind = "real" if isinstance(value, float) else "u32" if value == 0xFFFFFFFF else "int"
            return (name("math.inf") if value == float("inf") else number(value)), kind
        return name(found), "int"

    def _read_type_identifier(self, node: Node) -> Value:
        return self._read_identifier(node)

    def _read_qualified_identifier(self, node: Node) -> Value:
        return self.read(self.child(node, "name"))

    def _read_type_descriptor(self, node: Node) -> Value:
        """`N` of `array<T, N>`."""
        return self.read(self.child(node, "type"))

    def _read_parameter_declaration(self, node: Node) -> Value:
        """`n` of `vector<T> v(n);`, which the grammar takes for a parameter."""
        return self.read(self.child(node, "type"))

    def _read_parenthesized_expression(self, node: Node) -> Value:
        return self.read(node.named_children[0])

    def _read_condition_clause(self, node: Node) -> Value:
        return self.condition(self.child(node, "value")), "int"

    def _read_sizeof_expression(self, node: Node) -> Value:
        from accelcore_llmlift.c.storage import size_of

        return number(size_of(self, node)), "int"

    def _read_update_expression(self, node: Node) -> Value:
        """k++ and ++k as a value."""
        argument = bare(self.child(node, "argument"))
        variable = text(argument)
        if argument.type != "identifier" or variable not in self.types or self.types[variable].kind != "int":
            raise self.refuse(node, f"the step {text(node)!r} inside an expression", "use a statement of its own")
        self.step(node, variable, variable)
        return name(variable), "int"

    # Operators.

    def condition(self, node: Node) -> ast.expr:
        """A truth value; the pointers that a caller gives are not null."""
        node = bare(node)
        if node.type == "identifier" and self.types.get(text(node), CType("")).pointer:
            return ast.Constant(value=True)
        if node.type == "unary_expression" and text(node.child_by_field_name("operator")) == "!":
            return ast.UnaryOp(op=ast.Not(), operand=self.condition(self.child(node, "argument")))
        return self.expression(node)

    def _read_binary_expression(self, node: Node) -> Value:
        operator = text(node.child_by_field_name("operator"))
        left, right = self.child(node, "left"), self.child(node, "right")
        if operator in ("&&", "||"):
            op = ast.And() if operator == "&&" else ast.Or()
            self.sure(right) if bare(right).type == "update_expression" else None
            return ast.BoolOp(op=op, values=[self.condition(left), self.condition_sure(right)]), "int"
        if operator in pointers.COMPARED:
            positions = pointers.compared(self, node, operator)
            return (self.compared(node, operator) if positions is None else positions), "int"
        if operator == "-":
            distance = pointers.difference(self, node)
            if distance is not None:
                return distance, "int"
        return self.arithmetic(node, operator, self.read(left), self.read(right))

    def condition_sure(self, node: Node) -> ast.expr:
        """The second operand of && and ||."""
        pending = len(self.before) + len(self.after)
        found = self.condition(node)
        if len(self.before) + len(self.after) > pending:
            raise self.refuse(node, f"a step that is not always made, in {text(node)!r}", "use an if statement")
        return found

    def compared(self, node: Node, operator: str) -> ast.expr:
        """A comparison of numbers in the type that both are converted to."""
        (a, left), (b, right) = self.read(self.child(node, "left")), self.read(self.child(node, "right"))
        kind = joined(left, right)
        a, b = as_kind(a, left, kind), as_kind(b, right, kind)
        return ast.Compare(left=a, ops=[pointers.COMPARED[operator]()], comparators=[b])

    def arithmetic(self, node: Node, operator: str, left: Value, right: Value) -> Value:
        """An arithmetic operator: integer division truncates, unsigned numbers wrap."""
        if operator not in OPERATORS:
            raise self.refuse(node, f"the operator {operator!r}", "use arithmetic operators")
        kind = left[1] if operator in ("<<", ">>") else joined(left[1], right[1])
        a, b = as_kind(left[0], left[1], kind), right[0]
        if operator not in ("<<", ">>"):
            b = as_kind(b, right[1], kind)
        if kind != "real" and operator in "/%":
            return call("c.tdiv" if operator == "/" else "c.trem", a, b), kind
        return wrapped(ast.BinOp(left=a, op=OPERATORS[operator](), right=b), kind, operator), kind

    def _read_unary_expression(self, node: Node) -> Value:
        operator = text(node.child_by_field_name("operator"))
        if operator == "!":
            return self.condition(node), "int"
        value, kind = self.read(self.child(node, "argument"))
        operators: dict[str, type[ast.unaryop]] = {"-": ast.USub, "+": ast.UAdd, "~": ast.Invert}
        return wrapped(ast.UnaryOp(op=operators[operator](), operand=value), kind, operator), kind

    def _read_conditional_expression(self, node: Node) -> Value:
        test = self.condition(self.child(node, "condition"))
        a, left = self.sure(self.child(node, "consequence"))
        b, right = self.sure(self.child(node, "alternative"))
        kind = joined(left, right)
        return ast.IfExp(test=test, body=as_kind(a, left, kind), orelse=as_kind(b, right, kind)), kind

    def _read_cast_expression(self, node: Node) -> Value:
        return self.converted(node, base_type(self.child(node, "type"), self.typedefs), self.child(node, "value"))

    def converted(self, node: Node, to: CType | None, inner: Node) -> Value:
        """A conversion to an arithmetic type."""
        if to is None or to.rank:
            raise self.refuse(node, f"the conversion {text(node)!r}",
                              "convert to int, float, double or an integer of a fixed width")
        value, kind = self.read(inner)
        if to.dtype == "u64" and kind == "int" and _counts(inner, self):
            return value, "int"  # (size_t)i of a counter
        return self.in_type(value, kind, to), to.kind

    def in_type(self, value: ast.expr, kind: str, to: CType) -> ast.expr:
        """A value as C stores it in a type: real to integer truncates, unsigned and narrow integers wrap."""
        if to.kind == "real":
            return value if kind == "real" else call("float", value)
        if to.dtype == "bool":
            boolean = isinstance(value, ast.Compare | ast.BoolOp) or (
                isinstance(value, ast.Constant) and isinstance(value.value, bool)
            ) or (isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not))
            return value if boolean else call("bool", value)
        if kind == "real":
            value = call("int", value)
        if kind in UNSIGNED and to.dtype in ("i32", "i64") and (kind, to.dtype) != ("u32", "i64"):
            return call(f"c.{to.dtype}", value)
        if to.counts or to.dtype not in WRAPPING or to.dtype == kind or (kind == "u32" and to.dtype == "u64"):
            return value
        literal = value.value if isinstance(value, ast.Constant) else None
        if type(literal) is int and 0 <= literal < 1 << (int(to.dtype[1:]) - (to.dtype[0] == "i")):
            return value
        return call(f"c.{to.dtype}", value)

    # Elements and pointers.

    def _read_field_expression(self, node: Node) -> Value:
        """`s.x` and `p->x`: the variable that stands for the field; `a[i].x`: an element of the field's array."""
        from accelcore_llmlift.c.structures import field_of

        return field_of(self, node)

    def _read_subscript_expression(self, node: Node) -> Value:
        base = bare(self.child(node, "argument"))
        index = self.expression(pointers.subscript(self, node))
        where = pointers.place(self, base) if text(base) not in self.aliases else None
        if where is not None:
            return element(name(where[0]), plus(where[1], index)), self.types[where[0]].kind
        inner, kind = self.read(base)
        return element(inner, index), kind

    def _read_pointer_expression(self, node: Node) -> Value:
        """*p, *p++, *(p + i)."""
        found = self.pointed(bare(self.child(node, "argument"))) if text(node).startswith("*") else None
        if found is None:
            raise self.refuse(node, f"the pointer expression {text(node)!r}", "write a[i], *p, *p++ or *(p + i)")
        return found

    def pointed(self, node: Node) -> Value | None:
        """What * of an expression is."""
        if node.type == "call_expression":
            from accelcore_llmlift.c.algorithms import extreme

            found = extreme(self, node)
            if found is not None:
                return call(found[0], found[1]), self.element_kind(found[1])
        return pointers.dereferenced(self, node)

    def element_kind(self, array: ast.expr) -> str:
        """The kind of the elements of an array expression."""
        while isinstance(array, ast.Subscript):
            array = array.value
        return self.types[array.id].kind if isinstance(array, ast.Name) and array.id in self.types else "int"

    def _read_call_expression(self, node: Node) -> Value:
        from accelcore_llmlift.c.calls import called

        return called(self, node)


def _own(node: Node) -> Node:
    """The part of a statement in which a step happens: of a branch or loop, its condition only."""
    return node.child_by_field_name("condition") or node


def _counts(node: Node, reader: Reader) -> bool:
    """Whether an expression is made of counters and literals alone, without a difference."""
    return node.type == "identifier" and reader.types.get(text(node), CType("")).rank == 0 and (
        reader.types.get(text(node), CType("i32")).kind not in UNSIGNED)  # fmt: skip
