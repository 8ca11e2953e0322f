"""zig's C compiler in the sandbox, with a cache of its own that is kept.

zig compiles the C library of a target from source when it is first linked, which takes minutes, and writes into its
cache at every use.  So the cache lies in the user's cache folder, beside the folders that zig works in: that one folder
is what it may write.  Work is copied there and back.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from accelcore.values import Limits, Status

if TYPE_CHECKING:
    from accelcore.sandbox import ChildResult

_FILES = 8192  # it opens every file of a C library at once
_FIRST = 1200.0
"""Seconds that the first use for a target may take."""


def run(command: Sequence[str], work: Path, limits: Limits, home: Path) -> ChildResult:
    """Run zig in `work`, which is copied into `home` and back; the first use for a target says that it takes long."""
    from accelcore.sandbox import COMPILER, run_child

    policy = replace(COMPILER.reading(sys.prefix, sys.base_prefix), files=_FILES)
    home.mkdir(parents=True, exist_ok=True)
    filled = home / f"filled-{_target(command)}"
    links = not {"-c", "-S", "-E"} & set(command)
    if links and not filled.exists():
        note = f"zig compiles its C library for {_target(command)}, once; this may take minutes"
        sys.stderr.write(f"{note}\n")
        limits = replace(limits, seconds=max(limits.seconds, _FIRST))
    environment = {"ZIG_GLOBAL_CACHE_DIR": str(home / "cache"), "ZIG_LOCAL_CACHE_DIR": str(home / "cache")}
    with tempfile.TemporaryDirectory(prefix="work-", dir=home) as inner:
        shutil.copytree(work, inner, dirs_exist_ok=True)
        words = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', Path(inner).name, *command]
        done = run_child(words, policy, limits, cwd=home, env=environment)
        shutil.copytree(inner, work, dirs_exist_ok=True)
    if links and done.status is Status.OK:
        filled.touch()
    return done


def _target(command: Sequence[str]) -> str:
    """What zig compiles for: `native`, or the word after -target."""
    words = list(command)
    return words[words.index("-target") + 1] if "-target" in words else "native"
