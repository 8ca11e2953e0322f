"""`run`: somebody's whole program on the machine, emulator or simulator of a target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from accelcore.errors import MissingTool, UsageError
from accelcore.pipeline.catalog import choose_evaluator, choose_target
from accelcore.pipeline.results import ProgramResult
from accelcore.protocols import ProgramRunner, Target
from accelcore.registry import registry
from accelcore.values import Limits


def run(
    program: str | Path,
    arguments: Sequence[str] = (),
    *,
    target: str | Target = "c",
    seconds: float = 60.0,
    stdin: bytes | int | None = None,
) -> ProgramResult:
    """Run a program unchanged: its output, exit, cost and feedback.

    stdin: what it reads, or a descriptor to read it from; programs of some targets have no standard input.

    Status ok only means that it ended by itself within its limits.  Raises UsageError for a target none of whose
    evaluators runs programs, MissingTool when those that do are not usable here.
    """
    path = Path(program)
    if not path.is_file():
        raise UsageError("there is no such file", where=str(path))
    chosen = choose_target(target)
    runners = [e for e in registry().evaluators(chosen.name) if isinstance(e, ProgramRunner)]
    if not runners:
        raise UsageError(f"target {chosen.name} runs kernels, not programs", hint="accelcore check judges a kernel")
    usable = [e for e in runners if not e.missing()]
    if not usable:
        lacking = "; ".join(dict.fromkeys(line for e in runners for line in e.missing()))
        raise MissingTool(f"target {chosen.name} cannot run programs here", where="--target", hint=lacking)
    ready = choose_evaluator(target)  # with the options that the target was given
    runner = ready if isinstance(ready, ProgramRunner) else usable[0]
    more = {"stdin": stdin} if getattr(runner, "takes_input", False) else {}
    return ProgramResult(dict(runner.run(path, tuple(arguments), limits=Limits(seconds=seconds), **more)))
