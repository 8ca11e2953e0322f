"""Number models: which numbers a proof is about, and whether they are the ones that the task computes with.

The label of a verdict is decided here from the program and the summary, never taken from the proposer:

* "real": floats are treated as real numbers; machine integers are exact to their widths;
* "f32-exact" (f16-exact, ...): float operators are uninterpreted, equality is equality of the operation trees;
* "i32", "u8", ...: integers only, with the arithmetic of the widest machine dtype in use, which wraps;
* "int": integers only, all arithmetic unbounded, every store into a machine integer proved (or required) to fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import ARITHMETIC, BITWISE, Expr, walk
from accelcore.values import Summary
from accelcore_llmlift.program import Append, Assert, Assign, For, If, New, Program, Store, While, statements
from accelcore_llmlift.verify.arithmetic import Unsupported


@dataclass(frozen=True)
class Model:
    """label: what verdicts print.  exact: float operators are uninterpreted."""

    label: str
    exact: bool


def model_for(program: Program, summary: Summary) -> Model:
    """The model of a proof; Unsupported when the claimed one does not cover the dtypes."""
    every = [*expressions(program), *(e for _, e in summary.post)]
    dtypes = {node.dtype for e in every for node in walk(e)} | {p.dtype for p in program.params}
    floats = sorted(d for d in dtypes if DTYPES[d].is_float)
    claimed = summary.number_model
    if floats:
        if claimed.endswith("-exact"):
            return Model(claimed, True)
        if claimed != "real":
            raise Unsupported(f"number model {claimed!r} does not cover {', '.join(floats)}; use real or f32-exact")
        return Model("real", False)
    widths = machine_arithmetic(every)
    if not widths:
        return Model("int", False)
    return Model(max(widths, key=lambda d: (DTYPES[d].bits or 0, d)), False)


def machine_arithmetic(every: Iterable[Expr]) -> set[str]:
    """Machine integer dtypes in which something is computed; sizes, indices and counts are not."""
    found = set()
    for e in every:
        for node in walk(e):
            computes = node.op in ARITHMETIC | BITWISE or node.op in ("neg", "abs", "not", "reduce", "scan")
            wraps = node.op == "cast" and node.attrs[1] == "wrap" and node.dtype != INDEX
            facts = DTYPES[node.dtype]
            if (computes or wraps) and facts.is_integer and facts.bits and (node.dtype != INDEX or holds_data(node)):
                found.add(node.dtype)
    return found


def holds_data(e: Expr) -> bool:
    """Whether the value of an index expression comes from elements, and not from sizes, counters and constants."""
    if e.op in ("get", "call", "fold", "scatter"):
        return True
    if e.op == "cast":
        return e.args[0].dtype != INDEX
    return any(holds_data(a) for a in (e.args[1:] if e.op == "select" else e.args))


def expressions(program: Program) -> Iterator[Expr]:
    """Every expression of a program."""
    for s in statements(program.body):
        match s:
            case Assign(value=value):
                yield value
            case Store(indices=indices, value=value):
                yield from (*indices, value)
            case Append(value=value):
                yield value
            case New(shape=shape, fill=fill):
                yield from (*shape, *([fill] if fill is not None else []))
            case If(condition=condition) | While(condition=condition) | Assert(condition=condition):
                yield condition
            case For(low=low, high=high):
                yield from (low, high)
    yield from (value for _, value in program.results)
    yield from program.requires
