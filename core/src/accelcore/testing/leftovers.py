"""What sandboxed runs of this process may have left behind: processes, temporary files, shared memory, descriptors."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from accelcore.sandbox.server import NUMPY_SERVER, SERVER


@dataclass(frozen=True)
class Leftovers:
    """processes: descendants of the sandbox servers.  files: `accelcore*` in the temporary folder and in /dev/shm.

    descriptors: how many this process has open.
    """

    processes: frozenset[int]
    files: frozenset[str]
    descriptors: int


def descendants(pid: int) -> list[int]:
    """Children of a process, their children, and so on; needs /proc."""
    found = []
    for child in _children(pid):
        found += [child, *descendants(child)]
    return found


def _children(pid: int) -> list[int]:
    """Of all its threads; none where it ends meanwhile."""
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            found += [int(child) for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
    return found


def leftovers() -> Leftovers:
    """Now; needs /proc."""
    servers = [server._process.pid for server in (SERVER, NUMPY_SERVER) if server._process]
    processes = frozenset(pid for server in servers for pid in descendants(server))
    folders = [Path(tempfile.gettempdir()), Path("/dev/shm")]
    files = frozenset(
        str(p) for folder in folders if folder.is_dir() for p in folder.glob("accelcore*") if p.suffix != ".lease"
    )
    return Leftovers(processes, files, len(os.listdir("/proc/self/fd")))


def settled(seconds: float = 10.0, *, before: Leftovers | None = None) -> Leftovers:
    """Once no process is left but those from before, or after so long: keepers of runs that hung up clean up on their
    own, in a moment."""
    known = before.processes if before else frozenset()
    deadline = time.monotonic() + seconds
    while (found := leftovers()).processes - known and time.monotonic() < deadline:
        os.sched_yield()
    return found
