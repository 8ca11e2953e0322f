"""Index tensors and extents of NKI 1: arange, mgrid, par_dim, dimensions of grids."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


class Extent(int):
    """An extent with a meaning: the partitions of a tile (par_dim), or instances over cores (nc)."""


def par_dim(value: int) -> Extent:
    """Marks the partition dimension of a shape; dimensions before it are blocks."""
    return Extent(value)


nc = Extent


def spmd_dim(*parts: int) -> Extent:
    """A dimension of the launch grid, made of several."""
    result = 1
    for part in parts:
        result *= int(part)
    return Extent(result)


def arange(*args: int) -> Any:
    """Index tensor of consecutive numbers: arange(stop) or arange(start, stop)."""
    return _numbers(*map(int, args))


@lru_cache(maxsize=256)
def _numbers(*args: int) -> Any:
    """Read-only, because loops ask for the same ones again and again."""
    import numpy as np

    found = np.arange(*args)
    found.flags.writeable = False
    return found


class _Grid(tuple[Any, ...]):
    """Index tensors of a mesh: p, then x, y, z, w; or unpacked."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name in ("p", "x", "y", "z", "w"):
            return self["pxyzw".index(name)]
        raise AttributeError(name)


class _MeshGrid:
    """nl.mgrid[0:128, 0:512]: an index tensor for each dimension."""

    def __getitem__(self, key: Any) -> _Grid:
        import numpy as np

        return _Grid(np.ogrid[key if isinstance(key, tuple) else (key,)])


mgrid = _MeshGrid()
