"""Masks and broadcasting of NKI 1 on every kind of operation, over ragged edges and several block dimensions."""

import numpy as np
from neuronxcc import nki
import neuronxcc.nki.isa as nisa
import neuronxcc.nki.language as nl


@nki.jit
def normalised(x, gamma):
    """[B, R, C] normalised over C, one row of gamma for all."""
    b, r, c = x.shape
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    i_p = nl.arange(128)[:, None]
    i_f = nl.arange(c)[None, :]
    weights = nl.load(gamma.reshape((1, c))[nl.arange(1)[:, None], i_f])
    for i_b in nl.affine_range(b):
        for t in nl.affine_range(int(np.ceil(r / 128))):
            rows = t * 128 + i_p
            tile = nl.load(x[i_b, rows, i_f], mask=(rows < r))
            mean = nl.mean(tile, axis=[1], keepdims=True, mask=(rows < r))
            centred = nl.subtract(tile, mean, mask=(rows < r))
            variance = nl.sum(nl.square(centred, mask=(rows < r)), axis=1, keepdims=True, mask=(rows < r)) / c
            scaled = nl.multiply(centred, nl.rsqrt(variance + 1e-6, mask=(rows < r)), mask=(rows < r))
            result = nl.multiply(scaled, weights.broadcast_to((128, c)), mask=(rows < r))
            nl.store(out[i_b, rows, i_f], value=result, mask=(rows < r))
    return out


@nki.jit
def corners(x):
    """Zero outside a box that is ragged on both sides."""
    out = nl.zeros(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    i = nl.mgrid[0:128, 0:256]
    inside = (i.p < 100) & (i.x < 200) & (i.x > 9)
    tile = nl.load(x[i.p, i.x], mask=inside)
    nl.store(out[i.p, i.x], nl.exp(tile, mask=inside), mask=inside)
    return out


@nki.jit
def blocked(x):
    """Two block dimensions before the partition; each block reduced along its free axes."""
    n, m, p, f = x.shape
    out = nl.ndarray((n, m, p, 1), dtype=x.dtype, buffer=nl.shared_hbm)
    tiles = nl.ndarray((n, m, nl.par_dim(p), f), dtype=x.dtype, buffer=nl.sbuf)
    totals = nl.zeros((n, m, nl.par_dim(p), 1), dtype=nl.float32, buffer=nl.sbuf)
    i_p, i_f, i_one = nl.arange(p)[:, None], nl.arange(f)[None, :], nl.arange(1)[None, :]
    for a in nl.affine_range(n):
        for b in nl.affine_range(m):
            tiles[a, b, i_p, i_f] = nl.load(x[a, b, i_p, i_f])
    for a in nl.affine_range(n):
        for b in nl.affine_range(m):
            totals[a, b, i_p, i_one] += nl.max(tiles[a, b], axis=1, keepdims=True)
            nl.store(out[a, b, i_p, i_one], value=totals[a, b])
    return out


@nki.jit
def compare(x, y):
    """Comparisons, logic and selection by value."""
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    bits = nl.ndarray(x.shape, dtype=nl.uint8, buffer=nl.shared_hbm)
    a, b = nl.load(x), nl.load(y)
    greater = a > b
    chosen = nl.logical_or(nl.equal(a, 0.0), greater)
    nl.store(out, nl.where(chosen, nl.maximum(a, b), nl.negative(nl.abs(b))))
    nl.store(bits, nl.copy(nl.logical_not(chosen), dtype=nl.uint8))
    return out, bits


@nki.jit
def across(x):
    """A column vector beside rows: broadcasting on both axes, the partition by the tensor engine."""
    n = x.shape[1]
    out = nl.ndarray((n, n), dtype=x.dtype, buffer=nl.shared_hbm)
    row = nl.load(x)
    column = nl.transpose(row)
    ones = nl.ones((1, n), dtype=x.dtype)
    outer = nl.matmul(row, ones, transpose_x=True)
    assert outer.shape == (n, n) and column.shape == (n, 1)
    table = nl.copy(outer) - row.broadcast_to((n, n)) + nl.copy(column)
    nl.store(out, table)
    return out


rng = np.random.default_rng(8)
x, g = rng.standard_normal((2, 150, 40)).astype("f4"), rng.standard_normal(40).astype("f4")
c = x - x.mean(-1, keepdims=True)
np.testing.assert_allclose(
    normalised(x, g), c / np.sqrt((c * c).mean(-1, keepdims=True) + 1e-6) * g, rtol=1e-3, atol=1e-4
)
y = rng.standard_normal((128, 256)).astype("f4")
want = np.zeros_like(y)
want[:100, 10:200] = np.exp(y[:100, 10:200])
np.testing.assert_allclose(corners(y), want, rtol=1e-5)
z = rng.standard_normal((2, 3, 64, 20)).astype("f4")
np.testing.assert_allclose(blocked(z), z.max(-1, keepdims=True), rtol=1e-6)
a, b = rng.integers(-2, 3, (2, 32, 32)).astype("f4")
chosen = (a == 0) | (a > b)
got, bits = compare(a, b)
np.testing.assert_array_equal(got, np.where(chosen, np.maximum(a, b), -np.abs(b)))
np.testing.assert_array_equal(bits, ~chosen)
v = rng.standard_normal((1, 48)).astype("f4")
np.testing.assert_allclose(across(v), v.T - v + v.T, rtol=1e-5, atol=1e-6)
print("broadcasts agree")
