import numpy as np

import nki
import nki.isa as nisa
import nki.language as nl
import shared_tiling as tiling
from shared_tiling import TileInfo


@nki.jit
def column_sums(x):
    rows, columns = TileInfo.build(x.shape[0]), TileInfo.build(x.shape[1], nl.tile_size.gemm_moving_fmax)
    out = nl.ndarray((1, x.shape[1]), dtype=nl.float32, buffer=nl.shared_hbm)
    ones = nl.ndarray((tiling.PMAX, 1), dtype=x.dtype, buffer=nl.sbuf)
    nisa.memset(ones, 1.0)
    for c in nl.affine_range(columns.tile_count):
        psum = nl.ndarray((1, columns.bound(c)), dtype=nl.float32, buffer=nl.psum)
        for r in nl.sequential_range(rows.tile_count):
            tile = tiling.load(x[rows.ds(r), columns.ds(c)])
            nisa.nc_matmul(psum, ones[0 : rows.bound(r), :], tile)
        result = nl.ndarray(psum.shape, dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy(result, psum)
        nisa.dma_copy(dst=out[:, columns.ds(c)], src=result)
    return out


x = np.random.rand(300, 700).astype(np.float32)
assert np.allclose(column_sums(x)[0], x.sum(axis=0), rtol=1e-5)
print("sums agree")
