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


@dataclass(frozen=True)
class Waiting:
    """What streams of one session share.  pool: threads that wait for proposers.  news: set whenever an answer, or the
    end of a stream, has come."""

    pool: Executor
    news: Event


class _Pumped:
    """Items of a proposer that waits (for a model): a thread runs it, the queue holds what is there."""

    ready_made = False

    def __init__(self, items: Iterator[Proposal], n: int, waiting: Waiting, *, whole: bool) -> None:
        self._queue: SimpleQueue[Proposal | BaseException | None] = SimpleQueue()
        self._is_whole, self._news = whole, waiting.news
        self._room = Semaphore(n + 1 if whole else 1)
        self._stopped, self._over = Event(), False
        waiting.pool.submit(self._pump, items)

    def _pump(self, items: Iterator[Proposal]) -> None:
        last: BaseException | None = None
        try:
            while self._room.acquire() and not self._stopped.is_set():
                item = next(items, None)
                if item is None:
                    break
                self._put(item)
        except BaseException as error:  # noqa: BLE001  # raised again where the item was asked for
            last = error
        self._put(last)

    def _put(self, item: Proposal | BaseException | None) -> None:
        self._queue.put(item)
        self._news.set()

    @property
    def ready(self) -> bool:
        """A long stream is never ready: taking ahead from it would have the next answer paid for."""
        return self._over or (self._is_whole and not self._queue.empty())

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

    def get(self, *, wait: bool = True) -> Asked | None:
        """The next answer; None at the end (`over`) or, unless it may wait, when the next one is not there."""
        while self._turns:
            proposer, part, _ = self._turns[0]
            if not wait and not part.ready:
                return None
            item = _guarded(part.get, proposer)
            if item is None:
                self._turns.popleft()
                self._left = self._turns[0][2] if self._turns else 0
                continue
            self._left -= 1
            if not self._left:
                self._turns.rotate(-1)
                self._left = self._turns[0][2]
            return Asked(self.request, proposer, item if item.origin else replace(item, origin=proposer.name))
        return None

    @property
    def over(self) -> bool:
        return not self._turns

    @property
    def ready(self) -> bool:
        return self.over or self._turns[0][1].ready

    def stop(self) -> None:
        for _, part, _ in self._turns:
            part.stop()
        self._turns.clear()


class Stream(Iterator[Proposal]):
    """The answers to some requests, request by request; within one its proposers take turns in a fixed pattern.

    Every proposer that waits starts at once, on all requests.  `seen` is called with each answer as it is taken, that
    is in logical order.  whole: all answers are wanted, so all may be there before the first is taken; a reader may
    then also look at what has arrived, and ask for what follows from it, before it takes (and pays for) it.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        proposers: Sequence[Proposer],
        *,
        n: int,
        whole: bool,
        seed: Callable[[Request], int],
        waiting: Waiting,
        seen: Callable[[Asked], None],
    ) -> None:
        self._seen, self._is_whole = seen, whole
        self._there: deque[Asked] = deque()
        self._error: AccelcoreError | None = None
        self._requests: deque[_Answers] = deque()
        for request in requests:
            parts = [(p, _open(request, p, n, seed(request), waiting, whole=whole)) for p in proposers]
            self._requests.append(_Answers(request, parts))

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Proposal:
        return self.take().proposal

    def take(self) -> Asked:
        """The next proposal with the request that it answers; StopIteration at the end."""
        if self._there:
            first = self._there.popleft()
            self._seen(first)
            return first
        if self._error is not None:
            raise self._error
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
        return bool(self._there) or not self._requests or self._requests[0].ready

    def arrived(self) -> list[Proposal]:
        """What has come since the last call, in logical order.  It does not wait, and takes (that is, pays) nothing.

        Always empty for a stream that is not whole.  A proposer's error is kept for the reader who comes to it.
        """
        found: list[Proposal] = []
        while self._is_whole and self._requests and self._error is None:
            try:
                asked = self._requests[0].get(wait=False)
            except AccelcoreError as error:
                self._error = error
                break
            if asked is not None:
                self._there.append(asked)
                found.append(asked.proposal)
            elif self._requests[0].over:
                self._requests.popleft()
            else:
                break
        return found

    @property
    def ended(self) -> bool:
        """Whether all proposals have been taken or have arrived, and no proposer failed."""
        return not self._requests and self._error is None

    @property
    def settled(self) -> bool:
        """Whether `take` does not wait, or has to, because only what is taken is asked for."""
        return bool(self._there) or not self._requests or self._error is not None or not self._is_whole

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Ask for no more; a stream that nobody holds any more closes itself."""
        for answers in self._requests:
            answers.stop()
        self._requests.clear()
        self._there.clear()


def _open(
    request: Request, proposer: Proposer, n: int, seed: int, waiting: Waiting, *, whole: bool
) -> _Inline | _Pumped:
    items = _guarded(lambda: islice(proposer.propose(request, n=n, seed=seed), n), proposer)
    return _Inline(items) if getattr(proposer, "inline", False) else _Pumped(items, n, waiting, whole=whole)


def _guarded(work: Callable[[], T], proposer: Proposer) -> T:
    try:
        return work()
    except AccelcoreError:
        raise
    except Exception as error:
        what = f"the proposer {proposer.name!r} failed: {type(error).__name__}: {error}"
        raise PluginError(what, where=type(proposer).__module__, hint="run without it, or report it") from error
