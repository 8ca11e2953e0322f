"""Conformance of the target and its evaluator, on the host's path (int8, float tasks) and on the array's (fp32)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from accelcore.testing import EvaluatorSuite, RedTeamSuite, Sabotage, SmallTask, TargetSuite
from accelcore.values import Kernel
from accelcore_gemmini.lowering.derive import HOST

_ONE_CALL = ("leaves at a later call", "skips later calls", "never returns from a later call")
"""Sabotage that waits for later calls is honest here: a child is called once, and its log serves all inputs."""

_NO_KERNEL = ("leaves at load",)
"""Refused before it is built: a kernel of the array has no use for constructors (test_judging has it, too)."""


class TestGemmini(TargetSuite):
    target = "gemmini"
    moves_tried = 3


class TestFloat(TargetSuite):
    target = "gemmini:config=fp32-4"
    moves_tried = 4

    def wrong(self, small: SmallTask, kernel: Kernel) -> Kernel | None:
        """On the array, the kernel with its results doubled; the host's is made of a changed summary, as usual."""
        if HOST in kernel.build:
            return None
        return replace(kernel, text=kernel.text.replace("NO_ACTIVATION, ACC_SCALE_IDENTITY", "NO_ACTIVATION, 2.0f"))


class TestEvaluator(EvaluatorSuite):
    evaluator = "gemmini-simulator"


class TestSabotage(RedTeamSuite):
    target = "gemmini:config=fp32-4"

    def honest(self) -> Iterator[tuple[SmallTask, Kernel]]:
        """One kernel of the host, one of the array."""
        found = list(self.lowered())
        for host in (True, False):
            yield next((small, kernel) for small, kernel in found if (HOST in kernel.build) == host)

    def sabotages(self, kernel: Kernel) -> tuple[Sabotage, ...]:
        found = super().sabotages(kernel)
        return found if HOST in kernel.build else tuple(s for s in found if s.name not in _ONE_CALL + _NO_KERNEL)
