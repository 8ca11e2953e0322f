"""Comparing search strategies without hardware or money: landscapes of known cost and scripted proposers.

from accelcore.bench import compare, landscapes
print(compare([Greedy(), MyStrategy()], landscapes(), seeds=range(20)).table())
"""

from __future__ import annotations

from accelcore.bench.compare import Comparison, Trace, compare, searched, trace
from accelcore.bench.landscape import Landscape, ScriptedProposer, landscapes
from accelcore.bench.recorded import Recorded

__all__ = [
    "Comparison", "Landscape", "Recorded", "ScriptedProposer", "Trace", "compare", "landscapes", "searched", "trace",
]  # fmt: skip
