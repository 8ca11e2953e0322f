"""NKI data types and the casts that the engines make between them.

Types are their names, as in `nki.language` ("bfloat16"); bfloat16 and the 8-bit floats are held by ml_dtypes.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from accelcore_nki.errors import fail

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

SIGNED = ("int8", "int16", "int32")
UNSIGNED = ("uint8", "uint16", "uint32")
INTEGERS = frozenset(SIGNED + UNSIGNED)
FLOAT8 = frozenset(("float8_e4m3", "float8_e4m3fn", "float8_e5m2"))
FLOATS = frozenset(("float32", "tfloat32", "bfloat16", "float16")) | FLOAT8
SIZES = {"bool": 1, **{n: int(n.lstrip("uint")) // 8 for n in SIGNED + UNSIGNED}}
SIZES |= {"float32": 4, "tfloat32": 4, "bfloat16": 2, "float16": 2, **dict.fromkeys(FLOAT8, 1)}
_TF32_DROPPED = 13  # of the 23 mantissa bits of float32, tfloat32 keeps 10
FLOAT32_MIN = -3.4028235e38  # the fill of masks: finite, so that x - max is no NaN


def name_of(dtype: object) -> str:
    """The NKI name of a name, a NumPy or ml_dtypes type or scalar class; raises NkiError for any other."""
    if isinstance(dtype, str) and dtype in SIZES:
        return dtype
    return _foreign_name(dtype) if isinstance(dtype, Hashable) else _foreign_name.__wrapped__(dtype)


@lru_cache(maxsize=256)  # NumPy takes a microsecond for a name
def _foreign_name(dtype: object) -> str:
    import numpy as np

    try:
        given: Any = numpy_type(dtype) if isinstance(dtype, str) else dtype
        name: str = np.dtype(given).name
    except TypeError:
        name = str(dtype).rpartition(".")[2]  # a framework's own type: torch.float32
    if name in SIZES:
        return name
    hint = "64-bit types do not exist on the chip" if "64" in name else f"one of {', '.join(sorted(SIZES))}"
    raise fail("dtype", f"{name} is no NKI data type", hint=hint)


@cache
def numpy_type(name: str) -> np.dtype[Any]:
    """The NumPy type that holds elements of this type."""
    import ml_dtypes
    import numpy as np

    if name == "tfloat32":
        return np.dtype(np.float32)
    return np.dtype(getattr(ml_dtypes, name)) if name == "bfloat16" or name in FLOAT8 else np.dtype(name)


def cast(values: Array, name: str) -> Array:
    """Values as an element of this type leaves an engine.

    Floats round to nearest even; a float becomes an integer by rounding to nearest even and saturation (NKI 0.6); an
    integer is brought into a narrower one by saturation.
    """
    import numpy as np

    wanted = numpy_type(name)
    if name == "tfloat32":
        return _tfloat32(values.astype(np.float32))
    if values.dtype == wanted:
        return values
    if name == "bool":
        return np.asarray(values != 0)
    if name in INTEGERS:
        return _saturate(values, wanted)
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(np.float32).astype(wanted)


def _saturate(values: Array, wanted: np.dtype[Any]) -> Array:
    import numpy as np

    limits = np.iinfo(wanted)
    if values.dtype.kind in "iub":
        return np.clip(values.astype(np.int64), limits.min, limits.max).astype(wanted)
    exact = np.nan_to_num(np.rint(values.astype(np.float64)), nan=0.0, posinf=limits.max, neginf=limits.min)
    return np.asarray(np.clip(exact, limits.min, limits.max).astype(wanted))


def _tfloat32(values: Array) -> Array:
    import numpy as np

    bits = values.view(np.uint32)
    half = (1 << (_TF32_DROPPED - 1)) - 1 + ((bits >> _TF32_DROPPED) & 1)
    rounded = ((bits + half) >> _TF32_DROPPED) << _TF32_DROPPED
    return np.asarray(np.where(np.isfinite(values), rounded, bits).astype(np.uint32).view(np.float32))


def poison(name: str) -> object:
    """What memory that nobody wrote holds: NaN, or the largest integer of the type."""
    import numpy as np

    if name in INTEGERS:
        return np.iinfo(numpy_type(name)).max
    return True if name == "bool" else np.nan
