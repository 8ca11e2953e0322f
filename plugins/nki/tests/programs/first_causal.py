"""Causal attention of NKI 1, block by block with a running maximum, in float32 and bfloat16."""

import math

import ml_dtypes
import numpy as np

import neuronxcc.nki as nki
import neuronxcc.nki.isa as nisa
import neuronxcc.nki.language as nl
from neuronxcc.nki.language import par_dim

LARGE = -30000.0


@nki.jit
def causal(q, k, v, softmax_scale=None, mixed_precision=True):
    """q, k [D, S], v [S, D] of one head; grid over heads."""
    h = nl.program_id(axis=0)
    _, d, s = q.shape
    scale = softmax_scale or 1.0 / math.sqrt(d)
    b = nl.tile_size.pmax
    kind = nl.bfloat16 if mixed_precision else nl.float32
    out = nl.ndarray((q.shape[0], s, d), dtype=q.dtype, buffer=nl.shared_hbm)
    i_d, i_q, i_b = nl.arange(d)[:, None], nl.arange(b)[:, None], nl.arange(b)[None, :]
    for t in nl.affine_range(s // b):
        qs = nl.multiply(nl.load(q[h, i_d, t * b + i_b], dtype=nl.float32), scale, dtype=kind)
        top = nl.full((par_dim(b), 1), LARGE, dtype=nl.float32)
        total = nl.zeros((par_dim(b), 1), dtype=nl.float32)
        acc = nl.zeros((par_dim(b), d), dtype=nl.float32)
        for u in range(t + 1):
            ks = nl.load(k[h, i_d, u * b + i_b], dtype=kind)
            vs = nl.load(v[h, u * b + i_q, nl.arange(d)[None, :]], dtype=kind)
            scores = nl.ndarray((par_dim(b), b), dtype=nl.float32)
            scores[...] = nl.copy(nisa.nc_matmul(qs, ks))
            scores[...] = nisa.affine_select(
                pred=(t * b + i_q >= u * b + i_b), on_true_tile=scores, on_false_value=LARGE, dtype=nl.float32
            )
            new = nl.maximum(top, nl.max(scores, axis=1, keepdims=True))
            factor = nl.exp(top - new)
            raised = nisa.activation(np.exp, scores, bias=nl.negative(new), dtype=kind)
            total[...] = total * factor + nl.sum(raised, axis=1, dtype=nl.float32, keepdims=True)
            turned = nl.copy(nisa.nc_transpose(raised), dtype=kind)
            acc[...] = acc * factor
            acc[...] += nisa.nc_matmul(turned, vs)
            top[...] = nl.copy(new)
        nl.store(out[h, t * b + i_q, nl.arange(d)[None, :]], nl.divide(acc, total, dtype=q.dtype))
    return out


def reference(q, k, v):
    scores = np.einsum("hds,hdt->hst", q, k) / math.sqrt(q.shape[1])
    scores = np.where(np.tril(np.ones(scores.shape[1:], bool)), scores, -np.inf)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True) @ v


if __name__ == "__main__":
    rng = np.random.default_rng(12)
    heads, depth, length = 2, 64, 384
    q, k = rng.standard_normal((2, heads, depth, length)).astype(np.float32)
    v = rng.standard_normal((heads, length, depth)).astype(np.float32)
    exact = causal[heads](q, k, v, mixed_precision=False)
    np.testing.assert_allclose(exact, reference(q, k, v), rtol=1e-3, atol=1e-4)
    low = [a.astype(ml_dtypes.bfloat16) for a in (q, k, v)]
    rough = nki.simulate_kernel(causal[heads], *low)
    assert rough.dtype == ml_dtypes.bfloat16
    wide = reference(*(a.astype(np.float32) for a in low))
    assert np.abs(rough.astype(np.float32) - wide).max() < 0.05
    print("causal")
