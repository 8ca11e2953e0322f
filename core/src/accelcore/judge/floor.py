"""Faster than the memory: the least time in which the bytes of a task can be moved on this machine."""

from __future__ import annotations

import time
from functools import lru_cache

_SAFETY = 4.0
"""A plain copy through the C library may be this much slower than the best code on this machine."""

_LEAST = 1 << 15  # bytes below which the clock's own error is larger than what could be found out


def floor(compulsory: int) -> float:
    """Seconds below which reading and writing so many bytes is not believed; 0 for sizes too small to tell.

    Measured here, by copying as many bytes that are as near as caches allow, the best of several; a quarter of it.
    """
    if compulsory < _LEAST:
        return 0.0
    # Neighbouring sizes share a measurement: the next power of two below.
    size = 1 << (compulsory.bit_length() - 1)
    return _copy_seconds(size // 2) / _SAFETY


@lru_cache(maxsize=64)
def _copy_seconds(size: int) -> float:
    """Best time of copying `size` bytes (read and written: twice as many moved)."""
    import numpy as np

    source, target = np.ones(size, np.uint8), np.zeros(size, np.uint8)
    best = float("inf")
    repeat = max(1, (1 << 20) // size)
    for _ in range(9):
        began = time.perf_counter()
        for _ in range(repeat):
            np.copyto(target, source)
        best = min(best, (time.perf_counter() - began) / repeat)
    return best
