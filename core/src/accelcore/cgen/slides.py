"""Scans on a scalable ISA: lanes moved by slides, with as many steps as the machine's registers ask for.

A vector of L lanes needs log2(L) steps, and L is the machine's.  For registers of up to `WRITTEN` bits the steps are
written out: a step too many slides the identity into every lane and changes nothing.  Where registers are longer, the
steps that are left follow in a loop, which ends because each step moves twice as far and L is finite.  The strips are
written twice, with that loop and without it, because a loop that never turns still keeps what stands before it from
running beside what follows it.

The last active lane is the strip's total.  Strips never grow: the vector length of one that follows is not larger, so
lanes of the carried vector that were inactive once are not read again (RISC-V "V" extension 1.0, section 6.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from accelcore.cgen.unit import NotVectorizable

if TYPE_CHECKING:
    from accelcore.cgen.emit import Emitter
    from accelcore.cgen.expressions import Expressions
    from accelcore.cgen.isa import VectorIsa

WRITTEN = 256
"""Bits of the longest registers whose steps are written out: most machines' have 128 or 256."""
_ROLES = ("slide1up", "slideup", "last", "element")


def known(isa: VectorIsa, dtype: str, count: int) -> bool:
    """Whether the ISA has all slides of such a vector."""
    return all(isa.move(role, dtype, count) is not None for role in _ROLES)


def versions(isa: VectorIsa, count: int) -> Iterator[tuple[str, bool]]:
    """(head of a C block, whether the registers may be longer there), by how many elements all lanes are."""
    yield f"if (ac_vl <= {_lanes(isa, count)})", False
    yield "else", True


def steps(emitter: Emitter, count: int, *, longer: bool) -> Iterator[str]:
    """C texts of the distances of a scan's steps; a step that is written meanwhile is written where it belongs."""
    size, most = 1, _lanes(emitter.isa, count)
    while size < most:
        yield str(size)
        size *= 2
    if longer:
        with emitter.writer.block(f"for (size_t ac_by = {most}; ac_by < ac_vl; ac_by <<= 1)"):
            yield "ac_by"


def moved_up(at: Expressions, dtype: str, text: str, identity: str, by: str) -> str:
    """C text of the lanes `by` places up; below them stands the identity, a scalar."""
    if by == "1":
        return _made(at, "slide1up", dtype, v=text, x=identity)
    below = _made(at, "splat", dtype, x=identity)
    return _made(at, "slideup", dtype, d=below, v=text, n=by)


def last(at: Expressions, dtype: str, text: str) -> str:
    """C text of the last active lane in all lanes."""
    return _made(at, "last", dtype, v=text)


def element(at: Expressions, dtype: str, text: str) -> str:
    """C text of the first lane, a scalar."""
    return _made(at, "element", dtype, v=text)


def _lanes(isa: VectorIsa, count: int) -> int:
    """Lanes of a register of WRITTEN bits; `count` is of one with as many as the ISA counts by."""
    return count * WRITTEN // isa.bits


def _made(at: Expressions, role: str, dtype: str, **operands: str) -> str:
    template = at.unit.isa.move(role, dtype, at.count)
    if template is None:
        raise NotVectorizable(f"no {role} of {dtype}")
    return at.expand(template, **operands)
