"""Beam search over plans and their implementations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from accelcore.values import Candidate, Move, Phase, Request, Status

if TYPE_CHECKING:
    import random

    from accelcore.session import Judged, Session
    from accelcore.values import Proposal

_REPAIRABLE = frozenset({Status.COMPILE_ERROR, Status.WRONG, Status.CRASHED, Status.TIMEOUT})


@dataclass(frozen=True)
class Autocomp:
    """Each step plans for every kernel of the beam, implements every plan, judges, and keeps the fastest kernels.

    Invariants: the beam holds at most `width` kernels of distinct code, the fastest kernel judged so far among them; a
    child enters only if it beats its parent, but for the first `allowance_steps` steps, in which it may be slower by
    `allowance`.  All plans of a step are asked for before the first is read and all implementations before the first is
    judged, so a step takes as long as its longest chain of two answers, or as its judging.  Stops after `steps`, or
    when `patience` steps in a row improve the best by less than `least`.

    After Autocomp (Hong et al., arXiv 2505.18574): its plans x implementations, menu dropout and regression allowance.
    """

    width: int = field(default=4, metadata={"help": "kernels kept from step to step"})
    plans: int = field(default=4, metadata={"help": "plans asked for each kernel of the beam"})
    implementations: int = field(default=2, metadata={"help": "implementations asked for each plan"})
    steps: int = field(default=8, metadata={"help": "most steps"})
    keep: float = field(default=0.5, metadata={"help": "probability that a menu option is shown in one request"})
    invent: float = field(default=0.1, metadata={"help": "probability of an empty menu: the model must invent"})
    repairs: int = field(default=1, metadata={"help": "attempts to repair a kernel that failed (needs a model)"})
    combine: int = field(default=0, metadata={"help": "pairs of the beam that are combined in each step"})
    siblings: int = field(default=0, metadata={"help": "most kernels of one parent in the beam; 0 is any number"})
    allowance: float = field(default=1.1, metadata={"help": "times slower than its parent that an early child may be"})
    allowance_steps: int = field(default=2, metadata={"help": "steps in which the allowance holds"})
    patience: int = field(default=3, metadata={"help": "steps without improvement before it stops"})
    least: float = field(default=0.01, metadata={"help": "relative improvement that counts"})

    name: ClassVar[str] = "autocomp"
    about: ClassVar[str] = "beam search over plans and implementations, for language models and rules"

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def search(self, session: Session, start: Candidate) -> None:
        """See the class."""
        beam, stalled = [start], 0
        for number in range(self.steps):
            before = session.relative(beam[0]) if beam else None
            children = self._children(session, beam)
            beam = self._next(session, beam, children, allowed=self.allowance if number < self.allowance_steps else 1.0)
            after = session.relative(beam[0]) if beam else None
            if before is None or after is None:
                return
            stalled = 0 if after < before * (1 - self.least) else stalled + 1
            if stalled == self.patience:
                return

    def _children(self, session: Session, beam: Sequence[Candidate]) -> list[Candidate]:
        """All judged kernels of one step, repaired ones included."""
        rng = session.rng(session.step())
        judged = list(session.evaluate(self._implementations(session, beam, rng)))
        for _ in range(self.repairs):
            failed = [(c, e.feedback or e.log) for c, e in judged if e.status in _REPAIRABLE]
            requests = [session.request(Phase.REPAIR, c, feedback=text) for c, text in failed]
            repaired: list[Judged] = list(session.evaluate(_kernels(session, requests, 1))) if requests else []
            if not repaired:
                break
            judged = [(c, e) for c, e in judged if e.status not in _REPAIRABLE] + list(repaired)  # type: ignore[assignment]  # pairs
        return [candidate for candidate, _ in judged]

    def _implementations(self, session: Session, beam: Sequence[Candidate], rng: random.Random) -> Iterator[Candidate]:
        planned = [self._plan_request(session, parent, rng) for parent in beam]
        streams = [session.propose([request], n=self.plans) for request in planned]
        written = [
            _Stream(request, session.propose([request], n=self.implementations))
            for request in (*self._plans(session, planned, streams), *self._pairs(session, beam, rng))
        ]
        for stream in written:
            for proposal in stream.proposals:
                candidate = session.candidate(stream.request, proposal)
                if candidate is not None:
                    yield candidate

    def _plans(
        self, session: Session, requests: Sequence[Request], streams: Sequence[Iterator[Proposal]]
    ) -> Iterator[Request]:
        """A request to implement each plan, once per parent and plan."""
        for request, stream in zip(requests, streams, strict=True):
            seen: set[Move] = set()
            for proposal in stream:
                move = proposal.move or Move("plan", proposal.plan)
                if move not in seen and request.parent is not None:
                    seen.add(move)
                    yield session.request(Phase.IMPLEMENT, request.parent, moves=[move])

    def _plan_request(self, session: Session, parent: Candidate, rng: random.Random) -> Request:
        """A request for plans with the menu after dropout.

        An empty draw shows the whole menu; `invent` shows none, and a model must think of something itself.
        """
        moves = session.target.moves(session.task, parent.kernel) if session.target else ()
        menu = [*moves, *session.knowledge.menu]
        shown = [move for move in menu if rng.random() < self.keep] or menu
        if session.client is not None and rng.random() < self.invent:
            shown = [Move("invent", "something that is not on the usual menu")]
        return session.request(Phase.PLAN, parent, moves=shown)

    def _pairs(self, session: Session, beam: Sequence[Candidate], rng: random.Random) -> Iterator[Request]:
        """Requests to combine two kernels of the beam."""
        if len(beam) > 1 and session.client is not None:
            for _ in range(self.combine):
                one, other = rng.sample(list(beam), 2)
                yield session.request(Phase.COMBINE, one, moves=[Move("combine", other.kernel.text)])

    def _next(
        self, session: Session, beam: Sequence[Candidate], children: Sequence[Candidate], *, allowed: float
    ) -> list[Candidate]:
        parents = {parent.digest: parent for parent in beam}
        kept = [c for c in children if self._admits(session, c, parents.get(c.parent or ""), allowed)]
        ranked = session.fastest([*beam, *kept], len(beam) + len(kept))
        if not self.siblings:
            return ranked[: self.width]
        found: list[Candidate] = []
        for candidate in ranked:
            alike = sum(c.parent == candidate.parent for c in found)
            if candidate.digest in parents or alike < self.siblings:
                found.append(candidate)
        return found[: self.width]

    def _admits(self, session: Session, child: Candidate, parent: Candidate | None, allowed: float) -> bool:
        mine, theirs = session.relative(child), session.relative(parent) if parent else None
        return mine is not None and (theirs is None or mine <= theirs * allowed)


@dataclass(frozen=True)
class _Stream:
    """Proposals with the request that they answer."""

    request: Request
    proposals: Iterator[Proposal]


def _kernels(session: Session, requests: Sequence[Request], n: int) -> Iterator[Candidate]:
    """The kernels in the answers to some requests, all asked for at once."""
    streams = [_Stream(request, session.propose([request], n=n)) for request in requests]
    for stream in streams:
        for proposal in stream.proposals:
            candidate = session.candidate(stream.request, proposal)
            if candidate is not None:
                yield candidate
