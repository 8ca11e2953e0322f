"""One call of `evaluate`: candidates in, judged candidates out, in the same order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import NamedTuple

from accelcore.errors import AccelcoreError
from accelcore.journal import EvaluationRow
from accelcore.session.shop import Shop, Ticket
from accelcore.values import Candidate, Evaluation

BUILT_AHEAD = 4
"""Candidates that are built before anybody asks for their judgement: a strategy that turns away wastes no more."""

_POLL = 0.01
"""Seconds between looks at a source that builds ahead while a kernel is judged."""


class _Listed:
    """A source whose items are all there."""

    ready = True

    def __init__(self, items: Iterable[Candidate]) -> None:
        self._items = iter(items)

    def __iter__(self) -> Iterator[Candidate]:
        return self._items

    def __next__(self) -> Candidate:
        return next(self._items)


class Judged(NamedTuple):
    """A candidate and what became of it."""

    candidate: Candidate
    evaluation: Evaluation


@dataclass(frozen=True)
class Desk:
    """What a line needs of its session.

    place: gives a candidate its slot, in the order of the source.  pay: charges what the candidate itself cost, before
    its evaluation is charged.  settle: journals a result as it is handed out.
    """

    place: Callable[[Candidate], Candidate]
    pay: Callable[[], None]
    settle: Callable[[Candidate, EvaluationRow], None]


class Line(Iterator[Judged]):
    """Candidates on their way through build and judge, handed out in the order in which they came in.

    Invariant: when result i is handed out, exactly the first i + 1 + `ahead` candidates of the source (or all of them)
    have been paid for, whatever the speed of proposers, builders and judge; so equal runs are cut at equal places.
    Beyond these, candidates that are there anyway are built, never judged.  An error of the source, or a spent budget,
    is raised after everything that was paid for has been handed out.
    """

    def __init__(self, shop: Shop, source: Iterable[Candidate], ahead: int | None, desk: Desk) -> None:
        self._shop, self._desk = shop, desk
        self._source = _Listed(source) if isinstance(source, Sequence) else iter(source)
        self._ahead = ahead
        self._taken: deque[Ticket] = deque()
        self._admitted: deque[Ticket] = deque()
        self._error: AccelcoreError | None = None
        self._over = False

    def __iter__(self) -> Line:
        return self

    def __next__(self) -> Judged:
        while self._error is None and (self._ahead is None or len(self._admitted) <= self._ahead):
            if not self._admit_one():
                break
        if not self._admitted:
            self.close()
            if self._error is not None:
                raise self._error
            raise StopIteration
        ticket = self._admitted.popleft()
        try:
            row = self._wait(ticket)
        except AccelcoreError as error:
            self._error = error
            self.close()
            raise
        self._desk.settle(ticket.candidate, row)
        return Judged(ticket.candidate, row.evaluation)

    def close(self) -> None:
        """Give up what has not begun."""
        self._over = True
        for ticket in (*self._admitted, *self._taken):
            self._shop.drop(ticket)
        self._admitted.clear()
        self._taken.clear()
        stop = getattr(self._source, "close", None)
        if stop is not None:
            stop()

    def __del__(self) -> None:
        if not self._over:
            self.close()

    def _admit_one(self) -> bool:
        """Pay for the next candidate; False when there is none, or no budget."""
        try:
            if not self._taken and not self._take():
                return False
            self._desk.pay()
            self._shop.admit(self._taken[0])
        except AccelcoreError as error:
            self._error = error
            return False
        self._admitted.append(self._taken.popleft())
        return True

    def _take(self) -> bool:
        """Look up the next candidate of the source, which may wait for a proposer."""
        if self._over:
            return False
        candidate = next(self._source, None)
        if candidate is None:
            self._over = True
            return False
        self._taken.append(self._shop.take(self._desk.place(candidate)))
        return True

    def _wait(self, ticket: Ticket) -> EvaluationRow:
        """The result of the head of the line; meanwhile candidates that are there are built."""
        assert ticket.done is not None
        while self._error is None and not ticket.done.done() and len(self._taken) < BUILT_AHEAD:
            if getattr(self._source, "ready", False):
                self._build_ahead()
            try:
                return ticket.done.result(timeout=_POLL)
            except FutureTimeout:
                continue
        return ticket.done.result()

    def _build_ahead(self) -> None:
        try:
            self._take()
        except AccelcoreError as error:
            self._error = error
