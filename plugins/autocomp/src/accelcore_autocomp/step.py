"""One step: plans for every kernel of the beam, implementations of every plan, pairs, repairs; all of them judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from accelcore.values import Candidate, Move, Phase, Request, Status
from accelcore_autocomp.flow import Flow, Link

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


class Step:
    """The requests of one step, in an order that depends on the beam and on `rng` alone.

    Invariant: whatever can be asked is asked before anything is waited for, and what follows from an answer as soon as
    that is there (see `Flow`); so a kernel is judged while later plans are still being made.  Requests that follow
    have places of their own (their step and slot), so that their seeds do not depend on which answer came first.
    """

    def __init__(self, options: Autocomp, session: Session, family: Family, rng: random.Random) -> None:
        self._options, self._session, self._family, self._rng = options, session, family, rng

    def implementations(self, beam: Sequence[Candidate], *, exhaustive: bool) -> Iterator[Candidate]:
        """All kernels that are written in this step."""
        links = [*(self._every_move(beam) if exhaustive else self._drawn(beam)), *self._pairs(beam)]
        yield from Flow(self._session, links).candidates()

    def judged(self, candidates: Iterator[Candidate]) -> list[Candidate]:
        """These kernels judged, with those that mend the ones that failed; a repair is asked for at once."""
        found: list[Candidate] = []
        for attempt in range(self._options.repairs + 1):
            mended: list[Link] = []
            for candidate, evaluation in self._session.evaluate(candidates):
                self._family.add(candidate)
                found.append(candidate)
                if evaluation.status in REPAIRABLE and attempt < self._options.repairs:
                    mended.append(self._repair(candidate, evaluation.feedback or evaluation.log))
            if not mended:
                break
            candidates = Flow(self._session, mended).candidates()
        return found

    def _repair(self, failed: Candidate, said: str) -> Link:
        return self._ask(self._session.request(Phase.REPAIR, failed, feedback=said), 1)

    def translations(self, beam: Sequence[Candidate]) -> Iterator[Candidate]:
        """Kernels that are nearer to the target's own terms."""
        menu = self._session.knowledge.translate
        requests = [self._session.request(Phase.TRANSLATE, parent, moves=self._shown(menu)) for parent in beam]
        yield from Flow(self._session, [self._ask(request, self._options.plans) for request in requests]).candidates()

    def _ask(self, request: Request, n: int) -> Link:
        return Link(request, self._session.propose([request], n=n, whole=True))

    def _drawn(self, beam: Sequence[Candidate]) -> list[Link]:
        """Kernels by plans from the menu after dropout, or, with `direct`, by answers that plan and write at once.

        Where the draw says so, the menu of a kernel is one that a model is asked to invent first.
        """
        menus = [self._menu(parent) for parent in beam]
        shown = [self._shown(menu) for menu in menus]
        invents = [self._session.client is not None and self._rng.random() < self._options.invent for _ in beam]
        step = self._session.step()
        links = []
        for slot, (parent, menu) in enumerate(zip(beam, menus, strict=True)):
            phase = Phase.IMPLEMENT if self._options.direct else Phase.PLAN
            request = replace(self._request(phase, parent, shown[slot]), step=step, slot=slot)
            codes = self._session.step()
            if invents[slot]:
                link = self._ask(self._request(Phase.INVENT, parent, menu), _IDEAS)
                link.end = partial(self._invented, request, codes)
                links.append(link)
            else:
                links.append(self._worked_out(request, codes))
        return links

    def _invented(self, request: Request, codes: int, ideas: Sequence[Proposal]) -> Link:
        """The request with an invented menu."""
        moves = tuple(p.move for p in ideas if p.move is not None) or (_ESCAPE,)
        return self._worked_out(replace(request, moves=moves), codes)

    def _worked_out(self, request: Request, codes: int) -> Link:
        """A request for plans, each of which is implemented; or, with `direct`, for kernels.

        codes: the step of the requests to implement; their slots are the places of the plans.
        """
        link = self._ask(request, self._options.plans)
        if not self._options.direct:
            link.each = partial(self._planned, request, codes, {})
        return link

    def _planned(self, request: Request, codes: int, known: dict[Move, int], plan: Proposal) -> Link | None:
        """A request to implement a plan, once per parent and plan.  known: the plans so far."""
        assert request.parent is not None
        move = plan.move or Move("plan", plan.plan)
        if move in known:
            return None
        slot = known[move] = len(known)
        found = self._session.request(Phase.IMPLEMENT, request.parent, moves=[move])
        return self._ask(replace(found, step=codes, slot=slot), self._options.implementations)

    def _every_move(self, beam: Sequence[Candidate]) -> list[Link]:
        """Every option of every menu by itself."""
        options = [(parent, move) for parent in beam for move in self._menu(parent)]
        requests = [self._session.request(Phase.IMPLEMENT, parent, moves=[move]) for parent, move in options]
        return [self._ask(request, self._options.implementations) for request in requests]

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

    def _pairs(self, beam: Sequence[Candidate]) -> list[Link]:
        """Requests to combine two kernels of the beam."""
        if len(beam) < 2 or self._session.client is None:
            return []
        pairs = [self._rng.sample(list(beam), 2) for _ in range(self._options.combine)]
        moves = [(one, Move("combine", other.kernel.text)) for one, other in pairs]
        requests = [self._session.request(Phase.COMBINE, one, moves=[move]) for one, move in moves]
        return [self._ask(request, 1) for request in requests]
