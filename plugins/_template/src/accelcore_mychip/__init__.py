"""A target in one file: REPLACE ME by your chip.

This one is a made-up vector machine.  Its kernels are listings (`accelcore.loops.listing`), the loop language finds the
moves, and the simulator counts a cycle for every strip of lanes.  Give it your unit, your language, your costs; for a
device or a compiler of its own an evaluator has `build` and `open` instead (accelcore.protocols.Evaluator).

Nothing heavy is imported up here: accelcore asks every plugin what it offers before it knows which one it needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore import hookimpl
from accelcore.loops import VectorUnit
from accelcore.loops.execute import Execution
from accelcore.loops.listing import Line
from accelcore.loops.target import LoopTarget
from accelcore.simulation import Account, Clock, SimulatedEvaluator
from accelcore.values import Cost, Machine, Memory

if TYPE_CHECKING:
    from accelcore.protocols import Buffers

requires_api = 1
__version__ = "0.1.0"

LANES = {"help": "elements that one instruction takes at once"}


@dataclass(frozen=True)
class MyChip(LoopTarget):
    """Its fields are its options: `--target mychip:lanes=8`."""

    lanes: int = field(default=16, metadata=LANES)

    name: ClassVar[str] = "mychip"
    about: ClassVar[str] = "a made-up vector machine"

    def unit(self) -> VectorUnit:
        """What the moves are chosen by."""
        return VectorUnit("mychip", bytes=4 * self.lanes, registers=32, masks=True)

    def machine(self) -> Machine:
        """Peaks in operations and bytes a second, for the roofline."""
        return Machine("mychip", (("f32", self.lanes * 1e9),), (Memory("SRAM", 1 << 20, self.lanes * 4e9),))


@dataclass(frozen=True)
class MyChipModel(SimulatedEvaluator):
    """The evaluator: executes kernels and says what they cost.  It never decides; `accelcore.judge` does."""

    lanes: int = field(default=16, metadata=LANES)

    name: ClassVar[str] = "mychip-model"
    about: ClassVar[str] = "executes listings and counts strips of lanes"
    target: ClassVar[str] = "mychip"
    fidelity: ClassVar[str] = "modelled"

    def execute(self, program: Any, buffers: Buffers, sizes: Mapping[str, int], clock: Clock) -> Account:
        """Run a program once: results go into the buffers."""
        run = Counting(buffers, sizes, clock.tick)
        run.width = self.lanes
        run.run(program)
        return Account(Cost(run.cycles, "cycles"), f"{run.cycles:.0f} cycles")


class Counting(Execution):
    """Counts a cycle for each strip of an operation, one for each element that lies apart."""

    width = 16
    cycles = 1.0

    def did(self, line: Line, elements: int, apart: bool) -> None:
        """Called after every operation."""
        self.cycles += elements if apart else max(-(-elements // self.width), 1)


@hookimpl
def accelcore_targets() -> Sequence[MyChip]:
    """The target."""
    return [MyChip()]


@hookimpl
def accelcore_evaluators() -> Sequence[MyChipModel]:
    """Its evaluator."""
    return [MyChipModel()]
