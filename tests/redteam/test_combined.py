"""Sabotage around honest code: each honest kernel, with something before or after its work that must be refused."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from accelcore.judge import Judge
from accelcore.testing.redteam import SABOTAGES, Sabotage, wrapped
from accelcore.values import Kernel, Task

KERNELS = Path(__file__).parent / "kernels"
FULL = bool(os.environ.get("ACCELCORE_FULL"))
SAMPLE = 12
"""So many combinations, others each time, are judged in a short run."""
SUFFIXES = {"c": ".c", "python": ".py"}
REFUSED = ("cheated", "wrong", "crashed", "timeout")

NATIVE = (
    Sabotage("makes a thread", after="pthread_t t; pthread_create(&t, 0, burn, 0);",
             top="#include <pthread.h>\nstatic void *burn(void *unused) { for (;;) (void)unused; return 0; }"),
    Sabotage("changes the last element of later calls",
             after="static int calls; if (++calls > 25) RESULT[COUNT - 1] = 7 - RESULT[COUNT - 1];"),
    Sabotage("writes before the start", after="RESULT[-1] = 0;"),
    Sabotage("leaves a timer", after="struct itimerval t = {{0, 100}, {0, 100}}; setitimer(ITIMER_REAL, &t, 0);",
             top="#include <sys/time.h>"),
    Sabotage("traces", before="ptrace(PTRACE_TRACEME, 0, 0, 0);", top="#include <sys/ptrace.h>"),
)  # fmt: skip
"""Beside the suite's: what only machine code can do."""


@dataclass(frozen=True)
class Combined:
    """An honest kernel and what is put around it."""

    honest: Path
    sabotage: Sabotage

    def __str__(self) -> str:
        return f"{self.honest.stem}-{self.sabotage.name}"

    @property
    def task(self) -> str:
        """The task's name, as the file's first line tells it."""
        return self.honest.read_text().splitlines()[0].split(": ")[1]

    def kernel(self, task: Task) -> Kernel:
        """The whole."""
        language = "c" if self.honest.suffix == ".c" else "python"
        entry = f"ac_{task.name}" if language == "c" else task.name
        return wrapped(task, Kernel(self.honest.read_text(), language, entry), self.sabotage)


def combinations() -> Iterator[Combined]:
    """Every honest kernel with every sabotage of its language."""
    for honest in sorted(KERNELS.glob("honest_*")):
        for sabotage in (*SABOTAGES, *NATIVE):
            if SUFFIXES.get(sabotage.language) == honest.suffix:
                yield Combined(honest, sabotage)


def refused(bench, combined: Combined, judge: Judge) -> None:
    task = bench.tasks[combined.task]
    kernel = combined.kernel(task)
    found = judge.judge(task, bench.built(task, kernel.text, kernel.language))
    assert found.status in REFUSED, f"{combined}: {found.status}: {found.feedback}"
    assert found.cost is None and found.feedback


def test_a_sample_is_refused(bench):
    every = list(combinations())
    assert len(every) >= 100
    for combined in random.sample(every, SAMPLE):
        refused(bench, combined, bench.judge)


@pytest.mark.full
@pytest.mark.skipif(not FULL, reason="a long run: make redteam")
@pytest.mark.parametrize("combined", list(combinations()), ids=str)
def test_every_one_is_refused_every_time(bench, combined):
    for _ in range(20):
        with Judge(bench.evaluator, limits=bench.judge.limits) as judge:
            refused(bench, combined, judge)
