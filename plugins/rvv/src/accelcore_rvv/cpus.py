"""The CPUs whose time is modelled: what llvm-mca calls them, and facts for the fallback and the roofline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelcore_rvv.caches import Caches, caches


@dataclass(frozen=True)
class Cpu:
    """One CPU.

    vlen, dlen: bits of a vector register, and of what one vector pipe takes in a cycle.  pipes: vector pipes.
    issue: instructions per cycle.  hertz: a usual clock, for the roofline only.  since: the first LLVM with a model of
    its vector unit.  caches: counted only when asked for.  segments: whether segment loads and stores move more than
    an element of one field at a time.
    """

    name: str
    vlen: int
    dlen: int
    pipes: int
    issue: int
    hertz: float
    since: int
    about: str
    caches: Caches
    segments: bool = False


_GUESSED = "all guessed"
_K1 = "sizes and ways documented: Linux's device tree of the SpacemiT K1; latencies guessed"
_SMALL = caches(32, 8, 512, 8, 18, 160, _GUESSED)
_LARGE = caches(64, 8, 1024, 16, 16, 240, _GUESSED)
# Units: LLVM's scheduling models (RISCVSched*.td) and the vendors' product pages.  Caches: see their `source`.
CPUS: Mapping[str, Cpu] = {
    cpu.name: cpu
    for cpu in (
        Cpu("spacemit-x60", 256, 128, 1, 2, 1.6e9, 21, "in-order, two-wide", caches(32, 4, 512, 16, 20, 160, _K1)),
        Cpu("sifive-x280", 512, 256, 1, 2, 1.5e9, 17, "in-order, two-wide, one vector pipe", _SMALL, segments=True),
        Cpu("sifive-x390", 1024, 512, 2, 2, 1.5e9, 20, "in-order, two-wide, two vector pipes", _SMALL, segments=True),
        Cpu("sifive-p670", 128, 128, 2, 4, 3.0e9, 19, "out of order, four-wide, two vector pipes", _LARGE),
        Cpu("sifive-p870", 128, 128, 2, 6, 3.0e9, 21, "out of order, six-wide, two vector pipes", _LARGE),
    )
}
VLENS = (128, 256, 512, 1024)
"""Lengths at which every kernel is checked."""
