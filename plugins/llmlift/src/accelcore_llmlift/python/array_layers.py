"""Layers and losses of torch.nn.functional, by their definitions."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING

from accelcore.ir.expr import Expr, binary, call, const, select, unary
from accelcore_llmlift.python import broadcasting
from accelcore_llmlift.python.array_calls import ELEMENTWISE, axes_of, nonempty, norm_over
from accelcore_llmlift.python.array_shapes import Rule, option, whole_number
from accelcore_llmlift.python.broadcasting import Tensor, mapped, real

if TYPE_CHECKING:
    from accelcore_llmlift.python.wholes import Wholes


def _given(part: ast.expr | None) -> ast.expr | None:
    """An argument, None where it is left out or written as None."""
    return None if isinstance(part, ast.Constant) and part.value is None else part


def _scaled(arrays: Wholes, node: ast.Call, x: Tensor, weight: ast.expr | None, bias: ast.expr | None) -> Tensor:
    """x * weight + bias, as far as they are given."""
    if _given(weight) is not None and weight is not None:
        x = mapped(arrays, node, lambda a, w: real(a) * real(w), x, arrays.value(weight))
    if _given(bias) is not None and bias is not None:
        x = mapped(arrays, node, lambda a, b: real(a) + real(b), x, arrays.value(bias))
    return x


def _linear(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """x @ weight.T + bias"""
    x, weight = arrays.value(given[0]), arrays.value(given[1])
    found = broadcasting.matmul(arrays, node, x, broadcasting.transposed(weight, (1, 0)))
    return _scaled(arrays, node, found, None, option(node, given, 2, "bias"))


def _last_axes(arrays: Wholes, node: ast.Call, given: list[ast.expr], x: Tensor) -> tuple[int, ...]:
    """The axes that a normalized shape names, which are the last ones."""
    shape = option(node, given, 1, "normalized_shape")
    if shape is None:
        raise arrays.refuse(node, "a normalisation without its shape", "give the extents of the last axes")
    if isinstance(shape, ast.Attribute | ast.Subscript) and isinstance(getattr(shape, "slice", None), ast.Slice):
        parts = x.extents[len(x.extents) - 1 :]
    else:
        elts = shape.elts if isinstance(shape, ast.Tuple | ast.List) else [shape]
        parts = tuple(whole_number(arrays, node, p) for p in elts)
    rank = len(x.extents)
    for own, said in zip(x.extents[rank - len(parts) :], parts, strict=True):
        arrays.equal(node, own, said)
    return tuple(range(rank - len(parts), rank))


def _epsilon(arrays: Wholes, node: ast.Call, given: list[ast.expr], at: int, default: float) -> Expr:
    said = _given(option(node, given, at, "eps"))
    return const(default) if said is None else real(arrays.value(said).element(()))


def _layer_norm(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """(x - mean) / sqrt(variance + eps) * weight + bias over the last axes; eps is 1e-5 by default."""
    x = arrays.value(given[0])
    axes = _last_axes(arrays, node, given, x)
    nonempty(arrays, x, axes)
    middle = broadcasting.mean(x, axes, True)
    centred = mapped(arrays, node, lambda a, m: real(a) - m, x, middle)
    squares = mapped(arrays, node, lambda c: c * c, centred)
    spread = broadcasting.mean(squares, axes, True)
    eps = _epsilon(arrays, node, given, 4, 1e-5)
    found = mapped(arrays, node, lambda c, v: binary("div", c, call("sqrt", v + eps)), centred, spread)
    weight, bias = option(node, given, 2, "weight"), option(node, given, 3, "bias")
    return _scaled(arrays, node, found, weight, bias)


def _rms_norm(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """x / sqrt(mean of squares + eps) * weight over the last axes."""
    x = arrays.value(given[0])
    axes = _last_axes(arrays, node, given, x)
    nonempty(arrays, x, axes)
    squares = mapped(arrays, node, lambda a: real(a) * real(a), x)
    spread = broadcasting.mean(squares, axes, True)
    if _given(option(node, given, 3, "eps")) is None:
        raise arrays.refuse(node, "rms_norm without eps, which then depends on the dtype", "name it: eps=1e-6")
    eps = _epsilon(arrays, node, given, 3, 0.0)
    found = mapped(arrays, node, lambda a, v: binary("div", real(a), call("sqrt", v + eps)), x, spread)
    return _scaled(arrays, node, found, option(node, given, 2, "weight"), None)


def _loss(of: str) -> Rule:
    """mse_loss, l1_loss: the mean over all elements, or their sum."""

    def rule(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
        def apart(a: Expr, b: Expr) -> Expr:
            difference = real(a) - real(b)
            return difference * difference if of == "mse" else unary("abs", difference)

        found = mapped(arrays, node, apart, arrays.value(given[0]), arrays.value(given[1]))
        axes = tuple(range(len(found.extents)))
        said = option(node, given, 9, "reduction")
        kind = ast.literal_eval(said) if said is not None else "mean"
        if kind == "none":
            return found
        if kind == "sum":
            return broadcasting.reduced(found, "sum", axes, False)
        nonempty(arrays, found, axes)
        return broadcasting.mean(found, axes, False)

    return rule


def _normalize(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """x / max(norm, eps) along one axis, 1 by default."""
    x = arrays.value(given[0])
    power = option(node, given, 1, "p")
    if power is not None and ast.unparse(power) not in ("2", "2.0"):
        raise arrays.refuse(node, "a norm other than the Euclidean one", "write it out")
    where = option(node, given, 2, "dim")
    axis = (int(ast.literal_eval(where)) if where is not None else 1) % len(x.extents)
    size = norm_over(arrays, node, x, (axis,), True)
    eps = _epsilon(arrays, node, given, 3, 1e-12)
    return mapped(arrays, node, lambda a, s: binary("div", real(a), binary("max", s, eps)), x, size)


def _gelu(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """By the error function, or by its approximation with tanh (Hendrycks and Gimpel, 2016)."""
    said = option(node, given, 1, "approximate")
    kind = ast.literal_eval(said) if said is not None else "none"

    def smooth(x: Expr) -> Expr:
        x = real(x)
        inner = const(math.sqrt(2 / math.pi)) * (x + const(0.044715) * x * x * x)
        return const(0.5) * x * (const(1.0) + call("tanh", inner))

    return mapped(arrays, node, smooth if kind == "tanh" else ELEMENTWISE["gelu"], arrays.value(given[0]))


def _leaky(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """x where it is positive, else a small part of it."""
    said = option(node, given, 1, "negative_slope")
    slope = const(0.01) if said is None else real(arrays.value(said).element(()))

    def bent(x: Expr) -> Expr:
        return select(binary("lt", const(0.0), real(x)), real(x), slope * real(x))

    return mapped(arrays, node, bent, arrays.value(given[0]))


def _elu(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """x where it is positive, else alpha * (exp(x) - 1)."""
    said = option(node, given, 1, "alpha")
    alpha = const(1.0) if said is None else real(arrays.value(said).element(()))

    def bent(x: Expr) -> Expr:
        return select(binary("lt", const(0.0), real(x)), real(x), alpha * (call("exp", real(x)) - const(1.0)))

    return mapped(arrays, node, bent, arrays.value(given[0]))


def _logsumexp(arrays: Wholes, node: ast.Call, given: list[ast.expr]) -> Tensor:
    """max + log(sum of exp(x - max)) along axes."""
    x = arrays.value(given[0])
    axes, keep = axes_of(arrays, node, given, len(x.extents))
    nonempty(arrays, x, axes)
    top = broadcasting.reduced(x, "max", axes, True)
    powers = mapped(arrays, node, lambda a, t: call("exp", real(a) - real(t)), x, top)
    sums = broadcasting.reduced(powers, "sum", axes, keep)
    top = broadcasting.reduced(x, "max", axes, keep)
    return mapped(arrays, node, lambda t, s: real(t) + call("log", s), top, sums)


LAYERS: dict[str, Rule] = {
    "linear": _linear, "layer_norm": _layer_norm, "rms_norm": _rms_norm, "mse_loss": _loss("mse"),
    "l1_loss": _loss("l1"), "normalize": _normalize, "gelu": _gelu, "leaky_relu": _leaky, "elu": _elu,
    "logsumexp": _logsumexp,
}  # fmt: skip
