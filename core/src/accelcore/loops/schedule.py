"""Schedules: rewrites as text, replayed on the freshly lowered program of any shape."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from accelcore.loops.edit import loops_of
from accelcore.loops.nodes import For, Kind, Program
from accelcore.loops.rewrites.base import Rewrite
from accelcore.loops.rewrites.base import parse as parse_one
from accelcore.loops.rewrites.marks import check_lanes


def parse(text: str) -> tuple[Rewrite, ...]:
    """The rewrites of one schedule entry: one text, or several joined by ";"; UsageError when one does not parse."""
    return tuple(parse_one(part) for part in text.split(";") if part.strip())


def apply(program: Program, text: str) -> Program:
    """The program after one schedule entry; raises IllegalRewrite with the reason when a step is not legal."""
    return _apply(program, text)


@lru_cache(maxsize=4096)
def _apply(program: Program, text: str) -> Program:
    for rewrite in parse(text):
        before = _vector_loops(program)
        program = rewrite.apply(program)
        for name, loop in _vector_loops(program).items():
            if before.get(name) != loop:  # what is rewritten inside lanes must still run in lanes
                check_lanes(program, loop)
    return program


def _vector_loops(program: Program) -> dict[str, For]:
    return {f.iterator: f for f in loops_of(program.body) if f.kind is Kind.VECTOR}


def replay(program: Program, schedule: Iterable[str]) -> Program:
    """The program after all entries, in order.  Schedules that share a beginning share its work."""
    for text in schedule:
        program = apply(program, text)
    return program
