"""The z3 verifier: proofs for all sizes and all values of the number model.

It reads the source again itself, so a summary is proved of the text that the user wrote and not of what some proposer
made of it.  A counterexample is reported only after the interpreter has computed both sides on it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from accelcore.errors import AccelcoreError
from accelcore.ir.expr import Expr
from accelcore.values import Counterexample, Summary, Task, Verdict
from accelcore.values import Proof as Answer
from accelcore_llmlift.program import Program
from accelcore_llmlift.verify import certificate
from accelcore_llmlift.verify.arithmetic import Unsupported
from accelcore_llmlift.verify.claims import candidates
from accelcore_llmlift.verify.execute import Claims
from accelcore_llmlift.verify.models import Model, model_for
from accelcore_llmlift.verify.programs import admit, program_for, source_of
from accelcore_llmlift.verify.prover import Proof, Prover
from accelcore_llmlift.verify.refute import counterexample
from accelcore_llmlift.verify.solver import z3_missing


@dataclass(frozen=True)
class Z3Verifier:
    """PROVED unbounded, REFUTED with a replayed input, or UNKNOWN with the obligation that failed."""

    name: ClassVar[str] = "z3"
    about: ClassVar[str] = "proofs for all sizes by loop states and z3, with certificates"
    strongest: ClassVar[str] = "proved"

    def missing(self) -> Sequence[str]:
        """The z3 wheel."""
        return z3_missing()

    def check(self, task: Task, summary: Summary, *, timeout: float) -> Verdict:
        """Prove, refute, or say why neither."""
        start = time.monotonic()
        try:
            program = program_for(task)
            admit(program, summary)
            model = model_for(program, summary)
            verdict = _Check(task, program, summary, model, start + timeout).run()
        except Unsupported as reason:
            verdict = Verdict(Answer.UNSUPPORTED, self.name, reason=str(reason))
        except AccelcoreError as error:
            verdict = Verdict(Answer.UNSUPPORTED, self.name, reason=error.what)
        return _timed(verdict, time.monotonic() - start)

    def recheck(self, certificate_text: str, *, timeout: float = 60.0) -> Verdict:
        """The verdict that a certificate deserves, derived again from the source inside it."""
        return certificate.recheck(certificate_text, timeout=timeout)


@dataclass(frozen=True)
class _Check:
    """One question."""

    task: Task
    program: Program
    summary: Summary
    model: Model
    deadline: float

    def run(self) -> Verdict:
        """A cheap search for a counterexample, the proof, and then a thorough search."""
        found = self._search(thorough=False)
        if found is not None:
            return self._refuted(found)
        reason = "no claimed loop states to prove it by"
        for claims in candidates(self.program, self.summary):
            try:
                proof = Prover(self.deadline).prove(self.program, self.summary, claims, self.model, self._given)
            except Unsupported as refused:
                reason = str(refused)
                continue
            if proof.complete:
                return self._proved(proof, claims)
            reason = proof.failed
        found = self._search(thorough=True)
        if found is not None:
            return self._refuted(found)
        return Verdict(Answer.UNKNOWN, "z3", self.model.label, reason=reason)

    def _search(self, *, thorough: bool) -> Counterexample | None:
        return counterexample(
            self.program, self.summary, self._given,
            thorough=thorough, deadline=self.deadline, source=source_of(self.task),
        )  # fmt: skip

    @property
    def _given(self) -> tuple[Expr, ...]:
        """Preconditions of the task that the source does not state itself."""
        return tuple(e for e in self.task.requires if e not in self.program.requires)

    def _proved(self, proof: Proof, claims: Claims) -> Verdict:
        text = certificate.write(
            source_of(self.task), self.summary, claims, self.program.requires, self._given, proof.requires,
            self.model.label, proof.steps,
        )  # fmt: skip
        return Verdict(
            Answer.PROVED, "z3", self.model.label, (*self.program.requires, *self._given, *proof.requires),
            obligations=tuple((s.label, s.answer.refutation, 1000 * s.answer.seconds) for s in proof.steps),
            certificate=text,
        )  # fmt: skip

    def _refuted(self, found: Counterexample) -> Verdict:
        return Verdict(
            Answer.REFUTED, "z3", self.model.label, counterexample=found, reason="differs on a replayed input"
        )


def _timed(verdict: Verdict, seconds: float) -> Verdict:
    from dataclasses import replace

    return replace(verdict, seconds=seconds)
