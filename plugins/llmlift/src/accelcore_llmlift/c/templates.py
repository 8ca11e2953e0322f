"""Templates: an instance for each kind of arguments that a template is called with.

A template that is lifted itself is lifted for `float` where it works on reals, else for `int`, unless the name says
otherwise, as in `scale<double>`.  A parameter that is a number, as in `template <int N>`, is a size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accelcore_llmlift.c.declarations import DTYPES, CType, base_type, declared, text
from accelcore_llmlift.c.syntax import walk

if TYPE_CHECKING:
    from tree_sitter import Node

    from accelcore_llmlift.c.expressions import Reader, Value
else:
    Node = Any

DEDUCED = {"real": "f64", "int": "i32", "u32": "u32", "u64": "u64"}
REAL = frozenset({"exp", "sqrt", "log", "tanh", "pow", "sin", "cos", "expf", "sqrtf"})


def parameters(function: Node) -> list[Node]:
    """The template parameters of a function definition; none for an ordinary function."""
    owner = function.parent
    if owner is None or owner.type != "template_declaration":
        return []
    listed = owner.child_by_field_name("parameters")
    return listed.named_children if listed is not None else []


def type_names(function: Node) -> list[str]:
    """Names of the template parameters that are types."""
    return [text(p.named_children[0]) for p in parameters(function)
            if p.type in ("type_parameter_declaration", "optional_type_parameter_declaration") and p.named_children]


def sizes(function: Node) -> list[str]:
    """Names of the template parameters that are numbers."""
    found = []
    for part in parameters(function):
        declarator = part.child_by_field_name("declarator") if part.type.endswith("parameter_declaration") else None
        if declarator is not None and part.type in ("parameter_declaration", "optional_parameter_declaration"):
            found.append(declared(declarator, CType("i32"))[0])
    return found


def chosen(function: Node, given: list[str]) -> dict[str, CType]:
    """The types for which a template is lifted."""
    real = any(
        (n.type == "number_literal" and "." in text(n)) or (n.type == "identifier" and text(n) in REAL)
        for n in walk(function)
    )
    default = CType("f32" if real else "i32")
    names = type_names(function)
    said = [CType(DTYPES[g]) for g in given if g in DTYPES]
    return {n: said[at] if at < len(said) else default for at, n in enumerate(names)}


def instance(reader: Reader, function: str, values: list[Value], offsets: frozenset[str]) -> str:
    """The name of the instance for a call; the name itself for an ordinary function of whole arrays."""
    from accelcore_llmlift.c.expressions import Instance

    node = reader.signatures.get(function)
    names = type_names(node) if node is not None else []
    if node is None or not (names or offsets):
        return function
    kinds = _deduced(reader, node, names, values)
    name = "_".join((function, *(t.dtype for t in kinds.values()), *(f"at_{o}" for o in sorted(offsets))))
    reader.wanted[name] = Instance(function, tuple(kinds.items()), offsets)
    returned = base_type(node.child_by_field_name("type"), {**reader.typedefs, **kinds})
    reader.functions[name] = returned or CType("i32")
    return name


def _deduced(reader: Reader, node: Node, names: list[str], values: list[Value]) -> dict[str, CType]:
    """Type parameters from the kinds of the arguments whose types name them."""
    from accelcore_llmlift.c.structures import parameter_nodes

    found: dict[str, CType] = {}
    for part, (_, kind) in zip(parameter_nodes(reader, node), values, strict=False):
        for name in names:
            if name in text(part.child_by_field_name("type")):
                known = found.get(name)
                if known is None or kind == "real":
                    found[name] = CType(DEDUCED.get(kind, "i32"))
    return {name: found.get(name, CType("i32")) for name in names}
