"""The program that a verifier talks about: read again from the task's source, never taken from a proposer."""

from __future__ import annotations

from accelcore.values import Role, Source, Task
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.program import Program
from accelcore_llmlift.verify.meaning import Unsupported


def source_of(task: Task) -> Source:
    """The user's program; Unsupported when the task has none."""
    source = task.source
    if source is None and isinstance(task.reference, Source):
        source = task.reference
    if source is None:
        raise Unsupported("the task has no source to compare the summary with")
    return source


def program_for(task: Task) -> Program:
    """The program of the task's source, checked to have the task's parameters."""
    program = program_of(source_of(task))
    mine, theirs = ({p.name: (p.dtype, p.shape, p.role) for p in x.params} for x in (program, task))
    for name, facts in mine.items():
        other = theirs.get(name)
        if other is None and facts[2] is Role.OUT:
            continue
        if other != facts:
            raise Unsupported(f"parameter {name!r} of the task is not the one of its source")
    return program
