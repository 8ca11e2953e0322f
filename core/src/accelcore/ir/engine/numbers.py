"""The error model: which unit roundoff applies where, and how a rounding adds to an error.

A running (a posteriori) forward-error analysis, componentwise: every operation on reals carries a bound on the
difference between its value here and in any computation that performs the same operations at the declared precision,
in any order of reduction, with or without fused multiply-adds (a fused operation omits a rounding).  See N. Higham,
Accuracy and Stability of Numerical Algorithms, 2nd ed., sections 3.1 (gamma_n) and 3.3 (running error analysis).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.engine.block import Array

_OWN = 2.0**-53
"""Unit roundoff of the float64 arithmetic here: the reference's own error is part of every bound."""


@dataclass(frozen=True)
class Numbers:
    """bounded: whether errors are computed.  accumulate: the dtype in which reals are realized.

    factor multiplies every unit roundoff: a computation that is that many times less accurate is still admitted, and
    decisions (comparisons, argmax, roundings) that it may take differently are admitted with it.
    """

    bounded: bool = False
    accumulate: str = "f32"
    factor: float = 1.0

    def unit(self, dtype: str) -> float:
        """Relative error of one rounding in a dtype: the dtype's own, for "real" the accumulator's."""
        own = DTYPES[self.accumulate].roundoff
        if dtype != "real":
            own = max(own, DTYPES[dtype].roundoff)
        return self.factor * (own + _OWN)

    @property
    def tiny(self) -> float:
        """Absolute error of an underflow: the least normal number, since subnormals may be flushed to zero."""
        return float(2.0 ** (1 - DTYPES[self.accumulate].max_exponent))

    def rounded(self, data: Array, err: Array | float | None, dtype: str, roundings: float = 1.0) -> Array:
        """The error after rounding a value of that error so many times."""
        size = np.abs(data) if err is None else np.abs(data) + err
        own = size * (roundings * self.unit(dtype)) + self.underflow(size)
        return np.asarray(own if err is None else own + err)

    def underflow(self, size: Array, terms: int = 1) -> Array:
        """Error of flushing values of this size (or sums of so many) to zero: no more than the values themselves."""
        return np.minimum(size, terms * self.tiny)

    def realized(self, dtype: str) -> str:
        """The float dtype in which a node is computed."""
        return self.accumulate if dtype == "real" else dtype

    def gamma(self, n: float | Array, dtype: str) -> Array:
        """n roundings in a row, relatively: n u / (1 - n u); infinite when nothing is left of the precision."""
        total = np.asarray(n, np.float64) * self.unit(dtype)
        return np.where(total < 1.0, total / np.where(total < 1.0, 1.0 - total, 1.0), np.inf)

    def overflown(self, data: Array, err: Array, dtype: str) -> Array:
        """Errors made infinite where the value may exceed the largest number of its dtype."""
        return np.where(np.abs(data) + err > float(DTYPES[self.realized(dtype)].high or np.inf), np.inf, err)
