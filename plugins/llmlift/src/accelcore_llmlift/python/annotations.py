"""Parameter annotations: `"f32[m, n]"`, `list[list[float]]`, `np.ndarray`, `int`, or nothing.

An annotation gives the storage dtype, the rank and the extents as far as it says them; the rest is inferred.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from accelcore.ir.dtypes import DTYPES
from accelcore_llmlift.python.errors import Place

_PLAIN = {"float": "real", "int": "int", "bool": "bool"}
_ARRAYS = ("ndarray", "NDArray", "ArrayLike", "Tensor")
_LISTS = ("list", "List", "Sequence", "Iterable", "tuple", "MutableSequence")


@dataclass(frozen=True)
class Annotation:
    """What an annotation says; None or "" where it says nothing.

    kind: "int", "real", "bool" or "" for the element; dtype: storage; dims: extents as expressions over size names.
    """

    dtype: str = ""
    kind: str = ""
    rank: int | None = None
    dims: tuple[ast.expr, ...] | None = None
    ndarray: bool = False


def annotation(node: ast.expr | None, place: Place) -> Annotation:
    """The meaning of one annotation."""
    if node is None:
        return Annotation()
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _text(node, place)
    if isinstance(node, ast.Name | ast.Attribute):
        return _named(node.id if isinstance(node, ast.Name) else node.attr)
    if isinstance(node, ast.Subscript):
        return _subscripted(node, place)
    return Annotation()


def result_annotations(node: ast.expr | None, place: Place) -> tuple[Annotation, ...]:
    """The meanings of a result annotation, one for each result; () when there is none."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return ()
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        tree = _parsed(node, place)
        parts = tree.elts if isinstance(tree, ast.Tuple) else [tree]
        return tuple(_shaped(part, node, place) for part in parts)
    if isinstance(node, ast.Tuple):
        return tuple(annotation(part, place) for part in node.elts)
    if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") in ("tuple", "Tuple"):
        if isinstance(node.slice, ast.Tuple):
            return tuple(annotation(part, place) for part in node.slice.elts)
    return (annotation(node, place),)


def _named(name: str) -> Annotation:
    if name in _PLAIN:
        return Annotation(kind=_PLAIN[name], rank=0)
    if name in _ARRAYS:
        return Annotation(ndarray=True)
    dtype = {"float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64", "uint8": "u8", "int8": "i8"}.get(name)
    return Annotation(dtype=dtype, kind=kind_of(dtype), rank=0) if dtype else Annotation()


def _subscripted(node: ast.Subscript, place: Place) -> Annotation:
    name = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
    if name in _LISTS:
        inner = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
        element = annotation(inner, place)
        rank = None if element.rank is None else element.rank + 1
        return Annotation(element.dtype, element.kind, rank)
    if name in _ARRAYS:
        return Annotation(ndarray=True)
    return _shaped(node, node, place) if name in DTYPES else Annotation()


def _parsed(node: ast.Constant, place: Place) -> ast.expr:
    try:
        return ast.parse(str(node.value).strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:  # the latter for a null byte
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise place.refuse(node, f"annotation {node.value!r} does not parse: {said}", _HINT) from None


_HINT = 'write it like "f32[m, n]", "u8[h, w]", "i32" or list[list[float]]'


def _text(node: ast.Constant, place: Place) -> Annotation:
    return _shaped(_parsed(node, place), node, place)


def _shaped(tree: ast.expr, node: ast.expr, place: Place) -> Annotation:
    """`f32[m, n]`, `f32`, or an ordinary annotation in quotes."""
    if isinstance(tree, ast.Name) and tree.id in DTYPES:
        return Annotation(tree.id, kind_of(tree.id), 0, ())
    if isinstance(tree, ast.Subscript) and isinstance(tree.value, ast.Name) and tree.value.id in DTYPES:
        dims = tuple(tree.slice.elts) if isinstance(tree.slice, ast.Tuple) else (tree.slice,)
        return Annotation(tree.value.id, kind_of(tree.value.id), len(dims), dims)
    if isinstance(tree, ast.Name | ast.Attribute | ast.Subscript):
        return annotation(tree, place)
    raise place.refuse(node, f"annotation {ast.unparse(tree)!r} is not understood", _HINT)


def kind_of(dtype: str) -> str:
    """Which Python numbers a storage dtype holds: "bool", "int" or "real"."""
    facts = DTYPES[dtype]
    return "bool" if facts.kind == "bool" else "real" if facts.is_float else "int"
