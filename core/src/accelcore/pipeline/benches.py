"""The judge as the pipeline uses it: a bench for a run, one kernel judged alone, a champion confirmed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from accelcore.export.cases import interpreter
from accelcore.protocols import Evaluator
from accelcore.values import Artifact, Candidate, Evaluation, Grade, Kernel, Limits, Status, Task

if TYPE_CHECKING:
    from accelcore.judge import Judge
    from accelcore.session import Session

_CONTENDERS = 4
"""Candidates, best first, that may fail the confirmation before the start is taken."""

_QUICK = 0.03
"""Seconds of a call up to which the start races the champion once more; a slower one is compared by its cost."""


def bench_for(evaluator: Evaluator, task: Task, limits: Limits | None = None) -> Judge:
    """The judge of an evaluator, for a session's `focus`; the caller closes it."""
    from accelcore.judge import Judge

    return Judge(evaluator, limits=limits, interpret=interpreter(task))


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


def confirmed(session: Session, judge: Judge, start: Candidate, judged: Sequence[Candidate]) -> Champion:
    """The best candidate that is right once more, in fresh processes on new secret inputs.

    It races the start again where that is quick, so that the speed-up does not rest on a chain of earlier races.
    A candidate that fails leaves its place to the next best; the start, which was judged first, is the last resort.
    """
    for candidate in _ranked(judged, session, start):
        if candidate.digest == start.digest:
            break
        built = judge.build(session.task, [candidate.kernel, start.kernel])
        if not isinstance(built[0], Artifact):
            continue
        incumbent = built[1] if _races(session, start) and isinstance(built[1], Artifact) else None
        found = judge.promote(session.task, built[0], incumbent)
        if found.status is Status.OK:
            return Champion(candidate, _graded(session, candidate, found), _speedup(session, start, found))
        session.event("not confirmed", f"{candidate.digest[:12]} ended {found.status}: {found.feedback}")
    return unconfirmed(session, start, start)


def unconfirmed(session: Session, candidate: Candidate, start: Candidate) -> Champion:
    """A candidate as it was judged in the search: for a run that was interrupted."""
    found = session.evaluation(candidate)
    assert found is not None, "a champion was judged"
    return Champion(candidate, found, _quotient(session.evaluation(start), found))


def _ranked(judged: Sequence[Candidate], session: Session, start: Candidate) -> Iterator[Candidate]:
    """The best candidates of the run, best first, the start last."""
    best = [session.best] if session.best is not None else []
    yield from dict.fromkeys((*best, *session.fastest(judged, _CONTENDERS), start))


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
    judge: Judge, task: Task, champion: Kernel, kernels: Mapping[str, Kernel], language: str
) -> dict[str, Evaluation]:
    """Baselines by label, each paired with the champion; those in another language by an evaluator of theirs."""
    own = {label: kernel for label, kernel in kernels.items() if kernel.language == language}
    built = judge.build(task, [champion, *own.values()])
    best = built[0] if isinstance(built[0], Artifact) else None
    found = {
        label: result if isinstance(result, Evaluation) else judge.judge(task, result, best)
        for label, result in zip(own, built[1:], strict=True)
    }
    for label, kernel in kernels.items():
        if label not in own and (evaluator := _evaluator_of(kernel.language)):
            with bench_for(evaluator, task) as other:
                (result,) = other.build(task, [kernel])
                found[label] = result if isinstance(result, Evaluation) else other.judge(task, result)
    return {label: found[label] for label in kernels if label in found}


def _evaluator_of(language: str) -> Evaluator | None:
    """The first usable evaluator whose target's kernels are in that language."""
    from accelcore.registry import registry

    for target in registry().targets():
        if target.language == language:
            for evaluator in registry().evaluators(target.name):
                if not evaluator.missing():
                    return evaluator
    return None


def sandbox_level() -> tuple[str, tuple[str, ...]]:
    """The level of isolation here and the layers that held, found by running a child."""
    from accelcore.sandbox import KERNEL, level_of, run_child

    result = run_child(["/bin/true"], KERNEL)
    return str(level_of(result.layers)), tuple(result.layers)
