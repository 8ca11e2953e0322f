"""What evaluators of C-speaking targets share: build with the compiler that the kernel names, open in the sandbox."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from accelcore.cgen import toolchain
from accelcore.cgen.batch import Part, Unit, compile_batch, units
from accelcore.cgen.binding import adapted
from accelcore.errors import AccelcoreError, MissingTool
from accelcore.values import Artifact, Evaluation, Kernel, Limits, Status, Task

if TYPE_CHECKING:
    from accelcore.protocols import Runner

_LOG = 4000  # characters of a compiler's words that are kept
_WORKERS = max(1, min(4, (os.cpu_count() or 2) // 2))
"""Compilers at a time: half of the processors, so that a kernel can be timed on another."""


@dataclass(frozen=True)
class NativeEvaluator:
    """Builds C kernels with `Kernel.build`'s ("cc", name) and ("flags", text), and runs them on this machine.

    Subclasses set `name`, `about` and `target`; `baseline` flags and the like belong to kernels.
    """

    name: ClassVar[str] = "native"
    about: ClassVar[str] = "compiles C and runs it here, in a sandboxed child"
    target: ClassVar[str] = ""

    def missing(self) -> Sequence[str]:
        """A compiler, when there is none."""
        return toolchain.missing()

    def fingerprint(self) -> str:
        """Processor and compilers: what a time depends on besides the kernel."""
        tools = ", ".join(sorted(c.identity for c in toolchain.compilers()))
        return f"{toolchain.cpu_name()} ({platform.machine()}, {platform.system()}); {tools}"

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """Shared objects in the order of the kernels; kernels of one compiler and one set of flags share a unit."""
        found = units(kernels, toolchain.DEFAULT_FLAGS)
        results = {at: self.foreign(task, kernel) for at, kernel in enumerate(kernels) if kernel.language != "c"}

        def made(unit: Unit) -> list[Artifact | Evaluation]:
            return self._build_group(task, unit.compiler, unit.flags, [kernels[at] for at in unit.places], limits)

        # Compilers are processes of their own: threads only wait for them.
        with ThreadPoolExecutor(max(1, min(len(found), _WORKERS))) as pool:
            for unit, parts in zip(found, pool.map(made, found), strict=True):
                results |= dict(zip(unit.places, parts, strict=True))
        return [results[at] for at in range(len(kernels))]

    def _build_group(
        self, task: Task, name: str, flags: str, kernels: list[Kernel], limits: Limits
    ) -> list[Artifact | Evaluation]:
        try:
            one, words = toolchain.compiler(name), toolchain.checked_flags(flags)
            parts = compile_batch(one, [adapted(task, k) for k in kernels], words, limits)
        except MissingTool as error:
            return [refused(task, k, Status.UNSUPPORTED, str(error)) for k in kernels]
        except AccelcoreError as error:
            return [refused(task, k, Status.COMPILE_ERROR, str(error)) for k in kernels]
        return [self._finished(task, k, part) for k, part in zip(kernels, parts, strict=True)]

    def _finished(self, task: Task, kernel: Kernel, part: Part) -> Artifact | Evaluation:
        if part.built.path is None:
            return refused(task, kernel, Status.COMPILE_ERROR, part.built.log)
        from accelcore.sandbox.native import abi_text

        return Artifact(kernel, str(part.built.path), part.symbol, (("abi", abi_text(task)),))

    def foreign(self, task: Task, kernel: Kernel) -> Artifact | Evaluation:
        """What becomes of a kernel in another language: Python goes to the NumPy evaluator, the rest is refused."""
        if kernel.language == "python":
            from accelcore.platforms.numpy import NumpyEvaluator

            return NumpyEvaluator().build(task, [kernel], limits=Limits())[0]
        reason = f"{self.name} builds C, not {kernel.language}"
        return refused(task, kernel, Status.UNSUPPORTED, reason)

    def open(self, artifact: Artifact, *, limits: Limits) -> Runner:
        """A sandboxed child with the shared object."""
        if artifact.kernel.language == "python":
            from accelcore.platforms.numpy import NumpyEvaluator

            return NumpyEvaluator().open(artifact, limits=limits)
        from accelcore.sandbox.native import open_kernel

        return open_kernel(artifact, limits=limits)


def refused(task: Task, kernel: Kernel, status: Status, log: str) -> Evaluation:
    """The evaluation of a kernel that was not built."""
    first = next(
        (line for line in log.splitlines() if "error" in line), log.strip().splitlines()[0] if log.strip() else ""
    )
    sizes = task.sizes[0] if task.sizes else ()
    return Evaluation(kernel.digest, task.name, sizes, status, feedback=first[:400], log=log[:_LOG])
