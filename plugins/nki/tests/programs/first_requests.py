"""What NKI 1 kernels ask of the compiler and tell the host: allocation, decorators, prints, types, several results."""

import numpy as np
import ml_dtypes

import neuronxcc.nki as nki
import neuronxcc.nki.compiler as ncc
import neuronxcc.nki.isa as nisa
import neuronxcc.nki.language as nl
import neuronxcc.nki.typing as nt
from neuronxcc.nki.language import par_dim


@nki.compiler.skip_middle_end_transformations
@nki.jit(debug_kernel=True)
def allocated(x: nt.tensor) -> nt.tensor:
    p, f = x.shape
    blocks = f // 128
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    buffers = nl.ndarray(
        (blocks, par_dim(p), 128), dtype=x.dtype, buffer=ncc.sbuf.mod_alloc(base_addr=0, num_free_tiles=(2,))
    )
    turned = nl.ndarray(
        (blocks, par_dim(128), p), dtype=nl.float32, buffer=ncc.psum.mod_alloc(base_bank=0, num_bank_tiles=(blocks,))
    )
    back = nl.ndarray((par_dim(p), f), dtype=x.dtype, buffer=nl.sbuf)
    i_p, i_f, i_q = nl.arange(p)[:, None], nl.arange(128)[None, :], nl.arange(128)[:, None]
    i_r = nl.arange(p)[None, :]
    for b in nl.affine_range(blocks):
        buffers[b, i_p, i_f] = nl.load(x[i_p, b * 128 + i_f])
        turned[b, i_q, i_r] = nisa.nc_transpose(buffers[b, i_p, i_f])
        kept = nisa.tensor_copy(turned[b], dtype=x.dtype, engine=nisa.vector_engine)
        back[i_p, b * 128 + i_f] = nl.copy(nisa.nc_transpose(kept), dtype=x.dtype)
    nl.store(out[i_p, nl.arange(f)[None, :]], value=back)
    return out


@nki.compiler.enable_stack_allocator
@nki.jit(platform_target="trn1")
def typed(x):
    """Each result in a type of its own."""
    tile = nl.load(x, dtype=nl.float32)
    nl.device_print("tile", tile[0:1, 0:2])
    results = []
    for dtype in (nl.float32, nl.bfloat16, np.float16, nl.int32):
        out = nl.ndarray(x.shape, dtype=dtype, buffer=nl.shared_hbm)
        nl.store(out, value=nl.static_cast(tile, dtype))
        results.append(out)
    flags = nl.ndarray((x.shape[0], 1), dtype=nl.uint8, buffer=nl.shared_hbm)
    nl.store(flags, nl.all(tile > 0.0, axis=[1], dtype=nl.uint8))
    assert tile.dtype == nl.float32 and tile.itemsize == 4 and tile.ndim == 2
    return (*results, flags)


@nki.jit
def middle(x, y):
    """A private tensor in HBM between two stages, and an identity for the tensor engine."""
    m, k = x.shape
    n = y.shape[1]
    between = nl.ndarray((m, n), dtype=nl.float32, buffer=nl.private_hbm)
    out = nl.ndarray((n, m), dtype=nl.float32, buffer=nl.shared_hbm)
    identity = nl.load(nl.shared_identity_matrix(128, dtype=nl.float32))
    left = nl.load_transpose2d(x)
    product = nl.zeros((par_dim(m), n), dtype=nl.float32, buffer=nl.psum)
    product[...] += nisa.nc_matmul(left, nl.load(y))
    nl.store(between, nl.copy(product))
    again = nl.load(between)
    turned = nisa.nc_matmul(again, identity[0:m, 0:m], is_moving_onezero=True, is_transpose=True)
    nl.store(out, value=nl.copy(turned))
    return out


rng = np.random.default_rng(9)
x = rng.standard_normal((128, 384)).astype(np.float32)
np.testing.assert_allclose(allocated(x), x, rtol=1e-6)
y = rng.uniform(-3, 3, (16, 32)).astype(np.float32)
y[3] = np.abs(y[3]) + 0.1
f32, bf16, f16, i32, positive = typed(y)
assert (f32.dtype, f16.dtype, i32.dtype) == (np.float32, np.float16, np.int32)
assert bf16.dtype == ml_dtypes.bfloat16
np.testing.assert_array_equal(f16, y.astype(np.float16))
assert np.abs(i32 - y).max() <= 1
np.testing.assert_array_equal(positive[:, 0], (y > 0).all(axis=1))
a, b = rng.standard_normal((96, 64)).astype("f4"), rng.standard_normal((64, 80)).astype("f4")
np.testing.assert_allclose(middle(a, b), (a @ b).T, rtol=1e-4, atol=1e-4)
print("requests granted or ignored")
