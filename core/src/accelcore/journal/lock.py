"""One writer per journal: an advisory lock that dies with its process.

POSIX record locks (`lockf`) are used rather than `flock`: they are not inherited by forked children, so a sandboxed
worker that outlives a killed parent cannot keep the journal locked.  They do not exclude two openings within one
process, hence the table `_held`.  Where the platform has no fcntl, only that table protects.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from accelcore.errors import JournalError

_held: set[str] = set()
_guard = threading.Lock()


class WriterLock:
    """Held from construction to `close()`.  Raises JournalError when another writer has it."""

    def __init__(self, folder: Path) -> None:
        self._key = str(folder.resolve())
        with _guard:
            if self._key in _held:
                raise _busy(folder, "this process")
            self._file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
            try:
                _take(self._file, folder)
            except BaseException:
                os.close(self._file)
                raise
            _held.add(self._key)

    def close(self) -> None:
        """Give the lock back.  Idempotent."""
        with _guard:
            if self._key in _held:
                _held.discard(self._key)
                os.close(self._file)


def is_running(folder: Path) -> bool:
    """Whether some process writes this run now."""
    if str(folder.resolve()) in _held:
        return True
    try:
        WriterLock(folder).close()
    except JournalError:
        return True
    except OSError:  # a read-only folder: nobody can hold a lock that cannot be made
        return False
    return False


def _take(file: int, folder: Path) -> None:
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(file, 32, 0).decode(errors="replace").strip() or "unknown"
        raise _busy(folder, f"process {owner}") from error
    os.ftruncate(file, 0)
    os.pwrite(file, str(os.getpid()).encode(), 0)


def _busy(folder: Path, owner: str) -> JournalError:
    return JournalError(
        f"this run is being written by {owner}", where=str(folder), hint="wait for it to end, or start a new run"
    )
