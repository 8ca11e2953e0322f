"""A C file: typedefs, constants and functions; and the function that counts, as a program."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from accelcore.errors import MissingTool, UnsupportedSource, UsageError
from accelcore.values import Source
from accelcore_llmlift.c import structures, templates, unsigned
from accelcore_llmlift.c.declarations import CType, base_type, declared, text
from accelcore_llmlift.c.expressions import Reader
from accelcore_llmlift.c.kinds import UNSIGNED
from accelcore_llmlift.c.leading import with_leading
from accelcore_llmlift.c.macros import expanded
from accelcore_llmlift.c.statements import Writer
from accelcore_llmlift.c.syntax import walk
from accelcore_llmlift.program import Program
from accelcore_llmlift.python.annotations import Annotation, kind_of
from accelcore_llmlift.python.build import parse_function
from accelcore_llmlift.python.errors import Place
from accelcore_llmlift.python.module import Module

if TYPE_CHECKING:
    from tree_sitter import Node
else:
    Node = Any


def parse(source: Source) -> Program:
    """The program of one C or C++ function; `FUNC<T>` is an instance of a template.

    Raises UnsupportedSource at what is outside the subset, UsageError for a missing function, MissingTool when the
    grammars are not installed.
    """
    root = _tree(source)
    reader = Reader(source.path or "<source>", language=source.language)
    functions = _collect(root, reader)
    called, _, given = source.entry.partition("<")
    entry = _entry(functions, replace(source, entry=called), reader)
    module = Module(Place(reader.path))
    for name, value in _constants(root, reader).items():
        module.constants[name] = value
    for name, node in _reached(functions, entry).items():
        if name != entry and not templates.type_names(node):
            module.functions[name] = _function(name, node, reader)[0]
    types = templates.chosen(functions[entry], given.rstrip(">").replace(" ", "").split(",") if given else [])
    function, said, promised, kinds = _function(entry, functions[entry], reader, types)
    while reader.wanted.keys() - module.functions.keys():
        for name in sorted(reader.wanted.keys() - module.functions.keys()):
            wanted = reader.wanted[name]
            module.functions[name] = _function(
                name, functions[wanted.function], reader, dict(wanted.types), wanted.offsets)[0]  # fmt: skip
    program = parse_function(module, function, said, promised, source.path, kinds)
    return with_leading(replace(program, language=source.language))


def _tree(source: Source) -> Node:
    """The syntax tree by the C++ grammar, which also reads C as it is written for kernels."""
    try:
        import tree_sitter
        import tree_sitter_cpp
    except ImportError:
        hint = "pip install tree-sitter tree-sitter-cpp"
        raise MissingTool("the C front end needs tree-sitter and its C++ grammar", hint=hint) from None
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_cpp.language()))
    root = parser.parse(expanded(source.text).encode()).root_node
    wrong = _error(root) if root.has_error else None
    if wrong is not None:
        row, column = wrong.start_point
        where = f"{source.path or '<source>'}:{row + 1}:{column + 1}"
        what = f"missing {wrong.type!r}" if wrong.is_missing else f"near {text(wrong)[:40]!r}"
        raise UnsupportedSource(f"syntax error: {what}", where=where, hint="mend the source")
    return root


def _error(node: Node) -> Node | None:
    if node.type == "ERROR" or node.is_missing:
        return node
    return next((e for c in node.children if c.has_error or c.is_missing for e in [_error(c)] if e is not None), None)


def _collect(root: Node, reader: Reader) -> dict[str, Node]:
    """Function definitions by name; typedefs and macros go to the reader."""
    functions: dict[str, Node] = {}
    for node in walk(root):
        structures.collect(node, reader)
        if node.type == "alias_declaration":
            aliased = base_type(node.child_by_field_name("type"), reader.typedefs)
            if aliased is not None:
                reader.typedefs[text(node.child_by_field_name("name"))] = aliased
        elif node.type == "type_definition":
            base = base_type(node.child_by_field_name("type"), reader.typedefs)
            declarator = node.child_by_field_name("declarator")
            if base is not None and declarator is not None:
                name, kind, _ = declared(declarator, base)
                reader.typedefs[name] = kind
        elif node.type == "enum_specifier" and node.child_by_field_name("name") is not None:
            reader.typedefs[text(node.child_by_field_name("name"))] = CType("i32")
        elif node.type == "function_definition":
            declarator = node.child_by_field_name("declarator")
            while declarator is not None and declarator.type != "function_declarator":
                declarator = declarator.child_by_field_name("declarator") or declarator.named_children[0]
            if declarator is not None:
                name = text(declarator.child_by_field_name("declarator")).rsplit("::", 1)[-1]
                functions[name] = reader.signatures[name] = node
                returned = node.child_by_field_name("type")
                reader.functions[name] = base_type(returned, reader.typedefs) or CType("i32")
    return functions


def _constants(root: Node, reader: Reader) -> dict[str, ast.expr]:
    """`#define N 10`, enumerations and constants at file level."""
    found: dict[str, ast.expr] = {}
    for node in walk(root):
        if node.type == "enumerator_list":
            found |= _enumerators(node, reader)
    for node in _file_level(root):
        if node.type == "preproc_def":
            value = text(node.child_by_field_name("value")).strip()
            name, tree = text(node.child_by_field_name("name")), _macro_value(value)
            if tree is None:
                continue
            found[name] = tree
            real = any(isinstance(n, ast.Constant) and isinstance(n.value, float) for n in ast.walk(tree))
            reader.constants[name] = "real" if real else "int"
        elif node.type == "declaration" and not re.search(r"\b(const|constexpr)\b", text(node).split("=")[0]):
            _memory(node, reader)
        elif node.type == "declaration":
            for statement in Writer(reader, CType("")).statement(node):
                if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                    constant = statement.targets[0].id
                    found[constant] = ast.fix_missing_locations(statement).value
                    known = reader.types[constant]
                    reader.types[constant] = replace(known, counts=not known.rank and known.dtype in UNSIGNED)
    return found


def _macro_value(value: str) -> ast.expr | None:
    """The value of a macro as an expression; None when it is none."""
    plain = re.sub(r"(?<![\w.])(0[xX][0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", value)
    plain = re.sub(r"((?<![\w.])(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?)[fFlL]\b", r"\1", plain)
    try:
        return ast.parse(plain.strip() or "0", mode="eval").body
    except (SyntaxError, ValueError):  # the latter for a null byte
        return None


def _file_level(root: Node) -> Iterator[Node]:
    """Nodes outside functions, through namespaces and conditional sections."""
    for node in root.named_children:
        if node.type in ("namespace_definition", "linkage_specification"):
            body = node.child_by_field_name("body")
            yield from _file_level(body) if body is not None else ()
        elif node.type in ("preproc_ifdef", "preproc_if", "preproc_else"):
            yield from _file_level(node)
        else:
            yield node


def _enumerators(node: Node, reader: Reader) -> dict[str, ast.expr]:
    """The names of an enumeration, each one more than the one before it."""
    found: dict[str, ast.expr] = {}
    last = -1
    for part in node.named_children:
        if part.type != "enumerator":
            continue
        value = part.child_by_field_name("value")
        if value is not None:
            given = reader.expression(value)
            if not (isinstance(given, ast.Constant) and type(given.value) is int):
                continue
            last = given.value - 1
        last += 1
        found[text(part.child_by_field_name("name"))] = ast.Constant(value=last)
    return found


def _memory(node: Node, reader: Reader) -> None:
    """Arrays at file level that may change."""
    base = base_type(node.child_by_field_name("type"), reader.typedefs)
    for declarator in node.children_by_field_name("declarator"):
        if base is None or declarator.type == "function_declarator":
            continue
        name, kind, _ = declared(declarator, base)
        if kind.rank and not kind.pointer:
            reader.memory[name] = kind


def _reached(functions: dict[str, Node], entry: str) -> dict[str, Node]:
    """The functions that the entry calls, directly or not; what else is in the file is not read."""
    found: dict[str, Node] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name in functions and name not in found:
            found[name] = functions[name]
            waiting += [text(n) for n in walk(functions[name]) if n.type == "identifier"]
    return found


def _entry(functions: dict[str, Node], source: Source, reader: Reader) -> str:
    if source.entry in functions:
        return source.entry
    if not source.entry and functions:
        return list(functions)[-1]
    close = difflib.get_close_matches(source.entry, functions, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"functions in it: {', '.join(functions) or 'none'}"
    raise UsageError(f"no function {source.entry!r}", where=reader.path, hint=hint)


Parts = tuple[ast.FunctionDef, dict[str, Annotation], tuple[Annotation, ...], dict[str, str]]


def _function(
    name: str, node: Node, file: Reader, types: dict[str, CType] | None = None, offsets: frozenset[str] = frozenset()
) -> Parts:
    """One function as Python syntax; what its declarations say about parameters, results and local variables.

    offsets: pointer parameters that are given with a position, which becomes a parameter beside the array.
    """
    reader = replace(file, types=dict(file.types), typedefs={**file.typedefs, **(types or {})}, walking={}, before=[],
                     after=[], aliases={}, fields={}, counts={}, instances={}, lambdas={})  # fmt: skip
    reader.counting = unsigned.counting(node, reader)
    said: dict[str, Annotation] = {}
    body = reader.child(node, "body")
    returned = _returned_type(node)
    fields = structures.structure_of(returned, reader)
    returns = _returns(node, returned, fields, reader)
    for size in templates.sizes(node):
        reader.types[size] = CType("i32")
        said[size] = Annotation(kind="int", rank=0)
    for part in structures.parameter_nodes(reader, node):
        for parameter, kind in _parameters(part, reader, body).items():
            reader.types[parameter] = kind
            said[parameter] = _annotation(kind)
            if parameter in offsets:
                reader.walking[parameter] = (parameter, f"{parameter}_at")
                said[f"{parameter}_at"] = Annotation(kind="int", rank=0)
    filled = [] if returns.dtype else _filled(body, said)
    for output in filled:
        del said[output]
    for variable, kind in _globals(body, reader).items():
        said[variable] = _annotation(kind)
    starts = _walking_parameters(body, reader, said)
    writer = Writer(reader, returns, fields)
    writer.open[0] |= set(said)
    writer.given |= set(filled)
    statements = [*starts, *writer.block(body)] or [ast.Pass()]
    if filled:
        statements.append(_return_of(filled))
    arguments = ast.arguments(posonlyargs=[], args=[ast.arg(arg=a) for a in said], kwonlyargs=[], kw_defaults=[],
                              defaults=[])
    function = ast.FunctionDef(name=name, args=arguments, body=statements, decorator_list=[], returns=None,
                               lineno=node.start_point[0] + 1, col_offset=0)
    function = ast.fix_missing_locations(function)
    kinds = {n: t.kind for n, t in reader.types.items() if not t.rank and n not in said and t.kind == "real"}
    if fields is not None:
        return function, said, tuple(_annotation(f) for f in fields.values()), kinds
    outputs = (returns,) if returns.dtype else tuple(reader.types[output] for output in filled)
    return function, said, tuple(_annotation(o) for o in outputs), kinds


def _returned_type(node: Node) -> Node | None:
    """The type node of a result; the one after the arrow of `auto f() -> T`."""
    declarator = node.child_by_field_name("declarator")
    trailing = [n for n in walk(declarator) if n.type == "trailing_return_type"] if declarator is not None else []
    if trailing and trailing[0].named_children:
        inner = trailing[0].named_children[0]
        return inner.child_by_field_name("type") or inner
    return node.child_by_field_name("type")


def _returns(node: Node, returned: Node | None, fields: structures.Fields | None, reader: Reader) -> CType:
    """The type of the result."""
    if fields is not None:
        return CType("i32")
    base = base_type(returned, reader.typedefs)
    if base is None:
        if text(returned) in ("auto", "decltype(auto)"):
            return CType("f64" if "." in text(reader.child(node, "body")) else "i32")
        hint = "use arithmetic types, structures, std::vector"
        raise reader.refuse(node, f"the result type {text(returned)!r}", hint)
    declarator = node.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "function_declarator":
        if declarator.type == "pointer_declarator":
            base = replace(base, rank=base.rank + 1, pointer=True)
        declarator = declarator.child_by_field_name("declarator") or declarator.named_children[0]
    return base


def _filled(body: Node, said: dict[str, Annotation]) -> list[str]:
    """Containers of the caller that the function first clears or gives a size: results."""
    found: list[str] = []
    seen: set[str] = set()
    for part in body.named_children:
        called = next((n for n in walk(part) if n.type == "call_expression"), None)
        function = called.child_by_field_name("function") if called is not None else None
        method = text(function.child_by_field_name("field")) if function is not None else ""
        base = text(function.child_by_field_name("argument")) if function is not None else ""
        if part.type == "expression_statement" and method in ("clear", "resize", "assign") and base in said:
            found += [base] if base not in seen else []
        seen |= {text(n) for n in walk(part) if n.type == "identifier"}
    return found


def _return_of(names: list[str]) -> ast.Return:
    parts: list[ast.expr] = [ast.Name(id=n, ctx=ast.Load()) for n in names]
    return ast.Return(value=parts[0] if len(parts) == 1 else ast.Tuple(elts=parts, ctx=ast.Load()))


def _globals(body: Node, reader: Reader) -> dict[str, CType]:
    """Arrays of the file that a function uses: memory that outlives the call, so parameters like any other."""
    named = {text(n) for n in walk(body) if n.type == "identifier"}
    local = {text(n.child_by_field_name("declarator")) for n in walk(body) if n.type == "init_declarator"}
    found = {n: k for n, k in reader.memory.items() if n in named - local and n not in reader.types}
    reader.types |= found
    return found


def _parameters(node: Node, reader: Reader, body: Node) -> dict[str, CType]:
    """The parameters that one declaration gives: several for a structure."""
    declarator = node.child_by_field_name("declarator")
    fields = structures.structure_of(node.child_by_field_name("type"), reader)
    if fields is None or declarator is None:
        return dict([_parameter(node, reader)])
    name, kind, _ = declared(declarator, CType("i32"))
    shared = kind.pointer or ("&" in text(declarator) and "const" not in text(node))
    return structures.spread(name, fields, reader, body, shared=shared)


def _parameter(node: Node, reader: Reader) -> tuple[str, CType]:
    base = base_type(node.child_by_field_name("type"), reader.typedefs)
    declarator = node.child_by_field_name("declarator")
    if base is None or declarator is None:
        raise reader.refuse(node, f"the parameter {text(node)!r}", "use arithmetic types, pointers and std::vector")
    name, kind, _ = declared(declarator, base)
    scalar_reference = declarator.type == "reference_declarator" and not kind.rank and "const" not in text(node)
    if scalar_reference:  # an output, like a pointer to one element
        reader.aliases[name] = ast.Subscript(
            value=ast.Name(id=name, ctx=ast.Load()), slice=ast.Constant(value=0), ctx=ast.Load())  # fmt: skip
        return name, replace(kind, rank=1)
    return name, replace(kind, counts=name in reader.counting)


def _annotation(kind: CType) -> Annotation:
    if kind.counts:
        return Annotation(kind="int", rank=0)
    return Annotation(kind.dtype, kind_of(kind.dtype), kind.rank)


def _walking_parameters(body: Node, reader: Reader, said: dict[str, Annotation]) -> list[ast.stmt]:
    """Pointer parameters that the body moves get a position that starts at 0."""
    found: list[ast.stmt] = []
    for node in walk(body):
        field = {"update_expression": "argument", "assignment_expression": "left"}.get(node.type)
        moved = text(node.child_by_field_name(field)) if field else ""
        if moved in said and reader.types[moved].pointer and moved not in reader.walking:
            reader.walking[moved] = (moved, f"{moved}_at")
            start = ast.Assign(targets=[ast.Name(id=f"{moved}_at", ctx=ast.Store())], value=ast.Constant(value=0))
            found.append(start)
    return found
