"""The kernels of the table as a NumPy user who minds temporaries writes them.

Each takes the arguments and the result, and gives a call without arguments.
"""

from __future__ import annotations

import numpy as np
from racing import Array, Call, array


def softmax(x: Array, *, out: Array) -> Call:
    top, total = array((len(x), 1), "f4"), array((len(x), 1), "f4")

    def run() -> None:
        np.max(x, axis=1, keepdims=True, out=top)
        np.subtract(x, top, out=out)
        np.exp(out, out=out)
        np.sum(out, axis=1, keepdims=True, out=total)
        np.divide(out, total, out=out)

    return run


def _normed(rows: Array, w: Array, out: Array) -> None:
    scale = np.sqrt(np.einsum("ij,ij->i", rows, rows) / np.float32(rows.shape[1]) + np.float32(1e-5))
    np.divide(rows, scale[:, None], out=out)
    np.multiply(out, w, out=out)


def rmsnorm(x: Array, w: Array, *, out: Array) -> Call:
    return lambda: _normed(x, w, out)


def residual_rmsnorm(x: Array, y: Array, w: Array, *, out: Array) -> Call:
    return lambda: _normed(np.add(x, y, out=out), w, out)


def layernorm(x: Array, w: Array, b: Array, *, out: Array) -> Call:
    def run() -> None:
        np.subtract(x, np.mean(x, axis=1, keepdims=True), out=out)
        _normed(out, w, out)
        np.add(out, b, out=out)

    return run


def logsumexp(x: Array, *, out: Array) -> Call:
    moved = array(x.shape, "f4")

    def run() -> None:
        top = np.max(x, axis=1, keepdims=True)
        np.exp(np.subtract(x, top, out=moved), out=moved)
        np.sum(moved, axis=1, out=out)
        np.add(np.log(out, out=out), top[:, 0], out=out)

    return run


def transpose(x: Array, *, out: Array) -> Call:
    return lambda: np.copyto(out, x.T)


def overlay_f32(base: Array, active: Array, *, out: Array) -> Call:
    low, rest = array(base.shape, "f4"), array(base.shape, "f4")
    dark = array(base.shape, "?")

    def run() -> None:
        np.less(base, 0.5, out=dark)
        np.multiply(base, active, out=low)
        np.multiply(low, 2, out=low)
        np.subtract(1, base, out=out)
        np.subtract(1, active, out=rest)
        np.multiply(out, rest, out=out)
        np.multiply(out, -2, out=out)
        np.add(out, 1, out=out)
        np.copyto(out, low, where=dark)

    return run


def multiply(base: Array, active: Array, *, out: Array) -> Call:
    wide = array(base.shape, "u2")

    def run() -> None:
        np.multiply(base, active, out=wide, dtype=np.uint16)
        np.floor_divide(wide, 255, out=wide)
        np.copyto(out, wide, casting="unsafe")

    return run


def darken(base: Array, active: Array, *, out: Array) -> Call:
    return lambda: np.minimum(base, active, out=out)


def five_loops(x: Array, y: Array, *, out: Array) -> Call:
    def run() -> None:
        np.subtract(x, y, out=out)
        np.multiply(out, out, out=out)
        np.multiply(out, 0.5, out=out)
        np.add(out, x, out=out)
        np.maximum(out, 0, out=out)

    return run


def saxpy(a: float, x: Array, y: Array, *, out: Array) -> Call:
    return lambda: np.add(np.multiply(x, np.float32(a), out=out), y, out=out)


def dot(x: Array, y: Array, *, out: Array) -> Call:
    return lambda: np.dot(x, y, out=out)


def argmax(x: Array, *, out: Array) -> Call:
    places = array((len(x),), "i8")
    return lambda: np.copyto(out, np.argmax(x, axis=1, out=places), casting="unsafe")


def prefix_sum(x: Array, *, out: Array) -> Call:
    return lambda: np.cumsum(x, out=out)


def histogram(x: Array, *, out: Array) -> Call:
    return lambda: np.copyto(out, np.bincount(x, minlength=256), casting="unsafe")


def sgemm(a: Array, b: Array, *, out: Array) -> Call:
    return lambda: np.matmul(a, b, out=out)


def gemv(a: Array, x: Array, *, out: Array) -> Call:
    return lambda: np.matmul(a, x, out=out)


def gemm_u8s8(a: Array, b: Array, *, out: Array) -> Call:
    left, right, product = array(a.shape, "f4"), array(b.shape, "f4"), array(out.shape, "f4")

    def run() -> None:  # exact while sums stay below 2**24
        np.copyto(left, a)
        np.copyto(right, b)
        np.copyto(out, np.matmul(left, right, out=product), casting="unsafe")

    return run


def conv3x3(x: Array, weight: Array, *, out: Array) -> Call:
    h, w, _ = out.shape
    part = array(out.shape, "f4")

    def run() -> None:
        out.fill(0)
        for di in range(3):
            for dj in range(3):
                np.add(out, np.matmul(x[di : di + h, dj : dj + w], weight[di, dj], out=part), out=out)

    return run


def attention(q: Array, k: Array, v: Array, *, out: Array) -> Call:
    score = array((len(q), len(k)), "f4")
    weigh = softmax(score, out=score)

    def run() -> None:
        np.matmul(q, k.T, out=score)
        np.multiply(score, 0.125, out=score)
        weigh()
        np.matmul(score, v, out=out)

    return run


def swiglu(x: Array, gate: Array, up: Array, *, out: Array) -> Call:
    g, e = array(out.shape, "f4"), array(out.shape, "f4")

    def run() -> None:
        np.matmul(x, gate, out=g)
        np.matmul(x, up, out=out)
        np.multiply(out, g, out=out)
        np.exp(np.negative(g, out=e), out=e)
        np.divide(out, np.add(e, 1, out=e), out=out)

    return run


WRITTEN = {
    write.__name__: write
    for write in (
        softmax, rmsnorm, residual_rmsnorm, layernorm, logsumexp, transpose, overlay_f32, multiply, darken, five_loops,
        saxpy, dot, argmax, prefix_sum, histogram, sgemm, gemv, gemm_u8s8, conv3x3, attention, swiglu,
    )
}  # fmt: skip
"""Those that NumPy can do by whole arrays: it has no erf, and overlay of bytes needs a choice between wide products."""
