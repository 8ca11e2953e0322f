"""Idioms of NKI 1 kernels, one after another: blocks, grids, masks, gathers, scans, operands, rebinding."""

from __future__ import annotations

import math

import numpy as np
import pytest
from nki_kernels import RNG, close, normal

from accelcore_nki.nki1 import isa as nisa
from accelcore_nki.nki1 import kernels as nki
from accelcore_nki.nki1 import language as nl
from accelcore_nki.nki1 import surface

ncc = surface.modules()["neuronxcc.nki.compiler"]
nt = surface.modules()["neuronxcc.nki.typing"]


def test_blocks_mod_alloc():
    @nki.jit
    def k(x):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        b = nl.ndarray(
            (4, nl.par_dim(128), 64), dtype=x.dtype, buffer=ncc.sbuf.mod_alloc(base_addr=0, num_free_tiles=(2,))
        )
        p = nl.ndarray(
            (4, nl.par_dim(128), 64), dtype=np.float32, buffer=ncc.psum.mod_alloc(base_bank=0, num_bank_tiles=(2,))
        )
        for i in nl.affine_range(4):
            b[i, nl.arange(128)[:, None], nl.arange(64)[None, :]] = nl.load(
                x[i * 128 + nl.arange(128)[:, None], nl.arange(64)[None, :]]
            )
            p[i] = nl.exp(b[i, :, :])
            nl.store(out[i * 128 : (i + 1) * 128, :], nl.copy(p[i]))
        return out

    x = normal(512, 64)
    close(k(x), np.exp(x))


def test_out_param_grid_typing():
    @nki.jit
    def k(a: nt.tensor, o: nt.mutable_tensor[nl.float32]):
        i = nl.program_id(0)
        j = nl.program_id(axis=1)
        ip = i * 32 + nl.arange(32)[:, None]
        jf = j * 16 + nl.arange(16)[None, :]
        nl.store(o[ip, jf], value=nl.load(a[ip, jf]) + 1)

    a = normal(64, 32)
    o = np.zeros_like(a)
    nki.simulate_kernel(k[2, 2], a, o)
    close(o, a + 1)


def test_transposed_store():
    @nki.jit
    def k(a):
        o = nl.ndarray((a.shape[1], a.shape[0]), dtype=a.dtype, buffer=nl.shared_hbm)
        t = nl.load(a)
        ip = nl.arange(a.shape[1])[:, None]
        jf = nl.arange(a.shape[0])[None, :]
        tt = nl.ndarray((nl.par_dim(a.shape[1]), a.shape[0]), dtype=a.dtype, buffer=nl.sbuf)
        tt[ip, jf] = nisa.nc_transpose(t)
        nl.store(o[ip, jf], tt[ip, jf])
        return o

    a = normal(100, 60)
    close(k(a), a.T)


def test_masked_k_matmul():
    @nki.jit
    def k(a, b):
        K, M = a.shape
        _, Nn = b.shape
        o = nl.ndarray((M, Nn), dtype=a.dtype, buffer=nl.shared_hbm)
        ik = nl.arange(128)[:, None]
        im = nl.arange(128)[None, :]
        i_n = nl.arange(512)[None, :]
        for m in nl.affine_range(math.ceil(M / 128)):
            for n in nl.affine_range(math.ceil(Nn / 512)):
                acc = nl.zeros((128, 512), dtype=nl.float32, buffer=nl.psum)
                for q in nl.affine_range(math.ceil(K / 128)):
                    left = nl.zeros((128, 128), dtype=a.dtype)
                    r = nl.zeros((128, 512), dtype=b.dtype)
                    left[ik, im] = nl.load(a[q * 128 + ik, m * 128 + im], mask=(q * 128 + ik < K) & (m * 128 + im < M))
                    r[ik, i_n] = nl.load(b[q * 128 + ik, n * 512 + i_n], mask=(q * 128 + ik < K) & (n * 512 + i_n < Nn))
                    acc[...] += nl.matmul(left, r, transpose_x=True)
                ir = nl.arange(128)[:, None]
                nl.store(
                    o[m * 128 + ir, n * 512 + i_n], value=acc[ir, i_n], mask=(m * 128 + ir < M) & (n * 512 + i_n < Nn)
                )
        return o

    a = normal(200, 150)
    b = normal(200, 600)
    close(k(a, b), a.T @ b, 1e-3)


def test_masked_k_without_zero():
    @nki.jit
    def k(a, b):
        K, M = a.shape
        _, Nn = b.shape
        o = nl.ndarray((M, Nn), dtype=a.dtype, buffer=nl.shared_hbm)
        ik = nl.arange(128)[:, None]
        im = nl.arange(128)[None, :]
        i_n = nl.arange(512)[None, :]
        acc = nl.zeros((128, 512), dtype=nl.float32, buffer=nl.psum)
        for q in nl.affine_range(math.ceil(K / 128)):
            left = nl.load(a[q * 128 + ik, im], mask=(q * 128 + ik < K) & (im < M))
            r = nl.load(b[q * 128 + ik, i_n], mask=(q * 128 + ik < K) & (i_n < Nn))
            acc[...] += nisa.nc_matmul(left[(q * 128 + ik < K) & (im < M)], r[(q * 128 + ik < K) & (i_n < Nn)])
        ir = nl.arange(128)[:, None]
        nl.store(o[ir, i_n], value=acc[ir, i_n], mask=(ir < M) & (i_n < Nn))
        return o

    a = normal(200, 100)
    b = normal(200, 300)
    close(k(a, b), a.T @ b, 1e-3)


def test_hbm_scratch_and_4d():
    @nki.jit
    def k(x):
        B, H, S, D = x.shape
        o = nl.ndarray((B, S, H, D), dtype=x.dtype, buffer=nl.shared_hbm)
        for b in nl.affine_range(B):
            for h in nl.affine_range(H):
                ip = nl.arange(S)[:, None]
                i_d = nl.arange(D)[None, :]
                nl.store(o[b, ip, h, i_d], nl.load(x[b, h, ip, i_d]) * 0.5)
        return o

    x = normal(2, 3, 16, 8)
    close(k(x), x.transpose(0, 2, 1, 3) * 0.5)


def test_scan_state_assign():
    @nki.jit
    def k(a, b):
        P, F = a.shape
        o = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        st = nl.zeros((2, nl.par_dim(P), 1), dtype=nl.float32)
        for s in nl.static_range(F // 16):
            da = nl.load(a[0:P, s * 16 : (s + 1) * 16])
            db = nl.load(b[0:P, s * 16 : (s + 1) * 16])
            r = nisa.tensor_tensor_scan(data0=da, data1=db, initial=st[0, 0:P, 0], op0=np.multiply, op1=np.add)
            st[0, 0:P, 0] = r[0:P, 15]
            nl.store(o[0:P, s * 16 : (s + 1) * 16], value=r)
        return o

    a = normal(8, 48) * 0.5
    b = normal(8, 48)
    w = np.zeros(8, np.float32)
    want = np.zeros_like(b)
    for i in range(48):
        w = a[:, i] * w + b[:, i]
        want[:, i] = w
    close(k(a, b), want)


def test_reduce3d_middle_and_keep():
    @nki.jit
    def k(x):
        t = nl.load(x)
        m = nl.max(t, axis=2)
        n = nl.sum(t, axis=[1, 2], keepdims=True)
        q = nl.min(t, axis=-1)
        outs = [nl.ndarray(v.shape, dtype=x.dtype, buffer=nl.shared_hbm) for v in (m, n, q)]
        for a, b in zip(outs, (m, n, q), strict=False):
            nl.store(a, b)
        return tuple(outs)

    x = normal(8, 4, 5)
    a, b, c = k(x)
    close(a, x.max(2))
    close(b, x.sum((1, 2), keepdims=True))
    close(c, x.min(2))


def test_bcast_forms():
    @nki.jit
    def k(x, w, b):
        t = nl.load(x)
        ww = nl.load(w.reshape((1, x.shape[1])))
        bb = nl.load(b.reshape((x.shape[0], 1)))
        y = nl.multiply(t, nl.broadcast_to(ww, shape=(x.shape[0], x.shape[1])))
        y = y + ww * 2.0
        y = nl.add(y, bb)
        y = bb + y
        y = y - bb * t
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, y)
        return o

    x = normal(16, 24)
    w = normal(24)
    b = normal(16)
    close(k(x, w, b), x * w + 2 * w + 2 * b[:, None] - b[:, None] * x)


def test_compare_bool():
    @nki.jit
    def k(x):
        t = nl.load(x)
        m = nl.logical_and(nl.greater(t, -0.5), t < 0.5)
        z = nl.where(nl.logical_not(m), t, nl.zeros_like(t))
        e = nl.equal(t, t, dtype=nl.float32)
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, z + e)
        return o

    x = normal(16, 24)
    close(k(x), np.where((x > -0.5) & (x < 0.5), 0, x) + 1)


def test_iota_mask_compare():
    @nki.jit
    def k(x, lens):
        t = nl.load(x)
        left = nl.load(lens)
        idx = nisa.iota(nl.arange(x.shape[1])[None, :], dtype=nl.int32)
        idx = idx.broadcast_to(x.shape)
        m = nl.less(idx, left)
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, nl.where(m, t, -100.0))
        return o

    x = normal(16, 24)
    left = RNG.integers(0, 24, (16, 1)).astype(np.int32)
    close(k(x, left), np.where(np.arange(24) < left, x, -100))


def test_gather_dma_skip():
    @nki.jit
    def k(x, idx):
        i = nl.load(idx)
        o = nl.ndarray((8, x.shape[1]), dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.zeros((8, x.shape[1]), dtype=x.dtype)
        ip = nl.arange(8)[:, None]
        jf = nl.arange(x.shape[1])[None, :]
        nisa.dma_copy(dst=t[ip, jf], src=x[i[ip, 0], jf], oob_mode=nisa.oob_mode.skip)
        nl.store(o, t)
        return o

    x = normal(5, 6)
    idx = np.array([[0], [9], [2], [3], [4], [7], [1], [0]], np.int32)
    w = np.where(idx < 5, x[np.minimum(idx[:, 0], 4)], 0)
    close(k(x, idx), w)


def test_scatter_store():
    @nki.jit
    def k(x, idx):
        i = nl.load(idx)
        o = nl.zeros((8, x.shape[1]), dtype=x.dtype, buffer=nl.shared_hbm)
        ip = nl.arange(4)[:, None]
        jf = nl.arange(x.shape[1])[None, :]
        nl.store(o[i[ip, 0], jf], nl.load(x))
        return o

    x = normal(4, 6)
    idx = np.array([[5], [0], [7], [2]], np.int32)
    w = np.zeros((8, 6), np.float32)
    w[idx[:, 0]] = x
    close(k(x, idx), w)


def test_dtype_compare():
    @nki.jit
    def k(x):
        assert x.dtype == nl.float32 and x.dtype == np.float32 and nl.float32 == x.dtype and x.dtype != nl.bfloat16
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.load(x, dtype=nl.bfloat16)
        assert t.dtype == nl.bfloat16
        nl.store(o, nl.copy(t, dtype=np.float32))
        return o

    x = normal(4, 6)
    close(k(x), x, 1e-2)


def test_mgrid_names():
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        g = nl.mgrid[0:16, 0:12]
        t = nl.load(x[g.p, g.x])
        g3 = nl.mgrid[0:16, 0:3, 0:4]
        z = nl.ndarray((16, 12), dtype=x.dtype)
        z[g3.p, g3.x * 4 + g3.y] = nl.copy(t[g3.p, g3.y * 3 + g3.x])
        nl.store(o[g.p, g.x], z)
        return o

    x = normal(16, 12)
    close(k(x), x.reshape(16, 4, 3).transpose(0, 2, 1).reshape(16, 12))


def test_activation_scale_bias_bf16():
    @nki.jit
    def k(x, b):
        t = nl.load(x)
        bb = nl.load(b)
        r = nl.ndarray((16, 1), dtype=nl.float32)
        y = nisa.activation(op=np.tanh, data=t, bias=bb, scale=2.0, dtype=nl.bfloat16)
        nisa.activation_reduce(nl.exp, t, reduce_op=np.add, reduce_res=r[nl.arange(16)[:, None], 0])
        o = nl.ndarray(x.shape, dtype=nl.float32, buffer=nl.shared_hbm)
        o2 = nl.ndarray((16, 1), dtype=nl.float32, buffer=nl.shared_hbm)
        nl.store(o, y)
        nl.store(o2, r)
        return o, o2

    x = normal(16, 12)
    b = normal(16, 1)
    y, r = k(x, b)
    close(y, np.tanh(2 * x + b), 1e-2)
    close(r, np.exp(x).sum(1, keepdims=True))


def test_power_rsqrt_tensor_scalar():
    @nki.jit
    def k(x):
        t = nl.load(x)
        y = nisa.tensor_scalar(t, np.multiply, t[:, 0:1], op1=np.add, operand1=1.0)
        y = nisa.tensor_scalar(y, nl.power, 2, dtype=np.float32)
        y = nl.power(y, 0.5)
        z = nl.rsqrt(y + 1e-3)
        z = z**2
        o = nl.ndarray(x.shape, dtype=nl.float32, buffer=nl.shared_hbm)
        nl.store(o, z)
        return o

    x = np.abs(normal(16, 12))
    y = x * x[:, :1] + 1
    close(k(x), 1 / (y + 1e-3))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_float64_in():
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, nl.load(x) + 1)
        return o

    x = RNG.random((8, 8))
    close(k(x), x + 1)


def test_one_d():
    @nki.jit
    def k(x, b):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        i = nl.arange(100)[:, None]
        t = nl.load(x[i])
        u = nl.load(b[i])
        nl.store(o[i], t + u)
        return o

    x, b = normal(100), normal(100)
    close(k(x, b), x + b)


def test_zero_d_scalars():
    @nki.jit
    def k(x, a):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, nl.multiply(nl.load(x), a) * np.float32(2) * np.int32(3))
        return o

    x = normal(8, 8)
    close(k(x, np.array(2.0, np.float32)), x * 12)


def test_nested_subscript_and_rebinding():
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        b = nl.ndarray((2, nl.par_dim(64), 32), dtype=x.dtype)
        for i in range(2):
            b[i] = nl.load(x[i * 64 : (i + 1) * 64])
        for i in range(2):
            y = b[i][:, 0:16]
            z = b[i][nl.arange(64)[:, None], 16 + nl.arange(16)[None, :]]
            y = y * 2
            z = z + y
            w = nl.ndarray((64, 32), dtype=x.dtype)
            w[:, 0:16] = y
            w[:, 16:32] = z
            nl.store(o[i * 64 : (i + 1) * 64], w)
        return o

    x = normal(128, 32)
    a, b = x[:, :16] * 2, x[:, 16:]
    close(k(x), np.concatenate([a, b + a], 1))


def test_psum_operands():
    @nki.jit
    def k(a, b):
        o = nl.ndarray((64, 64), dtype=a.dtype, buffer=nl.shared_hbm)
        x = nl.load(a)
        y = nl.load(b)
        p = nl.matmul(x, y, transpose_x=True)
        q = nl.matmul(y, x, transpose_x=True)
        r = p + q
        r = nl.exp(r * 0.01) - p * 0.5
        s = p / (nl.abs(q) + 1.0)
        nl.store(o, r + s)
        return o

    a, b = normal(32, 64), normal(32, 64)
    p = a.T @ b
    q = b.T @ a
    close(k(a, b), np.exp((p + q) * 0.01) - p * 0.5 + p / (np.abs(q) + 1), 1e-3)


def test_engines_and_kwargs():
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.load(src=x)
        a = nisa.tensor_tensor(data1=t, data2=t, op=nl.add, engine=nisa.gpsimd_engine, dtype=x.dtype)
        b = nisa.tensor_scalar(data=a, op0=np.multiply, operand0=0.5, engine=nisa.vector_engine)
        c = nisa.tensor_copy(src=b, engine=nisa.scalar_engine)
        d = nisa.reciprocal(data=c + 10.0)
        e = nisa.memset(shape=x.shape, value=1.0, dtype=x.dtype)
        f = nisa.activation(op=nl.copy, data=d * e, scale=2.0)
        nl.store(dst=o, value=f)
        return o

    x = normal(16, 8)
    close(k(x), 2 / (x + 10))


def test_select_reduce_v1():
    @nki.jit
    def k(x):
        t = nl.load(x)
        m = nl.greater(t, 0.0, dtype=nl.uint8)
        d = nl.ndarray(x.shape, dtype=x.dtype)
        r = nl.ndarray((x.shape[0], 1), dtype=nl.float32)
        nisa.select_reduce(
            dst=d,
            predicate=m,
            on_true=t,
            on_false=-5.0,
            reduce_res=r,
            reduce_cmd=nisa.reduce_cmd.reset_reduce,
            reduce_op=np.max,
        )
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        o2 = nl.ndarray((x.shape[0], 1), dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, d)
        nl.store(o2, r)
        return o, o2

    x = normal(16, 32)
    a, b = k(x)
    w = np.where(x > 0, x, -5)
    close(a, w)
    close(b, w.max(1, keepdims=True))


def test_shuffle_gather_local():
    @nki.jit
    def k(x, i):
        t = nl.load(x)
        idx = nl.load(i)
        g = nisa.local_gather(t, idx, num_elem_per_idx=1, num_valid_indices=32)
        o = nl.ndarray(g.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, g)
        return o

    x = normal(32, 50)
    i = RNG.integers(0, 50, (32, 2)).astype(np.uint16)
    r = k(x, i)
    w = np.concatenate([x[c : c + 16][:, i[c : c + 16].T.reshape(-1)] for c in (0, 16)])
    close(r, w)


def test_broadcast_free_3d():
    @nki.jit
    def k(x, w):
        t = nl.load(x)
        ww = nl.load(w)
        i, j, last = nl.arange(8)[:, None, None], nl.arange(4)[None, :, None], nl.arange(6)[None, None, :]
        y = t[i, j, last] * ww[nl.arange(8)[:, None, None], nl.arange(1)[None, :, None], last]
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, y)
        return o

    x, w = normal(8, 4, 6), normal(8, 1, 6)
    close(k(x, w), x * w)


def test_transposed_load_mask():
    @nki.jit
    def k(x):
        o = nl.ndarray((64, 100), dtype=x.dtype, buffer=nl.shared_hbm)
        ip = nl.arange(128)[:, None]
        jf = nl.arange(64)[None, :]
        t = nl.load_transpose2d(x[ip, jf], mask=ip < 100)
        nl.store(o[nl.arange(64)[:, None], nl.arange(128)[None, :]], t, mask=nl.arange(128)[None, :] < 100)
        return o

    x = normal(100, 64)
    close(k(x), x.T)


def test_device_print_and_assert_shape():
    @nki.jit
    def k(x):
        t = nl.load(x).assert_shape((4, 4))
        nl.device_print("t", t)
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, t.astype(nl.bfloat16))
        return o

    close(k(np.ones((4, 4), np.float32)), np.ones((4, 4)))


def test_uint8_mask_multiply():
    @nki.jit
    def k(x, m):
        t = nl.load(x)
        mm = nl.load(m)
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, t * mm + nl.copy(mm, dtype=nl.float32))
        return o

    x = normal(16, 8)
    m = (RNG.random((16, 8)) > 0.5).astype(np.uint8)
    close(k(x, m), x * m + m)


def test_the_bytes_of_a_tile_as_another_type():
    @nki.jit
    def sign_bits(x):
        out = nl.ndarray(x.shape, dtype=nl.int32, buffer=nl.shared_hbm)
        bits = nl.right_shift(nl.load(x).view(nl.uint32), 31, dtype=nl.uint32)
        nl.store(out, nl.copy(bits, dtype=nl.int32))
        return out

    x = np.array([[1.0, -2.0, 0.0, -0.0]], np.float32)
    assert sign_bits(x).tolist() == [[0, 1, 0, 1]]
