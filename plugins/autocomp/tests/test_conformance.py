"""The conformance kit on the plugin's strategies."""

from __future__ import annotations

from accelcore.testing import StrategySuite


class TestAutocomp(StrategySuite):
    strategy = "autocomp"


class TestEvolution(StrategySuite):
    strategy = "evolution"
