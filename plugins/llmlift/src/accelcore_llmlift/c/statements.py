"""C statements to Python statements."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c import containers, structures
from accelcore_llmlift.c.declarations import CType, base_type, declared, text
from accelcore_llmlift.c.expressions import Reader, call, name, number

if TYPE_CHECKING:
    from tree_sitter import Node
else:
    Node = Any

ASSIGNMENTS = {"+=": "+", "-=": "-", "*=": "*", "/=": "/", "%=": "%", "&=": "&", "|=": "|", "^=": "^", "<<=": "<<",
               ">>=": ">>"}  # fmt: skip


class Writer:
    """Statements of one function; expressions are the reader's."""

    def __init__(self, reader: Reader, returns: CType) -> None:
        self.reader = reader
        self.returns = returns
        self.empty: set[str] = set()
        self.given: set[str] = set()

    def block(self, node: Node) -> list[ast.stmt]:
        """The statements of a compound statement, or of a single one."""
        parts = node.named_children if node.type == "compound_statement" else [node]
        found: list[ast.stmt] = []
        for part in parts:
            found += self.statement(part)
        return found

    def statement(self, node: Node) -> list[ast.stmt]:
        """One statement, with the pointer steps that it asks for after it."""
        method = getattr(self, f"_write_{node.type}", None)
        if method is None:
            raise self.reader.refuse(node, f"the statement {node.type.replace('_', ' ')!r} is outside the subset",
                                     "use assignments, for, while, if and return")
        outer, self.reader.after = self.reader.after, []
        found: list[ast.stmt] = [*method(node), *self.reader.after]
        self.reader.after = outer
        row, column = node.start_point
        for statement in found:
            for part in ast.walk(statement):
                if isinstance(part, ast.stmt | ast.expr) and not hasattr(part, "lineno"):
                    part.lineno, part.col_offset = row + 1, column
        return found

    def _write_compound_statement(self, node: Node) -> list[ast.stmt]:
        return self.block(node)

    def _write_comment(self, node: Node) -> list[ast.stmt]:
        return []

    def _write_continue_statement(self, node: Node) -> list[ast.stmt]:
        return [ast.Continue()]

    def _write_break_statement(self, node: Node) -> list[ast.stmt]:
        return [ast.Break()]

    def _write_return_statement(self, node: Node) -> list[ast.stmt]:
        if not node.named_children:
            return [ast.Return(value=None)]
        value, kind = self.reader.read(node.named_children[0])
        if self.returns.rank == 0 and self.returns.dtype:
            value = self.reader.in_type(value, kind, self.returns)
        return [ast.Return(value=value)]

    def _write_if_statement(self, node: Node) -> list[ast.stmt]:
        test = self.reader.expression(self.reader.child(node, "condition"))
        other = node.child_by_field_name("alternative")
        rest = self.block(other.named_children[0]) if other is not None else []
        then = self.block(self.reader.child(node, "consequence")) or [ast.Pass()]
        return [ast.If(test=test, body=then, orelse=rest)]

    def _write_switch_statement(self, node: Node) -> list[ast.stmt]:
        """switch as a chain of if: each case ends in break or return."""
        value = self.reader.expression(self.reader.child(node, "condition"))
        cases = [c for c in self.reader.child(node, "body").named_children if c.type == "case_statement"]
        chain: list[ast.stmt] = []
        tests: list[ast.expr] = []
        branches: list[tuple[ast.expr | None, list[ast.stmt]]] = []
        for at, case in enumerate(cases):
            label = case.child_by_field_name("value")
            if label is not None:
                tests.append(ast.Compare(left=copy.deepcopy(value), ops=[ast.Eq()],
                                         comparators=[self.reader.expression(label)]))  # fmt: skip
            parts = [p for p in case.named_children if p != label and p.type != "comment"]
            if not parts and label is not None:
                continue  # case 1: case 2: ...
            ends = bool(parts) and parts[-1].type in ("break_statement", "return_statement")
            if not ends and at < len(cases) - 1:
                raise self.reader.refuse(case, "a case that falls through to the next", "end it with break")
            parts = parts[:-1] if ends and parts[-1].type == "break_statement" else parts
            body = [s for p in parts for s in self.statement(p)] or [ast.Pass()]
            any_of: ast.expr | None = ast.BoolOp(op=ast.Or(), values=tests) if len(tests) > 1 else (
                tests[0] if label is not None else None)
            branches.append((any_of, body))
            tests = []
        for test, body in reversed(branches):
            chain = body if test is None else [ast.If(test=test, body=body, orelse=chain)]
        return chain

    # Declarations.

    def _write_declaration(self, node: Node) -> list[ast.stmt]:
        kind = node.child_by_field_name("type")
        if text(kind).startswith(("auto", "decltype", "const auto")):
            return [s for d in node.children_by_field_name("declarator") for s in self.deduced(d)]
        fields = structures.structure_of(kind, self.reader)
        if fields is not None:
            return self.structure(node, fields)
        base = base_type(kind, self.reader.typedefs)
        if base is None:
            raise self.reader.refuse(node, f"the type {text(node.child_by_field_name('type'))!r} is not known",
                                     "use arithmetic types, pointers, arrays and std::vector")
        found: list[ast.stmt] = []
        for declarator in node.children_by_field_name("declarator"):
            found += self.declare(declarator, base)
        return found

    def structure(self, node: Node, fields: dict[str, CType]) -> list[ast.stmt]:
        """Local structures: a variable for each field, with the values of an initializer list."""
        found: list[ast.stmt] = []
        for declarator in node.children_by_field_name("declarator"):
            variable, kind, value = declared(declarator, CType("i32"))
            if kind.rank or any(f.rank for f in fields.values()):
                raise self.reader.refuse(node, "a local structure of arrays, or an array of them", "use plain arrays")
            parts = structures.spread(variable, fields, self.reader, node, shared=False)
            if value is None:
                continue
            if value.type != "initializer_list" or len(value.named_children) > len(parts):
                raise self.reader.refuse(node, "a structure that is copied", "set its fields one by one")
            for (part, kind), item in zip(parts.items(), value.named_children, strict=False):
                found += self.assign(name(part), kind, *self.reader.read(item))
        return found

    def deduced(self, declarator: Node) -> list[ast.stmt]:
        """`auto x = value`: the type of the value."""
        variable, _, value = declared(declarator, CType("i32"))
        if value is None:
            raise self.reader.refuse(declarator, "auto without a value", "give the type")
        place = self.reader.place(value)
        if place is not None:
            self.reader.types[variable] = CType(self.reader.types[place[0]].dtype, 1, True)
            self.reader.walking[variable] = (place[0], f"{variable}_at")
            return [_store(f"{variable}_at", place[1])]
        found, kind = self.reader.read(value)
        rank = 0
        if isinstance(found, ast.Name | ast.Subscript):
            base = ast.Subscript(value=found, slice=number(0), ctx=ast.Load())
            rank = containers.element_type(self.reader, base).rank + 1 if self.list_rank(found) > 0 else 0
        self.reader.types[variable] = CType("f64" if kind == "real" else "i32", rank)
        if "&" in text(declarator).split("=")[0] and isinstance(found, ast.Subscript):
            return self.refer(variable, found)
        return [_store(variable, call("list", found) if rank else found)]

    def refer(self, variable: str, found: ast.Subscript) -> list[ast.stmt]:
        """`auto& row = a[i]`: another name for the element at the index that i has now."""
        held: list[ast.stmt] = []
        inner: ast.expr = found
        while isinstance(inner, ast.Subscript):
            if not isinstance(inner.slice, ast.Constant):
                index = self.reader.unused(f"{variable}_in")
                held.append(_store(index, inner.slice))
                inner.slice = name(index)
            inner = inner.value
        self.reader.aliases[variable] = found
        return held

    def declare(self, declarator: Node, base: CType) -> list[ast.stmt]:
        """One declared name, with its initial value."""
        variable, kind, value = declared(declarator, base)
        self.reader.aliases.pop(variable, None)
        if value is not None and "&" in text(declarator).split("=")[0]:
            self.reader.types[variable] = kind
            found = self.reader.expression(value)
            if isinstance(found, ast.Subscript):
                return self.refer(variable, found)
            if isinstance(found, ast.Name):
                self.reader.aliases[variable] = found
                return []
        self.reader.types[variable] = kind
        if kind.pointer:
            return self.pointer(declarator, variable, value)
        if declarator.type == "function_declarator":  # `vector<T> v(n);` reads like a function of a type n
            value = declarator.child_by_field_name("parameters")
        if kind.rank:
            return self.container(variable, kind, value)
        if value is None:
            return []
        if value.type in ("argument_list", "initializer_list", "parameter_list"):
            if not value.named_children:
                return [_store(variable, number(0.0 if kind.kind == "real" else 0))]
            value = value.named_children[0]
        return self.assign(name(variable), kind, *self.reader.read(value))

    def pointer(self, node: Node, variable: str, value: Node | None) -> list[ast.stmt]:
        """`float *p = a + 3`: another name for the array, and a position in it."""
        if value is None:
            return []  # it starts at an array where it is assigned
        offset: ast.expr = number(0)
        while value is not None and value.type in ("parenthesized_expression", "pointer_expression"):
            value = value.named_children[0]
        if value is not None and value.type == "subscript_expression":
            indices = value.child_by_field_name("indices")
            offset = self.reader.expression(indices.named_children[0]) if indices is not None else offset
            value = value.child_by_field_name("argument")
        if value is not None and value.type == "binary_expression":
            offset = self.reader.expression(self.reader.child(value, "right"))
            value = self.reader.child(value, "left")
        if value is None or value.type != "identifier":
            raise self.reader.refuse(node, "a pointer that does not start at an array", "write T *p = a")
        array, start = self.reader.walking.get(text(value), (text(value), ""))
        if start:
            offset = ast.BinOp(left=name(start), op=ast.Add(), right=offset)
        self.reader.walking[variable] = (array, f"{variable}_at")
        return [_store(f"{variable}_at", offset)]

    def container(self, variable: str, kind: CType, value: Node | None) -> list[ast.stmt]:
        """A local array or vector."""
        if kind.extents:
            if value is not None and value.type == "initializer_list":
                return [_store(variable, self.listed(value))]
            return [_store(variable, _unwritten([self.reader.expression(e) for e in kind.extents], kind))]
        if value is None:
            self.empty.add(variable)
            return [_store(variable, ast.List(elts=[], ctx=ast.Load()))]
        if value.type == "initializer_list":
            return [_store(variable, self.listed(value))]
        if value.type in ("argument_list", "parameter_list"):
            return [_store(variable, self.sized(value, kind))]
        return [_store(variable, self.copied(value))]

    def copied(self, value: Node) -> ast.expr:
        """Vectors have value semantics: `v = w` copies."""
        found = self.reader.expression(value)
        if isinstance(found, ast.Name | ast.Subscript):
            return call("list", found)
        return found

    def listed(self, node: Node) -> ast.expr:
        """An initializer list."""
        parts = [self.listed(c) if c.type == "initializer_list" else self.reader.expression(c)
                 for c in node.named_children]  # fmt: skip
        return ast.List(elts=parts, ctx=ast.Load())

    def sized(self, node: Node, kind: CType) -> ast.expr:
        """`vector<T> v(n)`, `v(n, x)`, `v(m, vector<T>(n))`, `v(w)`, `v(w.begin(), w.end())`."""
        parts = node.named_children
        if len(parts) == 2 and text(parts[0]).endswith("begin()"):
            return containers.copied_range(self.reader, parts)
        if len(parts) == 1 and self.reader.types.get(text(parts[0]), CType("")).rank:
            return call("list", name(text(parts[0])))
        count = self.reader.expression(parts[0])
        if kind.rank == 1:
            zero = number(0.0 if kind.kind == "real" else 0)
            fill = self.reader.expression(parts[1]) if len(parts) > 1 else zero
            return ast.BinOp(left=ast.List(elts=[fill], ctx=ast.Load()), op=ast.Mult(), right=count)
        if len(parts) == 1 or parts[1].type != "call_expression":
            raise self.reader.refuse(node, "rows without a size", "write vector<vector<T>> v(m, vector<T>(n))")
        inner = self.sized(self.reader.child(parts[1], "arguments"), CType(kind.dtype, kind.rank - 1))
        loop = ast.comprehension(target=ast.Name(id="row_", ctx=ast.Store()), iter=call("range", count), ifs=[],
                                 is_async=0)
        return ast.ListComp(elt=inner, generators=[loop])

    # Assignments.

    def _write_expression_statement(self, node: Node) -> list[ast.stmt]:
        if not node.named_children:
            return []
        return self.effect(node.named_children[0])

    def effect(self, node: Node) -> list[ast.stmt]:
        """An expression that is a statement: assignment, ++, push_back, a call, or several with commas."""
        if node.type == "comma_expression":
            return [*self.effect(self.reader.child(node, "left")), *self.effect(self.reader.child(node, "right"))]
        if node.type == "parenthesized_expression":
            return self.effect(node.named_children[0])
        if node.type == "update_expression":
            amount = "+" if "++" in text(node) else "-"
            return self.update(self.reader.child(node, "argument"), amount, (number(1), "int"))
        if node.type == "assignment_expression":
            return self.assignment(node)
        if node.type == "call_expression":
            return self.called(node)
        if node.type == "pointer_expression":
            self.reader.read(node)  # *p++; alone only steps
            return []
        raise self.reader.refuse(node, f"the expression {text(node)!r} as a statement", "assign it or drop it")

    def assignment(self, node: Node) -> list[ast.stmt]:
        """a = b, a += b, a = b = c, and pointers."""
        left, right = self.reader.child(node, "left"), self.reader.child(node, "right")
        operator = text(node.child_by_field_name("operator"))
        if right.type == "assignment_expression":  # a = b = c
            inner = self.assignment(right)
            return [*inner, *self.plain(left, *self.reader.read(self.reader.child(right, "left")))]
        if operator in ASSIGNMENTS:
            return self.update(left, ASSIGNMENTS[operator], self.reader.read(right))
        if left.type == "identifier" and self.reader.types.get(text(left), CType("")).pointer:
            return self.pointer(node, text(left), right)
        if left.type == "identifier" and self.reader.types.get(text(left), CType("")).rank:
            return [_store(text(left), self.copied(right))]
        return self.plain(left, *self.reader.read(right))

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
        return CType(found.dtype)

    def assign(self, target: ast.expr, kind: CType, value: ast.expr, value_kind: str) -> list[ast.stmt]:
        """A store into a target of a known type."""
        _as_target(target)
        if not kind.rank:
            value = self.reader.in_type(value, value_kind, kind)
        return [ast.Assign(targets=[target], value=value)]

    def update(self, left: Node, operator: str, value: tuple[ast.expr, str]) -> list[ast.stmt]:
        """left = left operator value; a pointer moves its position."""
        if left.type == "identifier" and text(left) in self.reader.walking:
            position = self.reader.walking[text(left)][1]
            op: ast.operator = ast.Add() if operator == "+" else ast.Sub()
            return [ast.AugAssign(target=ast.Name(id=position, ctx=ast.Store()), op=op, value=value[0])]
        simple = left.type == "identifier" and isinstance(value[0], ast.Constant) and operator in "+-"
        if simple and self.reader.types.get(text(left), CType("i32")).kind == value[1] == "int":
            op = ast.Add() if operator == "+" else ast.Sub()
            return [ast.AugAssign(target=ast.Name(id=text(left), ctx=ast.Store()), op=op, value=value[0])]
        pending = list(self.reader.after)
        target, kind = self.reader.read(left)
        again = target
        if len(self.reader.after) == len(pending):
            again = self.reader.read(left)[0]
        else:  # *p++ += x steps once
            again = ast.parse(ast.unparse(target), mode="eval").body
        result, result_kind = self.reader.arithmetic(left, operator, (again, kind), value)
        return self.assign(target, self.target_type(target), result, result_kind)

    def called(self, node: Node) -> list[ast.stmt]:
        """push_back, or a call of a helper that returns nothing."""
        function = self.reader.child(node, "function")
        arguments = self.reader.child(node, "arguments").named_children
        if function.type == "field_expression" and text(function.child_by_field_name("field")) in (
            "push_back", "emplace_back",
        ):  # fmt: skip
            base = self.reader.expression(self.reader.child(function, "argument"))
            value, kind = self.reader.read(arguments[0])
            element = self.target_type(base)
            if self.list_rank(base) == 1:
                value = self.reader.in_type(value, kind, element)
            elif isinstance(value, ast.Name | ast.Subscript):
                value = call("list", value)  # push_back copies
            method = ast.Attribute(value=base, attr="append", ctx=ast.Load())
            return [ast.Expr(value=ast.Call(func=method, args=[value], keywords=[]))]
        if function.type == "field_expression":
            return self.resized(node, function, arguments)
        called = text(function).removeprefix("std::")
        if called == "swap" and called not in self.reader.functions:
            return containers.swap(self.reader, arguments)
        known = containers.algorithm_statement(self.reader, called, arguments)
        if known is not None:
            return known
        return [ast.Expr(value=self.reader.expression(node))]

    def resized(self, node: Node, function: Node, arguments: list[Node]) -> list[ast.stmt]:
        """v.resize(n), v.assign(n, x), v.clear(), v.reserve(n)."""
        method = text(function.child_by_field_name("field"))
        base = self.reader.expression(self.reader.child(function, "argument"))
        if method in ("reserve", "shrink_to_fit"):
            return []
        if not isinstance(base, ast.Name) or method not in ("resize", "assign", "clear"):
            raise self.reader.refuse(node, f"the method {method!r}", "use push_back, resize, assign, clear")
        kind = self.reader.types[base.id]
        if method == "clear":
            self.given.discard(base.id)
            return [_store(base.id, ast.List(elts=[], ctx=ast.Load()))]
        if method == "resize" and base.id in self.given and kind.rank == 1:
            count = self.reader.expression(self.reader.child(node, "arguments").named_children[0])
            self.given.discard(base.id)  # elements that it had stay, so what is not written is not known
            return [_store(base.id, _unwritten([count], kind))]
        if method == "resize" and base.id not in self.empty:
            raise self.reader.refuse(node, f"resize of {base.id!r}, which may have elements",
                                     "give the size where it is declared")
        self.empty.discard(base.id)
        return [_store(base.id, self.sized(self.reader.child(node, "arguments"), kind))]

    def list_rank(self, base: ast.expr) -> int:
        """Number of axes of the list that grows."""
        depth, inner = 0, base
        while isinstance(inner, ast.Subscript):
            depth, inner = depth + 1, inner.value
        found = self.reader.types.get(inner.id if isinstance(inner, ast.Name) else "", CType("i32", 1))
        return found.rank - depth

    # Loops.

    def _write_for_range_loop(self, node: Node) -> list[ast.stmt]:
        """`for (auto x : v)`: a loop over the positions."""
        container = self.reader.expression(self.reader.child(node, "right"))
        declarator = self.reader.child(node, "declarator")
        stem = text(declarator).strip("& ")
        counter, span, at = containers.over(self.reader, container, stem)
        first = containers.bind_element(self.reader, node, container, at)
        return [containers.loop(counter, span, [*first, *self.block(self.reader.child(node, "body"))])]

    def _write_do_statement(self, node: Node) -> list[ast.stmt]:
        """do ... while: the while loop, where its condition holds at the start; that becomes a precondition."""
        test = self.reader.expression(self.reader.child(node, "condition"))
        body = self.block(self.reader.child(node, "body"))
        return [ast.Assert(test=copy.deepcopy(test)), ast.While(test=test, body=body or [ast.Pass()], orelse=[])]

    def _write_while_statement(self, node: Node) -> list[ast.stmt]:
        countdown = self.countdown(node)
        if countdown is not None:
            return countdown
        test = self.reader.expression(self.reader.child(node, "condition"))
        return [ast.While(test=test, body=self.block(self.reader.child(node, "body")) or [ast.Pass()], orelse=[])]

    def countdown(self, node: Node) -> list[ast.stmt] | None:
        """`while (n--)` and `while (n-- > 0)`, where n is used for nothing else: n iterations."""
        test = self.reader.child(node, "condition")
        while test.type in ("condition_clause", "parenthesized_expression"):
            test = test.named_children[0]
        if test.type == "binary_expression" and text(test.child_by_field_name("operator")) in (">", "!="):
            test = self.reader.child(test, "left") if text(test.child_by_field_name("right")) == "0" else test
        if test.type != "update_expression" or not text(test).endswith("--"):
            return None
        counter = self.reader.child(test, "argument")
        function = node
        while function.parent is not None and function.type != "function_definition":
            function = function.parent
        body = function.child_by_field_name("body")
        if counter.type != "identifier" or body is None or _mentions(body, text(counter)) > 1:
            raise self.reader.refuse(test, f"{text(test)!r} as a condition beside other uses of the counter",
                                     "write for (int i = 0; i < n; i++)")
        span = call("range", name(text(counter)))
        return [containers.loop(self.reader.unused("turn"), span, self.block(self.reader.child(node, "body")))]

    def _write_for_statement(self, node: Node) -> list[ast.stmt]:
        """A counting loop becomes `for ... in range(...)`; any other the while loop that it abbreviates."""
        before: list[ast.stmt] = []
        start = node.child_by_field_name("initializer")
        if start is not None:
            before = self._write_declaration(start) if start.type == "declaration" else self.effect(start)
        condition, update = node.child_by_field_name("condition"), node.child_by_field_name("update")
        test = self.reader.expression(condition) if condition is not None else ast.Constant(value=True)
        step = self.effect(update) if update is not None else []
        body = self.block(self.reader.child(node, "body")) or [ast.Pass()]
        counted = _counted(before, test, step, body)
        if counted is not None:
            return [*before[:-1], counted]
        if any(isinstance(n, ast.Continue) for s in body for n in ast.walk(s)):
            raise self.reader.refuse(node, "continue in a for loop that does not count in constant steps",
                                     "put the rest of the body under an if")
        return [*before, ast.While(test=test, body=[*body, *_counter_last(test, step)], orelse=[])]


def _mentions(node: Node, identifier: str) -> int:
    own = node.type == "identifier" and text(node) == identifier
    return own + sum(_mentions(c, identifier) for c in node.named_children)


def _store(variable: str, value: ast.expr) -> ast.Assign:
    return ast.Assign(targets=[ast.Name(id=variable, ctx=ast.Store())], value=value)


STORAGE = {"f32": "float32", "f64": "float64", "i8": "int8", "u8": "uint8", "i16": "int16", "u16": "uint16",
           "i32": "int32", "i64": "int64", "bool": "bool"}  # fmt: skip


def _unwritten(extents: list[ast.expr], kind: CType) -> ast.Call:
    """An array whose elements are not known yet."""
    found = call("numpy.empty", ast.Tuple(elts=extents, ctx=ast.Load()))
    found.keywords = [ast.keyword(arg="dtype", value=ast.Constant(value=STORAGE.get(kind.dtype, "int64")))]
    return found


def _as_target(target: ast.expr) -> None:
    if isinstance(target, ast.Name | ast.Subscript):
        target.ctx = ast.Store()


def _counter_last(test: ast.expr, step: list[ast.stmt]) -> list[ast.stmt]:
    """`p++, q++` with the step of the variable that the condition bounds at the end; they do not read each other."""
    left = test.left.id if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) else ""
    simple = all(isinstance(s, ast.AugAssign) and isinstance(s.value, ast.Constant) for s in step)
    if not simple:
        return step
    return sorted(step, key=lambda s: isinstance(s, ast.AugAssign) and getattr(s.target, "id", "") == left)


def _isolated(test: ast.expr, counter: str) -> ast.expr:
    """`i + k < n` as `i < n - k`, `n > i` as `i < n`."""
    flipped: dict[type[ast.cmpop], ast.cmpop] = {ast.Gt: ast.Lt(), ast.GtE: ast.LtE(), ast.Lt: ast.Gt(),
                                                 ast.LtE: ast.GtE()}  # fmt: skip
    match test:
        case ast.Compare(left=left, ops=[op], comparators=[ast.Name(id=i)]) if i == counter and type(op) in flipped:
            return ast.Compare(left=name(counter), ops=[flipped[type(op)]], comparators=[left])
        case ast.Compare(
            left=ast.BinOp(left=ast.Name(id=i), op=ast.Add() | ast.Sub() as sign, right=k), ops=[op],
            comparators=[high],
        ) if i == counter and not any(isinstance(n, ast.Name) and n.id == counter for n in ast.walk(k)):
            opposite: ast.operator = ast.Sub() if isinstance(sign, ast.Add) else ast.Add()
            return ast.Compare(left=name(counter), ops=[op],
                               comparators=[ast.BinOp(left=high, op=opposite, right=k)])  # fmt: skip
    return test


def _counted(
    before: list[ast.stmt], test: ast.expr, step: list[ast.stmt], body: list[ast.stmt]
) -> ast.For | None:
    """`i = a; i < b; i += c` as range(a, b, c), when the body changes neither i nor b."""
    if before and isinstance(before[-1], ast.Assign) and isinstance(before[-1].targets[0], ast.Name):
        test = _isolated(test, before[-1].targets[0].id)
    if len(step) > 1 and isinstance(test, ast.Compare) and isinstance(test.left, ast.Name):
        own: list[ast.stmt] = [s for s in step if isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Name)
               and s.target.id == test.left.id]  # fmt: skip
        others = [s for s in step if s not in own]
        if len(own) == 1 and not any(isinstance(n, ast.Continue) for s in body for n in ast.walk(s)) and not any(
            isinstance(n, ast.Name) and n.id == test.left.id for s in others for n in ast.walk(s)
        ):
            body, step = [*body, *others], own
    match before, test, step:
        case (
            [*_, ast.Assign(targets=[ast.Name(id=i)], value=low)],
            ast.Compare(left=ast.Name(id=j), ops=[op], comparators=[high]),
            [ast.AugAssign(
                target=ast.Name(id=k), op=ast.Add() | ast.Sub() as sign, value=ast.Constant(value=int() as c)
            )],
        ) if i == j == k and c:
            pass
        case _:
            return None
    c = c if isinstance(sign, ast.Add) else -c
    changed = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    if ({i} | {n.id for n in ast.walk(high) if isinstance(n, ast.Name)}) & changed:
        return None
    if isinstance(op, ast.LtE | ast.GtE):
        high = ast.BinOp(left=high, op=ast.Add() if c > 0 else ast.Sub(), right=number(1))
    elif not isinstance(op, ast.Lt if c > 0 else ast.Gt):
        return None
    return ast.For(target=ast.Name(id=i, ctx=ast.Store()), iter=call("range", low, high, number(c)), body=body,
                   orelse=[])
