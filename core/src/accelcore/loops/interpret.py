"""A plain interpreter of programs: the oracle that rewrites are tested against.  Slow, and meant to be obvious.

It is stricter than a machine: reading an element that was never written, or outside its buffer, is an error.  The
iterations of a VECTOR loop run backwards, which a legal one cannot notice but for rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr
from accelcore.loops.arithmetic import Number, apply, convert
from accelcore.loops.nodes import Accumulate, Allocate, For, If, Instruction, Kind, Prefetch, Program, Statement, Store
from accelcore.values import Role

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray[Any, Any]]


def interpret(program: Program, arrays: Arrays, scalars: Mapping[str, Number]) -> None:
    """Run the program on NumPy arrays by argument name; results are written into their arrays.

    scalars: values of sizes and scalar arguments; a scalar result is an array of shape ().  bf16 arrays hold bits as
    uint16.  Raises IrError for reads of undefined elements and indices out of range.
    """
    machine = _Machine()
    for argument in program.arguments:
        if argument.role in (Role.SIZE, Role.SCALAR):
            machine.scalars[argument.name] = convert(scalars[argument.name], argument.dtype)
    for argument in program.arguments:
        if argument.name in arrays:
            shape = tuple(int(machine.value(e)) for e in argument.shape)
            if arrays[argument.name].shape != shape:
                raise IrError(f"{argument.name} has shape {arrays[argument.name].shape}, not {shape}")
            machine.arrays[argument.name] = _Storage(
                argument.dtype, shape, _load(arrays[argument.name], argument.dtype)
            )
    machine.block(program.body)
    for argument in program.arguments:
        if argument.name in arrays and argument.role in (Role.OUT, Role.INOUT):
            _unload(machine.arrays[argument.name], arrays[argument.name])


@dataclass
class _Storage:
    """One buffer: its elements by index; an element that was never written is absent."""

    dtype: str
    shape: tuple[int, ...]
    elements: MutableMapping[tuple[int, ...], Number] = field(default_factory=dict)


def _load(values: np.ndarray[Any, Any], dtype: str) -> dict[tuple[int, ...], Number]:
    import numpy as np

    if dtype == "bf16" and values.dtype == np.uint16:
        values = (values.astype(np.uint32) << 16).view(np.float32)
    kind = bool if dtype == "bool" else float if DTYPES[dtype].is_float else int
    return {at: kind(values[at]) for at in np.ndindex(values.shape)}


def _unload(storage: _Storage, values: np.ndarray[Any, Any]) -> None:
    import numpy as np

    for at, value in storage.elements.items():
        if storage.dtype == "bf16" and values.dtype == np.uint16:
            values[at] = np.float32(value).view(np.uint32) >> 16
        else:
            values[at] = value


class _Machine:
    """State of a run: buffers and scalars by name."""

    def __init__(self) -> None:
        self.arrays: dict[str, _Storage] = {}
        self.scalars: dict[str, Number] = {}

    # Statements.

    def block(self, block: tuple[Statement, ...]) -> None:
        for statement in block:
            self.run(statement)

    def run(self, s: Statement) -> None:
        match s:
            case Store():
                self._write(s.buffer, self._where(s.buffer, s.indices), self.value(s.value))
            case Accumulate():
                where = self._where(s.buffer, s.indices)
                dtype = self.arrays[s.buffer].dtype
                new = apply(s.op, [self._read(s.buffer, where), self.value(s.value)], dtype, dtype)
                self._write(s.buffer, where, new)
            case Allocate():
                shape = tuple(int(self.value(e)) for e in s.buffer.shape)
                self.arrays[s.buffer.name] = _Storage(s.buffer.dtype, shape)
            case If():
                self.block(s.then if self.value(s.condition) else s.otherwise)
            case For():
                self._loop(s)
            case Prefetch():
                pass
            case Instruction():
                raise IrError(f"instruction {s.name} has no meaning here")

    def _loop(self, loop: For) -> None:
        rounds = range(max(int(self.value(loop.extent)), 0))
        for i in reversed(rounds) if loop.kind is Kind.VECTOR else rounds:
            self.scalars[loop.iterator] = i
            self.block(loop.body)
        self.scalars.pop(loop.iterator, None)

    def _where(self, name: str, indices: tuple[Expr, ...]) -> tuple[int, ...]:
        return self._inside(name, tuple(int(self.value(i)) for i in indices))

    def _inside(self, name: str, where: tuple[int, ...]) -> tuple[int, ...]:
        shape = self.arrays[name].shape
        if len(where) != len(shape) or any(not 0 <= i < n for i, n in zip(where, shape, strict=True)):
            raise IrError(f"index {where} is outside {name} of shape {shape}")
        return where

    def _read(self, name: str, where: tuple[int, ...]) -> Number:
        storage = self.arrays[name]
        if where not in storage.elements:
            raise IrError(f"{name}{list(where)} is read before it is written")
        return storage.elements[where]

    def _write(self, name: str, where: tuple[int, ...], value: Number) -> None:
        storage = self.arrays[name]
        storage.elements[where] = convert(value, storage.dtype)

    # Expressions.

    def value(self, e: Expr) -> Number:
        """The value of a scalar expression now; what is not chosen is not evaluated."""
        return self._value(e, {})

    def _value(self, e: Expr, memo: dict[Expr, Number]) -> Number:
        if e not in memo:
            memo[e] = self._compute(e, memo)
        return memo[e]

    def _compute(self, e: Expr, memo: dict[Expr, Number]) -> Number:
        match e.op:
            case "const":
                return e.value
            case "size" | "param":
                return self._read(e.name, ()) if e.name in self.arrays else self.scalars[e.name]
            case "get":
                where = tuple(int(self._value(i, memo)) for i in e.args[1:])
                return self._read(e.args[0].name, self._inside(e.args[0].name, where))
            case "select":
                return self._value(e.args[1] if self._value(e.args[0], memo) else e.args[2], memo)
            case "land":
                return bool(self._value(e.args[0], memo) and self._value(e.args[1], memo))
            case "lor":
                return bool(self._value(e.args[0], memo) or self._value(e.args[1], memo))
            case "cast":
                return convert(self._value(e.args[0], memo), e.dtype, str(e.attrs[0]), str(e.attrs[1]))
        values = [self._value(a, memo) for a in e.args]
        operation = e.name if e.op == "call" else e.op
        return apply(operation, values, e.args[0].dtype, e.dtype)
