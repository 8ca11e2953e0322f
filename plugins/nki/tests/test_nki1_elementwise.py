"""NKI 1 kernels of element-wise functions, masks and grids, in the manner people write them."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from nki_kernels import close, seeded, sigmoid

from accelcore_nki.nki1 import kernels as nki
from accelcore_nki.nki1 import language as nl

BF16 = ml_dtypes.bfloat16


# Element-wise, masks, grids


@nki.jit
def add_on_a_grid(a, b):
    out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
    row, column = nl.program_id(0) * 128, nl.program_id(1) * 512
    ix = row + nl.arange(128)[:, None]
    iy = column + nl.arange(512)[None, :]
    nl.store(out[ix, iy], value=nl.load(a[ix, iy]) + nl.load(b[ix, iy]))
    return out


def test_addition_on_a_grid():
    a, b = seeded(256, 1024, dtype=BF16), seeded(256, 1024, seed=4, dtype=BF16)
    have = add_on_a_grid[2, 2](a, b)
    assert have.dtype == BF16
    close(have, (a.astype(np.float32) + b.astype(np.float32)).astype(BF16))
    close(add_on_a_grid[nl.spmd_dim(nl.nc(2), 1), 2](a, b), have)


def square_of_a_ragged_shape(x, out):
    rows, columns = x.shape
    i_p, i_f = nl.mgrid[0:128, 0:256]
    for r in nl.affine_range(math.ceil(rows / 128)):
        for c in nl.affine_range(math.ceil(columns / 256)):
            inside = (r * 128 + i_p < rows) & (c * 256 + i_f < columns)
            tile = nl.load(x[r * 128 + i_p, c * 256 + i_f], mask=inside)
            tile = nl.square(tile, mask=inside)
            nl.store(out[r * 128 + i_p, c * 256 + i_f], tile, mask=inside)


@pytest.mark.parametrize("shape", [(128, 256), (130, 300), (5, 7), (257, 255)])
def test_masks_of_ragged_shapes(shape):
    x, out = seeded(*shape), np.zeros(shape, np.float32)
    nki.simulate_kernel(square_of_a_ragged_shape, x, out)
    close(out, x * x)


def test_a_mask_that_selects_nothing_skips_the_instruction():
    @nki.jit
    def kernel(x):
        out = nl.zeros(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        for block in nl.affine_range(4):
            tile = nl.load(x, mask=block < 2)
            nl.store(out, nl.add(tile, 1.0, mask=block < 2), mask=block < 2)
        return out

    x = seeded(16, 16)
    close(kernel(x), x + 1)


def test_a_triangle_is_stored_and_the_rest_is_left():
    @nki.jit
    def kernel(x):
        out = nl.zeros(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        i_p, i_f = nl.arange(64)[:, None], nl.arange(64)[None, :]
        nl.store(out[i_p, i_f], nl.load(x[i_p, i_f]), mask=i_p >= i_f)
        return out

    x = seeded(64, 64)
    close(kernel(x), np.tril(x))


def test_operators_of_tiles():
    @nki.jit
    def kernel(a, b):
        x, y = nl.load(a), nl.load(b)
        z = (x + y) * (x - 1.0) / (2.0 - y * np.float32(0.25)) - (-x) + abs(-y)
        z -= 0.5
        z *= y
        flags = nl.greater(x, y)
        z = z + nl.where(flags, x, 0.0) + nl.where(x < y, 1.0, y)
        out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.hbm)
        nl.store(out, z)
        return out

    a, b = seeded(64, 40), seeded(64, 40, seed=9)
    want = (
        ((a + b) * (a - 1) / (2 - b * 0.25) + a + np.abs(b) - 0.5) * b + np.where(a > b, a, 0) + np.where(a < b, 1, b)
    )
    close(kernel(a, b), want, 1e-4)


def test_integers_and_bits():
    @nki.jit
    def kernel(a):
        x = nl.load(a)
        low = nl.bitwise_and(x, 15)
        high = nl.right_shift(x, 4)
        out = nl.ndarray(a.shape, dtype=nl.int32, buffer=nl.shared_hbm)
        nl.store(out, (low << 2) + high % 3)
        return out

    a = np.arange(64 * 8, dtype=np.int32).reshape(64, 8)
    assert (kernel(a) == ((a & 15) << 2) + (a >> 4) % 3).all()


@pytest.mark.parametrize(
    ("name", "golden"),
    [
        ("exp", np.exp), ("tanh", np.tanh), ("sqrt", lambda x: np.sqrt(x)), ("log", np.log), ("abs", np.abs),
        ("sigmoid", sigmoid), ("silu", lambda x: x * sigmoid(x)), ("relu", lambda x: np.maximum(x, 0)),
        ("reciprocal", lambda x: 1 / x), ("rsqrt", lambda x: 1 / np.sqrt(x)), ("negative", lambda x: -x),
        ("floor", np.floor), ("ceil", np.ceil), ("trunc", np.trunc), ("sin", np.sin), ("cos", np.cos),
        ("softplus", lambda x: np.log1p(np.exp(x))), ("square", np.square), ("sign", np.sign), ("tan", np.tan),
        ("gelu_apprx_tanh", lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
    ],
)  # fmt: skip
def test_functions(name, golden):
    def kernel(x, out):
        nl.store(out, getattr(nl, name)(nl.load(x)))

    x = np.abs(seeded(32, 20)) + np.float32(0.1)
    out = np.zeros_like(x)
    nki.simulate_kernel(kernel, x, out)
    close(out, golden(x), 1e-4)
