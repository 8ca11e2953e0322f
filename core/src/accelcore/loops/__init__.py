"""The loop language: what tasks are lowered to, the rewrites that schedule it, and what to try next.

* `nodes`: programs as values, `printer.text` shows one, `interpret.interpret` runs one on NumPy arrays.
* `lower.lower(task)`: the plain program of a task with a summary.
* `schedule.parse`, `apply`, `replay`: rewrites as text; `rewrites` has them all, docs/schedules.md an example of each.
* `moves.moves(program, unit, sizes)`: what to try next; `moves.recipe`: a whole schedule by rules.
* `dependence`, `safety`, `analysis`, `linear`: what can be proved about a program's accesses.
"""

from __future__ import annotations

from accelcore.loops.nodes import (
    Accumulate,
    Allocate,
    Buffer,
    For,
    If,
    Instruction,
    Kind,
    Memory,
    Prefetch,
    Program,
    Statement,
    Store,
    statements,
)
from accelcore.loops.unit import VectorUnit

__all__ = [
    "Accumulate",
    "Allocate",
    "Buffer",
    "For",
    "If",
    "Instruction",
    "Kind",
    "Memory",
    "Prefetch",
    "Program",
    "Statement",
    "Store",
    "VectorUnit",
    "statements",
]
