"""NKI 1 kernels of matrix products and their benchmarks, in the manner people write them."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from nki_kernels import close, seeded

from accelcore_nki import ways
from accelcore_nki.nki1 import isa as nisa
from accelcore_nki.nki1 import kernels as nki
from accelcore_nki.nki1 import language as nl

BF16 = ml_dtypes.bfloat16


# Matrix products


@nki.jit
def matmul_one_tile(lhs_t, rhs):
    out = nl.ndarray((lhs_t.shape[1], rhs.shape[1]), dtype=lhs_t.dtype, buffer=nl.shared_hbm)
    i_k = nl.arange(lhs_t.shape[0])[:, None]
    i_m, i_n = nl.arange(lhs_t.shape[1])[None, :], nl.arange(rhs.shape[1])[None, :]
    result = nisa.nc_matmul(nl.load(lhs_t[i_k, i_m]), nl.load(rhs[i_k, i_n]))
    result = nl.copy(result, dtype=out.dtype)
    nl.store(out[nl.arange(lhs_t.shape[1])[:, None], i_n], value=result)
    return out


@nki.jit
def matmul_tiled(lhs_t, rhs):
    depth, rows = lhs_t.shape
    columns = rhs.shape[1]
    out = nl.ndarray((rows, columns), dtype=lhs_t.dtype, buffer=nl.shared_hbm)
    i_k, i_m, i_n = nl.arange(128)[:, None], nl.arange(128)[None, :], nl.arange(512)[None, :]
    for m in nl.affine_range(rows // 128):
        for n in nl.affine_range(columns // 512):
            acc = nl.zeros((nl.par_dim(128), 512), dtype=nl.float32, buffer=nl.psum)
            for k in nl.affine_range(depth // 128):
                left = nl.load(lhs_t[k * 128 + i_k, m * 128 + i_m])
                right = nl.load(rhs[k * 128 + i_k, n * 512 + i_n])
                acc[...] += nisa.nc_matmul(left, right)
            nl.store(out[m * 128 + nl.arange(128)[:, None], n * 512 + i_n], value=nl.copy(acc, dtype=out.dtype))
    return out


@nki.jit
def matmul_hoisted_with_blocks(lhs_t, rhs):
    depth, rows = lhs_t.shape
    columns = rhs.shape[1]
    out = nl.ndarray((rows, columns), dtype=lhs_t.dtype, buffer=nl.shared_hbm)
    i_p = nl.arange(128)[:, None]
    i_m, i_n = nl.arange(128)[None, :], nl.arange(512)[None, :]
    tiles = depth // 128
    for m in nl.affine_range(rows // 128):
        left = nl.ndarray((tiles, nl.par_dim(128), 128), dtype=lhs_t.dtype, buffer=nl.sbuf)
        for k in nl.affine_range(tiles):
            left[k, i_p, i_m] = nl.load(lhs_t[k * 128 + i_p, m * 128 + i_m])
        for n in nl.affine_range(columns // 512):
            right = nl.ndarray((tiles, nl.par_dim(128), 512), dtype=rhs.dtype)
            for k in nl.affine_range(tiles):
                right[k] = nl.load(rhs[k * 128 : (k + 1) * 128, n * 512 : (n + 1) * 512])
            acc = nl.zeros((128, 512), nl.float32, buffer=nl.psum)
            for k in nl.affine_range(tiles):
                acc += nl.matmul(left[k, i_p, i_m], right[k], transpose_x=True)
            result = nl.ndarray((nl.par_dim(128), 512), dtype=out.dtype)
            result[i_p, i_n] = acc[i_p, i_n]
            nl.store(out[m * 128 + i_p, n * 512 + i_n], result[i_p, i_n])
    return out


@nki.jit
def matmul_blocked(lhs_t, rhs, block_m=2, block_n=2, block_k=2):
    depth, rows = lhs_t.shape
    columns = rhs.shape[1]
    out = nl.ndarray((rows, columns), dtype=lhs_t.dtype, buffer=nl.shared_hbm)
    stripes = [n // (size * t) for n, size, t in ((rows, block_m, 128), (columns, block_n, 512), (depth, block_k, 128))]
    i_p, i_m, i_n = nl.arange(128)[:, None], nl.arange(128 * block_m)[None, :], nl.arange(512 * block_n)[None, :]
    for n in nl.affine_range(stripes[1]):
        sums = nl.zeros((stripes[0], block_m, block_n, nl.par_dim(128), 512), dtype=lhs_t.dtype, buffer=nl.sbuf)
        for k in nl.sequential_range(stripes[2]):
            right = nl.ndarray((block_k, nl.par_dim(128), 512 * block_n), dtype=rhs.dtype)
            for d in nl.affine_range(block_k):
                right[d, i_p, i_n] = nl.load(rhs[(k * block_k + d) * 128 + i_p, n * 512 * block_n + i_n])
            for m in nl.affine_range(stripes[0]):
                left = nl.ndarray((block_k, nl.par_dim(128), 128 * block_m), dtype=lhs_t.dtype)
                for d in nl.affine_range(block_k):
                    left[d, i_p, i_m] = nl.load(lhs_t[(k * block_k + d) * 128 + i_p, m * 128 * block_m + i_m])
                for a in nl.affine_range(block_m):
                    for b in nl.affine_range(block_n):
                        acc = nl.zeros((128, 512), dtype=nl.float32, buffer=nl.psum)
                        for d in nl.affine_range(block_k):
                            acc[...] += nisa.nc_matmul(
                                left[d, i_p, a * 128 + nl.arange(128)[None, :]],
                                right[d, i_p, b * 512 + nl.arange(512)[None, :]],
                            )
                        sums[m, a, b, i_p, nl.arange(512)[None, :]] += acc[i_p, nl.arange(512)[None, :]]
        for m in nl.affine_range(stripes[0]):
            for a in nl.affine_range(block_m):
                whole = nl.ndarray((128, 512 * block_n), dtype=out.dtype)
                for b in nl.affine_range(block_n):
                    whole[i_p, b * 512 + nl.arange(512)[None, :]] = nl.copy(sums[m, a, b])
                nl.store(out[(m * block_m + a) * 128 + i_p, n * 512 * block_n + i_n], whole[i_p, i_n])
    return out


@pytest.mark.parametrize(
    ("kernel", "shape"),
    [(matmul_one_tile, (128, 64, 512)), (matmul_tiled, (256, 256, 1024)), (matmul_hoisted_with_blocks, (384, 256, 512)),
     (matmul_blocked, (512, 256, 1024))],
)  # fmt: skip
def test_matrix_products(kernel, shape):
    depth, rows, columns = shape
    a, b = seeded(depth, rows), seeded(depth, columns, seed=8)
    close(kernel(a, b), a.T @ b, 1e-3)
    a, b = a.astype(BF16), b.astype(BF16)
    want = a.astype(np.float32).T @ b.astype(np.float32)
    assert np.abs(np.asarray(kernel(a, b), np.float32) - want).max() < 0.02 * np.abs(want).max()


def test_matmul_transposes_its_first_operand():
    def kernel(a, b, out):
        nl.store(out, nl.matmul(nl.load(a), nl.load(b)))

    a, b = seeded(64, 128), seeded(128, 256, seed=8)
    out = np.zeros((64, 256), np.float32)
    nki.simulate_kernel(kernel, a, b, out)
    close(out, a @ b, 1e-4)


def test_operand_masks_of_a_product():
    @nki.jit
    def kernel(a, b):
        out = nl.zeros((128, 512), dtype=nl.float32, buffer=nl.shared_hbm)
        i_k, i_m, i_n = nl.arange(128)[:, None], nl.arange(128)[None, :], nl.arange(512)[None, :]
        x = nl.load(a[i_k, i_m], mask=(i_k < 100) & (i_m < 60))
        y = nl.load(b[i_k, i_n], mask=(i_k < 100) & (i_n < 70))
        z = nl.matmul(x[(i_k < 100) & (i_m < 60)], y[(i_k < 100) & (i_n < 70)], transpose_x=True)
        i_r = nl.arange(128)[:, None]
        nl.store(out[i_r, i_n], z, mask=(i_r < 60) & (i_n < 70))
        return out

    a, b = seeded(100, 60), seeded(100, 70, seed=8)
    have = kernel(a, b)
    close(have[:60, :70], a.T @ b, 1e-4)
    assert not have[60:].any()


def test_a_benchmark_reports_modelled_time():
    timed = nki.benchmark(warmup=2, iters=3, save_neff_name="file.neff")(matmul_one_tile)
    a, b = seeded(128, 64), seeded(128, 512)
    close(timed(a, b), a.T @ b, 1e-3)
    latency = timed.benchmark_result.nc_latency
    assert latency.get_latency_percentile(50) == latency.get_latency_percentile(99) > 0
    assert nki.jit(mode="benchmark")(matmul_one_tile)(a, b).shape == (64, 512)


def test_a_long_benchmark_is_timed_only(monkeypatch):
    monkeypatch.setattr(ways, "_MOST_RUN", 10)
    timed = nki.benchmark(matmul_tiled)
    assert timed(np.zeros((256, 128), np.float64), np.zeros((256, 1024), np.float64)) is None
    assert timed.benchmark_result.nc_latency.get_latency_percentile(99) > 0
