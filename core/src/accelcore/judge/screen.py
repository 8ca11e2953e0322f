"""Screening: is what a kernel computes right, on every kind of input, at the task's sizes and at others?

The order is cheapest first, and the first failure ends it.  What a screen has accepted has computed right results for
different inputs at the same addresses, in one process, at its own sizes and at sizes that nobody named, with every
array flush against inaccessible memory, and twice the same for the same input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelcore.errors import RunFailure, SandboxError
from accelcore.judge.compare import difference, same_bits
from accelcore.judge.extents import held_out
from accelcore.judge.findings import Findings
from accelcore.judge.inputs import FAMILIES
from accelcore.judge.pool import Pool, Trial
from accelcore.protocols import Runner
from accelcore.values import Cost, Sizes, Status

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_LARGE = 1 << 22  # bytes of one set from which on fewer families are tried at the task's own sizes


@dataclass(frozen=True)
class Depth:
    """How much is tried.  families: sets at the task's first sizes.  others: sets at each further size.

    held_out: how many sizes that the task does not name.  first: number of the first set, so that a second judgement
    uses others.  full: whether one set is tried at the sizes too whose cost the runner counts in their stead.
    """

    families: int = len(FAMILIES)
    others: int = 2
    held_out: int = 3
    first: int = 0
    full: bool = False


SCREEN = Depth()
PROMOTE = Depth(families=2 * len(FAMILIES), others=3, held_out=6, first=len(FAMILIES) * 10, full=True)


Opener = Callable[[], Runner]
"""Opens the candidate in a fresh process or simulator; its runner is a context manager."""


def screen(findings: Findings, opener: Opener, pool: Pool, depth: Depth = SCREEN) -> list[Cost]:
    """Run the checks and record what they find.  Costs of the calls at the task's first sizes, if the runner counts.

    A failure of the kernel is recorded, never raised; what is the task's or a plugin's fault is raised.
    """
    try:
        with opener() as runner:
            try:
                return _Checks(findings, runner, opener, pool).all(depth)
            finally:
                findings.sandbox = getattr(runner, "sandbox", "") or findings.sandbox
                said = (getattr(runner, "feedback", ""), getattr(runner, "metrics", {}))
                findings.told(*said, getattr(runner, "timeline", ()))
    except (RunFailure, SandboxError) as error:
        findings.failed(error)
        return []


class _Checks:
    """One screening."""

    def __init__(self, findings: Findings, runner: Runner, opener: Opener, pool: Pool) -> None:
        self.findings, self.runner, self.opener, self.pool = findings, runner, opener, pool
        self.task, self.kernel = findings.task, findings.artifact.kernel
        self._costs: list[Cost] = []
        self._lend = bool(getattr(runner, "isolated", False))

    def all(self, depth: Depth) -> list[Cost]:
        plan = self._plan(depth)
        self._announce([sizes for sizes, _ in plan])
        for sizes, numbers in plan:
            for number in numbers:
                costs = self._one(self.pool.trial(sizes, number), sizes)
                if not self.findings.ok:
                    return []
                if sizes == self.findings.sizes:
                    self._costs += costs or []
        self._repeatable(self.pool.trial(self.findings.sizes, depth.first))
        return self._costs if self.findings.ok else []

    def _plan(self, depth: Depth) -> list[tuple[Sizes, range]]:
        """Sizes and set numbers.  Small sizes come first: they are the cheapest, and show the most."""
        task, kernel = self.task, self.kernel
        own = self.findings.sizes
        main = self.pool.trial(own, depth.first)
        large = sum(a.nbytes for a in main.buffers.values()) > _LARGE
        families = max(2, depth.families // 3) if large else depth.families
        first = depth.first
        others = [(s, range(first, first + depth.others)) for s in task.sizes if s != own and not large]
        unnamed = held_out(task, kernel, depth.held_out, seed=len(kernel.text), possible=self.pool.possible)
        # Held-out shapes go round the families, so that each family is seen at one of them.
        ranges = [range(first + at * depth.others, first + (at + 1) * depth.others) for at in range(len(unnamed))]
        full = [(s, range(first, first + 1)) for s in self._full(own) if depth.full]
        return [*zip(unnamed, ranges, strict=True), (own, range(first, first + families)), *others, *full]

    def _full(self, own: Sizes) -> list[Sizes]:
        """The sizes that the runner counts instead of the task's own, where there are such."""
        counted = dict(getattr(self.runner, "counted", {}))
        sizes = tuple((name, int(counted.get(name, value))) for name, value in own)
        return [sizes] if sizes != own else []

    def _announce(self, all_sizes: Sequence[Sizes]) -> None:
        """Tell a runner that can use it how large arrays will get, so that one process serves all calls."""
        reserve = getattr(self.runner, "reserve", None)
        if reserve is None:
            return
        from accelcore.judge.extents import buffer_params, shape
        from accelcore.judge.inputs import numpy_dtype

        room: dict[str, int] = {}
        for sizes in all_sizes:
            for param in buffer_params(self.task):
                size = numpy_dtype(param.dtype).itemsize
                for extent in shape(param, dict(sizes)):
                    size *= extent
                room[param.name] = max(room.get(param.name, 0), size)
        reserve(room)

    def _one(self, trial: Trial, sizes: Sizes) -> Sequence[Cost] | None:
        """One call on one set."""
        buffers = trial.fresh(lend=self._lend)
        try:
            costs = self.runner.call([buffers], dict(sizes))
        except RunFailure as failure:
            if failure.status == Status.UNSUPPORTED and sizes not in self.task.sizes:
                return None  # it says so itself, about sizes that it was never promised to take
            raise
        self.findings.inputs += 1
        if problem := self._problem(trial, buffers):
            self._refuse(trial, sizes, problem)
        return costs

    def _problem(self, trial: Trial, buffers: Mapping[str, Array]) -> str:
        """What is wrong after a call; "" for nothing."""
        results = {p.name for p in self.task.results}
        for name, array in trial.buffers.items():
            if name not in results and buffers[name] is not array and not same_bits(array, buffers[name]):
                return f"writes to its input {name}"
        for name, expected in trial.expected.items():
            if text := difference(name, buffers[name], expected, trial.windows[name]):
                return text
        return ""

    def _refuse(self, trial: Trial, sizes: Sizes, problem: str) -> None:
        """WRONG; CHEATED when the same call is right in a fresh process, so that earlier calls must have decided."""
        where = f"{problem} ({trial.family} inputs, {_sizes_text(sizes)})"
        if self.findings.inputs > 1 and self._right_alone(trial, sizes):
            text = f"answers depend on earlier calls: {where}, but right in a fresh process"
            self.findings.fail(Status.CHEATED, text)
        else:
            self.findings.fail(Status.WRONG, where)

    def _right_alone(self, trial: Trial, sizes: Sizes) -> bool:
        buffers = trial.fresh()
        try:
            with self.opener() as runner:
                runner.call([buffers], dict(sizes))
        except RunFailure:
            return False
        return not self._problem(trial, buffers)

    def _repeatable(self, trial: Trial) -> None:
        """Bitwise the same results when called again on an input seen before."""
        again = [trial.fresh(lend=self._lend), trial.fresh(lend=self._lend)]
        for buffers in again:
            self.runner.call([buffers], dict(trial.sizes))
        for name in trial.expected:
            if not same_bits(again[0][name], again[1][name]):
                self.findings.fail(Status.WRONG, f"{name} differs between two calls on the same input")
                return


def _sizes_text(sizes: Sizes) -> str:
    return ", ".join(f"{name}={value}" for name, value in sizes) or "no sizes"
