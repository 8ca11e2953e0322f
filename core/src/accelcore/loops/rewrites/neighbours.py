"""Neighbouring elements by moving lanes instead of loading them again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from accelcore.loops.edit import expressions, find, reads_of, replace_loop
from accelcore.loops.linear import as_constant, coefficient, polynomial
from accelcore.loops.nodes import For, Kind, Program, statements
from accelcore.loops.rewrites.base import Rewrite, register, require

_MOST = 15


@register
@dataclass(frozen=True)
class Slides(Rewrite):
    """Each vector that is loaded gives up to `times` neighbours by slides; 0 loads all of them.

    Only targets whose lanes move by one with a new element in the last one do so; others load.
    """

    name: ClassVar[str] = "slides"
    iterator: str
    times: int = 1

    def apply(self, program: Program) -> Program:
        """Legal for vector loops that read elements beside each other."""
        loop = find(program, self.iterator)
        require(loop.kind is Kind.VECTOR, f"loop {self.iterator} is not a vector loop", "vectorize it first")
        require(0 <= self.times <= _MOST, f"up to {_MOST} slides for each load")
        require(reads_neighbours(loop), f"loop {self.iterator} does not read elements beside each other")
        return replace_loop(program, self.iterator, lambda f: (replace(f, slides=self.times),))


def reads_neighbours(loop: For) -> bool:
    """Whether lanes read elements that lanes beside them read too: x[i] and x[i + 1], or x[i + k] for an unrolled k."""
    written_out = {s.iterator for s in statements(loop.body) if isinstance(s, For) and s.kind is Kind.UNROLL}
    seen: set[object] = set()
    for e in expressions(loop.body):
        for name, indices in reads_of(e):
            if not indices or any(loop.iterator in i.inputs for i in indices[:-1]):
                continue
            last = polynomial(indices[-1])
            if as_constant(coefficient(last, loop.iterator) or {}) != 1:
                continue
            if any(as_constant(coefficient(last, k) or {}) in (1, -1) for k in written_out):
                return True
            place = last.get((), 0)
            line = (name, indices[:-1], frozenset((m, c) for m, c in last.items() if m))
            if {(line, place - 1), (line, place + 1)} & seen:
                return True
            seen.add((line, place))
    return False
