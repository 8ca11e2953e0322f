"""Rows by run-time numbers: embedding, scatter, gathers on chip, updates in HBM."""

import numpy as np
from neuronxcc import nki
import neuronxcc.nki.isa as nisa
import neuronxcc.nki.language as nl


@nki.jit
def embedding(table, tokens):
    n, width = tokens.shape[0], table.shape[1]
    out = nl.ndarray((n, width), dtype=table.dtype, buffer=nl.shared_hbm)
    i_f = nl.arange(width)[None, :]
    for t in nl.affine_range((n + 127) // 128):
        i_p = t * 128 + nl.arange(128)[:, None]
        index = nl.load(tokens[i_p, nl.arange(1)[None, :]], mask=i_p < n)
        rows = nl.load(table[index[nl.arange(128)[:, None], 0], i_f], mask=i_p < n)
        nl.store(out[i_p, i_f], value=rows, mask=i_p < n)
    return out


@nki.jit
def scattered(x, places, size: int):
    out = nl.zeros((size, x.shape[1]), dtype=x.dtype, buffer=nl.shared_hbm)
    tile, where = nl.load(x), nl.load(places)
    i_p, i_f = nl.mgrid[0 : x.shape[0], 0 : x.shape[1]]
    nl.store(out[where[i_p, 0], i_f], value=tile)
    return out


@nki.jit
def picked(x, columns):
    out = nl.ndarray(columns.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    nl.store(out, nl.gather_flattened(nl.load(x), nl.load(columns)))
    return out


@nki.jit
def best(x):
    """The eight largest of each row and where they are."""
    values = nl.ndarray((x.shape[0], 8), dtype=x.dtype, buffer=nl.shared_hbm)
    places = nl.ndarray((x.shape[0], 8), dtype=nl.uint32, buffer=nl.shared_hbm)
    tile = nl.load(x)
    top = nisa.max8(src=tile)
    nl.store(values, top)
    nl.store(places, nisa.nc_find_index8(data=tile, vals=top))
    return values, places


@nki.jit
def running(x, decay):
    """h = decay * h + x along each row, by the scan of the vector engine, in pieces."""
    p, n = x.shape
    piece = 64
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    state = nl.zeros((nl.par_dim(p), 1), dtype=nl.float32)
    i_p, i_f = nl.arange(p)[:, None], nl.arange(piece)[None, :]
    for s in nl.sequential_range(n // piece):
        a, b = nl.load(decay[i_p, s * piece + i_f]), nl.load(x[i_p, s * piece + i_f])
        h = nisa.tensor_tensor_scan(a, b, initial=state, op0=np.multiply, op1=np.add)
        state[...] = nl.copy(h[i_p, piece - 1])
        nl.store(out[i_p, s * piece + i_f], h)
    return out


rng = np.random.default_rng(4)
table, tokens = rng.standard_normal((500, 32)).astype("f4"), rng.integers(0, 500, (200, 1)).astype("i4")
np.testing.assert_array_equal(embedding(table, tokens), table[tokens[:, 0]])
x, places = rng.standard_normal((60, 16)).astype("f4"), rng.permutation(100)[:60, None].astype("i4")
want = np.zeros((100, 16), "f4")
want[places[:, 0]] = x
np.testing.assert_array_equal(scattered(x, places, 100), want)
y, columns = rng.standard_normal((64, 128)).astype("f4"), rng.integers(0, 128, (64, 40)).astype("u4")
np.testing.assert_array_equal(picked(y, columns), np.take_along_axis(y, columns.astype("i8"), 1))
values, at = best(y)
order = np.argsort(-y, axis=1)[:, :8]
np.testing.assert_array_equal(at, order)
np.testing.assert_array_equal(values, np.take_along_axis(y, order, 1))
d, z = rng.uniform(0.5, 1, (2, 100, 256)).astype("f4")
state, expected = np.zeros(100), []
for j in range(256):
    state = d[:, j] * state + z[:, j]
    expected.append(state)
np.testing.assert_allclose(running(z, d), np.stack(expected, 1), rtol=1e-4)
print("rows found")
