"""Best-first search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from accelcore.strategies._open import OpenNodes

if TYPE_CHECKING:
    from accelcore.session import Judged, Session
    from accelcore.values import Candidate


@dataclass(frozen=True)
class Greedy:
    """Expand the fastest kernel; move on at the first child that beats it; fall back when it has no more to give.

    Invariant: the kernel being expanded is the fastest one that still has proposals; of its proposals each is judged at
    most once, and none is judged before its elder has been looked at.  Stops when `width` kernels in a row were
    expanded to their end (`tries` proposals each) without a new best, or when no kernel has proposals left.
    """

    tries: int = field(default=64, metadata={"help": "most proposals asked for one kernel"})
    width: int = field(default=4, metadata={"help": "kernels expanded to their end without a new best before it stops"})

    name: ClassVar[str] = "greedy"
    about: ClassVar[str] = "expand the fastest kernel, move on at the first improvement"

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def search(self, session: Session, start: Candidate) -> None:
        """See the class."""
        opened, best, barren = OpenNodes(session, [start]), start, 0
        for child, _ in session.evaluate(session.replays(start)):  # what earlier runs of similar tasks found
            opened.add(child)
            best = child if session.better(child, best) else best
        while barren < self.width and (parent := opened.fastest()):
            for child, _ in self._children(session, opened, parent):
                opened.add(child)
                if session.better(child, best):
                    best, barren = child, -1
                    break
            else:
                opened.close(parent)
            barren += 1

    def _children(self, session: Session, opened: OpenNodes, parent: Candidate) -> Iterator[Judged]:
        """The rest of the parent's proposals: a search that comes back to it goes on where it left."""
        return opened.children(parent, lambda: session.expand([parent], n=self.tries, ahead=0))
