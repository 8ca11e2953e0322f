"""The straight line after the lift: lower, judge the seed, search, promote, measure beside others, export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from accelcore.errors import UnsupportedLowering
from accelcore.pipeline.catalog import choose_strategy, choose_target
from accelcore.pipeline.progress import Note, Started
from accelcore.pipeline.results import LiftedFunction, Measured, OptimizeResult
from accelcore.values import Candidate, Evaluation, Kernel, Machine, Status, Summary, Task

if TYPE_CHECKING:
    from accelcore.pipeline.benches import AnyBench, Champion
    from accelcore.pipeline.sessions import Watch
    from accelcore.pipeline.settings import Settings
    from accelcore.protocols import Strategy, Target
    from accelcore.session import Session


@dataclass
class Line:
    """One run over one task.

    Invariant: what it ends with is the best kernel that the judge accepted, whatever ended the search; a kernel that
    fails the confirmation is not it, the next best one is.
    """

    session: Session
    spec: str
    chosen: Settings
    watch: Watch
    out: Path | None

    def run(self, task: Task, lifted: LiftedFunction | None, own: Kernel | None) -> OptimizeResult:
        """Search for the fastest kernel of the task; `own` is the user's kernel, where there is one."""
        target = choose_target(self.spec)
        seed = self._lowered(target, task, required=own is None)
        base = self._result(task, lifted, target)
        from accelcore.pipeline.benches import opened_bench

        bench = opened_bench(self.spec, task, self.chosen)
        if bench is None:
            return self._only_lowered(base, target, seed or own)
        self.session.focus(task, target, bench)
        base = replace(base, machine=machine_of(target))
        return self._searched(base, bench, target, seed, own)

    def _lowered(self, target: Target, task: Task, *, required: bool) -> Kernel | None:
        """The seed that the target makes of the summary; None for a task that was not lifted."""
        if not isinstance(task.reference, Summary):
            return None
        self.chosen.progress(Started("lower", f"{task.name} to {target.name}"))
        try:
            return target.lower(task)
        except UnsupportedLowering as error:
            if required:
                raise
            self.chosen.progress(Note(f"not derived again: {error.what}"))
            return None

    def _searched(
        self, base: OptimizeResult, bench: AnyBench, target: Target, seed: Kernel | None, own: Kernel | None
    ) -> OptimizeResult:
        self.chosen.progress(Started("search", f"{base.task.name} on {bench.fingerprint}"))
        starts = [self.session.start(k, lowered=k is seed) for k in (own, seed) if k is not None]
        sound = [c for c in starts if _ok(self.session.evaluation(c))]
        if own is not None and (said := self.session.evaluation(starts[0])) and not _ok(said):
            status = str(said.status).replace("_", " ").upper()
            self.chosen.progress(Note(f"your kernel: {status}: {said.feedback or said.log}"))
        strategy = choose_strategy(self.chosen.strategy, dict(self.chosen.strategy_options))
        if self.session.client is not None and getattr(strategy, "translate", False):
            sound = self._translated(strategy, starts, sound)
        if not sound:
            said = self.session.evaluation(starts[0]) if starts else None
            reason = f"the kernel to start from ended {said.status}: {said.feedback or said.log}" if said else ""
            best = Measured("best", said) if said else None
            return self._finished(replace(base, seed=best, best=best, reason=reason), target)
        for begin in sound:
            if not self.watch.stop:
                self.session.search(strategy, begin)
        return self._promoted(base, bench, target, sound[0])

    def _translated(self, strategy: Strategy, starts: Sequence[Candidate], sound: list[Candidate]) -> list[Candidate]:
        """What to search from, with kernels for another machine translated to this one (`-O translate=STEPS`)."""
        for start in starts:
            if start not in sound and not self.watch.stop:
                self.session.search(strategy, start)
        best = self.session.best
        return sound if best is None or best in sound else [*sound, best]

    def _promoted(self, base: OptimizeResult, bench: AnyBench, target: Target, start: Candidate) -> OptimizeResult:
        """Confirm the champion in a second sitting, then measure what users would have otherwise beside it."""
        from accelcore.pipeline.benches import confirmed, unconfirmed

        self.chosen.progress(Started("confirm"))
        best = self.session.best or start
        if self.watch.stop:
            champion = unconfirmed(self.session, best, start)
        else:
            champion = confirmed(self.session, bench, start, [c for c, _ in self.watch.judged])
        seed = self.session.evaluation(start)
        assert seed is not None, "the start was judged"
        result = replace(
            base,
            seed=Measured("seed", seed),
            best=Measured("best", champion.evaluation),
            speedup=champion.speedup,
            baselines=() if self.watch.stop else self._baselines(bench, target, champion),
            kernel_text=champion.candidate.kernel.text,
            inputs_judged=_inputs(champion.evaluation),
        )
        return self._finished(result, target, champion.candidate.kernel)

    def _baselines(self, bench: AnyBench, target: Target, champion: Champion) -> tuple[Measured, ...]:
        """What users would have otherwise, measured beside the champion: the ratio is how much faster it is."""
        from accelcore.pipeline.benches import beside

        task = self.session.task
        kernels: Mapping[str, Kernel] = target.baselines(task)
        if not kernels or self.chosen.recorded is not None:  # a record has no machine to measure them on
            return ()
        self.chosen.progress(Started("measure", ", ".join(kernels)))
        judged = beside(
            self.session, bench, champion.candidate.kernel, kernels, language=target.language, watch=self.watch
        )
        return tuple(Measured(label, e, _ratio(e, champion.evaluation)) for label, e in judged.items())

    def _result(self, task: Task, lifted: LiftedFunction | None, target: Target) -> OptimizeResult:
        return OptimizeResult(
            verdict=lifted.verdict if lifted else None,
            task=task,
            target=target.name,
            seed=None,
            best=None,
            candidates=(),
            run=self.session.journal.id,
            lifted=lifted,
        )

    def _only_lowered(self, base: OptimizeResult, target: Target, kernel: Kernel | None) -> OptimizeResult:
        """A target that nothing runs: the lowered code, and no claim about it."""
        reason = f"target {target.name} has no evaluator: the kernel was lowered, not run"
        result = replace(base, reason=reason, kernel_text=kernel.text if kernel else "")
        return self._finished(result, target, kernel)

    def _finished(self, result: OptimizeResult, target: Target, kernel: Kernel | None = None) -> OptimizeResult:
        """Candidates, spending, and the export folder with the report."""
        from accelcore.pipeline.exporting import export_result

        result = replace(
            result,
            candidates=tuple(self.watch.judged),
            spent=dict(self.session.meter.spent),
            interrupted=self.watch.stop,
        )
        if kernel is None or self.out is None:
            return result
        self.chosen.progress(Started("export", str(self.out)))
        return export_result(result, kernel, target, self.session, self.out)


def _ok(evaluation: Evaluation | None) -> bool:
    return evaluation is not None and evaluation.status is Status.OK


def _ratio(judged: Evaluation, best: Evaluation) -> float | None:
    """Cost over the best kernel's: by pairs where they raced, else by division of costs of one unit and fidelity.

    Baselines in another language run in processes of another kind, which do not race; both are medians of wall times
    that the same judge took on the same inputs' sizes minutes apart, so such a ratio is rough and is shown as such.
    """
    if judged.cost is None or best.cost is None:
        return None
    if (ratio := judged.metric("ratio")) is not None:
        return ratio
    alike = judged.cost.unit == best.cost.unit and judged.fidelity is best.fidelity
    return judged.cost.value / best.cost.value if alike else None


def _inputs(evaluation: Evaluation) -> int | None:
    """On how many inputs the judge compared results, as far as it says."""
    count = evaluation.metric("inputs")
    return int(count) if count is not None else None


def machine_of(target: Target) -> Machine | None:
    """The target's machine, where it can be had here."""
    return None if target.missing() else target.machine()
