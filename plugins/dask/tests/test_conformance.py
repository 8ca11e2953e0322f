"""The conformance kit on the cluster's executor."""

from __future__ import annotations

from typing import ClassVar

import pytest

from accelcore.testing import PoolSuite


class TestDask(PoolSuite):
    address: ClassVar[str] = ""

    @pytest.fixture(autouse=True)
    def _cluster(self, pool, scheduler):
        """Its workers are up."""
        type(self).pool = f"dask:scheduler={scheduler},tag=board"
