"""What an expression is worth: the oracle that judges run.

Reals are computed in float64, integers exactly, machine integers modulo their width, and machine floats in float64
with a rounding after every operation.  With `with_bound` nothing is rounded on the way; instead every float carries a
componentwise bound on how far a computation at the declared precision may be from it (`ir.engine.numbers`).

Elements that do not exist (an index out of range, a division by zero, a value that an "exact" cast promised to fit)
raise IrError if they reach the result, and are harmless behind a select that does not choose them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

    from accelcore.ir.engine.core import Engine, Env
    from accelcore.values import Summary

    Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Interval:
    """Integers that may come out: low <= result <= high, elementwise."""

    low: Array
    high: Array


@dataclass(frozen=True)
class Choices:
    """Indices that may come out of an argmax or argmin: allowed[..., k] for the result k."""

    allowed: Array


@dataclass(frozen=True)
class Bounded:
    """A value and what else is to be accepted.

    value: float64 for float results (not rounded to their dtype), exact integers or truth values else.
    bound: float64 of the same shape; infinite where nothing can be said.
    accept: for integer results within the bound of a tie; None when only `value` is right.
    """

    value: Array
    bound: Array
    accept: Interval | Choices | None = None

    def covers(self, got: ArrayLike) -> Array:
        """Where a result is acceptable, elementwise.  NaN is accepted only where it is expected."""
        import numpy as np

        found = np.asarray(got)
        if isinstance(self.accept, Choices):
            return _chosen(self.accept.allowed, found)
        if isinstance(self.accept, Interval):
            return np.asarray((self.accept.low <= found) & (found <= self.accept.high), bool)
        if self.value.dtype != np.float64:
            return np.asarray(found == self.value, bool)
        found = found.astype(np.float64)
        with np.errstate(invalid="ignore"):
            near = np.abs(found - self.value) <= self.bound
        unbounded = ~(self.bound < np.inf) & ~np.isnan(self.value)
        return np.asarray(near | (found == self.value) | unbounded | (np.isnan(found) & np.isnan(self.value)), bool)


def _chosen(allowed: Array, found: Array) -> Array:
    import numpy as np

    inside = (found >= 0) & (found < allowed.shape[-1])
    at = np.where(inside, found, 0).astype(np.int64)
    return np.asarray(np.take_along_axis(allowed, at[..., None], axis=-1)[..., 0] & inside, bool)


def evaluate(
    expr: Expr,
    inputs: Mapping[str, ArrayLike],
    sizes: Mapping[str, int],
    *,
    with_bound: bool = False,
    accumulate: str = "",
    factor: float = 1.0,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> Any:
    """The value of a closed expression over arrays, scalars and sizes by name.

    Without `with_bound`: a NumPy array in the dtype's own storage type ("real" as float64, "int" as int64 or Python
    integers, "bf16" as float32), or a Python number when the expression is a scalar.  With it: a `Bounded`.

    accumulate: the dtype at whose precision reals are computed by what is to be compared; "" means the dtype of the
    outermost float cast, "f32" when there is none.  factor: multiplies every unit roundoff.  functions: meanings of
    uninterpreted functions, elementwise on float64 arrays.
    """
    (result,) = _evaluate_all((expr,), inputs, sizes, with_bound, accumulate, factor, functions)
    return result


def evaluate_summary(
    summary: Summary,
    inputs: Mapping[str, ArrayLike],
    sizes: Mapping[str, int],
    *,
    with_bound: bool = False,
    accumulate: str = "",
    factor: float = 1.0,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> dict[str, Any]:
    """Every result of a summary by name, as `evaluate` gives it; what results share is computed once."""
    roots = tuple(expr for _, expr in summary.post)
    results = _evaluate_all(roots, inputs, sizes, with_bound, accumulate, factor, functions)
    return {name: result for (name, _), result in zip(summary.post, results, strict=True)}


def accumulator(expr: Expr) -> str:
    """The dtype of the outermost float cast of an element, "f32" when there is none or it is a cast to the reals."""
    while expr.op == "comp":
        expr = expr.args[1]
    facts = DTYPES[expr.dtype]
    return expr.dtype if facts.is_float and facts.bits is not None else "f32"


def _evaluate_all(
    roots: tuple[Expr, ...],
    inputs: Mapping[str, ArrayLike],
    sizes: Mapping[str, int],
    with_bound: bool,
    accumulate: str,
    factor: float,
    functions: Mapping[str, Callable[..., Any]] | None,
) -> list[Any]:
    from accelcore.ir.engine import binders, reductions  # noqa: F401  their rules register themselves
    from accelcore.ir.engine.core import Engine, Env
    from accelcore.ir.engine.numbers import Numbers
    from accelcore.ir.engine.results import bounded, plain, prepared, tabulate

    blocks = prepared(roots, inputs)
    engines: dict[str, tuple[Engine, Env]] = {}
    results = []
    for root in roots:
        at = accumulate or accumulator(root)
        if at not in DTYPES or not DTYPES[at].is_float:
            raise IrError(f"reals cannot be accumulated in {at!r}", hint="a float dtype such as f32")
        if at not in engines:
            numbers = Numbers(with_bound, "f64" if at == "real" else at, factor)
            engines[at] = Engine(blocks, sizes, numbers, dict(functions or {})), Env()
        block = tabulate(root, *engines[at])
        results.append(bounded(block) if with_bound else plain(block))
    return results
