"""Plain C99 of a seed program: the loops as a person would write them, for the compiler to optimise.

It is the fair baseline: no vector type, no pragma, the C library's functions, `restrict` pointers.
"""

from __future__ import annotations

from dataclasses import replace

from accelcore.cgen.emit import emit
from accelcore.cgen.isa import VectorIsa
from accelcore.loops.nodes import For, If, Kind, Program, Statement, Store

SCALAR = VectorIsa(name="scalar", bits=0)


def plain_c(program: Program) -> str:
    """The program as plain loops, whatever its schedule was."""
    return emit(program.with_body(tuple(map(_plain, program.body))), SCALAR)


def _plain(s: Statement) -> Statement:
    match s:
        case For():
            body = tuple(map(_plain, s.body))
            return For(s.iterator, s.extent, body, Kind.SERIAL)
        case If():
            return If(s.condition, tuple(map(_plain, s.then)), tuple(map(_plain, s.otherwise)))
        case Store(stream=True):
            return replace(s, stream=False)
    return s
