"""What to try next on a program: core's rewrites, with register groups where others have interleaved vectors.

A vector loop's `interleave` is the LMUL of its widest value here, so it is a power of two; a register tile of R rows by
LMUL m keeps R sums and one row of the shared operand in groups of m registers, with the other operand in scalar
registers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from accelcore.loops.moves import moves as general
from accelcore.loops.nodes import Program
from accelcore.loops.unit import VectorUnit

_VECTORS = re.compile(r"interleave[=(](?:\w+, )?(\d+)|interleave\(\w+, (\d+)\)")
_USELESS = re.compile(r"\bstream\(|\blanes=")
"""RVV has no non-temporal stores, and how many lanes there are is the machine's."""
_POWERS = frozenset({"1", "2", "4", "8"})


def unit(vlen: int) -> VectorUnit:
    """The vector unit as the loop language sees it: no register is needed to broadcast a scalar."""
    return VectorUnit("rvv", bytes=vlen // 8, registers=33, masks=True, fma=True)


def moves(program: Program, vlen: int, sizes: Mapping[str, int] | None) -> list[tuple[str, str]]:
    """(rewrite, what it does in words), the most promising first."""
    return [(text, _words(text)) for text in _kept(general(program, unit(vlen), sizes))]


def _kept(texts: list[str]) -> Iterator[str]:
    for text in texts:
        groups = {a or b for a, b in _VECTORS.findall(text)}
        if groups <= _POWERS and not _USELESS.search(text):
            yield text


def _words(text: str) -> str:
    groups = sorted({a or b for a, b in _VECTORS.findall(text)})
    plain = f"rewrite the loops: {text}"
    return f"{plain} (LMUL {', '.join(groups)} of the widest value)" if groups else plain
