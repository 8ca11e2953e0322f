"""The rewrites of schedules, one idea a function or file; importing this package registers them all by name."""

from __future__ import annotations

from accelcore.loops.rewrites import (  # noqa: F401 - importing registers
    algorithms,
    choices,
    compaction,
    compose,
    marks,
    neighbours,
    nests,
    private,
    scans,
    staging,
    values,
    versions,
)
from accelcore.loops.rewrites.base import Rewrite, known, parse, register

__all__ = ["Rewrite", "known", "parse", "register"]
