"""The target's own rewrites as a proposer: a search that needs no model."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
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

    Deterministic in (request, seed).  Two of three proposals follow the target's order, most promising first; every
    third is drawn from what the order would reach last, so that a wrong order costs a factor and never the answer.
    Stops when each kernel of each move has been proposed once.
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
        moves = request.moves or self.target.moves(request.task, parent.kernel)
        given = 0
        for move in interleaved(moves, random.Random(seed)):
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


def interleaved(moves: Sequence[Move], rng: random.Random) -> Iterator[Move]:
    """Each move once: two from the front, one drawn from the back half of what is left."""
    left = list(moves)
    while left:
        for _ in range(min(2, len(left))):
            yield left.pop(0)
        if left:
            yield left.pop(rng.randrange(len(left) // 2, len(left)))
