"""Dask clusters as a pool for accelcore."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from accelcore.protocols import Pool

requires_api = 1


@hookimpl
def accelcore_pools() -> Sequence[Pool]:
    """The workers of a dask scheduler."""
    from accelcore_dask.pool import DaskPool

    return [DaskPool()]
