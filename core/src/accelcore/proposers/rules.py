"""The target's own rewrites as a proposer: a search that needs no model."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from accelcore.errors import IllegalRewrite
from accelcore.values import Move, Phase, Proposal, Request

if TYPE_CHECKING:
    from accelcore.protocols import Target
    from accelcore.session import Session
    from accelcore.values import Candidate


@dataclass(frozen=True)
class RulesProposer:
    """Kernels by the moves of the target (`target.moves`, `target.rewrite`), plans by their texts.

    Deterministic in (request, seed).  Moves that the request names are tried in its order; else the target's, two of
    three in its order and every third from what the order would reach last.  Stops when each kernel of each move has
    been proposed once.
    """

    target: Target | None = None

    name: ClassVar[str] = "rules"
    about: ClassVar[str] = "legality-checked rewrites of the target; needs no model"
    inline: ClassVar[bool] = True
    legal: ClassVar[bool] = True

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def bind(self, session: Session) -> RulesProposer:
        """The same for the session's target."""
        return replace(self, target=session.target)

    def propose(self, request: Request, *, n: int, seed: int) -> Iterator[Proposal]:
        """Plans (PLAN) or kernels (IMPLEMENT); nothing for other phases, or without a target or parent."""
        parent = request.parent
        if self.target is None or parent is None or request.phase not in (Phase.PLAN, Phase.IMPLEMENT):
            return
        from accelcore.session.menu import interleaved

        moves: Iterable[Move] = request.moves
        if not request.moves:
            moves = interleaved(self.target.moves(request.task, parent.kernel), random.Random(seed))
        given = 0
        for move in moves:
            for proposal in self._answers(request, parent, move):
                if given == n:
                    return
                given += 1
                yield proposal

    def _answers(self, request: Request, parent: Candidate, move: Move) -> Iterator[Proposal]:
        assert self.target is not None
        if request.phase is Phase.PLAN:
            yield Proposal("", move.text or move.name, self.name, move=move)
            return
        try:
            for kernel in self.target.rewrite(move, request.task, parent.kernel):
                yield Proposal(kernel.text, move.text or move.name, self.name, kernel=kernel, move=move)
        except IllegalRewrite:
            return
