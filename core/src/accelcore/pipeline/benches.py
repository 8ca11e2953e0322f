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
    """The best candidate that is right once more: fresh processes, new secret inputs, paired with the start.

    A candidate that fails leaves its place to the next best; the start, which was judged first, is the last resort.
    """
    for candidate in _ranked(judged, session, start):
        if candidate.digest == start.digest:
            break
        built = judge.build(session.task, [candidate.kernel, start.kernel])
        if not isinstance(built[0], Artifact):
            continue
        incumbent = built[1] if isinstance(built[1], Artifact) else None
        found = judge.promote(session.task, built[0], incumbent)
        if found.status is Status.OK:
            return Champion(candidate, _graded(session, candidate, found), _speedup(session, candidate, start, found))
        session.event("not confirmed", f"{candidate.digest[:12]} ended {found.status}: {found.feedback}")
    return unconfirmed(session, start, start)


def unconfirmed(session: Session, candidate: Candidate, start: Candidate) -> Champion:
    """A candidate as it was judged in the search: for a run that was interrupted."""
    found = session.evaluation(candidate)
    assert found is not None, "a champion was judged"
    relative = session.relative(candidate), session.relative(start)
    speedup = relative[1] / relative[0] if relative[0] and relative[1] else None
    return Champion(candidate, found, speedup)


def _ranked(judged: Sequence[Candidate], session: Session, start: Candidate) -> Iterator[Candidate]:
    """The best candidates of the run, best first, the start last."""
    best = [session.best] if session.best is not None else []
    yield from dict.fromkeys((*best, *session.fastest(judged, _CONTENDERS), start))


def _graded(session: Session, candidate: Candidate, found: Evaluation) -> Evaluation:
    """The confirmation with the grade that the candidate's derivation earned in the search."""
    before = session.evaluation(candidate)
    return replace(found, grade=before.grade if before else Grade.TESTED)


def _speedup(session: Session, candidate: Candidate, start: Candidate, found: Evaluation) -> float | None:
    """By the confirmation's own pairs; from the search's where there were none."""
    ratio = found.metric("ratio")
    if ratio:
        return 1.0 / ratio
    return unconfirmed(session, candidate, start).speedup


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
