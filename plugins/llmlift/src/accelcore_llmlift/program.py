"""The imperative program that every front end produces and that the lifter, the verifier and the interpreter read.

Expressions are those of the tensor language (`accelcore.ir`), read at this point of the program:

* `param(name, dtype)`: the current value of a scalar variable or loop counter; `size(name)`: an extent of an argument
  (`len(x)`, `x.shape[1]`, or a parameter that only serves as an extent);
* `array(name, dtype, rank)` and `get(array, i, ...)`: the current value of an array variable, whole or by element;
* `extent(array, axis)`: the current extent of a local array whose length changes (`len(out)` of a growing list);
* right-hand sides may be tensor-valued (slices, comprehensions, whole-array code): comps, reductions and scans over
  current values.

Operators say what the source language means: Python numbers are "int" and "real" (storage dtypes enter by a cast of
the element that is read), C arithmetic is typed after its promotions, tdiv/trem and fdiv/fmod are distinct.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr
from accelcore.values import Param


@dataclass(frozen=True)
class Position:
    """Where in the source text, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Assign:
    """A scalar variable (or a whole array variable, when value is a tensor) takes a value."""

    name: str
    value: Expr
    at: Position


@dataclass(frozen=True)
class Store:
    """array[indices] = value.  Fewer indices than axes store a sub-tensor (value is then tensor-valued)."""

    array: str
    indices: tuple[Expr, ...]
    value: Expr
    at: Position


@dataclass(frozen=True)
class Append:
    """array.append(value) / push_back: the first axis grows by one; value has one axis less than the array."""

    array: str
    value: Expr
    at: Position


@dataclass(frozen=True)
class New:
    """A new local array: `shape` extents filled with `fill`; extent 0 for an empty list; fill None is undefined."""

    name: str
    dtype: str
    shape: tuple[Expr, ...]
    fill: Expr | None
    at: Position


@dataclass(frozen=True)
class If:
    """Two branches."""

    condition: Expr
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]
    at: Position


@dataclass(frozen=True)
class For:
    """for counter in range(low, high, step): bounds are evaluated once, step is a non-zero constant.

    label is unique ("loop1", ...) and names the loop in invariants and messages.
    """

    counter: str
    low: Expr
    high: Expr
    step: int
    body: tuple[Statement, ...]
    label: str
    at: Position


@dataclass(frozen=True)
class While:
    """A loop that the front end could not turn into a For; carries on while the condition holds."""

    condition: Expr
    body: tuple[Statement, ...]
    label: str
    at: Position


@dataclass(frozen=True)
class Assert:
    """A condition that the source states (assert, or an early return on bad arguments): becomes a precondition."""

    condition: Expr
    at: Position


Statement = Assign | Store | Append | New | If | For | While | Assert


@dataclass(frozen=True)
class Program:
    """One function: parameters and results as in `Task.params`, a structured body, results by (name, value) at exit.

    results: the value of each result at the end, over current values: a local variable, or an array parameter.
    """

    name: str
    params: tuple[Param, ...]
    requires: tuple[Expr, ...]
    body: tuple[Statement, ...]
    results: tuple[tuple[str, Expr], ...]
    language: str
    path: str | None = None


def extent(array: Expr, axis: int = 0) -> Expr:
    """The current extent of an array variable: a `length` node over it, which a reader resolves by its state."""
    return Expr("length", (array,), (axis,), INDEX)


def statements(block: tuple[Statement, ...]) -> Iterator[Statement]:
    """Every statement, outer ones first, in program order."""
    for statement in block:
        yield statement
        if isinstance(statement, For | While):
            yield from statements(statement.body)
        elif isinstance(statement, If):
            yield from statements(statement.then)
            yield from statements(statement.otherwise)


def assigned(block: tuple[Statement, ...]) -> tuple[str, ...]:
    """Names of the variables that a block changes, loop counters too, in order of first change."""
    names: dict[str, None] = {}
    for statement in statements(block):
        match statement:
            case Assign(name=name) | New(name=name):
                names[name] = None
            case Store(array=name) | Append(array=name):
                names[name] = None
            case For(counter=name):
                names[name] = None
    return tuple(names)
