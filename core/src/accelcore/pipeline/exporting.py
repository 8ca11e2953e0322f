"""From the end of a run to files: the report, and the export folder."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelcore.errors import AccelcoreError, JournalError
from accelcore.pipeline.results import OptimizeResult, cost_json
from accelcore.values import Kernel, Machine, Run, Summary, Task

if TYPE_CHECKING:
    from accelcore.protocols import Target
    from accelcore.session import Session


def export_result(
    result: OptimizeResult, kernel: Kernel, target: Target, session: Session, out: Path
) -> OptimizeResult:
    """Write the export folder at the end of a run, with the report as far as the journal goes."""
    from accelcore.journal import read

    session.journal.commit()
    found = read(session.journal.path) if session.journal.folder else None
    if found is not None and not result.interrupted:  # the export is the last thing that is done
        found = replace(found, status="done")
    contents = folder_contents(result.task, kernel, run=found, machine=result.machine)
    contents["run.json"] = json.dumps(result.json(), indent=1, default=str)
    if result.verdict is not None and result.verdict.certificate:
        contents["certificate.json"] = _pretty(result.verdict.certificate)
    from accelcore.export.folder import write_folder

    return replace(result, out=write_folder(out, contents))


def export_run(run: Run, out: Path) -> Path:
    """Write the export folder of a run's best kernel from its journal alone."""
    from accelcore.export.folder import write_folder

    kernel = next((c.kernel for c in run.candidates if c.digest == run.best), None)
    if kernel is None or run.task is None:
        raise JournalError("it has no correct kernel to export", where=run.id)
    contents = folder_contents(run.task, kernel, run=run, machine=_machine(run))
    if run.verdict is not None and run.verdict.certificate:
        contents["certificate.json"] = _pretty(run.verdict.certificate)
    best = next((e for e in run.evaluations if e.kernel == run.best), None)
    facts = {"run": run.id, "status": run.status, "best": cost_json(best) if best else None, "spent": dict(run.spent)}
    contents["run.json"] = json.dumps(facts, indent=1, default=str)
    return write_folder(out, contents)


def folder_contents(task: Task, kernel: Kernel, *, run: Run | None, machine: Machine | None) -> dict[str, str | bytes]:
    """Files of an export by name: the kernel, how to use it, how to check it, and how it came to be."""
    from accelcore import codec
    from accelcore.export.content import kernel_files

    foreign = _target_fact(run, "foreign")
    whole = _whole(task, kernel) if kernel.language == "c" and foreign is None else kernel
    contents = kernel_files(task, whole, foreign, _own_check(run, kernel))
    contents["task.json"] = json.dumps(codec.encode(task), indent=1)
    contents["schedule.json"] = json.dumps(schedule_json(task, kernel, run), indent=1)
    if run is not None:
        from accelcore.html import page

        contents["report.html"] = page(run, machine)
    return contents


def _whole(task: Task, kernel: Kernel) -> Kernel:
    """A C kernel with the task's interface, and with the flags that its evaluator took where it names none."""
    from accelcore.cgen.binding import adapted
    from accelcore.cgen.toolchain import DEFAULT_FLAGS

    return replace(adapted(task, kernel), build=tuple({"flags": DEFAULT_FLAGS, **dict(kernel.build)}.items()))


def schedule_json(task: Task, kernel: Kernel, run: Run | None) -> dict[str, Any]:
    """The rewrites that made the kernel, in order, as they replay on the freshly lowered program."""
    target = str(run.config.get("target", "")) if run else ""
    return {
        "task": task.name,
        "target": target,
        "derived": isinstance(task.reference, Summary) and bool(kernel.schedule),
        "schedule": list(kernel.schedule),
        "build": [list(option) for option in kernel.build],
        "digest": kernel.digest,
    }


def written_report(run: Run, folder: Path) -> Path:
    """`report.html` in the run's folder."""
    from accelcore.export.folder import write_file
    from accelcore.html import page

    return write_file(folder / "report.html", page(run, _machine(run)))


def _own_check(run: Run | None, kernel: Kernel) -> str | None:
    """What `make check` runs for a kernel that only its target's evaluator runs; None for one that runs by itself.

    It is the target's `export_check(kernel)`, a shell command, "" where there is none, None where the kernel runs by
    itself; a language that only its target understands is checked by accelcore itself.
    """
    told = _target_fact(run, "export_check")
    if told is not None and (own := told(kernel)) is not None:
        return str(own)
    if run is None or kernel.language in ("c", "c++", "python"):
        return None
    target = shlex.quote(str(run.config.get("target", "")))
    return f"accelcore check kernel.txt --task task.json --target {target}"


def _target_fact(run: Run | None, name: str) -> Any:
    """An optional attribute of a run's target, such as `ScheduledTarget.foreign`; None where it has none."""
    from accelcore.pipeline.catalog import choose_target

    spec = run.config.get("target") if run else None
    try:
        return getattr(choose_target(str(spec)), name, None) if spec else None
    except AccelcoreError:
        return None


def _machine(run: Run) -> Machine | None:
    """The target's machine; None where the target is not usable here."""
    from accelcore.pipeline.catalog import choose_target

    spec = run.config.get("target")
    try:
        target = choose_target(str(spec)) if spec else None
        return target.machine() if target is not None and not target.missing() else None
    except AccelcoreError:
        return None


def _pretty(certificate: str) -> str:
    return json.dumps(json.loads(certificate), indent=1)
