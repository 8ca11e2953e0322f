"""Search for accelcore: the autocomp and evolution strategies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from accelcore.protocols import Strategy

requires_api = 1


@hookimpl
def accelcore_strategies() -> Sequence[Strategy]:
    """Beam search over plans and implementations, regularized evolution, and Optuna where it is installed."""
    from accelcore_autocomp.evolution import Evolution
    from accelcore_autocomp.optuna import OptunaSearch
    from accelcore_autocomp.strategy import Autocomp

    return [Autocomp(), Evolution(), OptunaSearch()]
