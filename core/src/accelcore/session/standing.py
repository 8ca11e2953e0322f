"""Which kernel is faster: an order that only compares what may be compared."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock

from accelcore.values import Candidate, Evaluation, Status

TIE = 0.01
"""Measured costs closer than this are a tie (docs: one machine against itself, interleaved: 90 % within 0.5 %)."""


class Standing:
    """Costs of judged kernels relative to the start of the search, which is 1.

    Invariant: a relative cost is a product of ratios, each between two kernels that were measured in the same sitting
    (timed benches), or a quotient of two exact costs of one fingerprint (simulated, modelled).  Absolute times of
    different sittings, and costs of unlike fingerprints or units, are never divided.
    """

    def __init__(self, *, timed: bool) -> None:
        self.timed = timed
        self.tie = TIE if timed else 0.0
        self._relative: dict[str, float] = {}
        self._anchor: Evaluation | None = None
        self._lock = Lock()
        self.incumbent: str | None = None

    def add(self, evaluation: Evaluation, incumbent: str | None) -> None:
        """Take in an evaluation that was raced against `incumbent`."""
        if evaluation.status is not Status.OK or evaluation.cost is None:
            return
        with self._lock:
            if evaluation.kernel in self._relative:
                return
            relative = self._place(evaluation, incumbent)
            if relative is None:
                return
            self._relative[evaluation.kernel] = relative
            if self.incumbent is None or self.better(relative, self._relative[self.incumbent]):
                self.incumbent = evaluation.kernel

    def _place(self, evaluation: Evaluation, incumbent: str | None) -> float | None:
        assert evaluation.cost is not None
        if self._anchor is None or self._anchor.cost is None:
            self._anchor = evaluation
            return 1.0
        if self.timed:
            ratio = evaluation.metric("ratio")
            if ratio is None or incumbent not in self._relative:
                return None
            return ratio * self._relative[incumbent]
        alike = (self._anchor.fingerprint, self._anchor.cost.unit) == (evaluation.fingerprint, evaluation.cost.unit)
        return evaluation.cost.value / self._anchor.cost.value if alike and self._anchor.cost.value else None

    @property
    def anchor(self) -> str | None:
        """The kernel whose relative cost is 1: the start, or the first that was OK."""
        return self._anchor.kernel if self._anchor else None

    def relative(self, digest: str) -> float | None:
        """Cost over the start's; None when the kernel has no cost that may be compared."""
        return self._relative.get(digest)

    def better(self, a: float, b: float) -> bool:
        """Whether relative cost a beats b by more than a tie."""
        return a < b * (1 - self.tie)

    def fastest(self, candidates: Iterable[Candidate], width: int) -> list[Candidate]:
        """The `width` fastest distinct kernels; within a tie the one that came first in the search leads."""
        distinct: dict[str, Candidate] = {}
        for candidate in candidates:
            if candidate.digest in self._relative:
                known = distinct.setdefault(candidate.digest, candidate)
                if _place(candidate) < _place(known):
                    distinct[candidate.digest] = candidate
        ordered = sorted(distinct.values(), key=lambda c: (self._relative[c.digest], _place(c)))
        found: list[Candidate] = []
        while ordered and len(found) < width:
            # Everything that the leader does not beat is tied with it.
            lead = self._relative[ordered[0].digest]
            tied = [c for c in ordered if not self.better(lead, self._relative[c.digest])]
            ordered = ordered[len(tied) :]
            found.extend(sorted(tied, key=_place) if self.timed else tied)
        return found[:width]


def _place(candidate: Candidate) -> tuple[int, int]:
    return candidate.step, candidate.slot
