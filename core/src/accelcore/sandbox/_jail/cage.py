"""The layers of the sandbox, put on one after the other by the process that is to be confined.

Each layer that the machine refuses is left out, and the names of those that hold are reported: the level of a run is
computed from what was done, never from versions.  A specification is the JSON object that `accelcore.sandbox.run`
makes; its keys are the fields of `Policy` and `Limits`, with all paths resolved.
"""

from __future__ import annotations

import contextlib
import math
import os
import resource
import signal
import stat
import sys
from typing import Any

from . import kernel, landlock, seccomp, view

Spec = dict[str, Any]

SANDBOX_IDS = range(61184, 65520)
"""Uids and gids that root drops to: systemd keeps them for services that are given an id while they run (UIDS-GIDS in
its documentation), so no person or package owns files under them."""


def sandbox_id(keeper: int) -> int:
    """The id of one keeper's child: of its own, because the kernel counts processes and threads by uid."""
    return SANDBOX_IDS[keeper % len(SANDBOX_IDS)]


def isolate(layers: list[str]) -> bool:
    """New namespaces for the children of this process; whether a pid namespace is among them."""
    root = os.geteuid() == 0
    wanted = kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
    user, group = os.geteuid(), os.getegid()
    try:
        kernel.unshare(wanted if root else wanted | kernel.CLONE_NEWUSER)
        if not root:
            _map_ids(user, group)
    except OSError:
        return False
    layers += ["pid", "net", "ipc", "uts"] + ([] if root else ["user"])
    return True


def _map_ids(user: int, group: int) -> None:
    """Keep the own ids in the new user namespace: the only mapping that needs no privilege."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def furnish(spec: Spec, layers: list[str]) -> None:
    """A private file system, where mounting is allowed."""
    with contextlib.suppress(OSError):
        kernel.unshare(kernel.CLONE_NEWNS)
        view.build(spec["reads"], spec["writes"], scratch=spec["scratch"], proc=spec["proc"])
        layers.append("mount")


def confine(spec: Spec, layers: list[str]) -> None:
    """Everything that needs no new process.  After this nothing can be undone."""
    os.umask(0o022)
    _limit(spec, layers)
    reads, writes = list(spec["reads"]), list(spec["writes"])
    if "mount" in layers:
        reads += ["/proc"] if spec["proc"] else []
        writes += ["/tmp"] if spec["scratch"] else []
    rules = None
    with contextlib.suppress(OSError):
        rules = landlock.ruleset([*reads, *view.DEVICES], writes)
    if os.geteuid() == 0:
        _leave_root(spec, layers)
    with contextlib.suppress(OSError):
        kernel.drop_capabilities()
        layers.append("capabilities")
    with contextlib.suppress(OSError):
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        layers.append("no_new_privs")
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of uid had cleared it
    if rules is not None:
        landlock.enforce(rules)
        layers.append("landlock")
    with contextlib.suppress(OSError):
        seccomp.install(_program(spec, layers))
        layers.append("seccomp")


def _program(spec: Spec, layers: list[str]) -> list[seccomp.Instruction]:
    return seccomp.program(
        fork=spec["fork"],
        threads=spec["threads"],
        exec_=not (spec["guest"] or spec["call"]),
        # Landlock does not govern modes and owners; a read-only view does.
        metadata=bool(spec["writes"]) and "mount" in layers,
        deferred=spec["guest"] != "native",
        kill=spec["guest"] == "native",
    )


def _limit(spec: Spec, layers: list[str]) -> None:
    """Resource limits.  Address space is left out on macOS, whose kernel does not know it."""
    seconds = math.ceil(spec["seconds"]) + 1
    wanted = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds * (1 if not spec["threads"] else os.cpu_count() or 1)),
        (resource.RLIMIT_FSIZE, spec["file_size"]),
        (resource.RLIMIT_NOFILE, spec["files"]),
    ]
    if sys.platform == "linux":
        wanted.append((resource.RLIMIT_AS, spec["memory"]))
        # Counted for the uid within its user namespace; without one, an ordinary user's other processes count too.
        if "user" in layers or os.geteuid() == 0:
            wanted.append((resource.RLIMIT_NPROC, spec["processes"]))
    for which, value in wanted:
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))
    layers.append("rlimits")


def _leave_root(spec: Spec, layers: list[str]) -> None:
    """Take the id of this sandbox, which then owns the writable folders; they are handed back at the end.

    What may be read must then be readable by everybody, and without a private view also reachable.  Where it is not,
    root stays, without capabilities, and the layer is not reported.
    """
    paths = [path for path in spec["reads"] if os.path.exists(path)]
    if not all(_readable(path) for path in paths):
        return
    if "mount" not in layers and not all(_reachable(path) for path in [*paths, *spec["writes"]]):
        return
    own = spec["id"]
    for path in spec["writes"]:
        hand_over(path, own, own)
    with contextlib.suppress(OSError):
        os.setgroups([])
        os.setresgid(own, own, own)
        os.setresuid(own, own, own)
        layers.append("uid")


def _readable(path: str) -> bool:
    """Whether everybody may read a file, or list and enter a folder."""
    mode = os.stat(path).st_mode
    wanted = stat.S_IROTH | stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
    return mode & wanted == wanted


def _reachable(path: str) -> bool:
    """Whether everybody may traverse all folders above a path."""
    parent = os.path.dirname(os.path.realpath(path))
    while True:
        if not os.stat(parent).st_mode & stat.S_IXOTH:
            return False
        if parent == "/":
            return True
        parent = os.path.dirname(parent)


def hand_over(top: str, user: int, group: int) -> None:
    """Make `user` the owner of a folder and of what is in it; links are not followed."""
    for folder, _, files in os.walk(top):
        for path in (folder, *(os.path.join(folder, name) for name in files)):
            with contextlib.suppress(OSError):
                os.chown(path, user, group, follow_symlinks=False)
