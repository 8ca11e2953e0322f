"""Where on-chip tensors live: addresses by live range, capacity, overlaps.

A tensor is live from its first to its last instruction.  Each gets the next free address after the previous one
(rotating, as a compiler that double-buffers does), so that memory is reused as late as possible; a reuse is a
dependency on whoever used those bytes before.  Tensors with an address of their own keep it, and the allocator stays
away from those bytes.  Space is counted by partition and taken in all 128, which is exact for tiles of full height and
pessimistic for others.  PSUM is given out in whole banks to tensors of more than half a bank.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

from accelcore_nki.errors import NkiError
from accelcore_nki.generations import Generation
from accelcore_nki.recorder import Program
from accelcore_nki.tensors import ON_CHIP, PSUM, SBUF, Storage

_ALIGN = 32  # bytes; a compiler's choice that wastes little


class Placement(NamedTuple):
    """A storage, its first and last instruction, and its bytes [start, end) of each partition."""

    storage: Storage
    first: int
    last: int
    start: int
    end: int


@dataclass(frozen=True)
class Occupancy:
    """The placements of a program, and the most bytes a partition that were live at once."""

    placements: dict[int, Placement]
    sbuf_peak: int
    psum_peak: int


@dataclass
class _Room:
    """Free intervals of one buffer, and where the next allocation starts to look."""

    size: int
    free: list[tuple[int, int]] = field(default_factory=list)
    cursor: int = 0
    used: int = 0
    peak: int = 0

    def __post_init__(self) -> None:
        self.free = [(0, self.size)]

    def take(self, length: int) -> int | None:
        """The start of `length` free bytes at or after the cursor, wrapping round; None when there are none."""
        n, start = self._found(length)
        if n < 0:
            return None
        first, end = self.free[n]
        if first == start and start + length < end:  # the usual case, kept fast
            self.free[n] = (start + length, end)
        else:
            parts = ((first, start), (start + length, end))
            self.free[n : n + 1] = [part for part in parts if part[0] < part[1]]
        self.cursor = start + length
        self._count(length)
        return start

    def _found(self, length: int) -> tuple[int, int]:
        """Number of the free interval and the first byte to take in it; -1 for the number when none is long enough."""
        free = self.free
        at = bisect_left(free, (self.cursor, self.size + 1))  # the interval before it may hold the cursor
        if at and free[at - 1][1] - self.cursor >= length:
            return at - 1, self.cursor
        for n in (*range(at, len(free)), *range(at)):
            if free[n][1] - free[n][0] >= length:
                return n, free[n][0]
        return -1, 0

    def claim(self, start: int, end: int) -> None:
        """Take a fixed interval for good; parts that are taken already stay so."""
        before = sum(b - a for a, b in self.free)
        kept: list[tuple[int, int]] = []
        for a, b in self.free:
            kept += [(x, y) for x, y in ((a, min(b, start)), (max(a, end), b)) if x < y]
        self.free = kept
        self._count(before - sum(b - a for a, b in kept))

    def give(self, start: int, end: int) -> None:
        """Free an interval, joining its neighbours."""
        self.used -= end - start
        at = bisect_left(self.free, (start, -1))
        if at < len(self.free) and self.free[at][0] == end:
            end = self.free.pop(at)[1]
        if at and self.free[at - 1][1] == start:
            at -= 1
            start = self.free.pop(at)[0]
        self.free.insert(at, (start, end))

    def _count(self, length: int) -> None:
        self.used += length
        if self.used > self.peak:
            self.peak = self.used


def occupancy(program: Program) -> Occupancy:
    """Place every on-chip tensor; raises NkiError for what does not fit or overlaps while live.

    Rules: capacity, address, overlap.
    """
    if program.placed is None:
        program.placed = _placed(program)
    return program.placed


def _placed(program: Program) -> Occupancy:
    chip = program.generation
    ranges = live_ranges(program)
    rooms = {SBUF: _Room(chip.usable), PSUM: _Room(chip.psum)}
    placements: dict[int, Placement] = {}
    ends: dict[int, list[int]] = {}
    starts: dict[int, list[int]] = {}
    for index, (first, last) in ranges.items():
        starts.setdefault(first, []).append(index)
        ends.setdefault(last, []).append(index)
    storages = {s.index: s for s in program.storages}
    for at in sorted(set(starts) | {end + 1 for end in ends}):
        for index in ends.get(at - 1, ()):
            done = placements[index]
            if done.storage.address is None and done.end > done.start:
                rooms[done.storage.buffer].give(done.start, done.end)
        for index in starts.get(at, ()):
            storage = storages[index]
            live = [p for p in placements.values() if p.last >= at] if storage.address else []
            placements[index] = _place(storage, ranges[index], rooms[storage.buffer], chip, live, program.surface == 1)
    return Occupancy(placements, rooms[SBUF].peak, rooms[PSUM].peak)


def live_ranges(program: Program) -> dict[int, tuple[int, int]]:
    """First and last instruction of each on-chip storage, by its index."""
    ranges: dict[int, tuple[int, int]] = {}
    for at, instruction in enumerate(program.instructions):
        for view in (*instruction.dst, *instruction.src):
            storage = view.storage
            if storage.buffer in ON_CHIP:
                known = ranges.get(storage.index)
                ranges[storage.index] = (at, at) if known is None else (known[0], at)
    return ranges


def _place(storage: Storage, span: tuple[int, int], room: _Room, chip: Generation, live: list[Placement],
           spills: bool) -> Placement:  # fmt: skip
    length = _length(storage, chip)
    if storage.address is not None:
        start = storage.address[1]
        placed = Placement(storage, *span, start, start + storage.free_bytes)
        _legal_address(placed, room, chip, live)
        room.claim(placed.start, placed.end)
        return placed
    found = room.take(length)
    if found is None and spills:
        return Placement(storage, *span, 0, 0)
    if found is None:
        raise NkiError(
            f"{storage.buffer} is full: {room.used} of {room.size} bytes a partition are live, {length} more needed",
            rule="capacity", operands=(str(storage),), where=storage.line,
            hint="use smaller tiles, or finish with a tile before the next is loaded",
        )  # fmt: skip
    return Placement(storage, *span, found, found + length)


def _length(storage: Storage, chip: Generation) -> int:
    unit = chip.psum_bank if storage.buffer == PSUM and 2 * storage.free_bytes > chip.psum_bank else _ALIGN
    return -(-storage.free_bytes // unit) * unit


def _legal_address(placed: Placement, room: _Room, chip: Generation, live: list[Placement]) -> None:
    storage = placed.storage
    trouble = ("address", f"bytes {placed.start} to {placed.end} are outside {storage.buffer} of {room.size}")
    if placed.start >= 0 and placed.end <= room.size:
        other = next((p for p in live if _overlap(p, placed)), None)
        if storage.buffer == PSUM and placed.start % chip.psum_bank:
            trouble = ("address", f"a PSUM address starts a bank of {chip.psum_bank} bytes, {placed.start} does not")
        elif other is not None:
            trouble = ("overlap", f"the address is taken while {other.storage} is live")
        else:
            return
    raise NkiError(trouble[1], rule=trouble[0], operands=(str(storage),), where=storage.line,
                   hint="choose another address=(partition, byte offset)")  # fmt: skip


def _overlap(a: Placement, b: Placement) -> bool:
    if a.storage.buffer != b.storage.buffer or a.end <= b.start or b.end <= a.start:
        return False
    rows = [(p.storage.address[0] if p.storage.address else 0, p.storage.shape[0]) for p in (a, b)]
    return rows[0][0] < sum(rows[1]) and rows[1][0] < sum(rows[0])
