"""What to try next on a kernel: changes of its schedule, the most promising first."""

from __future__ import annotations

from collections.abc import Sequence

from accelcore.values import Kernel, Move, Task
from accelcore_gemmini.config import Config
from accelcore_gemmini.moves.schedule import Schedule


def merged(steps: Sequence[str], move: str) -> tuple[str, ...]:
    """The schedule after a move, each choice said once."""
    made = Schedule()
    for step in (*steps, move):
        made = made.after(step)
    return made.text


def moves(task: Task, kernel: Kernel, config: Config) -> Sequence[Move]:
    """Moves of a kernel."""
    del task, kernel, config
    return ()
