"""A proved summary's NumPy against the source: both on inputs that the proof never saw."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np

from accelcore.errors import AccelcoreError
from accelcore.ir.dtypes import DTYPES
from accelcore.pipeline.emitting import emit
from accelcore.values import Role, Summary, Task
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.interpret import interpret
from accelcore_llmlift.verify.inputs import Input, draws

INPUTS, SEED = 8, 20_000
TOLERANCE = 1e-4
"""Of single precision after sums of a few terms; integers must be equal."""


def compared(task: Task, summary: Summary) -> str:
    """ "8/8" inputs on which the emitted NumPy gives what the source gives, or why it was not run."""
    assert task.source is not None
    program = program_of(task.source)
    try:
        text = emit(replace(task, reference=summary), "numpy")
    except AccelcoreError as error:
        return f"no numpy: {error.what}"
    space: dict[str, Any] = {}
    exec(text, space)  # the project's own emitter wrote it
    function = space[task.name]
    tried = right = 0
    for one in draws(program, summary, task.requires, 6 * INPUTS, SEED):
        want = _interpreted(program, one)
        if want is None:
            continue
        tried += 1
        right += _equal(task, _run(function, task, one), want)
        if tried == INPUTS:
            break
    return f"{right}/{tried}"


def _interpreted(program: Any, one: Input) -> dict[str, Any] | None:
    named = {p.name for p in program.params}
    given = {**{n: v for n, v in one.sizes.items() if n in named}, **one.values}
    try:
        return interpret(program, given, sizes=one.sizes)
    except (AccelcoreError, ArithmeticError, LookupError, ValueError, TypeError):
        return None  # the source has no result on it


def _run(function: Any, task: Task, one: Input) -> list[Any]:
    """The results of the emitted function, in the order of the task's results."""
    dtypes = {p.name: DTYPES[p.dtype].c_name for p in task.params}
    given = []
    for name in inspect.signature(function).parameters:
        if name in one.values:
            shape = task.param(name).shape
            array = np.asarray(one.values[name], _numpy(dtypes[name]))
            given.append(array.reshape([max(0, int(n)) for n in _extents(shape, one)]) if shape else array[()])
        else:
            given.append(one.sizes[name])
    with np.errstate(all="ignore"):
        found = function(*given)
    return list(found) if isinstance(found, tuple) else [found]


def _extents(shape: Any, one: Input) -> list[Any]:
    from accelcore.ir.evaluate import evaluate

    return [evaluate(e, {}, one.sizes) for e in shape]


def _numpy(c_name: str) -> str:
    return {"float": "float32", "double": "float64"}.get(c_name, c_name.removesuffix("_t"))


def _equal(task: Task, got: list[Any], want: dict[str, Any]) -> bool:
    results = [p for p in task.params if p.role in (Role.OUT, Role.INOUT)]
    for p, value in zip(results, got, strict=True):
        right = np.asarray(want[p.name])
        value = np.asarray(value)
        if value.size != right.size:
            return False
        if not np.allclose(value.ravel(), right.ravel(), TOLERANCE, TOLERANCE, equal_nan=True):
            return False
    return True
