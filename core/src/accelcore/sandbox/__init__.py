"""Running foreign code: compilers, kernels, simulators, programs, each with only the rights that it needs.

    result = run_child(["gcc", "-O2", "-shared", "k.c", "-o", "k.so"], COMPILER, Limits(seconds=30), cwd=folder)

Every layer is tried, none is assumed: the result names those that held.  docs/threat-model.md says what they stop.
"""

from __future__ import annotations

from accelcore.sandbox.dialogue import Dialogue, Ended
from accelcore.sandbox.policy import COMPILER, KERNEL, PYTHON, Policy
from accelcore.sandbox.run import ChildResult, Level, describe, level_of, run_child
from accelcore.sandbox.warm import Warm

__all__ = [
    "COMPILER", "KERNEL", "PYTHON", "ChildResult", "Dialogue", "Ended", "Level", "Policy", "Warm", "describe",
    "level_of", "run_child",
]  # fmt: skip
