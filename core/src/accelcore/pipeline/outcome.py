"""`report` and `doctor`, whose work is done by the shell's modules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from accelcore.errors import JournalError
from accelcore.pipeline.results import ReportResult

if TYPE_CHECKING:
    from accelcore.health import Diagnosis


def report(
    run: str | Path = "last", *, runs: Path = Path("accelcore-runs"), export: str | Path | None = None
) -> ReportResult:
    """Write `report.html` beside the journal of a run; with `export`, the export folder of its best kernel too.

    run: a path, an id or `last`.  Raises JournalError when there is no such run, or no correct kernel to export.
    """
    from accelcore.journal import find, read
    from accelcore.pipeline.exporting import export_run, written_report

    folder = find(run, runs)
    found = read(folder)
    path = written_report(found, folder)
    if export is None:
        return ReportResult(found, path)
    if found.task is None or found.best is None:
        raise JournalError("it has no correct kernel to export", where=found.id, hint="accelcore resume may find one")
    return ReportResult(found, path, export_run(found, Path(export)))


def doctor(*, attacks: bool = False) -> Diagnosis:
    """What is installed, usable, missing, and the command that mends it.

    attacks: also try the sandbox's attack table, which takes some seconds.
    """
    from accelcore.health import examine

    return examine(attacks=attacks)
