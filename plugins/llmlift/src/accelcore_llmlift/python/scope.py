"""What the translation of one function knows: variables, their types and storage, aliases, sizes and loops around."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, array, binary, cast, comp, const, get, index, param, select, shape
from accelcore_llmlift.polynomial import Facts, index_of
from accelcore_llmlift.program import Statement, extent
from accelcore_llmlift.python.infer import Inference
from accelcore_llmlift.python.module import Module
from accelcore_llmlift.python.types import Level

DTYPE_OF = {Level.BOOL: "bool", Level.INDEX: INDEX, Level.INT: "int", Level.REAL: "real", Level.NONE: "real"}
LEVEL_OF = {"bool": Level.BOOL, INDEX: Level.INDEX, "int": Level.INT, "real": Level.REAL}


@dataclass(frozen=True)
class Access:
    """An element of a parameter is touched at these indices, under these facts.

    guarded: under a condition of the source, so that the bounds hold only where it holds.
    """

    array: str
    indices: tuple[Expr, ...]
    facts: Facts
    guarded: bool
    node: ast.AST


@dataclass
class Scope:
    """Mutable state of one translation.

    storage: dtype of every array variable.  extents: known extents of arrays, by name, None for a growing list.
    constants: names bound once to an expression over sizes.  views: names that stand for (part of) another array.
    out: the statements of the block being translated.
    """

    module: Module
    types: Inference
    function: ast.FunctionDef
    params: set[str] = field(default_factory=set)
    storage: dict[str, str] = field(default_factory=dict)
    extents: dict[str, tuple[Expr, ...] | None] = field(default_factory=dict)
    constants: dict[str, Expr] = field(default_factory=dict)
    views: dict[str, Expr] = field(default_factory=dict)
    scalars: dict[str, Expr] = field(default_factory=dict)
    bound: dict[str, Expr] = field(default_factory=dict)
    counters: dict[str, Expr] = field(default_factory=dict)
    observed: set[tuple[str, int]] = field(default_factory=set)
    accesses: list[Access] = field(default_factory=list)
    requires: dict[Expr, None] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    guards: int = 0
    out: list[Statement] = field(default_factory=list)
    loops: int = 0
    temporaries: int = 0
    escapes: dict[int, str] = field(default_factory=dict)
    in_place: set[int] = field(default_factory=set)
    entries: dict[str, Expr] = field(default_factory=dict)
    undefined: set[str] = field(default_factory=set)
    dimensions: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def require(self, condition: Expr) -> None:
        """Add a precondition over sizes and scalars, and know it from here on."""
        if condition.op == "land":
            for part in condition.args:
                self.require(part)
            return
        if condition.op == "const" and condition.value is True:
            return
        self.requires[condition] = None
        self.facts = self.facts.assuming([condition])

    def temporary(self, stem: str) -> str:
        """A new variable name."""
        self.temporaries += 1
        return f"{stem}_{self.temporaries}" if f"{stem}_{self.temporaries}" not in self.types.variables else (
            self.temporary(stem)
        )

    def counter_name(self, name: str) -> str:
        """A name for a loop counter that no enclosing loop and no variable has."""
        taken = set(self.scalars) | {v.name for v in self.counters.values() if v.op == "param"} | self.params
        taken |= self.dimensions
        if name and name not in taken:
            return name
        stem, number = name or "k", 1
        while f"{stem}{number}" in taken or f"{stem}{number}" in self.types.variables or f"{stem}{number}" in self.used:
            number += 1
        self.used.add(f"{stem}{number}")
        return f"{stem}{number}"

    def label(self) -> str:
        """A new loop label."""
        self.loops += 1
        return f"loop{self.loops}"

    def array(self, name: str) -> Expr:
        """The current value of an array variable."""
        return array(name, self.storage[name], self.types.variables[name].rank)

    def extents_of(self, tensor: Expr) -> tuple[Expr, ...]:
        """Extents of a tensor-valued expression over current values."""
        if tensor.op == "input":
            known = self.extents.get(tensor.name)
            if known is not None:
                return known
            return tuple(extent(tensor, axis) for axis in range(tensor.rank))
        if tensor.op == "get":
            return self.extents_of(tensor.args[0])[len(tensor.args) - 1 :]
        if tensor.op == "comp" and tensor.rank > 1:
            return (tensor.args[0], *self.extents_of(tensor.args[1]))
        return shape(tensor)


def natural(e: Expr) -> Expr:
    """An element or argument in storage, as the Python number it is: an exact "int" or "real"."""
    if e.rank or e.dtype in ("int", "real", "bool") or (e.dtype == INDEX and e.op not in ("get", "param")):
        return e
    return cast(e, "real" if DTYPES[e.dtype].is_float else "int")


def converted(e: Expr, dtype: str) -> Expr:
    """A Python number (or a tensor of them) in another of the dtypes bool < index < int < real."""
    if e.dtype == dtype:
        return e
    if e.rank:
        elementwise = e.op == "comp" or e.dtype == "bool"
        return comp(shape(e)[0], lambda i: converted(get(e, i), dtype)) if elementwise else cast(e, dtype)
    if e.dtype == "bool":
        return select(e, const(1, dtype), const(0, dtype))
    if e.op == "const":
        return const(e.value, dtype)
    if dtype == INDEX:
        return index_of(e)
    return cast(e, dtype)


def stored(e: Expr, dtype: str) -> Expr:
    """The value that an element of storage `dtype` takes: a rounding, or an obligation that an integer fits."""
    if dtype in ("int", "real", "bool", INDEX):
        return converted(e, dtype) if dtype != "bool" or e.dtype == "bool" else _truth(e)
    if DTYPES[dtype].is_float:
        return cast(converted(e, "real"), dtype, "nearest", "wrap")
    whole = e if e.dtype == "int" else converted(e, "int") if e.dtype != "real" else e
    return cast(whole, dtype, "trunc", "exact")


def _truth(e: Expr) -> Expr:
    return binary("ne", e, const(0, e.dtype))


def scalar(name: str, level: Level) -> Expr:
    """The current value of a scalar variable."""
    return param(name, DTYPE_OF[level])


def zero() -> Expr:
    """The index 0."""
    return index(0)
