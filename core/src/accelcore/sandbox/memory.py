"""Memory that a caller owns and lends to sandboxed processes, writable or read-only."""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import tempfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

PAGE = mmap.PAGESIZE

# fcntl.h: a memfd so sealed can neither shrink nor grow, so that a borrower cannot pull pages from under the owner.
_F_ADD_SEALS, _SEAL_SHRINK_GROW_SEAL = 1033, 0x1 | 0x2 | 0x4


def pages(size: int) -> int:
    """`size` rounded up to whole pages, at least one."""
    return max(PAGE, -(-size // PAGE) * PAGE)


class Region:
    """A shared anonymous file, mapped here for reading and writing.

    `fd` lends it writable, `fd_read` read-only.  `bytes` is all of it as a uint8 array.  Use as a context manager or
    call `close`; arrays into it must not be used after that.
    """

    def __init__(self, size: int, *, resident: bool = False) -> None:
        """resident: have all pages at once, instead of one by one when they are first written."""
        import numpy as np

        self.size = pages(size)
        self.fd, self.fd_read = _anonymous(self.size)
        populate = getattr(mmap, "MAP_POPULATE", 0) if resident else 0
        self._map = mmap.mmap(self.fd, self.size, flags=mmap.MAP_SHARED | populate)
        with contextlib.suppress(AttributeError, OSError, ValueError):
            self._map.madvise(mmap.MADV_HUGEPAGE)
        self.bytes: np.ndarray[Any, Any] = np.frombuffer(self._map, np.uint8)

    def array(
        self, offset: int, shape: tuple[int, ...], dtype: Any, strides: tuple[int, ...] | None = None
    ) -> np.ndarray[Any, Any]:
        """An array over the region's bytes at `offset`; no copy.  strides: in bytes, packed when not given."""
        import numpy as np

        where = offset if math.prod(shape) else 0
        return np.ndarray(shape, dtype, buffer=self._map, offset=where, strides=strides)

    def close(self) -> None:
        """Give the memory back; arrays that still look at it keep the mapping alive until they are gone."""
        if self.fd < 0:
            return
        os.close(self.fd)
        os.close(self.fd_read)
        self.fd = self.fd_read = -1
        del self.bytes
        with contextlib.suppress(BufferError):
            self._map.close()

    def __enter__(self) -> Region:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "fd", -1) >= 0:
            self.close()


def _anonymous(size: int) -> tuple[int, int]:
    """Descriptors, writable and read-only, of a new file without a name."""
    if hasattr(os, "memfd_create"):
        import fcntl

        fd = os.memfd_create("accelcore", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.truncate(fd, size)
        fcntl.fcntl(fd, _F_ADD_SEALS, _SEAL_SHRINK_GROW_SEAL)
        try:
            return fd, os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return fd, os.dup(fd)  # no /proc: inputs are then protected by the mapping only
    fd, path = tempfile.mkstemp(prefix="accelcore-")
    try:
        os.truncate(fd, size)
        return fd, os.open(path, os.O_RDONLY)
    finally:
        os.unlink(path)
