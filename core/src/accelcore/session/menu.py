"""Which of a target's moves to try first, from what they did elsewhere in this run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from accelcore.values import Move


class Gains:
    """What each move did the last time that it was judged: the child's cost over its parent's.

    A move that hurt one kernel mostly hurts its neighbours too, and a search of thirty evaluations cannot afford to
    learn that again at every step.
    """

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def note(self, move: Move | None, parent: float | None, child: float | None) -> None:
        """A judged child; a cost of None is a kernel that failed."""
        if move is not None and parent:
            self._last[move.name] = float("inf") if child is None else child / parent

    def ordered(self, moves: Sequence[Move], tie: float, rng: random.Random) -> list[Move]:
        """Every move once: those that helped, best first; those not tried yet; the others, least bad first.

        A tie is no help.  The moves not tried yet are `interleaved`.
        """
        known = [move for move in moves if move.name in self._last]
        known.sort(key=lambda move: self._last[move.name])
        helped = [move for move in known if self._last[move.name] < 1 - tie]
        fresh = interleaved([move for move in moves if move.name not in self._last], rng)
        return [*helped, *fresh, *known[len(helped) :]]


def interleaved(moves: Sequence[Move], rng: random.Random) -> Iterator[Move]:
    """Each move once: two from the front, one drawn from the back half of what is left.

    The front is what the target thinks most promising; a wrong order then costs a factor and never the answer.
    """
    left = list(moves)
    while left:
        for _ in range(min(2, len(left))):
            yield left.pop(0)
        if left:
            yield left.pop(rng.randrange(len(left) // 2, len(left)))
