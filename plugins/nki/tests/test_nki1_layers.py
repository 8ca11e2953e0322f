"""Layers as people write them in NKI 1: pooling, convolutions, attention, projections, an optimiser, losses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from nki_kernels import RNG, close, normal, softmax

from accelcore_nki.nki1 import isa as nisa
from accelcore_nki.nki1 import kernels as nki
from accelcore_nki.nki1 import language as nl


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

    x = normal(10, 6, 8)
    close(k(x, 2), x.reshape(10, 3, 2, 4, 2).mean((2, 4)))


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

    q = nl.static_cast(normal(64, 128), nl.bfloat16)
    kk = nl.static_cast(normal(64, 128), nl.bfloat16)
    r = k(q, kk)
    s = q.astype(np.float32).T @ kk.astype(np.float32)
    e = np.exp(s - s.max(1, keepdims=True))
    close(r, e / e.sum(1, keepdims=True), 2e-2)


def test_swiglu():
    @nki.jit
    def k(x):
        h = x.shape[1] // 2
        o = nl.ndarray((x.shape[0], h), dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.load(x)
        nl.store(o, nl.silu(t[:, 0:h]) * t[:, h : 2 * h])
        return o

    x = normal(16, 12)
    a = x[:, :6]
    close(k(x), a / (1 + np.exp(-a)) * x[:, 6:])


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

    x = normal(16, 6, 8)
    w = normal(16, 3, 3, 10)
    want = np.zeros((10, 4, 6), np.float32)
    for a in range(3):
        for b in range(3):
            want += np.einsum("io,ihw->ohw", w[:, a, b], x[:, a : a + 4, b : b + 6])
    close(k(x, w), want, 1e-3)


@dataclass(frozen=True)
class Blocks:
    rows: int = 128
    keys: int = 256


def scores_of(product, rows, keys, causal, mask):
    """The scores of a block; with causal, those of later keys are far below zero."""
    ip = nl.arange(product.shape[0])[:, None]
    jf = nl.arange(product.shape[1])[None, :]
    scores = nl.ndarray((nl.par_dim(product.shape[0]), product.shape[1]), dtype=np.float32)
    if causal:
        scores[ip, jf] = nisa.affine_select(
            pred=(rows + ip >= keys + jf),
            on_true_tile=product[ip, jf],
            on_false_value=-9984.0,
            dtype=np.float32,
            mask=mask,
        )
    else:
        scores[ip, jf] = nl.copy(product, dtype=np.float32)
    return scores


def weights_of(scores, largest, dtype, mask):
    """exp of the scores less the largest, and its sums, in pieces of 128 keys."""
    rows, keys = scores.shape
    ip = nl.arange(rows)[:, None]
    weights = nl.ndarray((nl.par_dim(rows), keys), dtype=dtype)
    sums = nl.ndarray((nl.par_dim(rows), keys // 128), dtype=np.float32)
    for z in nl.affine_range(keys // 128):
        zf = z * 128 + nl.arange(128)[None, :]
        weights[ip, zf] = nisa.activation_reduce(
            np.exp,
            scores[ip, zf],
            bias=-1 * largest,
            scale=1.0,
            reduce_op=nl.add,
            reduce_res=sums[:, z],
            dtype=dtype,
            mask=mask,
        )
    return weights, nl.sum(sums, axis=1, dtype=np.float32, mask=mask)


def weighted_values(weights, values, mask):
    """weights @ values, values in HBM: each piece of 128 keys is transposed through PSUM."""
    rows, keys = weights.shape
    ip = nl.arange(rows)[:, None]
    total = nl.zeros((nl.par_dim(rows), values.shape[1]), dtype=np.float32, buffer=nl.psum, lazy_initialization=True)
    for z in nl.affine_range(keys // 128):
        turned = nl.ndarray((nl.par_dim(128), rows), dtype=weights.dtype)
        tmp = nl.ndarray((nl.par_dim(128), rows), dtype=np.float32, buffer=nl.psum)
        tmp[nl.arange(128)[:, None], nl.arange(rows)[None, :]] = nisa.nc_transpose(
            weights[ip, z * 128 + nl.arange(128)[None, :]], mask=mask
        )
        turned[...] = nl.copy(tmp, dtype=weights.dtype, mask=mask)
        piece = nl.load(values[nl.ds(z * 128, 128), :], dtype=weights.dtype)
        total[:, :] += nl.matmul(turned, piece, transpose_x=True, mask=mask)
    return total


@nki.jit
def flash(q, k, v, config: Blocks = Blocks(), use_causal=True):
    b, h, d, s = q.shape
    rows, keys = config.rows, config.keys
    o = nl.ndarray((b, h, s, d), dtype=q.dtype, buffer=nl.shared_hbm)
    bi, hi = nl.program_id(axis=0), nl.program_id(axis=1)
    for qi in nl.sequential_range(s // rows):
        ob = nl.zeros((nl.par_dim(rows), d), dtype=np.float32, buffer=nl.sbuf, lazy_initialization=True)
        lb = nl.zeros((nl.par_dim(rows), 1), dtype=np.float32, buffer=nl.sbuf, lazy_initialization=True)
        mb = nl.full((nl.par_dim(rows), 1), fill_value=-9984.0 * 3, dtype=np.float32, buffer=nl.sbuf)
        qt = nl.ndarray((d, rows), dtype=q.dtype)
        qt[...] = nl.load(q[bi, hi, :, nl.ds(qi * rows, rows)]) * (d**-0.5)
        for ki in nl.sequential_range(s // keys):
            mask = (qi * rows + rows - 1 >= ki * keys) if use_causal else True
            qk = nl.ndarray((nl.par_dim(rows), keys), dtype=np.float32, buffer=nl.psum)
            kt = nl.load(k[bi, hi, :, nl.ds(ki * keys, keys)])
            qk[:, :] = nl.matmul(qt, kt, transpose_x=True, mask=mask)
            scores = scores_of(qk, qi * rows, ki * keys, use_causal, mask)
            mx = nisa.tensor_reduce(np.max, scores, axis=(1,), dtype=np.float32, negate=False, mask=mask)
            before = nl.copy(mb[:, 0])
            mb[:, 0] = nl.maximum(before, mx, mask=mask)
            alpha = nisa.activation(np.exp, mb[:, 0], bias=before, scale=-1.0, mask=mask)
            ob[...] = nl.multiply(ob, alpha, mask=mask)
            weights, sums = weights_of(scores, mb[:, 0], q.dtype, mask)
            ob[:, :] = nl.add(ob, weighted_values(weights, v[bi, hi, nl.ds(ki * keys, keys), :], mask), mask=mask)
            lb[:, 0] = nl.add(nl.multiply(lb[:, 0], alpha, mask=mask), sums, mask=mask)
        out = nl.ndarray((nl.par_dim(rows), d), dtype=q.dtype)
        out[:, :] = nl.multiply(ob, nl.divide(1.0, lb), dtype=q.dtype)
        nl.store(o[bi, hi, nl.ds(qi * rows, rows), :], out)
    return o


def test_flash_blocks():
    q, k, v = normal(1, 2, 32, 512), normal(1, 2, 32, 512), normal(1, 2, 512, 32)
    s = q.transpose(0, 1, 3, 2) @ k / math.sqrt(32)
    close(flash[1, 2](q, k, v, use_causal=False), softmax(s) @ v, 1e-3)
    s = np.where(np.tril(np.ones((512, 512), bool)), s, -np.inf)
    close(flash[1, 2](q, k, v), softmax(s) @ v, 1e-3)


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

    x = normal(8, 9, 9)
    w = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))[:, ::2, ::2].max((3, 4))
    close(k(x, 3, 2), w)


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

    x = normal(2, 4, 5, 6)
    r = k[2](x, 8, 10)
    w = x[:, (np.arange(8) * 0.5).astype(int)][:, :, (np.arange(10) * 0.5).astype(int)]
    close(r, w)


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

    x = normal(6, 8)
    w = np.empty((6, 16), np.float32)
    w[:, 1:-1:2] = 0.75 * x[:, :-1] + 0.25 * x[:, 1:]
    w[:, 2::2] = 0.25 * x[:, :-1] + 0.75 * x[:, 1:]
    w[:, 0] = x[:, 0]
    w[:, -1] = x[:, -1]
    close(k(x), w)


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

    p, g, m, v = normal(200, 16), normal(200, 16), normal(200, 16), np.abs(normal(200, 16))
    P, M, V = k(p, g, m, v, 0.1, 0.9, 0.99, 1e-8)
    m2 = m * 0.9 + g * 0.1
    v2 = v * 0.99 + g * g * 0.01
    close(M, m2)
    close(V, v2)
    close(P, p - 0.1 * m2 / (np.sqrt(v2) + 1e-8), 1e-3)


def test_qkv_rmsnorm_fused():
    @nki.jit
    def k(x, w, g, eps=1e-6):
        B, S, D = x.shape
        _, Nn = w.shape
        o = nl.ndarray((B, S, Nn), dtype=x.dtype, buffer=nl.shared_hbm)
        kt = D // 128
        wt = nl.ndarray((kt, nl.par_dim(128), Nn), dtype=w.dtype)
        for i in nl.affine_range(kt):
            wt[i] = nl.load(w[i * 128 : (i + 1) * 128, :])
        gt = nl.load(g.reshape((1, D)))
        for b in nl.affine_range(B):
            for s in nl.affine_range(math.ceil(S / 128)):
                ip = nl.arange(128)[:, None]
                jd = nl.arange(D)[None, :]
                mk = s * 128 + ip < S
                t = nl.load(x[b, s * 128 + ip, jd], mask=mk)
                sq = nl.ndarray((nl.par_dim(128), 1), dtype=nl.float32)
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

    x = normal(2, 150, 256)
    w = normal(256, 96)
    g = normal(256)
    n = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6) * g
    close(k(x, w, g), n @ w, 1e-3)


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

    xT, w, a, b = normal(256, 128), normal(256, 200), normal(256, 16), normal(16, 200)
    close(k(xT, w, a, b), xT.T @ w + xT.T @ a @ b, 1e-2)


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

    x = normal(128, 1200)
    close(k(x), np.cumsum(x, 1), 1e-2)


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

    x = normal(2, 3, 64, 16)
    close(k[2, 3, 2](x), np.tanh(x))


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

    x, d = normal(16, 16), normal(16, 16)
    s = 1 / (1 + np.exp(-x))
    close(k(x, d), s * (1 + x * (1 - s)) * d)


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

    x = normal(16, 30)
    y = RNG.integers(0, 30, (16, 1)).astype(np.int32)
    last = np.log(np.exp(x).sum(1, keepdims=True))
    close(k(x, y), last - np.take_along_axis(x, y, 1))
