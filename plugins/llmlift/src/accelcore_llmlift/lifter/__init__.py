"""The rule-based lifter: symbolic execution of loops into index functions, no search and no model."""

from __future__ import annotations

from functools import lru_cache

from accelcore.errors import UnsupportedSource
from accelcore.values import Summary
from accelcore_llmlift.lifter import finish
from accelcore_llmlift.lifter.algebra import simplify
from accelcore_llmlift.lifter.execute import Executor
from accelcore_llmlift.lifter.invariants import Invariants, Lifted
from accelcore_llmlift.lifter.state import State
from accelcore_llmlift.polynomial import Facts
from accelcore_llmlift.program import Program

__all__ = ["Invariants", "Lifted", "lift_program"]


@lru_cache(maxsize=256)
def lift_program(program: Program) -> Lifted:
    """The summary of a program, and the invariants from which it can be proved.

    Raises UnsupportedSource naming the loop and variable that no rule covers.
    """
    state = State(program, Facts().assuming(program.requires))
    executor = Executor(state)
    executor.block(program.body)
    post = []
    for name, value in program.results:
        found = finish.finished(state.read(value), state.facts)
        if finish.undefined(found):
            raise UnsupportedSource(
                f"some elements of the result {name!r} are never written", where=program.path or "<source>",
                hint="fill the array first, such as with zeros, or write every element",
            )  # fmt: skip
        post.append((name, simplify(found, state.facts)))
    results = tuple(post)
    return Lifted(Summary(results, (), finish.number_model(program, results)), executor.records)
