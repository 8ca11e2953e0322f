import numpy as np
import neuronxcc.nki as nki
import neuronxcc.nki.language as nl


@nki.jit
def adamw(theta, g, m, v, lr, beta1, beta2, eps, wd, step):
    n, d = theta.shape
    t_out = nl.ndarray((n, d), dtype=theta.dtype, buffer=nl.shared_hbm)
    m_out = nl.ndarray((n, d), dtype=theta.dtype, buffer=nl.shared_hbm)
    v_out = nl.ndarray((n, d), dtype=theta.dtype, buffer=nl.shared_hbm)
    b1c, b2c = 1 - beta1**step, 1 - beta2**step
    for i in nl.affine_range(-(-n // 128)):
        for j in nl.affine_range(-(-d // 512)):
            ip, jf = nl.mgrid[0:128, 0:512]
            mask = (i * 128 + ip < n) & (j * 512 + jf < d)
            r, c = i * 128 + ip, j * 512 + jf
            tt = nl.load(theta[r, c], mask=mask)
            gt = nl.load(g[r, c], mask=mask)
            mt = nl.load(m[r, c], mask=mask)
            vt = nl.load(v[r, c], mask=mask)
            mt = nl.add(nl.multiply(mt, beta1, mask=mask), nl.multiply(gt, 1 - beta1, mask=mask), mask=mask)
            vt = nl.add(
                nl.multiply(vt, beta2, mask=mask),
                nl.multiply(nl.square(gt, mask=mask), 1 - beta2, mask=mask),
                mask=mask,
            )
            mh = nl.multiply(mt, 1 / b1c, mask=mask)
            vh = nl.multiply(vt, 1 / b2c, mask=mask)
            den = nl.add(nl.sqrt(vh, mask=mask), eps, mask=mask)
            upd = nl.divide(mh, den, mask=mask)
            tt = nl.subtract(nl.multiply(tt, 1 - lr * wd, mask=mask), nl.multiply(upd, lr, mask=mask), mask=mask)
            nl.store(t_out[r, c], tt, mask=mask)
            nl.store(m_out[r, c], mt, mask=mask)
            nl.store(v_out[r, c], vt, mask=mask)
    return t_out, m_out, v_out


rng = np.random.default_rng(0)
th, g, m = (rng.normal(size=(200, 700)).astype(np.float32) for _ in range(3))
v = rng.uniform(0, 1, (200, 700)).astype(np.float32)
lr, b1, b2, eps, wd, st = 1e-3, 0.9, 0.999, 1e-8, 0.01, 3
t2, m2, v2 = nki.simulate_kernel(adamw, th, g, m, v, lr, b1, b2, eps, wd, st)
mm = b1 * m + (1 - b1) * g
vv = b2 * v + (1 - b2) * g * g
want = th * (1 - lr * wd) - lr * (mm / (1 - b1**st)) / (np.sqrt(vv / (1 - b2**st)) + eps)
assert np.allclose(m2, mm, atol=1e-5) and np.allclose(v2, vv, atol=1e-5) and np.allclose(t2, want, atol=1e-5)
print("ok")
