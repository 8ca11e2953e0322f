from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the helper beside this file; test folders are no packages


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A folder with the program, over the registry of substitutes."""
    from substitutes import PROGRAM, substitutes

    from accelcore.registry import using

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCELCORE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "program.py").write_text(PROGRAM)
    with using(substitutes()):
        yield "program.py"
