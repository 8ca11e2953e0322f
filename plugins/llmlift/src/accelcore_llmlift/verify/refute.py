"""Counterexamples: inputs on which the interpreted source and the evaluated summary differ.

Whatever proposes an input (chance or a solver's model), it counts only after the source was interpreted and the
summary evaluated on it and the two differ by more than rounding can explain.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from accelcore.errors import AccelcoreError, IrError
from accelcore.ir.expr import Expr
from accelcore.values import Counterexample, Role, Source, Summary
from accelcore_llmlift.program import Program
from accelcore_llmlift.verify.inputs import Input, draws, size_names
from accelcore_llmlift.verify.script import script_for
from accelcore_llmlift.verify.symbolic import solved

_CHEAP, _THOROUGH = 6, 160
_FACTOR = 8.0
"""Multiple of the evaluator's forward-error bound that still counts as rounding."""


def counterexample(
    program: Program,
    summary: Summary,
    given: Sequence[Expr],
    *,
    thorough: bool,
    deadline: float,
    source: Source | None = None,
    seed: int = 0,
) -> Counterexample | None:
    """An input that shows the difference, or None when none was found."""
    requires = (*program.requires, *given)
    chance = draws(program, summary, requires, _THOROUGH if thorough else _CHEAP, seed + thorough)
    ideas: Iterator[Input] = chance
    if thorough:
        ideas = itertools.chain(chance, solved(program, summary, given, deadline))
    for one in ideas:
        found = replay(program, summary, one, source)
        if found is not None:
            return found
        if time.monotonic() > deadline:
            return None
    return None


def replay(program: Program, summary: Summary, one: Input, source: Source | None = None) -> Counterexample | None:
    """The difference on one input; None when there is none, or when the source has no result on it."""
    got = interpreted(program, one)
    if got is None:
        return None
    want, reason = evaluated(summary, one)
    for name, value in got.items():
        if want is None:
            if reason:
                return _made(program, one, value, f"no value: {reason}", name, source)
            return None
        if not agrees(value, want[name]):
            return _made(program, one, value, _plain(want[name].value), name, source)
    return None


def interpreted(program: Program, one: Input) -> Mapping[str, Any] | None:
    """Results of the program by its own semantics; None when it fails on this input or leaves the finite numbers."""
    import numpy as np

    from accelcore_llmlift.interpret import interpret

    named = {p.name for p in program.params}
    inputs = {**{n: v for n, v in one.sizes.items() if n in named}, **one.values}
    try:
        results = interpret(program, inputs, sizes=one.sizes)
    except (AccelcoreError, ArithmeticError, LookupError, ValueError, TypeError):
        return None  # an index out of range, a division by zero, exp of a large number: no result to compare
    for value in results.values():
        array = np.asarray(value)
        if array.dtype == object:
            continue
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return None
    return dict(results)


def evaluated(summary: Summary, one: Input) -> tuple[Mapping[str, Any] | None, str]:
    """Bounded results of the summary; (None, reason) where it has no value, (None, "") where it cannot be evaluated."""
    from accelcore.ir.evaluate import evaluate_summary

    try:
        return evaluate_summary(summary, one.values, one.sizes, with_bound=True, factor=_FACTOR), ""
    except IrError as error:
        return None, error.what if "does not exist" in error.what else ""
    except (AccelcoreError, ArithmeticError, ValueError):
        return None, ""


def agrees(got: Any, want: Any) -> bool:
    """Whether a result lies within what the summary gives, allowing for rounding."""
    import numpy as np

    value = _array(got)
    if value.shape != want.value.shape:
        return bool(value.size == 0 and want.value.size == 0)
    return bool(np.all(want.covers(value)))


def _array(value: Any) -> Any:
    """An array of the value; integers stay exact where NumPy would make floats of a mixture of long ones."""
    import numpy as np

    found = np.asarray(value)
    whole = np.asarray(value, object)
    mixed = found.dtype.kind == "f" and all(isinstance(v, int) for v in whole.ravel())
    return whole if mixed else found


def _plain(value: Any) -> Any:
    return _array(value).tolist()


def _made(program: Program, one: Input, got: Any, want: Any, name: str, source: Source | None) -> Counterexample:
    inputs = {p.name: one.values[p.name] if p.name in one.values else one.sizes[p.name] for p in program.params
              if p.role is not Role.OUT and (p.name in one.values or p.name in one.sizes)}  # fmt: skip
    named = tuple(inputs.items())
    extra = tuple((n, one.sizes[n]) for n in size_names(program) if n not in inputs)
    script = script_for(source, program, dict(named), {**one.sizes}, name, want) if source is not None else ""
    return Counterexample((*named, *extra), _plain(got), want, script)
