"""NumPy: see `arrays`."""

from __future__ import annotations

from dataclasses import replace

from accelcore.ir.emit.arrays import emit_arrays
from accelcore.ir.emit.dialects import NUMPY
from accelcore.values import Task


def emit(task: Task, *, real: str = "f64") -> str:
    """A NumPy function of the task's inputs; UnsupportedLowering for what has no whole-array form.

    real: the dtype in which reals are computed, "f32" or "f64".
    """
    dtypes = {**NUMPY.dtypes, "real": NUMPY.dtypes[real]}
    return emit_arrays(task, replace(NUMPY, dtypes=dtypes))
