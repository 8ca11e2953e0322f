"""Types of what calls return, for the inference: Python's own functions, methods, and constructors of arrays."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from accelcore_llmlift.python import array_types
from accelcore_llmlift.python.module import array_function, qualified
from accelcore_llmlift.python.types import Flow, Level, Link, Need, Type, raise_rank

if TYPE_CHECKING:
    from accelcore_llmlift.python.infer import Inference

LIBRARIES = ("math.", "numpy.", "torch.")
INT_FUNCTIONS = frozenset({"floor", "ceil", "trunc"})
KEEPING = frozenset({"abs", "absolute", "square", "negative", "copysign", "fabs", "copy", "array", "asarray", "list"})
EXTREMES = frozenset({"min", "max", "minimum", "maximum", "fmin", "fmax"})
ALLOCATORS = frozenset({"zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like"})


def called(types: Inference, node: ast.Call) -> Type:
    """The type of a call of a known function; unknown ones are refused by the translation."""
    name = qualified(types.module, node.func)
    if isinstance(node.func, ast.Attribute) and not name.startswith(LIBRARIES):
        return _method(types, node, node.func, node.args)
    short = array_function(name)
    if short and short not in ALLOCATORS and node.args:
        return array_types.array_call(types, short, node, node.args)
    args = [types.expression(a) for a in node.args]
    for keyword in node.keywords:
        types.expression(keyword.value)
    short = name.rsplit(".", 1)[-1]
    if short in ALLOCATORS:
        return _allocated(types, short, node, args)
    return _function(types, short, node, args)


def _function(types: Inference, name: str, node: ast.Call, args: list[Type]) -> Type:
    """The type of a function by its unqualified name."""
    if not args:
        return Type(Level.REAL)
    if name == "round":
        return Type(Level.INT if len(args) == 1 else Level.REAL)
    if name in ("len", "argmax", "argmin"):
        args[0].elements()
        return Type(Level.INDEX)
    if name == "int" or name in INT_FUNCTIONS:
        return Type(Level.INT)
    if name == "float":
        return Type(Level.REAL)
    if name in ("tdiv", "trem"):
        found = types.joined(*args)
        types.need(found, Need.INTEGER)
        return found
    if name in ("i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"):
        return Type(Level.INT)
    if name in ("any", "all", "isnan", "isinf", "isfinite", "bool"):
        return Type(Level.BOOL)
    if name == "dot":
        return types.joined(*(a.elements() for a in args))
    if name in ("sum", "prod", "mean") or (name in EXTREMES and len(args) == 1):
        return _reduced(types, name, args)
    if name in EXTREMES or name == "abs":
        return types.combined(*args)
    if name in KEEPING or name == "sorted":
        return types.joined(*args)
    return Type(Level.REAL)


def _reduced(types: Inference, name: str, args: list[Type]) -> Type:
    """The type of a reduction over an iterable: its elements', at least an integer."""
    found = types.joined(args[0].elements(), *args[1:])
    found.level = Level.REAL if name == "mean" else Level.INDEX if name in ("sum", "prod") else Level.NONE
    return found


def _allocated(types: Inference, name: str, node: ast.Call, args: list[Type]) -> Type:
    """np.zeros(shape, dtype), np.full_like(x, value) and the like."""
    if name.endswith("_like"):
        found = Type()
        types.flows.append(Flow(args[0], found, arithmetic=False, link=Link.SHAPE))
    else:
        found = inner = Type()
        for part in _shape_parts(node):
            inner = inner.elements()
            types.index(part)
    types.leaves.append((_default_level(node), found))
    return found


def _method(types: Inference, node: ast.Call, func: ast.Attribute, args: list[ast.expr]) -> Type:
    """x.append(v), x.copy(), x.sum(axis=0), x.reshape(m, n), ..."""
    base = types.expression(func.value)
    if func.attr == "append" and args:
        types.flow(types.expression(args[0]), base.elements())
        if isinstance(func.value, ast.Name):
            types.appended.add(func.value.id)
        return Type()
    if func.attr in ("copy", "tolist", "clone", "contiguous", "detach", "fill", "extend"):
        return base
    if func.attr in ("size", "dim", "numel"):
        found = array_types.literal(args[0]) if args else 0
        raise_rank(base, found + 1 if isinstance(found, int) and found >= 0 else 1)
        return Type(Level.INDEX)
    return array_types.array_call(types, func.attr, node, [func.value, *args])


def _shape_parts(node: ast.Call) -> list[ast.expr]:
    shape = node.args[0] if node.args else ast.Tuple(elts=[], ctx=ast.Load())
    if isinstance(shape, ast.Tuple | ast.List):
        return list(shape.elts)
    return [] if isinstance(shape, ast.Attribute) else [shape]


def _default_level(node: ast.Call) -> Level:
    for keyword in node.keywords:
        if keyword.arg == "dtype":
            text = ast.unparse(keyword.value)
            return Level.INT if "int" in text else Level.BOOL if "bool" in text else Level.REAL
    return Level.REAL
