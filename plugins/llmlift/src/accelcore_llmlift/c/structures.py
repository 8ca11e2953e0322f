"""Structures: each field of a structure is a variable, or a parameter, of its own.

`m->data` of a parameter `m` is the parameter `m_data`.  A number that the function changes through the pointer is an
array of one element, as an output parameter is.  An array of structures is one array for each field.  A structure as
a value is the tuple of its fields.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c.declarations import CType, base_type, declared, text
from accelcore_llmlift.c.pointers import subscript
from accelcore_llmlift.c.syntax import bare, element, mentions, name, number, walk

if TYPE_CHECKING:
    from tree_sitter import Node

    from accelcore_llmlift.c.expressions import Reader, Value
else:
    Node = Any

Fields = dict[str, CType]
TUPLES = ("pair", "tuple")


def structure_of(node: Node | None, reader: Reader) -> Fields | None:
    """The fields of the structure that a type node names or defines, or of the elements of a container of them."""
    if node is None:
        return None
    if node.type in ("struct_specifier", "class_specifier"):
        body = node.child_by_field_name("body")
        if body is not None:
            return _fields(body, reader)
        return reader.structures.get(text(node.child_by_field_name("name")))
    if node.type == "qualified_identifier":
        return structure_of(node.child_by_field_name("name"), reader)
    if node.type == "template_type":
        return _of_template(node, reader)
    return reader.structures.get(text(node).removeprefix("struct "))


def _of_template(node: Node, reader: Reader) -> Fields | None:
    arguments = node.child_by_field_name("arguments")
    plain = text(node.child_by_field_name("name"))
    if arguments is None:
        return None
    parts = arguments.named_children
    if plain in TUPLES:
        kinds = [base_type(p, reader.typedefs) for p in parts]
        if any(k is None or k.rank for k in kinds):
            return None
        names = ("first", "second") if plain == "pair" else tuple(f"get{at}" for at in range(len(parts)))
        return {n: k for n, k in zip(names, kinds, strict=True) if k is not None}
    if plain not in ("vector", "array", "span"):
        return None
    element_type = parts[0].child_by_field_name("type") if parts[0].type == "type_descriptor" else parts[0]
    inner = structure_of(element_type, reader)
    return None if inner is None else {f: replace(k, rank=k.rank + 1, container=True) for f, k in inner.items()}


def _fields(body: Node, reader: Reader) -> Fields | None:
    found: Fields = {}
    for part in body.named_children:
        if part.type != "field_declaration":
            continue
        base = base_type(part.child_by_field_name("type"), reader.typedefs)
        if base is None:
            return None
        for declarator in part.children_by_field_name("declarator"):
            if declarator.type == "function_declarator":
                continue
            name, kind, _ = declared(declarator, base)
            found[name] = kind
    return found


def collect(node: Node, reader: Reader) -> None:
    """Note the structure that a definition or a typedef gives a name to."""
    if node.type in ("struct_specifier", "class_specifier") and node.child_by_field_name("name") is not None:
        fields = structure_of(node, reader)
        if fields:
            reader.structures[text(node.child_by_field_name("name"))] = fields
    elif node.type == "type_definition":
        fields = structure_of(node.child_by_field_name("type"), reader)
        declarator = node.child_by_field_name("declarator")
        if fields and declarator is not None and declarator.type == "type_identifier":
            reader.structures[text(declarator)] = fields


def spread(name: str, fields: Fields, reader: Reader, body: Node, *, shared: bool) -> dict[str, CType]:
    """Variables for the fields of one variable, which the reader knows from then on.

    shared: the structure is the caller's, seen through a pointer or a reference.
    """
    elements = _subscripted(body, name) and not any(k.container for k in fields.values())
    found: dict[str, CType] = {}
    for field_name, kind in fields.items():
        variable = f"{name}_{field_name}"
        while variable in reader.types or mentions(body, variable):
            variable += "_"
        if kind.dtype in ("u32", "u64") and not kind.rank:
            kind = replace(kind, counts=True)
        if elements:
            kind = replace(kind, rank=kind.rank + 1)
        elif shared and not kind.rank and _changed(body, name, field_name):
            kind = replace(kind, rank=1, out=True)
        reader.fields[f"{name}.{field_name}"] = variable
        reader.types[variable] = found[variable] = kind
    reader.instances[name] = tuple(fields)
    return found


def _subscripted(body: Node, name: str) -> bool:
    return any(n.type == "subscript_expression" and text(n.child_by_field_name("argument")) == name
               for n in walk(body))  # fmt: skip


def _changed(body: Node, name: str, field_name: str) -> bool:
    """Whether a field is assigned."""
    targets = [n.child_by_field_name("left") for n in walk(body) if n.type == "assignment_expression"]
    targets += [n.child_by_field_name("argument") for n in walk(body) if n.type == "update_expression"]
    spelled = (f"{name}->{field_name}", f"{name}.{field_name}", f"(*{name}).{field_name}", f"*{name}", name)
    return any(text(t) in spelled for t in targets)


# Uses.


def _instance(reader: Reader, node: Node) -> tuple[str, Node | None]:
    """(variable, index) of `s`, `*p`, `&s`, `a[i]`; ("", None) for what is no structure."""
    node = bare(node)
    if node.type == "pointer_expression":
        node = bare(reader.child(node, "argument"))
    index: Node | None = None
    if node.type == "subscript_expression":
        index = subscript(reader, node)
        node = bare(reader.child(node, "argument"))
    return (text(node), index) if text(node) in reader.instances else ("", None)


def field_of(reader: Reader, node: Node) -> Value:
    """The variable, element or alias that a field expression stands for."""
    base, field_name = reader.child(node, "argument"), text(node.child_by_field_name("field"))
    variable, index = _instance(reader, base)
    if not variable:
        raise reader.refuse(node, f"the field {text(node)!r}", "use structures of numbers and arrays, defined here")
    where = reader.expression(index) if index is not None else None
    return _field(reader, node, variable, field_name, where)


def _field(reader: Reader, node: Node, variable: str, field_name: str, index: ast.expr | None) -> Value:
    spelled = f"{variable}.{field_name}"
    if spelled in reader.aliases:
        return ast.parse(ast.unparse(reader.aliases[spelled]), mode="eval").body, reader.types[spelled].kind
    found = reader.fields.get(spelled)
    if found is None:
        raise reader.refuse(node, f"the field {text(node)!r}", "use structures of numbers and arrays, defined here")
    kind = reader.types[found]
    if index is not None:
        return element(name(found), index), kind.kind
    return (element(name(found), number(0)) if kind.out else name(found)), kind.kind


def parts(reader: Reader, node: Node) -> list[Value] | None:
    """The fields of an expression whose value is a structure; None for other expressions."""
    node = bare(node)
    listed = node.child_by_field_name("value") if node.type == "compound_literal_expression" else node
    if listed is not None and listed.type == "initializer_list" and node is not listed:
        return [reader.read(p.child_by_field_name("value") or p) for p in listed.named_children]
    if node.type == "call_expression":
        return _returned(reader, node)
    variable, index = _instance(reader, node)
    if not variable:
        return None
    where = reader.expression(index) if index is not None else None
    return [_field(reader, node, variable, f, where) for f in reader.instances[variable]]


def _returned(reader: Reader, node: Node) -> list[Value] | None:
    """The fields of what a function of the file returns, in variables of their own."""
    function = text(node.child_by_field_name("function"))
    signature = reader.signatures.get(function)
    fields = structure_of(signature.child_by_field_name("type"), reader) if signature is not None else None
    if not fields or any(k.rank for k in fields.values()):
        return None
    stem = reader.unused(f"{function}_value")
    targets = [f"{stem}_{f}" for f in fields]
    for target, kind in zip(targets, fields.values(), strict=True):
        reader.types[target] = kind
    value = reader.expression(node)
    stored = ast.Tuple(elts=[ast.Name(id=t, ctx=ast.Store()) for t in targets], ctx=ast.Store())
    reader.before.append(ast.Assign(targets=[stored], value=value))
    return [(name(t), k.kind) for t, k in zip(targets, fields.values(), strict=True)]


def alias(reader: Reader, variable: str, container: str, at: ast.expr) -> bool:
    """`for (const T& p : v)` over structures: `p.x` is the element of the field's array."""
    if container not in reader.instances:
        return False
    reader.instances[variable] = reader.instances[container]
    for field_name in reader.instances[container]:
        array = reader.fields[f"{container}.{field_name}"]
        reader.aliases[f"{variable}.{field_name}"] = element(name(array), at)
        reader.types[f"{variable}.{field_name}"] = CType(reader.types[array].dtype, reader.types[array].rank - 1)
    return True


# Signatures.


def parameter_nodes(reader: Reader, function: Node) -> list[Node]:
    """The parameter declarations of a function definition."""
    declarator = function.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator") or declarator.named_children[0]
    if declarator is None:
        return []
    listed = reader.child(declarator, "parameters").named_children
    kinds = ("parameter_declaration", "optional_parameter_declaration")
    return [p for p in listed if p.type in kinds and text(p) != "void"]


def parameter_names(reader: Reader, function: Node) -> list[str]:
    """The names of a function's parameters, structures as their fields."""
    found: list[str] = []
    for part in parameter_nodes(reader, function):
        declarator = part.child_by_field_name("declarator")
        plain = declared(declarator, CType("i32"))[0] if declarator is not None else ""
        fields = structure_of(part.child_by_field_name("type"), reader)
        found += [plain] if fields is None else [f"{plain}_{f}" for f in fields]
    return found


def parameter_types(reader: Reader, function: Node) -> list[CType | None]:
    """The types of a function's parameters, structures as their fields."""
    found: list[CType | None] = []
    for part in parameter_nodes(reader, function):
        fields = structure_of(part.child_by_field_name("type"), reader)
        if fields is not None:
            found += list(fields.values())
            continue
        base = base_type(part.child_by_field_name("type"), reader.typedefs)
        declarator = part.child_by_field_name("declarator")
        found.append(declared(declarator, base)[1] if base is not None and declarator is not None else base)
    return found
