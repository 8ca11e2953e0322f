"""NKI 2 kernels of element-wise chains and of layout, in the manner people write them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from nki_kernels import close, fetched, nisa, nl, ps, result, sb, seeded, sigmoid

from accelcore_nki import jit, simulate

P = nl.tile_size.pmax


# Element-wise chains, ragged shapes


def chain(x, body):
    """Rows of 128 at a time through body(dst, tile), the last one smaller."""
    out = result(x.shape, x.dtype)
    for start in nl.affine_range(math.ceil(x.shape[0] / P)):
        rows = slice(start * P, min(x.shape[0], (start + 1) * P))
        tile = fetched(x[rows, :])
        done = sb(tile.shape, x.dtype)
        body(done, tile)
        nisa.dma_copy(dst=out[rows, :], src=done)
    return out


def swish(dst, x):
    gate = sb(x.shape)
    nisa.activation(dst=gate, op=nl.sigmoid, data=x)
    nisa.tensor_tensor(dst=dst, data1=x, data2=gate, op=nl.multiply)


def gelu_by_hand(dst, x):
    cube = sb(x.shape)
    nisa.activation(dst=cube, op=nl.square, data=x)
    nisa.tensor_scalar(dst=cube, data=cube, op0=nl.multiply, operand0=0.044715, op1=nl.add, operand1=1.0)
    nisa.tensor_tensor(dst=cube, data1=cube, data2=x, op=nl.multiply)
    nisa.activation(dst=cube, op=nl.tanh, data=cube, scale=math.sqrt(2 / math.pi))
    nisa.scalar_tensor_tensor(dst=cube, data=cube, op0=nl.add, operand0=1.0, op1=nl.multiply, operand1=x)
    nisa.tensor_scalar(dst=dst, data=cube, op0=nl.multiply, operand0=0.5)


def leaky(dst, x):
    nisa.scalar_tensor_tensor(dst=dst, data=x, op0=nl.multiply, operand0=0.1, op1=nl.maximum, operand1=x)


def clipped(dst, x):
    nisa.tensor_scalar(dst=dst, data=x, op0=nl.minimum, operand0=1.0, op1=nl.maximum, operand1=-1.0)


def one_over(dst, x):
    nisa.tensor_scalar(dst=dst, data=x, op0=nl.abs_max, operand0=0.5)
    nisa.reciprocal(dst=dst, data=dst)


@pytest.mark.parametrize(
    ("body", "golden"),
    [
        (swish, lambda x: x * sigmoid(x)),
        (gelu_by_hand, lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
        (leaky, lambda x: np.maximum(0.1 * x, x)),
        (clipped, lambda x: np.clip(x, -1, 1)),
        (one_over, lambda x: 1 / np.maximum(np.abs(x), 0.5)),
    ],
)
@pytest.mark.parametrize("rows", [128, 200, 7])
def test_chains(body, golden, rows):
    x = seeded(rows, 70)
    close(simulate(lambda x: chain(x, body))(x), golden(x))


def test_swiglu():
    @jit
    def kernel(x, gate, up):
        """[k, t] by [k, n] twice."""
        out = result((x.shape[1], gate.shape[1]))
        tokens, weights = fetched(x), [fetched(gate), fetched(up)]
        products = [ps(out.shape) for _ in weights]
        for product, weight in zip(products, weights, strict=True):
            nisa.nc_matmul(dst=product, stationary=tokens, moving=weight)
        both = sb(out.shape)
        nisa.activation(dst=both, op=nl.silu, data=products[0])
        nisa.tensor_tensor(dst=both, data1=both, data2=products[1], op=nl.multiply)
        nisa.dma_copy(dst=out, src=both)
        return out

    x, gate, up = seeded(96, 64), seeded(96, 128, seed=1), seeded(96, 128, seed=2)
    a = x.T @ gate
    close(kernel(x, gate, up), a * sigmoid(a) * (x.T @ up), 1e-3)


# Layout: pooling, resizing, convolution, rotation


def test_average_pooling_by_an_access_pattern():
    @jit
    def pool(x, size):
        channels, height, width = x.shape
        out = result((channels, height // size, width // size))
        tile = fetched(x)
        windows = tile.ap([[height * width, channels], [size * width, height // size], [size, width // size],
                           [width, size], [1, size]])  # fmt: skip
        total = sb(out.shape)
        nisa.tensor_reduce(dst=total, op=nl.add, data=windows, axis=[3, 4])
        nisa.tensor_scalar(total, total, nl.multiply, 1 / size**2)
        nisa.dma_copy(out, total)
        return out

    x = seeded(32, 8, 12)
    close(pool(x, 2), x.reshape(32, 4, 2, 6, 2).mean((2, 4)))


def test_nearest_neighbours_by_repeated_strides():
    @jit
    def kernel(x, factor):
        rows, width = x.shape
        out = result((rows, width * factor))
        tile, wide = fetched(x), sb((rows, width, factor))
        nisa.tensor_copy(wide, tile.ap([[width, rows], [1, width], [0, factor]]))
        nisa.dma_copy(out, wide.reshape((rows, width * factor)))
        return out

    x = seeded(16, 10)
    close(kernel(x, 3), np.repeat(x, 3, 1))


def test_transposition_of_free_dimensions_and_by_dma():
    @jit
    def kernel(x):
        rows, a, b = x.shape
        outs = [result((rows, b, a)), result((a * b, rows))]
        tile, turned = fetched(x), sb((rows, b, a))
        nisa.tensor_copy(turned, tile.permute((0, 2, 1)))
        nisa.dma_copy(outs[0], turned)
        across = sb((a * b, rows))
        nisa.dma_transpose(across, x.reshape((rows, a * b)))
        nisa.dma_copy(outs[1], across)
        return tuple(outs)

    x = seeded(64, 6, 8)
    turned, across = kernel(x)
    close(turned, x.transpose(0, 2, 1))
    close(across, x.reshape(64, 48).T)


def test_depthwise_convolution():
    @jit
    def conv(x, w):
        channels, length = x.shape
        taps = w.shape[1]
        out = result((channels, length - taps + 1))
        tile, weights, acc = fetched(x), fetched(w), sb(out.shape)
        nisa.memset(acc, value=0.0)
        for t in nl.static_range(taps):
            nisa.scalar_tensor_tensor(
                acc, data=tile[:, t : t + out.shape[1]], op0=nl.multiply, operand0=weights[:, t : t + 1], op1=nl.add,
                operand1=acc,
            )  # fmt: skip
        nisa.dma_copy(out, acc)
        return out

    x, w = seeded(64, 50), seeded(64, 4, seed=2)
    close(conv(x, w), sum(x[:, t : t + 47] * w[:, t : t + 1] for t in range(4)))


def test_rotary_embedding():
    @jit
    def rope(x, cos, sin):
        rows, width = x.shape
        half = width // 2
        out = result(x.shape)
        tile, c, s, done, part = fetched(x), fetched(cos), fetched(sin), sb(x.shape), sb((rows, half))
        low, high = tile[:, 0:half], tile[:, half:width]
        for first, second, op, place in ((low, high, nl.subtract, 0), (high, low, nl.add, half)):
            into = done[:, place : place + half]
            nisa.tensor_tensor(into, first, c, nl.multiply)
            nisa.tensor_tensor(part, second, s, nl.multiply)
            nisa.tensor_tensor(into, into, part, op)
        nisa.dma_copy(out, done)
        return out

    x, angle = seeded(100, 64), seeded(100, 32, seed=2)
    cos, sin = np.cos(angle), np.sin(angle)
    want = np.concatenate([x[:, :32] * cos - x[:, 32:] * sin, x[:, 32:] * cos + x[:, :32] * sin], 1)
    close(rope(x, cos, sin), want)
