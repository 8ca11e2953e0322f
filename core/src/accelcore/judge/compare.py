"""Comparing what a kernel wrote with what was expected: every element, no quota, exact where results are exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accelcore.sandbox.native.guarded import POISONS

if TYPE_CHECKING:
    import numpy as np

    from accelcore.ir.evaluate import Bounded

    Array = np.ndarray[Any, Any]

_SHOWN = 4  # wrong elements that feedback lists


Window = tuple["Array", "Array"]
"""Least and greatest numbers, in the dtype of a result, that are right for each element."""


def difference(name: str, got: Array, expected: Bounded, window: Window | None = None) -> str:
    """What is wrong with a result, in one line for people and models; "" when all of it is right.

    window: of the same expectation, where results are compared with it often: most are right, and then that is enough.
    """
    import numpy as np

    if got.shape != expected.value.shape:
        return f"{name} has the shape {got.shape}, expected {expected.value.shape}"
    if window is not None and _inside(got, window):
        return ""
    if window is None and _plainly_right(got, expected):
        return ""
    wrong = ~np.broadcast_to(expected.covers(got), got.shape)
    count = int(np.count_nonzero(wrong))
    if not count:
        return ""
    share = f"{count} of {wrong.size} elements of {name} are wrong"
    if any(_untouched(got, poison) for poison in POISONS):
        return f"{share}: {name} was never written"
    first = np.argwhere(wrong)[:_SHOWN]
    shown = ", ".join(_element(name, tuple(map(int, at)), got, expected) for at in first)
    return f"{share}: {shown}"


def window_of(expected: Bounded, dtype: np.dtype[Any]) -> Window | None:
    """Numbers that `expected` surely accepts, as `difference` takes them; None where it accepts more than a range.

    Rounded inwards, so that nothing is inside that would not be accepted; what lies at the very edge, or is no number,
    is outside.
    """
    import numpy as np

    value, bound = expected.value, expected.bound
    if expected.accept is not None or dtype.kind not in "iuf" or not value.size:
        return None
    if value.dtype != np.float64:
        exact = value.astype(dtype)
        return (exact, exact) if np.array_equal(exact, value) else None
    if dtype.kind != "f":
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        low = np.where(bound > 0, np.nextafter(value - bound, np.inf), value)
        high = np.where(bound > 0, np.nextafter(value + bound, -np.inf), value)
        least, greatest = low.astype(dtype), high.astype(dtype)
        least = np.where(least < low, np.nextafter(least, dtype.type(np.inf)), least)
        greatest = np.where(greatest > high, np.nextafter(greatest, dtype.type(-np.inf)), greatest)
    return least, greatest


def _inside(got: Array, window: Window) -> bool:
    least, greatest = window
    return bool((got >= least).all() and (got <= greatest).all())


def same_bits(left: Array, right: Array) -> bool:
    """Equal bytes, whatever they mean."""
    import numpy as np

    one, other = (np.ascontiguousarray(a).reshape(-1).view("u1") for a in (left, right))
    words = one.nbytes // 8 * 8 if one.nbytes == other.nbytes else 0
    whole = np.array_equal(one[:words].view("u8"), other[:words].view("u8"))  # eight bytes at a time
    return bool(whole and np.array_equal(one[words:], other[words:]))


def _plainly_right(got: Array, expected: Bounded) -> bool:
    """Whether all are finite and near, in as few passes as that takes; nothing is known when it is False."""
    import numpy as np

    if expected.accept is not None or expected.value.dtype != np.float64 or got.dtype.kind != "f":
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.subtract(got, expected.value, dtype=np.float64)
        return bool((np.abs(distance, out=distance) <= expected.bound).all()) if got.shape else False


def _untouched(got: Array, poison: int) -> bool:
    """Whether all bytes are still those that the judge put there."""
    import numpy as np

    return bool(got.size) and bool((np.ascontiguousarray(got).view(np.uint8) == poison).all())


def _element(name: str, at: tuple[int, ...], got: Array, expected: Bounded) -> str:
    where = f"{name}[{', '.join(map(str, at))}]" if at else name
    text = f"{where} is {got[at]!s}, expected {expected.value[at]!s}"
    bound = float(expected.bound[at])
    return f"{text} +- {bound:.3g}" if bound else text
