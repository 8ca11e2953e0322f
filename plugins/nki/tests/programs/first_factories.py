"""NKI 1 kernels made by factories, partials and nested functions; modes of jit; tuples and lists of tiles."""

import functools
from typing import Sequence

import numpy as np

import neuronxcc.nki as nki
import neuronxcc.nki.isa as nisa
import neuronxcc.nki.language as nl
from neuronxcc.nki import baremetal


def elementwise(function, /, *, mode="simulation"):
    @nki.jit(mode=mode)
    def kernel(x, y=None, alpha: float = 1.0):
        rows, columns = x.shape
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        i_p, i_f = nl.arange(nl.tile_size.pmax)[:, None], nl.arange(columns)[None, :]
        for t in nl.affine_range((rows + nl.tile_size.pmax - 1) // nl.tile_size.pmax):
            where = t * nl.tile_size.pmax + i_p
            inside = where < rows
            tile = nl.load(x[where, i_f], mask=inside)
            other = None
            if y is not None:
                other = nl.load(y[where, i_f], mask=inside)
            nl.store(out[where, i_f], value=function(tile, other, alpha), mask=inside)
        return out

    return kernel


axpy = elementwise(lambda a, b, alpha: nl.add(nl.multiply(a, alpha), b))
swish = elementwise(lambda a, _, beta: a * nl.sigmoid(beta * a))
squares = functools.partial(elementwise(lambda a, b, alpha: nl.square(a) * alpha), alpha=0.25)


@nki.jit
def split_and_join(x, parts: Sequence[int], *, order=None):
    """Columns cut into parts, put back in another order; returns the whole and each part."""

    def cut(begin, size):
        i_p, i_f = nl.mgrid[0 : x.shape[0], 0:size]
        return nl.load(x[i_p, begin + i_f])

    starts = [sum(parts[:n]) for n in range(len(parts))]
    tiles = [cut(begin, size) for begin, size in zip(starts, parts)]
    order = list(order or range(len(parts)))
    joined = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    begin = 0
    for n in order:
        i_p, i_f = nl.mgrid[0 : x.shape[0], 0 : parts[n]]
        nl.store(joined[i_p, begin + i_f], value=tiles[n])
        begin = begin + parts[n]
    separate = []
    for tile in tiles:
        one = nl.ndarray(tile.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(one, tile)
        separate.append(one)
    return joined, tuple(separate)


@baremetal(artifacts_dir=None)
def doubled(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    nl.store(out, value=nl.load(x) * 2)
    return out


def accumulate(x, out):
    """Results as arguments: the older way."""
    total = nl.zeros((nl.par_dim(x.shape[1]), 1), dtype=np.float32)
    for b in nl.sequential_range(x.shape[0]):
        total[...] = nl.add(total, nl.load(x[b]))
    nl.store(out, total)


rng = np.random.default_rng(3)
a, b = rng.standard_normal((2, 200, 60)).astype(np.float32)
np.testing.assert_allclose(axpy(a, b, alpha=3.0), 3 * a + b, rtol=1e-5)
np.testing.assert_allclose(swish(a, alpha=1.5), a / (1 + np.exp(-1.5 * a)), rtol=1e-4, atol=1e-5)
np.testing.assert_allclose(squares(a), 0.25 * a * a, rtol=1e-5)
whole, pieces = split_and_join(a[:100], (10, 30, 20), order=[2, 0, 1])
np.testing.assert_array_equal(whole, np.concatenate([a[:100, 40:], a[:100, :10], a[:100, 10:40]], axis=1))
assert [p.shape[1] for p in pieces] == [10, 30, 20]
np.testing.assert_array_equal(doubled(a[:8]), 2 * a[:8])
stack = rng.standard_normal((5, 64, 1)).astype(np.float32)
result = np.zeros((64, 1), np.float32)
nki.simulate_kernel(accumulate, stack, result)
np.testing.assert_allclose(result, stack.sum(axis=0), rtol=1e-5, atol=1e-5)
print("factories agree")
