"""Lists or arrays: `+` and `*` join and repeat lists but compute with arrays, so one must know.

A name is an array where its annotation, or the call that made it, says so; a parameter without annotation is one
in a file that imports NumPy or PyTorch.  A list display, a comprehension and a repetition are lists.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from accelcore_llmlift.python import expressions

if TYPE_CHECKING:
    from accelcore_llmlift.python.scope import Scope

_ARRAYS = ("ndarray", "NDArray", "ArrayLike", "Tensor")
LIBRARIES = {"numpy", "torch", "jax"}


def arrays_only(scope: Scope, node: ast.AST, op: ast.operator, *parts: ast.expr) -> None:
    """Refuse an operator whose operands may all be lists or numbers."""
    found = {kind(scope, part) for part in parts}
    if "array" in found:
        return
    if "list" in found and isinstance(op, ast.Add | ast.Mult):
        raise expressions.refuse(scope, node, "this joins or repeats lists", "write the loop, or use np.array(...)")
    if found and not imports_arrays(scope):
        raise expressions.refuse(scope, node, "lists or arrays: nothing says which",
                                 'annotate the parameters, such as x: np.ndarray or "f32[n]", or write the loop')


def joins(scope: Scope, *parts: ast.expr) -> bool:
    """Whether a plus joins lists: one is written as a list, and none may be an array."""
    return "list" in (found := {kind(scope, part) for part in parts}) and found <= {"list", ""}


def imports_arrays(scope: Scope) -> bool:
    """Whether the file works with arrays."""
    return any(library.split(".")[0] in LIBRARIES for library in scope.module.names.values())


def kind(scope: Scope, node: ast.expr) -> str:
    """ "list", "array", "perhaps" an array of a file that works with them, or "" when nothing says it."""
    match node:
        case ast.List() | ast.ListComp() | ast.GeneratorExp() | ast.Tuple():
            return "list"
        case ast.BinOp(left=left, right=right):
            found = {kind(scope, left), kind(scope, right)}
            return next((k for k in ("array", "list", "perhaps") if k in found), "")
        case ast.Compare() | ast.UnaryOp():
            return "array"
        case ast.Subscript(value=value):
            return "array" if isinstance(node.slice, ast.Tuple) else kind(scope, value)
        case ast.Attribute(attr="T" | "mT"):
            return "array"
        case ast.Call(func=func):
            name = ast.unparse(func)
            return "list" if name in ("list", "sorted") or name.endswith(".tolist") else "array"
        case ast.Name(id=name):
            return _name(scope, name)
    return ""


def _name(scope: Scope, name: str) -> str:
    for argument in (*scope.function.args.posonlyargs, *scope.function.args.args, *scope.function.args.kwonlyargs):
        if argument.arg == name:
            return _annotated(scope, argument.annotation)
    for node in ast.walk(scope.function):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            if name not in {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}:
                return kind(scope, node.value)
        if isinstance(node, ast.For | ast.comprehension):
            bound = {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
            if name in bound:
                return _iterated(scope, node.iter)
    return ""


def _annotated(scope: Scope, annotation: ast.expr | None) -> str:
    text = ast.unparse(annotation) if annotation is not None else ""
    if any(word in text for word in _ARRAYS) or isinstance(annotation, ast.Constant):
        return "array"
    if "list" in text.lower() or "sequence" in text.lower():
        return "list"
    return "perhaps" if imports_arrays(scope) else ""


def _iterated(scope: Scope, source: ast.expr) -> str:
    """The kind of the elements of what a loop runs over."""
    if isinstance(source, ast.Call) and isinstance(source.func, ast.Name) and source.func.id in (
        "zip", "enumerate", "reversed",
    ):  # fmt: skip
        found = {_iterated(scope, a) for a in source.args}
        return found.pop() if len(found) == 1 else ""
    return kind(scope, source)
