"""Helpers of use_shared_tiling.py."""

import nki.language as nl
import nki.isa as nisa

PMAX = nl.tile_size.pmax


def div_ceil(n, d):
    return (n + d - 1) // d


def load(src, dtype=None):
    dst = nl.ndarray(src.shape, dtype=dtype or src.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=dst, src=src)
    return dst


class TileInfo(nl.NKIObject):
    def __init__(self, tile_size, tile_count, dim):
        self.tile_size = tile_size
        self.tile_count = tile_count
        self.dim = dim

    @staticmethod
    def build(dim, tile_size=PMAX):
        return TileInfo(tile_size, div_ceil(dim, tile_size), dim)

    def bound(self, index):
        return min(self.tile_size, self.dim - index * self.tile_size)

    def ds(self, index):
        return nl.ds(index * self.tile_size, self.bound(index))
