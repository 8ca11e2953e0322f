"""Fakes: a target whose kernels are points on a grid, an evaluator that costs them by a script, a bench for sessions.

A fake kernel's text is its coordinates, such as "2 5"; its moves step along one axis.  A landscape is a function from
coordinates to a cost, or to the Status that the kernel ends with; so a strategy is tested in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.errors import RunFailure
from accelcore.values import (
    Artifact,
    Cost,
    Evaluation,
    Fidelity,
    Kernel,
    Limits,
    Machine,
    Move,
    Status,
    Task,
)

if TYPE_CHECKING:
    from accelcore.protocols import Buffers
    from accelcore.session import Bench

Point = tuple[int, ...]
Landscape = Callable[[Point], float | Status]


def bowl(point: Point) -> float:
    """A landscape with one valley, at (3, 3, ...)."""
    return 1.0 + sum((x - 3) ** 2 for x in point)


def broken(point: Point) -> Status:
    """A landscape where nothing works."""
    return Status.WRONG


def half_broken(point: Point) -> float | Status:
    """The bowl, with every second point a crash; the start at (0, ...) works."""
    return Status.CRASHED if sum(point) % 2 else bowl(point)


def coordinates(kernel: Kernel) -> Point:
    """The point that a fake kernel is."""
    return tuple(int(word) for word in kernel.text.split())


@dataclass(frozen=True)
class FakeTarget:
    """A target with kernels on a grid of `axes` axes, each coordinate from 0 to `limit`."""

    axes: int = 2
    limit: int = 6

    name: ClassVar[str] = "fake"
    about: ClassVar[str] = "points on a grid, for tests"
    language: ClassVar[str] = "fake"
    knowledge: ClassVar[Path | None] = None

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def machine(self) -> Machine:
        """A machine without figures."""
        return Machine("fake")

    def lower(self, task: Task) -> Kernel:
        """The origin."""
        return self.kernel((0,) * self.axes, task)

    def kernel(self, point: Point, task: Task) -> Kernel:
        """The kernel at a point."""
        return Kernel(" ".join(map(str, point)), self.language, task.name)

    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """One step up or down along each axis, within the grid."""
        point = coordinates(kernel)
        return [
            Move(f"step({axis}, {by})", f"go {by} along axis {axis}")
            for axis in range(len(point))
            for by in (1, -1)
            if 0 <= point[axis] + by <= self.limit
        ]

    def rewrite(self, move: Move, task: Task, kernel: Kernel) -> Iterable[Kernel]:
        """The kernel one step on."""
        axis, by = (int(part) for part in move.name.removeprefix("step(").removesuffix(")").split(","))
        point = list(coordinates(kernel))
        point[axis] += by
        found = self.kernel(tuple(point), task)
        yield Kernel(found.text, found.language, found.entry, (*kernel.schedule, move.name))

    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        """None."""
        return {}


@dataclass
class FakeBench:
    """A bench that costs fake kernels by a landscape; `judged` lists the points in the order of judging."""

    landscape: Landscape = bowl
    judged: list[Point] = field(default_factory=list)

    fingerprint: ClassVar[str] = "fake"
    version: ClassVar[str] = "fake"
    timed: ClassVar[bool] = False
    batch: ClassVar[int] = 4
    lanes: ClassVar[int] = 1

    def build(self, task: Task, kernels: Sequence[Kernel]) -> Sequence[Artifact | Evaluation]:
        """Artifacts; a text that is no point does not compile."""
        return [self._built(task, kernel) for kernel in kernels]

    def _built(self, task: Task, kernel: Kernel) -> Artifact | Evaluation:
        try:
            coordinates(kernel)
        except ValueError as error:
            return _ended(task, kernel, Status.COMPILE_ERROR, str(error))
        return Artifact(kernel, "", kernel.entry)

    def judge(self, task: Task, artifact: Artifact, incumbent: Artifact | None) -> Evaluation:
        """What the landscape says; metric "ratio" against the incumbent."""
        point = coordinates(artifact.kernel)
        self.judged.append(point)
        found = self.landscape(point)
        if isinstance(found, Status):
            return _ended(task, artifact.kernel, found, f"scripted: {found}")
        ratio: tuple[tuple[str, float], ...] = ()
        if incumbent is not None:
            other = self.landscape(coordinates(incumbent.kernel))
            ratio = (("ratio", found / other),) if not isinstance(other, Status) else ()
        return Evaluation(
            artifact.kernel.digest,
            task.name,
            task.sizes[0] if task.sizes else (),
            Status.OK,
            cost=Cost(found, "cycles"),
            fidelity=Fidelity.MODELLED,
            metrics=ratio,
            fingerprint=self.fingerprint,
        )

    def close(self) -> None:
        """Nothing is open."""


def _ended(task: Task, kernel: Kernel, status: Status, text: str) -> Evaluation:
    sizes = task.sizes[0] if task.sizes else ()
    return Evaluation(kernel.digest, task.name, sizes, status, fidelity=Fidelity.MODELLED, feedback=text, log=text)


def fake_bench(landscape: Landscape = bowl) -> Bench:
    """A bench for `Session.focus`, without evaluator and judge."""
    return FakeBench(landscape)


@dataclass(frozen=True)
class FakeEvaluator:
    """An evaluator of fake kernels: every point computes the right result, at the cost of the bowl.

    Results come from the task's own summary, so that the real judge accepts them.
    """

    name: ClassVar[str] = "fake-evaluator"
    about: ClassVar[str] = "costs points of a grid, for tests"
    target: ClassVar[str] = "fake"

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def fingerprint(self) -> str:
        """Always the same."""
        return "fake"

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """As `FakeBench.build`; the artifact remembers the task."""
        return [self._built(task, kernel) for kernel in kernels]

    def _built(self, task: Task, kernel: Kernel) -> Artifact | Evaluation:
        import json

        from accelcore import codec

        found = FakeBench()._built(task, kernel)
        if isinstance(found, Evaluation):
            return found
        return Artifact(kernel, "", kernel.entry, (("task", json.dumps(codec.encode(task))),))

    def open(self, artifact: Artifact, *, limits: Limits) -> FakeRunner:
        """A runner in this process: it runs no foreign code."""
        return FakeRunner(artifact)


class FakeRunner:
    """Computes a task by its summary."""

    def __init__(self, artifact: Artifact) -> None:
        import json

        from accelcore import codec

        self._point = coordinates(artifact.kernel)
        self._task: Task = codec.decode(json.loads(dict(artifact.facts)["task"]))

    def __enter__(self) -> FakeRunner:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def call(self, batch: Sequence[Buffers], sizes: Mapping[str, int]) -> Sequence[Cost]:
        """Fill in the results of each set of buffers."""
        for buffers in batch:
            for name, value in _results(self._task, buffers, sizes).items():
                buffers[name][...] = value
        return [Cost(bowl(self._point), "cycles") for _ in batch]


def _results(task: Task, buffers: Buffers, sizes: Mapping[str, int]) -> Mapping[str, Any]:
    from accelcore.values import Summary

    if not isinstance(task.reference, Summary):
        raise RunFailure("a fake kernel needs a summary")
    from accelcore.judge.oracle import expect

    return {name: expected.value for name, expected in expect(task, buffers, sizes).items()}
