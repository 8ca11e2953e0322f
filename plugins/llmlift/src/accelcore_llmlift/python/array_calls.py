"""Functions of whole arrays by their NumPy and PyTorch names."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from accelcore.ir.expr import Expr, binary, call, cast, const, index, select, unary
from accelcore_llmlift.python import broadcasting
from accelcore_llmlift.python.broadcasting import Tensor, common, mapped, real
from accelcore_llmlift.python.functions import EXTREMES, FUNCTIONS

if TYPE_CHECKING:
    from accelcore_llmlift.python.wholes import Wholes

REDUCTIONS = {"sum": "sum", "prod": "prod", "max": "max", "min": "min", "amax": "max", "amin": "min", "any": "any",
              "all": "all"}  # fmt: skip
OPERATORS: dict[str, ast.operator] = {
    "add": ast.Add(), "subtract": ast.Sub(), "sub": ast.Sub(), "multiply": ast.Mult(), "mul": ast.Mult(),
    "divide": ast.Div(), "div": ast.Div(), "true_divide": ast.Div(), "power": ast.Pow(), "pow": ast.Pow(),
    "matmul": ast.MatMult(), "mm": ast.MatMult(), "mv": ast.MatMult(), "bmm": ast.MatMult(),
    "mod": ast.Mod(), "remainder": ast.Mod(), "floor_divide": ast.FloorDiv(), "bitwise_and": ast.BitAnd(),
    "bitwise_or": ast.BitOr(), "bitwise_xor": ast.BitXor(),
}  # fmt: skip
SAME = ("copy", "clone", "contiguous", "asarray", "array", "detach", "float", "double", "ascontiguousarray", "tensor")


def called(arrays: Wholes, node: ast.Call) -> Tensor:
    """The value of a call: `np.f(x, ...)` and `x.f(...)` are the same functions."""
    short, given = named(arrays, node)
    if any(k.arg in ("out", "where", "order", "initial") for k in node.keywords):
        raise arrays.refuse(node, f"{short} with out, where, order or initial", "write it in statements of its own")
    rule = rules().get(short)
    if rule is not None:
        try:
            return rule(arrays, node, given)
        except (ValueError, IndexError, TypeError):  # too few arguments, or an axis that is no literal
            raise arrays.refuse(node, f"these arguments of {short}", "name axes by numbers") from None
    if short in REDUCTIONS or short in ("mean", "var", "std"):
        return _reduction(arrays, node, short, given)
    args = [arrays.value(a) for a in given] if short else []
    if any(k.arg != "dtype" or "int" in ast.unparse(k.value) or "bool" in ast.unparse(k.value) for k in node.keywords):
        raise arrays.refuse(node, f"these options of {short}", "write them out as arithmetic")
    if short in OPERATORS and len(args) == 2:
        return broadcasting.operator(arrays, node, args[0], OPERATORS[short], args[1])
    if short in FUNCTIONS and len(args) == 1:
        return mapped(arrays, node, lambda x: call(FUNCTIONS[short], real(x)), *args)
    if short in EXTREMES and len(args) == 2:
        return mapped(arrays, node, lambda x, y: binary(EXTREMES[short], *common(x, y)), *args)
    if short in ELEMENTWISE and args:
        return mapped(arrays, node, lambda x: ELEMENTWISE[short](x), args[0])
    if short in SAME:
        return args[0]
    raise arrays.refuse(node, f"the function {ast.unparse(node.func)!r} of whole arrays",
                        "use element-wise functions, sum, mean, max, dot, matmul, where, transpose, reshape")


def named(arrays: Wholes, node: ast.Call) -> tuple[str, list[ast.expr]]:
    """The short name of a function, and its arguments with the array of a method first."""
    name = arrays.name(node.func)
    if name.startswith(("numpy.", "torch.", "math.")) or not isinstance(node.func, ast.Attribute):
        return name.rsplit(".", 1)[-1], list(node.args)
    return node.func.attr, [node.func.value, *node.args]


def _sigmoid(x: Expr) -> Expr:
    return binary("div", const(1.0), const(1.0) + call("exp", unary("neg", real(x))))


def _relu(x: Expr) -> Expr:
    (x,) = common(x, x)[:1]
    return binary("max", x, const(0, x.dtype))


def _gelu(x: Expr) -> Expr:
    """x / 2 * (1 + erf(x / sqrt 2)): Hendrycks and Gimpel, "Gaussian error linear units", 2016."""
    x = real(x)
    return x * const(0.5) * (const(1.0) + call("erf", binary("div", x, call("sqrt", const(2.0)))))


def _sign(x: Expr) -> Expr:
    (x,) = common(x, x)[:1]
    one, zero = const(1, x.dtype), const(0, x.dtype)
    return select(binary("lt", zero, x), one, select(binary("lt", x, zero), const(-1, x.dtype), zero))


def _whole(rounding: str) -> Callable[[Expr], Expr]:
    return lambda x: cast(x, "int", rounding, "wrap") if x.dtype == "real" else x


ELEMENTWISE: dict[str, Callable[[Expr], Expr]] = {
    "abs": lambda x: unary("abs", common(x, x)[0]), "absolute": lambda x: unary("abs", common(x, x)[0]),
    "fabs": lambda x: unary("abs", real(x)), "square": lambda x: common(x, x)[0] * common(x, x)[0],
    "negative": lambda x: unary("neg", common(x, x)[0]), "neg": lambda x: unary("neg", common(x, x)[0]),
    "reciprocal": lambda x: binary("div", const(1.0), real(x)),
    "rsqrt": lambda x: binary("div", const(1.0), call("sqrt", real(x))), "sigmoid": _sigmoid, "relu": _relu,
    "silu": lambda x: real(x) * _sigmoid(x), "gelu": _gelu,
    "logical_not": lambda x: unary("lnot", x), "sign": _sign, "deg2rad": lambda x: real(x) * const(math.pi / 180),
    "floor": _whole("floor"), "ceil": _whole("ceil"), "trunc": _whole("trunc"), "rint": _whole("nearest"),
    "softplus": lambda x: call("log", const(1.0) + call("exp", real(x))),
    "relu6": lambda x: binary("min", binary("max", real(x), const(0.0)), const(6.0)),
    "mish": lambda x: real(x) * call("tanh", call("log", const(1.0) + call("exp", real(x)))),
    "float32": real, "float64": real,
}  # fmt: skip


# Reductions.


def axes_of(arrays: Wholes, node: ast.Call, given: list[ast.expr], rank: int) -> tuple[tuple[int, ...], bool]:
    """(axes, keepdims) of a call; all axes where none is named."""
    said: ast.expr | None = given[1] if len(given) > 1 else None
    keep = False
    for keyword in node.keywords:
        if keyword.arg in ("axis", "dim"):
            said = keyword.value
        elif keyword.arg in ("keepdims", "keepdim"):
            keep = bool(_literal(arrays, keyword.value, "keepdims that is no literal", "write keepdims=True"))
        elif keyword.arg not in ("out", "dtype", "ddof", "correction", "unbiased", "ord", "p", "eps"):
            raise arrays.refuse(node, f"the argument {keyword.arg!r}", "use axis and keepdims")
    if said is None or (isinstance(said, ast.Constant) and said.value is None):
        return tuple(range(rank)), keep
    found = _literal(arrays, said, "an axis that is no number", "name the axis by a number")
    axes = found if isinstance(found, tuple | list) else (found,)
    if any(not isinstance(a, int) or not -rank <= a < rank for a in axes):
        raise arrays.refuse(node, f"axis {found!r} of {rank} axes", "name an axis that is there")
    return tuple(a % rank for a in axes), keep


def _literal(arrays: Wholes, node: ast.expr, otherwise: str, hint: str) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise arrays.refuse(node, otherwise, hint) from None


def _reduction(arrays: Wholes, node: ast.Call, short: str, given: list[ast.expr]) -> Tensor:
    tensor = arrays.value(given[0])
    pairs = any(k.arg == "dim" for k in node.keywords) or (len(given) > 1 and library_of(arrays, node) != "numpy")
    if short in ("max", "min") and pairs:
        raise arrays.refuse(node, f"{short} over a dim gives values and places", f"write a{short}, or take [0]")
    axes, keep = axes_of(arrays, node, given, len(tensor.extents))
    if short in REDUCTIONS:
        kind = REDUCTIONS[short]
        if kind in ("max", "min"):
            nonempty(arrays, tensor, axes)
        return broadcasting.reduced(tensor, kind, axes, keep)
    nonempty(arrays, tensor, axes)
    if short == "mean":
        return broadcasting.mean(tensor, axes, keep)
    middle = broadcasting.mean(tensor, axes, True)
    square = mapped(arrays, node, lambda x, m: (real(x) - m) * (real(x) - m), tensor, middle)
    found = broadcasting.mean(square, axes, keep, less=_lost_degrees(arrays, node))
    return found if short == "var" else mapped(arrays, node, lambda x: call("sqrt", x), found)


def _lost_degrees(arrays: Wholes, node: ast.Call) -> int:
    """What a variance takes off the number of elements: NumPy's default is 0, PyTorch's 1."""
    for keyword in node.keywords:
        if keyword.arg in ("ddof", "correction", "unbiased"):
            return int(ast.literal_eval(keyword.value))
    library = library_of(arrays, node)
    if not library:
        raise arrays.refuse(node, "NumPy divides a variance by n, PyTorch by n - 1", "say ddof= or unbiased=")
    return int(library == "torch")


def library_of(arrays: Wholes, node: ast.Call) -> str:
    """Whose function a call is: "numpy", "torch", or "" where a method may be of either.

    A method is of the library that the function uses, in its body or in its annotations, else of the one that the
    file imports.
    """
    name = arrays.name(node.func)
    if name.startswith(("torch.", "numpy.")):
        return name.split(".")[0]
    function, names = arrays.scope.function, arrays.scope.module.names
    said = [a.annotation for a in function.args.args if a.annotation is not None]
    used = {n.id for part in (function, *said) for n in ast.walk(part) if isinstance(n, ast.Name)}
    found = {names[n].split(".")[0] for n in used & names.keys()} & {"numpy", "torch"}
    found = found or {v.split(".")[0] for v in names.values()} & {"numpy", "torch"}
    return found.pop() if len(found) == 1 else ""


def nonempty(arrays: Wholes, tensor: Tensor, axes: tuple[int, ...]) -> None:
    """Require at least one element along axes."""
    for axis in axes:
        if tensor.extents[axis].op != "const":
            arrays.require(binary("le", index(1), tensor.extents[axis]))


def _argument(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """argmax, argmin over one axis."""
    tensor = arrays.value(given[0])
    axes, keep = axes_of(arrays, node, given, len(tensor.extents))
    if len(axes) != 1:
        raise arrays.refuse(node, "the position of an extreme over several axes", "name one axis")
    nonempty(arrays, tensor, axes)
    return broadcasting.reduced(tensor, named(arrays, node)[0], axes, keep)


def _softmax(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """exp(x - max) / sum of it, along one axis."""
    tensor = arrays.value(given[0])
    axes, _ = axes_of(arrays, node, given, len(tensor.extents))
    if len(axes) != 1:
        raise arrays.refuse(node, "softmax without an axis", "name it: dim=-1")
    nonempty(arrays, tensor, axes)
    top = broadcasting.reduced(tensor, "max", axes, True)
    powers = mapped(arrays, node, lambda x, t: call("exp", real(x) - real(t)), tensor, top)
    sums = broadcasting.reduced(powers, "sum", axes, True)
    return mapped(arrays, node, lambda x, s: binary("div", x, s), powers, sums)


def _with_log(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """log_softmax: x - max - log(sum of exp(x - max))."""
    tensor = arrays.value(given[0])
    axes = _one_axis(arrays, node, given, tensor)
    top = broadcasting.reduced(tensor, "max", axes, True)
    shifted = mapped(arrays, node, lambda x, t: real(x) - real(t), tensor, top)
    powers = mapped(arrays, node, lambda x: call("exp", x), shifted)
    sums = broadcasting.reduced(powers, "sum", axes, True)
    return mapped(arrays, node, lambda x, s: x - call("log", s), shifted, sums)


def _one_axis(arrays: Wholes, node: ast.Call, given: list[ast.expr], tensor: Tensor) -> tuple[int, ...]:
    axes, _ = axes_of(arrays, node, given, len(tensor.extents))
    if len(axes) != 1:
        raise arrays.refuse(node, "several axes where one is meant", "name it: dim=-1")
    nonempty(arrays, tensor, axes)
    return axes


def norm_over(arrays: Wholes, node: ast.AST, tensor: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    """The Euclidean norm over axes."""
    squares = mapped(arrays, node, lambda x: real(x) * real(x), tensor)
    return mapped(arrays, node, lambda s: call("sqrt", s), broadcasting.reduced(squares, "sum", axes, keep))


def _norm(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """norm(x, axis=...): of vectors; 1 and infinity by `ord`."""
    tensor = arrays.value(given[0])
    named_order = next((k.value for k in node.keywords if k.arg in ("ord", "p")), given[1] if len(given) > 1 else None)
    axes, keep = axes_of(arrays, node, [given[0], *given[2:]], len(tensor.extents))
    order = ast.unparse(named_order) if named_order is not None else "None"
    if order in ("None", "'fro'") or (order in ("2", "2.0") and len(axes) == 1):
        return norm_over(arrays, node, tensor, axes, keep)
    if len(axes) > 1:
        raise arrays.refuse(node, "a matrix norm", "name the axis of the vectors")
    sizes = mapped(arrays, node, lambda x: unary("abs", real(x)), tensor)
    if order == "1":
        return broadcasting.reduced(sizes, "sum", axes, keep)
    if order in ("np.inf", "math.inf", "float('inf')"):
        nonempty(arrays, tensor, axes)
        return broadcasting.reduced(sizes, "max", axes, keep)
    raise arrays.refuse(node, f"the norm of order {order}", "use 1, 2 or np.inf")


def _where(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    test, a, b = (arrays.value(g) for g in given)

    def choose(c: Expr, x: Expr, y: Expr) -> Expr:
        x, y = common(x, y)
        return select(c if c.dtype == "bool" else binary("ne", c, const(0, c.dtype)), x, y)

    return mapped(arrays, node, choose, test, a, b)


def _clip(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    named = {k.arg: k.value for k in node.keywords}
    low = given[1] if len(given) > 1 else named.get("min", named.get("a_min"))
    high = given[2] if len(given) > 2 else named.get("max", named.get("a_max"))
    found = arrays.value(given[0])
    for kind, bound in (("max", low), ("min", high)):
        if bound is not None and not (isinstance(bound, ast.Constant) and bound.value is None):
            found = mapped(arrays, node, lambda x, y, kind=kind: binary(kind, *common(x, y)), found,
                           arrays.value(bound))
    return found


def _astype(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """astype(float) keeps the numbers, astype(int) cuts them off, a narrow integer wraps."""
    from accelcore_llmlift.python.statements import DTYPES

    tensor = arrays.value(given[0])
    text = ast.unparse(given[1]).rsplit(".", 1)[-1].strip("'\"") if len(given) > 1 else ""
    dtype = DTYPES.get(text)
    if dtype is None:
        raise arrays.refuse(node, f"the dtype {text!r} is not known", f"one of {', '.join(DTYPES)}")
    if dtype == "bool":
        return mapped(arrays, node, lambda x: x if x.dtype == "bool" else binary("ne", x, const(0, x.dtype)), tensor)
    if dtype.startswith("f"):
        return mapped(arrays, node, real, tensor)
    if dtype in ("i32", "i64"):
        return mapped(arrays, node, lambda x: _whole("trunc")(common(x, x)[0]), tensor)
    return mapped(arrays, node, lambda x: cast(cast(common(x, x)[0], dtype, "trunc", "wrap"), "int"), tensor)


def _logical(op: str) -> Callable[[Wholes, ast.Call, list[ast.expr]], Tensor]:
    def rule(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
        def truth(x: Expr) -> Expr:
            return x if x.dtype == "bool" else binary("ne", x, const(0, x.dtype))

        return mapped(arrays, node, lambda x, y: binary(op, truth(x), truth(y)), *(arrays.value(g) for g in given))

    return rule


def _masked(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """x.masked_fill(mask, value)"""
    tensor, mask, value = (arrays.value(g) for g in given)
    return mapped(arrays, node, lambda x, c, v: select(c, *reversed(common(x, v))), tensor, mask, value)


def _count(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """x.size(axis), x.dim(), x.numel()"""
    tensor = arrays.value(given[0])
    name, _ = named(arrays, node)
    if name == "dim":
        return broadcasting.number(index(len(tensor.extents)))
    if name == "numel":
        return broadcasting.number(broadcasting.product(tensor.extents))
    if len(given) != 2:
        raise arrays.refuse(node, "a size without an axis", "write x.size(0)")
    return broadcasting.number(tensor.extents[int(ast.literal_eval(given[1]))])


RULES: dict[str, Callable[[Wholes, ast.Call, list[ast.expr]], Tensor]] = {
    "where": _where, "clip": _clip, "clamp": _clip, "softmax": _softmax, "log_softmax": _with_log, "norm": _norm,
    "argmax": _argument, "argmin": _argument, "astype": _astype, "logical_and": _logical("land"),
    "logical_or": _logical("lor"), "masked_fill": _masked, "size": _count, "dim": _count, "numel": _count,
}  # fmt: skip
"""Functions with a rule of their own; those of shapes, products and layers are added by their modules."""


def rules() -> dict[str, Callable[[Wholes, ast.Call, list[ast.expr]], Tensor]]:
    """Every rule by name."""
    from accelcore_llmlift.python.array_layers import LAYERS
    from accelcore_llmlift.python.array_products import PRODUCTS
    from accelcore_llmlift.python.array_shapes import SHAPES

    return {**RULES, **SHAPES, **PRODUCTS, **LAYERS}


def knows(name: str) -> bool:
    """Whether a function of arrays is known by its short name."""
    return name in rules() or name in NAMES


NAMES = frozenset({*REDUCTIONS, "mean", "var", "std", *OPERATORS, *FUNCTIONS, *EXTREMES, *ELEMENTWISE, *SAME})
