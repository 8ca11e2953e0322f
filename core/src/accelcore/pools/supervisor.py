"""Worker processes that may die, under a supervisor that does not.

The standard ProcessPoolExecutor is broken for good by the first worker that dies.  Here a death costs one task: its
future gets WorkerLost, and the next task gets a new worker.  Workers are fresh interpreters, not forks, so that threads
and locks of the parent are no matter, and the caller's main module is not run again.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Lock, local
from typing import IO, Any

from accelcore.errors import AccelcoreError
from accelcore.pools.threads import DaemonThreads

HEADER = struct.Struct("<Q")


class WorkerLost(AccelcoreError):
    """The worker process ended while it ran this task."""

    exit_code = 1


class Supervisor(Executor):
    """An Executor over worker processes.

    Invariant: each thread of `_threads` owns at most one worker and gives it one task at a time, so a task that is lost
    is lost alone.  Tasks and results are pickled: the function must be importable by name.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._threads = DaemonThreads(workers, "accelcore-supervisor")
        self._mine = local()
        self._workers: set[_Worker] = set()
        self._lock = Lock()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As concurrent.futures says."""
        return self._threads.submit(self._run, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As concurrent.futures says; without `wait`, workers are killed in the middle of their tasks."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        with self._lock:
            workers, self._workers = self._workers, set()
        for worker in workers:
            worker.end()

    def _run(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        task = pickle.dumps((fn, args, kwargs))
        worker: _Worker | None = getattr(self._mine, "worker", None)
        if worker is None or not worker.is_alive:
            worker = self._mine.worker = _Worker()
            with self._lock:
                self._workers.add(worker)
        try:
            is_result, value = worker.call(task)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            with self._lock:
                self._workers.discard(worker)
            raise WorkerLost(worker.end(), hint="the next task gets a new worker") from error
        if is_result:
            return value
        raise value


class _Worker:
    """One process and the pipes to it."""

    def __init__(self) -> None:
        # Not `-m`: the worker must find the same packages as this process, wherever they came from.
        code = f"import sys; sys.path[:] = {sys.path!r}; from accelcore.pools.supervisor import serve; serve()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def call(self, task: bytes) -> tuple[bool, Any]:
        """(True, result) or (False, exception)."""
        assert self._process.stdin is not None and self._process.stdout is not None
        write_frame(self._process.stdin, task)
        answer: tuple[bool, Any] = pickle.loads(read_frame(self._process.stdout))
        return answer

    def end(self) -> str:
        """Kill it with everything that it started; how it ended, in words."""
        try:
            code = self._process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            code = None
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (OSError, AttributeError):  # nothing of it is left, or no process groups on this platform
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # unsent bytes of a task that nobody reads any more
                    continue
        if code is None:
            return "a worker stopped answering"
        return f"a worker ended with {f'signal {-code}' if code < 0 else f'exit status {code}'}"


def write_frame(pipe: IO[bytes], data: bytes) -> None:
    """Length, then bytes."""
    pipe.write(HEADER.pack(len(data)) + data)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> bytes:
    """The bytes of one frame; EOFError when the other end is gone."""
    head = pipe.read(HEADER.size)
    if len(head) < HEADER.size:
        raise EOFError
    size = HEADER.unpack(head)[0]
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data


def serve() -> None:
    """The worker's loop: one task at a time from standard input, until the supervisor is gone.

    What tasks print goes to standard error, so that it cannot be mistaken for a frame.
    """
    from queue import SimpleQueue
    from threading import Thread

    tasks: SimpleQueue[bytes] = SimpleQueue()
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def listen() -> None:
        try:
            while True:
                tasks.put(read_frame(source))
        except EOFError:
            os._exit(0)  # in the middle of a task too: nobody waits for it

    Thread(target=listen, daemon=True).start()
    while True:
        write_frame(sink, _answer(tasks.get()))


def _answer(task: bytes) -> bytes:
    try:
        fn, args, kwargs = pickle.loads(task)
        return pickle.dumps((True, fn(*args, **kwargs)))
    except BaseException as error:  # noqa: BLE001  # it belongs to whoever waits for the future
        try:
            return pickle.dumps((False, error))
        except Exception:  # noqa: BLE001  # an exception with something inside that does not pickle
            return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
