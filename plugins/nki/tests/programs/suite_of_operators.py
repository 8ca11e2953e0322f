import numpy as np
import pytest
import nki
import nki.language as nl

UNARY = {
    "exp": np.exp,
    "square": np.square,
    "abs": np.abs,
    "tanh": np.tanh,
    "sqrt": lambda x: np.sqrt(np.abs(x)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "negative": np.negative,
    "reciprocal": lambda x: 1 / x,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "sin": np.sin,
    "cos": np.cos,
    "arctan": np.arctan,
    "silu": lambda x: x / (1 + np.exp(-x)),
    "log": lambda x: np.log(np.abs(x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "rsqrt": lambda x: 1 / np.sqrt(np.abs(x)),
}
POSITIVE = ("sqrt", "log", "rsqrt")
BINARY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "divide": np.divide,
    "greater": np.greater,
    "less_equal": np.less_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "greater_equal": np.greater_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "power": lambda a, b: np.abs(a) ** b,
    "abs_max": lambda a, b: np.maximum(abs(a), abs(b)),
    "abs_min": lambda a, b: np.minimum(abs(a), abs(b)),
}


@pytest.mark.parametrize("name", list(UNARY))
def test_unary(name):
    @nki.jit
    def kernel(x):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(out, getattr(nl, name)(nl.load(x)))
        return out

    x = np.random.default_rng(0).uniform(-3, 3, (32, 40)).astype(np.float32)
    if name in POSITIVE:
        x = np.abs(x) + 0.1
    np.testing.assert_allclose(kernel(x), UNARY[name](x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", list(BINARY))
@pytest.mark.parametrize("bshape", [(32, 40), (32, 1), ()])
def test_binary(name, bshape):
    @nki.jit
    def kernel(x, y):
        out = nl.ndarray(x.shape, dtype=nl.float32, buffer=nl.shared_hbm)
        b = nl.load(y) if bshape else 1.5
        r = getattr(nl, name)(nl.load(x), b)
        nl.store(out, r)
        return out

    rng = np.random.default_rng(1)
    x = rng.uniform(-2, 2, (32, 40)).astype(np.float32)
    y = rng.uniform(-2, 2, bshape or (1, 1)).astype(np.float32)
    if name == "power":
        x = np.abs(x)
    want = BINARY[name](x, y if bshape else 1.5)
    np.testing.assert_allclose(kernel(x, y), want.astype(np.float32), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "name,axis",
    [("sum", 1), ("max", 1), ("min", -1), ("mean", 1), ("prod", 1), ("var", 1), ("sum", (1, 2)), ("max", [1, 2])],
)
@pytest.mark.parametrize("keepdims", [True, False])
def test_reduce(name, axis, keepdims):
    shape = (16, 4, 6) if not isinstance(axis, int) else (16, 24)

    @nki.jit
    def kernel(x):
        r = (
            getattr(nl, name)(nl.load(x), axis=axis, keepdims=keepdims)
            if name != "var"
            else nl.var(nl.load(x), axis=axis)
        )
        out = nl.ndarray(r.shape, dtype=nl.float32, buffer=nl.shared_hbm)
        nl.store(out, r)
        return out

    x = np.random.default_rng(2).uniform(0.5, 1.5, shape).astype(np.float32)
    want = getattr(np, name)(x, axis=tuple(axis) if isinstance(axis, list) else axis).reshape(16)
    np.testing.assert_allclose(kernel(x).reshape(16), want, rtol=1e-3)
