"""The target and its evaluator: kernels are lowered, traced in a child, and executed and timed by the simulator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.errors import UsageError
from accelcore_nki.generations import GENERATIONS

if TYPE_CHECKING:
    from accelcore.protocols import Runner
    from accelcore.values import Artifact, Evaluation, Kernel, Limits, Machine, Move, Task

_CHIPS = f"generation: {', '.join(GENERATIONS)}"


_TRACE = "file that `run` writes the timeline of the last kernel run to (Chrome trace format; Perfetto shows it)"

_TIMED = "sizes whose modelled time counts, as m=4096+n=8192, for kernels that are executed on smaller arrays"


def sizes_in(text: str) -> dict[str, int]:
    """Sizes from m=4096+n=8192; UsageError for anything else."""
    pairs = [part.partition("=") for part in text.split("+") if part]
    if not all(name.isidentifier() and value.isdigit() and int(value) > 0 for name, _, value in pairs):
        raise UsageError(f"{text!r} are no sizes", hint="write them as m=4096+n=8192")
    return {name: int(value) for name, _, value in pairs}


def _known(chip: str) -> None:
    if chip not in GENERATIONS:
        raise UsageError(f"no generation {chip!r}", hint=f"one of {', '.join(GENERATIONS)}")


def _packages() -> list[str]:
    from importlib.util import find_spec

    return [f"{name}: pip install {name}" for name in ("numpy", "ml_dtypes") if find_spec(name) is None]


@dataclass(frozen=True)
class NkiTarget:
    """A NeuronCore of one Trainium generation."""

    name: ClassVar[str] = "nki"
    about: ClassVar[str] = "Trainium NKI, simulated: times are modelled, a gain in them may not hold on silicon"
    language: ClassVar[str] = "python"
    knowledge: ClassVar[Path | None] = Path(__file__).parent / "knowledge"

    chip: str = field(default="trn2", metadata={"help": _CHIPS})
    surface: int = field(default=2, metadata={"help": "generation of NKI that kernels are written for: 2 or 1"})

    def __post_init__(self) -> None:
        _known(self.chip)
        if self.surface not in (1, 2):
            raise UsageError(f"there is no NKI {self.surface} to write", hint="surface=2 (nki) or 1 (neuronxcc.nki)")

    def missing(self) -> list[str]:
        """NumPy or ml_dtypes, when one is absent."""
        return _packages()

    def machine(self) -> Machine:
        """Peaks of the tensor engine and the memories of one core."""
        from accelcore.values import Machine, Memory
        from accelcore_nki.generations import PARTITIONS
        from accelcore_nki.timing.constants import CONSTANTS

        constants, limits = CONSTANTS[self.chip], GENERATIONS[self.chip]
        peak = 2.0 * PARTITIONS * PARTITIONS * constants.tensor_clock.value * 1e9
        peaks = (("bf16", peak), ("f32", peak / constants.fp32_passes.value))
        sbuf = Memory("SBUF", PARTITIONS * limits.sbuf, PARTITIONS * 4 * constants.vector_clock.value * 1e9)
        hbm = Memory("HBM by DMA", 16 << 30, constants.dma_bandwidth.value * 1e9)
        return Machine(f"NeuronCore-v{limits.version} ({self.chip})", peaks, (sbuf, hbm))

    def lower(self, task: Task) -> Kernel:
        """NKI source: one tile after another, each value where it is needed."""
        from accelcore_nki.lowering import seed

        return seed(task, *(("surface(1)",) if self.surface == 1 else ()))

    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """Choices of the schedule that may pay, most promising first."""
        from accelcore_nki.moves import moves

        return moves(task, kernel, self.chip)

    def rewrite(self, move: Move, task: Task, kernel: Kernel) -> Iterable[Kernel]:
        """The kernel with one more choice; none when it does not apply, or is words only."""
        from accelcore_nki.moves import rewrite

        return rewrite(move, task, kernel)

    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        """None: nothing else writes NKI."""
        return {}


@dataclass(frozen=True)
class NkiSimulator:
    """Runs kernels and programs under the simulator.  A kernel's child only traces; its program is executed here."""

    name: ClassVar[str] = "nki-simulator"
    about: ClassVar[str] = "NumPy function with the chip's checks, modelled time, in a sandboxed child"
    target: ClassVar[str] = "nki"
    fidelity: ClassVar[str] = "modelled"
    counts: ClassVar[str] = "timed"
    affordable: ClassVar[float] = 1e9  # NumPy multiplies matrices fast

    chip: str = field(default="trn2", metadata={"help": _CHIPS})
    timed: str = field(default="", metadata={"help": _TIMED})
    trace: str = field(default="", metadata={"help": _TRACE})

    def __post_init__(self) -> None:
        _known(self.chip)
        sizes_in(self.timed)

    def missing(self) -> list[str]:
        """NumPy or ml_dtypes, when one is absent."""
        return _packages()

    def fingerprint(self) -> str:
        """The generation and the model's constants: modelled times depend on nothing else."""
        from accelcore.values import digest_of
        from accelcore_nki.timing.constants import CONSTANTS

        timed = f" at {self.timed}" if self.timed else ""
        return f"nki {self.chip} {digest_of(repr(CONSTANTS[self.chip]))[:12]}{timed}"

    def run(self, program: Path, args: Sequence[str], *, limits: Limits) -> Mapping[str, Any]:
        """Run a Python program that defines and calls kernels."""
        from accelcore_nki.programs import run_program

        return run_program(Path(program), args, self.chip, limits, self.trace)

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """Look at the language and the syntax; kernels are traced when they are opened and called."""
        return [self._built(task, kernel) for kernel in kernels]

    def _built(self, task: Task, kernel: Kernel) -> Artifact | Evaluation:
        import json

        from accelcore import codec
        from accelcore.cgen.native import refused
        from accelcore.values import Artifact, Status

        if kernel.language != "python":
            return refused(task, kernel, Status.UNSUPPORTED, f"{self.name} runs Python, not {kernel.language}")
        try:
            compile(kernel.text, f"{kernel.entry}.py", "exec")
        except (SyntaxError, ValueError) as error:
            return refused(task, kernel, Status.COMPILE_ERROR, f"error: {error}")
        return Artifact(kernel, "", kernel.entry, (("task", json.dumps(codec.encode(task))),))

    def open(self, artifact: Artifact, *, limits: Limits) -> Runner:
        """A runner that traces the kernel in a child and executes its program here."""
        import json

        from accelcore import codec
        from accelcore_nki.judging.runner import NkiRunner

        task = codec.decode(json.loads(dict(artifact.facts)["task"]))
        return NkiRunner(task, artifact.kernel, self.chip, limits, sizes_in(self.timed))
