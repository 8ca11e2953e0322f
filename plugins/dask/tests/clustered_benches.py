"""What the workers of the test cluster import by name."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelcore.bench import landscapes

GEMM = next(land for land in landscapes() if land.name == "gemm")


@dataclass(frozen=True)
class Deadly:
    """Kills its worker in the middle of a judgement, once for each file in `marks`; notes all judgements in `log`."""

    marks: str
    log: str

    def __getattr__(self, name: str) -> Any:
        return getattr(GEMM, name)

    def judge(self, task: Any, artifact: Any, incumbent: Any) -> Any:
        with open(self.log, "a") as log:
            log.write(f"{os.getpid()} {artifact.kernel.text}\n")
        judged = len(Path(self.log).read_text().splitlines())
        for mark in Path(self.marks).iterdir():
            if judged > 8:
                mark.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
        return GEMM.judge(task, artifact, incumbent)


def deadly(marks: str, log: str) -> Any:
    return Deadly(marks, log)


def note(file: str) -> int:
    """A task with an effect: one line in a file."""
    with open(file, "a") as log:
        log.write("done\n")
    return os.getpid()
