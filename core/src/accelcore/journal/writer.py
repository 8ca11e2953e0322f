"""The write side of a journal."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelcore.errors import JournalError
from accelcore.journal import schema
from accelcore.journal.lock import WriterLock
from accelcore.journal.text import dumps, loads, plain, unplain
from accelcore.values import Candidate, Evaluation, Kernel, Summary, Task, Usage, Verdict

MEMORY = Path(":memory:")


@dataclass(frozen=True)
class EvaluationRow:
    """A journalled evaluation: the incumbent that it was raced against, and whether it came from the cache."""

    evaluation: Evaluation
    incumbent: str | None
    cached: bool


@dataclass(frozen=True)
class CallRow:
    """A journalled model call.  status: "sent", "done", "failed"; a "sent" row is a call whose answer was lost."""

    key: str
    status: str
    attempts: int
    reply: str = ""
    finish: str = ""
    usage: Usage = field(default_factory=Usage)


class Journal:
    """One run's SQLite file, open for writing.  Thread-safe; at most one per run, across processes.

    Invariants: what a method wrote before `commit` returned survives `kill -9`; a paid reply is on the disk (power cuts
    included) when `call_done` returns; rows are only added, but for the columns `status`, `best` and `spent` of the run
    and the progress of a call.  Candidates and events ride in the next commit (group commit).
    """

    def __init__(self, db: sqlite3.Connection, path: Path, lock: WriterLock | None) -> None:
        self._db, self.path, self._lock = db, path, lock
        self._mutex = threading.RLock()
        self._answers: list[tuple[object, ...]] = []  # appended to without the mutex, emptied with it
        row = db.execute("SELECT id, seed, config, fingerprint, status, spent FROM run").fetchone()
        if row is None:
            raise JournalError("the journal holds no run: it was cut off while it was made", where=str(path))
        self.id, self.seed = str(row[0]), int(row[1])
        self.config: Mapping[str, object] = unplain(row[2])
        self.fingerprint, self.status = str(row[3]), str(row[4])
        self.spent: Mapping[str, float] = unplain(row[5])
        self._calls, self._evaluations = self._keys("call"), self._keys("evaluation")
        self._blobs: set[str] = set()  # that this process wrote: a request is sent several times

    # Opening and closing.

    @classmethod
    def create(
        cls,
        folder: Path | str,
        *,
        id: str = "",
        seed: int = 0,
        config: Mapping[str, object] | None = None,
        versions: Mapping[str, str] | None = None,
    ) -> Journal:
        """A new run under `folder`, which is made where absent.  JournalError when it cannot be written, or exists.

        The file appears under its name with its run already in it: a kill leaves a journal or none.
        """
        id = id or new_id(str((config or {}).get("name", "run")))
        home = Path(folder) / id
        path = home / schema.FILE
        with schema.Explained(path):
            home.mkdir(parents=True, exist_ok=True)
            lock = WriterLock(home)
        try:
            if path.exists():
                raise JournalError(
                    "there is a run of this id already", where=str(path), hint="accelcore resume goes on"
                )
            with schema.Explained(path):
                _draft(path.with_suffix(".new"), id, seed, config, versions).replace(path)
            return cls(schema.connect(path, write=True), path, lock)
        except BaseException:
            lock.close()
            raise

    @classmethod
    def memory(cls, *, seed: int = 0, config: Mapping[str, object] | None = None) -> Journal:
        """A journal that is forgotten when it is closed: for library calls and tests."""
        db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        schema.migrate(db)
        _insert_run(db, "memory", seed, config, None)
        return cls(db, MEMORY, None)

    @classmethod
    def resume(cls, path: Path | str) -> Journal:
        """Open an existing run (its folder or file) to go on with it."""
        file = Path(path)
        file = file / schema.FILE if file.is_dir() else file
        if not file.exists():
            raise JournalError("no such journal", where=str(file), hint="accelcore report last shows the newest run")
        with schema.Explained(file):
            lock = WriterLock(file.parent)
        try:
            db = schema.connect(file, write=True)
            with schema.Explained(file):
                db.execute("UPDATE run SET status='running'")
                return cls(db, file, lock)
        except BaseException:
            lock.close()
            raise

    @property
    def folder(self) -> Path | None:
        """The run's folder; None in memory."""
        return None if self.path == MEMORY else self.path.parent

    def close(self) -> None:
        """Commit and let go.  Idempotent."""
        with self._mutex:
            try:
                self.commit()
            finally:
                self._db.close()
                if self._lock:
                    self._lock.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # Writing.

    def commit(self) -> None:
        """Make everything written so far survive a kill."""
        with self._alone():
            if self._is_open() and self._db.in_transaction:
                self._db.execute("COMMIT")

    def put_candidate(self, candidate: Candidate) -> None:
        """Record a candidate at its logical place.

        A resumed run must come to the same candidate at the same place: JournalError when it does not.
        """
        with self._writing() as db:
            found = db.execute(
                "SELECT digest FROM candidate WHERE step=? AND slot=?", (candidate.step, candidate.slot)
            ).fetchone()
            if found is not None:
                self._same(found[0], candidate)
                return
            kernel = self._blob(db, dumps(candidate.kernel))
            move = dumps(candidate.move) if candidate.move else None
            place = (candidate.step, candidate.slot, candidate.digest, candidate.parent, kernel)
            db.execute(
                "INSERT INTO candidate (step, slot, digest, parent, kernel, plan, move, origin)"
                " VALUES (?,?,?,?,?,?,?,?)",
                (*place, candidate.plan, move, candidate.origin),
            )

    def put_evaluation(self, key: str, row: EvaluationRow) -> None:
        """Record an evaluation and commit: it was worth the time it took."""
        evaluation = row.evaluation
        cost = (evaluation.cost.value, evaluation.cost.unit) if evaluation.cost else (None, None)
        facts = (row.incumbent, int(row.cached), dumps(evaluation), time.time())
        with self._writing() as db:
            self._evaluations.add(key)
            db.execute(
                "INSERT OR IGNORE INTO evaluation (key, digest, status, value, unit, incumbent, cached, data, time)"
                " VALUES (?,?,?,?,?,?,?,?,?)",
                (key, evaluation.kernel, evaluation.status.value, *cost, *facts),
            )
        self.commit()

    def put_measurement(self, key: str, purpose: str, evaluation: Evaluation) -> None:
        """Record an evaluation that is no candidate's of the search (a confirmation, a baseline), and commit."""
        with self._writing() as db:
            db.execute(
                "INSERT OR IGNORE INTO measurement (key, purpose, data, time) VALUES (?,?,?,?)",
                (key, purpose, dumps(evaluation), time.time()),
            )
        self.commit()

    def put_verdict(self, key: str, summary: Summary, verdict: Verdict) -> None:
        """Record a verifier's answer and commit."""
        with self._writing() as db:
            blob = self._blob(db, dumps(summary))
            db.execute(
                "INSERT OR IGNORE INTO verdict (key, verifier, proof, summary, data, time) VALUES (?,?,?,?,?,?)",
                (key, verdict.verifier, verdict.proof.value, blob, dumps(verdict), time.time()),
            )
        self.commit()

    def event(self, kind: str, text: str) -> None:
        """Append to the log of the run."""
        with self._writing() as db:
            db.execute("INSERT INTO event (time, kind, text) VALUES (?,?,?)", (time.time(), kind, text))

    def set_task(self, task: Task, fingerprint: str = "") -> None:
        """What is searched for, and the evaluator under whose fingerprint costs are comparable."""
        with self._writing() as db:
            db.execute("UPDATE run SET task=?, fingerprint=?", (dumps(task), fingerprint))
        self.fingerprint = fingerprint
        self.commit()

    def progress(self, *, best: str | None, spent: Mapping[str, float], status: str | None = None) -> None:
        """Update the run's own row and commit."""
        with self._writing() as db:
            db.execute("UPDATE run SET best=?, spent=?, status=coalesce(?, status)", (best, plain(spent), status))
        self.status = status or self.status
        self.commit()

    def call_sent(self, key: str, *, model: str, request: str, place: str, ordinal: int) -> None:
        """A model call is about to be sent (again): one more attempt."""
        with self._writing() as db:
            self._calls.add(key)
            blob = self._blob(db, request)
            db.execute(
                "INSERT INTO call (key, model, request, place, ordinal, status, attempts, sent)"
                " VALUES (?,?,?,?,?,'sent',1,?)"
                " ON CONFLICT (key) DO UPDATE SET status='sent', attempts=attempts+1, sent=excluded.sent",
                (key, model, blob, place, ordinal, time.time()),
            )
        self.commit()

    def call_done(self, key: str, *, reply: str, finish: str, usage: Usage) -> None:
        """The answer is here and paid for: on the disk, through a power cut too, when this returns.

        Answers that arrive while one is being synced go to the disk together, by whoever is next.
        """
        spent = (usage.tokens_in, usage.tokens_out, usage.tokens_cached, usage.dollars)
        mine = (reply, finish, *spent, time.time(), key)
        self._answers.append(mine)
        with self._mutex:
            if mine not in self._answers:  # written with those of another thread
                return
            self.commit()
            self._synchronous("FULL")
            try:
                self._write_answers()
            finally:
                self._synchronous("NORMAL")

    def _write_answers(self) -> None:
        """All answers that wait, in one transaction; they wait on when it fails."""
        waiting = list(self._answers)
        with self._writing() as db:
            db.executemany(
                "UPDATE call SET status='done', reply=?, finish=?, error=NULL, tokens_in=?, tokens_out=?,"
                " tokens_cached=?, dollars=?, done=? WHERE key=?",
                waiting,
            )
        self.commit()
        del self._answers[: len(waiting)]

    def call_failed(self, key: str, error: str) -> None:
        """The call ended without an answer."""
        with self._writing() as db:
            db.execute("UPDATE call SET status='failed', error=?, done=? WHERE key=?", (error, time.time(), key))
        self.commit()

    # Looking up: what a resumed run asks before it pays.

    def evaluation(self, key: str) -> EvaluationRow | None:
        """The evaluation of that key, if it was made."""
        row = None
        if key in self._evaluations:
            row = self._one("SELECT data, incumbent, cached FROM evaluation WHERE key=?", key)
        return None if row is None else EvaluationRow(loads(row[0]), row[1], bool(row[2]))

    def measurement(self, key: str) -> Evaluation | None:
        """The recorded measurement of that key."""
        found = self._one("SELECT data FROM measurement WHERE key=?", key)
        return loads(found[0]) if found else None

    def verdict(self, key: str) -> Verdict | None:
        """The verdict of that key, if it was given."""
        row = self._one("SELECT data FROM verdict WHERE key=?", key)
        found: Verdict | None = None if row is None else loads(row[0])
        return found

    def call(self, key: str) -> CallRow | None:
        """The model call of that key, in whatever state."""
        if key not in self._calls:
            return None
        columns = "key, status, attempts, reply, finish, model, tokens_in, tokens_out, tokens_cached, dollars"
        row = self._one(f"SELECT {columns} FROM call WHERE key=?", key)
        if row is None:
            return None
        key, status, attempts, reply, finish, *usage = row
        return CallRow(key, status, attempts, reply or "", finish or "", Usage(*usage))

    def usage(self) -> Usage:
        """Tokens and dollars of all calls that were answered."""
        totals = "coalesce(sum(tokens_in), 0), coalesce(sum(tokens_out), 0), coalesce(sum(tokens_cached), 0)"
        row = self._one(f"SELECT {totals}, coalesce(sum(dollars), 0.0) FROM call WHERE status='done'")
        assert row is not None
        return Usage("", *row)

    def kernel(self, digest: str) -> Kernel | None:
        """A recorded kernel by its digest."""
        row = self._one("SELECT data FROM candidate JOIN blob ON sha=kernel WHERE digest=? LIMIT 1", digest)
        found: Kernel | None = None if row is None else loads(row[0])
        return found

    def noted(self, kind: str) -> str | None:
        """The first line of that kind in the log."""
        row = self._one("SELECT text FROM event WHERE kind=? ORDER BY id LIMIT 1", kind)
        return None if row is None else str(row[0])

    @property
    def is_new(self) -> bool:
        """Whether no candidate has been recorded yet."""
        return self._one("SELECT 1 FROM candidate LIMIT 1") is None

    # Plumbing.

    def _keys(self, table: str) -> set[str]:
        """Of all rows, so that the many questions about unknown ones never reach the database."""
        with self._alone():
            return {key for (key,) in self._db.execute(f"SELECT key FROM {table}")}

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        with self._alone():
            row: tuple[Any, ...] | None = self._db.execute(query, values).fetchone()
            return row

    def _alone(self) -> _Alone:
        return _Alone(self._mutex, self.path, self._db, self._give_up)

    def _writing(self) -> _Alone:
        """Within the current transaction."""
        return _Alone(self._mutex, self.path, self._db, self._give_up, begin=True)

    def _give_up(self) -> None:
        """After a failed statement: leave the transaction as it never was, so that the run stays resumable."""
        if self._is_open() and self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._blobs.clear()  # what was rolled back is not there

    def _is_open(self) -> bool:
        try:
            return self._db.in_transaction in (True, False)
        except sqlite3.ProgrammingError:
            return False

    def _synchronous(self, level: str) -> None:
        with self._alone():
            self._db.execute(f"PRAGMA synchronous={level}")

    def _blob(self, db: sqlite3.Connection, data: str) -> str:
        sha = hashlib.sha256(data.encode()).hexdigest()
        if sha not in self._blobs:
            db.execute("INSERT OR IGNORE INTO blob (sha, data) VALUES (?,?)", (sha, data))
            self._blobs.add(sha)
        return sha

    def _same(self, digest: str, candidate: Candidate) -> None:
        if digest != candidate.digest:
            raise JournalError(
                f"the resumed search came to another candidate at step {candidate.step}, slot {candidate.slot}",
                where=str(self.path),
                hint="accelcore or a plugin changed since; the results so far stand, start a new run to go on",
            )


class _Alone:
    """One thread at the database, its errors explained, a failed transaction given up as a whole."""

    def __init__(
        self,
        mutex: threading.RLock,
        path: Path,
        db: sqlite3.Connection,
        give_up: Callable[[], None],
        *,
        begin: bool = False,
    ) -> None:
        self._mutex, self._explained, self._db, self._give_up = mutex, schema.Explained(path), db, give_up
        self._begin = begin

    def __enter__(self) -> sqlite3.Connection:
        self._mutex.acquire()
        if self._begin:
            try:
                if not self._db.in_transaction:
                    self._db.execute("BEGIN IMMEDIATE")
            except BaseException as error:
                self.__exit__(type(error), error, None)
                raise
        return self._db

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if isinstance(error, JournalError):
                self._give_up()
            self._explained.__exit__(kind, error, trace)
        except JournalError:
            self._give_up()
            raise
        finally:
            self._mutex.release()


def _draft(
    file: Path, id: str, seed: int, config: Mapping[str, object] | None, versions: Mapping[str, str] | None
) -> Path:
    """A journal with its run, under a name that nobody looks for."""
    file.unlink(missing_ok=True)
    db = sqlite3.connect(file, isolation_level=None)
    try:
        schema.migrate(db)
        _insert_run(db, id, seed, config, versions)
    finally:
        db.close()
    return file


def _insert_run(
    db: sqlite3.Connection,
    id: str,
    seed: int,
    config: Mapping[str, object] | None,
    versions: Mapping[str, str] | None,
) -> None:
    values = (id, time.time(), "running", seed, plain(config or {}), plain(versions or {}))
    db.execute("INSERT INTO run (id, created, status, seed, config, versions) VALUES (?,?,?,?,?,?)", values)


def new_id(name: str) -> str:
    """An id that sorts by time and tells what it is: 20260131-142501-softmax-9f3a."""
    word = "".join(c if c.isalnum() or c in "_-" else "-" for c in name)[:40]
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{word}-{secrets.token_hex(2)}"
