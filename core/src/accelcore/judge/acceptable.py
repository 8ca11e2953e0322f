"""Which constants would be accepted as a result for several sets of inputs at once, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from accelcore.ir.evaluate import Bounded

    Array = np.ndarray[Any, Any]


class Acceptable:
    """What all expected results so far accept.  It only shrinks, so what was told apart once stays so.

    told: elements for which no constant is right for all sets; all of them where the shapes differ.
    changed: elements whose exact value was not the same in all sets.
    """

    def __init__(self, first: Bounded) -> None:
        import numpy as np

        self._first = first.value
        self._low, self._high, self._nan = _accepted(first)
        self._choices = _choices(first)
        self._changed = np.zeros(first.value.shape, bool)
        self._reshaped = False

    def add(self, other: Bounded) -> Acceptable:
        """Take another set's expected result into account."""
        import numpy as np

        if other.value.shape != self._first.shape:
            self._reshaped = True
            return self
        low, high, nan = _accepted(other)
        self._low, self._high = np.maximum(self._low, low), np.minimum(self._high, high)
        self._nan = self._nan & nan
        allowed = _choices(other)
        if self._choices is not None and allowed is not None:
            self._choices = self._choices & allowed
        both_nan = (other.value != other.value) & (self._first != self._first)
        self._changed = self._changed | ((other.value != self._first) & ~both_nan)
        return self

    @property
    def told(self) -> int:
        """How many elements tell the sets apart."""
        import numpy as np

        if self._reshaped:
            return max(1, self._first.size)
        if self._choices is not None:
            return int(np.count_nonzero(~self._choices.any(axis=-1)))
        return int(np.count_nonzero(~((self._low <= self._high) | self._nan)))

    @property
    def changed(self) -> int:
        """How many elements changed at all."""
        import numpy as np

        return max(1, self._first.size) if self._reshaped else int(np.count_nonzero(self._changed))


def _choices(expected: Bounded) -> Array | None:
    """Which indices are accepted, with an axis of all of them last; None for a result that is no index of a tie."""
    from accelcore.ir.evaluate import Choices

    return expected.accept.allowed if isinstance(expected.accept, Choices) else None


def _accepted(expected: Bounded) -> tuple[Array, Array, Array]:
    """The least and the greatest number that is accepted, and whether NaN is: what `Bounded.covers` says, as ranges.

    Where only NaN is right, the least is above the greatest.
    """
    import numpy as np

    from accelcore.ir.evaluate import Interval

    value, accept = expected.value, expected.accept
    if isinstance(accept, Interval):
        return accept.low, accept.high, np.zeros(value.shape, bool)
    if value.dtype != np.float64:
        return value, value, np.zeros(value.shape, bool)
    missing = np.isnan(value)
    anything = ~(expected.bound < np.inf) & ~missing
    with np.errstate(invalid="ignore", over="ignore"):
        low, high = value - expected.bound, value + expected.bound
    low = np.where(missing, np.inf, np.where(anything, -np.inf, low))
    high = np.where(missing, -np.inf, np.where(anything, np.inf, high))
    return low, high, missing | anything
