"""RISC-V vector target for accelcore: length-agnostic C with intrinsics, run on an emulator, costed by a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelcore import hookimpl

if TYPE_CHECKING:
    from accelcore.protocols import Evaluator, Target

requires_api = 1


@hookimpl
def accelcore_targets() -> Sequence[Target]:
    """The target."""
    from accelcore_rvv.target import RvvTarget

    return [RvvTarget()]


@hookimpl
def accelcore_evaluators() -> Sequence[Evaluator]:
    """Its evaluators: on the emulator; where there is none, on this machine without a cost."""
    from accelcore_rvv.evaluator import RvvEvaluator
    from accelcore_rvv.host import RvvHostEvaluator

    return [RvvEvaluator(), RvvHostEvaluator()]
