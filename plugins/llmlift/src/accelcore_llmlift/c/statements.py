"""C statements to Python statements."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c import algorithms, containers, declare, loops, pointers, storage, structures
from accelcore_llmlift.c.declarations import CType, text
from accelcore_llmlift.c.expressions import Reader, Value
from accelcore_llmlift.c.syntax import bare, call, loaded, name, number, stepped, store

if TYPE_CHECKING:
    from tree_sitter import Node
else:
    Node = Any

ASSIGNMENTS = {"+=": "+", "-=": "-", "*=": "*", "/=": "/", "%=": "%", "&=": "&", "|=": "|", "^=": "^", "<<=": "<<",
               ">>=": ">>"}  # fmt: skip
NOTHING = frozenset(
    {"comment", "preproc_call", "preproc_include", "using_declaration", "static_assert_declaration", "type_definition",
     "alias_declaration", "empty_statement", ";", "preproc_def"}
)  # fmt: skip
GROWING = ("push_back", "emplace_back")


class Writer:
    """Statements of one function; expressions are the reader's.

    empty: containers that have no elements yet; given: containers of the caller that the function fills.
    open: names declared in each block around the current place.  depth: branches and loops around it.  counting: the
    step of a for loop is read, which does not wrap in a loop that ends.
    """

    def __init__(self, reader: Reader, returns: CType, fields: structures.Fields | None = None) -> None:
        self.reader = reader
        self.returns = returns
        self.fields = fields
        self.empty: set[str] = set()
        self.given: set[str] = set()
        self.open: list[set[str]] = [set()]
        self.depth = 0
        self.counting = False

    def block(self, node: Node) -> list[ast.stmt]:
        """The statements of a compound statement, or of a single one."""
        parts = node.named_children if node.type == "compound_statement" else [node]
        found: list[ast.stmt] = []
        self.open.append(set())
        for part in parts:
            found += self.statement(part)
        self.open.pop()
        return found

    def body(self, node: Node) -> list[ast.stmt]:
        """The body of a loop."""
        self.depth += 1
        found = self.block(self.reader.child(node, "body"))
        self.depth -= 1
        return found

    def statement(self, node: Node) -> list[ast.stmt]:
        """One statement, with the steps that it asks for around it."""
        if node.type in NOTHING:
            return []
        method = getattr(self, f"_write_{node.type}", None)
        if method is None:
            raise self.reader.refuse(node, f"the statement {node.type.replace('_', ' ')!r} is outside the subset",
                                     "use assignments, for, while, if and return")
        outer, self.reader.before, self.reader.after = (self.reader.before, self.reader.after), [], []
        inner = method(node)
        found: list[ast.stmt] = [*self.reader.before, *inner, *self.reader.after]
        self.reader.before, self.reader.after = outer
        row, column = node.start_point
        for statement in found:
            for part in ast.walk(statement):
                if isinstance(part, ast.stmt | ast.expr) and not hasattr(part, "lineno"):
                    part.lineno, part.col_offset = row + 1, column
        return found

    def _write_compound_statement(self, node: Node) -> list[ast.stmt]:
        return self.block(node)

    def _write_continue_statement(self, node: Node) -> list[ast.stmt]:
        return [ast.Continue()]

    def _write_break_statement(self, node: Node) -> list[ast.stmt]:
        return [ast.Break()]

    def _write_throw_statement(self, node: Node) -> list[ast.stmt]:
        return [ast.Raise(exc=name("Exception"), cause=None)]

    def _write_return_statement(self, node: Node) -> list[ast.stmt]:
        parts = [c for c in node.named_children if c.type != "comment"]
        if not parts:
            return [ast.Return(value=None)]
        if self.fields is not None:
            return [ast.Return(value=self.tuple_of(parts[0], self.fields))]
        if parts[0].type == "initializer_list" and self.returns.rank:
            return [ast.Return(value=declare.listed(self, parts[0]))]
        made = declare.made(self, parts[0], self.returns) if self.returns.rank else None
        value, kind = (made, "") if made is not None else self.reader.read(parts[0])
        if self.returns.rank == 0 and self.returns.dtype:
            value = self.reader.in_type(value, kind, self.returns)
        steps, self.reader.after = self.reader.after, []
        if steps:
            raise self.reader.refuse(node, "a step in a return statement", "step in a statement of its own")
        return [ast.Return(value=value)]

    def tuple_of(self, node: Node, fields: structures.Fields) -> ast.expr:
        """The fields of a structure that is returned."""
        function = text(node.child_by_field_name("function")).removeprefix("std::").split("<")[0]
        made = function in ("make_pair", "make_tuple", "pair", "tuple") and node.type == "call_expression"
        if made or node.type == "initializer_list":
            listed = self.reader.child(node, "arguments") if made else node
            values: list[Value] | None = [self.reader.read(p) for p in listed.named_children]
        else:
            values = structures.parts(self.reader, node)
        if values is None or len(values) != len(fields):
            raise self.reader.refuse(node, f"the structure {text(node)[:40]!r}", "return a variable or {a, b}")
        found = [v if f.rank else self.reader.in_type(v, k, f)
                 for (v, k), f in zip(values, fields.values(), strict=True)]  # fmt: skip
        return found[0] if len(found) == 1 else ast.Tuple(elts=found, ctx=ast.Load())

    def _write_if_statement(self, node: Node) -> list[ast.stmt]:
        test = self.held(self.reader.condition(loops._inner(self.reader.child(node, "condition"))))
        other = node.child_by_field_name("alternative")
        saved = dict(self.reader.walking)
        self.depth += 1
        then = self.block(self.reader.child(node, "consequence")) or [ast.Pass()]
        rest = self.block(other.named_children[-1]) if other is not None and other.named_children else []
        self.depth -= 1
        self.reader.walking |= saved
        steps, self.reader.after = self.reader.after, []
        return [*steps, ast.If(test=test, body=then, orelse=rest)]

    def held(self, test: ast.expr) -> ast.expr:
        """A condition that steps is evaluated before the step, its branches after it."""
        if not self.reader.after:
            return test
        variable = self.reader.unused("held")
        self.reader.before.append(store(variable, test))
        return name(variable)

    def _write_switch_statement(self, node: Node) -> list[ast.stmt]:
        """switch as a chain of if: each case ends in break or return."""
        value = self.held(self.reader.expression(self.reader.child(node, "condition")))
        cases = [c for c in self.reader.child(node, "body").named_children if c.type == "case_statement"]
        tests: list[ast.expr] = []
        branches: list[tuple[ast.expr | None, list[ast.stmt]]] = []
        for at, case in enumerate(cases):
            label = case.child_by_field_name("value")
            if label is not None:
                tests.append(ast.Compare(left=copy.deepcopy(value), ops=[ast.Eq()],
                                         comparators=[self.reader.expression(label)]))  # fmt: skip
            parts = [p for p in case.named_children if p != label and p.type != "comment"]
            if len(parts) == 1 and parts[0].type == "compound_statement":
                parts = [p for p in parts[0].named_children if p.type != "comment"]
            if not parts and label is not None:
                continue  # case 1: case 2: ...
            branches.append((_any_of(tests, label), self.case(case, parts, last=at == len(cases) - 1)))
            tests = []
        return _chain(branches)

    def case(self, node: Node, parts: list[Node], *, last: bool) -> list[ast.stmt]:
        """The statements of one case."""
        ends = bool(parts) and parts[-1].type in ("break_statement", "return_statement")
        if not ends and not last:
            raise self.reader.refuse(node, "a case that falls through to the next", "end it with break")
        parts = parts[:-1] if ends and parts[-1].type == "break_statement" else parts
        return [s for p in parts for s in self.statement(p)] or [ast.Pass()]

    def _write_for_range_loop(self, node: Node) -> list[ast.stmt]:
        return loops.range_loop(self, node)

    def _write_for_statement(self, node: Node) -> list[ast.stmt]:
        self.open.append(set())
        found = loops.for_loop(self, node)
        self.open.pop()
        return found

    def _write_while_statement(self, node: Node) -> list[ast.stmt]:
        return loops.while_loop(self, node)

    def _write_do_statement(self, node: Node) -> list[ast.stmt]:
        return loops.do_loop(self, node)

    def _write_declaration(self, node: Node) -> list[ast.stmt]:
        return self.declaration(node)

    def declaration(self, node: Node) -> list[ast.stmt]:
        """The variables of one declaration."""
        return declare.declaration(self, node)

    def _write_delete_expression(self, node: Node) -> list[ast.stmt]:
        return []

    # Assignments.

    def _write_expression_statement(self, node: Node) -> list[ast.stmt]:
        parts = [c for c in node.named_children if c.type != "comment"]
        return self.effect(parts[0]) if parts else []

    def effect(self, node: Node) -> list[ast.stmt]:
        """An expression that is a statement: assignment, ++, push_back, a call, or several with commas."""
        match node.type:
            case "comma_expression":
                return [*self.effect(self.reader.child(node, "left")), *self.effect(self.reader.child(node, "right"))]
            case "parenthesized_expression":
                return self.effect(node.named_children[0])
            case "update_expression":
                amount = "+" if "++" in text(node.children[0]) + text(node.children[-1]) else "-"
                return self.update(self.reader.child(node, "argument"), amount, (number(1), "int"))
            case "assignment_expression":
                return self.assignment(node)
            case "call_expression":
                return self.called(node)
            case "delete_expression":
                return []
            case "pointer_expression":
                self.reader.read(node)  # *p++; alone only steps
                return []
            case "cast_expression":  # (void)x;
                return self.effect(self.reader.child(node, "value"))
            case "identifier" | "number_literal":
                return []
            case "conditional_expression":
                return [ast.If(test=self.reader.condition(self.reader.child(node, "condition")),
                               body=self.effect(self.reader.child(node, "consequence")) or [ast.Pass()],
                               orelse=self.effect(self.reader.child(node, "alternative")))]  # fmt: skip
        raise self.reader.refuse(node, f"the expression {text(node)!r} as a statement", "assign it or drop it")

    def assignment(self, node: Node) -> list[ast.stmt]:
        """a = b, a += b, a = b = c, structures and pointers."""
        left, right = bare(self.reader.child(node, "left")), self.reader.child(node, "right")
        operator = text(node.child_by_field_name("operator"))
        if right.type == "assignment_expression":  # a = b = c
            inner = self.assignment(right)
            return [*inner, *self.plain(left, *self.reader.read(self.reader.child(right, "left")))]
        if operator in ASSIGNMENTS:
            return self.update(left, ASSIGNMENTS[operator], self.reader.read(right))
        targets = structures.parts(self.reader, left) if left.type != "call_expression" else None
        if targets is not None:
            return self.copied_fields(node, targets, right)
        kind = self.reader.types.get(text(left), CType(""))
        if left.type == "identifier" and kind.pointer:
            return declare.pointer(self, node, text(left), right)
        if left.type == "identifier" and kind.rank and text(left) not in self.reader.aliases:
            return [store(text(left), declare.copied(self, right, kind))]
        return self.plain(left, *self.reader.read(right))

    def copied_fields(self, node: Node, targets: list[Value], right: Node) -> list[ast.stmt]:
        """s = t: the fields one by one; all are read before any is written."""
        values = structures.parts(self.reader, right)
        if values is None or len(values) != len(targets):
            raise self.reader.refuse(node, f"the structure {text(right)[:40]!r}", "set its fields one by one")
        found: list[ast.stmt] = []
        held: list[Value] = []
        for value, kind in values:
            variable = self.reader.unused("field")
            self.reader.types[variable] = CType({"real": "f64", "int": "i32"}.get(kind, kind))
            found.append(store(variable, value))
            held.append((name(variable), kind))
        for (target, _), (value, kind) in zip(targets, held, strict=True):
            found += self.assign(target, self.target_type(target), value, kind)
        return found

    def plain(self, left: Node, value: ast.expr, kind: str) -> list[ast.stmt]:
        """A store of a value, converted to the type of its target."""
        target, _ = self.reader.read(left)
        return self.assign(target, self.target_type(target), value, kind)

    def target_type(self, target: ast.expr) -> CType:
        """The type of what is stored into."""
        inner = target
        while isinstance(inner, ast.Subscript):
            inner = inner.value
        found = self.reader.types.get(inner.id if isinstance(inner, ast.Name) else "", CType("i32"))
        return CType(found.dtype, counts=found.counts)

    def assign(self, target: ast.expr, kind: CType, value: ast.expr, value_kind: str) -> list[ast.stmt]:
        """A store into a target of a known type."""
        if not isinstance(target, ast.Name | ast.Subscript):
            raise UnassignableError
        target.ctx = ast.Store()
        if not kind.rank:
            value = self.reader.in_type(value, value_kind, kind)
        return [ast.Assign(targets=[target], value=value)]

    def update(self, left: Node, operator: str, value: Value) -> list[ast.stmt]:
        """left = left operator value; a pointer moves its position."""
        left = bare(left)
        if left.type == "identifier" and text(left) in self.reader.walking:
            position = self.reader.walking[text(left)][1]
            op: ast.operator = ast.Add() if operator == "+" else ast.Sub()
            return [ast.AugAssign(target=ast.Name(id=position, ctx=ast.Store()), op=op, value=value[0])]
        literal = value[0].value if isinstance(value[0], ast.Constant) else None
        known = self.reader.types.get(text(left), CType("i32"))
        exact = known.counts or self.counting or known.dtype in ("i32", "i64")
        if left.type == "identifier" and text(left) not in self.reader.aliases and not known.rank and exact and (
            type(literal) is int and literal and operator in "+-"
        ):
            return [stepped(text(left), literal if operator == "+" else -literal)]
        target, kind = self.reader.read(left)
        result, result_kind = self.reader.arithmetic(left, operator, (loaded(target), kind), value)
        return self.assign(target, self.target_type(target), result, result_kind)

    def called(self, node: Node) -> list[ast.stmt]:
        """push_back, a method that changes sizes, an algorithm, or a function of the file that returns nothing."""
        function = self.reader.child(node, "function")
        arguments = [a for a in self.reader.child(node, "arguments").named_children if a.type != "comment"]
        if function.type == "field_expression":
            if text(function.child_by_field_name("field")) in GROWING:
                return self.grown(self.reader.expression(self.reader.child(function, "argument")), arguments[0])
            return declare.resized(self, node, function, arguments)
        called = text(function).removeprefix("std::")
        if called in self.reader.functions:
            return [ast.Expr(value=self.reader.expression(node))]
        if called == "assert":
            return [ast.Assert(test=self.reader.condition(arguments[0]))]
        if called in ("printf", "fprintf", "puts"):
            return []
        if called == "swap":
            return containers.swap(self.reader, arguments)
        known = storage.moved(self.reader, node, called, arguments)
        known = algorithms.statement(self, node, called, arguments) if known is None else known
        if known is None and any(text(a).endswith("begin()") for a in arguments):
            raise self.reader.refuse(node, f"the algorithm {called!r}", "write it as loops")
        return known if known is not None else [ast.Expr(value=self.reader.expression(node))]

    def grown(self, base: ast.expr, argument: Node) -> list[ast.stmt]:
        """push_back copies its argument."""
        made = declare.made(self, argument, CType(self.target_type(base).dtype, max(self.list_rank(base) - 1, 0)))
        value, kind = (made, "") if made is not None else self.reader.read(argument)
        if self.list_rank(base) == 1:
            value = self.reader.in_type(value, kind, CType(self.target_type(base).dtype))
        elif isinstance(value, ast.Name | ast.Subscript):
            value = call("list", value)
        method = ast.Attribute(value=base, attr="append", ctx=ast.Load())
        return [ast.Expr(value=ast.Call(func=method, args=[value], keywords=[]))]

    def list_rank(self, base: ast.expr) -> int:
        """Number of axes of the list that grows."""
        depth, inner = 0, base
        while isinstance(inner, ast.Subscript):
            depth, inner = depth + 1, inner.value
        found = self.reader.types.get(inner.id if isinstance(inner, ast.Name) else "", CType("i32", 1))
        return found.rank - depth


class UnassignableError(Exception):
    """A store into something that is no variable and no element."""


def _any_of(tests: list[ast.expr], label: Node | None) -> ast.expr | None:
    if label is None:
        return None
    return ast.BoolOp(op=ast.Or(), values=list(tests)) if len(tests) > 1 else tests[0]


def _chain(branches: list[tuple[ast.expr | None, list[ast.stmt]]]) -> list[ast.stmt]:
    """if, else if, ..., else."""
    chain: list[ast.stmt] = []
    for test, body in reversed(branches):
        chain = body if test is None else [ast.If(test=test, body=body, orelse=chain)]
    return chain


__all__ = ["Writer", "pointers"]
