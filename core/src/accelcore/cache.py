"""What runs of one user share: evaluations, paid replies and the lineages of best kernels.

It is one SQLite file in the user's cache folder: a convenience, never a record.  It may be deleted at any time, and
whatever goes wrong with it turns it off for the run instead of ending the run.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from accelcore.journal.text import dumps, loads
from accelcore.values import Evaluation, Grade, Status

_SCHEMA = """
CREATE TABLE IF NOT EXISTS evaluation (
    key TEXT PRIMARY KEY, grp TEXT NOT NULL, value REAL, data TEXT NOT NULL, time REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_group ON evaluation (grp, value);
CREATE TABLE IF NOT EXISTS lineage (
    pattern TEXT NOT NULL, target TEXT NOT NULL, moves TEXT NOT NULL, ratio REAL NOT NULL, time REAL NOT NULL,
    PRIMARY KEY (pattern, target, moves)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reply (key TEXT PRIMARY KEY, data TEXT NOT NULL, time REAL NOT NULL) WITHOUT ROWID;
"""
_FILE = "cache-1.sqlite"

T = TypeVar("T")


def cache_folder() -> Path:
    """$ACCELCORE_CACHE, else $XDG_CACHE_HOME/accelcore, else ~/.cache/accelcore."""
    if chosen := os.environ.get("ACCELCORE_CACHE"):
        return Path(chosen)
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "accelcore"


class Cache:
    """The cross-run store, or nothing (`Cache.off()`).  Thread-safe; several processes may share the file.

    `trouble` says in one line why it turned itself off, "" while it works.
    """

    def __init__(self, folder: Path | str | None) -> None:
        self.trouble = ""
        self._mutex = threading.Lock()
        self._db: sqlite3.Connection | None = None
        if folder is not None:
            self._db = self._guard(lambda: _connect(Path(folder)), None)

    @classmethod
    def off(cls) -> Cache:
        """A cache that knows nothing: --no-cache."""
        return cls(None)

    @classmethod
    def user(cls) -> Cache:
        """The user's own."""
        return cls(cache_folder())

    def evaluation(self, key: str) -> Evaluation | None:
        """An evaluation of that key; its grade is the caller's to give, lineages are not shared."""
        row = self._one("SELECT data FROM evaluation WHERE key=?", key)
        return None if row is None else self._guard(lambda: _evaluation(str(row[0])), None)

    def best(self, group: str) -> float | None:
        """The smallest cost among evaluations whose costs may be compared."""
        row = self._one("SELECT min(value) FROM evaluation WHERE grp=?", group)
        return None if row is None or row[0] is None else float(str(row[0]))

    def put_evaluation(self, key: str, group: str, evaluation: Evaluation) -> None:
        """Share an evaluation; harness errors say nothing about the kernel and are left out."""
        if self._db is None or evaluation.status is Status.HARNESS_ERROR:
            return
        value = evaluation.cost.value if evaluation.cost else None
        query = "INSERT OR REPLACE INTO evaluation (key, grp, value, data, time) VALUES (?,?,?,?,?)"
        self._do(query, key, group, value, dumps(evaluation), time.time())

    def reply(self, key: str) -> dict[str, object] | None:
        """A paid answer of an earlier run, as the plain mapping that was stored."""
        row = self._one("SELECT data FROM reply WHERE key=?", key)
        return None if row is None else self._guard(lambda: dict(json.loads(str(row[0]))), None)

    def put_reply(self, key: str, reply: dict[str, object]) -> None:
        """Share a paid answer."""
        self._do("INSERT OR REPLACE INTO reply (key, data, time) VALUES (?,?,?)", key, json.dumps(reply), time.time())

    def lineages(self, pattern: str) -> list[dict[str, object]]:
        """What runs of one pattern found, as the plain mappings of `session.reuse.Lineage`, best first by target."""
        query = "SELECT target, ratio, moves FROM lineage WHERE pattern=? ORDER BY target, ratio LIMIT 64"
        with self._mutex:
            db = self._db
            if db is None:
                return []
            rows = self._guard(lambda: db.execute(query, (pattern,)).fetchall(), None) or []
        return [{"target": target, "ratio": ratio, "moves": json.loads(moves)} for target, ratio, moves in rows]

    def put_lineage(self, pattern: str, target: str, ratio: float, moves: Sequence[tuple[str, str]]) -> None:
        """Share how the best kernel of a run came to be."""
        query = "INSERT OR REPLACE INTO lineage (pattern, target, moves, ratio, time) VALUES (?,?,?,?,?)"
        self._do(query, pattern, target, json.dumps(list(moves)), ratio, time.time())

    def close(self) -> None:
        """Let go of the file."""
        with self._mutex:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _one(self, query: str, *values: object) -> tuple[object, ...] | None:
        with self._mutex:
            db = self._db
            if db is None:
                return None
            found: tuple[object, ...] | None = self._guard(lambda: db.execute(query, values).fetchone(), None)
            return found

    def _do(self, query: str, *values: object) -> None:
        with self._mutex:
            db = self._db
            if db is not None:
                self._guard(lambda: db.execute(query, values), None)

    def _guard(self, work: Callable[[], T], otherwise: T | None) -> T | None:
        """The result; on trouble the cache is off from now on."""
        try:
            return work()
        except (sqlite3.Error, OSError, ValueError, KeyError) as error:
            self.trouble = f"the cache is off for this run: {error}"
            self._db = None
            return otherwise


def _connect(folder: Path) -> sqlite3.Connection:
    folder.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(folder / _FILE, isolation_level=None, check_same_thread=False, timeout=5.0)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.executescript(_SCHEMA)
    return db


def _evaluation(text: str) -> Evaluation:
    from dataclasses import replace

    found: Evaluation = loads(text)
    return replace(found, grade=Grade.TESTED)
