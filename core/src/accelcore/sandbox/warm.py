"""`Warm`: Python programs that start in a process which has their modules imported already.

    trace = Warm("mine.tracer:main", ("numpy",))
    result = trace.run([request, answer], PYTHON, limits, cwd=folder)

A run is what `run_child` of `python -m mine.tracer` would be, without the start of an interpreter: a process is forked
from one that has only imported modules, and then confined as any other.  Invariant: that process runs no foreign code
and speaks to this one only, so no run can leave anything behind for the next.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from accelcore.sandbox.policy import Policy
from accelcore.sandbox.run import ChildResult, ended_of, environment, specification
from accelcore.sandbox.server import Server
from accelcore.values import Limits


class Warm:
    """Starts `module:function` of an installed module; the function gets the arguments and returns the exit code.

    modules: what else is imported before anything runs.  The waiting process starts with the first run and ends with
    this one.  Thread-safe.
    """

    def __init__(self, entry: str, modules: Sequence[str] = ()) -> None:
        self.entry = entry
        self._server = Server((*modules, entry.partition(":")[0]))
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._server.forget)

    def run(
        self,
        arguments: Sequence[str],
        policy: Policy,
        limits: Limits,
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> ChildResult:
        """One run to its end; see `run_child` for the parameters.  It may start no other program."""
        spec = specification(policy, limits, cwd=cwd)
        spec |= {"call": self.entry, "argv": list(arguments), "env": environment(policy, env)}
        return ended_of(self._server, spec, limits)

    def close(self) -> None:
        """End the waiting process; the next run starts another."""
        self._server.close()
