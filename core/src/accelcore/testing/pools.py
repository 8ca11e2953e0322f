"""The suite of a pool: an executor that stands failures."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from typing import ClassVar

from accelcore.registry import registry


def _square(number: int) -> int:
    return number * number


def _fail() -> None:
    raise ValueError("on purpose")


def _die() -> None:
    os._exit(3)


class PoolSuite:
    """Subclass it and set `pool` to NAME or NAME:OPTION=VALUE,..."""

    pool: ClassVar[str] = ""
    survives_death: ClassVar[bool] = True

    def opened(self) -> Executor:
        """An executor; the test shuts it down."""
        import pytest

        from accelcore.options import split, values_for

        name, given = split(self.pool)
        found = registry().pool(name, **values_for(registry().pool(name), given))
        if found.missing():
            pytest.skip(f"not usable here: {found.missing()[0]}")
        return found.open()

    def test_it_computes(self) -> None:
        """Results in the order of `map`."""
        with self.opened() as executor:
            assert list(executor.map(_square, range(20))) == [n * n for n in range(20)]

    def test_an_exception_comes_back(self) -> None:
        """As itself, and the next job runs."""
        import pytest

        with self.opened() as executor:
            with pytest.raises(ValueError, match="on purpose"):
                executor.submit(_fail).result(timeout=60)
            assert executor.submit(_square, 3).result(timeout=60) == 9

    def test_a_dead_worker_does_not_end_the_pool(self) -> None:
        """The job that died fails; later jobs run."""
        import pytest

        if not self.survives_death:
            pytest.skip("declared not to")
        with self.opened() as executor:
            assert executor.submit(_die).exception(timeout=60) is not None
            assert executor.submit(_square, 4).result(timeout=60) == 16
