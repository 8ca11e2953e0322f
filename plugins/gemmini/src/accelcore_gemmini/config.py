"""Instances of the accelerator: sizes, types and the memory behind it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from accelcore.errors import UsageError

HOST_CYCLES_PER_BLOCK = 1
"""Modelled: cycles of the host for one basic block, in kernels and in whole programs.

The traces that the model of time was fitted to have an ideal host, with a command ready in every cycle (`host_issue`).
The host is priced as an equally ideal one, a block a cycle: a lower bound, so that utilisation stays a figure of the
accelerator, and work on the host is never free.  Blocks between commands are small (about seven for each pair of
preload and compute in our own kernels), and the 93 % of the array's peak published for fine-grained programs behind an
in-order core (Autocomp, arXiv 2505.18574: a pair in 17 cycles) leave room for no more than two cycles a block.
"""

HOST_FREE_BLOCKS = 256
"""Blocks between two commands of a whole program that its clock leaves out: an ideal host has chosen its addresses and
tiles before.  A kernel in a search has no such allowance."""


@dataclass(frozen=True)
class Config:
    """One instance of Gemmini and its surroundings; the default is the int8 one that the model of time was fitted to.

    dim: rows and columns of the array.  is_float: float elements and accumulators instead of int8 and int32.
    spad_rows, acc_rows: local rows of dim elements or accumulators, in so many banks.  max_bytes: of one request.
    rs_*: entries of the reservation station.  bus_bytes: of the memory port, per cycle.  latency: cycles from an
    accepted request to its first beat.  host_issue: least cycles between two commands of the host.
    ordered_stores: a store waits until the one before it has completed.
    """

    dim: int = 16
    is_float: bool = False
    spad_rows: int = 16384
    spad_banks: int = 4
    acc_rows: int = 1024
    acc_banks: int = 2
    max_bytes: int = 64
    rs_load: int = 8
    rs_execute: int = 16
    rs_store: int = 4
    bus_bytes: int = 16
    latency: int = 40
    host_issue: int = 1
    tile_latency: int = 0
    ordered_stores: bool = False

    def __post_init__(self) -> None:
        positive = [f.name for f in fields(self) if f.name not in ("is_float", "ordered_stores", "tile_latency")]
        for name in positive:
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.dim > 64 or self.dim & (self.dim - 1):
            raise UsageError(f"dim {self.dim}", hint="a power of two up to 64")
        if any(n & (n - 1) for n in (self.spad_rows, self.acc_rows, self.spad_banks, self.acc_banks)):
            raise UsageError("rows and banks of the local memories are powers of two")
        if max(self.spad_banks, self.acc_banks) > 8 or self.rs_load + self.rs_execute + self.rs_store > 64:
            raise UsageError("the model has at most 8 banks and 64 entries in the reservation station")
        if self.latency > 1000:
            raise UsageError(f"latency {self.latency}", hint="at most 1000 cycles")

    @property
    def element_bytes(self) -> int:
        """Bytes of one element."""
        return 4 if self.is_float else 1

    @property
    def calibrated(self) -> bool:
        """Whether cycles of this instance were compared with the hardware's own simulation."""
        return self in {Config(latency=n) for n in (10, 40, 100)}

    def words(self) -> list[int]:
        """The fields in the order of the C structure."""
        return [int(getattr(self, f.name)) for f in fields(self)]


CONFIGS = {
    "int8-16": Config(),
    "int8-32": Config(dim=32, spad_rows=8192, acc_rows=512),
    "fp32-4": Config(dim=4, is_float=True, acc_rows=4096, acc_banks=1, tile_latency=2),
}
"""Named instances; their sizes in bytes are the same: 256 KiB of scratchpad, 64 KiB of accumulators."""
