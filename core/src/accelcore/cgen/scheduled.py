"""What targets share whose kernels are emitted C: `LoopTarget` with compilers, flags and baselines.

Texts of the form "build(option, value)" in a schedule are not rewrites of loops but choices of compiler and flags.
"""

from __future__ import annotations

import contextlib
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from accelcore.cgen import toolchain
from accelcore.cgen.baseline import plain_c
from accelcore.cgen.emit import emit
from accelcore.cgen.isa import VectorIsa
from accelcore.errors import AccelcoreError
from accelcore.loops.nodes import Program
from accelcore.loops.target import LoopTarget, lowered
from accelcore.loops.unit import DotUnit, VectorUnit
from accelcore.values import Kernel, Move, Summary, Task

__all__ = ["FLAGS", "ScheduledTarget", "lowered"]

_BUILD = re.compile(r"build\((\w+), (.*)\)")
FLAGS = ("-O2", "-O3")


@dataclass(frozen=True)
class ScheduledTarget(LoopTarget):
    """A target whose kernels are C emitted from scheduled loops.

    Subclasses set the class variables and `vectors`, and may refine `machine`, `flags` and `build_moves`.
    """

    language: ClassVar[str] = "c"

    @property
    def foreign(self) -> tuple[str, str] | None:
        """Cross compiler and emulator, as shell words, of kernels for another machine; None when they run here."""
        return None

    @abstractmethod
    def vectors(self) -> VectorIsa:
        """The instruction set that is emitted."""

    def flags(self) -> str:
        """Code generation flags besides the optimisation level."""
        return "-march=native"

    def missing(self) -> Sequence[str]:
        """What is absent here."""
        return toolchain.missing()

    def unit(self) -> VectorUnit:
        """What the loop language needs to know of the machine."""
        isa = self.vectors()
        masks = isa.masks == "bits"
        pairs = [(tuple(o.dtype for o in d.operands), d) for d in isa.dots]
        dots = tuple(DotUnit(left, right, d.dtype, d.steps) for (left, right), d in pairs)
        return VectorUnit(isa.name, bytes=isa.bits // 8, registers=isa.registers, masks=masks, fma=True, dots=dots)

    # Lowering.

    def emit(self, program: Program) -> str:
        """The program in C."""
        return emit(program, self.vectors())

    def program(self, task: Task, schedule: Sequence[str] = ()) -> Program:
        """The task's loops after the rewrites of a schedule; build choices are skipped."""
        return super().program(task, [text for text in schedule if not _BUILD.fullmatch(text)])

    def kernel(self, task: Task, schedule: Sequence[str] = ()) -> Kernel:
        """The kernel of a schedule."""
        build = {"cc": "", "flags": f"-O2 {self.flags()}"}
        for text in schedule:
            found = _BUILD.fullmatch(text)
            if found:
                build[found[1]] = found[2]
        chosen = tuple(sorted((key, value) for key, value in build.items() if value))
        return Kernel(self.emit(self.program(task, schedule)), "c", f"ac_{task.name}", tuple(schedule), chosen)

    # Moves.

    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """Rewrites that the loop language finds worth trying, then choices of compiler and flags."""
        if not isinstance(task.reference, Summary) or not self.derives(task, kernel):
            return ()
        return (*super().moves(task, kernel), *self.build_moves(kernel))

    def build_moves(self, kernel: Kernel) -> list[Move]:
        """Other compilers and optimisation levels."""
        build = dict(kernel.build)
        known = toolchain.compilers()
        now = build.get("cc") or (known[0].name if known else "")
        found = [Move(f"build(cc, {c.name})", f"compile with {c.name}") for c in known if c.name != now]
        for level in FLAGS:
            flags = f"{level} {self.flags()}"
            if flags != build.get("flags"):
                found.append(Move(f"build(flags, {flags})", f"compile at {level}"))
        return found

    def scheduled(self, kernel: Kernel, move: Move) -> tuple[str, ...]:
        """The kernel's schedule with a move at its end; a choice of an option replaces the earlier one."""
        return (*(s for s in kernel.schedule if not _same_option(s, move.name)), move.name)

    # Baselines.

    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        """The plain loops at -O3 with and without -ffast-math by every compiler found, and NumPy."""
        if not isinstance(task.reference, Summary):
            return {}
        found: dict[str, Kernel] = {}
        text = plain_c(lowered(task))
        for one in toolchain.compilers():
            for flags in ("-O3 -march=native -ffast-math", "-O3 -march=native"):
                build = (("cc", one.name), ("flags", flags))
                label = "-O3 -ffast-math" if "fast" in flags else "-O3"
                found[f"{one.name} {label}"] = Kernel(text, "c", f"ac_{task.name}", (), build)
        from accelcore.platforms.numpy import NumpyTarget

        with contextlib.suppress(AccelcoreError):  # not everything has a NumPy form; the compilers remain
            found["numpy"] = NumpyTarget().lower(task)
        return found


def _same_option(schedule: str, move: str) -> bool:
    """Whether both are build choices of one option: the later one replaces the earlier."""
    a, b = _BUILD.fullmatch(schedule), _BUILD.fullmatch(move)
    return a is not None and b is not None and a[1] == b[1]
