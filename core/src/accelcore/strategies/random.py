"""Random search: the baseline of every comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from accelcore.session import Session
    from accelcore.values import Candidate


@dataclass(frozen=True)
class RandomSearch:
    """Expand a kernel drawn uniformly from all that were found correct, by one proposal, again and again.

    Invariant: every correct kernel found so far is as likely to be the next parent as any other, whatever its cost.
    Stops after `steps` expansions.
    """

    steps: int = field(default=64, metadata={"help": "expansions before it stops"})

    name: ClassVar[str] = "random"
    about: ClassVar[str] = "random walks over correct kernels; a baseline for comparisons"

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def search(self, session: Session, start: Candidate) -> None:
        """See the class."""
        found = {start.digest: start}
        for _ in range(self.steps):
            step = session.step()
            parent = session.rng(step).choice(list(found.values()))
            for child, _ in session.expand([parent], n=1):
                if session.relative(child) is not None:
                    found.setdefault(child.digest, child)
