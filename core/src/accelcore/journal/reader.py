"""The read side of a journal: a `Run` value, without opening a session and without disturbing a writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from accelcore.errors import JournalError
from accelcore.journal import schema
from accelcore.journal.lock import is_running
from accelcore.journal.text import loads, unplain
from accelcore.values import Candidate, Evaluation, Proof, Run, Verdict

DEFAULT_FOLDER = Path("accelcore-runs")

_STRENGTH = (Proof.PROVED, Proof.REFUTED, Proof.BOUNDED, Proof.TESTED, Proof.UNKNOWN, Proof.UNSUPPORTED)


def read(path: Path | str) -> Run:
    """Everything in the journal of a run (its folder or file).  A run that died reads as "interrupted"."""
    with _opened(path) as (db, file):
        return _run(db, file)


def raced(path: Path | str) -> tuple[tuple[Evaluation, str | None], ...]:
    """The evaluations of a run in the order of their making, each with the incumbent that it was raced against."""
    with _opened(path) as (db, _):
        rows = db.execute("SELECT data, incumbent FROM evaluation ORDER BY id")
        return tuple((loads(data), incumbent) for data, incumbent in rows)


@contextmanager
def _opened(path: Path | str) -> Iterator[tuple[sqlite3.Connection, Path]]:
    file = Path(path)
    file = file / schema.FILE if file.is_dir() else file
    if not file.exists():
        raise JournalError("no such journal", where=str(file), hint="accelcore report last shows the newest run")
    db = schema.connect(file, write=False)
    try:
        with schema.Explained(file):
            yield db, file
    finally:
        db.close()


def runs(folder: Path | str = DEFAULT_FOLDER) -> tuple[Path, ...]:
    """Folders of the runs under `folder`, oldest first."""
    root = Path(folder)
    if not root.is_dir():
        return ()
    found = [child for child in root.iterdir() if (child / schema.FILE).is_file()]
    return tuple(sorted(found, key=lambda child: (_created(child / schema.FILE), child.name)))


def find(run: str | Path, folder: Path | str = DEFAULT_FOLDER) -> Path:
    """The folder of a run given as a path, an id (or a unique beginning of one), or "last"."""
    direct = Path(run)
    if (direct / schema.FILE).is_file():
        return direct
    if direct.is_file():
        return direct.parent
    known = runs(folder)
    if str(run) == "last" and known:
        return known[-1]
    matching = [path for path in known if path.name.startswith(str(run))]
    if len(matching) == 1:
        return matching[0]
    if matching:
        names = ", ".join(path.name for path in matching[:4])
        raise JournalError(f"several runs begin with {str(run)!r}: {names}", hint="give more of the id")
    there = ", ".join(path.name for path in known[-3:]) or "none"
    raise JournalError(f"there is no run {str(run)!r}", where=str(folder), hint=f"newest runs here: {there}")


def _created(file: Path) -> float:
    try:
        db = schema.connect(file, write=False)
    except JournalError:
        return 0.0
    try:
        row = db.execute("SELECT created FROM run").fetchone()
        return float(row[0]) if row else 0.0
    except sqlite3.Error:
        return 0.0
    finally:
        db.close()


def _run(db: sqlite3.Connection, file: Path) -> Run:
    row = db.execute("SELECT id, status, config, task, best, spent FROM run").fetchone()
    if row is None:
        raise JournalError("the journal holds no run: it was cut off while it was made", where=str(file))
    status = "interrupted" if row[1] == "running" and not is_running(file.parent) else row[1]
    return Run(
        id=row[0],
        path=str(file),
        status=status,
        config=unplain(row[2]),
        task=loads(row[3]) if row[3] else None,
        verdict=_verdict(db),
        candidates=_candidates(db),
        evaluations=_evaluations(db),
        best=row[4],
        spent=unplain(row[5]),
        events=tuple(db.execute("SELECT time, kind, text FROM event ORDER BY id")),
        measurements=_measurements(db),
        paid=_paid(db),
    )


def _verdict(db: sqlite3.Connection) -> Verdict | None:
    found: list[Verdict] = [loads(row[0]) for row in db.execute("SELECT data FROM verdict ORDER BY id")]
    return min(found, key=lambda verdict: _STRENGTH.index(verdict.proof), default=None)


def _candidates(db: sqlite3.Connection) -> tuple[Candidate, ...]:
    query = (
        "SELECT data, parent, plan, move, origin, step, slot FROM candidate JOIN blob ON sha=kernel ORDER BY step, slot"
    )
    return tuple(
        Candidate(loads(kernel), parent, plan, loads(move) if move else None, origin, step, slot)
        for kernel, parent, plan, move, origin, step, slot in db.execute(query)
    )


def _measurements(db: sqlite3.Connection) -> tuple[tuple[str, Evaluation], ...]:
    rows = db.execute("SELECT purpose, data FROM measurement ORDER BY time, key")
    return tuple((purpose, loads(data)) for purpose, data in rows)


def _paid(db: sqlite3.Connection) -> tuple[float, ...]:
    """Dollars of the answers that had come when each evaluation was written."""
    paid = "SELECT coalesce(sum(dollars), 0) FROM call WHERE call.done <= evaluation.time"
    return tuple(float(row[0]) for row in db.execute(f"SELECT ({paid}) FROM evaluation ORDER BY id"))


def _evaluations(db: sqlite3.Connection) -> tuple[Evaluation, ...]:
    return tuple(loads(row[0]) for row in db.execute("SELECT data FROM evaluation ORDER BY id"))
