"""The level of isolation that this machine gives: probed by running a child, and what would raise it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from accelcore.errors import UsageError
from accelcore.sandbox.policy import KERNEL
from accelcore.sandbox.run import Level, run_child

_SWITCHES = (
    ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
    ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"),
)
"""Settings under /proc/sys that forbid namespaces to ordinary users, the value that does, and what allows them."""


@dataclass(frozen=True)
class Isolation:
    """layers: those that held.  milliseconds: the median of starting a child and seeing it end."""

    level: Level
    layers: tuple[str, ...]
    milliseconds: float

    @property
    def mend(self) -> str:
        """The command that raises the level; "" at the highest."""
        return "" if self.level is Level.STRONG else _mend(self.layers)


def isolation(samples: int = 5) -> Isolation:
    """Probed now, by doing."""
    took = []
    for _ in range(samples):
        began = time.perf_counter()
        child = run_child(["true"], KERNEL)
        took.append((time.perf_counter() - began) * 1e3)
    return Isolation(child.level, child.layers, statistics.median(took))


def require_isolation() -> None:
    """UsageError where code of a stranger could read the user's files or use the network."""
    found = isolation(samples=1)
    if found.level is not Level.WEAK:
        return
    raise UsageError(
        "a model's code would run with too little isolation here (level weak)",
        where="--model",
        hint=f"{found.mend}; or take the risk with --allow-unsafe",
    )


def _mend(layers: Iterable[str]) -> str:
    held = set(layers)
    if not {"landlock", "seccomp"} <= held:
        lacking = ", ".join(sorted({"landlock", "seccomp", "no_new_privs"} - held))
        return f"a Linux kernel from 5.13 on that has {lacking} (in a container: --security-opt seccomp=unconfined)"
    commands = [command for name, forbids, command in _SWITCHES if _read(name) == forbids]
    return " && ".join(commands) or "namespaces are refused here: in a container, add --security-opt seccomp=unconfined"


def _read(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text(encoding="ascii").strip()
    except OSError:
        return ""
