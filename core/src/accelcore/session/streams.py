"""Proposals in logical order, while proposers work ahead in the background."""

from __future__ import annotations

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

    ready = True

    def get(self) -> Proposal | None:
        return next(self._items, None)

    def stop(self) -> None:
        """Nothing runs."""


LOOKAHEAD = 4
"""Answers that a waiting proposer may have ready before they are taken: an abandoned stream has paid for no more."""


class _Pumped:
    """Items of a proposer that waits (for a model): a thread runs it, the queue holds what is there."""

    def __init__(self, items: Iterator[Proposal], pool: Executor) -> None:
        self._queue: SimpleQueue[Proposal | BaseException | None] = SimpleQueue()
        self._room = Semaphore(LOOKAHEAD)
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
        return self._over or not self._queue.empty()

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


class Stream(Iterator[Proposal]):
    """The answers to some requests: by request, then by proposer, then in the proposer's order.

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
        self._parts = [
            (request, proposer, _open(request, proposer, n, seed(request), pool))
            for request in requests
            for proposer in proposers
        ]
        self._at = 0

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Proposal:
        return self.take().proposal

    def take(self) -> Asked:
        """The next proposal with the request that it answers; StopIteration at the end."""
        while self._at < len(self._parts):
            request, proposer, part = self._parts[self._at]
            item = _guarded(part.get, proposer)
            if item is not None:
                asked = Asked(request, proposer, replace(item, origin=item.origin or proposer.name))
                self._seen(asked)
                return asked
            self._at += 1
        raise StopIteration

    @property
    def ready(self) -> bool:
        """Whether the next proposal (or the end) is there."""
        return self._at >= len(self._parts) or self._parts[self._at][2].ready

    def close(self) -> None:
        """Ask for no more."""
        for _, _, part in self._parts[self._at :]:
            part.stop()
        self._at = len(self._parts)


def _open(request: Request, proposer: Proposer, n: int, seed: int, pool: Executor) -> _Inline | _Pumped:
    items = _guarded(lambda: islice(proposer.propose(request, n=n, seed=seed), n), proposer)
    return _Inline(items) if getattr(proposer, "inline", False) else _Pumped(items, pool)


def _guarded(work: Callable[[], T], proposer: Proposer) -> T:
    try:
        return work()
    except AccelcoreError:
        raise
    except Exception as error:
        what = f"the proposer {proposer.name!r} failed: {type(error).__name__}: {error}"
        raise PluginError(what, where=type(proposer).__module__, hint="run without it, or report it") from error
