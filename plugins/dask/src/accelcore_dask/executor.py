"""A dask cluster as an Executor, with the traps closed that a search on it would fall into.

1. By default equal calls are one call: measurements would be answered from memory.  Here none is `pure`.
2. By default a task may take four workers down before it is given up.  Here the first death is reported (WorkerLost),
   and whoever asked decides; judgements are begun again at most three times.
3. When a worker dies, dask does finished work again whose futures are still held.  Here a future is let go of as soon
   as its result is here.
4. A task whose resource nobody has waits silently for ever.  Here a cluster without a worker for the tag is refused
   when it is opened, by name.
5. Cancelling a running task only looks as if it ended.  Here it does not claim to: a cancelled task's result is thrown
   away, and its worker is free again when the sandbox's own limits end it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from threading import Lock
from typing import Any

from accelcore.errors import AccelcoreError
from accelcore.pools.supervisor import WorkerLost

_POLL = 0.1
"""Seconds between looks for a worker that has not announced itself yet."""


class ClusterError(AccelcoreError):
    """The cluster cannot be used."""

    exit_code = 2


class DaskExecutor(Executor):
    """An Executor over the workers of one scheduler that have one resource.

    workers: how many tasks they run at once; counted when it is opened, workers that come later take part as well.

    Invariant: every submitted task ends as a result, an exception of its own, or WorkerLost; `_flying` holds the tasks
    that have not.
    """

    def __init__(self, scheduler: str, tag: str, wait: float) -> None:
        from distributed import Client

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._tag = tag
        self._flying: dict[Future[Any], Any] = {}
        self._lock = Lock()
        try:
            self._client = Client(scheduler, timeout=wait, set_as_default=False, name="accelcore")
        except (OSError, ValueError, TimeoutError) as error:
            what = f"no dask scheduler answers: {' '.join(str(error).split())[:200]}"
            raise ClusterError(what, where=scheduler, hint="start one: dask scheduler") from None
        try:
            self._client.run_on_scheduler(_no_second_victim)
            self.workers = self._room(scheduler, wait)
        except BaseException:
            self._client.close()
            raise

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As concurrent.futures says."""
        mine: Future[Any] = Future()
        resources = {self._tag: 1} if self._tag else None
        there = self._client.submit(fn, *args, pure=False, retries=0, resources=resources, **kwargs)
        with self._lock:
            self._flying[mine] = there
        mine.add_done_callback(self._dropped)
        there.add_done_callback(lambda done: self._arrived(mine, done))
        return mine

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As concurrent.futures says; the workers go on living."""
        with self._lock:
            left = list(self._flying)
        for future in left:
            if cancel_futures:
                future.cancel()
            elif wait:
                future.exception()
        self._client.close()

    def _arrived(self, mine: Future[Any], there: Any) -> None:
        """Dask's callback thread: move the outcome over."""
        if not mine.set_running_or_notify_cancel():
            return
        try:
            result = there.result()
        except BaseException as error:  # noqa: BLE001  # it belongs to whoever waits for the future
            mine.set_exception(_ours(error))
        else:
            mine.set_result(result)

    def _dropped(self, mine: Future[Any]) -> None:
        """Let go of dask's future at once, and take back what has not begun."""
        with self._lock:
            there = self._flying.pop(mine, None)
        if there is not None and mine.cancelled():
            there.cancel()

    def _room(self, scheduler: str, wait: float) -> int:
        """Tasks that run at once on workers with the tag; ClusterError when no such worker comes in time."""
        end = time.monotonic() + wait
        while True:
            workers: Mapping[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
            room = sum(self._places(worker) for worker in workers.values())
            if room:
                return room
            if time.monotonic() >= end:
                break
            time.sleep(_POLL)
        announced = sorted({tag for worker in workers.values() for tag in worker["resources"]})
        what = f"none of its {len(workers)} workers can evaluate {self._tag or 'anything'}"
        hint = f"announced: {', '.join(announced) or 'nothing'}; start python -m accelcore_dask.worker {scheduler}"
        raise ClusterError(what, where=scheduler, hint=hint)

    def _places(self, worker: Mapping[str, Any]) -> int:
        threads = int(worker["nthreads"])
        return min(threads, int(worker["resources"].get(self._tag, 0))) if self._tag else threads


def _no_second_victim(dask_scheduler: Any) -> None:
    """On the scheduler: report a task whose worker died instead of trying it on the next one."""
    dask_scheduler.allowed_failures = 0


def _ours(error: BaseException) -> BaseException:
    """Dask's words for a lost worker, or a lost scheduler, in ours."""
    from concurrent.futures import CancelledError as Cancelled

    from distributed import CancelledError
    from distributed.comm import CommClosedError
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker | CommClosedError | CancelledError | Cancelled):
        what = f"a worker of the cluster was lost: {' '.join(str(error).split())[:200]}"
        return WorkerLost(what, hint="another worker takes the next task")
    return error
