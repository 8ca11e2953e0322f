"""Nests that read an array one way and write another the other way, as transpositions do: which rewrite suits them.

A square of as many rows as a register has lanes is turned in registers.  Results that are written around the caches
need whole cache lines: rows that do not begin with one are first turned into a block that stays in the nearest cache,
so that each of them is then written in one go.
"""

from __future__ import annotations

from collections.abc import Mapping

from accelcore.ir.dtypes import DTYPES
from accelcore.loops.analysis import Stride, serial_loops, small, stride, strided
from accelcore.loops.nodes import For, Program, Store
from accelcore.loops.tiling import value_of
from accelcore.loops.unit import VectorUnit

_FEW_ROWS, _MANY_ROWS = 4, 16  # of a square that is worth turning in registers, and fits them
_LINE = 64
"""Bytes of a cache line, and what streamed stores are aligned to."""
_SHARE = 0.75  # of the nearest cache that a block may fill


def forms(program: Program, unit: VectorUnit, *, staged: bool = False) -> list[str]:
    """turn or block for pairs of loops that fill an array along the inner one and read another along the outer one."""
    found = []
    for outer, inner, store in _nests(program):
        bits = DTYPES[program.buffer(store.buffer).dtype].bits or 64
        lanes = unit.lanes(program.buffer(store.buffer).dtype)
        if not _FEW_ROWS <= lanes <= _MANY_ROWS:
            found.append(f"block({outer.iterator}, {inner.iterator}, {lanes})")
        elif staged:
            columns = 1 << (int(unit.l1 * _SHARE) * 8 // (lanes * bits)).bit_length() - 1
            found.append(f"turn({outer.iterator}, {inner.iterator}, {lanes}, stage={columns})")
        else:
            found.append(f"turn({outer.iterator}, {inner.iterator}, {lanes})")
    return found


def unaligned(program: Program, sizes: Mapping[str, int]) -> bool:
    """Whether rows of what such a nest fills are known not to be whole cache lines."""
    for _, _, store in _nests(program):
        buffer = program.buffer(store.buffer)
        row = value_of(buffer.shape[-1], sizes) * (DTYPES[buffer.dtype].bits or 64) // 8
        if row % _LINE:
            return True
    return False


def _nests(program: Program) -> list[tuple[For, For, Store]]:
    found = []
    for loop in serial_loops(program):
        inner = loop.body[0] if len(loop.body) == 1 else None
        if not isinstance(inner, For) or len(inner.body) > 1 or not isinstance(store := inner.body[0], Store):
            continue
        filled = stride(store.indices, inner.iterator) is Stride.UNIT
        if filled and strided(inner) and strided(loop) and not small(loop) and not small(inner):
            found.append((loop, inner, store))
    return found
