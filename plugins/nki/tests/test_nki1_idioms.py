"""Idioms of NKI 1 kernels, one after another: pooling, blocks, masks, gathers, scans, flash attention, optimisers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from accelcore_nki.nki1 import isa as nisa
from accelcore_nki.nki1 import kernels as nki
from accelcore_nki.nki1 import language as nl
from accelcore_nki.nki1 import surface

ncc = surface.modules()["neuronxcc.nki.compiler"]
nt = surface.modules()["neuronxcc.nki.typing"]
oob_mode, static_cast, par_dim = nisa.oob_mode, nl.static_cast, nl.par_dim
R = np.random.default_rng(0)


def N(*s):
    return R.standard_normal(s).astype(np.float32)


def ok(a, b, tol=1e-4):
    np.testing.assert_allclose(np.asarray(a, np.float32), np.asarray(b, np.float32), rtol=tol, atol=tol)


def sm(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@dataclass(frozen=True)
class Cfg:
    seq_tile: int = 256
    should_transpose_v: bool = False


def test_pool5d():
    @nki.jit
    def k(x, pool):
        C, H, W = x.shape
        out = nl.ndarray((C, H // pool, W // pool), dtype=x.dtype, buffer=nl.shared_hbm)
        i0 = nl.arange(C)[:, None, None, None, None]
        i1 = nl.arange(H // pool)[None, :, None, None, None]
        i2 = nl.arange(W // pool)[None, None, :, None, None]
        i3 = nl.arange(pool)[None, None, None, :, None]
        i4 = nl.arange(pool)[None, None, None, None, :]
        tile = nl.load(x)
        s = nl.sum(tile[i0, pool * i1 + i3, pool * i2 + i4], axis=[3, 4]) / (pool * pool)
        nl.store(out, value=s)
        return out

    x = N(10, 6, 8)
    ok(k(x, 2), x.reshape(10, 3, 2, 4, 2).mean((2, 4)))


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

    x = N(512, 64)
    ok(k(x), np.exp(x))


def test_out_param_grid_typing():
    @nki.jit
    def k(a: nt.tensor, o: nt.mutable_tensor[nl.float32]):
        i = nl.program_id(0)
        j = nl.program_id(axis=1)
        ip = i * 32 + nl.arange(32)[:, None]
        jf = j * 16 + nl.arange(16)[None, :]
        nl.store(o[ip, jf], value=nl.load(a[ip, jf]) + 1)

    a = N(64, 32)
    o = np.zeros_like(a)
    nki.simulate_kernel(k[2, 2], a, o)
    ok(o, a + 1)


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

    a = N(100, 60)
    ok(k(a), a.T)


def test_bf16_mixed():
    @nki.jit
    def k(q, kk):
        q = nl.load(q)
        kk = nl.load(kk)
        qk = nl.ndarray((128, 128), dtype=nl.float32, buffer=nl.psum)
        qk[...] = nl.matmul(q, kk, transpose_x=True)
        m = nl.max(qk, axis=1)
        e = nl.exp(nl.subtract(qk, m), dtype=nl.bfloat16)
        s = nl.sum(e, axis=[1], dtype=nl.float32)
        o = nl.ndarray((128, 128), dtype=nl.bfloat16, buffer=nl.shared_hbm)
        nl.store(o, nl.divide(e, s, dtype=nl.bfloat16))
        return o

    q = static_cast(N(64, 128), nl.bfloat16)
    kk = nl.static_cast(N(64, 128), nl.bfloat16)
    r = k(q, kk)
    s = q.astype(np.float32).T @ kk.astype(np.float32)
    e = np.exp(s - s.max(1, keepdims=True))
    ok(r, e / e.sum(1, keepdims=True), 2e-2)


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

    a = N(200, 150)
    b = N(200, 600)
    ok(k(a, b), a.T @ b, 1e-3)


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

    a = N(200, 100)
    b = N(200, 300)
    ok(k(a, b), a.T @ b, 1e-3)


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

    x = N(2, 3, 16, 8)
    ok(k(x), x.transpose(0, 2, 1, 3) * 0.5)


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

    a = N(8, 48) * 0.5
    b = N(8, 48)
    w = np.zeros(8, np.float32)
    want = np.zeros_like(b)
    for i in range(48):
        w = a[:, i] * w + b[:, i]
        want[:, i] = w
    ok(k(a, b), want)


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

    x = N(8, 4, 5)
    a, b, c = k(x)
    ok(a, x.max(2))
    ok(b, x.sum((1, 2), keepdims=True))
    ok(c, x.min(2))


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

    x = N(16, 24)
    w = N(24)
    b = N(16)
    ok(k(x, w, b), x * w + 2 * w + 2 * b[:, None] - b[:, None] * x)


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

    x = N(16, 24)
    ok(k(x), np.where((x > -0.5) & (x < 0.5), 0, x) + 1)


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

    x = N(16, 24)
    left = R.integers(0, 24, (16, 1)).astype(np.int32)
    ok(k(x, left), np.where(np.arange(24) < left, x, -100))


def test_gather_dma_skip():
    @nki.jit
    def k(x, idx):
        i = nl.load(idx)
        o = nl.ndarray((8, x.shape[1]), dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.zeros((8, x.shape[1]), dtype=x.dtype)
        ip = nl.arange(8)[:, None]
        jf = nl.arange(x.shape[1])[None, :]
        nisa.dma_copy(dst=t[ip, jf], src=x[i[ip, 0], jf], oob_mode=oob_mode.skip)
        nl.store(o, t)
        return o

    x = N(5, 6)
    idx = np.array([[0], [9], [2], [3], [4], [7], [1], [0]], np.int32)
    w = np.where(idx < 5, x[np.minimum(idx[:, 0], 4)], 0)
    ok(k(x, idx), w)


def test_scatter_store():
    @nki.jit
    def k(x, idx):
        i = nl.load(idx)
        o = nl.zeros((8, x.shape[1]), dtype=x.dtype, buffer=nl.shared_hbm)
        ip = nl.arange(4)[:, None]
        jf = nl.arange(x.shape[1])[None, :]
        nl.store(o[i[ip, 0], jf], nl.load(x))
        return o

    x = N(4, 6)
    idx = np.array([[5], [0], [7], [2]], np.int32)
    w = np.zeros((8, 6), np.float32)
    w[idx[:, 0]] = x
    ok(k(x, idx), w)


def test_dtype_compare():
    @nki.jit
    def k(x):
        assert x.dtype == nl.float32 and x.dtype == np.float32 and nl.float32 == x.dtype and x.dtype != nl.bfloat16
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.load(x, dtype=nl.bfloat16)
        assert t.dtype == nl.bfloat16
        nl.store(o, nl.copy(t, dtype=np.float32))
        return o

    x = N(4, 6)
    ok(k(x), x, 1e-2)


def test_swiglu():
    @nki.jit
    def k(x):
        h = x.shape[1] // 2
        o = nl.ndarray((x.shape[0], h), dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.load(x)
        nl.store(o, nl.silu(t[:, 0:h]) * t[:, h : 2 * h])
        return o

    x = N(16, 12)
    a = x[:, :6]
    ok(k(x), a / (1 + np.exp(-a)) * x[:, 6:])


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

    x = N(16, 12)
    ok(k(x), x.reshape(16, 4, 3).transpose(0, 2, 1).reshape(16, 12))


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

    x = N(16, 12)
    b = N(16, 1)
    y, r = k(x, b)
    ok(y, np.tanh(2 * x + b), 1e-2)
    ok(r, np.exp(x).sum(1, keepdims=True))


def test_conv2d_like_psum_accumulate():
    @nki.jit
    def k(x, w):
        _Ci, H, W = x.shape
        _, Kh, Kw, Co = w.shape
        o = nl.ndarray((Co, H - Kh + 1, W - Kw + 1), dtype=x.dtype, buffer=nl.shared_hbm)
        xt = nl.load(x)
        wt = nl.load(w)
        for r in nl.affine_range(H - Kh + 1):
            acc = nl.zeros((Co, W - Kw + 1), dtype=nl.float32, buffer=nl.psum)
            for a in nl.affine_range(Kh):
                for b in nl.affine_range(Kw):
                    acc += nisa.nc_matmul(wt[:, a, b, :], xt[:, r + a, nl.ds(b, W - Kw + 1)])
            nl.store(o[:, r, :], acc)
        return o

    x = N(16, 6, 8)
    w = N(16, 3, 3, 10)
    want = np.zeros((10, 4, 6), np.float32)
    for a in range(3):
        for b in range(3):
            want += np.einsum("io,ihw->ohw", w[:, a, b], x[:, a : a + 4, b : b + 6])
    ok(k(x, w), want, 1e-3)


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

    x = np.abs(N(16, 12))
    y = x * x[:, :1] + 1
    ok(k(x), 1 / (y + 1e-3))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_float64_in():
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, nl.load(x) + 1)
        return o

    x = R.random((8, 8))
    ok(k(x), x + 1)


def test_flash_blocks():
    @nki.jit
    def flash(q, k, v, config: Cfg = Cfg(), use_causal=True):
        b, h, d, s = q.shape
        kernel_dtype = nl.bfloat16 if False else q.dtype
        acc_type = np.dtype(np.float32)
        o = nl.ndarray((b, h, s, d), dtype=q.dtype, buffer=nl.shared_hbm)
        bi = nl.program_id(axis=0)
        hi = nl.program_id(axis=1)
        BP = 128
        BF = 256
        n_q = s // BP
        n_k = s // BF
        for qi in nl.sequential_range(n_q):
            ob = nl.zeros((par_dim(BP), d), dtype=acc_type, buffer=nl.sbuf, lazy_initialization=True)
            lb = nl.zeros((par_dim(BP), 1), dtype=acc_type, buffer=nl.sbuf, lazy_initialization=True)
            mb = nl.full((par_dim(BP), 1), fill_value=-9984.0 * 3, dtype=acc_type, buffer=nl.sbuf)
            nl.arange(d)[:, None]
            qt = nl.ndarray((d, BP), dtype=kernel_dtype)
            qt[...] = nl.load(q[bi, hi, :, nl.ds(qi * BP, BP)]) * (d**-0.5)
            for ki in nl.sequential_range(n_k):
                mask = (qi * BP + BP - 1 >= ki * BF) if use_causal else True
                qk = nl.ndarray((par_dim(BP), BF), dtype=acc_type, buffer=nl.psum)
                kt = nl.load(k[bi, hi, :, nl.ds(ki * BF, BF)])
                qk[:, :] = nl.matmul(qt, kt, transpose_x=True, mask=mask)
                ip = nl.arange(BP)[:, None]
                jf = nl.arange(BF)[None, :]
                res = nl.ndarray((par_dim(BP), BF), dtype=acc_type)
                if use_causal:
                    res[ip, jf] = nisa.affine_select(
                        pred=(qi * BP + ip >= ki * BF + jf),
                        on_true_tile=qk[ip, jf],
                        on_false_value=-9984.0,
                        dtype=acc_type,
                        mask=mask,
                    )
                else:
                    res[ip, jf] = nl.copy(qk, dtype=acc_type)
                mx = nisa.tensor_reduce(np.max, res[ip, jf], axis=(1,), dtype=acc_type, negate=False, mask=mask)
                mprev = nl.copy(mb[:, 0])
                mb[:, 0] = nl.maximum(mprev, mx, mask=mask)
                mc = mb[:, 0]
                alpha = nisa.activation(np.exp, mc, bias=mprev, scale=-1.0, mask=mask)
                ob[...] = nl.multiply(ob, alpha, mask=mask)
                p = nl.ndarray((par_dim(BP), BF), dtype=kernel_dtype)
                ps = nl.ndarray((par_dim(BP), BF // 128), dtype=acc_type)
                for z in nl.affine_range(BF // 128):
                    zf = z * 128 + nl.arange(128)[None, :]
                    p[ip, zf] = nisa.activation_reduce(
                        np.exp,
                        res[ip, zf],
                        bias=-1 * mc,
                        scale=1.0,
                        reduce_op=nl.add,
                        reduce_res=ps[:, z],
                        dtype=kernel_dtype,
                        mask=mask,
                    )
                psum_ = nl.sum(ps, axis=1, dtype=acc_type, mask=mask)
                pv = nl.zeros((par_dim(BP), d), dtype=np.float32, buffer=nl.psum, lazy_initialization=True)
                for z in nl.affine_range(BF // 128):
                    pt = nl.ndarray((par_dim(128), BP), dtype=kernel_dtype)
                    tmp = nl.ndarray((par_dim(128), BP), dtype=np.float32, buffer=nl.psum)
                    tmp[nl.arange(128)[:, None], nl.arange(BP)[None, :]] = nisa.nc_transpose(
                        p[ip, z * 128 + nl.arange(128)[None, :]], mask=mask
                    )
                    pt[...] = nl.copy(tmp, dtype=kernel_dtype, mask=mask)
                    vt = nl.load(v[bi, hi, nl.ds(ki * BF + z * 128, 128), :], dtype=kernel_dtype)
                    pv[:, :] += nl.matmul(pt, vt, transpose_x=True, mask=mask)
                ob[:, :] = nl.add(ob, pv, mask=mask)
                lb[:, 0] = nl.add(nl.multiply(lb[:, 0], alpha, mask=mask), psum_, mask=mask)
            out = nl.ndarray((par_dim(BP), d), dtype=q.dtype)
            out[:, :] = nl.multiply(ob, nl.divide(1.0, lb), dtype=q.dtype)
            nl.store(o[bi, hi, nl.ds(qi * BP, BP), :], out)
        return o

    q, k, v = N(1, 2, 32, 512), N(1, 2, 32, 512), N(1, 2, 512, 32)
    s = q.transpose(0, 1, 3, 2) @ k / math.sqrt(32)
    ok(flash[1, 2](q, k, v, use_causal=False), sm(s) @ v, 1e-3)
    s = np.where(np.tril(np.ones((512, 512), bool)), s, -np.inf)
    ok(flash[1, 2](q, k, v), sm(s) @ v, 1e-3)


def test_maxpool_overlapping():
    @nki.jit
    def k(x, K, S):
        C, H, W = x.shape
        oh = (H - K) // S + 1
        ow = (W - K) // S + 1
        o = nl.ndarray((C, oh, ow), dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.load(x)
        i0, i1, i2, i3, i4 = nl.mgrid[0:C, 0:oh, 0:ow, 0:K, 0:K]
        m = nl.max(t[i0, i1 * S + i3, i2 * S + i4], axis=[3, 4])
        nl.store(o, m)
        return o

    x = N(8, 9, 9)
    w = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))[:, ::2, ::2].max((3, 4))
    ok(k(x, 3, 2), w)


def test_resize_nearest_hbm():
    @nki.jit
    def k(x, oh, ow):
        B, H, W, C = x.shape
        o = nl.ndarray((B, oh, ow, C), dtype=x.dtype, buffer=nl.shared_hbm)
        b = nl.program_id(0)
        np.arange(oh * ow)
        nl.arange(oh * ow)[:, None]
        nl.arange(C)[None, :]
        src = (
            (np.arange(oh) * (H / oh)).astype(int)[:, None] * W + (np.arange(ow) * (W / ow)).astype(int)[None, :]
        ).reshape(-1)
        xr = x.reshape((B, H * W, C))
        orr = o.reshape((B, oh * ow, C))
        for i in range(oh * ow):
            t = nl.load(xr[b, int(src[i]) : int(src[i]) + 1, :])
            nl.store(orr[b, i : i + 1, :], t)
        return o

    x = N(2, 4, 5, 6)
    r = k[2](x, 8, 10)
    w = x[:, (np.arange(8) * 0.5).astype(int)][:, :, (np.arange(10) * 0.5).astype(int)]
    ok(r, w)


def test_bilinear_up2_cols():
    @nki.jit
    def k(x):
        P, W = x.shape
        o = nl.ndarray((P, 2 * W), dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.load(x)
        r = nl.zeros((P, 2 * W), dtype=x.dtype)
        ip = nl.arange(P)[:, None]
        j = nl.arange(W - 1)[None, :]
        r[ip, 2 * j + 1] = 0.75 * t[ip, j] + 0.25 * t[ip, j + 1]
        r[ip, 2 * j + 2] = 0.25 * t[ip, j] + 0.75 * t[ip, j + 1]
        r[ip, 0] = nl.copy(t[ip, 0])
        r[ip, 2 * W - 1] = nl.copy(t[ip, W - 1])
        nl.store(o, r)
        return o

    x = N(6, 8)
    w = np.empty((6, 16), np.float32)
    w[:, 1:-1:2] = 0.75 * x[:, :-1] + 0.25 * x[:, 1:]
    w[:, 2::2] = 0.25 * x[:, :-1] + 0.75 * x[:, 1:]
    w[:, 0] = x[:, 0]
    w[:, -1] = x[:, -1]
    ok(k(x), w)


def test_adamw():
    @nki.jit
    def k(p, g, m, v, lr, b1, b2, eps):
        outs = [nl.ndarray(p.shape, dtype=p.dtype, buffer=nl.shared_hbm) for _ in range(3)]
        for i in nl.affine_range(math.ceil(p.shape[0] / 128)):
            ip = i * 128 + nl.arange(128)[:, None]
            jf = nl.arange(p.shape[1])[None, :]
            mk = ip < p.shape[0]
            P, G, M, V = (nl.load(z[ip, jf], mask=mk) for z in (p, g, m, v))
            M = nl.add(nl.multiply(M, b1, mask=mk), nl.multiply(G, 1 - b1, mask=mk), mask=mk)
            V = nl.add(V * b2, nl.square(G) * (1 - b2), mask=mk)
            den = nl.sqrt(V, mask=mk) + eps
            P = nl.subtract(P, lr * (M / den), mask=mk)
            for o, z in zip(outs, (P, M, V), strict=False):
                nl.store(o[ip, jf], z, mask=mk)
        return tuple(outs)

    p, g, m, v = N(200, 16), N(200, 16), N(200, 16), np.abs(N(200, 16))
    P, M, V = k(p, g, m, v, 0.1, 0.9, 0.99, 1e-8)
    m2 = m * 0.9 + g * 0.1
    v2 = v * 0.99 + g * g * 0.01
    ok(M, m2)
    ok(V, v2)
    ok(P, p - 0.1 * m2 / (np.sqrt(v2) + 1e-8), 1e-3)


def test_qkv_rmsnorm_fused():
    @nki.jit
    def k(x, w, g, eps=1e-6):
        B, S, D = x.shape
        _, Nn = w.shape
        o = nl.ndarray((B, S, Nn), dtype=x.dtype, buffer=nl.shared_hbm)
        kt = D // 128
        wt = nl.ndarray((kt, par_dim(128), Nn), dtype=w.dtype)
        for i in nl.affine_range(kt):
            wt[i] = nl.load(w[i * 128 : (i + 1) * 128, :])
        gt = nl.load(g.reshape((1, D)))
        for b in nl.affine_range(B):
            for s in nl.affine_range(math.ceil(S / 128)):
                ip = nl.arange(128)[:, None]
                jd = nl.arange(D)[None, :]
                mk = s * 128 + ip < S
                t = nl.load(x[b, s * 128 + ip, jd], mask=mk)
                sq = nl.ndarray((par_dim(128), 1), dtype=nl.float32)
                nisa.activation_reduce(op=nl.square, data=t, reduce_op=np.add, reduce_res=sq, mask=mk)
                sc = nisa.tensor_scalar(sq, op0=np.multiply, operand0=1.0 / D, op1=np.add, operand1=eps)
                r = nisa.activation(op=nl.rsqrt, data=sc)
                n = nl.multiply(t, r, mask=mk)
                n = nl.multiply(n, gt.broadcast_to((128, D)), mask=mk)
                acc = nl.zeros((128, Nn), dtype=nl.float32, buffer=nl.psum)
                for i in nl.affine_range(kt):
                    tp = nisa.nc_transpose(n[ip, i * 128 + nl.arange(128)[None, :]], mask=mk)
                    ts = nl.copy(tp, dtype=w.dtype)
                    acc += nisa.nc_matmul(ts, wt[i])
                r2 = nl.copy(acc, dtype=x.dtype)
                nl.store(o[b, s * 128 + ip, nl.arange(Nn)[None, :]], r2, mask=mk)
        return o

    x = N(2, 150, 256)
    w = N(256, 96)
    g = N(256)
    n = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6) * g
    ok(k(x, w, g), n @ w, 1e-3)


def test_lora_gemm():
    @nki.jit
    def k(xT, w, aa, bb):
        K, M = xT.shape
        _, Nn = w.shape
        _, Rk = aa.shape
        o = nl.ndarray((M, Nn), dtype=xT.dtype, buffer=nl.shared_hbm)
        acc = nl.zeros((M, Nn), dtype=nl.float32, buffer=nl.psum)
        low = nl.zeros((Rk, M), dtype=nl.float32, buffer=nl.psum)
        for i in nl.affine_range(K // 128):
            xt = nl.load(xT[nl.ds(i * 128, 128), :])
            acc[...] += nl.matmul(xt, nl.load(w[nl.ds(i * 128, 128), :]), transpose_x=True)
            low[...] += nl.matmul(nl.load(aa[nl.ds(i * 128, 128), :]), xt, transpose_x=True)
        left = nl.copy(low, dtype=xT.dtype)
        acc[...] += nl.matmul(left, nl.load(bb), transpose_x=True)
        nl.store(o, value=acc)
        return o

    xT, w, a, b = N(256, 128), N(256, 200), N(256, 16), N(16, 200)
    ok(k(xT, w, a, b), xT.T @ w + xT.T @ a @ b, 1e-2)


def test_cumsum_blocks_rows():
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        ones = nl.ones((128, 512), dtype=np.float32)
        init = nl.zeros((128, 1), dtype=np.float32)
        for j in nl.sequential_range(math.ceil(x.shape[1] / 512)):
            ip = nl.arange(128)[:, None]
            jf = nl.arange(512)[None, :]
            mk = j * 512 + jf < x.shape[1]
            t = nl.load(x[ip, j * 512 + jf], mask=mk)
            r = nisa.tensor_tensor_scan(ones, t, initial=init, op0=np.multiply, op1=np.add, mask=mk)
            nl.store(o[ip, j * 512 + jf], r, mask=mk)
            init[ip, 0] = nl.copy(r[ip, 511])
        return o

    x = N(128, 1200)
    ok(k(x), np.cumsum(x, 1), 1e-2)


def test_one_d():
    @nki.jit
    def k(x, b):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        i = nl.arange(100)[:, None]
        t = nl.load(x[i])
        u = nl.load(b[i])
        nl.store(o[i], t + u)
        return o

    x, b = N(100), N(100)
    ok(k(x, b), x + b)


def test_zero_d_scalars():
    @nki.jit
    def k(x, a):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, nl.multiply(nl.load(x), a) * np.float32(2) * np.int32(3))
        return o

    x = N(8, 8)
    ok(k(x, np.array(2.0, np.float32)), x * 12)


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

    x = N(128, 32)
    a, b = x[:, :16] * 2, x[:, 16:]
    ok(k(x), np.concatenate([a, b + a], 1))


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

    a, b = N(32, 64), N(32, 64)
    p = a.T @ b
    q = b.T @ a
    ok(k(a, b), np.exp((p + q) * 0.01) - p * 0.5 + p / (np.abs(q) + 1), 1e-3)


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

    x = N(16, 8)
    ok(k(x), 2 / (x + 10))


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

    x = N(16, 32)
    a, b = k(x)
    w = np.where(x > 0, x, -5)
    ok(a, w)
    ok(b, w.max(1, keepdims=True))


def test_shuffle_gather_local():
    @nki.jit
    def k(x, i):
        t = nl.load(x)
        idx = nl.load(i)
        g = nisa.local_gather(t, idx, num_elem_per_idx=1, num_valid_indices=32)
        o = nl.ndarray(g.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, g)
        return o

    x = N(32, 50)
    i = R.integers(0, 50, (32, 2)).astype(np.uint16)
    r = k(x, i)
    w = np.concatenate([x[c : c + 16][:, i[c : c + 16].T.reshape(-1)] for c in (0, 16)])
    ok(r, w)


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

    x, w = N(8, 4, 6), N(8, 1, 6)
    ok(k(x, w), x * w)


def test_transposed_load_mask():
    @nki.jit
    def k(x):
        o = nl.ndarray((64, 100), dtype=x.dtype, buffer=nl.shared_hbm)
        ip = nl.arange(128)[:, None]
        jf = nl.arange(64)[None, :]
        t = nl.load_transpose2d(x[ip, jf], mask=ip < 100)
        nl.store(o[nl.arange(64)[:, None], nl.arange(128)[None, :]], t, mask=nl.arange(128)[None, :] < 100)
        return o

    x = N(100, 64)
    ok(k(x), x.T)


def test_grid_3d_heads_bf16():
    @nki.jit
    def k(x):
        b, h, s = nl.program_id(0), nl.program_id(1), nl.program_id(2)
        assert nl.program_ndim() == 3 and nl.num_programs(1) == x.shape[1]
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        i = nl.arange(32)[:, None]
        j = nl.arange(16)[None, :]
        nl.store(o[b, h, s * 32 + i, j], nl.tanh(nl.load(x[b, h, s * 32 + i, j])))
        return o

    x = N(2, 3, 64, 16)
    ok(k[2, 3, 2](x), np.tanh(x))


def test_device_print_and_assert_shape():
    @nki.jit
    def k(x):
        t = nl.load(x).assert_shape((4, 4))
        nl.device_print("t", t)
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, t.astype(nl.bfloat16))
        return o

    ok(k(np.ones((4, 4), np.float32)), np.ones((4, 4)))


def test_silu_bwd_like():
    @nki.jit
    def k(x, dy):
        t = nl.load(x)
        d = nl.load(dy)
        s = nl.sigmoid(t)
        g = s * (1 + t * (1 - s))
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, g * d)
        return o

    x, d = N(16, 16), N(16, 16)
    s = 1 / (1 + np.exp(-x))
    ok(k(x, d), s * (1 + x * (1 - s)) * d)


def test_logsumexp_nll():
    @nki.jit
    def k(x, y):
        t = nl.load(x)
        m = nl.max(t, axis=1, keepdims=True)
        e = nl.exp(t - m)
        last = nl.log(nl.sum(e, axis=1, keepdims=True)) + m
        idx = nisa.iota(nl.arange(x.shape[0])[:, None] * 0 + nl.arange(x.shape[1])[None, :], dtype=nl.int32)
        hot = nl.equal(idx, nl.load(y), dtype=nl.float32)
        pick = nl.sum(t * hot, axis=1, keepdims=True)
        o = nl.ndarray((x.shape[0], 1), dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, last - pick)
        return o

    x = N(16, 30)
    y = R.integers(0, 30, (16, 1)).astype(np.int32)
    last = np.log(np.exp(x).sum(1, keepdims=True))
    ok(k(x, y), last - np.take_along_axis(x, y, 1))


def test_uint8_mask_multiply():
    @nki.jit
    def k(x, m):
        t = nl.load(x)
        mm = nl.load(m)
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, t * mm + nl.copy(mm, dtype=nl.float32))
        return o

    x = N(16, 8)
    m = (R.random((16, 8)) > 0.5).astype(np.uint8)
    ok(k(x, m), x * m + m)
