"""The `redteam` marker: which tests attack the judge and the sandbox, and how often each does in a full run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from accelcore.testing import RedTeamSuite

FULL = bool(os.environ.get("ACCELCORE_FULL"))
CORE = Path(__file__).parent / "tests" / "redteam"


@pytest.fixture
def nth_time(request: pytest.FixtureRequest) -> int:
    """The number of a repetition; only there to tell repetitions apart."""
    number: int = request.param
    return number


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Marked redteam(times=20), a test runs so often in a full run, each time with new secret inputs; else once."""
    marker = metafunc.definition.get_closest_marker("redteam")
    if FULL and marker and marker.kwargs.get("times", 1) > 1:
        metafunc.fixturenames.append("nth_time")
        metafunc.parametrize("nth_time", range(marker.kwargs["times"]), indirect=True, ids="time{}".format)


@pytest.hookimpl(tryfirst=True)  # before -m deselects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What inherits the suite, and what lies in the red team's folder, belongs to it without saying so."""
    for item in items:
        suite = getattr(item, "cls", None)
        if (suite and issubclass(suite, RedTeamSuite)) or CORE in item.path.parents:
            item.add_marker("redteam")
