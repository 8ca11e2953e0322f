"""Programs on an installed FireSim whose bitstream has Gemmini: `--target gemmini:evaluator=gemmini-firesim`.

Written after the manager's documentation and tested with stand-ins; it has never been run on the real one.  The user's
run farm must be up and deploy/config_runtime.yaml must name the workload accelcore-gemmini.json; this writes that
workload, calls `firesim infrasetup` and `firesim runworkload`, and gives back the console of the simulated system.  It
never launches or ends a run farm, which costs money.  There is no cost: cycles are what the program prints of its own
clock.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.errors import MissingTool, RunFailure, UsageError
from accelcore.values import Fidelity, Limits, Status
from accelcore_gemmini.installed import Installed, executable

if TYPE_CHECKING:
    from accelcore.sandbox import ChildResult

_MANAGER, _DEPLOY = "firesim", "FIRESIM_DEPLOY"
_WORKLOAD = "accelcore-gemmini"
_CONSOLE = "uartlog"
_LOG = 4000  # characters of the manager's words that are kept


@dataclass(frozen=True)
class FireSimEvaluator(Installed):
    """Runs bare-metal executables for RISC-V, or C programs compiled for it, on the simulations of a run farm."""

    name: ClassVar[str] = "gemmini-firesim"
    about: ClassVar[str] = "an installed FireSim with Gemmini in its bitstream (never run on the real one)"
    target: ClassVar[str] = "gemmini"
    fidelity: ClassVar[Fidelity] = Fidelity.SIMULATED

    def missing(self) -> list[str]:
        """The manager, or the folder of its configuration."""
        if not shutil.which(_MANAGER):
            return [f"{_MANAGER} is not on the path: source sourceme-manager.sh of a FireSim checkout"]
        return [] if _deploy() else [f"{_DEPLOY} does not name the folder deploy of a FireSim checkout"]

    def fingerprint(self) -> str:
        """Where the manager is; it does not tell which bitstream it runs."""
        return f"firesim {shutil.which(_MANAGER)} {os.environ.get(_DEPLOY)}"

    def run(self, program: Path, args: Sequence[str], *, limits: Limits) -> Mapping[str, Any]:
        """Put a program into the workload and run that; the time limit is for each step of the manager."""
        if args:
            raise UsageError("bare-metal programs on FireSim take no arguments")
        deploy = _configured()
        with tempfile.TemporaryDirectory(prefix="gemmini-firesim-") as folder:
            path = executable(program, Path(folder), limits)
            if not isinstance(path, Path):
                return _refused(path)
            _write_workload(deploy, path)
        before = set(_results(deploy))
        try:
            for task in ("infrasetup", "runworkload"):
                _managed(task, deploy, limits)
        except RunFailure as error:
            return {"status": str(error.status), "log": error.what}
        return _console(deploy, before)


def _deploy() -> Path | None:
    named = os.environ.get(_DEPLOY)
    return Path(named) if named and (Path(named) / "workloads").is_dir() else None


def _configured() -> Path:
    """The folder deploy, when its configuration names our workload."""
    deploy = _deploy()
    if deploy is None:
        raise MissingTool(f"{_DEPLOY} does not name the folder deploy of a FireSim checkout")
    file = deploy / "config_runtime.yaml"
    if not file.is_file() or f"{_WORKLOAD}.json" not in file.read_text("utf-8"):
        raise UsageError(
            f"{file.name} does not run the workload {_WORKLOAD}.json", where=str(file),
            hint=f"set workload_name: {_WORKLOAD}.json, and the hardware that has Gemmini",
        )  # fmt: skip
    return deploy


def _write_workload(deploy: Path, program: Path) -> None:
    """One job that boots the program and keeps its console."""
    home = deploy / "workloads" / _WORKLOAD
    home.mkdir(exist_ok=True)
    shutil.copyfile(program, home / "program")
    workload = {
        "benchmark_name": _WORKLOAD, "common_bootbinary": "program", "common_rootfs": None, "common_outputs": [],
        "common_simulation_outputs": [_CONSOLE],
    }  # fmt: skip
    (deploy / "workloads" / f"{_WORKLOAD}.json").write_text(json.dumps(workload, indent=2) + "\n", "utf-8")


def _managed(task: str, deploy: Path, limits: Limits) -> None:
    """One task of the manager, which works on other hosts and so cannot be in a sandbox.  RunFailure if it fails."""
    try:
        done = subprocess.run(
            [_MANAGER, task], cwd=deploy, capture_output=True, text=True, errors="replace", timeout=limits.seconds,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        what = f"firesim {task} took longer than {limits.seconds:.0f} s; firesim kill ends what it started"
        raise RunFailure(what, status=Status.TIMEOUT) from None
    if done.returncode:
        said = (done.stdout + done.stderr)[-_LOG:]
        raise RunFailure(f"firesim {task} ended with {done.returncode}\n{said}", status=Status.HARNESS_ERROR)


def _results(deploy: Path) -> list[Path]:
    return sorted((deploy / "results-workload").glob(f"*-{_WORKLOAD}"))


def _console(deploy: Path, before: set[Path]) -> dict[str, Any]:
    """What the simulated system printed, in the results that were not there before."""
    new = [folder for folder in _results(deploy) if folder not in before]
    files = [file for folder in new for file in sorted(folder.glob(f"*/{_CONSOLE}"))]
    if not files:
        return {"status": str(Status.HARNESS_ERROR), "log": f"firesim left no {_CONSOLE} in results-workload"}
    return {
        "status": str(Status.OK),
        "exit": None,
        "cost": None,
        "stdout": files[-1].read_text("utf-8", "replace"),
        "sandbox": "none: the manager works on other hosts",
        "feedback": "FireSim tells no exit status and no cycles: the program's own output has to",
    }


def _refused(compiled: ChildResult) -> dict[str, Any]:
    return {"status": str(Status.COMPILE_ERROR), "log": compiled.text}
