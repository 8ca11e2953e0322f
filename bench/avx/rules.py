"""A row without a search: the first schedules that the rules give, raced against each other.

For machines that are too busy for a search by the clock: what is tried does not depend on how fast it is tried.  The
judge is left out, too; what a kernel computes is compared with the results of its peers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

LIBRARIES = Path(__file__).resolve().parent / "libraries.py"


def ruled(
    source: str, sizes: Mapping[str, int], target: str, most: int, out: Path, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Lift a function, try the rules' first `most` schedules and other compilers on the best, and export it."""
    from accelcore.loops.moves import recipes
    from accelcore.pipeline.catalog import choose_target
    from accelcore.pipeline.lifting import lift
    from accelcore.values import Summary, sizes_of

    (lifted,) = lift(source).functions
    verdict = str(lifted.verdict.proof)
    if lifted.task is None or not isinstance(lifted.task.reference, Summary):
        return {"verdict": verdict, "reason": lifted.verdict.reason or "not lifted"}
    task = replace(lifted.task, sizes=(sizes_of(dict(sizes)),))
    chosen: Any = choose_target(target)
    schedules = recipes(chosen.program(task), chosen.unit(), sizes, most=most) or [()]
    kernels = [chosen.kernel(task, steps) for steps in schedules]
    best = _picked(task, kernels, sizes, out, environment)
    others = [k for move in chosen.build_moves(best) for k in chosen.rewrite(move, task, best)]
    best = _picked(task, [best, *others], sizes, out, environment)
    return {"verdict": verdict, "out": str(out), "schedule": list(best.schedule), "best": True}


def _picked(task: Any, kernels: Sequence[Any], sizes: Mapping[str, int], out: Path, environment: Any) -> Any:
    """The fastest of some kernels by a chain of races; its export is left in `out`."""
    from accelcore.pipeline.exporting import folder_contents

    commands = []
    for number, kernel in enumerate(kernels):
        folder = out.parent / f"{out.name}{number}"
        _write(folder, folder_contents(task, kernel, run=None, machine=None))
        commands.append(str(folder))
    words = [f"{name}={n}" for name, n in sizes.items()]
    command = [sys.executable, str(LIBRARIES), "--pick", *commands, *words]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    number = int(json.loads(done.stdout.strip().splitlines()[-1])) if done.returncode == 0 else 0
    _write(out, folder_contents(task, kernels[number], run=None, machine=None))
    return kernels[number]


def _write(folder: Path, contents: Mapping[str, str | bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        write: Callable[[Any], int] = (
            (folder / name).write_bytes if isinstance(content, bytes) else (folder / name).write_text
        )
        write(content)
