"""The target and its evaluator: programs run on the simulator (`accelcore run prog.c --target gemmini`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.errors import UnsupportedLowering, UsageError
from accelcore_gemmini.config import CONFIGS, Config

if TYPE_CHECKING:
    from accelcore.protocols import Runner
    from accelcore.values import Artifact, Evaluation, Kernel, Limits, Machine, Move, Task

_CLOCK = 1e9  # Hz, so that a cycle is a nanosecond in the roofline


@dataclass(frozen=True)
class GemminiTarget:
    """A Gemmini accelerator behind a host: its configuration and the latency of its memory."""

    name: ClassVar[str] = "gemmini"
    about: ClassVar[str] = "Gemmini accelerator, simulated: runs whole programs (accelcore run)"
    language: ClassVar[str] = "c"
    knowledge: ClassVar[Path | None] = None

    config: str = field(default="int8-16", metadata={"help": f"instance: {', '.join(CONFIGS)}"})
    lat: int = field(default=40, metadata={"help": "cycles from a memory request to its first beat"})

    def __post_init__(self) -> None:
        if self.config not in CONFIGS:
            raise UsageError(f"no configuration {self.config!r}", hint=f"one of {', '.join(CONFIGS)}")
        self.instance()

    def missing(self) -> list[str]:
        """A C compiler, when there is none."""
        from accelcore.cgen.toolchain import missing

        return missing()

    def instance(self) -> Config:
        """The configuration with this target's memory."""
        return replace(CONFIGS[self.config], latency=self.lat)

    def machine(self) -> Machine:
        """Peak of the array and of the memory port, at one cycle a nanosecond."""
        from accelcore.values import Machine, Memory

        one = self.instance()
        operations = 2.0 * one.dim * one.dim * _CLOCK
        port = Memory("memory port", 1 << 30, one.bus_bytes * _CLOCK)
        return Machine(f"Gemmini {self.config}", (("f32" if one.is_float else "i8", operations),), (port,))

    def lower(self, task: Task) -> Kernel:
        """No lowering yet: always raises UnsupportedLowering."""
        reason = f"{task.name}: the gemmini target runs programs and has no lowering"
        raise UnsupportedLowering(reason, hint="accelcore run prog.c --target gemmini")

    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """None: there is no lowering."""
        return ()

    def rewrite(self, move: Move, task: Task, kernel: Kernel) -> Iterable[Kernel]:
        """None: there is no lowering."""
        return ()

    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        """None: there is no lowering."""
        return {}


@dataclass(frozen=True)
class GemminiEvaluator:
    """Runs programs on the simulator; it builds no kernels, because the target lowers none."""

    name: ClassVar[str] = "gemmini-simulator"
    about: ClassVar[str] = "exact function and calibrated cycles, in a library compiled on first use"
    target: ClassVar[str] = "gemmini"

    config: str = field(default="int8-16", metadata={"help": f"instance: {', '.join(CONFIGS)}"})
    lat: int = field(default=40, metadata={"help": "cycles from a memory request to its first beat"})

    def missing(self) -> list[str]:
        """A C compiler, when there is none."""
        return GemminiTarget().missing()

    def fingerprint(self) -> str:
        """The simulator's text and the instance: cycles depend on nothing else."""
        from accelcore.values import digest_of
        from accelcore_gemmini.library import source

        return f"gemmini {self.config} lat={self.lat} {digest_of(source())[:12]}"

    def run(self, program: Path, args: Sequence[str], *, limits: Limits) -> Mapping[str, Any]:
        """Compile a C program against the simulator's headers, run and time it."""
        from accelcore_gemmini.program import run_program

        return run_program(Path(program), args, GemminiTarget(self.config, self.lat).instance(), limits)

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """Every kernel is UNSUPPORTED."""
        from accelcore.values import Evaluation, Status

        reason = "the gemmini target runs programs, not kernels"
        return [Evaluation(k.digest, task.name, (), Status.UNSUPPORTED, feedback=reason) for k in kernels]

    def open(self, artifact: Artifact, *, limits: Limits) -> Runner:
        """Never reached: `build` makes no artifact."""
        raise UsageError("the gemmini target runs programs, not kernels")
