"""The target and its evaluator: programs run under the simulator (`accelcore run kernel.py --target nki`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.errors import UnsupportedLowering, UsageError
from accelcore_nki.generations import GENERATIONS

if TYPE_CHECKING:
    from accelcore.protocols import Runner
    from accelcore.values import Artifact, Evaluation, Kernel, Limits, Machine, Move, Task

_CHIPS = f"generation: {', '.join(GENERATIONS)}"
_NO_KERNELS = "the nki target runs programs, it has no lowering"


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
    about: ClassVar[str] = "Trainium NKI, simulated: runs whole programs (accelcore run), times are modelled"
    language: ClassVar[str] = "nki"
    knowledge: ClassVar[Path | None] = None

    chip: str = field(default="trn2", metadata={"help": _CHIPS})

    def __post_init__(self) -> None:
        _known(self.chip)

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
        """No lowering yet: always raises UnsupportedLowering."""
        raise UnsupportedLowering(f"{task.name}: {_NO_KERNELS}", hint="accelcore run kernel.py --target nki")

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
class NkiSimulator:
    """Runs programs under the simulator; it builds no kernels, because the target lowers none."""

    name: ClassVar[str] = "nki-simulator"
    about: ClassVar[str] = "NumPy function with the chip's checks, modelled time, in a sandboxed child"
    target: ClassVar[str] = "nki"

    chip: str = field(default="trn2", metadata={"help": _CHIPS})

    def __post_init__(self) -> None:
        _known(self.chip)

    def missing(self) -> list[str]:
        """NumPy or ml_dtypes, when one is absent."""
        return _packages()

    def fingerprint(self) -> str:
        """The generation and the model's constants: modelled times depend on nothing else."""
        from accelcore.values import digest_of
        from accelcore_nki.timing.constants import CONSTANTS

        return f"nki {self.chip} {digest_of(repr(CONSTANTS[self.chip]))[:12]}"

    def run(self, program: Path, args: Sequence[str], *, limits: Limits) -> Mapping[str, Any]:
        """Run a Python program that defines and calls kernels."""
        from accelcore_nki.programs import run_program

        return run_program(Path(program), args, self.chip, limits)

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """Every kernel is UNSUPPORTED."""
        from accelcore.values import Evaluation, Status

        return [Evaluation(k.digest, task.name, (), Status.UNSUPPORTED, feedback=_NO_KERNELS) for k in kernels]

    def open(self, artifact: Artifact, *, limits: Limits) -> Runner:
        """Never reached: `build` makes no artifact."""
        raise UsageError(_NO_KERNELS)
