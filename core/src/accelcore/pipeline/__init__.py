"""The straight line as functions: each command of the shell is one of them (docs/cli.md)."""

from __future__ import annotations

from accelcore.export import load
from accelcore.pipeline.catalog import targets
from accelcore.pipeline.checking import check
from accelcore.pipeline.comparing import compare
from accelcore.pipeline.lifting import lift
from accelcore.pipeline.outcome import doctor, report
from accelcore.pipeline.programs import run
from accelcore.pipeline.searching import compile, optimize, resume  # the command's name

__all__ = ["check", "compare", "compile", "doctor", "lift", "load", "optimize", "report", "resume", "run", "targets"]
