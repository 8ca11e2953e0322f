from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="session")
def rtl_traces() -> Path:
    """A sample of command traces with cycles measured on the generated RTL of the default configuration."""
    return Path(__file__).parent / "data" / "rtl_traces.jsonl.gz"


@pytest.fixture(scope="session", autouse=True)
def _compiler() -> None:
    from accelcore.cgen.toolchain import missing

    if missing():
        pytest.skip("no C compiler")


@pytest.fixture
def execute(tmp_path: Path) -> Callable[..., Any]:
    """Runs a test program, with macros defined in front of it; lines are counted as in its file."""
    from accelcore.pipeline.programs import run

    def start(name: str, target: str = "gemmini", arguments=(), seconds: float = 60.0, **macros) -> Any:
        lines = [f"#define {key} {value}\n" for key, value in macros.items()]
        (tmp_path / "check.h").write_text((PROGRAMS / "check.h").read_text())
        program = tmp_path / name
        program.write_text("".join(lines) + "#line 1\n" + (PROGRAMS / name).read_text())
        return run(program, arguments, target=target, seconds=seconds).json()

    return start


@pytest.fixture
def correct(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Runs a test program, which checks its own results."""

    def start(*arguments, **macros) -> Any:
        result = execute(*arguments, **macros)
        assert (result["status"], result["exit"]) == ("ok", 0), result
        assert "Correct result" in result["stdout"]
        return result

    return start
