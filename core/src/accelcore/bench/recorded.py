"""A journal as the machine: the kernels of a recorded run with their costs, to search in without hardware or money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from accelcore.errors import JournalError
from accelcore.journal import reader
from accelcore.proposers.rules import RulesProposer
from accelcore.protocols import Proposer
from accelcore.session.standing import Standing
from accelcore.values import Artifact, Candidate, Cost, Evaluation, Fidelity, Kernel, Machine, Move, Status, Task


@dataclass(frozen=True)
class Recorded:
    """A target and a bench in one, made of a run: the moves of a kernel lead to the children that it had there.

    The cost of a kernel is its cost over the start's as that run compared them (for a timed device by ratios measured
    side by side), so it holds no time of one sitting against a time of another.  A search sees the recorded kernels and
    no others: strategies are compared on how soon they find the best of them, not on what else they might have found.
    """

    name: str
    recorded: Task
    candidates: tuple[Candidate, ...]
    evaluations: tuple[tuple[Evaluation, str | None], ...]

    knowledge: ClassVar[Path | None] = None
    version: ClassVar[str] = "1"
    timed: ClassVar[bool] = False
    batch: ClassVar[int] = 8
    lanes: ClassVar[int] = 1
    about: ClassVar[str] = "the kernels of a recorded run"

    @classmethod
    def read(cls, path: Path | str) -> Recorded:
        """From the journal of a run (its folder or file); JournalError when no kernel of it was measured."""
        run = reader.read(path)
        if run.task is None or not run.candidates:
            raise JournalError("this run searched for no kernel", where=str(path))
        found = cls(run.id, run.task, run.candidates, reader.raced(path))
        if found.start.digest not in found.costs:
            raise JournalError("the kernel that this run began with has no cost", where=str(path))
        return found

    @property
    def start(self) -> Candidate:
        """The kernel that the run began with."""
        return self.candidates[0]

    @property
    def optimum(self) -> float:
        """The smallest recorded cost."""
        return min(self.costs.values())

    @cached_property
    def costs(self) -> Mapping[str, float]:
        """Costs over the start's, by digest, of the kernels that are right and comparable with it."""
        raced = any(evaluation.metric("ratio") is not None for evaluation, _ in self.evaluations)
        standing = Standing(timed=raced)
        for evaluation, incumbent in self.evaluations:
            standing.add(evaluation, incumbent)
        first = standing.relative(self.start.digest)
        found = {digest: standing.relative(digest) for digest in self._known}
        return {digest: cost / first for digest, cost in found.items() if cost is not None and first}

    def proposer(self, seed: int) -> Proposer:
        """What searches here ask: the recorded children."""
        return RulesProposer()

    # As a target.

    @property
    def language(self) -> str:
        """Of the recorded kernels."""
        return self.start.kernel.language

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def machine(self) -> Machine:
        """None."""
        return Machine(self.name)

    def task(self) -> Task:
        """The task of the run."""
        return self.recorded

    def lower(self, task: Task) -> Kernel:
        """The start."""
        return self.start.kernel

    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """One move for each recorded child, in the order in which they were judged."""
        return [Move(child.digest, child.plan) for child in self._children.get(kernel.digest, {}).values()]

    def rewrite(self, move: Move, task: Task, kernel: Kernel) -> Iterable[Kernel]:
        """The child."""
        child = self._children.get(kernel.digest, {}).get(move.name)
        return [child.kernel] if child else []

    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        """None."""
        return {}

    # As a bench.

    @property
    def fingerprint(self) -> str:
        """Of the run."""
        return f"recorded {self.name}"

    def build(self, task: Task, kernels: Sequence[Kernel]) -> Sequence[Artifact | Evaluation]:
        """Nothing is built."""
        return [Artifact(kernel, "", "") for kernel in kernels]

    def judge(self, task: Task, artifact: Artifact, incumbent: Artifact | None) -> Evaluation:
        """The recorded status and cost; UNSUPPORTED for a kernel that the run did not judge."""
        digest = artifact.kernel.digest
        known, cost = self._known.get(digest), self.costs.get(digest)
        status = known.status if known else Status.UNSUPPORTED
        if cost is None:
            said = known.feedback if known else "the recorded run did not judge this kernel"
            status = Status.HARNESS_ERROR if status is Status.OK else status
            return Evaluation(digest, task.name, (), status, fingerprint=self.fingerprint, feedback=said)
        return Evaluation(
            digest,
            task.name,
            (),
            status,
            cost=Cost(cost, "times the start"),
            fidelity=Fidelity.MODELLED,
            fingerprint=self.fingerprint,
            feedback=known.feedback if known else "",
        )

    def promote(self, task: Task, artifact: Artifact, incumbent: Artifact | None = None) -> Evaluation:
        """The same: a record is no second sitting."""
        return self.judge(task, artifact, incumbent)

    def close(self) -> None:
        """Nothing is open."""

    # Plumbing.

    @cached_property
    def _known(self) -> Mapping[str, Evaluation]:
        return {evaluation.kernel: evaluation for evaluation, _ in self.evaluations}

    @cached_property
    def _children(self) -> Mapping[str, Mapping[str, Candidate]]:
        found: dict[str, dict[str, Candidate]] = {}
        for candidate in self.candidates:
            if candidate.parent is not None:
                found.setdefault(candidate.parent, {}).setdefault(candidate.digest, candidate)
        return found
