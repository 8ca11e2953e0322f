"""The target and its evaluator: loops compiled to the array, kernels and whole programs on the simulator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.errors import AccelcoreError, IllegalRewrite, UnsupportedLowering, UsageError
from accelcore.values import Fidelity
from accelcore_gemmini.config import CONFIGS, Config

if TYPE_CHECKING:
    from accelcore.protocols import Runner
    from accelcore.values import Artifact, Evaluation, Kernel, Limits, Machine, Move, Task

_CLOCK = 1e9  # Hz, so that a cycle is a nanosecond in the roofline


@dataclass(frozen=True)
class GemminiTarget:
    """A Gemmini accelerator behind a host: its configuration and the latency of its memory."""

    name: ClassVar[str] = "gemmini"
    about: ClassVar[str] = "Gemmini accelerator, simulated: compiles loops, runs whole programs"
    language: ClassVar[str] = "c"
    knowledge: ClassVar[Path | None] = Path(__file__).parent / "knowledge"

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
        """The simplest kernel: on the array where it can, else plain C for the host that says why in its comment."""
        from accelcore_gemmini.lowering.derive import on_array, on_host

        try:
            return on_array(task, self.instance(), ())
        except UnsupportedLowering as error:
            return on_host(task, error.what)

    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """Changes of the schedule that are worth trying; none for kernels that no schedule made."""
        from accelcore_gemmini.moves.menu import moves

        return moves(task, kernel, self.instance()) if self._derives(task, kernel) else ()

    def rewrite(self, move: Move, task: Task, kernel: Kernel) -> Iterable[Kernel]:
        """The kernel under the changed schedule; none where that does not fit, or the move is words only."""
        from accelcore_gemmini.lowering.derive import on_array
        from accelcore_gemmini.moves.menu import merged

        try:
            return [on_array(task, self.instance(), merged(kernel.schedule, move.name))]
        except (IllegalRewrite, UnsupportedLowering):
            return []

    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        """One call of the programs library, where it has one for the task."""
        from accelcore_gemmini.lowering.baselines import baselines

        return baselines(task, self.instance())

    def export_check(self, kernel: Kernel) -> str | None:
        """How an exported kernel is checked: by its own `main` on the simulator.  None for plain C of the host."""
        from accelcore_gemmini.lowering.derive import HOST
        from accelcore_gemmini.lowering.selfcheck import NO_DIFFERENCE, checks_itself

        if HOST in kernel.build:
            return None
        run = f"accelcore run kernel.c --target gemmini:config={self.config},lat={self.lat}"
        return f"{run} > check.log; cat check.log; grep -q '{NO_DIFFERENCE}' check.log" if checks_itself(kernel) else ""

    def _derives(self, task: Task, kernel: Kernel) -> bool:
        """Whether the text is what the schedule gives: only then do moves continue it."""
        from accelcore_gemmini.lowering.derive import on_array

        try:
            return on_array(task, self.instance(), kernel.schedule).text == kernel.text
        except AccelcoreError:
            return False


@dataclass(frozen=True)
class GemminiEvaluator:
    """Runs kernels and programs on the simulator: kernels as logs of commands, which it executes itself."""

    name: ClassVar[str] = "gemmini-simulator"
    about: ClassVar[str] = "exact function and calibrated cycles, in a library compiled on first use"
    target: ClassVar[str] = "gemmini"
    fidelity: ClassVar[Fidelity] = Fidelity.SIMULATED

    config: str = field(default="int8-16", metadata={"help": f"instance: {', '.join(CONFIGS)}"})
    lat: int = field(default=40, metadata={"help": "cycles from a memory request to its first beat"})
    trace: str = field(default="", metadata={"help": "file for the timeline of a program that is run, a Chrome trace"})

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

        return run_program(Path(program), args, GemminiTarget(self.config, self.lat).instance(), limits, self.trace)

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """Executables that write their commands down; shared objects of the host where the lowering declared it."""
        from accelcore_gemmini.judging.evaluate import build_all

        return build_all(task, kernels, GemminiTarget(self.config, self.lat), limits)

    def open(self, artifact: Artifact, *, limits: Limits) -> Runner:
        """A runner of the artifact."""
        from accelcore_gemmini.judging.evaluate import open_one

        return open_one(artifact, GemminiTarget(self.config, self.lat).instance(), limits)
