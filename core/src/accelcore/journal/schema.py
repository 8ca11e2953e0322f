"""Tables of a journal, how they change between versions, and connections that explain their errors."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from accelcore.errors import JournalError

APPLICATION_ID = 0x61634A31
"""Marks the file as ours in SQLite's header: "acJ1"."""

FILE = "journal.sqlite"

# One entry per version; version n is reached by running the scripts up to n.  Entries are never edited once released.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE run (
        id TEXT PRIMARY KEY, created REAL NOT NULL, status TEXT NOT NULL, seed INTEGER NOT NULL,
        config TEXT NOT NULL, versions TEXT NOT NULL, fingerprint TEXT NOT NULL DEFAULT '',
        task TEXT, best TEXT, spent TEXT NOT NULL DEFAULT '{}'
    );
    CREATE TABLE blob (sha TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE call (
        key TEXT PRIMARY KEY, model TEXT NOT NULL, request TEXT NOT NULL, place TEXT NOT NULL, ordinal INTEGER NOT NULL,
        status TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, reply TEXT, finish TEXT, error TEXT,
        tokens_in INTEGER NOT NULL DEFAULT 0, tokens_out INTEGER NOT NULL DEFAULT 0,
        tokens_cached INTEGER NOT NULL DEFAULT 0, dollars REAL NOT NULL DEFAULT 0, sent REAL, done REAL
    ) WITHOUT ROWID;
    CREATE TABLE candidate (
        step INTEGER NOT NULL, slot INTEGER NOT NULL, digest TEXT NOT NULL, parent TEXT, kernel TEXT NOT NULL,
        plan TEXT NOT NULL, move TEXT, origin TEXT NOT NULL, PRIMARY KEY (step, slot)
    ) WITHOUT ROWID;
    CREATE TABLE evaluation (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, status TEXT NOT NULL,
        value REAL, unit TEXT, incumbent TEXT, cached INTEGER NOT NULL, data TEXT NOT NULL, time REAL NOT NULL
    );
    CREATE TABLE measurement (
        key TEXT PRIMARY KEY, purpose TEXT NOT NULL, data TEXT NOT NULL, time REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE verdict (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, verifier TEXT NOT NULL, proof TEXT NOT NULL,
        summary TEXT NOT NULL, data TEXT NOT NULL, time REAL NOT NULL
    );
    CREATE TABLE event (id INTEGER PRIMARY KEY, time REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
    """,
)

VERSION = len(MIGRATIONS)


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """Open a journal, checked and of the current version.

    Raises JournalError when it is missing, not a journal, damaged, or written by a newer accelcore.
    """
    with Explained(path):
        db = _open(path, write)
        try:
            _check(db, path)
            if write:
                db.execute("PRAGMA journal_mode=WAL")
                db.execute("PRAGMA synchronous=NORMAL")
                migrate(db)
        except BaseException:
            db.close()
            raise
        return db


def _open(path: Path, write: bool) -> sqlite3.Connection:
    if write:
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5.0)
        db.execute("PRAGMA user_version").fetchone()
        return db
    except sqlite3.OperationalError:
        # A read-only folder: WAL needs to make its -shm file there.  Nobody can be writing, so read it as it lies.
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)


def _check(db: sqlite3.Connection, path: Path) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    application = db.execute("PRAGMA application_id").fetchone()[0]
    if version > VERSION:
        raise JournalError(
            f"this journal has format {version}, this accelcore reads up to {VERSION}",
            where=str(path),
            hint="a newer accelcore wrote it: pip install -U accelcore",
        )
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and application != APPLICATION_ID:
        raise JournalError("this SQLite file is not a journal of accelcore", where=str(path))


def migrate(db: sqlite3.Connection) -> None:
    """Bring a journal to the current version, one transaction per step."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        mark = f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={number};"
        db.executescript(f"BEGIN IMMEDIATE;{script}{mark}COMMIT;")


class Explained:
    """Turn SQLite's errors into JournalErrors that say what to do.

    A class, because a journal enters one for every statement and a generator costs three times as much.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            what, hint = _explain(error, self._path)
            raise JournalError(what, where=str(self._path), hint=hint) from error
        if isinstance(error, OSError):
            what = f"cannot use the journal: {error.strerror}"
            raise JournalError(what, where=str(self._path), hint=_SPACE) from error


_SPACE = "make room or choose another folder; nothing that was written is lost, `accelcore resume` goes on"


def _explain(error: sqlite3.Error, path: Path) -> tuple[str, str]:
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return f"cannot write the journal ({text}): the disk is full or a file-size limit was met", _SPACE
    if "readonly" in text:
        return "the journal is read-only here", "copy its folder to a place that you may write, and resume that copy"
    if "unable to open" in text:
        kind = "no such journal" if not path.exists() else "the journal cannot be opened"
        return kind, "accelcore-runs/ holds the runs of a folder; `accelcore report last` shows the newest"
    if "locked" in text or "busy" in text:
        return "another process is using this journal", "wait for it to end, or start a new run"
    return f"the journal is damaged ({text})", "its readable part: sqlite3 journal.sqlite .recover; start a new run"
