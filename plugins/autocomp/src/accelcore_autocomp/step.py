"""One step: plans for every kernel of the beam, implementations of every plan, pairs, repairs; all of them judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelcore.values import Candidate, Move, Phase, Request, Status

if TYPE_CHECKING:
    import random

    from accelcore.session import Session
    from accelcore.values import Proposal
    from accelcore_autocomp.family import Family
    from accelcore_autocomp.strategy import Autocomp

REPAIRABLE = frozenset({Status.COMPILE_ERROR, Status.WRONG, Status.CRASHED, Status.TIMEOUT})
"""Failures that an author can mend: the others are accusations, or not the kernel's fault."""

_IDEAS = 10
"""New ideas asked for at once."""

_ESCAPE = Move("invent", "something that is not on the usual menu")


@dataclass(frozen=True)
class Asked:
    """Proposals with the request that they answer."""

    request: Request
    proposals: Iterator[Proposal]

    def candidates(self, session: Session) -> Iterator[Candidate]:
        """The kernels among the proposals."""
        for proposal in self.proposals:
            candidate = session.candidate(self.request, proposal)
            if candidate is not None:
                yield candidate


class Step:
    """The requests of one step, in an order that depends on the beam and on `rng` alone.

    Invariant: whatever can be asked is asked before the first answer is waited for, so that answers overlap.
    """

    def __init__(self, options: Autocomp, session: Session, family: Family, rng: random.Random) -> None:
        self._options, self._session, self._family, self._rng = options, session, family, rng

    def implementations(self, beam: Sequence[Candidate], *, exhaustive: bool) -> Iterator[Candidate]:
        """All kernels that are written in this step."""
        asked = [*(self._every_move(beam) if exhaustive else self._drawn(beam)), *self._pairs(beam)]
        for stream in asked:
            yield from stream.candidates(self._session)

    def judged(self, candidates: Iterator[Candidate]) -> list[Candidate]:
        """These kernels judged, with those that mend the ones that failed; a repair is asked for at once."""
        found: list[Candidate] = []
        for attempt in range(self._options.repairs + 1):
            mended: list[Asked] = []
            for candidate, evaluation in self._session.evaluate(candidates):
                self._family.add(candidate)
                found.append(candidate)
                if evaluation.status in REPAIRABLE and attempt < self._options.repairs:
                    mended.append(self._repair(candidate, evaluation.feedback or evaluation.log))
            if not mended:
                break
            candidates = (c for asked in mended for c in asked.candidates(self._session))
        return found

    def _repair(self, failed: Candidate, said: str) -> Asked:
        return self._ask(self._session.request(Phase.REPAIR, failed, feedback=said), 1)

    def translations(self, beam: Sequence[Candidate]) -> Iterator[Candidate]:
        """Kernels that are nearer to the target's own terms."""
        menu = self._session.knowledge.translate
        requests = [self._session.request(Phase.TRANSLATE, parent, moves=self._shown(menu)) for parent in beam]
        asked = [self._ask(request, self._options.plans) for request in requests]
        for stream in asked:
            yield from stream.candidates(self._session)

    def _ask(self, request: Request, n: int) -> Asked:
        return Asked(request, self._session.propose([request], n=n))

    def _drawn(self, beam: Sequence[Candidate]) -> list[Asked]:
        """Kernels by plans from the menu after dropout, or, with `direct`, by answers that plan and write at once."""
        phase = Phase.IMPLEMENT if self._options.direct else Phase.PLAN
        requests = list(self._with_menus(phase, beam))
        if self._options.direct:
            return requests
        return [self._ask(r, self._options.implementations) for asked in requests for r in self._planned(asked)]

    def _every_move(self, beam: Sequence[Candidate]) -> list[Asked]:
        """Every option of every menu by itself."""
        options = [(parent, move) for parent in beam for move in self._menu(parent)]
        requests = [self._session.request(Phase.IMPLEMENT, parent, moves=[move]) for parent, move in options]
        return [self._ask(request, self._options.implementations) for request in requests]

    def _with_menus(self, phase: Phase, beam: Sequence[Candidate]) -> Iterator[Asked]:
        """A request for each kernel; where the draw says so, its menu is one that a model is asked to invent first.

        Kernels whose menu is there are asked about before the first invented one is waited for.
        """
        menus = [self._menu(parent) for parent in beam]
        shown = [self._shown(menu) for menu in menus]
        invents = [self._session.client is not None and self._rng.random() < self._options.invent for _ in beam]
        ideas = {
            at: self._ask(self._request(Phase.INVENT, beam[at], menus[at]), _IDEAS)
            for at, drawn in enumerate(invents)
            if drawn
        }
        n = self._options.plans
        asked = {
            at: self._ask(self._request(phase, parent, shown[at]), n)
            for at, parent in enumerate(beam)
            if at not in ideas
        }
        for at, stream in ideas.items():
            invented = [p.move for p in stream.proposals if p.move is not None] or [_ESCAPE]
            asked[at] = self._ask(self._request(phase, beam[at], invented), n)
        yield from (asked[at] for at in range(len(beam)))

    def _request(self, phase: Phase, parent: Candidate, moves: Sequence[Move]) -> Request:
        history = self._family.history(parent, self._options.ancestors)
        return self._session.request(phase, parent, moves=moves, history=history)

    def _menu(self, parent: Candidate) -> list[Move]:
        """The target's moves, known ideas, and what earlier runs of similar tasks did."""
        session = self._session
        moves = session.target.moves(session.task, parent.kernel) if session.target else ()
        return list(dict.fromkeys((*moves, *session.knowledge.menu, *session.ideas)))

    def _shown(self, menu: Sequence[Move]) -> list[Move]:
        """The menu after dropout; an empty draw shows all of it."""
        return [move for move in menu if self._rng.random() < self._options.keep] or list(menu)

    def _planned(self, asked: Asked) -> Iterator[Request]:
        """A request to implement each plan, once per parent and plan."""
        parent, seen = asked.request.parent, set[Move]()
        for proposal in asked.proposals:
            move = proposal.move or Move("plan", proposal.plan)
            if move not in seen and parent is not None:
                seen.add(move)
                yield self._session.request(Phase.IMPLEMENT, parent, moves=[move])

    def _pairs(self, beam: Sequence[Candidate]) -> Iterable[Asked]:
        """Requests to combine two kernels of the beam."""
        if len(beam) < 2 or self._session.client is None:
            return []
        pairs = [self._rng.sample(list(beam), 2) for _ in range(self._options.combine)]
        moves = [(one, Move("combine", other.kernel.text)) for one, other in pairs]
        requests = [self._session.request(Phase.COMBINE, one, moves=[move]) for one, move in moves]
        return [self._ask(request, 1) for request in requests]
