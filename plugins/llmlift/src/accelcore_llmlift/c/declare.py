"""Declarations of variables: numbers, arrays, containers, structures, pointers, references."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c import algorithms, containers, pointers, storage, structures
from accelcore_llmlift.c.declarations import CType, base_type, declared, text
from accelcore_llmlift.c.syntax import bare, call, element, name, number, store, walk

if TYPE_CHECKING:
    from tree_sitter import Node

    from accelcore_llmlift.c.statements import Writer
else:
    Node = Any

LISTS = ("argument_list", "initializer_list", "parameter_list")


def declaration(writer: Writer, node: Node) -> list[ast.stmt]:
    """Every variable of one declaration."""
    reader, kind = writer.reader, node.child_by_field_name("type")
    declarators = node.children_by_field_name("declarator")
    if text(kind) in ("auto", "decltype(auto)") or text(kind).startswith(("auto", "decltype", "const auto")):
        return [s for d in declarators for s in deduced(writer, d)]
    fields = structures.structure_of(kind, reader)
    if fields is not None and not (kind is not None and kind.type == "struct_specifier" and not declarators):
        return [s for d in declarators for s in structure(writer, node, d, fields)]
    if _is_iterator(kind):
        return [s for d in declarators for s in deduced(writer, d)]
    base = base_type(kind, reader.typedefs)
    if base is None:
        raise reader.refuse(node, f"the type {text(kind)!r} is not known",
                            "use arithmetic types, pointers, arrays and std::vector")
    return [s for d in declarators for s in declare(writer, d, base)]


def _is_iterator(kind: Node | None) -> bool:
    return text(kind).endswith(("::iterator", "::const_iterator"))


def opened(writer: Writer, node: Node, variable: str) -> None:
    """Note a declared name; one that hides a name that is still in use is refused, since both would be one."""
    if any(variable in block for block in writer.open):
        raise writer.reader.refuse(node, f"{variable!r} hides another variable of that name", "give it another name")
    writer.open[-1].add(variable)
    writer.reader.aliases.pop(variable, None)
    writer.reader.walking.pop(variable, None)
    writer.reader.lambdas.pop(variable, None)


def declare(writer: Writer, declarator: Node, base: CType) -> list[ast.stmt]:
    """One declared name, with its initial value."""
    reader = writer.reader
    variable, kind, value = declared(declarator, base)
    opened(writer, declarator, variable)
    if value is not None and "&" in text(declarator).split("=")[0]:
        reader.types[variable] = kind
        found = reader.expression(value)
        if isinstance(found, ast.Subscript):
            return refer(writer, variable, found)
        if isinstance(found, ast.Name):
            reader.aliases[variable] = found
            return []
    if kind.dtype in ("u32", "u64") and not kind.rank and variable in writer.reader.counting:
        kind = replace(kind, counts=True)
    before = reader.types.get(variable)
    reader.types[variable] = kind
    if before is not None and not kind.pointer and not before.pointer and (
        (before.kind, before.rank) != (kind.kind, kind.rank)
    ):  # another variable of a block that has ended
        variable = _renamed(writer, variable, kind)
    if kind.pointer:
        return pointer(writer, declarator, variable, value)
    if declarator.type == "function_declarator":  # `vector<T> v(n);` reads like a function of a type n
        value = declarator.child_by_field_name("parameters")
    if kind.rank:
        return container(writer, variable, kind, value)
    if value is None:
        return []
    if value.type in LISTS:
        if not value.named_children:
            return [store(variable, number(0.0 if kind.kind == "real" else 0))]
        value = value.named_children[0]
    return writer.assign(name(variable), kind, *reader.read(value))


def _renamed(writer: Writer, variable: str, kind: CType) -> str:
    """A name of its own for a variable that shares its name with one of another type."""
    found = writer.reader.unused(f"{variable}_{kind.dtype}")
    writer.reader.aliases[variable] = name(found)
    writer.reader.types[found] = kind
    return found


def structure(writer: Writer, node: Node, declarator: Node, fields: structures.Fields) -> list[ast.stmt]:
    """A local structure: a variable for each field, with the values of its initializer."""
    reader = writer.reader
    variable, kind, value = declared(declarator, CType("i32"))
    opened(writer, declarator, variable)
    if kind.pointer and value is not None:  # T *p = &s, T *p = s
        target = bare(value)
        target = bare(reader.child(target, "argument")) if target.type == "pointer_expression" else target
        if text(target) in reader.instances:
            return _same(writer, variable, text(target))
        raise reader.refuse(node, "a pointer to a structure that moves", "write s[i].x")
    if kind.rank or any(f.rank and not f.extents for f in fields.values()):
        raise reader.refuse(node, "a local array of structures", "use plain arrays")
    if value is not None and "&" in text(declarator).split("=")[0]:
        return _referred(writer, node, variable, value)
    parts = structures.spread(variable, fields, reader, node, shared=False)
    found: list[ast.stmt] = [s for p, f in parts.items() if f.rank for s in container(writer, p, f, None)]
    if value is None:
        return found
    plain = value.type == "initializer_list"
    values = [reader.read(i.child_by_field_name("value") or i) for i in value.named_children] if plain else (
        structures.parts(reader, value))
    if values is None or len(values) > len(parts):
        raise reader.refuse(node, "a structure that is copied", "set its fields one by one")
    for at, (part, field) in enumerate(parts.items()):
        item = values[at] if at < len(values) else (number(0), "int")
        found += writer.assign(name(part), field, *item)
    return found


def _same(writer: Writer, variable: str, other: str) -> list[ast.stmt]:
    """Another name for a structure."""
    reader = writer.reader
    reader.instances[variable] = reader.instances[other]
    for field in reader.instances[other]:
        if f"{other}.{field}" in reader.fields:
            reader.fields[f"{variable}.{field}"] = reader.fields[f"{other}.{field}"]
    return []


def _referred(writer: Writer, node: Node, variable: str, value: Node) -> list[ast.stmt]:
    """`const T& p = v[i]`."""
    reader = writer.reader
    target = bare(value)
    if text(target) in reader.instances:
        return _same(writer, variable, text(target))
    if target.type == "subscript_expression" and text(reader.child(target, "argument")) in reader.instances:
        held = reader.unused(f"{variable}_in")
        index = reader.expression(pointers.subscript(reader, target))
        structures.alias(reader, variable, text(reader.child(target, "argument")), name(held))
        return [store(held, index)]
    raise reader.refuse(node, f"the reference to {text(value)!r}", "write v[i].x")


def deduced(writer: Writer, declarator: Node) -> list[ast.stmt]:
    """`auto x = value`: the type of the value."""
    reader = writer.reader
    variable, _, value = declared(declarator, CType("i32"))
    opened(writer, declarator, variable)
    if value is None:
        raise reader.refuse(declarator, "auto without a value", "give the type")
    if value.type == "lambda_expression":
        reader.lambdas[variable] = value
        return []
    reference = "&" in text(declarator).split("=")[0]
    fields = structures.parts(reader, value) if bare(value).type != "call_expression" or not reference else None
    if fields is not None and reference:
        return _referred(writer, declarator, variable, value)
    place = pointers.place(reader, value)
    if place is not None and not (value.type == "identifier" and reader.types[text(value)].container):
        reader.types[variable] = CType(reader.types[place[0]].dtype, 1, True)
        reader.walking[variable] = (place[0], f"{variable}_at")
        return [store(f"{variable}_at", place[1])]
    found, kind = reader.read(value)
    rank = 0
    if isinstance(found, ast.Name | ast.Subscript):
        base = element(found, number(0))
        rank = containers.element_type(reader, base).rank + 1 if writer.list_rank(found) > 0 else 0
    reader.types[variable] = CType({"real": "f64", "int": "i32"}.get(kind, kind), rank, container=rank > 0)
    if reference and isinstance(found, ast.Subscript):
        return refer(writer, variable, found)
    return [store(variable, call("list", found) if rank else found)]


def refer(writer: Writer, variable: str, found: ast.Subscript) -> list[ast.stmt]:
    """`auto& row = a[i]`: another name for the element at the index that i has now."""
    held: list[ast.stmt] = []
    inner: ast.expr = found
    while isinstance(inner, ast.Subscript):
        if not isinstance(inner.slice, ast.Constant):
            index = writer.reader.unused(f"{variable}_in")
            held.append(store(index, inner.slice))
            inner.slice = name(index)
        inner = inner.value
    writer.reader.aliases[variable] = found
    return held


def pointer(writer: Writer, node: Node, variable: str, value: Node | None) -> list[ast.stmt]:
    """`float *p = a + 3`: another name for the array, and a position in it; `p = malloc(...)`: a new array."""
    reader = writer.reader
    if value is None:
        return []  # it starts at an array where it is assigned
    kind = reader.types[variable]
    made = storage.allocated(reader, value, kind)
    if made is not None:
        reader.types[variable] = replace(kind, pointer=False)
        return [store(variable, made)]
    place = pointers.place(reader, value)
    if place is None:
        row = _row(writer, variable, bare(value))
        if row is not None:
            return row
        raise reader.refuse(node, "a pointer that does not start at an array", "write T *p = a")
    known = reader.walking.get(variable)
    if known is not None and known[0] != place[0] and writer.depth:
        raise reader.refuse(node, f"{variable!r} points into one array and then into another", "use two pointers")
    reader.walking[variable] = (place[0], f"{variable}_at")
    return [store(f"{variable}_at", place[1])]


def _row(writer: Writer, variable: str, value: Node) -> list[ast.stmt] | None:
    """`float *row = A[i]` of an array of rows."""
    reader = writer.reader
    if value.type != "subscript_expression":
        return None
    found = reader.expression(value)
    if not isinstance(found, ast.Subscript) or writer.list_rank(found) != 1:
        return None
    reader.types[variable] = replace(reader.types[variable], pointer=False)
    return refer(writer, variable, found)


def container(writer: Writer, variable: str, kind: CType, value: Node | None) -> list[ast.stmt]:
    """A local array or vector."""
    reader = writer.reader
    if kind.extents:
        if value is not None and value.type == "initializer_list":
            return [store(variable, filled(writer, value, kind))]
        return [store(variable, storage.unwritten([reader.expression(e) for e in kind.extents], kind))]
    if value is None:
        writer.empty.add(variable)
        return [store(variable, ast.List(elts=[], ctx=ast.Load()))]
    if value.type == "initializer_list":
        return [store(variable, listed(writer, value))]
    if value.type in LISTS:
        return [store(variable, sized(writer, value, kind))]
    return [store(variable, copied(writer, value, kind))]


def filled(writer: Writer, value: Node, kind: CType) -> ast.expr:
    """`T a[N] = {x, y}`: what is not listed is 0."""
    reader = writer.reader
    count = reader.expression(kind.extents[0]) if len(kind.extents) == 1 else None
    given = len(value.named_children)
    if isinstance(count, ast.Constant) and count.value == given:
        return listed(writer, value)
    zero = all(text(n) in ("0", "0.0", "0.0f", "0.f", "{0}", "{ 0 }") for n in value.named_children)
    if zero:
        return storage.zeros([reader.expression(e) for e in kind.extents], kind)
    return listed(writer, value)


def copied(writer: Writer, value: Node, kind: CType) -> ast.expr:
    """Vectors have value semantics: `v = w` copies."""
    found = made(writer, value, kind)
    found = writer.reader.expression(value) if found is None else found
    return call("list", found) if isinstance(found, ast.Name | ast.Subscript) else found


def made(writer: Writer, value: Node, kind: CType) -> ast.expr | None:
    """`vector<T>(n, x)` as a value; None for other values."""
    if value.type == "parameter_declaration":  # `vector<T>(n)`, which the grammar takes for a parameter
        declarator = value.child_by_field_name("declarator")
        listed = [n for n in walk(declarator) if n.type == "parameter_list"] if declarator is not None else []
        return sized(writer, listed[0], kind) if listed and listed[0].named_children else None
    function = value.child_by_field_name("function") if value.type == "call_expression" else None
    while function is not None and function.type == "qualified_identifier":
        function = function.child_by_field_name("name")
    plain = text(function.child_by_field_name("name")) if function is not None else ""
    known = writer.reader.typedefs.get(text(function)) if function is not None else None
    if plain not in ("vector", "valarray") and (known is None or not known.rank):
        return None
    arguments = writer.reader.child(value, "arguments")
    return sized(writer, arguments, kind) if arguments.named_children else ast.List(elts=[], ctx=ast.Load())


def listed(writer: Writer, node: Node) -> ast.expr:
    """An initializer list."""
    parts = [listed(writer, c) if c.type == "initializer_list" else writer.reader.expression(c)
             for c in node.named_children if c.type != "comment"]  # fmt: skip
    return ast.List(elts=parts, ctx=ast.Load())


def sized(writer: Writer, node: Node, kind: CType) -> ast.expr:
    """`vector<T> v(n)`, `v(n, x)`, `v(m, vector<T>(n))`, `v(w)`, `v(w.begin(), w.end())`."""
    reader, parts = writer.reader, node.named_children
    if len(parts) == 2 and text(parts[0]).endswith("begin()"):
        return _copy_of_range(writer, parts)
    if len(parts) == 1 and reader.types.get(text(parts[0]), CType("")).rank:
        return call("list", name(text(parts[0])))
    count = reader.expression(parts[0])
    if kind.rank == 1:
        zero = number(0.0 if kind.kind == "real" else 0)
        fill = reader.in_type(*reader.read(parts[1]), CType(kind.dtype)) if len(parts) > 1 else zero
        return ast.BinOp(left=ast.List(elts=[fill], ctx=ast.Load()), op=ast.Mult(), right=count)
    inner_kind = CType(kind.dtype, kind.rank - 1)
    inner = made(writer, parts[1], inner_kind) if len(parts) > 1 else None
    if inner is None:
        raise reader.refuse(node, "rows without a size", "write vector<vector<T>> v(m, vector<T>(n))")
    loop = ast.comprehension(target=ast.Name(id="row_", ctx=ast.Store()), iter=call("range", count), ifs=[], is_async=0)
    return ast.ListComp(elt=inner, generators=[loop])


def _copy_of_range(writer: Writer, parts: list[Node]) -> ast.expr:
    """`vector<T> v(w.begin(), w.end())`, or backwards."""
    if text(parts[0]).endswith("rbegin()"):
        base = writer.reader.expression(writer.reader.child(writer.reader.child(parts[0], "function"), "argument"))
        return ast.Subscript(value=base, slice=ast.Slice(step=ast.UnaryOp(op=ast.USub(), operand=number(1))),
                             ctx=ast.Load())  # fmt: skip
    values = algorithms.span(writer.reader, *parts).values
    return call("list", values) if isinstance(values, ast.Name) else values


def resized(writer: Writer, node: Node, function: Node, arguments: list[Node]) -> list[ast.stmt]:
    """v.resize(n), v.assign(n, x), v.clear(), v.reserve(n), v.erase(remove_if(...)), v.fill(x)."""
    reader = writer.reader
    method = text(function.child_by_field_name("field"))
    base = reader.expression(reader.child(function, "argument"))
    if method in ("reserve", "shrink_to_fit"):
        return []
    if not isinstance(base, ast.Name) or method not in ("resize", "assign", "clear", "erase", "fill"):
        raise reader.refuse(node, f"the method {method!r}", "use push_back, resize, assign, clear")
    kind = reader.types[base.id]
    if method == "fill":
        counter, span, at = containers.over(reader, base, base.id)
        return [containers.loop(counter, span, writer.assign(at, writer.target_type(at), *reader.read(arguments[0])))]
    if method == "erase":
        found = algorithms.erased(reader, base.id, arguments)
        if found is None:
            raise reader.refuse(node, text(node)[:60], "build a new vector of the elements that stay")
        return found
    if method == "clear":
        writer.given.discard(base.id)
        return [store(base.id, ast.List(elts=[], ctx=ast.Load()))]
    if method == "resize" and base.id in writer.given and kind.rank == 1:
        count = reader.expression(arguments[0])
        writer.given.discard(base.id)  # elements that it had stay, so what is not written is not known
        return [store(base.id, storage.unwritten([count], kind))]
    if method == "resize" and base.id not in writer.empty:
        raise reader.refuse(node, f"resize of {base.id!r}, which may have elements",
                            "give the size where it is declared")
    writer.empty.discard(base.id)
    return [store(base.id, sized(writer, reader.child(node, "arguments"), kind))]
