"""AVX-512 and AVX2 target for accelcore: C with intrinsics from scheduled loops, built and run on this CPU."""

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
    from accelcore_avx.target import AvxTarget

    return [AvxTarget()]


@hookimpl
def accelcore_evaluators() -> Sequence[Evaluator]:
    """Its evaluator."""
    from accelcore_avx.target import AvxEvaluator

    return [AvxEvaluator()]
