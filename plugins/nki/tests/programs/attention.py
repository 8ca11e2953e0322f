import numpy as np, math
import nki, nki.isa as nisa, nki.language as nl
from nki.language import affine_range


@nki.jit
def attention_fwd(q, k, v, causal=True):
    """q,k,v [seq, d] -> o [seq, d]."""
    seq, d = q.shape
    sm = 1.0 / math.sqrt(d)
    o = nl.ndarray((seq, d), dtype=q.dtype, buffer=nl.shared_hbm)
    T = 128
    nt = seq // T
    kT = nl.ndarray((d, seq), dtype=k.dtype, buffer=nl.sbuf)
    vs = []
    for j in affine_range(nt):
        k_sb = nl.ndarray((T, d), dtype=k.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=k_sb, src=k[j * T : (j + 1) * T])
        kp = nl.ndarray((d, T), dtype=k.dtype, buffer=nl.psum)
        nisa.nc_transpose(dst=kp, data=k_sb)
        nisa.tensor_copy(dst=kT[:, j * T : (j + 1) * T], src=kp)
        v_sb = nl.ndarray((T, d), dtype=v.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=v_sb, src=v[j * T : (j + 1) * T])
        vs.append(v_sb)
    for i in affine_range(nt):
        q_sb = nl.ndarray((T, d), dtype=q.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=q_sb, src=q[i * T : (i + 1) * T])
        qp = nl.ndarray((d, T), dtype=q.dtype, buffer=nl.psum)
        nisa.nc_transpose(dst=qp, data=q_sb, engine=nisa.tensor_engine)
        qT = nl.ndarray((d, T), dtype=q.dtype, buffer=nl.sbuf)
        nisa.tensor_scalar(dst=qT, data=qp, op0=nl.multiply, operand0=sm)
        scores = nl.ndarray((T, seq), dtype=nl.float32, buffer=nl.sbuf)
        for j in affine_range(nt):
            s_ps = nl.ndarray((T, T), dtype=nl.float32, buffer=nl.psum)
            nisa.nc_matmul(s_ps, stationary=qT, moving=kT[:, j * T : (j + 1) * T])
            nisa.tensor_copy(scores[:, j * T : (j + 1) * T], s_ps)
        if causal:
            nisa.affine_select(
                dst=scores,
                pattern=[[-1, seq]],
                channel_multiplier=1,
                offset=i * T,
                on_true_tile=scores,
                on_false_value=-1e30,
                cmp_op=nl.greater_equal,
            )
        m = nl.ndarray((T, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_reduce(m, nl.maximum, scores, axis=[1], negate=True)
        p = nl.ndarray((T, seq), dtype=q.dtype, buffer=nl.sbuf)
        l = nl.ndarray((T, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.activation_reduce(dst=p, op=nl.exp, data=scores, reduce_op=nl.add, reduce_res=l, bias=m)
        acc = nl.ndarray((T, d), dtype=nl.float32, buffer=nl.psum)
        for j in affine_range(nt):
            pp = nl.ndarray((T, T), dtype=q.dtype, buffer=nl.psum)
            nisa.nc_transpose(pp, p[:, nl.ds(j * T, T)])
            pT = nl.ndarray((T, T), dtype=q.dtype, buffer=nl.sbuf)
            nisa.activation(pT, nl.copy, pp)
            nisa.nc_matmul(acc, pT, vs[j])
        nisa.reciprocal(l, l)
        r = nl.ndarray((T, d), dtype=q.dtype, buffer=nl.sbuf)
        nisa.tensor_scalar(r, acc, nl.multiply, l)
        nisa.dma_copy(o[i * T : (i + 1) * T, :], r)
    return o


def reference(q, k, v, causal):
    s = q @ k.T / math.sqrt(q.shape[1])
    if causal:
        s = np.where(np.tril(np.ones_like(s)) > 0, s, -np.inf)
    p = np.exp(s - s.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True) @ v


if __name__ == "__main__":
    rs = np.random.RandomState(7)
    q, k, v = (rs.normal(size=(384, 64)).astype(np.float32) for _ in range(3))
    for causal in (True, False):
        err = np.abs(attention_fwd(q, k, v, causal=causal) - reference(q, k, v, causal)).max()
        print("causal", causal, "err", err)
        assert err < 1e-4
