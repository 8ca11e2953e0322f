"""Which instructions wait for which: through tensors, and through memory that is used again.

On chip, accesses are boxes of partitions and bytes around each view; boxes that touch depend unless both read.  In HBM
a read waits for the last write of its tensor; writes to HBM are not ordered among themselves.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING

from accelcore_nki.tensors import Scattered

if TYPE_CHECKING:
    from accelcore_nki.occupancy import Occupancy, Placement
    from accelcore_nki.recorder import Program
    from accelcore_nki.tensors import NkiTensor

Box = tuple[int, int, int, int]  # first and last partition, first and last byte of a partition


def box(view: NkiTensor) -> Box:
    """The box around an on-chip view, ends inclusive; all of its tensor when addresses are listed."""
    if isinstance(view.indirection, Scattered):
        return 0, view.storage.shape[0] - 1, 0, view.storage.free_bytes - 1
    return _box(view.storage.free_bytes, view.itemsize, view.offset, view.shape, view.strides)


@lru_cache(maxsize=4096)  # the tiles of a loop look alike
def _box(free_bytes: int, size: int, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Box:
    start, inner = divmod(offset, free_bytes // size)
    reach = sum((c - 1) * s for c, s in zip(shape[1:], strides[1:], strict=True))
    return start, start + shape[0] - 1, inner * size, (inner + reach + 1) * size - 1


class _Tensor:
    """The accesses of one storage that later ones may have to wait for."""

    __slots__ = ("reads", "writes")

    def __init__(self) -> None:
        self.reads: list[tuple[Box, int]] = []
        self.writes: list[tuple[Box, int]] = []

    def read(self, at: int, area: Box) -> list[int]:
        found = [i for other, i in self.writes if _touch(area, other)]
        self.reads.append((area, at))
        return found

    def write(self, at: int, area: Box) -> list[int]:
        found = [i for other, i in (*self.writes, *self.reads) if _touch(area, other)]
        self.writes = [entry for entry in self.writes if not _covers(area, entry[0])]
        self.reads = [entry for entry in self.reads if not _covers(area, entry[0])]
        self.writes.append((area, at))
        return found

    def everything(self) -> list[int]:
        return [i for _, i in (*self.writes, *self.reads)]


def _touch(a: Box, b: Box) -> bool:
    return a[0] <= b[1] and b[0] <= a[1] and a[2] <= b[3] and b[2] <= a[3]


def _covers(a: Box, b: Box) -> bool:
    return a[0] <= b[0] and b[1] <= a[1] and a[2] <= b[2] and b[3] <= a[3]


def dependencies(program: Program, placed: Occupancy) -> tuple[list[list[int]], list[list[int]]]:
    """For each instruction what it waits for: through data, and through reused memory."""
    tensors: dict[int, _Tensor] = {}
    written: dict[int, int] = {}
    former = _former(placed)
    data: list[list[int]] = []
    reuse: list[list[int]] = []
    for at, i in enumerate(program.instructions):
        needs: set[int] = set()
        waits: set[int] = set()
        for views, writing in ((i.src, False), (i.dst, True)):
            for view in views:
                index = view.storage.index
                if not view.storage.on_chip:
                    if writing:
                        written[index] = at
                    elif index in written:
                        needs.add(written[index])
                    continue
                if index not in tensors:
                    tensors[index] = _Tensor()
                    waits.update(a for old in former.get(index, ()) for a in tensors[old].everything())
                tensor = tensors[index]
                needs.update(tensor.write(at, box(view)) if writing else tensor.read(at, box(view)))
        needs.discard(at)
        data.append(sorted(needs))
        reuse.append(sorted(waits - needs - {at}))
    return data, reuse


def _former(placed: Occupancy) -> dict[int, list[int]]:
    """For each storage those whose bytes it takes over, as far as they are dead by then."""
    maps: dict[str, _Map] = {}
    found: dict[int, list[int]] = {}
    for new in sorted(placed.placements.values(), key=lambda p: (p.first, p.storage.index)):
        before = maps.setdefault(new.storage.buffer, _Map()).take(new)
        found[new.storage.index] = [i for i in before if placed.placements[i].last < new.first]
    return found


class _Map:
    """Who held each byte last: disjoint segments (start, end, storage), sorted."""

    def __init__(self) -> None:
        self.segments: list[tuple[int, int, int]] = []

    def take(self, new: Placement) -> list[int]:
        """Give a placement its bytes; the storages that held some of them."""
        first = bisect_left(self.segments, (new.start, -1, -1))
        if first and self.segments[first - 1][1] > new.start:
            first -= 1
        last = first
        while last < len(self.segments) and self.segments[last][0] < new.end:
            last += 1
        cut = self.segments[first:last]
        left = [(a, new.start, s) for a, _, s in cut[:1] if a < new.start]
        right = [(new.end, b, s) for _, b, s in cut[-1:] if b > new.end]
        self.segments[first:last] = [*left, (new.start, new.end, new.storage.index), *right]
        return list(dict.fromkeys(s for _, _, s in cut))
