"""Evaluator "rvv-qemu": programs on qemu-user, costs by counting and a model of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.cgen.binding import adapted
from accelcore.cgen.native import refused
from accelcore.cgen.toolchain import checked_flags
from accelcore.errors import AccelcoreError, MissingTool
from accelcore.sandbox.native import abi_text, parse_abi
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

    vlen: int = field(default=256, metadata={"help": "bits of a vector register where costs are counted"})
    cpu: str = field(default="spacemit-x60", metadata={"help": "CPU whose time is modelled"})
    cache: bool = field(default=False, metadata={"help": "add what misses of a model of its caches cost"})

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
        """A program for each kernel, in order."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            return list(pool.map(lambda kernel: self._built(task, kernel, limits), kernels))

    def _built(self, task: Task, kernel: Kernel, limits: Limits) -> Artifact | Evaluation:
        from accelcore_rvv.build import compile_kernel

        if kernel.language != "c":
            return refused(task, kernel, Status.UNSUPPORTED, f"{self.name} builds C, not {kernel.language}")
        wanted = dict(kernel.build)
        ours = adapted(task, kernel)
        bounds = Limits(max(limits.seconds, _BUILD_SECONDS), limits.memory, limits.output)
        try:
            one = toolchain.cross(wanted.get("cc", ""))
            flags = checked_flags(wanted.get("flags", f"-O2 -march={ARCH}"))
            made = compile_kernel(one, task, ours.text, ours.entry, flags, bounds)
        except MissingTool as error:
            return refused(task, kernel, Status.UNSUPPORTED, str(error))
        except AccelcoreError as error:
            return refused(task, kernel, Status.COMPILE_ERROR, str(error))
        if made.path is None:
            return refused(task, kernel, Status.COMPILE_ERROR, made.log)
        return Artifact(kernel, str(made.path), ours.entry, (("abi", abi_text(task)),))

    def open(self, artifact: Artifact, *, limits: Limits) -> RvvRunner:
        """Emulators, started when they are needed."""
        from accelcore_rvv.model import Model
        from accelcore_rvv.runner import RvvRunner

        program = Path(artifact.path)
        model = Model(program, CPUS[self.cpu], self.vlen)
        arguments = parse_abi(dict(artifact.facts)["abi"])
        return RvvRunner(program, arguments, self.vlen, model.cost, limits, model if self.cache else None)

    def run(self, program: Path, args: Sequence[str], *, limits: Limits) -> Mapping[str, Any]:
        """Somebody's own program, in C or built, on the emulator."""
        from accelcore_rvv.programs import run

        return dict(run(program, args, CPUS[self.cpu], self.vlen, limits, cache=self.cache))
