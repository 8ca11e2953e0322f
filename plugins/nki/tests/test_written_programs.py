"""Programs and suites in the manner of many hands, run unchanged: each checks itself against NumPy.

Those in programs/first_*.py are written against NKI 1.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from accelcore.values import Limits
from accelcore_nki import surface
from accelcore_nki.target import NkiSimulator

PROGRAMS = Path(__file__).with_name("programs")
WHOLE = {  # what needs the harness of `run` itself: suites, kernels without imports, absent frameworks, files
    "softmax_unittest": "OK", "constraints_unittest": "OK", "suite_of_operators": "90 passed",
    "suite_of_layers": "3 passed, 1 skipped", "suite_of_variants": "6 passed", "first_suite": "18 passed",
    "first_suite_with_fixtures": "4 passed", "pasted": "1 passed", "first_pasted": "1 passed",
    "guarded_imports": "dispatch ok", "files": "", "suite_with_marks": "14 passed, 1 xfailed",
    "suite_with_setup": "OK", "use_shared_tiling": "sums agree",
}  # fmt: skip
SCRIPTS = sorted(path.stem for path in PROGRAMS.glob("*.py") if path.stem not in WHOLE)


@pytest.fixture
def simulated(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["program.py"])
    surface.install()
    yield
    surface.uninstall()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_finds_itself_right(simulated, name):
    try:
        runpy.run_path(str(PROGRAMS / f"{name}.py"), run_name="__main__")
    except SystemExit as ending:
        assert not ending.code


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_program_runs_under_run(name):
    found = NkiSimulator().run(PROGRAMS / f"{name}.py", [], limits=Limits(seconds=120))
    said = found["stdout"] + found["log"]
    assert (found["status"], found["exit"]) == ("ok", 0), said
    assert WHOLE[name] in said
