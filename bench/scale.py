"""How a search grows from one worker to a thousand: a discrete-event simulation with inputs measured here.

    python bench/scale.py

Measures what one evaluation costs the searching process (candidate, journal, dispatch to a pool), checks the simulation
against real searches over local worker processes, and prints what it says of more workers than there are here.  The
table of docs/scale.md is its output.
"""

from __future__ import annotations

import heapq
import random
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from statistics import mean
from typing import Any

from accelcore.bench import Landscape, ScriptedProposer, landscapes
from accelcore.journal import Journal
from accelcore.pools.bench import PooledBench
from accelcore.pools.supervisor import Supervisor
from accelcore.session import Session
from accelcore.values import Budget, Candidate, Phase

GEMM = next(land for land in landscapes() if land.name == "gemm")


@dataclass(frozen=True)
class Search:
    """What is simulated; all times in seconds.

    A step asks for `beam` x `plans` plans and `codes` kernels of each, as `autocomp` does.  answer: mean of a model's
    latency (gamma-distributed, shape 4, as answers differ in length).  judge: what a worker takes for one kernel.
    own: work of the searching process for each evaluation, which is serial.  calls: model calls in flight at most.
    """

    beam: int = 4
    plans: int = 4
    codes: int = 2
    steps: int = 8
    answer: float = 20.0
    judge: float = 10.0
    own: float = 0.002
    calls: int = 32
    workers: int = 1

    @property
    def evaluations(self) -> int:
        """Kernels that are judged: the first step has one parent."""
        return self.plans * self.codes * (1 + self.beam * (self.steps - 1))


class Clock:
    """Events in the order of their time; ties in the order of their making."""

    def __init__(self) -> None:
        self.now, self._events, self._number = 0.0, list[tuple[float, int, Callable[[], None]]](), 0

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (self.now + seconds, self._number, work))

    def run(self) -> float:
        """The time of the last event."""
        while self._events:
            self.now, _, work = heapq.heappop(self._events)
            work()
        return self.now


class Places:
    """A resource with so many places and a queue in order of arrival."""

    def __init__(self, clock: Clock, places: int) -> None:
        self._clock, self._free = clock, places
        self._queue: deque[tuple[float, Callable[[], None]]] = deque()
        self.busy = 0.0

    def take(self, seconds: float, then: Callable[[], None]) -> None:
        """Hold a place for so long, then go on."""
        self._queue.append((seconds, then))
        self._next()

    def _next(self) -> None:
        if self._free and self._queue:
            self._free -= 1
            seconds, then = self._queue.popleft()
            self.busy += seconds
            self._clock.after(seconds, partial(self._done, then))

    def _done(self, then: Callable[[], None]) -> None:
        self._free += 1
        then()
        self._next()


def simulate(search: Search, seed: int = 0) -> tuple[float, float]:
    """Wall seconds of a search, and the part of it in which a worker is busy."""
    clock, draw = Clock(), random.Random(seed)
    model, workers, own = (Places(clock, n) for n in (search.calls, search.workers, 1))

    def answer() -> float:
        return draw.gammavariate(4, search.answer / 4) if search.answer else 0.0

    def step(number: int) -> None:
        if number == search.steps:
            return
        parents = 1 if number == 0 else search.beam
        left = parents * search.plans * search.codes

        def judged() -> None:
            nonlocal left
            left -= 1
            if not left:
                step(number + 1)

        def written() -> None:
            own.take(search.own, lambda: workers.take(search.judge, judged))

        def planned() -> None:
            for _ in range(search.codes):
                model.take(answer(), written)

        for _ in range(parents * search.plans):
            model.take(answer(), planned)

    step(0)
    wall = clock.run()
    return wall, workers.busy / (wall * search.workers)


# What is measured here.


@dataclass(frozen=True)
class Sleeper:
    """A landscape whose kernels take a while."""

    seconds: float

    def __getattr__(self, name: str) -> Any:
        return getattr(GEMM, name)

    def judge(self, task: Any, artifact: Any, incumbent: Any) -> Any:
        time.sleep(self.seconds)
        return GEMM.judge(task, artifact, incumbent)


def sleeper(seconds: float) -> Any:
    return Sleeper(seconds)


@contextmanager
def session(land: Landscape, bench: Any) -> Iterator[tuple[Session, Candidate]]:
    with tempfile.TemporaryDirectory() as folder:
        proposers, budget = [ScriptedProposer(land, 1)], Budget()
        with Session(Journal.create(folder, seed=1), proposers=proposers, budget=budget) as opened:
            opened.focus(land.task(), land, bench)
            yield opened, opened.start(land.lower(opened.task))


def points(count: int) -> list[Candidate]:
    """Distinct kernels."""
    draw = random.Random(1)
    texts = {tuple(draw.choice(s.values) for s in GEMM.settings) for _ in range(4 * count)}
    names = [s.name for s in GEMM.settings]
    return [Candidate(GEMM.kernel(dict(zip(names, row, strict=True)))) for row in sorted(texts)[:count]]


def measured(workers: int, judge: float, count: int = 64) -> float:
    """Wall seconds of `count` evaluations over local workers, after they are up."""
    bench = PooledBench(partial(sleeper, judge), Supervisor(workers), workers=workers)
    with session(GEMM, bench) as (opened, _):
        for _ in opened.evaluate(points(4 * workers)):  # all workers are up
            pass
        begun = time.monotonic()
        for _ in opened.evaluate(points(count + 4 * workers)):
            pass
        return time.monotonic() - begun


def own_work(count: int = 400) -> float:
    """Seconds of CPU in the searching process for each evaluation: plan, candidate, dispatch to a worker, journal."""
    bench = PooledBench(partial(sleeper, 0.0), Supervisor(2), workers=2)
    with session(GEMM, bench) as (opened, start):
        for _ in opened.evaluate(points(8)):
            pass
        begun = time.process_time()
        asked = opened.request(Phase.PLAN, start)
        for _ in opened.propose([asked], n=count // 2):
            pass
        judged = sum(1 for _ in opened.evaluate(points(count)))
        return (time.process_time() - begun) / judged


def main() -> None:
    own = mean(own_work() for _ in range(3))
    print(f"own work per evaluation: {1e3 * own:.2f} ms CPU (journal on the disk, dispatch to local workers)\n")
    print("64 evaluations of 50 ms over local workers: measured, simulated")
    for workers in (1, 2, 4, 8):
        real = min(measured(workers, 0.05) for _ in range(2))
        plain = Search(beam=1, plans=64, codes=1, steps=1, answer=0.0, judge=0.05, own=own, workers=workers)
        print(f"  {workers:>4} workers   {real:6.2f} s   {simulate(plain)[0]:6.2f} s")
    print_growth(own)


def print_growth(own: float) -> None:
    """Simulated searches with a model of 20 s an answer and kernels of 10 s."""
    print("\nmodel 20 s, kernel 10 s: hours of a search of 8 steps, part of the time in which a worker is busy")
    head = ("workers", "beam 4, 32 calls", "beam 64, 512 calls", "beam 1000, 8000 calls")
    print("  " + "".join(f"{title:>24}" for title in head))
    for workers in (1, 4, 16, 64, 256, 1000):
        cells = []
        for beam, calls in ((4, 32), (64, 512), (1000, 8000)):
            wall, busy = simulate(replace(Search(own=own), workers=workers, beam=beam, calls=calls))
            cells.append(f"{wall / 3600:.2f} h, {busy:.0%}")
        print(f"  {workers:>24}" + "".join(f"{cell:>24}" for cell in cells))


if __name__ == "__main__":
    import scale  # workers find functions by the module's name, which is not __main__ for them

    scale.main()
