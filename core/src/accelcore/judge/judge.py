"""The judge of one evaluator: the only thing that opens its runners, compares, races, and makes Evaluations.

    judge = Judge(evaluator, interpret=translator.interpret)
    for built in judge.build(task, kernels):
        if isinstance(built, Artifact):
            evaluation = judge.judge(task, built, incumbent)
    judge.promote(task, champion, incumbent)

`Judge` is a `session.Bench`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from accelcore.errors import RunFailure, SandboxError
from accelcore.judge.findings import Findings
from accelcore.judge.floor import floor
from accelcore.judge.lease import lease
from accelcore.judge.oracle import Interpreter
from accelcore.judge.pool import Pool
from accelcore.judge.race import Contender, Result, race
from accelcore.judge.screen import PROMOTE, SCREEN, Depth, screen
from accelcore.judge.sensitivity import require_sensitivity
from accelcore.judge.symbols import deceptive
from accelcore.protocols import Evaluator, Runner
from accelcore.sandbox.native import NativeRunner
from accelcore.values import Artifact, Cost, Evaluation, Fidelity, Kernel, Limits, Sizes, Status, Task, digest_of

VERSION = "1"
"""Part of every evaluation key: changes when equal kernels may be judged differently."""

_PROMOTION_ROUNDS = 41


class Judge:
    """Judges kernels of one evaluator.  Thread-safe: what is timed is serialised by the device's lease.

    limits: of one call.  seed: of the secret inputs; drawn when not given, and only tests give one.
    """

    version = VERSION

    def __init__(
        self, evaluator: Evaluator, *, limits: Limits | None = None, interpret: Interpreter | None = None,
        seed: int | None = None, batch: int = 16, lanes: int = 1,
    ) -> None:  # fmt: skip
        self.evaluator, self.limits, self.interpret = evaluator, limits or Limits(), interpret
        self.fidelity = Fidelity(getattr(evaluator, "fidelity", Fidelity.HARDWARE))
        self.fingerprint = evaluator.fingerprint()
        self.timed = self.fidelity is Fidelity.HARDWARE
        self.batch, self.lanes = batch, 1 if self.timed else lanes
        self._seed = seed
        self._pools: dict[str, Pool] = {}
        self._contenders: dict[str, Contender] = {}
        self._lock = threading.Lock()

    def build(self, task: Task, kernels: Sequence[Kernel]) -> Sequence[Artifact | Evaluation]:
        """Have the evaluator build a batch, in order.

        An evaluator may say that a kernel does not build, never that it is right: what claims to be OK and
        what is missing are the harness's errors.
        """
        built = list(self.evaluator.build(task, kernels, limits=self.limits))
        if len(built) != len(kernels):
            what = f"{self.evaluator.name} built {len(built)} of {len(kernels)} kernels"
            return [self._harness_error(task, kernel, what) for kernel in kernels]
        return [self._sound(task, kernel, one) for kernel, one in zip(kernels, built, strict=True)]

    def _sound(self, task: Task, kernel: Kernel, built: Artifact | Evaluation) -> Artifact | Evaluation:
        if isinstance(built, Artifact):
            return built
        if built.status is Status.OK:
            return self._harness_error(task, kernel, f"{self.evaluator.name} says OK of a kernel that was not judged")
        return built

    def _harness_error(self, task: Task, kernel: Kernel, what: str) -> Evaluation:
        sizes: Sizes = task.sizes[0] if task.sizes else ()
        findings = Findings(task, Artifact(kernel, "", kernel.entry), sizes, self.fingerprint, self.fidelity)
        return findings.fail(Status.HARNESS_ERROR, what).evaluation()

    def judge(self, task: Task, artifact: Artifact, incumbent: Artifact | None = None) -> Evaluation:
        """Screen one artifact, then cost it; metric "ratio" is its cost over the incumbent's, side by side."""
        return self._evaluate(task, artifact, incumbent, self._pool(task), SCREEN)

    def promote(self, task: Task, artifact: Artifact, incumbent: Artifact | None = None) -> Evaluation:
        """Judge a champion once more: fresh processes, new secret inputs, more held-out sizes, more pairs."""
        pool = Pool(task, seed=None if self._seed is None else self._seed + 1, interpret=self.interpret)
        try:
            require_sensitivity(pool)
            return self._evaluate(task, artifact, incumbent, pool, PROMOTE, rounds=_PROMOTION_ROUNDS)
        finally:
            pool.close()

    def close(self) -> None:
        """Give the memory of all inputs back."""
        with self._lock:
            for pool in self._pools.values():
                pool.close()
            self._pools.clear()

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pool(self, task: Task) -> Pool:
        """The inputs of a task, whose first use checks that they show what a kernel computes; UsageError if not."""
        key = digest_of(repr(task))
        with self._lock:
            if key in self._pools:
                return self._pools[key]
        pool = Pool(task, seed=self._seed, interpret=self.interpret)
        require_sensitivity(pool)
        with self._lock:
            return self._pools.setdefault(key, pool)

    def _open(self, artifact: Artifact) -> Runner:
        return self.evaluator.open(artifact, limits=self.limits)

    def _evaluate(
        self, task: Task, artifact: Artifact, incumbent: Artifact | None, pool: Pool, depth: Depth, *, rounds: int = 21
    ) -> Evaluation:
        sizes: Sizes = task.sizes[0] if task.sizes else ()
        findings = Findings(task, artifact, sizes, self.fingerprint, self.fidelity)
        if names := deceptive_names(artifact):
            what = f"defines {', '.join(names)}, which belong to the system"
            return findings.fail(Status.CHEATED, what).evaluation()
        costs = screen(findings, lambda: self._open(artifact), pool, depth)
        if not findings.ok:
            return findings.evaluation()
        if self.timed:
            self._time(findings, incumbent, pool, rounds)
        elif costs:
            findings.cost = max(costs, key=lambda cost: cost.value)
            findings.samples = tuple(cost.value for cost in costs)
        return findings.evaluation()

    def _time(self, findings: Findings, incumbent: Artifact | None, pool: Pool, rounds: int) -> None:
        """Race the screened artifact and record its cost."""
        deck = pool.deck(findings.sizes)
        try:
            with self._open(findings.artifact) as runner:
                side = self._contender(runner)
            if side is None:
                findings.fail(Status.HARNESS_ERROR, "its runner neither counts costs nor can be timed")
                return
            other = self._incumbent(incumbent, pool) if incumbent else None
            with lease("cpu"):
                result = race(side, other, deck, most=rounds)
                if result.beside or result.hidden or median(result.seconds) <= floor(deck.compulsory):
                    # Faster than a memory can be, or busy beside the clock: once more, in fresh processes, before it
                    # is an accusation.
                    result = race(side, other, deck, most=rounds)
        except (RunFailure, SandboxError) as error:
            findings.failed(error)
            return
        self._record(findings, result, floor(deck.compulsory))

    def _record(self, findings: Findings, result: Result, least: float) -> None:
        seconds = median(result.seconds)
        if seconds <= least:
            what = f"a call took {seconds:.3g} s, but its bytes cannot be moved in {least:.3g} s"
            findings.fail(Status.CHEATED, what)
            return
        if result.beside:
            what = f"used {result.beside:.3g} s of CPU time before the clock of a batch, when it had nothing to do"
            findings.fail(Status.CHEATED, what)
            return
        if result.hidden:
            times = f"used {result.hidden:.1f} times as much CPU time as passed"
            findings.fail(Status.CHEATED, f"{times}: it works on other threads or after it returned")
            return
        findings.cost, findings.samples = Cost(seconds, "s"), result.seconds
        findings.inputs += result.sets
        findings.metrics |= {"min": min(result.seconds), "median": seconds, "rounds": float(result.rounds)}
        findings.metrics["realtime"] = float(result.realtime)
        if result.ratio is not None:
            findings.metrics["ratio"] = result.ratio
        if result.low is not None:
            findings.metrics["ratio_min"] = result.low

    def _contender(self, runner: Runner) -> Contender | None:
        return Contender(runner.code, runner.limits) if isinstance(runner, NativeRunner) else None

    def _incumbent(self, artifact: Artifact, pool: Pool) -> Contender | None:
        """The other side; what it computes on the deck's sets is remembered from race to race."""
        key = f"{id(pool)} {artifact.kernel.digest}"
        if key not in self._contenders:
            with self._open(artifact) as runner:
                side = self._contender(runner)
            if side is None:
                return None
            self._contenders.clear()  # one incumbent at a time
            self._contenders[key] = side
        return self._contenders[key]


def deceptive_names(artifact: Artifact) -> list[str]:
    """Names of the system's that a built file defines; none for what is no file."""
    path = Path(artifact.path)
    return deceptive(path) if artifact.path and path.is_file() else []
