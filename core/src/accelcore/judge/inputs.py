"""Random inputs that look for mistakes: several families of values, within the bounds and requirements of a task.

Each family hides something that the others show: normal values hide sums that cancel in expectation, large offsets
show lost precision, mixed magnitudes show sums in too short a format, one-hot arrays show wrong places, zeros and
denormals show wrong special cases, full-range integers show overflow, and small integers are exact in every format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from accelcore.errors import UsageError
from accelcore.ir.dtypes import DTYPES, DType
from accelcore.judge.extents import depends_on_sizes_only, shape
from accelcore.values import Bounds, Param, Role, Task

if TYPE_CHECKING:
    import numpy as np

    from accelcore.ir.expr import Expr

    Array = np.ndarray[Any, Any]
    Generator = np.random.Generator

FAMILIES = ("normal", "shifted", "mixed", "bits", "one_hot", "special", "full")
"""All families, in the order in which they are used.  "normal" is also what is timed."""

_TRIES = 40  # draws of one set before its requirements count as unsatisfiable by chance
_TAME = ("normal", "shifted", "index")  # families that most requirements allow something of


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The NumPy dtype that stores a dtype of the language.  UsageError for those that nothing stores."""
    import numpy as np

    facts = DTYPES[name]
    if name == "bool":
        return np.dtype(np.bool_)
    if name == "bf16":
        import ml_dtypes  # type: ignore[import-untyped, unused-ignore]  # optional: only bfloat16 needs it

        brain: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return brain
    if facts.bits is None:
        raise UsageError(f"nothing stores the dtype {name}", hint="annotate the parameter with a machine dtype")
    return np.dtype(f"{ {'int': 'i', 'uint': 'u', 'float': 'f'}[facts.kind] }{facts.bits // 8}")


def draw(task: Task, sizes: Mapping[str, int], family: str, rng: Generator) -> dict[str, Array]:
    """One set of buffers: inputs and scalars of the family, results as arrays to be filled.

    Requirements on values hold.  Elements that break one "for all elements" are drawn again, alone; where another kind
    of requirement is broken all is drawn again; and after some tries with ever tamer values.  UsageError when nothing
    that satisfies them is found.
    """
    conditions = [c for c in task.requires if not depends_on_sizes_only(c)]
    buffers = _all(task, sizes, family, rng)
    for attempt in range(_TRIES):
        broken = [c for c in conditions if not _holds(c, buffers, sizes)]
        if not broken:
            return buffers
        # The later tries give up the family, not the requirement.
        again = _all(task, sizes, family if attempt < _TRIES // 2 else _TAME[attempt % len(_TAME)], rng)
        repaired = [_repaired(c, buffers, again, sizes) for c in broken]
        # A scalar may be at fault, which no repair of elements mends: every fourth time all is drawn again.
        if attempt % 4 == 3 or not all(repaired):
            buffers = again
    wanted = "; ".join(map(str, conditions))
    raise UsageError(
        f"no random inputs of {task.name} satisfy its requirements: {wanted}",
        hint="narrow the inputs by bounds (Task.inputs)",
    )


def satisfied(task: Task, buffers: Mapping[str, Array], sizes: Mapping[str, int]) -> bool:
    """Whether what a task requires of values holds."""
    return all(_holds(c, buffers, sizes) for c in task.requires if not depends_on_sizes_only(c))


def _all(task: Task, sizes: Mapping[str, int], family: str, rng: Generator) -> dict[str, Array]:
    params = [p for p in task.params if p.role is not Role.SIZE]
    return {p.name: _values(task, p, sizes, family, rng) for p in params}


def _repaired(condition: Expr, buffers: dict[str, Array], again: Mapping[str, Array], sizes: Mapping[str, int]) -> bool:
    """Replace the elements that break a requirement on all elements; False where nothing could be replaced."""
    from accelcore.ir.expr import bind, var
    from accelcore.judge.oracle import table

    body, form = condition, condition
    extents = []
    while form.op == "reduce" and form.kind == "all" and len(form.args) == 2:
        extents.append((form.args[0], form.number))
        body = form = form.args[1]
    if not extents:
        return False
    for extent, number in reversed(extents):
        body = bind("comp", var(number), (extent,), (body,))
    fine = table(body, buffers, sizes)
    names = [name for name in condition.inputs if name in buffers and buffers[name].shape == fine.shape]
    for name in names:
        buffers[name][~fine] = again[name][~fine]
    return bool(names)


def _holds(condition: Expr, buffers: Mapping[str, Array], sizes: Mapping[str, int]) -> bool:
    from accelcore.judge.oracle import truth

    return truth(condition, buffers, sizes)


def _values(task: Task, param: Param, sizes: Mapping[str, int], family: str, rng: Generator) -> Array:
    import numpy as np

    extents, store, facts = shape(param, sizes), numpy_dtype(param.dtype), DTYPES[param.dtype]
    if param.role is Role.OUT:
        return np.zeros(extents, store)
    bounds = next((b for b in task.inputs.bounds if b.name == param.name), Bounds(param.name))
    if facts.kind == "bool":
        return rng.integers(0, 2, extents).astype(store)
    if facts.is_float:
        raw = _FLOATS.get(family, _normal)(rng, extents, facts)
        return np.asarray(_folded(raw, bounds, float(facts.high or 0))).astype(store)
    return _integers(rng, extents, facts, bounds, family, sizes).astype(store)


# Floats: (generator, extents, dtype) -> float64 values.


def _normal(rng: Generator, extents: tuple[int, ...], _facts: DType) -> Array:
    return rng.standard_normal(extents)


def _shifted(rng: Generator, extents: tuple[int, ...], _facts: DType) -> Array:
    return rng.uniform(2.5, 4.5, extents)


def _mixed(rng: Generator, extents: tuple[int, ...], facts: DType) -> Array:
    spread = 4.0 if facts.max_exponent > 15 else 1.5  # half precision overflows early
    return rng.standard_normal(extents) * 10.0 ** rng.uniform(-spread, spread, extents)


def _bits(rng: Generator, extents: tuple[int, ...], _facts: DType) -> Array:
    return rng.integers(0, 2, extents).astype(float)


def _one_hot(rng: Generator, extents: tuple[int, ...], _facts: DType) -> Array:
    import numpy as np

    values = np.zeros(extents)
    if values.size:
        values.reshape(-1)[rng.integers(values.size)] = rng.standard_normal() + 2.0
    return values


def _special(rng: Generator, extents: tuple[int, ...], facts: DType) -> Array:
    import numpy as np

    denormal = 2.0 ** (1 - facts.max_exponent - facts.digits // 2)
    choices = np.array([0.0, -0.0, denormal, -denormal, 1.0, -1.0, 0.5])
    return choices[rng.integers(len(choices), size=extents)]


_FLOATS: dict[str, Callable[[Generator, tuple[int, ...], DType], Array]] = {
    "normal": _normal, "shifted": _shifted, "mixed": _mixed, "bits": _bits, "index": _bits, "one_hot": _one_hot,
    "special": _special, "full": _mixed,
}  # fmt: skip


def _folded(raw: Array, bounds: Bounds, limit: float) -> Array:
    """Values folded into their bounds; those inside stay as they are."""
    import numpy as np

    low = -limit if bounds.low is None else float(bounds.low)
    high = limit if bounds.high is None else float(bounds.high)
    if bounds.low is not None and bounds.high is not None:
        span = high - low
        inside = low + np.mod(raw - low, span) if span > 0 else np.full_like(raw, low)
        return np.where((raw < low) | (raw > high), inside, raw)
    with np.errstate(over="ignore"):  # one-sided: mirrored at the bound
        raw = np.where(raw < low, low + (low - raw), raw)
        raw = np.where(raw > high, high - (raw - high), raw)
    return np.clip(raw, low, high)


def _integers(
    rng: Generator, extents: tuple[int, ...], facts: DType, bounds: Bounds, family: str, sizes: Mapping[str, int]
) -> Array:
    """Integers: full range for the wide families, {0, 1} or small ones for the others."""
    import numpy as np

    assert facts.bits is not None and facts.low is not None and facts.high is not None
    low = int(facts.low if bounds.low is None else max(bounds.low, facts.low))
    high = int(facts.high if bounds.high is None else min(bounds.high, facts.high))
    small = {"bits": (0, 1), "index": (0, max(0, min(sizes.values(), default=1) - 1)), "shifted": (1, 16)}.get(family)
    if family == "one_hot":
        values = np.full(extents, max(low, min(0, high)), dtype=object if facts.bits == 64 else np.int64)
        if values.size:
            values.reshape(-1)[rng.integers(values.size)] = max(low, min(high, 3))
        return values
    if family in ("normal", "mixed") and facts.bits > 16:
        small = (-1000, 1000)
    if small is not None and max(low, small[0]) <= min(high, small[1]):
        low, high = max(low, small[0]), min(high, small[1])
    store = np.uint64 if facts.kind == "uint" else np.int64
    values = rng.integers(low, high, size=extents, dtype=store, endpoint=True)
    if family in ("special", "full") and values.size:
        extremes = np.array([low, high, max(low, min(high, 0))], dtype=store)
        where = rng.random(extents) < 0.25
        values = np.where(where, extremes[rng.integers(3, size=extents)], values)
    return values
