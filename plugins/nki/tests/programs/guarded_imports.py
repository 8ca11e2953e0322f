import numpy as np

try:
    import torch

    HAS_TORCH = True
except ImportError:
    HAS_TORCH = False
try:
    import nki
    import nki.isa as nisa
    import nki.language as nl

    HAS_NKI = True
except ImportError:
    HAS_NKI = False

if HAS_NKI:

    @nki.jit
    def gemm(a, b):
        """C = A @ B with A [M,K] row major; A tiles are transposed by the tensor engine."""
        M, K = a.shape
        _, N = b.shape
        c = nl.ndarray((M, N), dtype=a.dtype, buffer=nl.shared_hbm)
        for m in nl.affine_range(M // 128):
            for n in nl.affine_range(N // 512):
                acc = nl.zeros((128, 512), dtype=nl.float32, buffer=nl.psum)
                for k in nl.affine_range(K // 128):
                    at = nl.ndarray((128, 128), dtype=a.dtype, buffer=nl.sbuf)
                    nisa.dma_transpose(dst=at, src=a[m * 128 : (m + 1) * 128, k * 128 : (k + 1) * 128])
                    bt = nl.ndarray((128, 512), dtype=b.dtype, buffer=nl.sbuf)
                    nisa.dma_copy(dst=bt, src=b[k * 128 : (k + 1) * 128, n * 512 : (n + 1) * 512])
                    nisa.nc_matmul(dst=acc, stationary=at, moving=bt, accumulate=True)
                out = nl.ndarray((128, 512), dtype=c.dtype, buffer=nl.sbuf)
                nisa.tensor_copy(dst=out, src=acc)
                nisa.dma_copy(dst=c[m * 128 : (m + 1) * 128, n * 512 : (n + 1) * 512], src=out)
        return c


def dispatch(a, b):
    if HAS_TORCH:
        return torch.matmul(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    return nki.simulate(gemm)(a, b)


a = np.random.default_rng(0).standard_normal((256, 128)).astype(np.float32)
b = np.random.default_rng(1).standard_normal((128, 512)).astype(np.float32)
assert HAS_NKI and not HAS_TORCH
assert np.allclose(dispatch(a, b), a @ b, atol=1e-3)
print("dispatch ok")
