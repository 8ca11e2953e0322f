"""What the tests of the simulator share: kernels around one instruction, inputs, NumPy's forms."""

from __future__ import annotations

import numpy as np

from accelcore_nki import isa, language, run, simulate

nl, nisa = language, isa
RNG = np.random.default_rng(7)
STATE = RNG.bit_generator.state


def normal(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def seeded(*shape, seed=3, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def close(have, want, tolerance=1e-5):
    np.testing.assert_allclose(
        np.asarray(have, np.float32), np.asarray(want, np.float32), rtol=tolerance, atol=tolerance
    )


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def through(instruction, *arrays, shape=None, dtype="float32", target="trn2", strict=True, init=None):
    """Load arrays to SBUF, call instruction(dst, *tiles), store dst; returns the NumPy result."""

    def kernel(*inputs):
        tiles = [nl.load(x) for x in inputs]
        extent = tuple(shape or arrays[0].shape)
        dst = nl.ndarray(extent, dtype=dtype, buffer=nl.sbuf)
        if init is not None:
            nisa.memset(dst, init)
        instruction(dst, *tiles)
        out = nl.ndarray(extent, dtype=dtype, buffer=nl.shared_hbm)
        nisa.dma_copy(out, dst)
        return out

    return simulate(kernel, target=target, strict=strict)(*arrays)


def traced(body, *arrays, target="trn2"):
    """Run a kernel body that returns nothing, around one output, for its errors."""

    def kernel(*inputs):
        out = nl.ndarray((1, 1), dtype="float32", buffer=nl.shared_hbm)
        body(*inputs)
        nisa.dma_copy(out, nl.zeros((1, 1), dtype="float32"))
        return out

    return run(kernel, arrays, {}, target=target)


def sb(shape, dtype=nl.float32):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.sbuf)


def ps(shape, dtype=nl.float32):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.psum)


def result(shape, dtype=nl.float32):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.shared_hbm)


def fetched(x, dtype=None):
    tile = sb(x.shape, dtype or x.dtype)
    nisa.dma_copy(dst=tile, src=x)
    return tile
