"""Ranks and kinds of what NumPy's and PyTorch's functions return, for the inference.

A rank is the least that the uses of a value allow.  Element-wise functions have the rank of their largest operand, a
reduction loses the axes that it names, a matrix product follows its operands.  Where the rank of an operand changes
what the code means and nothing says it, the function is refused with the annotation that would.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from accelcore_llmlift.python.types import Level, Type, raise_rank

if TYPE_CHECKING:
    from accelcore_llmlift.python.infer import Inference

Typed = Callable[["Inference", ast.Call, list[ast.expr]], Type]

REDUCTIONS = frozenset({"sum", "prod", "max", "min", "amax", "amin", "mean", "var", "std", "any", "all", "argmax",
                        "argmin", "norm", "logsumexp", "count_nonzero"})  # fmt: skip
TRUTHS = frozenset({"any", "all", "isnan", "isinf", "isfinite", "logical_not", "logical_and", "logical_or"})
POSITIONS = frozenset({"argmax", "argmin", "count_nonzero"})
REALS = frozenset({"mean", "var", "std", "norm", "logsumexp"})
NUMBERS = frozenset({
    "abs", "absolute", "square", "negative", "neg", "add", "subtract", "sub", "multiply", "mul", "maximum", "minimum",
    "fmax", "fmin", "power", "pow", "copy", "clone", "asarray", "array", "ascontiguousarray", "contiguous", "detach",
    "relu", "clip", "clamp", "cumsum", "cumprod", "diff", "flip", "fliplr", "flipud", "roll", "tril", "triu", "where",
    "masked_fill", "transpose", "permute", "swapaxes", "t", "reshape", "view", "ravel", "flatten", "squeeze", "mm",
    "unsqueeze", "expand_dims", "stack", "concatenate", "cat", "hstack", "vstack", "outer", "dot", "matmul", "mv",
    "bmm", "einsum", "inner", "trace", "diagonal", "diag", "repeat", "tile", "broadcast_to", "expand", "sum", "prod",
    "max", "min", "amax", "amin", "astype", "sign", "fabs", "round", "rint", "maximum_accumulate", "item", "tolist",
    "mod", "remainder", "floor_divide", "bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift",
    "vdot", "relu_", "pad",
})  # fmt: skip
"""Functions whose results are integers when their arguments are; all others give reals."""


def literal(node: ast.expr | None) -> object:
    """The value of a literal; None for anything else."""
    try:
        return None if node is None else ast.literal_eval(node)
    except ValueError:
        return None


def argument(node: ast.Call, given: Sequence[ast.expr], at: int, *names: str) -> ast.expr | None:
    """An argument by position or by one of its names."""
    found = next((k.value for k in node.keywords if k.arg in names), None)
    return found if found is not None else given[at] if len(given) > at else None


def keeps(node: ast.Call) -> bool:
    """Whether a reduction keeps its axes."""
    return any(k.arg in ("keepdims", "keepdim") and literal(k.value) is True for k in node.keywords)


def axes_of(node: ast.Call, given: Sequence[ast.expr]) -> tuple[int, ...] | None:
    """The axes that a call names; None for all of them."""
    found = literal(argument(node, given, 1, "axis", "dim"))
    if isinstance(found, int) and not isinstance(found, bool):
        return (found,)
    if isinstance(found, tuple | list) and all(isinstance(a, int) for a in found):
        return tuple(found)
    return None


def array_call(types: Inference, name: str, node: ast.Call, given: list[ast.expr]) -> Type:
    """The type of a call of an array function by its short name; `given` has the array of a method first."""
    special = SPECIAL.get(name)
    if special is not None:
        found = special(types, node, given)
    elif name in REDUCTIONS:
        found = _reduced(types, name, node, given)
    else:
        found = types.combined(*(types.expression(a) for a in (given[1:] if name == "where" else given)))
        if name == "where":
            test = types.expression(given[0])
            types.wide_as(found, test)
    leaf_level(types, found, name)
    return found


def leaf_level(types: Inference, found: Type, name: str) -> None:
    """What numbers a function gives."""
    if name in TRUTHS:
        types.leaves.append((Level.BOOL, found))
    elif name in POSITIONS:
        types.leaves.append((Level.INDEX, found))
    elif name not in NUMBERS or name in REALS:
        types.reals.append(found)


def _reduced(types: Inference, name: str, node: ast.Call, given: list[ast.expr]) -> Type:
    """All axes where none is named, else so many fewer."""
    source, found = types.expression(given[0]), Type()
    axes, keep = axes_of(node, [given[0], *given[2:]] if name == "norm" else given), keeps(node)
    least = 1 if axes is None else max((a + 1 if a >= 0 else -a) for a in axes) if axes else 1
    types.least(given[0], source, least, preferred=2 if keep and axes == (-1,) else least)
    lost = 0 if keep else len(axes) if axes is not None else None

    def rule() -> bool:
        return lost is not None and raise_rank(found, source.rank - lost)

    types.rules.append(rule)
    if name not in POSITIONS | TRUTHS:
        types.numbers(source, found)
    return found


def _same(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    """Softmax, cumulative sums and the like: the rank of the first argument."""
    source, found = types.expression(given[0]), Type()
    axes = axes_of(node, given)
    least = max(((a + 1 if a >= 0 else -a) for a in axes), default=1) if axes else 1
    types.least(given[0], source, least, preferred=max(least, 2) if axes == (-1,) else least)
    types.wide_as(found, source)
    types.numbers(source, found)
    return found


def _along(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    """`_same` for functions whose second argument is no axis."""
    return _same(types, node, [given[0], *given[2:]])


def product(types: Inference, node: ast.AST, left: ast.expr, right: ast.expr) -> Type:
    """a @ b: both ranks must be known, for they say which axes are summed."""
    a, b, found = types.expression(left), types.expression(right), Type()
    for part, kind in ((left, a), (right, b)):
        types.least(part, kind, 1, preferred=None)

    def rule() -> bool:
        ranks = (a.rank, b.rank)
        if 0 in ranks:
            return False
        wanted = max(ranks) if min(ranks) > 1 else max(ranks) - 1
        return raise_rank(found, wanted)

    types.rules.append(rule)
    types.numbers(a, found)
    types.numbers(b, found)
    return found


def _product(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    return product(types, node, given[0], given[1])


def _dot(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    """np.dot of numbers is a product; of what nothing says, vectors."""
    a, b = (types.expression(g) for g in given[:2])
    found = Type()
    for part, kind in zip(given, (a, b), strict=False):
        types.least(part, kind, 1, preferred=1)

    def rule() -> bool:
        ranks = (a.rank, b.rank)
        return 0 not in ranks and raise_rank(found, max(ranks) if min(ranks) > 1 else max(ranks) - 1)

    types.rules.append(rule)
    types.numbers(a, found)
    types.numbers(b, found)
    return found


def _fixed(rank: int, own: int) -> Typed:
    """A result of a fixed rank from arguments of a fixed least rank."""

    def typed(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
        found = Type()
        raise_rank(found, rank)
        for part in given:
            kind = types.expression(part)
            types.least(part, kind, own, preferred=own)
            types.numbers(kind, found)
        return found

    return typed


def _more(change: int, first: int = 0) -> Typed:
    """A result with so many more axes than the first argument."""

    def typed(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
        source, found = types.expression(given[first]), Type()
        types.least(given[first], source, max(1, -change + (change < 0)), preferred=None)
        types.wide_as(found, source, change)
        types.numbers(source, found)
        return found

    return typed


def _joined(change: int) -> Typed:
    """stack, concatenate: of a list of arrays."""

    def typed(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
        found = Type()
        parts = given[0].elts if isinstance(given[0], ast.List | ast.Tuple) else []
        for part in parts:
            kind = types.expression(part)
            types.least(part, kind, 1, preferred=1)
            types.wide_as(found, kind, change)
            types.numbers(kind, found)
        if not parts:
            types.numbers(types.expression(given[0]), found)
        return found

    return typed


def _reshaped(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    """As many axes as extents are given."""
    source, found = types.expression(given[0]), Type()
    func = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    rest = given[1].elts if len(given) == 2 and isinstance(given[1], ast.Tuple | ast.List) else given[1:]
    types.least(given[0], source, 1, preferred=None)
    raise_rank(found, 1 if func in ("ravel", "flatten") else len(rest))
    for part in rest:
        types.index(part)
    types.numbers(source, found)
    return found


def _transposed(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    """The same rank; a full order names it."""
    source, found = types.expression(given[0]), Type()
    rest = given[1].elts if len(given) == 2 and isinstance(given[1], ast.Tuple | ast.List) else given[1:]
    swaps = len(rest) == len(given[1:]) == 2  # torch's transpose(a, b) names two axes of any number
    types.least(given[0], source, len(rest) if rest and not swaps else 2, preferred=len(rest) if rest else 2)
    types.wide_as(found, source)
    types.numbers(source, found)
    return found


def _einsum(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    """The letters say every rank."""
    spec, found = literal(given[0]), Type()
    if isinstance(spec, str):
        left, arrow, right = spec.replace(" ", "").partition("->")
        letters = left.split(",")
        for part, operand in zip(letters, given[1:], strict=False):
            kind = types.expression(operand)
            types.least(operand, kind, len(part), preferred=len(part))
            types.numbers(kind, found)
        every = "".join(letters)
        raise_rank(found, len(right) if arrow else sum(every.count(x) == 1 for x in set(every)))
    return found


def _made(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    """np.arange and the like: one axis from numbers."""
    found = Type()
    raise_rank(found, 1)
    for part in given:
        kind = types.expression(part)
        types.index(part) if len(given) == 1 else None
        types.numbers(kind, found)
    types.leaves.append((Level.INDEX, found))
    return found


def _square(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    found = Type()
    raise_rank(found, 2)
    for part in given:
        types.index(part)
    return found


def _squeezed(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    return _more(-1)(types, node, given[:1])


def _diag(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    """A matrix from a vector, a vector from a matrix: the rank must be known."""
    source, found = types.expression(given[0]), Type()
    types.least(given[0], source, 1, preferred=None)
    types.rules.append(lambda: source.rank > 0 and raise_rank(found, 2 if source.rank == 1 else 1))
    types.numbers(source, found)
    return found


def _linear(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    """F.linear(x, weight, bias): the weight has two axes."""
    x, weight, found = types.expression(given[0]), types.expression(given[1]), Type()
    types.least(given[0], x, 1, preferred=2)
    types.least(given[1], weight, 2, preferred=2)
    bias = argument(node, given, 2, "bias")
    if bias is not None:
        types.least(bias, types.expression(bias), 1, preferred=1)
    types.wide_as(found, x)
    return found


def _layer_norm(types: Inference, node: ast.Call, given: list[ast.expr]) -> Type:
    """F.layer_norm(x, shape, weight, bias): weight and bias have the axes of the shape."""
    x, found = types.expression(given[0]), Type()
    shape = argument(node, given, 1, "normalized_shape")
    count = len(shape.elts) if isinstance(shape, ast.Tuple | ast.List) else 1
    types.least(given[0], x, count, preferred=count + 1)
    for part in (argument(node, given, 2, "weight"), argument(node, given, 3, "bias")):
        if part is not None and not isinstance(part, ast.Constant):
            types.least(part, types.expression(part), count, preferred=count)
    types.wide_as(found, x)
    return found


SPECIAL: dict[str, Typed] = {
    "matmul": _product, "mm": _product, "mv": _product, "bmm": _fixed(3, 3), "dot": _dot, "inner": _dot, "vdot": _dot,
    "outer": _fixed(2, 1), "transpose": _transposed, "permute": _transposed, "swapaxes": _transposed,
    "t": _transposed, "reshape": _reshaped, "view": _reshaped, "ravel": _reshaped, "flatten": _reshaped,
    "unsqueeze": _more(1), "expand_dims": _more(1), "squeeze": _squeezed, "stack": _joined(1),
    "chunk": _more(1), "split": _more(1), "concatenate": _joined(0),
    "cat": _joined(0), "hstack": _joined(0), "vstack": _joined(0), "einsum": _einsum,
    "softmax": _same, "log_softmax": _same, "cumsum": _same, "cumprod": _same, "diff": _along, "flip": _same,
    "normalize": _along, "tril": _same, "triu": _same, "arange": _made, "linspace": _made, "eye": _square,
    "identity": _square, "diag": _diag, "trace": _fixed(0, 2), "diagonal": _fixed(1, 2), "linear": _linear,
    "layer_norm": _layer_norm, "mse_loss": _fixed(0, 1), "l1_loss": _fixed(0, 1),
}  # fmt: skip
