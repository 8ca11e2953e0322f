"""Reads of arrays at affine places: which element, as an offset that is linear in the loop variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelcore.errors import UnsupportedLowering
from accelcore.ir.affine import affine
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, coerce, index
from accelcore.ir.polynomial import constant_of, polynomial


@dataclass(frozen=True)
class Read:
    """An element of the array `name`, at offset + sum of stride * variable, in elements.

    strides: (variable number, expression over sizes) pairs; variables that are not named have stride 0.
    """

    name: str
    dtype: str
    strides: tuple[tuple[int, Expr], ...]
    offset: Expr

    def stride(self, variable: int | None) -> Expr:
        """The stride of a variable; 0 for one that does not occur, or for None."""
        return dict(self.strides).get(-1 if variable is None else variable, index(0))

    @property
    def variables(self) -> frozenset[int]:
        """The variables that move it."""
        return frozenset(number for number, _ in self.strides)


def strip(e: Expr) -> Expr:
    """What an exact widening widens: an integer to "int", a float or an integer to "real"."""
    while e.op == "cast" and e.dtype in ("int", "real", INDEX) and _widens(e.args[0].dtype, e.dtype):
        e = e.args[0]
    return e


def _widens(source: str, target: str) -> bool:
    return target == "real" or not DTYPES[source].is_float


def read(e: Expr, shapes: Mapping[str, tuple[Expr, ...]]) -> Read:
    """The read that an element of an input is; UnsupportedLowering for anything else."""
    e = strip(e)
    if e.op != "get" or e.args[0].op != "input" or len(e.args) - 1 != e.args[0].rank:
        raise UnsupportedLowering(f"{e} is no element of an input")
    name = e.args[0].name
    offset: Expr = index(0)
    for place, extent in zip(e.args[1:], shapes[name], strict=True):
        offset = offset * extent + coerce(place)
    form = affine(offset)
    if form is None:
        raise UnsupportedLowering(f"{e} is not at an affine place")
    return Read(name, e.dtype, form.coefficients, form.rest)


def number(e: Expr) -> int | None:
    """The value of a constant expression, else None."""
    value = constant_of(polynomial(e))
    return int(value) if value is not None and value.denominator == 1 else None


def is_one(e: Expr) -> bool:
    """Whether an expression is the constant 1."""
    return number(e) == 1


def is_zero(e: Expr) -> bool:
    """Whether an expression is the constant 0."""
    return number(e) == 0
