"""Numbers of one type as another, and which integers float32 can stand for.

All engines compute in float32: integers above 2**24 have no code, unless they are only compared with small ones.
"""

from __future__ import annotations

from typing import Any

from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, binary, call, select, walk
from accelcore.ir.ranges import interval
from accelcore_nki.judging.interface import STORED
from accelcore_nki.lowering.frames import Frame, Value
from accelcore_nki.lowering.functions import is_whole, without_casts
from accelcore_nki.lowering.loads import Loads

_EXACT = 1 << 24  # integers up to here are float32 numbers
COMPARES = frozenset(("lt", "le", "eq", "ne"))
ROUGH = "accelcore_rough"
"""Function that stands for reading an integer which float32 may round: its order with small integers stays."""


class Conversions(Loads):
    """Casts, and what they need to know."""

    facts: Any = None

    def value(self, e: Expr, frame: Frame, dtype: str = "float32") -> Value:
        """The tile of an expression: `Elementwise` computes it."""
        raise UnsupportedLowering(f"no NKI code for {e.op}: {str(e)[:80]}")

    def exact(self, e: Expr) -> None:
        """Integers that float32 does not hold exactly cannot be computed with."""
        kind = DTYPES[e.dtype]
        if e.dtype not in STORED:
            raise UnsupportedLowering(f"the chip has no {e.dtype}")
        if kind.is_integer:
            low, high = interval(e, self.facts)
            if max(abs(low), abs(high)) > _EXACT:
                raise UnsupportedLowering(f"{e} may leave the integers that float32 holds exactly (2**24)")

    def converted(self, e: Expr, frame: Frame, dtype: str) -> Value:
        """Casts that round: to a narrower float, or of an exact integer that fits its type."""
        inner, kind = e.args[0], DTYPES[e.dtype]
        if kind.is_float:
            narrow = STORED.get(e.dtype, "float32")
            found = self.value(inner, frame, narrow)
            if found.number or found.dtype == narrow:
                return found
            return self.copied(found, frame, narrow)
        if DTYPES[inner.dtype].is_integer or inner.dtype == "bool":
            low, high = interval(inner, self.facts)
            limits = interval_of(e.dtype)
            if e.attrs[1] == "wrap" and (low < limits[0] or high > limits[1]):
                raise UnsupportedLowering(f"{e} wraps, the chip saturates")
            if max(abs(low), abs(high)) > _EXACT and has_data(inner):
                raise UnsupportedLowering(f"{inner} may leave the integers that float32 holds exactly (2**24)")
            return self.value(inner, frame, dtype)
        return self._whole(e, frame, dtype)

    def _whole(self, e: Expr, frame: Frame, dtype: str) -> Value:
        """A float as an integer: the engines round to the nearest, ties to even, and saturate."""
        inner, rounding = without_casts(e.args[0]), e.attrs[0]
        low, high = interval(e.args[0], self.facts)
        limits = interval_of(e.dtype)
        if e.attrs[1] == "wrap" and e.dtype != "int" and (low < limits[0] or high > limits[1]):
            raise UnsupportedLowering(f"{e} wraps, the chip saturates")
        if is_whole(inner):
            return self.value(inner, frame, dtype)
        if rounding in ("trunc", "floor", "ceil"):
            down, up = (call(name, inner, dtype="real") for name in ("floor", "ceil"))
            ends = {"floor": down, "ceil": up, "trunc": select(binary("lt", inner, 0.0), up, down)}
            return self.value(ends[str(rounding)], frame, dtype)
        if rounding != "nearest":
            raise UnsupportedLowering(f"no NKI code for rounding by {rounding}: {str(e)[:80]}")
        found = self.value(inner, frame)
        return found if found.number else self.copied(found, frame, "int32")

    def compared(self, e: Expr) -> tuple[Expr, Expr]:
        """The sides of a comparison; one that float32 rounds is as good where the other is small."""
        a, b = e.args
        return self._rough(a, b), self._rough(b, a)

    def _rough(self, e: Expr, other: Expr) -> Expr:
        bare = e
        while bare.op == "cast" and DTYPES[bare.dtype].is_integer and DTYPES[bare.args[0].dtype].is_integer:
            bare = bare.args[0]
        read = bare.op == "param" or (bare.op == "get" and bare.args[0].op == "input")
        if not read or bare.dtype not in ("i32", "u32") or not self._small(other):
            return e
        return call(ROUGH, bare, dtype=e.dtype)

    def _small(self, e: Expr) -> bool:
        """Whether it is a position, or an integer below those that float32 rounds to."""
        if not has_data(e):
            return True
        low, high = interval(e, self.facts)
        return max(abs(low), abs(high)) < _EXACT


def has_data(e: Expr) -> bool:
    """Whether an expression reads anything but sizes and positions."""
    return any(n.op in ("input", "reduce", "scan", "fold") or (n.op == "param" and n.dtype != "i64") for n in walk(e))


def interval_of(dtype: str) -> tuple[float, float]:
    """Smallest and largest value of a machine integer."""
    kind = DTYPES[dtype]
    low, high = kind.low, kind.high
    return (float("-inf") if low is None else low, float("inf") if high is None else high)
