"""Building and opening kernels: those of the array by their log, those of the host natively."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from accelcore.codec import decode, encode
from accelcore.errors import UnsupportedLowering
from accelcore.values import Artifact, Evaluation, Kernel, Limits, Status, Task
from accelcore_gemmini.judging.build import BuildError, built
from accelcore_gemmini.judging.runner import HostRunner, LogRunner
from accelcore_gemmini.lowering.derive import HOST

if TYPE_CHECKING:
    from accelcore.protocols import Runner
    from accelcore_gemmini.config import Config
    from accelcore_gemmini.target import GemminiTarget

_WORKERS = 2
_LOG = 4000  # characters of a compiler's words that are kept


def build_all(
    task: Task, kernels: Sequence[Kernel], target: GemminiTarget, limits: Limits
) -> Sequence[Artifact | Evaluation]:
    """An artifact or a refusal for each kernel, in order."""
    def one(kernel: Kernel) -> Artifact | Evaluation:
        return _build(task, kernel, target, limits)

    with ThreadPoolExecutor(_WORKERS) as pool:  # compilers are processes of their own
        return list(pool.map(one, kernels))


def _build(task: Task, kernel: Kernel, target: GemminiTarget, limits: Limits) -> Artifact | Evaluation:
    facts = (("task", json.dumps(encode(task))),)
    if kernel.language != "c":
        return _refused(task, kernel, Status.UNSUPPORTED, f"the gemmini target builds C, not {kernel.language}")
    if HOST in kernel.build:
        return _host(task, kernel, target, limits)
    try:
        path = built(task, kernel, target.instance(), limits)
    except BuildError as error:
        return _refused(task, kernel, Status.COMPILE_ERROR, str(error))
    return Artifact(kernel, str(path), kernel.entry, facts)


def _host(task: Task, kernel: Kernel, target: GemminiTarget, limits: Limits) -> Artifact | Evaluation:
    """A kernel that writes its results on the host, which only the lowering may have decided."""
    from dataclasses import replace

    from accelcore.cgen.native import NativeEvaluator

    if not _declared(task, target):
        reason = "error: the results of this task are the array's: the host may not compute them"
        return _refused(task, kernel, Status.COMPILE_ERROR, reason)
    (made,) = NativeEvaluator().build(task, [replace(kernel, build=())], limits=limits)
    if isinstance(made, Evaluation):
        return replace(made, kernel=kernel.digest)
    return replace(made, kernel=kernel, facts=(*made.facts, ("task", json.dumps(encode(task))), HOST))


def _declared(task: Task, target: GemminiTarget) -> bool:
    """Whether the lowering leaves this task to the host; a task without a summary has no lowering that could."""
    try:
        return HOST in target.lower(task).build
    except UnsupportedLowering:
        return False


def open_one(artifact: Artifact, config: Config, limits: Limits) -> Runner:
    """The runner of an artifact of `build_all`."""
    from accelcore.cgen.native import NativeEvaluator

    task = decode(json.loads(dict(artifact.facts)["task"]))
    assert isinstance(task, Task), "what was encoded"
    if HOST in artifact.facts:
        return HostRunner(NativeEvaluator().open(artifact, limits=limits), task)
    return LogRunner(Path(artifact.path), task, config, limits)


def _refused(task: Task, kernel: Kernel, status: Status, log: str) -> Evaluation:
    first = next((line for line in log.splitlines() if "error" in line), log.strip().partition("\n")[0])
    sizes = task.sizes[0] if task.sizes else ()
    return Evaluation(kernel.digest, task.name, sizes, status, feedback=first[:400], log=log[:_LOG])
