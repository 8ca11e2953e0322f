"""What a kernel must compute: expected results with the distance that each element may be off.

The oracle is the summary, evaluated in float64 and exact integers with a running forward-error bound, or, for a task
that was not lifted, its source under the translator's interpreter with a bound by dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from accelcore.errors import UsageError
from accelcore.ir.dtypes import DTYPES
from accelcore.values import Param, Source, Summary, Task

if TYPE_CHECKING:
    import numpy as np

    from accelcore.ir.evaluate import Bounded
    from accelcore.ir.expr import Expr

    Array = np.ndarray[Any, Any]

Interpreter = Callable[[Source, Mapping[str, Any]], Mapping[str, Any]]
"""Runs a source: `Translator.interpret`."""

LARGE = 1 << 16
"""Elements above which histograms are counted in one pass.  Smaller inputs, which every kernel is judged on too, are
evaluated as the summary says, so that the lowering, which also counts in one pass, is not judged by its own rule."""

# Relative distance for results whose error is not analysed (a source that was not lifted): what summing a few thousand
# rounded terms in any order may cost, and the same share of the largest result as an absolute distance.
_PLAIN = {"f16": 1e-3, "bf16": 1.6e-2, "f32": 1e-5, "f64": 1e-12}


def expect(
    task: Task, buffers: Mapping[str, Array], sizes: Mapping[str, int], interpret: Interpreter | None = None
) -> dict[str, Bounded]:
    """The results of a task on one set of buffers, by name.

    Raises IrError when the task has no value there (a division by zero, an index out of range).
    """
    if isinstance(task.reference, Summary):
        return _summary(task, task.reference, buffers, sizes)
    if interpret is None:
        raise UsageError(
            f"task {task.name} is known by its source only, and nothing interprets {task.reference.language}",
            hint="install the translator of that language",
        )
    return _source(task, task.reference, buffers, sizes, interpret)


def _summary(
    task: Task, summary: Summary, buffers: Mapping[str, Array], sizes: Mapping[str, int]
) -> dict[str, Bounded]:
    from accelcore.ir.evaluate import evaluate_summary

    if sum(array.size for array in buffers.values()) > LARGE:
        from accelcore.ir.passes import in_one_pass

        summary = in_one_pass(task, summary)
    tolerance = task.tolerance
    found: dict[str, Bounded] = evaluate_summary(
        summary, buffers, sizes, with_bound=True, accumulate=tolerance.accumulate, factor=tolerance.factor
    )
    return found


def truth(condition: Expr, buffers: Mapping[str, Array], sizes: Mapping[str, int]) -> bool:
    """Whether a requirement holds."""
    from accelcore.ir.evaluate import evaluate
    from accelcore.ir.passes import requirement

    return bool(evaluate(requirement(condition), buffers, sizes))


def table(condition: Expr, buffers: Mapping[str, Array], sizes: Mapping[str, int]) -> Array:
    """Where a tensor of truth values holds;"""
    import numpy as np

    from accelcore.ir.evaluate import evaluate
    from accelcore.ir.passes import requirement

    return np.asarray(evaluate(requirement(condition), buffers, sizes), bool)


def _source(
    task: Task, source: Source, buffers: Mapping[str, Array], sizes: Mapping[str, int], interpret: Interpreter
) -> dict[str, Bounded]:
    copies: dict[str, Any] = {name: array.copy() for name, array in buffers.items()}
    results = interpret(source, copies | dict(sizes))
    return {p.name: _plain(task, p, results[p.name]) for p in task.results}


def _plain(task: Task, param: Param, value: Any) -> Bounded:
    """A result with the distance by its dtype."""
    import numpy as np

    from accelcore.ir.evaluate import Bounded

    if not DTYPES[param.dtype].is_float:
        exact = np.asarray(value)
        return Bounded(exact, np.zeros(exact.shape))
    exact = np.asarray(value, np.float64)
    relative = task.tolerance.factor / 4.0 * _PLAIN[task.tolerance.accumulate or param.dtype]
    finite = np.abs(exact[np.isfinite(exact)])
    scale = float(finite.max()) if finite.size else 0.0
    return Bounded(exact, relative * (np.abs(exact) + scale))
