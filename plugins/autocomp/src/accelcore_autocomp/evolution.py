"""Regularized evolution."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from accelcore.session import Session
    from accelcore.values import Candidate


@dataclass(frozen=True)
class Evolution:
    """A population of recent kernels; the best of a random few gets a child; the oldest leaves.

    Invariant: the population holds the last `population` correct kernels, so that a kernel lives on only through its
    descendants: one lucky measurement cannot hold the search.  Stops after `steps` children, or when `patience`
    in a row brought no new best.

    After Real, Aggarwal, Huang and Le, "Regularized Evolution for Image Classifier Architecture Search" (AAAI 2019).
    """

    population: int = field(default=16, metadata={"help": "kernels that may have children"})
    tournament: int = field(default=6, metadata={"help": "kernels drawn, of which the fastest has a child"})
    tries: int = field(default=64, metadata={"help": "most children of one kernel"})
    steps: int = field(default=400, metadata={"help": "children before it stops"})
    patience: int = field(default=150, metadata={"help": "children in a row without a new best before it stops"})

    name: ClassVar[str] = "evolution"
    about: ClassVar[str] = "tournament selection and aging; wanders further than a beam"

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def search(self, session: Session, start: Candidate) -> None:
        """See the class."""
        alive = deque([start], maxlen=self.population)
        streams: dict[str, Iterator[Candidate]] = {}
        best, barren = start, 0
        for _ in range(self.steps):
            parent = self._parent(session, alive)
            if parent is None or barren == self.patience:
                return
            if parent.digest not in streams:
                streams[parent.digest] = session.children(parent, n=self.tries)
            child = next(streams[parent.digest], None)
            barren += 1
            if child is None:
                continue
            (judged, _), *_ = session.evaluate([child])
            if session.relative(judged) is not None:
                alive.append(judged)
            if session.better(judged, best):
                best, barren = judged, 0

    def _parent(self, session: Session, alive: Sequence[Candidate]) -> Candidate | None:
        drawn = session.rng(session.step()).sample(list(alive), min(self.tournament, len(alive)))
        found = session.fastest(drawn, 1)
        return found[0] if found else None
