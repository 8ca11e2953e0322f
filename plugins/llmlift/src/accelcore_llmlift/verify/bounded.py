"""The bounded verifier: for every combination of small sizes, equality for all values of the elements.

At given sizes every loop is executed and every reduction written out, so no claimed loop states are needed; what is
proved is exactly that: all inputs with sizes up to the bound, and nothing about larger ones.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from accelcore.errors import AccelcoreError
from accelcore.ir.expr import Expr
from accelcore.values import Proof, Summary, Task, Verdict
from accelcore_llmlift.program import Program
from accelcore_llmlift.verify.arithmetic import Unsupported
from accelcore_llmlift.verify.inputs import size_names
from accelcore_llmlift.verify.models import Model, model_for
from accelcore_llmlift.verify.programs import admit, program_for, source_of
from accelcore_llmlift.verify.refute import counterexample
from accelcore_llmlift.verify.smt import script
from accelcore_llmlift.verify.solver import ask_z3, z3_missing
from accelcore_llmlift.verify.symbolic import at_sizes

_MOST_COMBINATIONS = 81


@dataclass(frozen=True)
class BoundedVerifier:
    """BOUNDED up to a size, REFUTED with a replayed input, or UNKNOWN."""

    name: ClassVar[str] = "bounded"
    about: ClassVar[str] = "proofs for all values at every combination of small sizes"
    strongest: ClassVar[str] = "bounded"

    size: int = field(default=3, metadata={"help": "largest size that is covered"})

    def missing(self) -> Sequence[str]:
        """The z3 wheel."""
        return z3_missing()

    def check(self, task: Task, summary: Summary, *, timeout: float) -> Verdict:
        """Refute, or prove at all sizes up to the bound; the bound in the verdict is what was completed."""
        start = time.monotonic()
        verdict = self._check(task, summary, start + timeout)
        return replace(verdict, seconds=time.monotonic() - start)

    def _check(self, task: Task, summary: Summary, deadline: float) -> Verdict:
        try:
            program = program_for(task)
            admit(program, summary)
            model = model_for(program, summary)
            given = tuple(e for e in task.requires if e not in program.requires)
            found = counterexample(program, summary, given, thorough=True, deadline=deadline, source=source_of(task))
            if found is not None:
                why = "differs on a replayed input"
                return Verdict(Proof.REFUTED, self.name, model.label, counterexample=found, reason=why)
            return self._prove(program, summary, given, model, deadline)
        except Unsupported as reason:
            return Verdict(Proof.UNSUPPORTED, self.name, reason=str(reason))
        except AccelcoreError as error:
            return Verdict(Proof.UNSUPPORTED, self.name, reason=error.what)

    def _prove(
        self, program: Program, summary: Summary, given: Sequence[Expr], model: Model, deadline: float
    ) -> Verdict:
        requires = (*program.requires, *given)
        met = False
        bound, reason = -1, ""
        for size, combinations in _by_largest(size_names(program), self.size):
            for sizes in combinations:
                answer = _at(program, summary, given, sizes, model, deadline)
                met = met or answer == "proved"
                reason = reason if answer in ("proved", "excluded") else f"{answer} at sizes {sizes}"
            if reason:
                break
            bound = size
        if bound < 1 or not met:
            why = reason or "no combination of sizes up to the bound satisfies the preconditions"
            return Verdict(Proof.UNKNOWN, self.name, model.label, reason=why)
        return Verdict(Proof.BOUNDED, self.name, model.label, requires, bound=bound, reason=reason)


def _by_largest(names: Sequence[str], most: int) -> Iterator[tuple[int, list[Mapping[str, int]]]]:
    """All combinations of sizes, grouped by the largest size in them; a program without sizes has one."""
    if not names:
        yield most, [{}]
        return
    for largest in range(most + 1):
        every = itertools.product(range(largest + 1), repeat=len(names))
        group = [dict(zip(names, c, strict=True)) for c in every if max(c) == largest]
        yield largest, list(itertools.islice(group, _MOST_COMBINATIONS))


def _at(
    program: Program, summary: Summary, given: Sequence[Expr], sizes: Mapping[str, int], model: Model, deadline: float
) -> str:
    """ "proved", "excluded" by the preconditions, or why not."""
    run, obligation = at_sizes(program, summary, given, sizes, model.exact)
    for effort in ("lean", "full", "native"):
        left = deadline - time.monotonic()
        if left <= 0:
            return "out of time"
        answer = ask_z3(script(run.bank, obligation.assumptions, obligation.goal, effort), min(3.0, left))
        if answer.proved:
            return "proved"
        if answer.refutation == "unsat" and answer.assumptions == "unsat":
            return "excluded"
    return "no proof"
