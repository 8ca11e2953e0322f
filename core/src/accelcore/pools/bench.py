"""A bench whose kernels are built and judged by the workers of a pool."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from accelcore.errors import PluginError
from accelcore.pools.supervisor import WorkerLost
from accelcore.values import Artifact, Evaluation, Kernel, Status, Task

if TYPE_CHECKING:
    from accelcore.session import Bench

ATTEMPTS = 3
"""How often a judgement is begun that is lost with its worker.  A kernel dies in a child of the worker, never in the
worker itself, so a second loss is bad luck and a third one has a cause."""

WALL = 1800.0
"""Seconds after which nobody waits for a judgement any more; the sandbox ends a kernel long before."""


@dataclass(frozen=True)
class Facts:
    """What a worker says of its bench."""

    fingerprint: str
    version: str
    timed: bool
    batch: int


class PooledBench:
    """A `session.Bench` over any Executor.

    make: a picklable function without arguments that opens the bench in a worker, where it stays open.
    workers: how many judgements may run at the same time.

    Invariant: a judgement is one task that holds all it needs and leaves nothing behind (it builds the kernel, and the
    incumbent to race against, where it runs), so that it can be done again by another worker when its own is lost, and
    two kernels are only compared on one machine.  Workers that are unlike the first one asked are refused: costs under
    two fingerprints are never ordered.
    """

    def __init__(
        self, make: Callable[[], Bench], executor: Executor, *, workers: int = 1, wall: float = WALL, owns: bool = True
    ) -> None:
        self._make, self._executor, self._wall, self._owns = pickle.dumps(make), executor, wall, owns
        facts: Facts = self._call(_facts, self._make)
        self.fingerprint, self.version, self.timed = facts.fingerprint, facts.version, facts.timed
        self.batch, self.lanes = max(1, facts.batch), max(1, workers)

    def build(self, task: Task, kernels: Sequence[Kernel]) -> Sequence[Artifact | Evaluation]:
        """Placeholders: a kernel is built where it is judged."""
        return [Artifact(kernel, "", "") for kernel in kernels]

    def judge(self, task: Task, artifact: Artifact, incumbent: Artifact | None = None) -> Evaluation:
        """As the bench of a worker judges it."""
        return self._judged("judge", task, artifact, incumbent)

    def promote(self, task: Task, artifact: Artifact, incumbent: Artifact | None = None) -> Evaluation:
        """As `Judge.promote`, in a worker."""
        return self._judged("promote", task, artifact, incumbent)

    def close(self) -> None:
        """Let the workers go, if they are this bench's own."""
        if self._owns:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def _judged(self, verb: str, task: Task, artifact: Artifact, incumbent: Artifact | None) -> Evaluation:
        rival = incumbent.kernel if incumbent else None
        try:
            done: Evaluation = self._call(_judge, self._make, self.fingerprint, verb, task, artifact.kernel, rival)
            return done
        except WorkerLost as lost:
            what = f"its worker was lost {ATTEMPTS} times: {lost.what}"
        except FutureTimeout:
            what = f"no worker judged it within {self._wall:.0f} s"
        sizes = task.sizes[0] if task.sizes else ()
        return Evaluation(artifact.kernel.digest, task.name, sizes, Status.HARNESS_ERROR, feedback=what)

    def _call(self, work: Callable[..., Any], *arguments: Any) -> Any:
        for attempt in range(ATTEMPTS):
            future = self._executor.submit(work, *arguments)
            try:
                return future.result(timeout=self._wall)
            except WorkerLost:
                if attempt + 1 == ATTEMPTS:
                    raise
            finally:
                future.cancel()
        raise AssertionError("the last attempt returns or raises")


# In a worker.

_open: dict[bytes, Bench] = {}
_built: dict[tuple[bytes, str], Artifact] = {}
_lock = threading.Lock()


def _bench(make: bytes) -> Bench:
    with _lock:
        if make not in _open:
            _open[make] = cast("Callable[[], Bench]", pickle.loads(make))()
        return _open[make]


def _facts(make: bytes) -> Facts:
    bench = _bench(make)
    return Facts(bench.fingerprint, bench.version, bench.timed, bench.batch)


def _judge(make: bytes, fingerprint: str, verb: str, task: Task, kernel: Kernel, rival: Kernel | None) -> Evaluation:
    bench = _bench(make)
    if bench.fingerprint != fingerprint:
        raise PluginError(
            "the workers of this pool are unlike: their costs cannot be compared",
            where=bench.fingerprint,
            hint=f"give the pool workers of one kind, or tag those of this kind ({fingerprint})",
        )
    (built,) = bench.build(task, [kernel])
    if isinstance(built, Evaluation):
        return built
    judged: Evaluation = getattr(bench, verb)(task, built, _rival(make, bench, task, rival))
    return judged


def _rival(make: bytes, bench: Bench, task: Task, kernel: Kernel | None) -> Artifact | None:
    """The incumbent's artifact; the last one is kept, because most races are against it."""
    if kernel is None:
        return None
    with _lock:
        found = _built.get((make, kernel.digest))
    if found is None:
        (built,) = bench.build(task, [kernel])
        if isinstance(built, Evaluation):
            return None
        found = built
        with _lock:
            _built.clear()
            _built[make, kernel.digest] = found
    return found
