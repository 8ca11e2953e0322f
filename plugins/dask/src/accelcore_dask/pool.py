"""The pool: which scheduler, and which of its workers."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import ClassVar

from accelcore.errors import UsageError


@dataclass(frozen=True)
class DaskPool:
    """`--pool dask:scheduler=tcp://HOST:8786`."""

    scheduler: str = field(
        default="", metadata={"help": "address of the scheduler, tcp://HOST:PORT or tls://HOST:PORT"}
    )
    tag: str = field(default="", metadata={"help": "resource that a worker must have; the target's name by default"})
    wait: float = field(default=30.0, metadata={"help": "seconds that the scheduler and a worker may take to appear"})

    name: ClassVar[str] = "dask"
    about: ClassVar[str] = "workers of a dask scheduler, placed by the target that they announce"

    def missing(self) -> Sequence[str]:
        """The package, where it is not installed."""
        return () if importlib.util.find_spec("distributed") else ("distributed: pip install accelcore-dask",)

    def open(self) -> Executor:
        """An executor over the workers that have the tag.

        Raises UsageError without an address, ClusterError when nobody answers there or no worker has the tag.
        """
        from accelcore_dask.executor import DaskExecutor

        if not self.scheduler:
            raise UsageError(
                "the address of the scheduler is missing", where="--pool", hint="write dask:scheduler=tcp://HOST:8786"
            )
        return DaskExecutor(self.scheduler, self.tag, self.wait)

    def serves(self, fingerprint: str) -> bool:
        """The fingerprint came from a worker with the tag; another worker's that differs is refused when it answers."""
        return True
