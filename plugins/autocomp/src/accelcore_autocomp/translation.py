"""Bringing a kernel of another target, or of none, to this target's own terms before it is made fast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from accelcore.proposers.translation import COMPLETE, completeness
from accelcore_autocomp.family import Family, admits
from accelcore_autocomp.step import Step

if TYPE_CHECKING:
    from accelcore.session import Session
    from accelcore.values import Candidate
    from accelcore_autocomp.strategy import Autocomp


class Translation:
    """A beam ordered by how far its kernels have come, then by cost.

    Invariant: a kernel enters only if it is right, has come further than the one it was made of, and is at most
    `translate_allowance` times slower (a first step often is: half of the data still moves in the old way).  Stops
    after `translate` steps, or when all kernels of the beam are translated.
    """

    def __init__(self, options: Autocomp, session: Session, family: Family) -> None:
        self._options, self._session, self._family = options, session, family
        self._scores: dict[str, int] = {}

    def run(self, beam: list[Candidate]) -> list[Candidate]:
        """The translated kernels, fastest first, without what they began with; `beam` when there are none."""
        first = list(beam)
        self._scores = dict.fromkeys((c.digest for c in beam), 0)
        for _ in range(self._options.translate):
            beam = self._following(beam)
            if all(self._scores[c.digest] >= COMPLETE for c in beam):
                break
        done = [c for c in beam if self._scores[c.digest] > 0]
        return self._session.fastest(done, self._options.width) or first

    def _following(self, beam: list[Candidate]) -> list[Candidate]:
        step = Step(self._options, self._session, self._family, self._session.rng(self._session.step()))
        parents = {parent.digest for parent in beam}
        entered = [c for c in step.judged(step.translations(beam)) if self._enters(c, parents)]
        known = list({c.digest: c for c in (*beam, *entered)}.values())
        order = {c.digest: at for at, c in enumerate(self._session.fastest(known, len(known)))}
        # What began the search may not run here at all; it is then behind every kernel that does.
        known.sort(key=lambda c: (-self._scores[c.digest], order.get(c.digest, len(known))))
        return known[: self._options.width]

    def _enters(self, child: Candidate, parents: set[str]) -> bool:
        parent = self._family.ancestor(child, parents)
        if parent is None or child.digest in self._scores:
            return False
        score = max(completeness(c.move) for c in self._repaired(child, parents))
        if score <= self._scores[parent.digest]:
            return False
        if not admits(self._session, child, parent, self._options.translate_allowance):
            return False
        self._scores[child.digest] = score
        return True

    def _repaired(self, child: Candidate, parents: Sequence[str] | set[str]) -> Iterator[Candidate]:
        """The kernel and those that it was repaired from: it has come as far as they said."""
        for candidate in self._family.line(child):
            if candidate.digest in parents:
                return
            yield candidate
