import numpy as np
import ml_dtypes
import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def through_scratch(x, w):
    """y = (x @ w) @ w.T with the middle in private HBM, operands turned by the PE with an identity."""
    m, k = x.shape
    k2, n = w.shape
    assert k == k2 and m <= 128 and k <= 128 and n <= 512
    middle = nl.ndarray((m, n), dtype=nl.float32, buffer=nl.private_hbm)
    out = nl.ndarray((m, k), dtype=nl.float32, buffer=nl.shared_hbm)
    eye = nl.ndarray((128, 128), dtype=nl.float32, buffer=nl.sbuf)
    nisa.dma_copy(dst=eye, src=nl.shared_identity_matrix(128, dtype=nl.float32))

    xs = nl.ndarray((m, k), dtype=x.dtype, buffer=nl.sbuf)
    ws = nl.ndarray((k, n), dtype=w.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=xs, src=x)
    nisa.dma_copy(dst=ws, src=w)

    xt_psum = nl.ndarray((k, m), dtype=nl.float32, buffer=nl.psum)
    nisa.nc_matmul(dst=xt_psum, stationary=xs, moving=eye[0:m, 0:m], is_transpose=True)
    xt = nl.ndarray((k, m), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_copy(dst=xt, src=xt_psum)

    first = nl.ndarray((m, n), dtype=nl.float32, buffer=nl.psum)
    nisa.nc_matmul(dst=first, stationary=xt, moving=ws)
    staged = nl.ndarray((m, n), dtype=nl.float32, buffer=nl.sbuf)
    nisa.activation(dst=staged, op=nl.copy, data=first, scale=1.0)
    nisa.dma_copy(dst=middle, src=staged)

    acc = nl.ndarray((m, k), dtype=nl.float32, buffer=nl.psum)
    chunks = [(at, min(128, n - at)) for at in range(0, n, 128)]
    ring = [nl.ndarray((128, m), dtype=nl.float32, buffer=nl.sbuf) for _ in range(2)]
    turned = [nl.ndarray((128, k), dtype=nl.float32, buffer=nl.sbuf) for _ in range(2)]
    for step, (at, size) in enumerate(chunks):
        left, right = ring[step % len(ring)], turned[step & 1]
        nisa.dma_transpose(dst=left[0:size, :], src=middle[:, at : at + size])
        bank = nl.ndarray((size, k), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_transpose(dst=bank, data=ws[:, at : at + size])
        nisa.tensor_copy(dst=right[:size], src=bank)
        nisa.nc_matmul(dst=acc, stationary=left[:size], moving=right[:size], accumulate=step > 0)
    result = nl.ndarray((m, k), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_copy(
        dst=result, src=acc, engine=nisa.vector_engine if hasattr(nisa, "vector_engine") else nisa.engine.vector
    )
    nisa.dma_copy(dst=out, src=result)
    return out, middle.shape


TABLE = np.linspace(-1, 1, 16, dtype=np.float32).reshape(1, 16)


@nki.jit
def add_table(x):
    table = nl.shared_constant(TABLE)
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    rows = x.shape[0]
    tile = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.sbuf)
    constant = nl.ndarray((rows, 16), dtype=nl.float32, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=x)
    nisa.dma_copy(dst=constant, src=table.ap([[0, rows], [1, 16]]))
    nisa.tensor_tensor(dst=tile, data1=tile, data2=constant, op=nl.add)
    nisa.dma_copy(dst=out, src=tile)
    return out


rng = np.random.default_rng(1)
x, w = rng.standard_normal((96, 64)).astype("f4"), rng.standard_normal((64, 300)).astype("f4")
y, shape = through_scratch(x, w)
assert shape == (96, 300)
np.testing.assert_allclose(y, (x @ w) @ w.T, rtol=2e-4, atol=2e-3)

half = rng.standard_normal((40, 16)).astype(ml_dtypes.bfloat16)
got = add_table(half)
assert got.dtype == half.dtype
np.testing.assert_allclose(got.astype("f4"), half.astype("f4") + TABLE, rtol=1e-2, atol=1e-2)
print("ok")
