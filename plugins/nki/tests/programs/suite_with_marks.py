import itertools

import ml_dtypes
import numpy as np
import pytest

import nki
import nki.isa as nisa
import nki.language as nl

BF16 = np.dtype(ml_dtypes.bfloat16)


@nki.jit
def residual_norm(x, residual, gamma, eps=1e-5, *, out_dtype=None):
    """rmsnorm(x + residual) * gamma and the sum itself."""
    rows, hidden = x.shape
    out = nl.ndarray(x.shape, dtype=out_dtype or x.dtype, buffer=nl.shared_hbm)
    summed = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    weights = nl.ndarray((nl.tile_size.pmax, hidden), dtype=gamma.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=weights, src=gamma.ap(pattern=[[0, nl.tile_size.pmax], [1, hidden]], offset=0))
    for at in range(0, rows, nl.tile_size.pmax):
        n = min(nl.tile_size.pmax, rows - at)
        a = nl.ndarray((n, hidden), dtype=x.dtype, buffer=nl.sbuf, name=f"a{at}")
        b = nl.ndarray((n, hidden), dtype=x.dtype, buffer=nl.sbuf, name=f"b{at}")
        nisa.dma_copy(dst=a, src=x[at : at + n])
        nisa.dma_copy(dst=b, src=residual[at : at + n])
        nisa.tensor_tensor(dst=a, data1=a, data2=b, op=nl.add)
        nisa.dma_copy(dst=summed[at : at + n], src=a)
        square, mean = nl.ndarray((n, hidden), dtype=nl.float32, buffer=nl.sbuf), nl.ndarray((n, 1), nl.float32)
        nisa.activation(dst=square, op=nl.square, data=a)
        nisa.tensor_reduce(dst=mean, op=nl.add, data=square, axis=1)
        nisa.tensor_scalar(mean, mean, nl.multiply, 1.0 / hidden, op1=nl.add, operand1=eps)
        nisa.activation(dst=mean, op=nl.rsqrt, data=mean)
        nisa.scalar_tensor_tensor(
            dst=square, data=a, op0=nl.multiply, operand0=mean, op1=nl.multiply, operand1=weights[0:n, :]
        )
        nisa.dma_copy(dst=out[at : at + n], src=square)
    return out, summed


def reference(x, residual, gamma, eps):
    s = (x.astype(np.float32) + residual.astype(np.float32)).astype(x.dtype).astype(np.float32)
    return s / np.sqrt((s**2).mean(axis=-1, keepdims=True) + eps) * gamma.astype(np.float32), s


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(20)


@pytest.fixture(params=[np.dtype("float32"), BF16], ids=str)
def dtype(request):
    return request.param


class TestResidualNorm:
    eps = 1e-5

    @pytest.mark.parametrize(
        ("rows", "hidden"), list(itertools.product((1, 128, 200), (64, 512))), ids=lambda v: f"n{v}"
    )
    def test_against_numpy(self, rng, dtype, rows, hidden):
        x, r = (rng.standard_normal((rows, hidden)).astype(dtype) for _ in range(2))
        g = rng.standard_normal(hidden).astype(dtype)
        out, total = residual_norm(x, r, g, self.eps)
        want, want_sum = reference(x, r, g, self.eps)
        tolerance = {"rtol": 3e-2, "atol": 3e-2} if dtype == BF16 else {"rtol": 1e-4, "atol": 1e-5}
        assert out.dtype == total.dtype == dtype
        np.testing.assert_allclose(np.asarray(out, np.float32), want, **tolerance)
        np.testing.assert_allclose(np.asarray(total, np.float32), want_sum, **tolerance)

    @pytest.mark.skipif(not hasattr(nl, "bfloat16"), reason="no bf16")
    def test_the_result_has_the_type_that_is_asked_for(self, rng):
        x = rng.standard_normal((4, 32)).astype(np.float32)
        out, _ = residual_norm(x, x, np.ones(32, np.float32), out_dtype=nl.bfloat16)
        assert out.dtype == BF16

    @pytest.mark.xfail(reason="gamma has too few elements", strict=True)
    def test_a_short_gamma(self, rng):
        x = rng.standard_normal((4, 32)).astype(np.float32)
        residual_norm(x, x, np.ones(16, np.float32))


def test_monkeypatched_tile_size_is_seen(monkeypatch, rng):
    assert nl.tile_size.pmax == 128
    x = rng.standard_normal((130, 32)).astype(np.float32)
    simulated = nki.simulate(residual_norm)
    out, _ = simulated(x, x, np.ones(32, np.float32))
    np.testing.assert_allclose(out, reference(x, x, np.ones(32), 1e-5)[0], rtol=1e-4, atol=1e-5)
