"""The judge as the pipeline uses it: a bench for a run, one kernel judged alone, a champion confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from accelcore.errors import UsageError
from accelcore.export.cases import interpreter
from accelcore.pipeline.catalog import choose_evaluator, choose_pool
from accelcore.protocols import Evaluator
from accelcore.values import Artifact, Candidate, Evaluation, Grade, Kernel, Limits, Status, Task

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from accelcore.bench.recorded import Recorded
    from accelcore.judge import Judge
    from accelcore.pipeline.sessions import Watch
    from accelcore.pipeline.settings import Settings
    from accelcore.pools.bench import PooledBench
    from accelcore.session import Session

AnyBench: TypeAlias = "Judge | PooledBench | Recorded"
"""What judges the kernels of a run: it builds, judges against an incumbent, and confirms champions."""

Baselines = dict[str, Evaluation]

_CONTENDERS = 4
"""Candidates, best first, that may fail the confirmation before the start is taken."""

_RIVALS = 2
"""Candidates that were cheaper than the best by their own measurements and race it at the end."""

_QUICK = 0.03
"""Seconds of a call up to which the start races the champion once more; a slower one is compared by its cost."""


def bench_for(evaluator: Evaluator, task: Task, limits: Limits | None = None) -> Judge:
    """The judge of an evaluator, for a session's `focus`; the caller closes it."""
    from accelcore.judge import Judge

    return Judge(evaluator, limits=limits, interpret=interpreter(task))


def opened_bench(spec: str, task: Task, chosen: Settings) -> AnyBench | None:
    """What judges the kernels of a run: this process, the workers of a pool, or the record of another run.

    None for a target without an evaluator.  Raises UsageError for a record of another task.
    """
    if chosen.recorded is not None:
        return _recorded(chosen.recorded, task, chosen)
    evaluator = choose_evaluator(with_evaluator(spec, chosen.evaluator))
    if evaluator is None:
        return None
    if not chosen.pool:
        return bench_for(evaluator, task)
    return pooled(evaluator, task, chosen.pool)


def with_evaluator(spec: str, name: str) -> str:
    """The target's spec with the evaluator that was named apart from it."""
    if not name:
        return spec
    return f"{spec}{',' if ':' in spec else ':'}evaluator={name}"


def _recorded(run: str, task: Task, chosen: Settings) -> Recorded:
    from accelcore.bench.recorded import Recorded
    from accelcore.journal import find
    from accelcore.session.shop import task_digest

    found = Recorded.read(find(run, chosen.runs))
    if task_digest(replace(found.recorded, sizes=())) != task_digest(replace(task, sizes=())):
        raise UsageError("the recorded run searched for another task", where=f"--evaluator replay:{run}")
    return found


def pooled(evaluator: Evaluator, task: Task, pool: str | Executor) -> PooledBench:
    """The judge of an evaluator in the workers of a pool, which end with the bench; an Executor is left open."""
    from accelcore.pools.bench import PooledBench

    make = partial(bench_for, evaluator, task)
    if not isinstance(pool, str):
        return PooledBench(make, pool, workers=_workers(pool), owns=False)
    chosen = choose_pool(pool, evaluator.target)
    executor = chosen.open()
    try:
        bench = PooledBench(make, executor, workers=_workers(executor))
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    if not chosen.serves(bench.fingerprint):
        bench.close()
        raise UsageError(f"the pool {chosen.name} has no worker for {bench.fingerprint}", where="--pool")
    return bench


def _workers(executor: Executor) -> int:
    """How many tasks an Executor runs at once, as far as it says."""
    return int(getattr(executor, "workers", 0) or getattr(executor, "_max_workers", 1))


def judged_once(
    evaluator: Evaluator, task: Task, kernel: Kernel, *, strict: bool = True, limits: Limits | None = None
) -> Evaluation:
    """One kernel judged alone; nothing is known of how it came to be, so its grade is TESTED.

    strict: as a champion is confirmed, with more inputs and more held-out sizes; else as a candidate of a search.
    """
    with bench_for(evaluator, task, limits) as judge:
        (built,) = judge.build(task, [kernel])
        if isinstance(built, Artifact):
            built = judge.promote(task, built) if strict else judge.judge(task, built)
    return replace(built, grade=Grade.TESTED)


@dataclass(frozen=True)
class Champion:
    """The kernel that a run ends with, its confirmation, and how many times faster than the start it is."""

    candidate: Candidate
    evaluation: Evaluation
    speedup: float | None


def confirmed(session: Session, judge: AnyBench, start: Candidate, judged: Sequence[Candidate]) -> Champion:
    """The best candidate that is right once more, in fresh processes on new secret inputs.

    It races the start again where that is quick, so that the speed-up does not rest on a chain of earlier races.
    A candidate that fails leaves its place to the next best; the start, which was judged first, is the last resort.
    """
    winner = _winner(session, judge, judged)
    for candidate in _ranked(winner, judged, session, start):
        if candidate.digest == start.digest:
            break
        rivals = (start,) if _races(session, start) else ()
        work = partial(_promotion, session.task, judge, candidate, rivals)
        found = session.measured("confirmation", candidate.digest, start.digest, work=work)
        if found.status is Status.OK:
            return Champion(candidate, _graded(session, candidate, found), _speedup(session, start, found))
        session.event("not confirmed", f"{candidate.digest[:12]} ended {found.status}: {found.feedback}")
    return unconfirmed(session, start, start)


def _promotion(task: Task, judge: AnyBench, candidate: Candidate, rivals: Sequence[Candidate]) -> Evaluation:
    """The champion in a second sitting, paired with a rival where one is named."""
    champion, *others = judge.build(task, [candidate.kernel, *(rival.kernel for rival in rivals)])
    if isinstance(champion, Evaluation):
        return champion
    incumbent = next((other for other in others if isinstance(other, Artifact)), None)
    return judge.promote(task, champion, incumbent)


def unconfirmed(session: Session, candidate: Candidate, start: Candidate) -> Champion:
    """A candidate as it was judged in the search: for a run that was interrupted."""
    found = session.evaluation(candidate)
    assert found is not None, "a champion was judged"
    return Champion(candidate, found, _quotient(session.evaluation(start), found))


def _winner(session: Session, judge: AnyBench, judged: Sequence[Candidate]) -> Candidate | None:
    """The session's best, or one that was cheaper by its own measurement and now wins a race against it.

    The best was found by a chain of races, in which small errors add up; these rivals were never raced against it.
    """
    from accelcore.session.standing import TIE

    best = session.best
    before = session.evaluation(best) if best else None
    if best is None or before is None or before.cost is None or not judge.timed or before.cost.value > _QUICK:
        return best
    costs = {c: e.cost.value for c in judged if (e := session.evaluation(c)) is not None and e.cost is not None}
    cheaper = [c for c, value in costs.items() if value < before.cost.value]
    for rival in sorted(dict.fromkeys(cheaper), key=lambda c: costs[c])[:_RIVALS]:
        work = partial(_race, session.task, judge, rival, best)
        ratio = session.measured("final", rival.digest, best.digest, work=work).metric("ratio")
        best = rival if ratio is not None and ratio < 1 - TIE else best
    return best


def _race(task: Task, judge: AnyBench, candidate: Candidate, rival: Candidate) -> Evaluation:
    """A candidate raced against another, as in the search."""
    built, other = judge.build(task, [candidate.kernel, rival.kernel])
    if isinstance(built, Evaluation):
        return built
    return judge.judge(task, built, other if isinstance(other, Artifact) else None)


def _ranked(
    winner: Candidate | None, judged: Sequence[Candidate], session: Session, start: Candidate
) -> Iterator[Candidate]:
    """The best candidates of the run, best first, the start last."""
    first = [winner] if winner is not None else []
    yield from dict.fromkeys((*first, *session.fastest(judged, _CONTENDERS), start))


def _graded(session: Session, candidate: Candidate, found: Evaluation) -> Evaluation:
    """The confirmation with the grade that the candidate's derivation earned in the search."""
    before = session.evaluation(candidate)
    return replace(found, grade=before.grade if before else Grade.TESTED)


def _races(session: Session, start: Candidate) -> bool:
    """Whether the start is quick enough to race once more."""
    judged = session.evaluation(start)
    return judged is not None and judged.cost is not None and judged.cost.unit == "s" and judged.cost.value < _QUICK


def _speedup(session: Session, start: Candidate, found: Evaluation) -> float | None:
    """By the race against the start, else by division of two costs of one evaluator."""
    if ratio := found.metric("ratio"):
        return 1.0 / ratio
    return _quotient(session.evaluation(start), found)


def _quotient(before: Evaluation | None, after: Evaluation) -> float | None:
    """How many times cheaper the second is, by the costs alone; None where they have no common unit."""
    if before is None or before.cost is None or after.cost is None or before.cost.unit != after.cost.unit:
        return None
    return before.cost.value / after.cost.value if after.cost.value else None


def beside(
    session: Session, judge: AnyBench, champion: Kernel, kernels: Mapping[str, Kernel], *, language: str, watch: Watch
) -> Baselines:
    """Baselines by label, each paired with the champion; those in another language by an evaluator of theirs.

    After Ctrl-C the rest is left out.
    """
    own = {label: kernel for label, kernel in kernels.items() if kernel.language == language}
    builds = _Builds(judge, session.task, (champion, *own.values()))
    found: Baselines = {}
    for label, kernel in kernels.items():
        work: Callable[[], Evaluation]
        if watch.stop:
            break
        if label in own:
            work = partial(_paired, judge, session.task, builds, kernel, champion)
        elif evaluator := _evaluator_of(kernel.language):
            work = partial(judged_once, evaluator, session.task, kernel, strict=False)
        else:
            continue
        found[label] = session.measured(f"baseline {label}", kernel.digest, champion.digest, work=work)
    return found


class _Builds:
    """Kernels built together when the first of them is needed: a resumed run may need none."""

    def __init__(self, judge: AnyBench, task: Task, kernels: tuple[Kernel, ...]) -> None:
        self._judge, self._task, self._kernels = judge, task, kernels
        self._built: dict[str, Artifact | Evaluation] = {}

    def __getitem__(self, kernel: Kernel) -> Artifact | Evaluation:
        if not self._built:
            made = self._judge.build(self._task, self._kernels)
            self._built = {k.digest: b for k, b in zip(self._kernels, made, strict=True)}
        return self._built[kernel.digest]


def _paired(judge: AnyBench, task: Task, builds: _Builds, kernel: Kernel, champion: Kernel) -> Evaluation:
    """A baseline raced against the champion."""
    built, best = builds[kernel], builds[champion]
    if isinstance(built, Evaluation):
        return built
    return judge.judge(task, built, best if isinstance(best, Artifact) else None)


def _evaluator_of(language: str) -> Evaluator | None:
    """The first usable evaluator whose target's kernels are in that language."""
    from accelcore.registry import registry

    for target in registry().targets():
        if target.language == language:
            for evaluator in registry().evaluators(target.name):
                if not evaluator.missing():
                    return evaluator
    return None
