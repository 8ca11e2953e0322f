"""The abacus, a made-up vector machine, as a target of accelcore: listings, and a simulator that counts cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore import hookimpl
from accelcore.loops import Program, VectorUnit
from accelcore.loops.target import LoopTarget
from accelcore.simulation import Account, Clock, SimulatedEvaluator
from accelcore.values import Machine, Memory

if TYPE_CHECKING:
    from accelcore.protocols import Buffers

requires_api, __version__ = 1, "0.1.0"
LANES = {"help": "elements that one instruction takes at once"}


@dataclass(frozen=True)
class Abacus(LoopTarget):
    """What the machine is like; its kernels are listings, found and rewritten by the loop language."""

    lanes: int = field(default=16, metadata=LANES)
    name: ClassVar[str] = "abacus"
    about: ClassVar[str] = "a made-up vector machine with its own simulator"

    def unit(self) -> VectorUnit:
        """Registers of 16 floats, whose lanes can be switched off."""
        return VectorUnit("abacus", bytes=4 * self.lanes, registers=32, masks=True)

    def machine(self) -> Machine:
        """An operation for each lane a nanosecond."""
        return Machine("abacus", (("f32", self.lanes * 1e9),), (Memory("beads", 1 << 26, self.lanes * 4e9),))

    def start(self, program: Program) -> Sequence[str]:
        """Seeds are vectorised: plain loops would be slow to simulate."""
        return ["simd()"]


@dataclass(frozen=True)
class AbacusModel(SimulatedEvaluator):
    """Executes listings and counts cycles; accelcore judges."""

    lanes: int = field(default=16, metadata=LANES)
    name: ClassVar[str] = "abacus-model"
    about: ClassVar[str] = "executes listings and counts cycles"
    target: ClassVar[str] = "abacus"

    def execute(self, program: Any, buffers: Buffers, sizes: Mapping[str, int], clock: Clock) -> Account:
        """Results go into the buffers, cycles into the account."""
        from accelcore_abacus.simulator import Simulator

        return Simulator(buffers, sizes, clock.tick, self.lanes).account(program)


@hookimpl
def accelcore_targets() -> Sequence[Abacus]:
    """The target."""
    return [Abacus()]


@hookimpl
def accelcore_evaluators() -> Sequence[AbacusModel]:
    """Its evaluator."""
    return [AbacusModel()]
