"""From source text to the imperative program, whatever the language."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from accelcore.errors import UnsupportedSource
from accelcore.ir.expr import Expr, shape, walk
from accelcore.values import Param, Role, Source
from accelcore_llmlift.program import Program

LANGUAGES = ("python", "c", "c++")


@lru_cache(maxsize=256)
def program_of(source: Source) -> Program:
    """The program of a source, with the shapes and dtypes of its parameters and results inferred.

    The extents of a result that no annotation gives are those of what the program computes, as far as the lifter
    finds them; where it does not, they stay `length` nodes over the result.  Array parameters that the program
    overwrites without looking at them are OUT.
    Raises UnsupportedSource with file:line:column for what is outside the subset.
    """
    if source.language == "python":
        from accelcore_llmlift.python import parse

        return _completed(parse(source))
    if source.language in ("c", "c++"):
        from accelcore_llmlift.c import parse as parse_c

        return _completed(parse_c(source))
    raise UnsupportedSource(
        f"no front end reads {source.language!r}", where=source.path or "", hint=f"languages: {', '.join(LANGUAGES)}"
    )


def _completed(program: Program) -> Program:
    """With what only lifting tells: extents of results, and which written parameters are never read."""
    from accelcore_llmlift.lifter import lift_program

    try:
        lifted = lift_program(program)
    except UnsupportedSource:
        return program
    post = dict(lifted.summary.post)
    read = {name for value in post.values() for name in value.inputs}
    params = tuple(_with_result(p, post[p.name], read) if p.name in post else p for p in program.params)
    return replace(program, params=params)


def _with_result(p: Param, value: Expr, read: set[str]) -> Param:
    if p.role is Role.INOUT and p.name not in read:
        return replace(p, role=Role.OUT)
    if any(n.op == "length" for e in p.shape for n in walk(e)):
        return replace(p, shape=shape(value))
    return p
