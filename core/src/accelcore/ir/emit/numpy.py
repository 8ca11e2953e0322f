"""NumPy: see `arrays`."""

from __future__ import annotations

from accelcore.ir.emit.arrays import emit_arrays
from accelcore.ir.emit.dialects import NUMPY
from accelcore.values import Task


def emit(task: Task) -> str:
    """A NumPy function of the task's inputs; UnsupportedLowering for what has no whole-array form."""
    return emit_arrays(task, NUMPY)
