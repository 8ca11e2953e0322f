"""Software pipelines written with generators, context managers, deques and sentinels."""

import collections
import contextlib
import itertools
from operator import itemgetter

import numpy as np

import nki
import nki.language as nl
from nki import isa as nisa

Stage = collections.namedtuple("Stage", "rows tile")
_DONE = object()


def tiles_of(extent, size):
    at = 0
    while at < extent:
        yield slice(at, min(at + size, extent))
        at += size


def width(part):
    return part.stop - part.start


@contextlib.contextmanager
def psum_bank(rows, columns, log):
    log.append("open")
    try:
        yield nl.ndarray((rows, columns), dtype=nl.float32, buffer=nl.psum)
    finally:
        log.append("close")


def loader(x):
    for rows in tiles_of(x.shape[0], nl.tile_size.pmax):
        tile = nl.ndarray((width(rows), x.shape[1]), dtype=x.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=tile, src=x[rows])
        yield Stage(rows, tile)


def squared(stages):
    for rows, tile in stages:
        total = nl.ndarray((tile.shape[0], 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.activation_reduce(dst=tile, op=nl.square, data=tile, reduce_op=nl.add, reduce_res=total)
        yield rows, total


@nki.jit
def row_norms(x, prefetch=2):
    out = nl.ndarray((x.shape[0], 1), dtype=nl.float32, buffer=nl.shared_hbm)
    waiting, stages = collections.deque(maxlen=prefetch), squared(loader(x))
    for item in itertools.chain(stages, itertools.repeat(_DONE, prefetch)):
        if len(waiting) == prefetch or (item is _DONE and waiting):
            rows, total = waiting.popleft()
            with nl.no_reorder():
                nisa.activation(dst=total, op=nl.sqrt, data=total)
                nisa.dma_copy(dst=out[rows], src=total)
        if item is not _DONE:
            waiting.append(item)
    return out


@nki.jit
def gram(x):
    """x.T @ x: sums in PSUM over rows, the banks in a with statement."""
    rows, columns = x.shape
    log = []
    out = nl.ndarray((columns, columns), dtype=nl.float32, buffer=nl.shared_hbm)
    stages = dict(enumerate(loader(x)))
    with psum_bank(columns, columns, log) as bank:
        for n, (part, tile) in sorted(stages.items(), key=itemgetter(0), reverse=True):
            nisa.nc_matmul(bank, tile, tile)
        result = nl.ndarray(bank.shape, dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy(result, bank)
    nisa.dma_copy(dst=out, src=result)
    assert log == ["open", "close"]
    return {"gram": out, "tiles": len(stages)}


if __name__ == "__main__":
    x = np.random.default_rng(2).standard_normal((500, 96)).astype(np.float32)
    np.testing.assert_allclose(row_norms(x)[:, 0], np.linalg.norm(x, axis=1), rtol=1e-5)
    np.testing.assert_allclose(row_norms(x, prefetch=3)[:, 0], np.linalg.norm(x, axis=1), rtol=1e-5)
    found = gram(x)
    assert found["tiles"] == 4
    np.testing.assert_allclose(found["gram"], x.T @ x, rtol=1e-4, atol=1e-3)
