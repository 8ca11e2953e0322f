"""What targets share whose kernels are printed from scheduled loops: lower, moves, rewrite, in any language.

A subclass says what its vector unit is like (`unit`) and how a program looks in its language (`emit`); the loop
language finds the moves, checks that they are legal, and carries them out.  A kernel's schedule is the list of texts
that `accelcore.loops.schedule` replays on the freshly lowered program.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from accelcore.errors import AccelcoreError, IllegalRewrite, UnsupportedLowering, UsageError
from accelcore.loops.nodes import Program
from accelcore.loops.unit import VectorUnit
from accelcore.values import Kernel, Machine, Move, Summary, Task


@dataclass(frozen=True)
class LoopTarget(ABC):
    """A target whose kernels are text made of scheduled loops.

    Subclasses set the class variables and `unit`, and may refine the rest.
    """

    name: ClassVar[str] = ""
    about: ClassVar[str] = ""
    language: ClassVar[str] = "listing"

    @property
    def knowledge(self) -> Path | None:
        """Folder of plain files for people and models, or None."""
        return None

    @abstractmethod
    def unit(self) -> VectorUnit:
        """What the loop language needs to know of the machine."""

    def emit(self, program: Program) -> str:
        """The program as text of `language`: its listing, unless the machine has a language of its own.

        Raises UnsupportedLowering naming the part that there is no code for.
        """
        from accelcore.loops.listing import listing

        return listing(program)

    def start(self, program: Program) -> Sequence[str]:
        """The schedule of seed kernels; none is the plain loops.  A step that is not legal is left out."""
        return ()

    def missing(self) -> Sequence[str]:
        """What is absent here."""
        return ()

    def machine(self) -> Machine:
        """The roofline's facts."""
        return Machine(self.name)

    # Lowering.

    def program(self, task: Task, schedule: Sequence[str] = ()) -> Program:
        """The task's loops after the rewrites of a schedule."""
        from accelcore.loops.schedule import replay

        return replay(lowered(task), schedule)

    def kernel(self, task: Task, schedule: Sequence[str] = ()) -> Kernel:
        """The kernel of a schedule."""
        return Kernel(self.emit(self.program(task, schedule)), self.language, f"ac_{task.name}", tuple(schedule))

    def lower(self, task: Task) -> Kernel:
        """The loops of the summary, each reduction where its variables are bound, scheduled as `start` says."""
        steps: list[str] = []
        for step in self.start(self.program(task)):
            try:
                self.program(task, [*steps, step])
            except (IllegalRewrite, UsageError):
                continue
            steps.append(step)
        return self.kernel(task, steps)

    # Moves.

    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """Rewrites that the loop language finds worth trying, most promising first."""
        from accelcore.loops.moves import moves

        if not isinstance(task.reference, Summary) or not self.derives(task, kernel):
            return ()
        sizes = dict(task.sizes[0]) if task.sizes else None
        texts = moves(self.program(task, kernel.schedule), self.unit(), sizes)
        return tuple(Move(text, f"rewrite the loops: {text}") for text in texts)

    def derives(self, task: Task, kernel: Kernel) -> bool:
        """Whether the kernel's text is what its schedule gives: only then do rewrites continue it."""
        try:
            return self.kernel(task, kernel.schedule).text == kernel.text
        except AccelcoreError:
            return False

    def scheduled(self, kernel: Kernel, move: Move) -> tuple[str, ...]:
        """The kernel's schedule with a move at its end."""
        return (*kernel.schedule, move.name)

    def rewrite(self, move: Move, task: Task, kernel: Kernel) -> Iterable[Kernel]:
        """The kernel after a move; none when it is not legal here, or is words only."""
        if not isinstance(task.reference, Summary):
            return []
        try:
            return [self.kernel(task, self.scheduled(kernel, move))]
        except (IllegalRewrite, UnsupportedLowering, UsageError):
            return []

    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        """What users would have otherwise: none is known."""
        return {}


@lru_cache(maxsize=64)
def lowered(task: Task) -> Program:
    """The seed program of a task."""
    from accelcore.loops.lower import lower

    return lower(task)
