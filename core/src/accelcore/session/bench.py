"""The seam between a search and the judge: everything a session needs to know about building and judging."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from threading import Lock
from typing import Protocol

from accelcore.errors import AccelcoreError
from accelcore.values import Artifact, Evaluation, Kernel, Status, Task


class Bench(Protocol):
    """An evaluator with the judge in front of it, for one task.  Its methods are called from several threads.

    timed: costs are wall times of a device, so kernels are ordered by ratios that were measured side by side; else
    costs are exact (simulated, modelled) and are compared as they are.
    """

    @property
    def fingerprint(self) -> str:
        """The evaluator's: costs under other fingerprints are never ordered."""

    @property
    def version(self) -> str:
        """Of the judge: part of every evaluation key."""

    @property
    def timed(self) -> bool:
        """Whether costs are measured times."""

    @property
    def batch(self) -> int:
        """Most kernels that are built together."""

    @property
    def lanes(self) -> int:
        """How many kernels may be judged at the same time; 1 where there is one device, and it is timed."""

    def build(self, task: Task, kernels: Sequence[Kernel]) -> Sequence[Artifact | Evaluation]:
        """Artifacts in the order of the kernels, or the Evaluation of one that could not be built."""

    def judge(self, task: Task, artifact: Artifact, incumbent: Artifact | None) -> Evaluation:
        """Screen one artifact and race it; metric "ratio" is its cost over the incumbent's, measured side by side."""

    def close(self) -> None:
        """Remove built files and end children."""


Built = Artifact | Evaluation


class Builder:
    """Builds kernels in the background, batching what is waiting.

    Invariant: every submitted kernel is in exactly one batch.  The first kernel is built at once, alone; while builders
    are busy kernels gather, so batches grow with the load and an idle machine never waits for a batch to fill.
    """

    def __init__(self, bench: Bench, task: Task, pool: Executor) -> None:
        self._bench, self._task, self._pool = bench, task, pool
        self._waiting: deque[tuple[Kernel, Future[Built]]] = deque()
        self._lock = Lock()

    def submit(self, kernel: Kernel) -> Future[Built]:
        """The artifact, or the evaluation of a kernel that could not be built."""
        future: Future[Built] = Future()
        with self._lock:
            self._waiting.append((kernel, future))
        self._pool.submit(self._work)
        return future

    def _work(self) -> None:
        with self._lock:
            count = min(len(self._waiting), max(1, self._bench.batch))
            batch = [self._waiting.popleft() for _ in range(count)]
        batch = [(kernel, future) for kernel, future in batch if future.set_running_or_notify_cancel()]
        if not batch:  # an earlier call took these kernels along, or nobody wants them any more
            return
        try:
            built = self._bench.build(self._task, [kernel for kernel, _ in batch])
        except BaseException as error:  # noqa: BLE001  # it belongs to whoever waits for the kernel
            for _, future in batch:
                future.set_exception(error)
            return
        for (_, future), result in zip(batch, built, strict=True):
            future.set_result(result)


def contained(work: Callable[[], Evaluation], kernel: Kernel, task: Task) -> Evaluation:
    """The evaluation; a plugin that raises anything but an AccelcoreError makes a HARNESS_ERROR of it."""
    try:
        return work()
    except AccelcoreError:
        raise
    except Exception as error:  # noqa: BLE001  # an evaluator is somebody else's code; the search must live
        log = "".join(traceback.format_exception(error))[-4000:]
        sizes = task.sizes[0] if task.sizes else ()
        return Evaluation(kernel.digest, task.name, sizes, Status.HARNESS_ERROR, feedback=repr(error), log=log)
