"""How a task's parameters become the arguments of a Python kernel, and its results arrays again.

Arguments come in the order of the C interface: arrays are HBM tensors, scalars tensors of one element (the child sees
no values), sizes Python numbers.  A size that is an extent of an array by itself is no further argument.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelcore.errors import RunFailure, UnsupportedLowering
from accelcore.values import Param, Role, Task, size_names
from accelcore_nki.kernels import Shape

if TYPE_CHECKING:
    from accelcore.ir.expr import Expr

STORED = {
    "f32": "float32", "bf16": "bfloat16", "f16": "float16", "i8": "int8", "i16": "int16", "i32": "int32",
    "u8": "uint8", "u16": "uint16", "u32": "uint32", "bool": "uint8",
}  # fmt: skip
"""The chip's type for a storage dtype of the language; there are no 64-bit types."""


def stored(param: Param) -> str:
    """The chip's type of a parameter; UnsupportedLowering for those that it lacks."""
    if param.dtype not in STORED:
        hint = "annotate it as f32, bf16, f16 or an integer of at most 32 bits"
        raise UnsupportedLowering(f"{param.name} is {param.dtype}, a type that the chip does not have", hint=hint)
    return STORED[param.dtype]


def further_sizes(task: Task) -> tuple[str, ...]:
    """Sizes that are arguments of their own at the end: no parameter has them, and no input's shape shows them."""
    given = [p for p in task.params if p.role is not Role.OUT]
    shown = {e.name for p in given for e in p.shape if e.op == "size"} | {p.name for p in given}
    return tuple(name for name in size_names(task) if name not in shown)


@dataclass(frozen=True)
class Call:
    """One call at given sizes.  arguments: a Shape or a number each, by name, in order."""

    arguments: tuple[tuple[str, Shape | int], ...]
    results: tuple[tuple[str, Shape], ...]

    @property
    def tensors(self) -> tuple[Shape, ...]:
        """The arguments that are tensors."""
        return tuple(a for _, a in self.arguments if isinstance(a, Shape))


_OPERATIONS: dict[str, Callable[..., int]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "fdiv": operator.floordiv, "fmod": operator.mod,
    "min": min, "max": max, "neg": operator.neg,
}  # fmt: skip


def extent(e: Expr, sizes: Mapping[str, int]) -> int:
    """An extent as a number."""
    if e.op == "const":
        return int(e.value)
    if e.op == "size":
        return int(sizes[e.name])
    return _OPERATIONS[e.op](*(extent(a, sizes) for a in e.args))


def call_of(task: Task, sizes: Mapping[str, int]) -> Call:
    """The call at these sizes; RunFailure (unsupported) for arrays without elements."""
    shapes = {p.name: tuple(extent(e, sizes) for e in p.shape) for p in task.params}
    arguments: list[tuple[str, Shape | int]] = []
    for param in task.params:
        if param.role is Role.SIZE:
            arguments.append((param.name, int(sizes[param.name])))
        elif param.role is not Role.OUT:
            arguments.append((param.name, Shape(shapes[param.name] or (1, 1), stored(param))))
    arguments += [(name, int(sizes[name])) for name in further_sizes(task)]
    results = tuple((p.name, Shape(shapes[p.name], stored(p))) for p in task.results)
    for name, value in (*arguments, *results):
        if isinstance(value, Shape) and 0 in value.shape:
            raise RunFailure(f"{name} has no elements: NKI has no empty tensors", status="unsupported")
    return Call(tuple(arguments), results)
