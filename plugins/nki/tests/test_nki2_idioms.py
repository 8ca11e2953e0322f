"""Idioms of NKI 2 kernels, one after another: experimental functions, register loops, views, configurations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import ml_dtypes
import numpy as np
import pytest
from nki_kernels import close, nisa, nl, normal, softmax

from accelcore_nki import surface

nki = surface.modules()["nki"]
ntensor = surface.modules()["nki.tensor"]


def test_add_experimental():
    @nki.jit
    def k(a, b):
        o = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        x = nl.load(a)
        y = nl.load(b)
        nl.store(o, value=nl.add(x, y))
        return o

    a, b = normal(128, 512), normal(128, 512)
    close(nki.simulate(k)(a, b), a + b)


def test_add_beta2_hbm():
    @nki.jit
    def k(a, b):
        o = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.hbm)
        x = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.sbuf)
        y = nl.ndarray(b.shape, dtype=b.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=x, src=a)
        nisa.dma_copy(dst=y, src=b)
        z = nl.ndarray(a.shape, a.dtype, nl.sbuf)
        nisa.tensor_tensor(dst=z, data1=x, data2=y, op=nl.add)
        nisa.dma_copy(dst=o, src=z)
        return o

    a, b = normal(128, 512), normal(128, 512)
    close(k(a, b), a + b)


def test_zeros_psum_accumulate():
    @nki.jit
    def k(a, b):
        o = nl.ndarray((128, 512), dtype=nl.float32, buffer=nl.shared_hbm)
        acc = nl.zeros((128, 512), dtype=nl.float32, buffer=nl.psum)
        for i in nl.affine_range(2):
            x = nl.ndarray((128, 128), dtype=a.dtype, buffer=nl.sbuf)
            y = nl.ndarray((nl.par_dim(128), 512), dtype=b.dtype, buffer=nl.sbuf)
            nisa.dma_copy(dst=x[...], src=a[i * 128 : (i + 1) * 128, :])
            nisa.dma_copy(dst=y[0:128, 0:512], src=b[nl.ds(i * 128, 128), :])
            nisa.nc_matmul(dst=acc, stationary=x, moving=y)
        s = nl.ndarray((128, 512), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy(dst=s, src=acc)
        nisa.dma_copy(dst=o, src=s)
        return o

    a, b = normal(256, 128), normal(256, 512)
    close(k(a, b), a.T @ b, 1e-3)


def test_lists_and_config():
    @dataclass
    class Cfg(nl.NKIObject):
        n: int = 4
        dt: object = nl.bfloat16

    @nki.jit
    def k(xs, cfg: Cfg):
        outs = []
        for i, x in enumerate(xs):
            o = nl.ndarray(x.shape, dtype=cfg.dt, buffer=nl.shared_hbm, name=f"o{i}")
            tl = nl.ndarray(x.shape, dtype=cfg.dt, buffer=nl.sbuf, name=f"t{i}")
            nisa.dma_copy(tl, x)
            nisa.tensor_scalar(dst=tl, data=tl, op0=nl.multiply, operand0=float(cfg.n))
            nisa.dma_copy(o, tl)
            outs.append(o)
        return outs

    xs = [normal(8, 8), normal(4, 4)]
    for a, b in zip(k(xs, Cfg()), xs, strict=False):
        close(a, b * 4, 2e-2)


def test_lnc2_shard():
    @nki.jit
    def k(x):
        n = nl.num_programs(0)
        i = nl.program_id(0)
        h = x.shape[0] // n
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        tl = nl.ndarray((h, x.shape[1]), dtype=x.dtype, buffer=nl.sbuf)
        nisa.dma_copy(tl, x[i * h : (i + 1) * h, :])
        nisa.activation(tl, op=nl.relu, data=tl)
        nisa.dma_copy(o[nl.ds(i * h, h), :], tl)
        nisa.core_barrier(o, (0, 1))
        return o

    x = normal(64, 8)
    close(k[2](x), np.maximum(x, 0))


def test_rope_ap_strided():
    @nki.jit
    def k(x, c, s):
        P, F = x.shape
        h = F // 2
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.load(x)
        cc = nl.load(c)
        ss = nl.load(s)
        r = nl.ndarray((P, F), dtype=nl.float32, buffer=nl.sbuf)
        ev = t.ap([[F, P], [2, h]], offset=0)
        od = t.ap(pattern=[[F, P], [2, h]], offset=1)
        a = nl.ndarray((P, h), dtype=nl.float32, buffer=nl.sbuf)
        b = nl.ndarray((P, h), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_tensor(a, ev, cc, nl.multiply)
        nisa.tensor_tensor(b, od, ss, nl.multiply)
        nisa.tensor_tensor(r.ap([[F, P], [2, h]]), a, b, nl.subtract)
        nisa.tensor_tensor(a, ev, ss, nl.multiply)
        nisa.tensor_tensor(b, od, cc, nl.multiply)
        nisa.tensor_tensor(r[:, 1::2], a, b, nl.add)
        nisa.dma_copy(o, r)
        return o

    x = normal(16, 8)
    an = normal(16, 4)
    c, s = np.cos(an), np.sin(an)
    w = np.empty_like(x)
    w[:, ::2] = x[:, ::2] * c - x[:, 1::2] * s
    w[:, 1::2] = x[:, ::2] * s + x[:, 1::2] * c
    close(k(x, c, s), w)


def test_np_ops_and_bool_masks():
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.load(x)
        m = nl.ndarray(x.shape, dtype=nl.uint8, buffer=nl.sbuf)
        nisa.tensor_scalar(dst=m, data=t, op0=np.greater, operand0=0.0)
        z = nl.full(x.shape, -1.0, dtype=x.dtype, buffer=nl.sbuf)
        nisa.tensor_copy_predicated(dst=z, src=t, predicate=m)
        nisa.dma_copy(o, z)
        return o

    x = normal(16, 8)
    close(k(x), np.where(x > 0, x, -1))


def test_psum_slices_banks():
    @nki.jit
    def k(a, b):
        o = nl.ndarray((64, 1024), dtype=nl.float32, buffer=nl.shared_hbm)
        acc = nl.ndarray((64, 2, 512), dtype=nl.float32, buffer=nl.psum)
        x = nl.load(a)
        y = nl.load(b)
        for i in range(2):
            nisa.nc_matmul(acc[:, i, :], x, y[:, i * 512 : (i + 1) * 512])
        s = nl.ndarray((64, 1024), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy(s, acc.reshape((64, 1024)))
        nisa.dma_copy(o, s)
        return o

    a, b = normal(128, 64), normal(128, 1024)
    close(k(a, b), a.T @ b, 1e-3)


def test_negative_index_and_ellipsis():
    @nki.jit
    def k(x):
        o = nl.ndarray((2, 16, 4), dtype=x.dtype, buffer=nl.shared_hbm)
        for b in range(2):
            t = nl.ndarray((16, 8), dtype=x.dtype, buffer=nl.sbuf)
            nisa.dma_copy(t, x[b, ...])
            nisa.dma_copy(o[b], t[..., -4:])
        return o

    x = normal(2, 16, 8)
    close(k(x), x[:, :, -4:])


def test_dma_transpose_bf16_and_cast():
    @nki.jit
    def k(x):
        o = nl.ndarray((x.shape[1], x.shape[0]), dtype=nl.float32, buffer=nl.shared_hbm)
        t = nl.ndarray((x.shape[1], x.shape[0]), dtype=x.dtype, buffer=nl.sbuf)
        nisa.dma_transpose(dst=t, src=x)
        f = nl.ndarray(t.shape, dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy(f, t)
        nisa.dma_copy(o, f)
        return o

    x = normal(64, 32).astype(ml_dtypes.bfloat16)
    close(k(x), x.T)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_unwritten_partial_then_used():
    @nki.jit
    def k(x):
        o = nl.ndarray((16, 8), dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.ndarray((16, 16), dtype=x.dtype, buffer=nl.sbuf)
        nisa.dma_copy(t[:, 0:8], x)
        e = nl.ndarray((16, 16), dtype=x.dtype, buffer=nl.sbuf)
        nisa.activation(e, nl.exp, t)
        nisa.dma_copy(o, e[:, 0:8])
        return o

    x = normal(16, 8)
    close(nki.simulate(k)(x), np.exp(x))


def test_tensor_scalar_swapped_kw():
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        t = nl.load(x)
        mx = nl.ndarray((16, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_reduce(dst=mx, op=np.max, data=t, axis=(1,))
        s = nl.ndarray((16, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_scalar(dst=t, data=t, op0=np.subtract, operand0=mx, op1=np.multiply, operand1=2.0)
        nisa.activation_reduce(dst=t, op=np.exp, data=t, reduce_op=np.add, reduce_res=s)
        nisa.reciprocal(dst=s, data=s)
        nisa.tensor_scalar(t, t, np.multiply, s)
        nisa.dma_copy(o, t)
        return o

    x = normal(16, 8)
    e = np.exp(2 * (x - x.max(1, keepdims=True)))
    close(k(x), e / e.sum(1, keepdims=True))


def test_benchmark_v2():
    @nki.benchmark(warmup=1, iters=2)
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, nl.load(x))
        return o

    x = normal(16, 8)
    close(k(x), x)
    assert k.benchmark_result.nc_latency.get_latency_percentile(99) > 0


def test_int_ops():
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=nl.int32, buffer=nl.shared_hbm)
        t = nl.load(x)
        r = nl.ndarray(x.shape, dtype=nl.int32, buffer=nl.sbuf)
        nisa.tensor_scalar(r, t, nl.logical_shift_right, 2, op1=nl.bitwise_and, operand1=7)
        nisa.tensor_tensor(r, r, t, nl.add, engine=nisa.gpsimd_engine)
        nisa.dma_copy(o, r)
        return o

    x = np.arange(64, dtype=np.int32).reshape(8, 8)
    assert (k(x) == ((x >> 2) & 7) + x).all()


def test_constant_tensor():
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=nl.float32, buffer=nl.shared_hbm)
        c = nl.shared_constant(ntensor.identity(16, dtype=nl.int8), dtype=nl.float32)
        i = nl.load(c)
        p = nl.ndarray((16, 16), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_matmul(p, nl.load(x), i)
        s = nl.ndarray((16, 16), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy(s, p)
        nisa.dma_copy(o, s)
        return o

    x = normal(16, 16)
    close(k(x), x.T)


def test_addressed_double_buffer():
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        bufs = [nl.ndarray((128, 256), dtype=x.dtype, buffer=nl.sbuf, address=(0, i * 1024)) for i in range(2)]
        for i in range(4):
            b = bufs[i % 2]
            nisa.dma_copy(dst=b, src=x[i * 128 : (i + 1) * 128, :])
            nisa.activation(dst=b, op=nl.gelu_apprx_tanh, data=b)
            nisa.dma_copy(dst=o[i * 128 : (i + 1) * 128, :], src=b)
        return o

    x = normal(512, 256)
    close(k(x), 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


def test_psum_banks_addr():
    @nki.jit
    def k(a, b):
        o = nl.ndarray((128, 1024), dtype=nl.float32, buffer=nl.shared_hbm)
        x = nl.load(a)
        y = nl.load(b)
        for i in range(2):
            p = nl.ndarray((128, 512), dtype=nl.float32, buffer=nl.psum, address=(0, i * 2048))
            nisa.nc_matmul(dst=p[...], stationary=x[...], moving=y[:, nl.ds(i * 512, 512)])
            s = nl.ndarray((128, 512), dtype=nl.float32, buffer=nl.sbuf)
            nisa.activation(dst=s, op=nl.copy, data=p)
            nisa.dma_copy(dst=o[:, i * 512 : (i + 1) * 512], src=s)
        return o

    a, b = normal(128, 128), normal(128, 1024)
    close(k(a, b), a.T @ b, 1e-3)


def test_decode_attention_gqa():
    @nki.jit
    def k(q, kc, vc, pos):
        H, D = q.shape
        S = kc.shape[0]
        o = nl.ndarray((H, D), dtype=q.dtype, buffer=nl.shared_hbm)
        qT = nl.ndarray((D, H), dtype=q.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=qT, src=q.ap([[1, D], [D, H]]))
        kT = nl.ndarray((D, S), dtype=q.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=kT, src=kc.ap([[1, D], [D, S]]))
        p = nl.ndarray((H, S), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_matmul(p, qT, kT)
        s = nl.ndarray((H, S), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_scalar(s, p, nl.multiply, 1 / math.sqrt(D))
        idx = nl.ndarray((H, S), dtype=nl.float32, buffer=nl.sbuf)
        nisa.iota(idx, [[1, S]], offset=0, channel_multiplier=0)
        pp = nl.ndarray((H, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.dma_copy(pp, pos.ap([[0, H], [1, 1]]))
        m = nl.ndarray((H, S), dtype=nl.uint8, buffer=nl.sbuf)
        nisa.tensor_scalar(m, idx, nl.less_equal, pp)
        f = nl.full((H, S), -30000.0, dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy_predicated(f, s, m)
        mx = nl.ndarray((H, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_reduce(mx, nl.maximum, f, axis=1, negate=True)
        sm_ = nl.ndarray((H, 1), dtype=nl.float32, buffer=nl.sbuf)
        e = nl.ndarray((H, S), dtype=nl.float32, buffer=nl.sbuf)
        nisa.activation(
            dst=e,
            op=nl.exp,
            data=f,
            bias=mx,
            scale=1.0,
            reduce_op=nl.add,
            reduce_res=sm_,
            reduce_cmd=nisa.reduce_cmd.reset_reduce,
        )
        eT = nl.ndarray((S, H), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_transpose(eT, e)
        eS = nl.ndarray((S, H), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy(eS, eT)
        v = nl.load(vc)
        op = nl.ndarray((H, D), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_matmul(op, eS, v)
        nisa.reciprocal(sm_, sm_)
        r = nl.ndarray((H, D), dtype=q.dtype, buffer=nl.sbuf)
        nisa.activation(r, nl.copy, op, scale=sm_)
        nisa.dma_copy(o, r)
        return o

    q, kc, vc = normal(16, 64), normal(100, 64), normal(100, 64)
    s = q @ kc.T / 8
    s[:, 41:] = -30000
    close(k(q, kc, vc, np.array([[40.0]], np.float32)), softmax(s) @ vc, 1e-3)


def test_moe_expert_gather_scatter():
    @nki.jit
    def k(x, w, sel):
        T, D = x.shape
        _E, _, F = w.shape
        o = nl.ndarray((T, F), dtype=x.dtype, buffer=nl.shared_hbm)
        reg = nisa.register_alloc()
        ss = nl.load(sel)
        xt = nl.ndarray((D, T), dtype=x.dtype, buffer=nl.sbuf)
        nisa.dma_transpose(xt, x)
        for tkn in range(T):
            nisa.register_load(reg, ss[0:1, tkn : tkn + 1])
            wt = nl.ndarray((D, F), dtype=w.dtype, buffer=nl.sbuf)
            nisa.dma_copy(dst=wt, src=w.ap([[F, D], [1, F]], scalar_offset=reg, indirect_dim=0))
            p = nl.ndarray((1, F), dtype=nl.float32, buffer=nl.psum)
            nisa.nc_matmul(p, xt[:, tkn : tkn + 1], wt)
            r = nl.ndarray((1, F), dtype=x.dtype, buffer=nl.sbuf)
            nisa.tensor_copy(r, p)
            nisa.dma_copy(o[tkn : tkn + 1, :], r)
        return o

    x, w = normal(5, 32), normal(3, 32, 16)
    sel = np.array([[2, 0, 1, 1, 2]], np.int32)
    close(k(x, w, sel), np.stack([x[i] @ w[sel[0, i]] for i in range(5)]), 1e-3)


def test_quantize_fp8():
    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=nl.float8_e4m3, buffer=nl.shared_hbm)
        sc = nl.ndarray((x.shape[0], 1), dtype=nl.float32, buffer=nl.shared_hbm)
        t = nl.load(x)
        m = nl.ndarray((x.shape[0], 1), dtype=nl.float32, buffer=nl.sbuf)
        a = nl.ndarray(x.shape, dtype=nl.float32, buffer=nl.sbuf)
        nisa.activation(a, nl.abs, t)
        nisa.tensor_reduce(m, nl.maximum, a, axis=1)
        nisa.tensor_scalar(m, m, nl.multiply, 1 / 240.0)
        r = nl.ndarray(m.shape, dtype=nl.float32, buffer=nl.sbuf)
        nisa.reciprocal(r, m)
        q = nl.ndarray(x.shape, dtype=nl.float8_e4m3, buffer=nl.sbuf)
        nisa.tensor_scalar(q, t, nl.multiply, r)
        nisa.dma_copy(o, q)
        nisa.dma_copy(sc, m)
        return o, sc

    x = normal(16, 32)
    q, s = k(x)
    assert q.dtype == ml_dtypes.float8_e4m3
    close(q.astype(np.float32) * s, x, 8e-2)


def test_conv1d_matmul_taps():
    @nki.jit
    def k(x, w):
        Ci, L = x.shape
        T, _, Co = w.shape
        o = nl.ndarray((Co, L - T + 1), dtype=x.dtype, buffer=nl.shared_hbm)
        xt = nl.load(x)
        acc = nl.ndarray((Co, L - T + 1), dtype=nl.float32, buffer=nl.psum)
        for tt in range(T):
            wt = nl.ndarray((Ci, Co), dtype=w.dtype, buffer=nl.sbuf)
            nisa.dma_copy(wt, w[tt])
            nisa.nc_matmul(dst=acc, stationary=wt, moving=xt[:, tt : tt + L - T + 1], accumulate=(tt > 0))
        s = nl.ndarray(acc.shape, dtype=x.dtype, buffer=nl.sbuf)
        nisa.tensor_copy(s, acc)
        nisa.dma_copy(o, s)
        return o

    x, w = normal(32, 60), normal(3, 32, 20)
    close(k(x, w), sum(w[i].T @ x[:, i : i + 58] for i in range(3)), 1e-3)


def test_views_chain():
    @nki.jit
    def k(x):
        P, _F = x.shape
        t = nl.load(x)
        v = t.reshape_dim(1, (4, -1)).select(1, 2).slice(1, 0, 4, 2)
        o = nl.ndarray(v.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        s = nl.ndarray(v.shape, dtype=x.dtype, buffer=nl.sbuf)
        nisa.tensor_copy(dst=s, src=v)
        nisa.dma_copy(o, s)
        b = t[:, 0:1].broadcast(1, 6).expand_dim(1).squeeze_dim(1)
        o2 = nl.ndarray((P, 6), dtype=x.dtype, buffer=nl.shared_hbm)
        s2 = nl.ndarray((P, 6), dtype=x.dtype, buffer=nl.sbuf)
        nisa.tensor_copy(s2, b)
        nisa.dma_copy(o2, s2)
        return o, o2

    x = normal(8, 24)
    a, b = k(x)
    close(a, x.reshape(8, 4, 6)[:, 2, 0:4:2])
    close(b, np.repeat(x[:, :1], 6, 1))


def test_partition_broadcast_matmul_ones():
    @nki.jit
    def k(x, b):
        P, F = x.shape
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        ones = nl.ndarray((1, P), dtype=nl.float32, buffer=nl.sbuf)
        nisa.memset(dst=ones, value=1.0)
        bt = nl.load(b)
        p = nl.ndarray((P, F), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_matmul(p, ones, bt, is_stationary_onezero=True)
        t = nl.load(x)
        r = nl.ndarray((P, F), dtype=x.dtype, buffer=nl.sbuf)
        nisa.tensor_tensor(r, t, p, nl.multiply)
        nisa.dma_copy(o, r)
        return o

    x, b = normal(64, 96), normal(1, 96)
    close(k(x, b), x * b)


def test_dma_compute_accumulate():
    @nki.jit
    def k(a, b):
        o = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        nisa.dma_compute(dst=o, srcs=[a, b], reduce_op=nl.add, scales=[1.0, 0.5])
        return o

    a, b = normal(16, 16), normal(16, 16)
    close(k(a, b), a + 0.5 * b)


def test_stats_partition_reduce_gpsimd():
    @nki.jit
    def k(x):
        t = nl.load(x)
        s = nl.ndarray((1, x.shape[1]), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_partition_reduce(dst=s, op=nl.add, data=t)
        o = nl.ndarray((1, x.shape[1]), dtype=nl.float32, buffer=nl.shared_hbm)
        nisa.dma_copy(o, s)
        return o

    x = normal(100, 30)
    close(k(x), x.sum(0, keepdims=True), 1e-3)


def test_trn1_target_and_version():
    @nki.jit(platform_target="trn1")
    def k(x):
        assert nisa.get_nc_version() == nisa.nc_version.gen2
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(o, nl.load(x))
        return o

    x = normal(4, 4)
    close(k(x), x)


def test_while_python_and_helpers():
    def tiles(n, s):
        i = 0
        while i < n:
            yield i, min(s, n - i)
            i += s

    @nki.jit
    def k(x):
        o = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        for r, h in tiles(x.shape[0], 128):
            for c, w in tiles(x.shape[1], 512):
                t = nl.ndarray((h, w), dtype=x.dtype, buffer=nl.sbuf)
                nisa.dma_copy(t, x[nl.ds(r, h), nl.ds(c, w)])
                nisa.tensor_scalar(
                    dst=t, data=t, op0=nl.maximum, operand0=0.0, op1=nl.power, operand1=2.0, engine=nisa.vector_engine
                )
                nisa.dma_copy(o[nl.ds(r, h), nl.ds(c, w)], t)
        return o

    x = normal(200, 700)
    close(k(x), np.maximum(x, 0) ** 2)


def test_experimental_functions_by_keyword():
    @nki.jit
    def k(a):
        out = nl.ndarray((16, 8), dtype=nl.bfloat16, buffer=nl.shared_hbm)
        column = nl.sum(x=nl.load(src=a), axis=1, keepdims=True)
        wide = nl.broadcast_to(x=column, shape=(16, 8), dtype=nl.bfloat16)
        same = nl.empty_like(x=wide)
        nisa.tensor_copy(dst=same, src=wide)
        nl.store(dst=out, value=nl.expand_dims(x=same, axis=1).reshape((16, 8)))
        return out

    a = normal(16, 8)
    got = k(a)
    assert got.dtype == ml_dtypes.bfloat16
    close(got, np.repeat(a.sum(1, keepdims=True), 8, 1), 1e-2)
