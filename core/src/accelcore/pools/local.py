"""This machine as a pool: worker processes under a supervisor that outlives any of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class LocalPool:
    """Worker processes on this machine."""

    workers: int = field(default=0, metadata={"help": "worker processes; 0 is one per core"})

    name: ClassVar[str] = "local"
    about: ClassVar[str] = "worker processes on this machine"

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def open(self) -> Executor:
        """An executor; the caller shuts it down."""
        from accelcore.pools.supervisor import Supervisor

        return Supervisor(self.workers or os.cpu_count() or 2)

    def serves(self, fingerprint: str) -> bool:
        """Every evaluator that is usable here gives its own fingerprint here."""
        return True
