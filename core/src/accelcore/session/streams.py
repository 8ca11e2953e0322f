"""Proposals in logical order, while proposers work ahead in the background."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import islice
from queue import SimpleQueue
from threading import Event, Semaphore
from typing import TypeVar

from accelcore.errors import AccelcoreError, PluginError
from accelcore.protocols import Proposer
from accelcore.values import Proposal, Request

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """A proposal with the request and the proposer that it answers."""

    request: Request
    proposer: Proposer
    proposal: Proposal


class _Inline:
    """Items of a cheap proposer, made when they are asked for."""

    def __init__(self, items: Iterator[Proposal]) -> None:
        self._items = items

    ready = ready_made = True

    def get(self) -> Proposal | None:
        return next(self._items, None)

    def stop(self) -> None:
        """Nothing runs."""


FEW = 8
"""So many answers are asked for because all are wanted: they may all be ready before the first is taken.  A longer
stream is one that its reader may leave, and what is ready then was paid for in vain: it keeps one ahead."""


class _Pumped:
    """Items of a proposer that waits (for a model): a thread runs it, the queue holds what is there."""

    ready_made = False

    def __init__(self, items: Iterator[Proposal], n: int, pool: Executor) -> None:
        self._queue: SimpleQueue[Proposal | BaseException | None] = SimpleQueue()
        self._is_short = n <= FEW
        self._room = Semaphore(n + 1 if self._is_short else 1)
        self._stopped, self._over = Event(), False
        pool.submit(self._pump, items)

    def _pump(self, items: Iterator[Proposal]) -> None:
        last: BaseException | None = None
        try:
            while self._room.acquire() and not self._stopped.is_set():
                item = next(items, None)
                if item is None:
                    break
                self._queue.put(item)
        except BaseException as error:  # noqa: BLE001  # raised again where the item was asked for
            last = error
        self._queue.put(last)

    @property
    def ready(self) -> bool:
        """A long stream is never ready: taking ahead from it would have the next answer paid for."""
        return self._over or (self._is_short and not self._queue.empty())

    def get(self) -> Proposal | None:
        if self._over:
            return None
        item = self._queue.get()
        if isinstance(item, Proposal):
            self._room.release()
            return item
        self._over = True
        if item is not None:
            raise item
        return None

    def stop(self) -> None:
        self._stopped.set()
        self._room.release()


SHARE = 3
"""Proposals that a cheap proposer gives for one of a proposer that waits, where a request goes to both."""


class _Answers:
    """All answers to one request: proposers take turns, so that rules and models are both heard early."""

    def __init__(self, request: Request, parts: Sequence[tuple[Proposer, _Inline | _Pumped]]) -> None:
        self.request = request
        self._turns = deque((proposer, part, SHARE if part.ready_made else 1) for proposer, part in parts)
        self._left = self._turns[0][2] if self._turns else 0

    def get(self) -> Asked | None:
        while self._turns:
            proposer, part, _ = self._turns[0]
            item = _guarded(part.get, proposer)
            if item is None:
                self._turns.popleft()
                self._left = self._turns[0][2] if self._turns else 0
                continue
            self._left -= 1
            if not self._left:
                self._turns.rotate(-1)
                self._left = self._turns[0][2]
            return Asked(self.request, proposer, replace(item, origin=item.origin or proposer.name))
        return None

    @property
    def ready(self) -> bool:
        return not self._turns or self._turns[0][1].ready

    def stop(self) -> None:
        for _, part, _ in self._turns:
            part.stop()
        self._turns.clear()


class Stream(Iterator[Proposal]):
    """The answers to some requests, request by request; within one its proposers take turns in a fixed pattern.

    Every proposer that waits starts at once, on all requests.  `seen` is called with each answer as it is taken, that
    is in logical order.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        proposers: Sequence[Proposer],
        *,
        n: int,
        seed: Callable[[Request], int],
        pool: Executor,
        seen: Callable[[Asked], None],
    ) -> None:
        self._seen = seen
        self._requests: deque[_Answers] = deque()
        for request in requests:
            parts = [(p, _open(request, p, n, seed(request), pool)) for p in proposers]
            self._requests.append(_Answers(request, parts))

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Proposal:
        return self.take().proposal

    def take(self) -> Asked:
        """The next proposal with the request that it answers; StopIteration at the end."""
        while self._requests:
            asked = self._requests[0].get()
            if asked is not None:
                self._seen(asked)
                return asked
            self._requests.popleft()
        raise StopIteration

    @property
    def ready(self) -> bool:
        """Whether the next proposal (or the end) is there."""
        return not self._requests or self._requests[0].ready

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Ask for no more; a stream that nobody holds any more closes itself."""
        for answers in self._requests:
            answers.stop()
        self._requests.clear()


def _open(request: Request, proposer: Proposer, n: int, seed: int, pool: Executor) -> _Inline | _Pumped:
    items = _guarded(lambda: islice(proposer.propose(request, n=n, seed=seed), n), proposer)
    return _Inline(items) if getattr(proposer, "inline", False) else _Pumped(items, n, pool)


def _guarded(work: Callable[[], T], proposer: Proposer) -> T:
    try:
        return work()
    except AccelcoreError:
        raise
    except Exception as error:
        what = f"the proposer {proposer.name!r} failed: {type(error).__name__}: {error}"
        raise PluginError(what, where=type(proposer).__module__, hint="run without it, or report it") from error
