"""Functions of whole arrays by their NumPy and PyTorch names."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from accelcore.ir.expr import Expr, binary, call, const, index, select, unary
from accelcore_llmlift.polynomial import expression, polynomial
from accelcore_llmlift.python import broadcasting
from accelcore_llmlift.python.broadcasting import Indices, Tensor, common, mapped, real
from accelcore_llmlift.python.calls import EXTREMES, FUNCTIONS

if TYPE_CHECKING:
    from accelcore_llmlift.python.tensors import Arrays

REDUCTIONS = {"sum": "sum", "prod": "prod", "max": "max", "min": "min", "amax": "max", "amin": "min", "any": "any",
              "all": "all"}  # fmt: skip
OPERATORS: dict[str, ast.operator] = {
    "add": ast.Add(), "subtract": ast.Sub(), "sub": ast.Sub(), "multiply": ast.Mult(), "mul": ast.Mult(),
    "divide": ast.Div(), "div": ast.Div(), "true_divide": ast.Div(), "power": ast.Pow(), "pow": ast.Pow(),
    "matmul": ast.MatMult(), "mm": ast.MatMult(), "mv": ast.MatMult(), "bmm": ast.MatMult(),
}  # fmt: skip
SAME = ("copy", "clone", "contiguous", "asarray", "array", "detach", "float", "astype", "ascontiguousarray")


def called(arrays: Arrays, node: ast.Call) -> Tensor:
    """The value of a call: `np.f(x, ...)` and `x.f(...)` are the same functions."""
    name = arrays.name(node.func)
    known = name.startswith(("numpy.", "torch.", "math.")) or name in ("abs", "max", "min", "sum", "float")
    given = list(node.args)
    if known:
        short = name.rsplit(".", 1)[-1]
    elif isinstance(node.func, ast.Attribute):
        short, given = node.func.attr, [node.func.value, *given]
    else:
        short = ""
    rule = RULES.get(short)
    if rule is not None:
        return rule(arrays, node, given)
    if short in REDUCTIONS or short in ("mean", "var", "std"):
        return _reduction(arrays, node, short, given)
    if short == "einsum":
        return _einsum(arrays, node)
    args = [arrays.value(a) for a in given] if short else []
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


def _sigmoid(x: Expr) -> Expr:
    return binary("div", const(1.0), const(1.0) + call("exp", unary("neg", real(x))))


def _relu(x: Expr) -> Expr:
    (x,) = common(x, x)[:1]
    return binary("max", x, const(0, x.dtype))


def _gelu(x: Expr) -> Expr:
    """x / 2 * (1 + erf(x / sqrt 2)): Hendrycks and Gimpel, "Gaussian error linear units", 2016."""
    x = real(x)
    return x * const(0.5) * (const(1.0) + call("erf", binary("div", x, call("sqrt", const(2.0)))))


ELEMENTWISE: dict[str, Callable[[Expr], Expr]] = {
    "abs": lambda x: unary("abs", common(x, x)[0]), "absolute": lambda x: unary("abs", common(x, x)[0]),
    "fabs": lambda x: unary("abs", real(x)), "square": lambda x: common(x, x)[0] * common(x, x)[0],
    "negative": lambda x: unary("neg", common(x, x)[0]), "neg": lambda x: unary("neg", common(x, x)[0]),
    "reciprocal": lambda x: binary("div", const(1.0), real(x)),
    "rsqrt": lambda x: binary("div", const(1.0), call("sqrt", real(x))), "sigmoid": _sigmoid, "relu": _relu,
    "silu": lambda x: real(x) * _sigmoid(x), "gelu": _gelu,
    "logical_not": lambda x: unary("lnot", x),
}  # fmt: skip


# Reductions.


def _axes(arrays: Arrays, node: ast.Call, given: list[ast.expr], rank: int) -> tuple[tuple[int, ...], bool]:
    """(axes, keepdims) of a call; all axes where none is named."""
    said: ast.expr | None = given[1] if len(given) > 1 else None
    keep = False
    for keyword in node.keywords:
        if keyword.arg in ("axis", "dim"):
            said = keyword.value
        elif keyword.arg in ("keepdims", "keepdim"):
            keep = bool(ast.literal_eval(keyword.value))
        elif keyword.arg not in ("out", "dtype"):
            raise arrays.refuse(node, f"the argument {keyword.arg!r}", "use axis and keepdims")
    if said is None or (isinstance(said, ast.Constant) and said.value is None):
        return tuple(range(rank)), keep
    try:
        found = ast.literal_eval(said)
    except ValueError:
        raise arrays.refuse(node, "an axis that is no number", "name the axis by a number") from None
    axes = found if isinstance(found, tuple | list) else (found,)
    if any(not isinstance(a, int) or not -rank <= a < rank for a in axes):
        raise arrays.refuse(node, f"axis {found!r} of {rank} axes", "name an axis that is there")
    return tuple(a % rank for a in axes), keep


def _reduction(arrays: Arrays, node: ast.Call, short: str, given: list[ast.expr]) -> Tensor:
    tensor = arrays.value(given[0])
    axes, keep = _axes(arrays, node, given, len(tensor.extents))
    if short in REDUCTIONS:
        kind = REDUCTIONS[short]
        if kind in ("max", "min"):
            _nonempty(arrays, tensor, axes)
        return broadcasting.reduced(tensor, kind, axes, keep)
    _nonempty(arrays, tensor, axes)
    if short == "mean":
        return broadcasting.mean(tensor, axes, keep)
    if arrays.name(node.func).startswith("torch.") or any(k.arg == "dim" for k in node.keywords):
        raise arrays.refuse(node, "torch's variance divides by n - 1", "write the mean of squared differences")
    middle = broadcasting.mean(tensor, axes, True)
    square = mapped(arrays, node, lambda x, m: (real(x) - m) * (real(x) - m), tensor, middle)
    found = broadcasting.mean(square, axes, keep)
    return found if short == "var" else mapped(arrays, node, lambda x: call("sqrt", x), found)


def _nonempty(arrays: Arrays, tensor: Tensor, axes: tuple[int, ...]) -> None:
    for axis in axes:
        if tensor.extents[axis].op != "const":
            arrays.requires[binary("le", index(1), tensor.extents[axis])] = None


def _argument(arrays: Arrays, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """argmax, argmin over one axis."""
    tensor = arrays.value(given[0])
    axes, keep = _axes(arrays, node, given, len(tensor.extents))
    if len(axes) != 1:
        raise arrays.refuse(node, "the position of an extreme over several axes", "name one axis")
    _nonempty(arrays, tensor, axes)
    func = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    return broadcasting.reduced(tensor, func, axes, keep)


def _softmax(arrays: Arrays, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """exp(x - max) / sum of it, along one axis."""
    tensor = arrays.value(given[0])
    axes, _ = _axes(arrays, node, given, len(tensor.extents))
    if len(axes) != 1:
        raise arrays.refuse(node, "softmax without an axis", "name it: dim=-1")
    _nonempty(arrays, tensor, axes)
    top = broadcasting.reduced(tensor, "max", axes, True)
    powers = mapped(arrays, node, lambda x, t: call("exp", real(x) - real(t)), tensor, top)
    sums = broadcasting.reduced(powers, "sum", axes, True)
    return mapped(arrays, node, lambda x, s: binary("div", x, s), powers, sums)


# Shapes.


def _where(arrays: Arrays, node: ast.Call, given: list[ast.expr]) -> Tensor:
    test, a, b = (arrays.value(g) for g in given)

    def choose(c: Expr, x: Expr, y: Expr) -> Expr:
        x, y = common(x, y)
        return select(c if c.dtype == "bool" else binary("ne", c, const(0, c.dtype)), x, y)

    return mapped(arrays, node, choose, test, a, b)


def _clip(arrays: Arrays, node: ast.Call, given: list[ast.expr]) -> Tensor:
    named = {k.arg: k.value for k in node.keywords}
    low = given[1] if len(given) > 1 else named.get("min", named.get("a_min"))
    high = given[2] if len(given) > 2 else named.get("max", named.get("a_max"))
    found = arrays.value(given[0])
    for kind, bound in (("max", low), ("min", high)):
        if bound is not None and not (isinstance(bound, ast.Constant) and bound.value is None):
            found = mapped(arrays, node, lambda x, y, kind=kind: binary(kind, *common(x, y)), found,
                           arrays.value(bound))
    return found


def _transpose(arrays: Arrays, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """transpose(), transpose(order), permute(...), and torch's transpose(a, b), t()."""
    tensor = arrays.value(given[0])
    rank = len(tensor.extents)
    rest = given[1].elts if len(given) == 2 and isinstance(given[1], ast.Tuple | ast.List) else given[1:]
    named = next((k.value for k in node.keywords if k.arg in ("axes", "dims")), None)
    rest = named.elts if isinstance(named, ast.Tuple | ast.List) else rest
    order = [int(ast.literal_eval(a)) % rank for a in rest] or list(reversed(range(rank)))
    swaps = isinstance(node.func, ast.Attribute) and node.func.attr in ("transpose", "swapaxes")
    if len(order) == 2 and rank > 2 and swaps:
        a, b = order
        order = list(range(rank))
        order[a], order[b] = b, a
    if sorted(order) != list(range(rank)):
        raise arrays.refuse(node, "an order of axes that is no permutation", "name each axis once")
    return broadcasting.transposed(tensor, tuple(order))


def _reshape(arrays: Arrays, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """reshape and ravel: by the position in row-major order."""
    tensor = arrays.value(given[0])
    rest = given[1].elts if len(given) == 2 and isinstance(given[1], ast.Tuple | ast.List) else given[1:]
    func = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    parts = [arrays.value(r).element(()) for r in rest] if func not in ("ravel", "flatten") else [index(-1)]
    wanted = _extents(arrays, node, tensor, [expression(polynomial(p)) for p in parts])

    def element(at: Indices) -> Expr:
        flat = polynomial(index(0))
        for i, extent in zip(at, wanted, strict=True):
            flat = flat * polynomial(extent) + polynomial(i)
        own: list[Expr] = []
        rest = expression(flat)
        for extent in reversed(tensor.extents[1:]):
            own.insert(0, binary("fmod", rest, extent))
            rest = binary("fdiv", rest, extent)
        return tensor.element((rest, *own))

    return Tensor(wanted, element)


def _extents(arrays: Arrays, node: ast.Call, tensor: Tensor, parts: list[Expr]) -> tuple[Expr, ...]:
    """The extents of a reshape, with -1 worked out."""
    whole = broadcasting.product(tensor.extents)
    unknown = [i for i, p in enumerate(parts) if polynomial(p).constant == -1]
    if not unknown:
        arrays.equal(broadcasting.product(parts), whole)
        return tuple(parts)
    known = broadcasting.product([p for i, p in enumerate(parts) if i not in unknown])
    if len(unknown) > 1:
        raise arrays.refuse(node, "two unknown extents", "name all but one")
    parts[unknown[0]] = _quotient(arrays, whole, known)
    return tuple(parts)


def _quotient(arrays: Arrays, whole: Expr, known: Expr) -> Expr:
    from accelcore_llmlift.polynomial import split

    found, rest = split(polynomial(whole), polynomial(known))
    if known.op == "const" and known.value == 1:
        return whole
    if found is not None and not rest.terms:
        return expression(found)
    arrays.requires[binary("eq", binary("fmod", whole, known), index(0))] = None
    return binary("fdiv", whole, known)


def _zeros(fill: float) -> Callable[[Arrays, ast.Call, list[ast.expr]], Tensor]:
    def rule(arrays: Arrays, node: ast.Call, given: list[ast.expr]) -> Tensor:
        func = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if func.endswith("_like"):
            extents = arrays.value(given[0]).extents
        else:
            parts = given[0].elts if isinstance(given[0], ast.Tuple | ast.List) else given
            extents = tuple(arrays.value(p).element(()) for p in parts)
        return Tensor(extents, lambda _: const(fill))

    return rule


def _dot(arrays: Arrays, node: ast.Call, given: list[ast.expr]) -> Tensor:
    a, b = (arrays.value(g) for g in given)
    if not a.extents or not b.extents:
        return broadcasting.operator(arrays, node, a, ast.Mult(), b)
    if len(a.extents) > 2 or len(b.extents) > 2:
        raise arrays.refuse(node, "dot of more than two axes", "use @ or einsum")
    return broadcasting.matmul(arrays, node, a, b)


def _outer(arrays: Arrays, node: ast.Call, given: list[ast.expr]) -> Tensor:
    a, b = (arrays.value(g) for g in given)
    column = Tensor((*a.extents, index(1)), lambda at: a.element(at[:1]))
    return broadcasting.operator(arrays, node, column, ast.Mult(), b)


def _expand(arrays: Arrays, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """expand_dims, unsqueeze."""
    tensor = arrays.value(given[0])
    axes, _ = _axes(arrays, node, given, len(tensor.extents) + 1)
    (axis,) = axes
    extents = (*tensor.extents[:axis], index(1), *tensor.extents[axis:])
    return Tensor(extents, lambda at: tensor.element((*at[:axis], *at[axis + 1 :])))


def _einsum(arrays: Arrays, node: ast.Call) -> Tensor:
    """Products summed over the letters that the result does not name."""
    spec = node.args[0]
    text = spec.value if isinstance(spec, ast.Constant) else None
    if not isinstance(text, str) or "->" not in text or "." in text:
        raise arrays.refuse(node, "this einsum", 'write the letters out, such as "ik,kj->ij"')
    left, wanted = text.replace(" ", "").split("->")
    operands = [arrays.value(a) for a in node.args[1:]]
    letters = left.split(",")
    extents: dict[str, Expr] = {}
    for part, operand in zip(letters, operands, strict=True):
        for letter, extent in zip(part, operand.extents, strict=True):
            arrays.equal(extents.setdefault(letter, extent), extent)
    summed = [x for x in extents if x not in wanted]

    def over(rest: list[str], at: dict[str, Expr]) -> Expr:
        if rest:
            return broadcasting.total("sum", extents[rest[0]], lambda k: over(rest[1:], {**at, rest[0]: k}))
        found, *others = (o.element(tuple(at[x] for x in p)) for p, o in zip(letters, operands, strict=True))
        for other in others:
            found, other = common(found, other)
            found = found * other
        return found

    return Tensor(tuple(extents[x] for x in wanted),
                  lambda at: over(summed, dict(zip(wanted, at, strict=True))))


RULES: dict[str, Callable[[Arrays, ast.Call, list[ast.expr]], Tensor]] = {
    "where": _where, "clip": _clip, "clamp": _clip, "transpose": _transpose, "permute": _transpose, "t": _transpose,
    "swapaxes": _transpose, "reshape": _reshape, "view": _reshape, "ravel": _reshape, "flatten": _reshape,
    "zeros": _zeros(0.0), "zeros_like": _zeros(0.0), "ones": _zeros(1.0), "ones_like": _zeros(1.0), "dot": _dot,
    "outer": _outer, "expand_dims": _expand, "unsqueeze": _expand, "softmax": _softmax, "argmax": _argument,
    "argmin": _argument,
}  # fmt: skip
