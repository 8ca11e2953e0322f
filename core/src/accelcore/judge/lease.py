"""One lease per timed device, across processes: whoever times holds it, and only while timing."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

_locks: dict[str, threading.RLock] = {}
_guard = threading.Lock()


@contextlib.contextmanager
def lease(device: str) -> Iterator[None]:
    """Hold a device ("cpu" for timing on this machine) alone: other threads and processes wait.

    The lock file stays behind, empty and shared by all users; the kernel releases the lock of a process that dies.
    """
    with _guard:
        lock = _locks.setdefault(device, threading.RLock())
    with lock, _locked_file(_path(device)):
        yield


def _path(device: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9._-]", "_", device)
    return Path(tempfile.gettempdir()) / f"accelcore-{name}.lease"


@contextlib.contextmanager
def _locked_file(path: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # no file locks on this platform: threads of this process still take turns
        yield
        return
    # Others' symbolic links are not followed, and their files are opened without being created anew: a sticky folder
    # refuses O_CREAT on them (fs.protected_regular).
    flags = os.O_RDWR | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    try:
        fd = os.open(path, flags)
    except FileNotFoundError:
        fd = os.open(path, flags | os.O_CREAT, 0o666)
        with contextlib.suppress(OSError):
            os.fchmod(fd, 0o666)  # whatever the umask: other users wait for the same machine
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
