import unittest
import numpy as np
import nki
import nki.isa as nisa
import nki.language as nl


class Constraints(unittest.TestCase):
    def test_partition_limit(self):
        @nki.jit
        def bad(x):
            t = nl.ndarray((256, 4), dtype=x.dtype, buffer=nl.sbuf)
            nisa.dma_copy(t, x)
            return x

        with self.assertRaises(Exception):
            nki.simulate(bad)(np.zeros((256, 4), np.float32))

    def test_validation_error_type(self):
        @nki.jit
        def bad(x):
            a = nl.load(x)
            b = nl.ndarray((4, 8), dtype=x.dtype, buffer=nl.sbuf)
            nisa.tensor_tensor(b, a, a, nl.add)
            o = nl.ndarray((4, 8), dtype=x.dtype, buffer=nl.shared_hbm)
            nisa.dma_copy(o, b)
            return o

        with self.assertRaises(nisa.NkiValidationError):
            bad(np.zeros((4, 4), np.float32))

    def test_nan_for_uninitialised(self):
        @nki.jit
        def k(x):
            t = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.sbuf)
            nisa.dma_copy(t[0:2], x[0:2])
            o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
            nisa.dma_copy(o, t)
            return o

        r = nki.simulate(k)(np.ones((4, 4), np.float32))
        self.assertTrue(np.isnan(r[2:]).all())
        self.assertFalse(np.isnan(r[:2]).any())


if __name__ == "__main__":
    unittest.main()
