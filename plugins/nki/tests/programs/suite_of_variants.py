import itertools
import numpy as np
import pytest
import nki
import nki.language as nl
import nki.isa as nisa


def make_kernel(tile_n, use_scalar_engine):
    @nki.jit
    def kernel(x, y):
        P, N = x.shape
        out = nl.ndarray((P, N), dtype=x.dtype, buffer=nl.shared_hbm)
        for j in range(N // tile_n):
            s = nl.ds(j * tile_n, tile_n)
            a, b = nl.load(x[:, s]), nl.load(y[:, s])
            r = nl.ndarray((P, tile_n), dtype=x.dtype, buffer=nl.sbuf)
            nisa.tensor_tensor(r, a, b, op=nl.multiply)
            if use_scalar_engine:
                nisa.activation(r, op=nl.copy, data=r, scale=0.5)
            else:
                nisa.tensor_scalar(r, r, op0=nl.multiply, operand0=0.5)
            nl.store(out[:, s], r)
        return out

    return kernel


@pytest.mark.parametrize("tile_n,engine", list(itertools.product((128, 256), (True, False))))
def test_variants(tile_n, engine):
    rng = np.random.default_rng(tile_n)
    x, y = rng.random((2, 128, 512), dtype=np.float32)
    k = make_kernel(tile_n, engine)
    np.testing.assert_allclose(k(x, y), x * y * 0.5, rtol=1e-6)


def test_benchmark():
    x = np.ones((128, 512), np.float32)
    b = nki.benchmark(warmup=1, iters=1)(make_kernel(256, True))
    b(x, x)
    assert b.benchmark_result.nc_latency.get_latency_percentile(99) > 0


def test_bad_shape_is_reported():
    @nki.jit
    def bad(x):
        t = nl.load(x)
        o = nl.ndarray((4, 4), dtype=x.dtype, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=o, src=t)
        return o

    with pytest.raises(Exception) as e:
        bad(np.zeros((4, 8), np.float32))
    assert "elements" in str(e.value)
