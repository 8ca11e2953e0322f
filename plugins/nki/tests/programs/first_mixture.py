"""A grab bag of NKI 1 habits."""

import math
import numpy as np
import neuronxcc.nki as nki
import neuronxcc.nki.isa as nisa
import neuronxcc.nki.language as nl
from neuronxcc.nki.language import add, multiply, load, store, bfloat16

FMAX = 512


def n_tiles(n, t=128):
    return math.ceil(n / t)


@nki.jit
def conv2d(x, w, b=None, stride=1, pad=0):
    """x [N, C, H, W], w [K, C, R, S] -> [N, K, OH, OW]; C, K <= 128"""
    N, C, H, W = x.shape
    K, _, R, S = w.shape
    OH, OW = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1
    out = nl.ndarray((N, K, OH, OW), dtype=x.dtype, buffer=nl.shared_hbm)
    wt = nl.ndarray((nl.par_dim(C), R * S, K), dtype=w.dtype)
    i_c, i_k = nl.arange(C)[:, None], nl.arange(K)[None, :]
    for r in range(R):
        for s in range(S):
            wt[i_c, r * S + s, i_k] = nl.load(w[i_k, i_c, r, s])
    bias = nl.load(b.reshape((K, 1))) if b is not None else nl.zeros((K, 1), dtype=x.dtype)
    for n in nl.affine_range(N):
        img = nl.zeros((nl.par_dim(C), H + 2 * pad, W + 2 * pad), dtype=x.dtype)
        ic, ih, iw = nl.mgrid[0:C, 0:H, 0:W]
        img[ic, pad + ih, pad + iw] = nl.load(x[n, ic, ih, iw])
        for oh in nl.affine_range(OH):
            acc = nl.zeros((nl.par_dim(K), OW), dtype=nl.float32, buffer=nl.psum)
            for r in range(R):
                for s in range(S):
                    j = nl.arange(OW)[None, :]
                    acc += nl.matmul(
                        wt[i_c, r * S + s, i_k], img[i_c, oh * stride + r, j * stride + s], transpose_x=True
                    )
            row = nisa.activation(op=nl.relu, data=acc, bias=bias, scale=1.0)
            nl.store(out[n, 0:K, oh, 0:OW], row)
    return out


@nki.jit
def gqa_scores(q, k, groups):
    """q [QH, D, S], k [KH, D, S]"""
    QH, D, S = q.shape
    out = nl.ndarray((QH, S, S), dtype=nl.float32, buffer=nl.shared_hbm)
    for h in nl.affine_range(QH):
        kt = nl.load(k[h // groups])
        qt = nl.load(q[h])
        for t in nl.affine_range(n_tiles(S)):
            s0 = t * 128
            sz = min(128, S - s0)
            ps = nisa.nc_matmul(qt[:, s0 : s0 + sz], kt)
            nl.store(out[h, s0 : s0 + sz, :], value=ps)
    return out


@nki.jit
def dropout_mask_apply(x, m, p):
    t, k = nl.load(x), nl.load(m)
    keep = nl.greater(k, p)
    y = nl.where(keep, nl.multiply(t, 1.0 / (1.0 - p)), nl.zeros(x.shape, dtype=x.dtype))
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    nl.store(out, y)
    return out


@nki.jit
def welford(x):
    n, d = x.shape
    mean = nl.zeros((n, 1), dtype=nl.float32)
    m2 = nl.zeros((n, 1), dtype=nl.float32)
    t = nl.load(x)
    for j in nl.static_range(d):
        delta = nl.subtract(t[:, j : j + 1], mean)
        mean[...] = nl.add(mean, nl.multiply(delta, 1.0 / (j + 1)))
        delta2 = nl.subtract(t[:, j : j + 1], mean)
        m2[...] = m2 + delta * delta2
    out = nl.ndarray((n, 2), dtype=nl.float32, buffer=nl.shared_hbm)
    nl.store(out[:, 0:1], mean)
    nl.store(out[:, 1:2], m2 / d)
    return out


@nki.jit
def one_hot(ids, classes):
    n = ids.shape[0]
    t = nl.load(ids)
    idx = nisa.iota(nl.arange(classes)[None, :] + nl.arange(n)[:, None] * 0, dtype=nl.int32)
    out = nl.ndarray((n, classes), dtype=nl.float32, buffer=nl.shared_hbm)
    nl.store(out, nl.equal(idx, t, dtype=nl.float32))
    return out


@nki.jit
def sliding_sum(x, w):
    P, N = x.shape
    t = nl.load(x)
    acc = nl.zeros((P, N), dtype=nl.float32)
    i_p, i_f = nl.mgrid[0:P, 0:N]
    for s in range(w):
        acc[i_p, i_f] = nl.add(acc[i_p, i_f], t[i_p, i_f + s], mask=(i_f + s < N))
    out = nl.ndarray((P, N), dtype=nl.float32, buffer=nl.shared_hbm)
    nl.store(out, acc)
    return out


@nki.jit
def vec_matmul(v, m):
    """v [K] @ m [K, N]"""
    K, N = m.shape
    ps = nl.zeros((1, N), dtype=nl.float32, buffer=nl.psum)
    for k in nl.affine_range(K // 128):
        a = nl.load(v[nl.ds(k * 128, 128)].reshape((128, 1)))
        b = nl.load(m[nl.ds(k * 128, 128), :])
        ps += nisa.nc_matmul(a, b)
    out = nl.ndarray((1, N), dtype=v.dtype, buffer=nl.shared_hbm)
    store(out, ps)
    return out


sim = nki.simulate_kernel
rng = np.random.default_rng(0)


def f(*s):
    return rng.normal(size=s).astype(np.float32)


x, w, b = f(2, 8, 7, 9), f(5, 8, 3, 3), f(5)


def ref(x, w, b, st, pad):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    R, S = w.shape[2:]
    OH, OW = (x.shape[2] - R) // st + 1, (x.shape[3] - S) // st + 1
    o = np.zeros((x.shape[0], w.shape[0], OH, OW))
    for r in range(R):
        for s in range(S):
            o += np.einsum("nchw,kc->nkhw", x[:, :, r : r + OH * st : st, s : s + OW * st : st], w[:, :, r, s])
    return np.maximum(o + b[None, :, None, None], 0)


assert np.allclose(sim(conv2d, x, w, b, 1, 1), ref(x, w, b, 1, 1), atol=1e-4)
assert np.allclose(sim(conv2d, x, w, b, stride=2), ref(x, w, b, 2, 0), atol=1e-4)
q, k = f(4, 16, 200), f(2, 16, 200)
assert np.allclose(sim(gqa_scores, q, k, 2), np.einsum("hds,hdt->hst", q, k.repeat(2, 0)), atol=1e-4)
a, m = f(64, 32), rng.random((64, 32)).astype(np.float32)
assert np.allclose(sim(dropout_mask_apply, a, m, 0.3), np.where(m > 0.3, a / 0.7, 0), atol=1e-5)
assert np.allclose(sim(welford, a), np.stack([a.mean(1), a.var(1)], 1), atol=1e-4)
ids = rng.integers(0, 10, (50, 1)).astype(np.int32)
assert np.array_equal(sim(one_hot, ids, 10), np.eye(10, dtype=np.float32)[ids[:, 0]])
want = sum(np.pad(a, ((0, 0), (0, s)))[:, s : s + 32] for s in range(4))
assert np.allclose(sim(sliding_sum, a, 4), want, atol=1e-5)
v, mm = f(256), f(256, 40)
assert np.allclose(sim(vec_matmul, v, mm)[0], v @ mm, atol=1e-3)
print("grab bag ok")
