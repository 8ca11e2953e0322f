"""What targets share whose kernels are emitted C: lower, replay a schedule, rewrite, baselines.

A kernel's schedule is the list of texts that `accelcore.loops` replays on the freshly lowered program; texts of the
form "build(option, value)" are not rewrites of loops but choices of compiler and flags.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from accelcore.cgen import toolchain
from accelcore.cgen.baseline import plain_c
from accelcore.cgen.emit import emit
from accelcore.cgen.isa import VectorIsa
from accelcore.errors import AccelcoreError, IllegalRewrite, UnsupportedLowering, UsageError
from accelcore.loops.nodes import Program
from accelcore.loops.unit import VectorUnit
from accelcore.values import Kernel, Machine, Move, Summary, Task

_BUILD = re.compile(r"build\((\w+), (.*)\)")
FLAGS = ("-O2", "-O3")


@dataclass(frozen=True)
class ScheduledTarget:
    """A target whose kernels are C emitted from scheduled loops.

    Subclasses set the class variables and `vectors`, and may refine `machine`, `flags` and `build_moves`.
    """

    name: ClassVar[str] = ""
    about: ClassVar[str] = ""
    language: ClassVar[str] = "c"

    @property
    def knowledge(self) -> Path | None:
        """Folder of plain files for people and models, or None."""
        return None

    @property
    def foreign(self) -> tuple[str, str] | None:
        """Cross compiler and emulator, as shell words, of kernels for another machine; None when they run here."""
        return None

    def vectors(self) -> VectorIsa:
        """The instruction set that is emitted."""
        raise NotImplementedError

    def flags(self) -> str:
        """Code generation flags besides the optimisation level."""
        return "-march=native"

    def missing(self) -> Sequence[str]:
        """What is absent here."""
        return toolchain.missing()

    def machine(self) -> Machine:
        """The roofline's facts."""
        return Machine(self.name)

    # Lowering.

    def program(self, task: Task, schedule: Sequence[str] = ()) -> Program:
        """The task's loops after the rewrites of a schedule; build choices are skipped."""
        from accelcore.loops.schedule import replay

        return replay(lowered(task), [text for text in schedule if not _BUILD.fullmatch(text)])

    def kernel(self, task: Task, schedule: Sequence[str] = ()) -> Kernel:
        """The kernel of a schedule."""
        build = {"cc": "", "flags": f"-O2 {self.flags()}"}
        for text in schedule:
            found = _BUILD.fullmatch(text)
            if found:
                build[found[1]] = found[2]
        chosen = tuple(sorted((key, value) for key, value in build.items() if value))
        text = emit(self.program(task, schedule), self.vectors())
        return Kernel(text, "c", f"ac_{task.name}", tuple(schedule), chosen)

    def lower(self, task: Task) -> Kernel:
        """Plain loops, each reduction where its variables are bound."""
        return self.kernel(task)

    # Moves.

    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """Rewrites that the loop language finds worth trying, then choices of compiler and flags."""
        from accelcore.loops.moves import moves

        if not isinstance(task.reference, Summary) or not self.derives(task, kernel):
            return ()
        sizes = dict(task.sizes[0]) if task.sizes else None
        texts = moves(self.program(task, kernel.schedule), self.unit(), sizes)
        return (*(Move(text, f"rewrite the loops: {text}") for text in texts), *self.build_moves(kernel))

    def unit(self) -> VectorUnit:
        """What the loop language needs to know of the machine."""
        isa = self.vectors()
        masks = isa.masks == "bits"
        return VectorUnit(isa.name, bytes=isa.bits // 8, registers=isa.registers, masks=masks, fma=True)

    def derives(self, task: Task, kernel: Kernel) -> bool:
        """Whether the kernel's text is what its schedule gives: only then do rewrites continue it."""
        try:
            return self.kernel(task, kernel.schedule).text == kernel.text
        except AccelcoreError:
            return False

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

    def rewrite(self, move: Move, task: Task, kernel: Kernel) -> Iterable[Kernel]:
        """The kernel after a move; none when it is not legal here, or is words only."""
        if not isinstance(task.reference, Summary):
            return []
        schedule = (*(s for s in kernel.schedule if not _same_option(s, move.name)), move.name)
        try:
            return [self.kernel(task, schedule)]
        except (IllegalRewrite, UnsupportedLowering, UsageError):
            return []

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


@lru_cache(maxsize=64)
def lowered(task: Task) -> Program:
    """The seed program of a task."""
    from accelcore.loops.lower import lower

    return lower(task)
