from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def rtl_traces() -> Path:
    """A sample of command traces with cycles measured on the generated RTL of the default configuration."""
    return Path(__file__).parent / "data" / "rtl_traces.jsonl.gz"


@pytest.fixture(scope="session", autouse=True)
def _compiler() -> None:
    from accelcore.cgen.toolchain import missing

    if missing():
        pytest.skip("no C compiler")
