"""Arithmetic of machine dtypes on NumPy arrays, element by element: what simulators of vector machines compute with.

The meaning is that of `accelcore.loops.arithmetic` on numbers, with one difference: nothing faults, because a lane that
is not selected computes too.  A quotient of integers by zero is 0, a cast that does not fit wraps, a float that is no
number becomes the integer 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from accelcore.errors import IrError, RunFailure
from accelcore.ir.dtypes import DTYPES

if TYPE_CHECKING:
    import numpy as np

    Lanes = np.ndarray[Any, Any]
    """An array of any shape; a NumPy scalar is one of shape ()."""

    Place = tuple[Lanes, ...]
    """Indices of elements, one array for each dimension: of shape () where all lanes agree, else one for each lane."""


@cache
def numpy_dtype(name: str) -> np.dtype[Any]:
    """NumPy's dtype of that name; IrError for those that it has not ("bf16", "int", "real")."""
    import numpy as np

    facts = DTYPES[name]
    if facts.bits is None or name == "bf16":
        raise IrError(f"NumPy has no {name}", hint="machines without it refuse to lower it: UnsupportedLowering")
    return np.dtype("bool" if name == "bool" else {"f": "float", "i": "int", "u": "uint"}[name[0]] + name[1:])


def apply(op: str, values: Sequence[Lanes], result: str) -> Lanes:
    """A scalar operator or function of the tensor language on arrays of one dtype, in the result's dtype."""
    import numpy as np

    table = _operations()
    if op not in table:
        raise IrError(f"{op} has no meaning on lanes")
    with np.errstate(all="ignore"):
        found = table[op](*values)
        return found if found.dtype == numpy_dtype(result) else convert(found, result)


def convert(value: Lanes, dtype: str, rounding: str = "nearest", mode: str = "wrap") -> Lanes:
    """A cast: to floats by rounding to nearest, to integers by `rounding`, then wrapping or saturating."""
    import numpy as np

    facts, to = DTYPES[dtype], numpy_dtype(dtype)
    with np.errstate(all="ignore"):
        if not facts.is_integer:
            return np.asarray(value).astype(to)
        if np.asarray(value).dtype.kind == "f":
            step = {"floor": np.floor, "ceil": np.ceil, "trunc": np.trunc}.get(rounding, np.rint)
            whole = step(np.nan_to_num(np.asarray(value, np.float64), nan=0.0, posinf=0.0, neginf=0.0))
            value = np.clip(whole, -(2.0**63), 2.0**63 - 1024).astype(np.int64)
        if mode == "saturate":
            value = np.clip(value, max(facts.low or 0, -(2**63)), min(facts.high or 0, 2**63 - 1))
        return np.asarray(value).astype(to)


def _quotient(a: Lanes, b: Lanes) -> Lanes:
    """a / b, rounded towards zero."""
    import numpy as np

    if a.dtype.kind == "f":
        return np.trunc(a / b)
    down = a // b
    return np.asarray(down + ((down < 0) & (down * b != a)).astype(down.dtype))


@cache
def _operations() -> Mapping[str, Callable[..., Lanes]]:
    import numpy as np

    from accelcore.ir.engine.floats import FUNCTIONS

    return {
        **FUNCTIONS,
        "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative, "abs": np.abs,
        "min": np.minimum, "max": np.maximum, "fdiv": np.floor_divide, "fmod": np.mod, "tdiv": _quotient,
        "trem": np.fmod, "pow": lambda a, b: np.power(a, b if b.dtype.kind == "f" else np.maximum(b, 0)),
        "lt": np.less, "le": np.less_equal, "eq": np.equal, "ne": np.not_equal, "select": np.where,
        "land": np.logical_and, "lor": np.logical_or, "lnot": np.logical_not,
        "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor, "not": np.invert,
        "shl": np.left_shift, "shr": np.right_shift, "isnan": np.isnan, "isinf": np.isinf,
    }  # fmt: skip


def load(array: Lanes, place: Place) -> Lanes:
    """The elements at a place; outside of the array any element, because a lane that is not selected may be there."""
    import numpy as np

    if _inside(array, place):
        return cast("Lanes", array[place])
    if not array.size:
        return np.zeros(np.broadcast_shapes(*(np.shape(i) for i in place)), array.dtype)
    return np.asarray(array[tuple(np.clip(i, 0, n - 1) for i, n in zip(place, array.shape, strict=True))])


def store(array: Lanes, place: Place, value: Lanes, mask: Lanes | None = None) -> None:
    """Write a value to a place, in the lanes that the mask selects; RunFailure when one is outside of the array."""
    if mask is not None:
        place, value = _selected(place, value, mask)
    _writable(array, place)
    array[place] = value


def update(op: str, array: Lanes, place: Place, value: Lanes, mask: Lanes | None = None) -> None:
    """array[place] op= value, for every lane that the mask selects; lanes may meet in one place.

    mask: None outside of lanes; inside it says how many there are.  RunFailure when one is outside of the array.
    """
    import numpy as np

    function = _operations().get(op)
    if not isinstance(function, np.ufunc) or function.nin != 2:
        raise RunFailure(f"{op} is no update")
    parts, each = (place, value) if mask is None or not np.ndim(mask) else _selected(place, value, mask)
    _writable(array, parts)
    if any(map(np.ndim, place)) or not np.ndim(each):
        function.at(array, parts, each)
    elif np.size(each):  # all lanes meet in one place
        array[place] = function(array[place], function.reduce(each, dtype=array.dtype))


def _selected(place: Place, value: Lanes, mask: Lanes) -> tuple[Place, Lanes]:
    """One index and one value for each lane that the mask selects."""
    import numpy as np

    *indices, value = (np.broadcast_to(v, np.shape(mask))[mask] for v in (*place, value))
    return tuple(indices), value


def _inside(array: Lanes, place: Place) -> bool:
    if len(place) != array.ndim:
        raise RunFailure(f"{len(place)} indices for an array of {array.ndim} dimensions")
    for index, extent in zip(place, array.shape, strict=True):
        if not index.ndim:  # by far the most common, and a scalar compares faster than it is reduced
            if not 0 <= index < extent:
                return False
        elif index.size and not (index.min() >= 0 and index.max() < extent):
            return False
    return True


def _writable(array: Lanes, place: Place) -> None:
    if not _inside(array, place):
        raise RunFailure("a store is outside of its array")


@cache
def operand(word: str) -> Lanes | None:
    """A constant of a listing, such as `f32:0.5`, as NumPy has it; None for a name."""
    from accelcore.loops.listing import constant

    found = constant(word)
    return None if found is None else numpy_dtype(found[1]).type(found[0])
