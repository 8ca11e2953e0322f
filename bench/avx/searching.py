"""One row from its loops to an exported kernel in a folder, and what the table says of it beside the races.

A row's folder is complete or absent: it is made beside its place and moved there.  `row.json` holds the row's name,
what the compilation answered, the effort and the state of the checkout; the other files are the export, with the loops
for compilers (`plain.c`, `compilers.json`).  A row without a kernel leaves a folder with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rules import ruled
from table import Row

from accelcore.errors import AccelcoreError

KERNELS = Path(__file__).resolve().parent / "kernels"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "HL_NUM_THREADS"), "1")
# What a library allocates in every call comes from memory that is kept, in huge pages, so that it pays for no faults.
KEPT = ("hugetlb=1", "mmap_threshold=4294967296", "trim_threshold=8589934592")
MEMORY = {"GLIBC_TUNABLES": ":".join(f"glibc.malloc.{text}" for text in KEPT)}
PATIENCE = 900.0  # seconds beyond its budget after which a compilation is given up: lifting and confirmation are apart
FACTS = "row.json"


@dataclass(frozen=True)
class Effort:
    """How hard a row is tried: seconds of search, or, without a search, how many of the rules' schedules."""

    seconds: float
    target: str
    rules: int = 0

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.rules} schedules of the rules" if self.rules else f"{self.seconds:g} s of search"


@dataclass(frozen=True)
class Searched:
    """A row's folder, once it is complete.

    made: the JSON object that `accelcore compile` printed, or "reason" for no kernel.
    """

    folder: Path
    made: dict[str, Any]
    effort: Effort
    checkout: str

    @property
    def reason(self) -> str:
        """Why there is no kernel; "" when there is one."""
        return str(self.made.get("reason") or "no kernel") if not self.made.get("best") else ""


def stored(row: Row, under: Path) -> Searched | None:
    """What an earlier search left of a row; None where there is nothing."""
    folder = under / row.name
    facts = folder / FACTS
    if not facts.exists():
        return None
    told = json.loads(facts.read_text())
    return Searched(folder, told["made"], Effort(**told["effort"]), told["checkout"])


def searched(row: Row, effort: Effort, under: Path, kernels: Path = KERNELS) -> Searched:
    """Lift and search a row, and leave its folder under `under`.  Nothing that goes wrong with a row is raised."""
    part = under / f"{row.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        made = by_rules(row, effort, part, kernels) if effort.rules else compiled(row, effort, part, kernels)
        if made.get("best"):
            write_plain(part, effort.target)
    except (AccelcoreError, OSError, ValueError, subprocess.SubprocessError) as error:
        made = {"reason": f"{type(error).__name__}: {error}"}
    state = checkout()
    told = {"row": row.name, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "checkout": state}
    (part / FACTS).write_text(json.dumps(told | {"effort": asdict(effort), "made": made}, indent=1))
    shutil.rmtree(under / row.name, ignore_errors=True)
    part.rename(under / row.name)
    return Searched(under / row.name, made, effort, state)


def compiled(row: Row, effort: Effort, out: Path, kernels: Path) -> dict[str, Any]:
    """What `accelcore compile` answers from an empty cache; its export is in `out`."""
    command = [sys.executable, "-m", "accelcore.cli", "compile", str(kernels / row.function), "--target", effort.target]
    command += [word for size in row.sizes.split() for word in ("--size", size)]
    command += ["--max-seconds", str(effort.seconds), "--no-cache", "--json", "--out", str(out)]
    limit = effort.seconds + PATIENCE
    with tempfile.TemporaryDirectory() as scratch:  # its journal goes there
        done = subprocess.run(command, capture_output=True, text=True, cwd=scratch, check=False, timeout=limit)
    if not done.stdout.strip():
        return {"reason": (done.stderr.strip().splitlines() or ["no output"])[-1]}
    made = dict(json.loads(done.stdout))
    if "error" in made:
        return {"reason": f"{made['error'].get('what')}: {made['error'].get('where')}"}
    return made if made.get("out") else made | {"best": None}


def by_rules(row: Row, effort: Effort, out: Path, kernels: Path) -> dict[str, Any]:
    """The rules' best schedule without a search; its export is in `out`."""
    return ruled(str(kernels / row.function), row.values, effort.target, effort.rules, out, {**ONE_THREAD, **MEMORY})


def write_plain(folder: Path, target: str) -> None:
    """The loops of an exported kernel for compilers, and the compilers' commands by label, into its folder."""
    from accelcore import codec
    from accelcore.cgen.toolchain import ALWAYS, compiler
    from accelcore.registry import registry

    task = codec.decode(json.loads((folder / "task.json").read_text()))
    commands: dict[str, list[str]] = {}
    for label, kernel in registry().target(target).baselines(task).items():
        if kernel.language == "c":
            build = dict(kernel.build)
            (folder / "plain.c").write_text(kernel.text)
            commands[label] = [*compiler(build["cc"]).command, *ALWAYS, *build["flags"].split()]
    (folder / "compilers.json").write_text(json.dumps(commands))


def checkout() -> str:
    """The commit that is checked out, with "+" for changed files; "" outside a checkout."""
    command = ["git", "-C", str(KERNELS), "describe", "--always", "--dirty=+", "--abbrev=10", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def environment() -> dict[str, str]:
    """What the races run in: one thread for every library, memory that is kept."""
    return {**os.environ, **ONE_THREAD, **MEMORY}
