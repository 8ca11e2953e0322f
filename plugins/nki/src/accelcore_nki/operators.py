"""The mathematics of the engines: ALU operators, bit operators, activation functions, by their `nki.language` names.

All floating-point work is done in float32, as the engines do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from accelcore_nki.errors import fail

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

ARITHMETIC = frozenset((
    "add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "abs", "abs_max", "abs_min",
    "bypass", "rsqrt", "mod", "fmod", "logical_and", "logical_or", "logical_xor", "logical_not", "equal",
    "not_equal", "greater", "greater_equal", "less", "less_equal", "average", "reciprocal",
))  # fmt: skip
UNARY = frozenset(("abs", "rsqrt", "reciprocal", "bypass", "logical_not", "invert"))
COMPARE = frozenset(("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"))
BITS = frozenset((
    "bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift", "logical_shift_left",
    "logical_shift_right", "arithmetic_shift_right",
))  # fmt: skip
ACTIVATIONS = frozenset((
    "abs", "arctan", "copy", "cos", "erf", "erf_dx", "exp", "gelu", "gelu_apprx_sigmoid", "gelu_apprx_tanh",
    "gelu_apprx_sigmoid_dx", "gelu_dx", "log", "mish", "reciprocal", "relu", "rsqrt", "sigmoid", "sign", "silu",
    "silu_dx", "sin", "softplus", "sqrt", "square", "tanh", "tanh_dx",
))  # fmt: skip
_ALIASES = {
    "max": "maximum",
    "min": "minimum",
    "sum": "add",
    "mult": "multiply",
    "prod": "multiply",
    "true_divide": "divide",
    "absolute": "abs",
    "bitwise_not": "invert",
    "float_power": "power",
    "identity": "copy",
    "negative": "negative",
    "remainder": "mod",
    "amax": "maximum",
    "amin": "minimum",
}


def operator_name(op: object, allowed: frozenset[str], role: str = "op") -> str:
    """The name of an operator given as an `nl` function, a NumPy function or a name; NkiError when not allowed here."""
    name = op if isinstance(op, str) else getattr(op, "__name__", type(op).__name__)
    name = _ALIASES.get(name, name)
    if name not in allowed:
        raise fail("operator", f"{role}={name} is not supported here", hint=f"one of {', '.join(sorted(allowed))}")
    return name


@cache
def binary(name: str) -> Callable[[Array, Array], Array]:
    """The float32 meaning of an ALU operator; comparisons and logic give 1.0 or 0.0; unary ones ignore the second."""
    import numpy as np

    truth: dict[str, Callable[..., Any]] = {
        "equal": np.equal,
        "not_equal": np.not_equal,
        "greater": np.greater,
        "greater_equal": np.greater_equal,
        "less": np.less,
        "less_equal": np.less_equal,
        "logical_and": np.logical_and,
        "logical_or": np.logical_or,
        "logical_xor": np.logical_xor,
        "logical_not": lambda a, b: a == 0,
    }
    if name in truth:
        test = truth[name]
        return lambda a, b: test(a, b).astype(np.float32)
    plain: dict[str, Callable[..., Any]] = {
        "add": np.add,
        "subtract": np.subtract,
        "multiply": np.multiply,
        "divide": np.divide,
        "maximum": np.maximum,
        "minimum": np.minimum,
        "power": np.power,
        "mod": np.mod,
        "fmod": np.fmod,
        "abs": lambda a, b: np.abs(a),
        "rsqrt": lambda a, b: 1 / np.sqrt(a),
        "reciprocal": lambda a, b: 1 / a,
        "bypass": lambda a, b: a,
        "abs_max": lambda a, b: np.maximum(np.abs(a), np.abs(b)),
        "abs_min": lambda a, b: np.minimum(np.abs(a), np.abs(b)),
        "average": lambda a, b: (a + b) / 2,
    }
    return plain[name]


@cache
def bits(name: str) -> Callable[[Array, Array], Array]:
    """The meaning of a bit operator on integers of one width."""
    import numpy as np

    def unsigned(a: Array) -> Array:
        return np.asarray(a.view(a.dtype.str.replace("i", "u")))

    def logical_right(a: Array, b: Array) -> Array:
        return np.asarray(np.right_shift(unsigned(a), b.astype(unsigned(a).dtype)).view(a.dtype))

    table: dict[str, Callable[..., Any]] = {
        "bitwise_and": np.bitwise_and,
        "bitwise_or": np.bitwise_or,
        "bitwise_xor": np.bitwise_xor,
        "invert": lambda a, b: np.invert(a),
        "left_shift": np.left_shift,
        "logical_shift_left": np.left_shift,
        "right_shift": logical_right,
        "logical_shift_right": logical_right,
        "arithmetic_shift_right": np.right_shift,
    }
    return table[name]


def reduction(name: str, values: Array) -> Array:
    """Reduce float32 [P, M, N] over the last axis."""
    import numpy as np

    if name == "add":
        return np.asarray(np.add.reduce(values, axis=-1, dtype=np.float32))
    if name in ("maximum", "minimum", "multiply"):
        return np.asarray(getattr(np, name).reduce(values, axis=-1))
    if name in BITS:
        return np.asarray(getattr(np, name).reduce(values, axis=-1))
    result = values[..., 0]
    for at in range(1, values.shape[-1]):
        result = binary(name)(result, values[..., at])
    return result


@cache
def _erf() -> Callable[[Array], Array]:
    """erf in float64 by Chebyshev interpolation of math.erf on [-6, 6], 1 beyond: error below 1e-14 there."""
    import numpy as np

    nodes = 96
    fit = np.polynomial.Chebyshev.interpolate(np.vectorize(math.erf), nodes, domain=[-6, 6])
    return lambda x: np.asarray(fit(np.clip(x.astype(np.float64), -6, 6)))


@cache
def activation(name: str) -> Callable[[Array], Array]:
    """The float32 meaning of an activation function."""
    import numpy as np

    def erf(x: Array) -> Array:
        return _erf()(x).astype(np.float32)

    def sigmoid(x: Array) -> Array:
        return 1 / (1 + np.exp(-x))

    def normal(x: Array) -> Array:
        return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)

    root = math.sqrt(2 / math.pi)
    table: dict[str, Callable[[Array], Array]] = {
        "abs": np.abs,
        "arctan": np.arctan,
        "copy": lambda x: x,
        "cos": np.cos,
        "erf": erf,
        "exp": np.exp,
        "erf_dx": lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x),
        "log": np.log,
        "reciprocal": lambda x: 1 / x,
        "gelu": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
        "gelu_apprx_sigmoid": lambda x: x * sigmoid(1.702 * x),
        "gelu_apprx_sigmoid_dx": lambda x: sigmoid(1.702 * x) * (1 + 1.702 * x * (1 - sigmoid(1.702 * x))),
        "gelu_apprx_tanh": lambda x: x * (1 + np.tanh(root * (x + 0.044715 * x**3))) / 2,
        "gelu_dx": lambda x: (1 + erf(x / math.sqrt(2))) / 2 + x * normal(x),
        "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
        "relu": lambda x: np.maximum(x, 0),
        "rsqrt": lambda x: 1 / np.sqrt(x),
        "sigmoid": sigmoid,
        "sign": np.sign,
        "silu": lambda x: x * sigmoid(x),
        "silu_dx": lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x))),
        "sin": np.sin,
        "softplus": lambda x: np.logaddexp(0, x),
        "sqrt": np.sqrt,
        "square": np.square,
        "tanh": np.tanh,
        "tanh_dx": lambda x: 1 - np.tanh(x) ** 2,
        "floor": np.floor,
        "ceil": np.ceil,
        "trunc": np.trunc,
        "tan": np.tan,
    }
    return table[name]
