"""Programs on an installed spike with Gemmini's extension: `--target gemmini:evaluator=gemmini-spike`.

Written after the tools' documentation and tested with stand-ins for them; it has never been run on the real ones.
spike executes a program exactly and has no model of time: there is no cost, and what the program prints of its own
clock counts instructions, not cycles.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.errors import UsageError
from accelcore.values import Fidelity, Limits, Status

if TYPE_CHECKING:
    from accelcore.protocols import Runner
    from accelcore.sandbox import ChildResult
    from accelcore.values import Artifact, Evaluation, Kernel, Task

_SPIKE, _COMPILER = "spike", "riscv64-unknown-elf-gcc"
_HOME = "GEMMINI_ROCC_TESTS"
_ELF = b"\x7fELF"
# The flags of the bare-metal build that the tests' makefiles document.
_FLAGS = (
    "-DPREALLOCATE=1", "-DMULTITHREAD=1", "-DBAREMETAL=1", "-mcmodel=medany", "-std=gnu99", "-O2", "-ffast-math",
    "-fno-common", "-fno-builtin-printf", "-fno-tree-loop-distribute-patterns", "-march=rv64gc", "-nostdlib",
    "-nostartfiles", "-static",
)  # fmt: skip
_STARTUP = "riscv-tests/benchmarks/common"
_NO_TIME = "spike has no model of time: run the program with gemmini-simulator for its cycles"


@dataclass(frozen=True)
class Installed:
    """What evaluators of installed simulators share: they run programs, and no kernels."""

    target: ClassVar[str] = "gemmini"
    name: ClassVar[str] = ""

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """Every kernel is UNSUPPORTED: there are no cycles to compare kernels by."""
        from accelcore.values import Evaluation

        reason = f"{self.name} runs programs; kernels are judged by gemmini-simulator"
        return [Evaluation(k.digest, task.name, (), Status.UNSUPPORTED, feedback=reason) for k in kernels]

    def open(self, artifact: Artifact, *, limits: Limits) -> Runner:
        """Never reached: `build` makes no artifact."""
        raise UsageError(f"{self.name} runs programs, not kernels", hint="--target gemmini:evaluator=gemmini-simulator")


@dataclass(frozen=True)
class SpikeEvaluator(Installed):
    """Runs executables for RISC-V, or C programs that it compiles with the headers under $GEMMINI_ROCC_TESTS."""

    name: ClassVar[str] = "gemmini-spike"
    about: ClassVar[str] = "an installed spike with Gemmini's extension: function only (never run on the real one)"
    target: ClassVar[str] = "gemmini"
    fidelity: ClassVar[Fidelity] = Fidelity.MODELLED

    pk: bool = field(default=False, metadata={"help": "start the program under the proxy kernel"})

    def missing(self) -> list[str]:
        """spike, where it is not on the path."""
        if shutil.which(_SPIKE):
            return []
        return [f"{_SPIKE} is not on the path: build riscv-isa-sim and Gemmini's extension (libgemmini) for it"]

    def fingerprint(self) -> str:
        """Where spike is; it does not tell which extension it loads."""
        return f"spike {shutil.which(_SPIKE)} pk={self.pk}"

    def run(self, program: Path, args: Sequence[str], *, limits: Limits) -> Mapping[str, Any]:
        """Run an executable for RISC-V, or compile a C program first."""
        with tempfile.TemporaryDirectory(prefix="gemmini-spike-") as folder:
            path = executable(program, Path(folder), limits)
            if not isinstance(path, Path):
                return {"status": str(Status.COMPILE_ERROR), "log": path.text}
            child = _child([*self._command(), str(path), *args], [path.parent], Path(folder), limits)
            return {**child.ended(), "cost": None, "feedback": _NO_TIME}

    def _command(self) -> list[str]:
        return [str(shutil.which(_SPIKE)), "--extension=gemmini", *(["pk"] if self.pk else [])]


def executable(program: Path, folder: Path, limits: Limits) -> Path | ChildResult:
    """The program itself if it is an executable, else what is compiled from it into `folder`, or how that failed."""
    path = Path(program).resolve()
    if _is_executable(path):
        return path
    built = _compile(path, folder / "program", limits)
    return folder / "program" if built.status is Status.OK else built


def _is_executable(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ELF)) == _ELF


def _compile(source: Path, made: Path, limits: Limits) -> ChildResult:
    """Compile a bare-metal program with the startup files of the tests' own checkout."""
    from accelcore.errors import MissingTool

    home, compiler = os.environ.get(_HOME), shutil.which(_COMPILER)
    if not home or not (Path(home) / "include").is_dir():
        raise MissingTool(
            f"{_HOME} does not name a folder with include/gemmini.h", hint="or run an executable for RISC-V"
        )
    if not compiler:
        raise MissingTool(f"{_COMPILER} is not on the path", hint="or run an executable for RISC-V")
    folders = [Path(home), Path(home) / "include", Path(home) / _STARTUP, Path(home) / "riscv-tests" / "env"]
    startup = sorted(str(p) for p in (Path(home) / _STARTUP).glob("*") if p.suffix in (".c", ".S"))
    command = [
        compiler, *_FLAGS, *(f"-I{f}" for f in folders), f"-T{Path(home) / _STARTUP / 'test.ld'}", str(source),
        *startup, "-o", str(made), "-lm", "-lgcc",
    ]  # fmt: skip
    return _child(command, [Path(home), source.parent], made.parent, limits)


def _child(command: Sequence[str], reads: Sequence[Path], cwd: Path, limits: Limits) -> ChildResult:
    from accelcore.sandbox import COMPILER, run_child

    tools = Path(command[0]).resolve().parent
    return run_child(list(command), COMPILER.reading(*reads, tools, tools.parent), limits, cwd=cwd)
