import unittest
import numpy as np
import nki
import nki.language as nl
import nki.isa as nisa


@nki.jit(platform_target="trn2")
def softmax_kernel(x, scale: float = 1.0):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    n, d = x.shape
    for t in range(0, n, 128):
        sz = min(128, n - t)
        x_sb = nl.ndarray((sz, d), dtype=nl.float32, buffer=nl.sbuf, name=f"x_{t}")
        nisa.dma_copy(x_sb, x[nl.ds(t, sz), :])
        neg_max = nl.ndarray((sz, 1), nl.float32, buffer=nl.sbuf)
        nisa.tensor_reduce(dst=neg_max, op=nl.maximum, data=x_sb, axis=(1,), negate=True)
        nisa.tensor_scalar(neg_max, neg_max, op0=nl.multiply, operand0=scale)
        e = nl.ndarray((sz, d), nl.float32, buffer=nl.sbuf)
        s = nl.ndarray((sz, 1), nl.float32, buffer=nl.sbuf)
        nisa.activation(
            dst=e,
            op=nl.exp,
            data=x_sb,
            bias=neg_max,
            scale=scale,
            reduce_op=nl.add,
            reduce_res=s,
            reduce_cmd=nisa.reduce_cmd.reset_reduce,
        )
        nisa.reciprocal(dst=s, data=s)
        y = nl.ndarray((sz, d), x.dtype, buffer=nl.sbuf)
        nisa.tensor_scalar(dst=y, data=e, op0=nl.multiply, operand0=s)
        nisa.dma_copy(out[nl.ds(t, sz), :], y)
    return out


def ref(x, scale=1.0):
    z = x * scale
    z = np.exp(z - z.max(axis=-1, keepdims=True))
    return z / z.sum(-1, keepdims=True)


class SoftmaxTest(unittest.TestCase):
    def setUp(self):
        np.random.seed(42)

    def test_basic(self):
        x = np.random.randn(128, 256).astype(np.float32)
        np.testing.assert_allclose(softmax_kernel(x), ref(x), rtol=1e-4, atol=1e-5)

    def test_ragged(self):
        for n in (1, 5, 129, 200):
            with self.subTest(n=n):
                x = np.random.randn(n, 33).astype(np.float32)
                self.assertTrue(np.allclose(nki.simulate(softmax_kernel)(x, 0.5), ref(x, 0.5), atol=1e-5))

    def test_kwargs(self):
        x = np.random.randn(16, 16).astype(np.float32)
        self.assertTrue(np.allclose(softmax_kernel(x=x, scale=2.0), ref(x, 2.0), atol=1e-5))


if __name__ == "__main__":
    unittest.main(verbosity=2)
