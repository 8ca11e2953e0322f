import numpy as np
import nki, nki.language as nl, nki.isa as nisa


@nki.jit
def stream(x, bufs=3):
    """Rotating buffers allocated once."""
    n, d = x.shape
    out = nl.ndarray((n, d), dtype=x.dtype, buffer=nl.shared_hbm)
    ring = [nl.ndarray((128, d), dtype=x.dtype, buffer=nl.sbuf, name=f"ring{i}") for i in range(bufs)]
    acc = nl.ndarray((128, 8), dtype=nl.float32, buffer=nl.sbuf)
    with nl.no_reorder():
        for i in range(n // 128):
            t = ring[i % bufs]
            ins = nisa.dma_copy(dst=t, src=x[i * 128 : (i + 1) * 128, :])
            m = nisa.max8(dst=acc, src=t)
            nisa.tensor_scalar(dst=t, data=t, op0=nl.divide, operand0=acc[:, 0:1], engine=nisa.vector_engine)
            st = nisa.dma_copy(dst=out[i * 128 : (i + 1) * 128, :], src=t)
    return out


@nki.jit
def psum_banks(a, b):
    """8 banks in one tensor."""
    K, M = a.shape
    N = b.shape[1]
    out = nl.ndarray((M, N), dtype=nl.float32, buffer=nl.shared_hbm)
    at = nl.load(a)
    bt = nl.load(b)
    ps = nl.ndarray((M, N // 512, 512), dtype=nl.float32, buffer=nl.psum)
    for j in range(N // 512):
        nisa.nc_matmul(dst=ps[:, j, :], stationary=at, moving=bt[:, j * 512 : (j + 1) * 512])
    sb = nl.ndarray((M, N), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_copy(dst=sb, src=ps)
    nl.store(out, sb)
    return out


@nki.jit
def topk_mask(x, k: int):
    """1.0 where an element is among its row's k largest, k a multiple of 8."""
    P, N = x.shape
    work = nl.load(x)
    src = nl.load(x)
    m = nl.ndarray((P, 8), dtype=nl.float32, buffer=nl.sbuf)
    for _ in range(k // 8):
        nisa.max8(dst=m, src=work)
        nisa.nc_match_replace8(dst=work, data=work, vals=m, imm=-1e30)
    mask = nl.ndarray((P, N), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=mask, data1=src, data2=work, op=nl.not_equal)
    out = nl.ndarray((P, N), dtype=nl.float32, buffer=nl.shared_hbm)
    nl.store(out, mask)
    return out


@nki.jit
def views_of_bytes(x):
    """float32 -> its bytes and back."""
    t = nl.load(x)
    b = t.view(nl.uint8)
    o8 = nl.ndarray((x.shape[0], x.shape[1] * 4), dtype=nl.uint8, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=o8, src=b)
    return o8


@nki.jit
def avg_pool(x, k):
    C, H, W = x.shape
    oh, ow = H // k, W // k
    t = nl.load(x)
    win = t.reshape((C, oh, k, ow, k)).permute((0, 1, 3, 2, 4))
    s = nl.ndarray((C, oh, ow), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=s, op=nl.add, data=win, axis=(3, 4))
    nisa.tensor_scalar(dst=s, data=s, op0=nl.multiply, operand0=1 / (k * k))
    out = nl.ndarray((C, oh, ow), dtype=x.dtype, buffer=nl.shared_hbm)
    nl.store(out, s)
    return out


@nki.jit
def logsumexp_split(x, chunk=128):
    P, N = x.shape
    mx = nl.full((P, 1), -3.4e38, nl.float32, buffer=nl.sbuf)
    total = nl.zeros((P, 1), nl.float32, buffer=nl.sbuf)
    for j in range(0, N, chunk):
        t = nl.load(x[:, j : min(N, j + chunk)])
        new = nl.maximum(mx, nl.max(t, axis=1, keepdims=True))
        total = nl.add(
            nl.multiply(total, nl.exp(nl.subtract(mx, new))), nl.sum(nl.exp(nl.subtract(t, new)), axis=1, keepdims=True)
        )
        mx = new
    out = nl.ndarray((P, 1), nl.float32, buffer=nl.shared_hbm)
    nl.store(out, nl.add(mx, nl.log(total)))
    return out


rng = np.random.default_rng(0)
x = rng.uniform(1, 2, (512, 64)).astype(np.float32)
assert np.allclose(stream(x), x / x.max(1, keepdims=True), rtol=1e-5)
a, b = rng.normal(size=(64, 32)).astype(np.float32), rng.normal(size=(64, 2048)).astype(np.float32)
assert np.allclose(psum_banks(a, b), a.T @ b, atol=1e-4)
z = rng.permutation(128 * 40).reshape(128, 40).astype(np.float32)
order = np.argsort(-z, 1)[:, :16]
w = np.zeros_like(z)
np.put_along_axis(w, order, 1, 1)
assert np.array_equal(topk_mask(z, 16), w)
assert np.array_equal(views_of_bytes(x[:8]), x[:8].view(np.uint8))
im = rng.normal(size=(32, 12, 9)).astype(np.float32)
assert np.allclose(avg_pool(im, 3), im.reshape(32, 4, 3, 3, 3).mean((2, 4)), atol=1e-5)
l = rng.normal(size=(100, 300)).astype(np.float32)
assert np.allclose(logsumexp_split(l)[:, 0], np.log(np.exp(l).sum(1)), atol=1e-4)
print("ok")
