"""Beam search over plans and their implementations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from accelcore_autocomp.family import Family, admits, apart
from accelcore_autocomp.step import Step
from accelcore_autocomp.translation import Translation

if TYPE_CHECKING:
    from accelcore.session import Session
    from accelcore.values import Candidate


@dataclass(frozen=True)
class Autocomp:
    """Each step plans for every kernel of the beam, implements every plan, judges, and keeps the fastest kernels.

    Invariants: the beam holds at most `width` kernels of distinct code, the fastest kernel judged so far among them; a
    child enters only if it beats its parent, but for the first `allowance_steps` steps, in which it may be slower by
    `allowance`.  A plan is implemented as soon as it is there, a kernel judged as soon as it and those before it are,
    while later plans are being made, and one that fails is repaired while the others are judged; so a step takes as
    long as its longest chain of answers, or as its judging.  Stops after `steps`, or when `patience` steps in a row
    improve the best by less than `least`.

    With `translate`, and a model, up to so many steps come first that bring a kernel to the target's own terms.  In
    them a child enters if it is right, says that it is further than its parent, and is at most `translate_allowance`
    times slower; the furthest are kept.  They end early when every kernel of the beam is translated, and the kernel
    that they began with then leaves the beam (the session still knows it, if it stays the fastest).

    After Autocomp (Hong et al., arXiv 2505.18574): its plans x implementations, menu dropout, regression allowance and
    translation.
    """

    width: int = field(default=4, metadata={"help": "kernels kept from step to step"})
    plans: int = field(default=4, metadata={"help": "plans asked for each kernel of the beam"})
    implementations: int = field(default=2, metadata={"help": "implementations asked for each plan"})
    steps: int = field(default=8, metadata={"help": "most steps"})
    direct: bool = field(default=False, metadata={"help": "plan and write in one answer"})
    exhaustive: int = field(
        default=-1, metadata={"help": "stalled steps after which each menu option is tried alone; 0 always, -1 never"}
    )
    keep: float = field(default=0.5, metadata={"help": "probability that a menu option is shown in one request"})
    invent: float = field(default=0.1, metadata={"help": "probability that a model invents the menu of a kernel"})
    ancestors: int = field(default=3, metadata={"help": "earlier steps of a kernel that a prompt tells"})
    repairs: int = field(default=1, metadata={"help": "attempts to repair a kernel that failed (needs a model)"})
    combine: int = field(default=0, metadata={"help": "pairs of the beam that are combined in each step"})
    siblings: int = field(default=0, metadata={"help": "most kernels of one parent in the beam; 0 is any number"})
    spread: float = field(default=0.0, metadata={"help": "part of its code in which a kernel of the beam is its own"})
    allowance: float = field(default=1.1, metadata={"help": "times slower than its parent that an early child may be"})
    allowance_steps: int = field(default=2, metadata={"help": "steps in which the allowance holds"})
    translate: int = field(default=0, metadata={"help": "steps at most that translate first (needs a model)"})
    translate_allowance: float = field(default=15.0, metadata={"help": "times slower that a translation may be"})
    reuse: bool = field(default=True, metadata={"help": "begin with what earlier runs of similar tasks found"})
    patience: int = field(default=3, metadata={"help": "steps without improvement before it stops"})
    least: float = field(default=0.01, metadata={"help": "relative improvement that counts"})

    name: ClassVar[str] = "autocomp"
    about: ClassVar[str] = "beam search over plans and implementations, for language models and rules"

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def search(self, session: Session, start: Candidate) -> None:
        """See the class."""
        family, stalled = Family(session, start), 0
        beam = self._first(session, family, start)
        if self.translate and session.client is not None:
            beam = Translation(self, session, family).run(beam)
        for number in range(self.steps):
            before = session.relative(beam[0]) if beam else None
            if before is None:
                return
            is_exhaustive = 0 <= self.exhaustive <= stalled
            step = Step(self, session, family, session.rng(session.step()))
            children = step.judged(step.implementations(beam, exhaustive=is_exhaustive))
            allowed = self.allowance if number < self.allowance_steps else 1.0
            beam = self._next(session, family, beam, children, allowed=allowed)
            after = session.relative(beam[0])
            stalled = 0 if after is not None and after < before * (1 - self.least) else stalled + 1
            if stalled == self.patience:
                return

    def _first(self, session: Session, family: Family, start: Candidate) -> list[Candidate]:
        """The start, and the schedules of earlier runs carried over to it."""
        if not self.reuse or session.relative(start) is None:
            return [start]
        found = [candidate for candidate, _ in session.evaluate(list(session.replays(start)))]
        for candidate in found:
            family.add(candidate)
        return session.fastest([start, *found], self.width)

    def _next(
        self, session: Session, family: Family, beam: Sequence[Candidate], children: Sequence[Candidate], *,
        allowed: float,
    ) -> list[Candidate]:  # fmt: skip
        """The beam of the next step."""
        parents = {parent.digest for parent in beam}
        kept = [c for c in children if admits(session, c, family.ancestor(c, parents), allowed)]
        ranked = session.fastest([*beam, *kept], len(beam) + len(kept))
        ranked = apart(ranked, self.spread) if self.spread else ranked
        if not self.siblings:
            return ranked[: self.width]
        found: list[Candidate] = []
        for candidate in ranked:
            alike = sum(c.parent == candidate.parent for c in found)
            if candidate.digest in parents or alike < self.siblings:
                found.append(candidate)
        return found[: self.width]
