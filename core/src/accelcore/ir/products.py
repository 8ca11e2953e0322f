"""Products inside sums: what a contraction consists of."""

from __future__ import annotations

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, cast, const


def factors(body: Expr, summed: frozenset[int]) -> tuple[list[Expr], int]:
    """The factors of a product and its sign, through negations, exact casts, and divisors that are not summed over.

    Machine integers multiply modulo their width, so only factors of that same dtype are split; a division is split
    only for floats, where it becomes a factor 1 / b.
    """
    found: list[Expr] = []
    sign, stack = 1, [body]
    kind = DTYPES[body.dtype]
    while stack:
        e = stack.pop()
        if e.op == "mul" and e.dtype == body.dtype:
            stack.extend(reversed(e.args))
        elif e.op == "neg" and e.dtype == body.dtype and kind.kind != "uint":
            sign, stack = -sign, [*stack, e.args[0]]
        elif e.op == "cast" and e.dtype == body.dtype == "real" and e.args[0].op in ("mul", "neg") and _unbounded(e):
            inner, turned = factors(e.args[0], summed)
            sign *= turned
            found.extend(cast(f, e.dtype) for f in inner)
        elif e.op == "div" and kind.is_float and not e.args[1].free & summed:
            found.append(const(1.0, e.dtype) / e.args[1])
            stack.append(e.args[0])
        else:
            found.append(e)
    return found, sign


def _unbounded(e: Expr) -> bool:
    """Whether the operand of a cast is exact arithmetic, over which the cast distributes."""
    return DTYPES[e.args[0].dtype].bits is None


def nested_sum(e: Expr) -> tuple[list[tuple[int, Expr]], Expr]:
    """(variables with their extents, body) of a sum of sums without start values, outermost first."""
    ranges = [(e.number, e.args[0])]
    body = e.args[1]
    while body.op == "reduce" and body.kind == "sum" and len(body.args) == 2:
        if body.args[0].free & {number for number, _ in ranges}:
            break  # a range that depends on an outer one is no axis
        ranges.append((body.number, body.args[0]))
        body = body.args[1]
    return ranges, body
