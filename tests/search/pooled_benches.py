"""Benches that worker processes open: the gemm landscape, on machines that die or are unlike."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accelcore.bench import landscapes

GEMM = next(land for land in landscapes() if land.name == "gemm")


def steady() -> Any:
    return GEMM


@dataclass(frozen=True)
class Deadly:
    """Kills its worker at every judgement while `marks` holds a file, each of which it takes away first."""

    marks: str

    def __getattr__(self, name: str) -> Any:
        return getattr(GEMM, name)

    def judge(self, task: Any, artifact: Any, incumbent: Any) -> Any:
        for mark in sorted(Path(self.marks).iterdir()):
            try:
                mark.unlink()
            except FileNotFoundError:  # another worker took it
                continue
            os.kill(os.getpid(), signal.SIGKILL)
        return GEMM.judge(task, artifact, incumbent)


def deadly(marks: str) -> Any:
    return Deadly(marks)


class Unlike:
    """Every worker says of itself that it is another machine."""

    def __getattr__(self, name: str) -> Any:
        return getattr(GEMM, name)

    @property
    def fingerprint(self) -> str:
        return f"machine {os.getpid()}"


def unlike() -> Any:
    return Unlike()


def racing() -> Any:
    """Timed: every cost is a ratio to the incumbent's."""
    return Racing()


class Racing:
    timed = True

    def __getattr__(self, name: str) -> Any:
        return getattr(GEMM, name)

    def judge(self, task: Any, artifact: Any, incumbent: Any) -> Any:
        found = GEMM.judge(task, artifact, incumbent)
        if incumbent is None or found.cost is None:
            return found
        other = GEMM.judge(task, incumbent, None)
        return replace(found, metrics=(("ratio", found.cost.value / other.cost.value),))
