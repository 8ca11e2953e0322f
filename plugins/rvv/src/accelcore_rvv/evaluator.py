"""Evaluator "rvv-qemu": programs on qemu-user, costs by counting and a model of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.cgen.batch import Unit, units
from accelcore.cgen.binding import adapted
from accelcore.cgen.native import refused
from accelcore.cgen.toolchain import checked_flags
from accelcore.errors import AccelcoreError, MissingTool
from accelcore.sandbox.native import abi_text
from accelcore.values import Artifact, Evaluation, Fidelity, Kernel, Limits, Status, Task
from accelcore_rvv import emulator, toolchain
from accelcore_rvv.cpus import CPUS
from accelcore_rvv.toolchain import ARCH

if TYPE_CHECKING:
    from accelcore_rvv.runner import RvvRunner

_WORKERS = 2
_BUILD_SECONDS = 60.0


@dataclass(frozen=True)
class RvvEvaluator:
    """Compiles for RISC-V, runs on qemu-user at four vector lengths, and models the CPU's time."""

    name: ClassVar[str] = "rvv-qemu"
    about: ClassVar[str] = "runs on qemu-user at VLEN 128 to 1024; modelled cycles of a named CPU"
    target: ClassVar[str] = "rvv"
    fidelity: ClassVar[Fidelity] = Fidelity.MODELLED
    takes_input: ClassVar[bool] = True

    vlen: int = field(default=256, metadata={"help": "bits of a vector register where costs are counted"})
    cpu: str = field(default="spacemit-x60", metadata={"help": "CPU whose time is modelled"})
    cache: bool = field(default=False, metadata={"help": "add what misses of a model of its caches cost"})
    flags: str = field(default="", metadata={"help": "further flags for the compiler of `run`: -IFOLDER -DNAME=VALUE"})

    def missing(self) -> Sequence[str]:
        """Emulator and compilers."""
        return [*emulator.missing(), *toolchain.missing()]

    def fingerprint(self) -> str:
        """CPU, model, emulator and compiler."""
        from accelcore_rvv.model import described

        tools = ", ".join(one.compiler.identity for one in toolchain.crosses()[:1])
        cpu = CPUS[self.cpu]
        model = f"{described(cpu)}; {cpu.caches.described()}" if self.cache else described(cpu)
        return f"{self.cpu} (modelled) VLEN {self.vlen}; {model}; {tools}; {self._emulator()}"

    def _emulator(self) -> str:
        try:
            return emulator.version(emulator.emulator())
        except MissingTool:
            return "no emulator"

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """Programs, in order; kernels that a schedule derived share one, and its compilation."""
        reason = f"{self.name} builds C, not "
        results: dict[int, Artifact | Evaluation] = {
            at: refused(task, kernel, Status.UNSUPPORTED, reason + kernel.language)
            for at, kernel in enumerate(kernels)
            if kernel.language != "c"
        }
        found = units(kernels, f"-O2 -march={ARCH}")
        # Compilers are processes of their own: threads only wait for them.
        with ThreadPoolExecutor(_WORKERS) as pool:
            parts = pool.map(lambda one: self._built(task, one, [kernels[at] for at in one.places], limits), found)
            for unit, made in zip(found, parts, strict=True):
                results |= dict(zip(unit.places, made, strict=True))
        return [results[at] for at in range(len(kernels))]

    def _built(self, task: Task, unit: Unit, kernels: list[Kernel], limits: Limits) -> list[Artifact | Evaluation]:
        """One program of all; when that fails, each half on its own, until the kernels at fault stand alone."""
        from accelcore_rvv.build import compile_kernels

        bounds = replace(limits, seconds=max(limits.seconds, _BUILD_SECONDS))
        status, log = Status.COMPILE_ERROR, ""
        try:
            one, flags = toolchain.cross(unit.compiler), checked_flags(unit.flags)
            made = compile_kernels(one, task, [adapted(task, kernel) for kernel in kernels], flags, bounds)
            if made.path is not None:
                numbers = [0] if len(kernels) == 1 else range(1, len(kernels) + 1)
                return [_artifact(task, *pair, made.path) for pair in zip(kernels, numbers, strict=True)]
            log = made.log
        except MissingTool as error:
            status, log = Status.UNSUPPORTED, str(error)
        except AccelcoreError as error:
            log = str(error)
        if len(kernels) == 1:
            return [refused(task, kernels[0], status, log)]
        half = len(kernels) // 2
        return [*self._built(task, unit, kernels[:half], limits), *self._built(task, unit, kernels[half:], limits)]

    def open(self, artifact: Artifact, *, limits: Limits) -> RvvRunner:
        """Emulators, started when they are needed."""
        from accelcore_rvv.model import Model
        from accelcore_rvv.runner import RvvRunner

        model = Model(Path(artifact.path), CPUS[self.cpu], self.vlen)
        return RvvRunner(artifact, model, limits, caches=self.cache)

    def run(
        self, program: Path, args: Sequence[str], *, limits: Limits, stdin: int | bytes | None = None
    ) -> Mapping[str, Any]:
        """Somebody's own program, in C, C++ or assembly or built, on the emulator."""
        from accelcore_rvv import programs

        found = programs.run(
            program, args, CPUS[self.cpu], self.vlen, limits, cache=self.cache, flags=self.flags, stdin=stdin
        )
        return dict(found)


def _artifact(task: Task, kernel: Kernel, number: int, program: Path) -> Artifact:
    """number: of the kernel in its program, 0 when it has one of its own."""
    return Artifact(kernel, str(program), kernel.entry, (("abi", abi_text(task)), ("number", str(number))))
