"""Asking verifiers, strongest first, and keeping the strongest answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import is_dataclass, replace

from accelcore.budget import Meter
from accelcore.errors import BudgetSpent
from accelcore.journal import Journal
from accelcore.protocols import Verifier
from accelcore.session.shop import task_digest
from accelcore.values import Proof, Summary, Task, Verdict, digest_of

RANK = {
    Proof.PROVED: 0,
    Proof.BOUNDED: 1,
    Proof.TESTED: 2,
    Proof.UNKNOWN: 3,
    Proof.UNSUPPORTED: 4,
    Proof.REFUTED: 5,
}
"""How good a summary is to go on with; a refuted one is none."""

_STRONGEST = {"proved": 0, "bounded": 1, "tested": 2}

_SHARE = 0.8
"""Of the time that is left: a verifier leaves the rest to those after it, which are weaker and quicker."""


class Court:
    """All verdicts of a run.

    Invariant: `verdict` is about `summary`, and no other answer of this run ranks above it.  Asking ends with the first
    answer that nothing can improve: a proof, a refutation, or the strongest that any verifier left can give.  An answer
    that was given stays also where the budget ends before the next one.
    """

    def __init__(self, journal: Journal, meter: Meter, verifiers: Sequence[Verifier], seconds: float) -> None:
        self._journal, self._meter, self._seconds = journal, meter, seconds
        self._verifiers = sorted(verifiers, key=lambda v: _STRONGEST.get(v.strongest, 3))
        self.verdict: Verdict | None = None
        self.summary: Summary | None = None

    def try_(self, task: Task, summary: Summary) -> Verdict:
        """The strongest answer about one summary; UNKNOWN where no verifier is usable.  Raises BudgetSpent."""
        found: Verdict | None = None
        reasons: list[str] = []
        for verifier in self._verifiers:
            if found is not None and RANK[found.proof] <= _STRONGEST.get(verifier.strongest, 3):
                break
            try:
                answer = self._ask(verifier, task, summary)
            except BudgetSpent:
                if found is not None:
                    self._keep(summary, found)
                raise
            if answer.reason:
                reasons.append(f"{verifier.name}: {answer.reason}")
            if found is None or RANK[answer.proof] < RANK[found.proof] or answer.proof is Proof.REFUTED:
                found = answer
            if answer.proof is Proof.REFUTED:
                break
        if found is None:
            found = Verdict(Proof.UNKNOWN, "none", reason="no verifier is usable here (accelcore doctor says why)")
        elif not found.reason and found.proof is not Proof.PROVED:
            found = replace(found, reason="; ".join(reasons))
        self._keep(summary, found)
        return found

    def _ask(self, verifier: Verifier, task: Task, summary: Summary) -> Verdict:
        from accelcore import codec

        key = digest_of(task_digest(task), codec.canonical(summary), verifier.name, _options(verifier))
        known = self._journal.verdict(key)
        if known is not None:
            return known
        if lacking := list(verifier.missing()):
            return Verdict(Proof.UNKNOWN, verifier.name, reason=f"not usable here: {lacking[0]}")
        self._meter.live()
        left = self._meter.remaining_seconds
        started = time.monotonic()
        if left is not None and verifier is not self._verifiers[-1]:
            left *= _SHARE
        verdict = verifier.check(task, summary, timeout=self._seconds if left is None else min(self._seconds, left))
        if not verdict.seconds:
            verdict = replace(verdict, seconds=time.monotonic() - started)
        self._journal.put_verdict(key, summary, verdict)
        return verdict

    def _keep(self, summary: Summary, verdict: Verdict) -> None:
        if self.verdict is None or RANK[verdict.proof] < RANK[self.verdict.proof]:
            self.verdict, self.summary = verdict, summary


def _options(verifier: Verifier) -> str:
    """A dataclass prints its options; anything else would print its address."""
    return repr(verifier) if is_dataclass(verifier) else ""
