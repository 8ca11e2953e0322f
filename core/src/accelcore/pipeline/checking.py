"""`check`: judge one kernel, or prove a certificate again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelcore.errors import MissingTool, UsageError
from accelcore.pipeline.catalog import choose_evaluator, choose_target
from accelcore.pipeline.inputs import own_kernel, place, read_text, task_from
from accelcore.pipeline.results import CheckResult, RecheckResult
from accelcore.pipeline.settings import Changes, Settings, settings
from accelcore.values import Kernel, Source, Task, Verdict

if TYPE_CHECKING:
    from typing import Unpack


def check(
    kernel: str | Path | Kernel,
    task: str | Path | Task | None = None,
    target: str = "c",
    *,
    bind: Mapping[str, str] | None = None,
    **changes: Unpack[Changes],
) -> CheckResult | RecheckResult:
    """Judge one kernel against its task; or, without a task, derive the proof of a `certificate.json` again.

    The kernel's grade is TESTED: nothing is known of how it came to be.  Raises UsageError for files that are not
    there or make no sense, MissingTool when the target cannot run here.
    """
    return check_with(kernel, task, target, settings(**changes), bind=bind)


def check_with(
    kernel: str | Path | Kernel,
    task: str | Path | Task | None,
    target: str,
    chosen: Settings,
    *,
    bind: Mapping[str, str] | None = None,
) -> CheckResult | RecheckResult:
    """`check` with ready settings."""
    if task is None:
        if isinstance(kernel, Kernel) or place(kernel).path.suffix != ".json":
            raise UsageError("a kernel is judged against a task", where="--task", hint="add --task FILE[:FUNC]")
        return recheck(place(kernel).path, chosen)
    language = choose_target(target).language
    evaluator = choose_evaluator(target)
    if evaluator is None:
        raise MissingTool(f"target {target} has no evaluator that could judge a kernel", where="--target")
    what = with_reference(task_from(task, chosen.sizes), chosen)
    mine = own_kernel(kernel, what, language, bind or {}, chosen.progress)
    from accelcore.pipeline.benches import judged_once

    return CheckResult(judged_once(evaluator, what, mine))


def with_reference(task: Task, chosen: Settings) -> Task:
    """The task over its summary where it lifts, so that results have error bounds; else as it came."""
    if not isinstance(task.reference, Source):
        return task
    from accelcore.pipeline.inputs import with_sizes
    from accelcore.pipeline.lifting import lift_source
    from accelcore.pipeline.sessions import opened
    from accelcore.values import Proof

    with opened(chosen, {"verb": "check", "name": task.name}, durable=False) as session:
        lifted = lift_source(session, task.reference, chosen)
    if lifted.verdict.proof is Proof.PROVED and lifted.task is not None:
        return with_sizes(lifted.task, chosen.sizes)
    return task


def recheck(path: Path, chosen: Settings) -> RecheckResult:
    """The verdict that a certificate deserves when its proof is derived again from the source that it names."""
    from accelcore.registry import registry

    try:
        certificate: dict[str, Any] = json.loads(read_text(path))
    except ValueError as error:
        raise UsageError(f"is no certificate: {error}", where=str(path)) from None
    if not isinstance(certificate, dict):
        raise UsageError("is no certificate: it is no JSON object", where=str(path))
    wanted = certificate.get("verifier")
    for verifier in registry().verifiers():
        again = getattr(verifier, "recheck", None)
        if again is not None and wanted in (None, verifier.name):
            if missing := verifier.missing():
                raise MissingTool(f"verifier {verifier.name} is not usable here", hint="; ".join(missing))
            verdict: Verdict = again(read_text(path), timeout=chosen.proof_seconds)
            return RecheckResult(verdict, path)
    there = ", ".join(v.name for v in registry().verifiers() if hasattr(v, "recheck")) or "none"
    raise UsageError(
        f"no installed verifier checks a certificate of {wanted!r}; those that do: {there}", where=str(path)
    )
