"""Honest kernels are accepted: the small tasks as plain loops, and rewritten by random walks over moves."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

import pytest

from accelcore.errors import UnsupportedLowering
from accelcore.judge import Judge
from accelcore.platforms.c import CEvaluator, CTarget
from accelcore.testing.tasks import small_tasks
from accelcore.values import Evaluation, Kernel, Limits, Status, Task

FULL = bool(os.environ.get("ACCELCORE_FULL"))
WALKS = 6
"""Rewritten kernels of each task, beside the plain one: 70 kernels in all."""
SAMPLE = 8
"""So many of them, others each time, are judged in a short run."""
TARGET = CTarget()


@dataclass(frozen=True)
class Honest:
    """A task and the number of a kernel of it: 0 is the plain one, others are walks of a few moves."""

    task: Task
    number: int

    def __str__(self) -> str:
        return f"{self.task.name}-{self.number}"

    def kernel(self) -> Kernel:
        """The same for the same number."""
        draw = random.Random(f"{self}")
        kernel = TARGET.lower(self.task)
        for _ in range(draw.randint(1, 4) if self.number else 0):
            moves = TARGET.moves(self.task, kernel)
            if not moves:
                break
            try:
                found = list(TARGET.rewrite(draw.choice(moves), self.task, kernel))
            except UnsupportedLowering:
                continue
            kernel = found[0] if found else kernel
        return kernel


CORPUS = [Honest(small.task, number) for small in small_tasks() for number in range(WALKS + 1)]


def judged(honest: Honest, times: int) -> None:
    """Accepted so many times, by a judge with new secrets each time."""
    evaluator, limits = CEvaluator(), Limits(seconds=10.0)
    built = evaluator.build(honest.task, [honest.kernel()], limits=Limits(60))[0]
    assert not isinstance(built, Evaluation), built.log
    for _ in range(times):
        with Judge(evaluator, limits=limits) as judge:
            found = judge.judge(honest.task, built)
        assert found.status is Status.OK, f"{found.status}: {found.feedback}\n{built.kernel.schedule}"


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 60
    assert len({h.kernel().digest for h in CORPUS}) >= 40, "walks that end at the same kernel try nothing new"


@pytest.mark.skipif(bool(CEvaluator().missing()), reason="no C compiler")
def test_a_sample_is_accepted() -> None:
    for honest in random.sample(CORPUS, SAMPLE):
        judged(honest, 1)


@pytest.mark.full
@pytest.mark.skipif(not FULL, reason="a long run: make redteam")
@pytest.mark.parametrize("honest", CORPUS, ids=str)
def test_every_one_is_accepted_every_time(honest: Honest) -> None:
    judged(honest, 50)
