"""An interpreter of programs on nested lists, arrays and numbers: what the source computes, by its own semantics.

Integers are Python's, reals are Python floats (or Fractions, when the inputs are and no transcendental function is
called); a store into typed storage rounds as the storage does.  Inputs are copied, never changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accelcore.errors import UsageError
from accelcore.ir.expr import Expr
from accelcore.values import Param, Role
from accelcore_llmlift.evaluation import Evaluation, EvaluationError
from accelcore_llmlift.program import (
    Append,
    Assert,
    Assign,
    For,
    If,
    New,
    Program,
    Statement,
    Store,
    While,
)

STEPS = 50_000_000
"""Statements after which a run is given up: only a while loop that never ends gets there."""


class ProgramError(UsageError):
    """The program fails on this input: an index out of range, a division by zero, an assertion."""

    exit_code = 1


def interpret(program: Program, inputs: Mapping[str, Any], *, sizes: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Results by name, as nested lists and numbers.

    inputs: a nested list, array or number for every parameter that is not OUT; sizes that are neither parameters nor
    visible in the shapes of inputs come in `sizes`.  Raises ProgramError where the source would raise, UsageError
    when inputs are missing or of the wrong shape.
    """
    frame = _Frame(program)
    frame.bind(inputs, dict(sizes or {}))
    frame.block(program.body)
    results = {}
    for name, value in program.results:
        results[name] = frame.value(value)
    return results


def integer(e: Expr, sizes: Mapping[str, int]) -> int:
    """The value of an integer expression over sizes."""
    value = Evaluation({}, dict(sizes)).value(e)
    assert isinstance(value, int)
    return value


def plain(value: Any) -> Any:
    """Nested lists and Python numbers from whatever holds them; always a copy."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(v) for v in value]
    return value


@dataclass
class _Frame:
    program: Program
    variables: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    steps: int = 0

    def bind(self, inputs: Mapping[str, Any], sizes: dict[str, int]) -> None:
        """Parameters and sizes."""
        self.sizes = sizes
        for p in self.program.params:
            if p.role is Role.SIZE and p.name in inputs:
                self.sizes[p.name] = int(inputs[p.name])
        for p in self.program.params:
            if p.role in (Role.OUT, Role.SIZE):
                continue
            if p.name not in inputs:
                raise UsageError(f"no input for {p.name!r}", where=self.program.name, hint="give every parameter")
            self.variables[p.name] = _typed(plain(inputs[p.name]), p)
            if p.shape:
                self._measure(p, self.variables[p.name])
        self._outputs(inputs)

    def _measure(self, p: Param, value: Any) -> None:
        """Sizes from the extents of an array; an extent that contradicts a known size is refused."""
        for axis, extent in enumerate(p.shape):
            if not isinstance(value, list):
                raise UsageError(f"{p.name!r} has {axis} axes, not {len(p.shape)}", where=self.program.name)
            if extent.op == "size":
                known = self.sizes.setdefault(extent.name, len(value))
                if known > len(value):
                    raise UsageError(
                        f"axis {axis} of {p.name!r} has {len(value)} elements, {extent.name} is {known}",
                        where=self.program.name, hint="give arrays of matching extents",
                    )  # fmt: skip
            if not value:
                break
            value = value[0]

    def _outputs(self, inputs: Mapping[str, Any]) -> None:
        """Storage for results that are parameters of the source."""
        returned = {name for name, e in self.program.results if not (e.op == "input" and e.name == name)}
        for p in self.program.params:
            if p.role is Role.OUT and p.shape and p.name not in returned:
                given = inputs.get(p.name)
                shape = [integer(e, self.sizes) for e in p.shape]
                self.variables[p.name] = _filled(shape, 0) if given is None else plain(given)

    def value(self, e: Expr) -> Any:
        """An expression over the current values."""
        try:
            return Evaluation(self.variables, self.sizes).value(e)
        except EvaluationError as error:
            raise ProgramError(str(error), where=self.program.name, hint="see the preconditions") from None

    def block(self, body: tuple[Statement, ...]) -> None:
        for s in body:
            self.steps += 1
            if self.steps > STEPS:
                raise ProgramError("the program does not end", where=self.program.name)
            self.statement(s)

    def statement(self, s: Statement) -> None:
        match s:
            case Assign():
                self.variables[s.name] = self.value(s.value)
            case Store():
                self.store(s)
            case Append():
                self.variables[s.array].append(self.value(s.value))
            case New():
                fill = 0 if s.fill is None else self.value(s.fill)
                self.variables[s.name] = _filled([self.value(e) for e in s.shape], fill)
            case If():
                self.block(s.then if self.value(s.condition) else s.otherwise)
            case For():
                for counter in range(self.value(s.low), self.value(s.high), s.step):
                    self.variables[s.counter] = counter
                    self.block(s.body)
            case While():
                while self.value(s.condition):
                    self.steps += 1
                    self.block(s.body)
            case Assert():
                if not self.value(s.condition):
                    raise ProgramError("an assertion fails", where=f"{self.program.name}:{s.at.line}")

    def store(self, s: Store) -> None:
        target = self.variables[s.array]
        value = self.value(s.value)
        indices = [self.value(i) for i in s.indices]
        for i in indices[:-1]:
            target = target[self.inside(i, target, s)]
        target[self.inside(indices[-1], target, s)] = value

    def inside(self, i: int, target: list[Any], s: Store) -> int:
        if not 0 <= i < len(target):
            where = f"{self.program.name}:{s.at.line}"
            raise ProgramError(f"index {i} is outside {s.array!r} of {len(target)} elements", where=where)
        return i


def _filled(shape: Sequence[int], fill: Any) -> Any:
    if not shape:
        return fill
    return [_filled(shape[1:], fill) for _ in range(max(0, shape[0]))]


def _typed(value: Any, p: Param) -> Any:
    """Numbers of the kind that the storage holds: an integer given for a float is one."""
    if isinstance(value, list):
        return [_typed(v, p) for v in value]
    if p.dtype.startswith(("f", "b")) and p.dtype != "bool" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
