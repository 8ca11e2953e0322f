import numpy as np
import pytest
from neuronxcc import nki
from neuronxcc.nki import benchmark, baremetal, simulate_kernel
import neuronxcc.nki.language as nl
import neuronxcc.nki.isa as nisa
from neuronxcc.starfish.support.dtype import bfloat16, static_cast


@nki.jit
def fused_add_relu(a, b, out_dtype=None):
    n, d = a.shape
    out = nl.ndarray((n, d), dtype=out_dtype or a.dtype, buffer=nl.shared_hbm)
    for i in nl.affine_range(n // nl.tile_size.pmax):
        rows = nl.ds(i * nl.tile_size.pmax, nl.tile_size.pmax)
        r = nl.relu(nl.load(a[rows, :]) + nl.load(b[rows, :]))
        nl.store(out[rows, :], r)
    return out


class TestFused:
    @pytest.mark.parametrize("n,d,dtype,latency", [[256, 512, np.float32, 500], [128, 64, bfloat16, 500]])
    def test_perf(self, n, d, dtype, latency):
        a = static_cast(np.random.random_sample([n, d]) - 0.5, dtype)
        b = static_cast(np.random.random_sample([n, d]) - 0.5, dtype)
        bench_func = nki.benchmark(warmup=5, iters=20)(fused_add_relu)
        bench_func(a, b)
        latency_res = bench_func.benchmark_result.nc_latency
        assert latency_res.get_latency_percentile(50) < latency

    @pytest.mark.simulation
    @pytest.mark.parametrize("n,d,dtype", [[256, 512, np.float32], [128, 64, bfloat16]])
    def test_numeric(self, simulation_only, n, d, dtype):
        a = static_cast(np.random.random_sample([n, d]) - 0.5, dtype)
        b = static_cast(np.random.random_sample([n, d]) - 0.5, dtype)
        numeric_func = baremetal(fused_add_relu)
        golden = np.maximum(static_cast(a, np.float32) + static_cast(b, np.float32), 0)
        if simulation_only:
            out = simulate_kernel(numeric_func, a, b)
        else:
            out = numeric_func(a, b)
        assert np.allclose(static_cast(out, np.float32), golden, atol=1e-2)
