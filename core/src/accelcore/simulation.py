"""Evaluators whose machine is a simulator in this process: what they share, so that a plugin writes only its machine.

    class Model(SimulatedEvaluator):
        name, about, target = "mychip-model", "counts cycles", "mychip"

        def load(self, task, kernel): ...             # text to a program, or ValueError saying what is wrong with it
        def execute(self, program, buffers, sizes, clock): ...    # results into the buffers; its Account

Kernels are data here: what `load` returns is interpreted, never run as code of this machine (`exec`, `ctypes`), for it
was written by whoever wrote the kernel.  Code belongs in a child of `accelcore.sandbox`.  A program may be as malicious
as it likes: it sees only the arrays of its own call, and the clock ends what does not end.
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.errors import AccelcoreError, RunFailure
from accelcore.values import Artifact, Cost, Evaluation, Fidelity, Kernel, Limits, Span, Status, Task

if TYPE_CHECKING:
    from accelcore.protocols import Buffers, Runner

__all__ = ["Account", "Clock", "SimulatedEvaluator"]

_LOOK = 64  # ticks between two looks at the clock


@dataclass(frozen=True)
class Account:
    """What one execution cost, and where the cost went.

    feedback: for people and models.  metrics: by name.  timeline: work of each engine, in the unit of the cost.
    """

    cost: Cost
    feedback: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    timeline: Sequence[Span] = ()


class Clock:
    """Ends an execution that takes too long; a simulator calls `tick` for every instruction."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._ticks = 0

    def tick(self) -> None:
        """Raises RunFailure with status timeout when the time is over."""
        self._ticks += 1
        if self._ticks % _LOOK == 0 and time.monotonic() > self._end:
            raise RunFailure("its program takes too long to simulate", status=Status.TIMEOUT)


@dataclass(frozen=True)
class SimulatedEvaluator:
    """Base of evaluators that simulate; subclasses set the class variables and write `execute`.

    affordable: operations of one call at sizes that nobody named; a kernel is called some thirty times to be judged.
    """

    name: ClassVar[str] = ""
    about: ClassVar[str] = ""
    target: ClassVar[str] = ""
    fidelity: ClassVar[str] = Fidelity.SIMULATED
    affordable: ClassVar[float] = 1e6

    def load(self, task: Task, kernel: Kernel) -> Any:
        """The kernel as what `execute` takes: the lines of a listing, unless the machine has a language of its own.

        ValueError or an AccelcoreError says what is wrong with the text.
        """
        from accelcore.loops.listing import parse

        return parse(kernel.text)

    def execute(self, program: Any, buffers: Buffers, sizes: Mapping[str, int], clock: Clock) -> Account:
        """Run a program once: write its results into their arrays.

        Raises RunFailure when it breaks a rule of the machine; any other exception ends the kernel as CRASHED.

        buffers: an array for each parameter of the task, scalars of shape ().  sizes: the values of all sizes.
        """
        raise NotImplementedError

    def missing(self) -> Sequence[str]:
        """Nothing: a simulator in this process needs no tool."""
        return ()

    def fingerprint(self) -> str:
        """Name, version of the plugin and options: costs under other fingerprints are not comparable."""
        package = importlib.import_module(type(self).__module__.partition(".")[0])
        options = "".join(f", {f.name}={getattr(self, f.name)}" for f in fields(self))
        return f"{self.name} {getattr(package, '__version__', '0')}{options}"

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """An artifact for each kernel that loads, COMPILE_ERROR with the reason for every other."""
        return [self._built(task, kernel) for kernel in kernels]

    def _built(self, task: Task, kernel: Kernel) -> Artifact | Evaluation:
        from accelcore import codec

        try:
            self.load(task, kernel)
        except (ValueError, AccelcoreError) as error:
            sizes = task.sizes[0] if task.sizes else ()
            log, fidelity = str(error) or type(error).__name__, Fidelity(self.fidelity)
            return Evaluation(kernel.digest, task.name, sizes, Status.COMPILE_ERROR, fidelity=fidelity, log=log)
        return Artifact(kernel, "", kernel.entry, (("task", json.dumps(codec.encode(task))),))

    def open(self, artifact: Artifact, *, limits: Limits) -> Runner:
        """A runner in this process."""
        from accelcore import codec

        task = codec.decode(json.loads(dict(artifact.facts)["task"]))
        return _Simulation(self, self.load(task, artifact.kernel), limits)


class _Simulation:
    """Runs one program; it tells the account of its last call, which the judge makes at the task's own sizes."""

    def __init__(self, evaluator: SimulatedEvaluator, program: Any, limits: Limits) -> None:
        self._evaluator, self._program, self._limits = evaluator, program, limits
        self.feedback, self.metrics, self.timeline = "", dict[str, float](), tuple[Span, ...]()

    def __enter__(self) -> _Simulation:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def call(self, batch: Sequence[Buffers], sizes: Mapping[str, int]) -> Sequence[Cost]:
        """One execution for each set of buffers."""
        return [self._one(buffers, sizes) for buffers in batch]

    def _one(self, buffers: Buffers, sizes: Mapping[str, int]) -> Cost:
        try:
            account = self._evaluator.execute(self._program, buffers, sizes, Clock(self._limits.seconds))
        except RunFailure:
            raise
        except Exception as error:  # a program is anybody's text: what the simulator did not foresee ends it alone
            what = f"the simulator cannot execute it: {type(error).__name__}: {error}"
            raise RunFailure(what, status=Status.CRASHED) from error
        self.feedback, self.metrics = account.feedback, dict(account.metrics)
        self.timeline = tuple(account.timeline)
        return account.cost
