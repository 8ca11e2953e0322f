"""`accelcore run PROGRAM --target nki`: somebody's Python program in a sandboxed child, under the simulator."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelcore.values import Limits, Status
from accelcore_nki.generations import TARGET
from accelcore_nki.runner import RULE_BROKEN, home_of

_REPORT, _TRACE = "report.json", "trace.json"
_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")


def run_program(program: Path, args: Sequence[str], chip: str, limits: Limits, trace: str = "") -> Mapping[str, Any]:
    """Run a program: the object of `run --json`.  The cost is the modelled time of all its kernel runs together.

    trace: where the timeline of its last kernel run goes, in the Chrome trace format; "" for nowhere.
    """
    from accelcore.sandbox import PYTHON, run_child

    path = Path(program).resolve()
    with tempfile.TemporaryDirectory(prefix="nki-") as folder:
        policy = replace(PYTHON, name="nki program", write_cwd=True)
        home = str(Path(__file__).resolve().parent.parent)
        project = _project(path)
        policy = policy.reading(path.parent, _package(path), home, *project)
        report = Path(folder) / _REPORT
        # Tiles are small: threads of a matrix library cost more than they bring, the more so on a busy machine.
        env = {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
        if os.environ.get(TARGET):
            env[TARGET] = os.environ[TARGET]
        env["PYTHONPATH"] = os.pathsep.join((home, *project))
        timeline = Path(folder) / _TRACE
        argv = [sys.executable, "-m", "accelcore_nki.runner", str(report), str(timeline) if trace else "", chip]
        argv += [str(path), *args]
        child = run_child(argv, policy, limits, cwd=folder, env=env)
        if not report.is_file() or report.is_symlink():
            lost = {"status": str(Status.HARNESS_ERROR), "feedback": "the simulator did not start"}
            return {**child.ended(RULE_BROKEN), **lost}
        if timeline.is_file() and not timeline.is_symlink():  # the folder is the program's
            shutil.copyfile(timeline, trace)
        return {**child.ended(RULE_BROKEN), **_told(json.loads(report.read_text()))}


def _package(path: Path) -> Path:
    """The outermost package that a program is in, else its folder."""
    folder, name = home_of(path)
    return folder / name.split(".")[0] if "." in name else path.parent


def _project(path: Path) -> list[str]:
    """Folders that a program's own modules come from: PYTHONPATH's, its project's root and the root's src.

    The root is the nearest folder above the program that holds a pyproject.toml, setup.py, setup.cfg or .git.
    """
    given = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part and Path(part).is_dir()]
    for folder in path.parents:
        if folder in (Path.home(), Path(folder.anchor)):
            break
        if any((folder / mark).exists() for mark in _MARKS):
            return [*given, str(folder), *(str(f) for f in (folder / "src",) if f.is_dir())]
    return given


def _told(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Cost, metrics and feedback from the child's notes.  They are the program's own: fit to read, not to judge by."""
    timed = [run for run in runs if "modelled_us" in run]
    if not timed:
        return {"feedback": "no kernel ran" if not runs else "the kernels are too long to be timed", "metrics": {}}
    total = sum(run["modelled_us"] for run in timed)
    last = {run["kernel"]: run for run in timed}
    text = "\n".join(f"{name}: {run['text']}" for name, run in last.items())
    details = {name: {k: v for k, v in run.items() if k != "text"} for name, run in last.items()}
    return {
        "cost": {"value": total / 1e6, "unit": "s", "fidelity": "modelled"},
        "metrics": {"kernel_runs": len(runs), "kernels": details},
        "feedback": text,
    }
