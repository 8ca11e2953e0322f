from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the substitutes' program."""
    sys.path.insert(0, str(HERE.parent / "pipeline"))
    from substitutes import PROGRAM

    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "ACCELCORE_CACHE": str(folder / "cache"), "NO_COLOR": "1", "COLUMNS": "100"}


@pytest.fixture
def cli(folder: Path) -> Run:
    """Runs the command line over the substitutes, in the folder."""

    def run(*arguments: str, **changes: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(HERE / "substituted.py"), *arguments]
        options = {"cwd": folder, "env": environment(folder), "capture_output": True, "text": True, "timeout": 120}
        return subprocess.run(command, check=False, **{**options, **changes})

    return run
