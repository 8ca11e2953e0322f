"""Small concrete inputs on which a program and a summary are compared: sizes 0 to 4, values that separate mistakes.

Values come from the constants of the program and its neighbours, small numbers of both signs, powers of two and the
ends of the dtype's range, so that both sides of a comparison, wrap-around and truncation of negative quotients occur.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, const, walk
from accelcore.values import Param, Role, Summary
from accelcore_llmlift.program import Program
from accelcore_llmlift.verify.models import expressions

_SIZES = (2, 3, 1, 4, 3, 2, 0, 5)
"""Sizes to draw from, in the order of a first pass in which all are the same."""


@dataclass(frozen=True)
class Input:
    """Values of all parameters but the results, and of all sizes."""

    values: Mapping[str, Any]
    sizes: Mapping[str, int]


def draws(program: Program, summary: Summary, requires: Sequence[Expr], count: int, seed: int) -> Iterator[Input]:
    """Up to `count` inputs that satisfy the requirements, the same ones for the same seed."""
    rng = random.Random(seed)
    names = size_names(program)
    constants = _constants(program, summary)
    found = 0
    for attempt in range(8 * count):
        sizes = _sizes(names, attempt, rng)
        tame = attempt % 4 == 3 or attempt >= 4 * count
        values = {
            p.name: _values(p, sizes, constants, tame, rng)
            for p in program.params if p.role not in (Role.OUT, Role.SIZE)
        }  # fmt: skip
        if values is not None and holds(requires, values, sizes):
            yield Input(values, sizes)
            found += 1
            if found == count:
                return


def size_names(program: Program) -> list[str]:
    """Names of all sizes of a program."""
    found = {p.name for p in program.params if p.role is Role.SIZE}
    for p in program.params:
        for extent in p.shape:
            found |= extent.sizes
    for e in (*program.requires, *expressions(program)):
        found |= e.sizes
    return sorted(found)


def holds(requires: Sequence[Expr], values: Mapping[str, Any], sizes: Mapping[str, int]) -> bool:
    """Whether the requirements hold; one that has no value does not."""
    from accelcore.ir.evaluate import evaluate

    try:
        return all(bool(evaluate(r, values, sizes)) for r in requires)
    except IrError:
        return False


def _sizes(names: Sequence[str], attempt: int, rng: random.Random) -> dict[str, int]:
    if attempt < len(_SIZES) and attempt % 2 == 0:
        return dict.fromkeys(names, _SIZES[attempt])
    return {name: rng.choice(_SIZES) for name in names}


def extents(param: Param, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of an array parameter at these sizes; negative extents are empty."""
    from accelcore.ir.evaluate import evaluate

    return tuple(max(0, int(evaluate(e, {}, sizes))) for e in param.shape)


def _values(param: Param, sizes: Mapping[str, int], constants: Sequence[float], tame: bool, rng: random.Random) -> Any:
    pool = _pool(param.dtype, constants, tame, max(sizes.values(), default=2), rng)
    return filled(extents(param, sizes), lambda: rng.choice(pool))


def filled(shape: Sequence[int], element: Any) -> Any:
    """Nested lists of a shape; a plain value for shape ()."""
    if not shape:
        return element()
    return [filled(shape[1:], element) for _ in range(shape[0])]


def _pool(dtype: str, constants: Sequence[float], tame: bool, largest: int, rng: random.Random) -> list[Any]:
    facts = DTYPES[dtype]
    if facts.kind == "bool":
        return [False, True]
    if facts.is_float:
        pool = [x / 2 for x in range(-9, 10)]
        near = [] if tame else [float(c) + d for c in constants for d in (-0.5, 0.0, 0.5) if abs(c) < 1e6]
        return [v for v in (storable(x, dtype) for x in (*pool, *near)) if math.isfinite(v)]
    if tame:
        whole = list(range(max(1, largest)))
    else:
        whole = [*range(-9, 10), *(int(c) + d for c in constants for d in (-1, 0, 1))]
        if rng.random() < 0.4:
            bits = facts.bits or 8
            whole += [1 << b for b in range(bits)] + [-(1 << b) for b in range(bits)]
            whole += [(1 << (bits - 1)) - 1, (1 << bits) - 1]
    low, high = facts.low, facts.high
    return [v for v in whole if low is None or high is None or low <= v <= high] or [0]


def storable(value: float, dtype: str) -> float:
    """The nearest value of a float dtype: a parameter holds no others, and a difference would show the digits lost."""
    return float(const(value, dtype).value)


def _constants(program: Program, summary: Summary) -> list[float]:
    found: dict[float, None] = {}
    for e in (*expressions(program), *(e for _, e in summary.post)):
        for node in walk(e):
            if node.op == "const" and not isinstance(node.value, bool) and abs(node.value) < 1 << 40:
                found[node.value] = None
    return list(found)[:12]
