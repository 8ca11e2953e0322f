"""Sizes as numbers: extents of parameters, domains of kernels, and which sizes to hold out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import TYPE_CHECKING

from accelcore.errors import UsageError
from accelcore.values import Kernel, Param, Role, Sizes, Task, size_names, sizes_of

if TYPE_CHECKING:
    from accelcore.ir.expr import Expr

_OPERATIONS: dict[str, Callable[..., int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "fdiv": lambda a, b: a // b,
    "fmod": lambda a, b: a % b,
    "tdiv": lambda a, b: -(-a // b) if (a < 0) != (b < 0) else a // b,
    "trem": lambda a, b: a - b * (-(-a // b) if (a < 0) != (b < 0) else a // b),
    "min": min,
    "max": max,
    "neg": lambda a: -a,
    "abs": abs,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "land": lambda a, b: a and b,
    "lor": lambda a, b: a or b,
    "lnot": lambda a: not a,
    "select": lambda c, a, b: a if c else b,
    "cast": lambda a: a,
}


def depends_on_sizes_only(e: Expr) -> bool:
    """Whether an expression is made of sizes, constants and integer operators."""
    if e.op in ("const", "size"):
        return True
    return e.op in _OPERATIONS and all(depends_on_sizes_only(a) for a in e.args)


def number(e: Expr, sizes: Mapping[str, int]) -> int:
    """The value of an expression over sizes.  UsageError where a size has no value."""
    if e.op == "const":
        return int(e.value)
    if e.op == "size":
        if e.name not in sizes:
            raise UsageError(f"size {e.name} has no value", hint=f"give one: --size {e.name}=1024")
        return int(sizes[e.name])
    if e.op not in _OPERATIONS:
        raise UsageError(
            f"an extent depends on values, not on sizes alone: {e}",
            hint="return an array as long as the result can be at most, and how many of its elements count",
        )
    return int(_OPERATIONS[e.op](*(number(a, sizes) for a in e.args)))


def shape(param: Param, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The extents of a parameter; UsageError when one is negative."""
    extents = tuple(number(extent, sizes) for extent in param.shape)
    if any(extent < 0 for extent in extents):
        raise UsageError(f"{param.name} would have the shape {extents} at sizes {dict(sizes)}")
    return extents


def admits(task: Task, kernel: Kernel, sizes: Mapping[str, int]) -> bool:
    """Whether the task has a meaning at these sizes and the kernel's domain has them."""
    conditions = [c for c in (*task.requires, *kernel.domain) if depends_on_sizes_only(c)]
    try:
        for param in task.params:
            shape(param, sizes)
        return all(number(c, sizes) for c in conditions)
    except (UsageError, ZeroDivisionError):
        return False


# Extents around and away from the widths of vectors and tiles: the smallest, primes, one off 16 and 64.
_SMALL = (1, 2, 7, 15, 17, 31, 63, 65)
_MOST_IMPOSSIBLE = 12  # sets of sizes that are tried in vain


def held_out(
    task: Task, kernel: Kernel, count: int, seed: int, possible: Callable[[Sizes], bool] | None = None
) -> tuple[Sizes, ...]:  # fmt: skip
    """Up to `count` small size sets that the task does not name and the kernel accepts.

    The first sets all sizes to 1, where that is allowed; the others mix the list above.  A kernel that only accepts
    the sizes of the task gets none.  possible: whether there are inputs of these sizes.  Where there are none, because
    an array is too short for what is stored in it, say, all sizes are taken as large as the largest.
    """
    import random

    names = size_names(task)
    if not names:
        return ()
    draw = random.Random(seed)
    mixes: list[tuple[int, ...]] = [(1,) * len(names)]
    if len(names) <= 2:
        pool = list(product(_SMALL[1:], repeat=len(names)))
        draw.shuffle(pool)
        mixes += pool
    else:
        mixes += [tuple(draw.choice(_SMALL) for _ in names) for _ in range(200)]
    found: list[Sizes] = []
    impossible = 0
    for mix in mixes:
        for values in (mix, (max(mix),) * len(names)):
            sizes = sizes_of(dict(zip(names, values, strict=True)))
            if sizes in found or sizes in task.sizes or not admits(task, kernel, dict(sizes)):
                break
            if possible is None or possible(sizes):
                found.append(sizes)
                break
            impossible += 1
        if len(found) == count or impossible >= _MOST_IMPOSSIBLE:
            break
    return tuple(found)


def buffer_params(task: Task) -> tuple[Param, ...]:
    """Parameters that are passed as arrays or scalars: all but the sizes."""
    return tuple(p for p in task.params if p.role is not Role.SIZE)
