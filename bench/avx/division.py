"""How the seconds of a search divide: python bench/avx/division.py [--kernels PART,PART] [--seconds S]

Each row is searched in this process, from an empty cache, with the steps below wrapped by clocks.  A step's time is its
own: what runs inside another step counts there only.  Milliseconds of wall time for each candidate that was judged.
The judge's lane is one thread, so that its steps, and what it waits for, add up to the search; proposing and compiling
run beside it, and bound the search only where `waits for a build` says so.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from run import chosen
from searching import KERNELS
from table import Row

import accelcore
from accelcore.pipeline.progress import Event, Started

STEPS = (
    ("beside: moves and rewrites", "accelcore.loops.target:LoopTarget.moves"),
    ("beside: moves and rewrites", "accelcore.loops.target:LoopTarget.rewrite"),
    ("beside: C text", "accelcore.cgen.scheduled:emit"),
    ("beside: compiler", "accelcore.cgen.toolchain:run_compiler"),
    ("lane: waits for a build", "accelcore.session.shop:contained_built"),
    ("lane: first inputs, drawn", "accelcore.judge.pool:draw"),
    ("lane: first inputs, oracle", "accelcore.judge.pool:expect"),
    ("lane: first inputs, sensitivity", "accelcore.judge.judge:require_sensitivity"),
    ("lane: symbols of the file", "accelcore.judge.judge:deceptive"),
    ("lane: start of a process", "accelcore.sandbox.native.session:Session.__init__"),
    ("lane: load, map", "accelcore.sandbox.native.session:Session.prepare"),
    ("lane: screen, copies", "accelcore.sandbox.native.runner:NativeRunner.call"),
    ("lane: screen, calls", "accelcore.sandbox.native.session:Session.call"),
    ("lane: compare with the oracle", "accelcore.judge.screen:difference"),
    ("lane: compare with the oracle", "accelcore.judge.race:difference"),
    ("lane: compare bits", "accelcore.judge.screen:same_bits"),
    ("lane: compare bits", "accelcore.judge.race:same_bits"),
    ("lane: race, inputs shown", "accelcore.judge.race:_Sitting._turns"),
    ("lane: race, batches timed", "accelcore.sandbox.native.timed:Timed.batch"),
    ("lane: race, results kept", "accelcore.judge.race:Contender.check"),
    ("lane: race, rest", "accelcore.judge.judge:race"),
    ("lane: screen, rest", "accelcore.judge.judge:screen"),
    ("lane: journal", "accelcore.journal:Journal.put_evaluation"),
    ("lane: rest", "accelcore.judge.judge:Judge.judge"),
)
"""What is timed: its name in the table, and where it is looked up when it is called."""


class Clocks:
    """Own seconds by step and thread."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self._open = threading.local()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def running(self, step: str) -> Iterator[None]:
        """Count what happens inside, less what inner steps count."""
        stack: list[float] = self._open.__dict__.setdefault("stack", [])
        stack.append(0.0)
        began = time.perf_counter()
        try:
            yield
        finally:
            passed = time.perf_counter() - began
            inner = stack.pop()
            if stack:
                stack[-1] += passed
            with self._lock:
                self.spent[step] += passed - inner
                self.calls[step] += 1

    def wrapped(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, with its time counted."""

        @functools.wraps(function)
        def counted(*arguments: Any, **options: Any) -> Any:
            with self.running(step):
                return function(*arguments, **options)

        return counted

    def leasing(self, take: Callable[[str], Any]) -> Callable[[str], Any]:
        """A lease, with the time until it is had."""

        @contextlib.contextmanager
        def counted(device: str) -> Iterator[None]:
            with contextlib.ExitStack() as held:
                with self.running("lane: waits for the CPU's lease"):
                    held.enter_context(take(device))
                yield

        return counted


def installed() -> Clocks:
    """Clocks around every step, for the rest of this process."""
    clocks = Clocks()
    for step, place in STEPS:
        module, _, path = place.partition(":")
        owner: Any = importlib.import_module(module)
        *outer, name = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        setattr(owner, name, clocks.wrapped(step, getattr(owner, name)))
    judge: Any = importlib.import_module("accelcore.judge.judge")
    judge.lease = clocks.leasing(judge.lease)
    return clocks


def divided(row: Row, seconds: float, clocks: Clocks) -> None:
    """Search one row and print where its time went, from the first candidate until the search is over."""
    marks: list[tuple[str, float, dict[str, float], dict[str, int]]] = []

    def progress(event: Event) -> None:
        if isinstance(event, Started):
            marks.append((event.stage, time.perf_counter(), dict(clocks.spent), dict(clocks.calls)))

    with tempfile.TemporaryDirectory() as scratch:
        found = accelcore.compile(
            KERNELS / row.function, "avx", sizes=row.values, max_seconds=seconds, cache=False, runs=f"{scratch}/runs",
            out=f"{scratch}/out", progress=progress,
        )  # fmt: skip
    (_, begun, before, called), (_, ended, after, calls) = (
        next(mark for mark in marks if mark[0] == stage) for stage in ("search", "confirm")
    )
    judged, seconds = int(found.spent["evaluations"]), ended - begun
    print(f"\n{row.label} {row.sizes}: {judged} candidates in {seconds:.1f} s, {judged / seconds:.2f} a second")
    lane = sum(after[step] - before.get(step, 0.0) for step in after if step.startswith("lane") and "waits" not in step)
    print(f"  {judged / lane:.2f} a second of the judge's own work")
    for step in sorted(after):
        spent, times = (after[step] - before.get(step, 0.0)) / judged, (calls[step] - called.get(step, 0)) / judged
        print(f"  {step:34} {spent * 1e3:9.1f} ms  {times:7.1f} calls")


def main() -> int:
    """Print the division of each row that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", default="softmax,m=256 n=256 k=256,overlay f32")
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    clocks = installed()
    for row in chosen(given.kernels):
        divided(row, given.seconds, clocks)
    return 0


if __name__ == "__main__":
    sys.exit(main())
