"""Gemmini for accelcore: exact function, calibrated cycles, and the reasons why cycles are lost.

from accelcore_gemmini import FENCE, Config, Machine
outcome = Machine(Config(latency=40)).run(commands, {"A": a, "C": c})
print(outcome.feedback().text())
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelcore import hookimpl
from accelcore_gemmini.commands import FENCE, Command, CommandError, Rule, Violation
from accelcore_gemmini.config import CONFIGS, Config
from accelcore_gemmini.feedback import Conflict, Feedback, Traffic
from accelcore_gemmini.machine import Buffer, Machine, Outcome, Timing, layout
from accelcore_gemmini.timeline import chrome_trace

if TYPE_CHECKING:
    from accelcore.protocols import Evaluator, Target

__all__ = [
    "CONFIGS", "FENCE", "Buffer", "Command", "CommandError", "Config", "Conflict", "Feedback", "Machine", "Outcome",
    "Rule", "Timing", "Traffic", "Violation", "chrome_trace", "layout",
]  # fmt: skip

requires_api = 1


@hookimpl
def accelcore_targets() -> Sequence[Target]:
    """The target."""
    from accelcore_gemmini.target import GemminiTarget

    return [GemminiTarget()]


@hookimpl
def accelcore_evaluators() -> Sequence[Evaluator]:
    """Its simulator, and an installed spike or FireSim."""
    from accelcore_gemmini.firesim import FireSimEvaluator
    from accelcore_gemmini.installed import SpikeEvaluator
    from accelcore_gemmini.target import GemminiEvaluator

    return [GemminiEvaluator(), SpikeEvaluator(), FireSimEvaluator()]
