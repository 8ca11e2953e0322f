"""A first-order term for memory: misses of two levels of data cache, counted from the addresses, times their latencies.

The counting is done in the emulator's plugin (native/caches.h): set-associative, least recently used, empty when a
kernel is entered, nothing fetched ahead.  A miss costs its latency in full, whatever else the CPU could do meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

LINE = 64
"""Bytes of a line of every CPU here."""
LIMITS = "misses: caches empty at entry, no prefetch, no overlap, no write-backs, no TLB: an upper bound that compares"


@dataclass(frozen=True)
class Level:
    """One level: size in bytes, ways; latency: cycles that a miss of the level before costs when this one has it."""

    size: int
    ways: int
    latency: int

    @property
    def sets(self) -> int:
        """How many sets of lines there are."""
        return self.size // self.ways // LINE


@dataclass(frozen=True)
class Caches:
    """Two levels of data cache; memory: cycles of a miss of the second.  source: where the figures come from.

    Every figure that the source does not name is guessed, and so `source` says.
    """

    first: Level
    second: Level
    memory: int
    source: str

    @property
    def option(self) -> str:
        """What the plugin is told."""
        one, two = self.first, self.second
        return f",caches={LINE}:{one.sets}:{one.ways}:{two.sets}:{two.ways}"

    def cycles(self, first: int, second: int) -> float:
        """Of so many misses of the two levels: those that the second has, and those that memory has."""
        return float((first - second) * self.second.latency + second * self.memory)

    def described(self) -> str:
        """A line for people."""
        one, two = self.first, self.second
        sizes = f"L1 {one.size >> 10} KiB {one.ways}-way, L2 {two.size >> 10} KiB {two.ways}-way"
        return f"{sizes}, {two.latency} and {self.memory} cycles a miss ({self.source})"


def caches(first: int, ways: int, second: int, ways2: int, latency: int, memory: int, source: str) -> Caches:
    """Sizes in KiB."""
    return Caches(Level(first << 10, ways, 1), Level(second << 10, ways2, latency), memory, source)
