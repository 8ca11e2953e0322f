"""What the judge learns about one candidate, and the Evaluation that comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accelcore.errors import AccelcoreError, RunFailure
from accelcore.judge.spans import condensed
from accelcore.values import Cost, Evaluation, Fidelity, Sizes, Span, Status

if TYPE_CHECKING:
    from accelcore.values import Artifact, Task

_FEEDBACK = 2000  # characters that a proposer is shown; text that code could shape is cut, never parsed


@dataclass
class Findings:
    """Grows while a candidate is judged; `evaluation` freezes it.

    inputs: sets whose results were compared.  ratio and the like go into `metrics`.
    """

    task: Task
    artifact: Artifact
    sizes: Sizes
    fingerprint: str
    fidelity: Fidelity
    sandbox: str = ""
    inputs: int = 0
    cost: Cost | None = None
    samples: tuple[float, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    status: Status = Status.OK
    feedback: str = ""
    timeline: tuple[Span, ...] = ()

    def fail(self, status: Status, feedback: str) -> Findings:
        """Record a failure; its cost is gone."""
        self.status, self.feedback, self.cost, self.samples = status, feedback[:_FEEDBACK], None, ()
        return self

    def failed(self, error: AccelcoreError) -> Findings:
        """Record what a runner raised; anything but a RunFailure is the harness's fault."""
        if isinstance(error, RunFailure):
            return self.fail(Status(error.status), error.what)
        return self.fail(Status.HARNESS_ERROR, str(error))

    def told(self, feedback: str, metrics: Mapping[str, float], timeline: Iterable[Span] = ()) -> None:
        """Add what the runner of an accepted kernel counted: simulators say where the cycles went."""
        if self.ok:
            self.feedback = feedback[:_FEEDBACK]
            self.metrics |= metrics
            self.timeline = condensed(timeline)

    @property
    def ok(self) -> bool:
        """Nothing wrong so far."""
        return self.status is Status.OK

    def evaluation(self) -> Evaluation:
        """The verdict.  The grade is the session's to set."""
        metrics = {"inputs": float(self.inputs), **self.metrics}
        return Evaluation(
            kernel=self.artifact.kernel.digest,
            task=self.task.name,
            sizes=self.sizes,
            status=self.status,
            cost=self.cost if self.ok else None,
            fidelity=self.fidelity,
            samples=self.samples,
            metrics=tuple(metrics.items()),
            feedback=self.feedback,
            sandbox=self.sandbox,
            fingerprint=self.fingerprint,
            timeline=self.timeline if self.ok else (),
        )
