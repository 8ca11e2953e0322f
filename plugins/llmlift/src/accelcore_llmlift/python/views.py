"""Slices of NumPy arrays are views: refuse programs in which that would show.

`y = out[:]` copies a list, but names the same memory of an array.  The program model copies values, which is the same
thing unless one of the two is stored into; then the reader must say what is meant, with `.copy()`.
"""

from __future__ import annotations

import ast

_ARRAYS = ("ndarray", "NDArray", "ArrayLike", "Tensor")
_LIBRARIES = {"numpy", "torch", "jax"}


def shows(function: ast.FunctionDef, imported: dict[str, str], name: str, value: ast.expr) -> bool:
    """Whether `name = value`, a slice, may be a view of an array that is changed under either name."""
    root = _root(value)
    if root is None or not _may_be_array(function, imported, root):
        return False
    return bool({name, root} & _stored(function))


_VIEWS = frozenset({
    "T", "mT", "reshape", "view", "ravel", "transpose", "permute", "t", "swapaxes", "squeeze", "unsqueeze", "split",
    "expand_dims", "flip", "asarray", "ascontiguousarray", "contiguous", "chunk", "diagonal", "flipud", "fliplr",
    "detach",
})  # fmt: skip


def _root(value: ast.expr) -> str | None:
    """The array whose memory an expression may name: through subscripts, transposes, reshapes."""
    while True:
        match value:
            case ast.Subscript(value=inner):
                value = inner
            case ast.Attribute(value=inner, attr=attr) if attr in _VIEWS:
                value = inner
            case ast.Call(func=ast.Attribute(value=ast.Name(id="np" | "numpy" | "torch"), attr=attr), args=[first, *_]):
                if attr not in _VIEWS:
                    return None
                value = first
            case ast.Call(func=ast.Attribute(value=inner, attr=attr)) if attr in _VIEWS:
                value = inner
            case ast.Name(id=name):
                return name
            case _:
                return None


def _may_be_array(function: ast.FunctionDef, imported: dict[str, str], name: str) -> bool:
    """By its annotation, by the call that made it, or because the file works with arrays and nothing says a list."""
    arrays = any(library.split(".")[0] in _LIBRARIES for library in imported.values())
    for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        if argument.arg == name:
            text = ast.unparse(argument.annotation) if argument.annotation else ""
            return any(word in text for word in _ARRAYS) or (arrays and "list" not in text.lower())
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func).split(".")[0] in imported
        for node in ast.walk(function)
    )


def _stored(function: ast.FunctionDef) -> set[str]:
    """Names whose elements are stored into."""
    found = set()
    for node in ast.walk(function):
        for target in _targets(node):
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            changed = (ast.Subscript, ast.Name) if isinstance(node, ast.AugAssign) else ast.Subscript
            found |= {root for part in parts if isinstance(part, changed) and (root := _root(part))}
    return found


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AugAssign) else []
