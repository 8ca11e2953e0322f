"""Daemon threads as an Executor, for work that waits: for compilers, for a judge's child, for a model.

The standard ThreadPoolExecutor would do but for one thing: at interpreter exit it joins its threads, and a thread that
waits for a model can wait for minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

_Task = tuple["Future[Any]", Callable[[], Any]]


class DaemonThreads(Executor):
    """An Executor over daemon threads, started when they are first needed.

    Invariant: a task that raises, even SystemExit or KeyboardInterrupt, ends as its future's exception and its thread
    takes the next one; so no task can take the pool down.
    """

    def __init__(self, workers: int, name: str) -> None:
        self._limit, self._name = max(1, workers), name
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._idle = 0
        self._lock = Lock()
        self._is_shut = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As concurrent.futures says."""
        future: Future[Any] = Future()
        with self._lock:
            if self._is_shut:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._tasks.put((future, lambda: fn(*args, **kwargs)))
            if self._idle:
                self._idle -= 1
            elif len(self._threads) < self._limit:
                thread = Thread(target=self._run, name=f"{self._name}-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As concurrent.futures says; without `wait`, running tasks are left to end or to die with the process."""
        with self._lock:
            self._is_shut = True
            if cancel_futures:
                self._cancel_waiting()
            for _ in self._threads:
                self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _cancel_waiting(self) -> None:
        while not self._tasks.empty():
            task = self._tasks.get()
            if task is not None:
                task[0].cancel()

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            future, work = task
            finish, outcome = _done(future, work)
            with self._lock:  # before the result is out: whoever waits for it may submit the next task at once
                self._idle += 1
            finish(outcome)
            del task, future, work, finish, outcome  # an idle thread keeps nothing alive


def _done(future: Future[Any], work: Callable[[], Any]) -> tuple[Callable[[Any], None], Any]:
    """The task carried out: how to say so, and what."""
    if not future.set_running_or_notify_cancel():
        return lambda _: None, None
    try:
        return future.set_result, work()
    except BaseException as error:  # noqa: BLE001  # it belongs to whoever waits for the future
        return future.set_exception, error
