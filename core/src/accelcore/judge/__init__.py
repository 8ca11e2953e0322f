"""Verdicts about kernels: the only thing that drives a Runner, compares, races, and creates an Evaluation.

See docs/threat-model.md for what it defends against.
"""

from __future__ import annotations

from accelcore.judge.judge import VERSION, Judge
from accelcore.judge.lease import lease
from accelcore.judge.pool import Pool
from accelcore.judge.race import Contender, race
from accelcore.judge.screen import PROMOTE, SCREEN, Depth, screen

__all__ = ["PROMOTE", "SCREEN", "VERSION", "Contender", "Depth", "Judge", "Pool", "lease", "race", "screen"]
