import sys
import unittest
from unittest import mock

import numpy as np

import nki
import nki.isa as nisa
import nki.language as nl
from nki.isa import dma_copy, nc_matmul, tensor_copy


@nki.jit
def linear(x, weight, bias=None, activation=None):
    """activation(x @ weight + bias): x [M, K] with M, K multiples of 128; bias [1, N]."""
    (m, k), (_, n) = x.shape, weight.shape
    assert k % 128 == 0, f"K must divide by 128, got {k}"
    out = nl.ndarray((m, n), dtype=nl.float32, buffer=nl.shared_hbm)
    weights = nl.ndarray((128, k // 128, n), dtype=weight.dtype, buffer=nl.sbuf)
    dma_copy(dst=weights, src=weight.reshape((k // 128, 128, n)).ap([[n, 128], [128 * n, k // 128], [1, n]]))
    spread = None
    if bias is not None:
        spread = nl.ndarray((128, n), dtype=nl.float32, buffer=nl.sbuf)
        dma_copy(dst=spread, src=bias.ap([[0, 128], [1, n]]))
    for row in range(0, m, 128):
        size = min(128, m - row)
        psum = nl.ndarray((size, n), dtype=nl.float32, buffer=nl.psum)
        for block in range(k // 128):
            turned = nl.ndarray((128, size), dtype=x.dtype, buffer=nl.sbuf)
            nisa.dma_transpose(dst=turned, src=x[row : row + size, block * 128 : (block + 1) * 128])
            nc_matmul(dst=psum, stationary=turned, moving=weights[:, block, :])
        result = nl.ndarray((size, n), dtype=nl.float32, buffer=nl.sbuf)
        if spread is None:
            tensor_copy(dst=result, src=psum)
        else:
            nisa.tensor_tensor(result, psum, spread[0:size], nl.add)
        if activation is not None:
            nisa.activation(result, activation, result)
        dma_copy(dst=out[row : row + size], src=result)
    return out


class Base:
    shape = (128, 128, 64)

    def setUp(self):
        super().setUp()
        self.rng = np.random.default_rng(len(self.id()))
        m, k, n = self.shape
        self.x = self.rng.uniform(-1, 1, (m, k)).astype(np.float32)
        self.w = self.rng.uniform(-1, 1, (k, n)).astype(np.float32)
        self.b = self.rng.uniform(-1, 1, (1, n)).astype(np.float32)
        self.addCleanup(lambda: setattr(self, "x", None))

    def assertClose(self, got, want, places=4):
        self.assertEqual(got.shape, want.shape)
        self.assertLess(np.abs(got - want).max(), 10**-places)

    def test_plain(self):
        self.assertClose(linear(self.x, self.w), self.x @ self.w)

    def test_with_bias(self):
        for activation, reference in ((None, lambda v: v), (nl.relu, lambda v: np.maximum(v, 0)), (nl.tanh, np.tanh)):
            with self.subTest(activation=str(activation)):
                got = linear(self.x, self.w, bias=self.b, activation=activation)
                self.assertClose(got, reference(self.x @ self.w + self.b))


class TestSmall(Base, unittest.TestCase):
    pass


class TestRagged(Base, unittest.TestCase):
    shape = (200, 256, 100)

    def tearDown(self):
        self.assertIsNotNone(self.x)

    def test_k_must_divide(self):
        with self.assertRaisesRegex(AssertionError, "divide by 128"):
            linear(self.x[:, :100].copy(), self.w[:100])

    @unittest.skipUnless(sys.platform.startswith("linux"), "only there")
    def test_numbers_of_calls(self):
        with mock.patch.object(nisa, "dma_transpose", wraps=nisa.dma_transpose) as spy:
            linear(self.x, self.w)
        self.assertEqual(spy.call_count, 4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
