"""From source text to the imperative program, whatever the language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from accelcore.errors import IrError, UnsupportedSource
from accelcore.ir.expr import Expr, binary, shape
from accelcore.ir.printer import text
from accelcore.values import Param, Role, Source
from accelcore_llmlift.polynomial import Facts, decide
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
    results = _Results(program, post)
    params = tuple(_with_result(p, post[p.name], read, results) if p.name in post else p for p in program.params)
    return replace(program, params=params, requires=(*program.requires, *results.requires))


def _with_result(p: Param, value: Expr, read: set[str], results: _Results) -> Param:
    if p.role is Role.INOUT and p.name not in read:
        return replace(p, role=Role.OUT)
    if p.role is not Role.OUT or not value.rank:
        return p
    try:
        found = shape(value)
    except IrError:  # rows of an input, whose extents are those of the input
        return p
    return replace(p, shape=tuple(results.extent(p, *both) for both in zip(p.shape, found, strict=True)))


class _Results:
    """Extents of results: what was said of them beside what the program computes.

    requires: what must hold of sizes for the two to agree, where that does not follow.
    """

    def __init__(self, program: Program, post: Mapping[str, Expr]) -> None:
        others = [p for p in program.params if p.name not in post or p.role is not Role.OUT]
        self._given = {p.name for p in others if p.role is Role.SIZE} | {
            name for p in others for e in p.shape for name in e.sizes
        }
        self._where = program.path or "<source>"
        self._facts = Facts().assuming(program.requires)
        self.requires: list[Expr] = []

    def extent(self, p: Param, said: Expr, found: Expr) -> Expr:
        """An extent of a result.  Raises UnsupportedSource where the two cannot be the same.

        A length that depends on values is found only: no annotation can say it.
        """
        own_name = said.op == "size" and said.name not in self._given  # -> "f32[m]" of an m that nothing else has
        if said is found or own_name or found.inputs or said.inputs:
            return found
        equal = binary("eq", said, found)
        agrees = decide(equal, self._facts)
        if agrees is False:
            raise UnsupportedSource(
                f"the result {p.name!r} has {text(found)} elements along an axis that is said to have {text(said)}",
                where=self._where, hint="correct the annotation of the result, or leave it out",
            )  # fmt: skip
        if agrees is None:
            self.requires.append(equal)
        return said
