import numpy as np
import neuronxcc.nki as nki
import neuronxcc.nki.language as nl
import neuronxcc.nki.isa as nisa


@nki.jit
def gather_rows(data, idx):
    n, d = data.shape
    m = idx.shape[0]
    out = nl.ndarray((m, d), dtype=data.dtype, buffer=nl.shared_hbm)
    i_p, i_f = nl.arange(m)[:, None], nl.arange(d)[None, :]
    ix = nl.load(idx)
    t = nl.load(data[ix[i_p, 0], i_f])
    nl.store(out, t)
    return out


@nki.jit
def scatter_rows(src, idx, n):
    m, d = src.shape
    out = nl.ndarray((n, d), dtype=src.dtype, buffer=nl.shared_hbm)
    z = nl.zeros((n, d), dtype=src.dtype)
    nl.store(out, z)
    i_p, i_f = nl.mgrid[0:m, 0:d]
    ix = nl.load(idx)
    nl.store(out[ix[i_p, 0], i_f], nl.load(src))
    return out


@nki.jit
def gather_flat(data, idx):
    t, i = nl.load(data), nl.load(idx)
    out = nl.ndarray(idx.shape, dtype=data.dtype, buffer=nl.shared_hbm)
    nl.store(out, nl.gather_flattened(data=t, indices=i))
    return out


@nki.jit
def scalar_dyn(data, idx):
    i = nl.load(idx)
    out = nl.ndarray((1, data.shape[1]), dtype=data.dtype, buffer=nl.shared_hbm)
    row = nl.load(data[i[0, 0], nl.arange(data.shape[1])[None, :]])
    nl.store(out, row)
    return out


rng = np.random.default_rng(0)
d = rng.normal(size=(300, 16)).astype(np.float32)
ix = rng.integers(0, 300, (64, 1)).astype(np.int32)
assert np.array_equal(nki.simulate_kernel(gather_rows, d, ix), d[ix[:, 0]])
p = rng.permutation(100)[:40].astype(np.int32).reshape(-1, 1)
w = np.zeros((100, 16), np.float32)
w[p[:, 0]] = d[:40]
assert np.array_equal(nki.simulate_kernel(scatter_rows, d[:40], p, 100), w)
gi = rng.integers(0, 16, (64, 5)).astype(np.uint32)
assert np.array_equal(nki.simulate_kernel(gather_flat, d[:64], gi), np.take_along_axis(d[:64], gi.astype(int), 1))
assert np.array_equal(nki.simulate_kernel(scalar_dyn, d, np.array([[7]], np.int32)), d[7:8])
print("ok")
