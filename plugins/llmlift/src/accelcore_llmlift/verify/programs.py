"""The program that a verifier talks about: read again from the task's source, never taken from a proposer."""

from __future__ import annotations

from accelcore.ir.dtypes import DTYPES
from accelcore.values import Role, Source, Summary, Task
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.program import Program
from accelcore_llmlift.verify.arithmetic import Unsupported


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


def admit(program: Program, summary: Summary) -> None:
    """Unsupported unless the summary gives every result once, in its rank and kind, over entry values alone.

    A result that the caller does not initialize has no value at entry: a summary that names it would define it by
    itself.
    """
    post = dict(summary.post)
    names = [name for name, _ in program.results]
    if len(post) != len(summary.post) or set(post) != set(names):
        raise Unsupported(f"the summary gives {', '.join(n for n, _ in summary.post) or 'nothing'}, "
                          f"the program {', '.join(names)}")  # fmt: skip
    known = {p.name for p in program.params if p.role is not Role.OUT}
    for name, value in program.results:
        e = post[name]
        unknown = sorted(e.inputs - known)
        if unknown:
            raise Unsupported(f"the summary names {unknown[0]!r}, which has no value at entry")
        if e.free:
            raise Unsupported(f"the summary of {name!r} has an unbound variable")
        if e.rank != value.rank:
            raise Unsupported(f"result {name!r} has rank {value.rank} in the program and {e.rank} in the summary")
        if DTYPES[e.dtype].is_float != DTYPES[value.dtype].is_float:
            raise Unsupported(f"result {name!r} is {value.dtype} in the program and {e.dtype} in the summary")
