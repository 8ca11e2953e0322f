"""`lift`: from loops to a post-condition with a verdict."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from accelcore.errors import BudgetSpent, UnsupportedSource
from accelcore.pipeline.inputs import place, sources, translator_for
from accelcore.pipeline.progress import Lifted, Started
from accelcore.pipeline.results import LiftedFunction, LiftResult
from accelcore.pipeline.settings import Changes, Settings, settings
from accelcore.values import Proof, Source, Summary, Task, Verdict

if TYPE_CHECKING:
    from typing import Unpack

    from accelcore.session import Session


def lift(*files: str | Path, **changes: Unpack[Changes]) -> LiftResult:
    """Lift functions to post-conditions and prove them.

    files: `FILE` (all its public functions) or `FILE:FUNCTION`.  A function that cannot be lifted is no exception: its
    verdict says why.  Raises UsageError for a file or function that is not there or does not parse.
    """
    return lift_with(files, settings(**changes))


def lift_with(files: Sequence[str | Path], chosen: Settings) -> LiftResult:
    """`lift` with ready settings."""
    from accelcore.pipeline.sessions import opened

    every = [source for file in files for source in sources(place(file))]
    found = []
    for source in every:
        with opened(chosen, {"verb": "lift", "name": source.entry}, durable=chosen.model is not None) as session:
            found.append(lift_source(session, source, chosen))
    return LiftResult(tuple(found))


def lift_source(session: Session, source: Source, chosen: Settings) -> LiftedFunction:
    """Lift one function in a session; its task then has the summary as its reference, where there is one."""
    chosen.progress(Started("lift", source.entry))
    began = time.monotonic()
    try:
        translator = translator_for(source)
        task = translator.task(source, chosen.sizes)
    except UnsupportedSource as error:
        lifted = _unsupported(source, error, None)
    else:
        lifted = _searched(session, source, task, translator.name)
    lifted = replace(lifted, seconds=time.monotonic() - began)
    chosen.progress(Lifted(lifted))
    return lifted


def _searched(session: Session, source: Source, task: Task, name: str) -> LiftedFunction:
    """Ask the front end for summaries; the strongest verdict counts."""
    try:
        translator_for(source).lift(task, session)
    except UnsupportedSource as error:
        if session.verdict is None:
            return _unsupported(source, error, task)
    except BudgetSpent as error:
        if session.verdict is None:
            return LiftedFunction(source.entry, Verdict(Proof.UNKNOWN, "", reason=error.what), task)
    verdict, summary = session.verdict, session.summary
    if verdict is None or summary is None:
        reason = "no proposer had a summary for it"
        return LiftedFunction(source.entry, Verdict(Proof.UNKNOWN, "", reason=reason), task)
    if verdict.proof is Proof.REFUTED:
        return LiftedFunction(source.entry, verdict, task, summary, name)
    return LiftedFunction(source.entry, verdict, lifted_task(task, summary, verdict), summary, name)


def lifted_task(task: Task, summary: Summary, verdict: Verdict) -> Task:
    """The task with the summary as its reference and the verdict's preconditions among its own."""
    requires = tuple(dict.fromkeys((*task.requires, *verdict.requires)))
    return replace(task, reference=summary, requires=requires)


def _unsupported(source: Source, error: UnsupportedSource, task: Task | None) -> LiftedFunction:
    reason = f"{error.where}: {error.what}" if error.where else error.what
    if error.hint:
        reason += f" ({error.hint})"
    return LiftedFunction(source.entry, Verdict(Proof.UNSUPPORTED, "", reason=reason), task)


def write_certificates(result: LiftResult, folder: Path) -> tuple[Path, ...]:
    """Write `FUNCTION.certificate.json` for each function that has one."""
    from accelcore.export.folder import write_file

    folder.mkdir(parents=True, exist_ok=True)
    return tuple(
        write_file(folder / f"{f.function}.certificate.json", json.dumps(json.loads(f.verdict.certificate), indent=1))
        for f in result.functions
        if f.verdict.certificate
    )
