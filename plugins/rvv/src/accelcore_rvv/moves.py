"""What to try next on a program: core's rewrites, with register groups where others have interleaved vectors.

A vector loop's `interleave` is the LMUL of its widest value here, so it is a power of two; a register tile of R rows by
LMUL m keeps R sums and one row of the shared operand in groups of m registers, with the other operand in scalar
registers.  Schedules that cannot keep their values in 32 registers are left out (`pressure`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from accelcore.errors import AccelcoreError
from accelcore.loops import schedule
from accelcore.loops.analysis import strided
from accelcore.loops.moves import moves as general
from accelcore.loops.moves import recipes
from accelcore.loops.nodes import Accumulate, For, Kind, Program, Statement, Store, statements
from accelcore.loops.rewrites.neighbours import reads_neighbours
from accelcore.loops.unit import VectorUnit
from accelcore_rvv.neighbours import beside
from accelcore_rvv.pressure import fits

MOST = 40
GROUPS = (4, 2, 8, 1)
_VECTORS = re.compile(r"interleave[=(](?:\w+, )?(\d+)")
_USELESS = re.compile(r"\bstream\(|\blanes=|\bpack=|\bpanel=")
"""RVV has no non-temporal stores, how many lanes there are is the machine's, and no cache is modelled."""
_BLOCKED = re.compile(r"two_pass\((\w+)\)")
_POWERS = frozenset({"1", "2", "4", "8"})
_IN_LANES = frozenset({Kind.VECTOR, Kind.SCAN, Kind.COMPACT})
_FULL = 16  # iterations of a loop that is written out


def unit(vlen: int) -> VectorUnit:
    """The vector unit as the loop language sees it: no register is needed to broadcast a scalar."""
    return VectorUnit("rvv", bytes=vlen // 8, registers=33, masks=True, fma=True)


def moves(program: Program, vlen: int, sizes: Mapping[str, int] | None) -> list[tuple[str, str]]:
    """(rewrite, what it does in words), the most promising first; each is legal here."""
    found: dict[Program, str] = {program: ""}
    for text in (*_whole(program, vlen, sizes), *_single(program), *general(program, unit(vlen), sizes)):
        if len(found) > MOST:
            break
        after = _after(program, text)
        if after is not None and after not in found and _sensible(text) and fits(after):
            found[after] = text
    return [(text, _words(text)) for text in found.values() if text]


def _after(program: Program, text: str) -> Program | None:
    try:
        return schedule.apply(program, text)
    except AccelcoreError:
        return None


def _sensible(text: str) -> bool:
    return set(_VECTORS.findall(text)) <= _POWERS and not _USELESS.search(text)


# Whole schedules, while nothing runs in lanes.


def _whole(program: Program, vlen: int, sizes: Mapping[str, int] | None) -> Iterator[str]:
    if _vector_loops(program):
        return
    shared = tuple(text for text in _sharing(program) if _after(program, text) is not None)
    shared += _merging(_after(program, "; ".join(shared)) or program)
    start = _after(program, "; ".join(shared)) or program
    found = (shared + _searching(steps) for steps in recipes(start, unit(vlen), sizes, most=12))
    bases = [steps for steps in found if _sensible("; ".join(steps))]
    tiles = [steps for steps in bases if any("tile(" in step for step in steps)]
    yield from ("; ".join(steps) for steps in tiles[:6])
    yield from _scanning(program)
    for base in (*_distinct(steps for steps in bases if steps not in tiles), *_records(start, shared)):
        yield from _grouped(program, base)


def _scanning(program: Program) -> Iterator[str]:
    """Running sums and extremes in lanes, beside whatever else runs in lanes, at every register grouping.

    Wide groups take more steps and wait less for each of them: what suits depends on the CPU.
    """
    loops = [s for s in statements(program.body) if isinstance(s, For) and s.kind is Kind.SERIAL]
    scans = tuple(text for f in loops if _after(program, text := f"scan_lanes({f.iterator})") is not None)
    if not scans:
        return
    whole = (*scans, "simd()")
    yield from _grouped(program, whole if _after(program, "; ".join(whole)) is not None else scans)


def _searching(steps: tuple[str, ...]) -> tuple[str, ...]:
    """Without blocks in searches for the place of an extreme: the search ends early by itself."""
    return tuple(_BLOCKED.sub(r"two_pass(\1, 0)", step) for step in steps)


def _distinct(bases: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Bases that differ in more than how many registers are grouped; at most two."""
    found: dict[str, tuple[str, ...]] = {}
    for steps in bases:
        found.setdefault(_VECTORS.sub("", "; ".join(steps)), steps)
    return list(found.values())[:2]


def _records(program: Program, before: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Lanes along loops whose accesses are apart in memory: records, and what is turned; at most two."""
    loops = [s for s in statements(program.body) if isinstance(s, For) and s.kind is Kind.SERIAL]
    found: list[tuple[str, ...]] = []
    for loop in loops[::-1]:
        if loop.extent.op == "const" and int(loop.extent.value) <= _FULL:
            continue
        inside = [s for s in statements(loop.body) if isinstance(s, For)]
        small = [f for f in inside if f.extent.op == "const" and int(f.extent.value) <= _FULL]
        steps = (*before, *(f"unroll({f.iterator}, 0)" for f in small[::-1]), f"vectorize({loop.iterator})")
        if strided(loop) and len(inside) - len(small) <= 1 and _after(program, "; ".join(steps[len(before) :])):
            found.append(steps)
    return found[:2]


def _grouped(program: Program, base: tuple[str, ...]) -> Iterator[str]:
    """One base with its loops written out or side by side, at every register grouping."""
    for more in ((), *_shapes(program, base)):
        for group in GROUPS:
            after = _after(program, "; ".join((*base, *more)))
            if after is not None:
                groups = [f"interleave({f.iterator}, {group})" for f in _vector_loops(after)]
                yield "; ".join((*base, *more, *groups))
        slides = _sliding(program, (*base, *more))
        for group in GROUPS[:3] if slides else ():
            yield "; ".join((*base, *more, *(f"interleave({s}, {group}); slides({s})" for s in slides)))


def _sliding(program: Program, steps: tuple[str, ...]) -> list[str]:
    """Vector loops that read elements beside each other, where every second one may come from a slide."""
    after = _after(program, "; ".join(steps))
    loops = [] if after is None else _vector_loops(after)
    return [f.iterator for f in loops if f.kind is Kind.VECTOR and reads_neighbours(f)]


def _shapes(program: Program, base: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Further steps worth taking before the grouping is chosen: rows side by side, small loops written out."""
    after = _after(program, "; ".join(base))
    if after is None:
        return []
    small = tuple(f"unroll({f.iterator}, 0)" for f in _small_inside(after))
    rows = [f.iterator for f in (*_around(after), *_long_inside(after)) if not beside(after, f, 2)]
    found: list[tuple[str, ...]] = [(f"jam({row}, {n})",) for row in rows for n in (4, 2, 8)]
    stencils = [beside(after, row, n) for row in _around(after) for n in (4, 2)]
    found = [*filter(None, stencils), *found]
    if small:
        found = [small, *((f"jam({row}, {n})", *small) for row in rows for n in (4, 2)), *found]
    return found


def _sharing(program: Program) -> list[str]:
    """Choices whose branches do the same, in every loop that has statements of its own."""
    loops = [s for s in statements(program.body) if isinstance(s, For)]
    return [f"share({f.iterator})" for f in loops if any(isinstance(s, Store | Accumulate) for s in f.body)]


def _merging(program: Program) -> tuple[str, ...]:
    """Reductions over one extent that stand side by side become one loop, as often as that is legal.

    Stops because every step leaves one loop less.
    """
    steps: tuple[str, ...] = ()
    now: Program | None = program
    while now is not None:
        program, now = now, None
        for a, b in pairwise(s for s in program.body if isinstance(s, For) and _reduces(s)):
            text = f"fuse({a.iterator}, {b.iterator})"
            if a.extent is b.extent and (now := _after(program, text)) is not None:
                steps += (text,)
                break
    return steps


def _reduces(loop: For) -> bool:
    return loop.kind is Kind.SERIAL and all(isinstance(s, Accumulate) and not s.indices for s in loop.body)


# Single steps.


def _single(program: Program) -> Iterator[str]:
    yield from _sharing(program)
    for f in _vector_loops(program):
        yield from (f"interleave({f.iterator}, {group})" for group in GROUPS if group != f.interleave)
        yield from (f"slides({f.iterator}, {n})" for n in (1, 2, 0) if n != f.slides)
    yield from (f"unroll({f.iterator}, 0)" for f in _small_inside(program))
    for f in _around(program):
        yield from (f"jam({f.iterator}, {n})" for n in (4, 2, 8))


def _vector_loops(program: Program) -> list[For]:
    return [s for s in statements(program.body) if isinstance(s, For) and s.kind in _IN_LANES]


def _small_inside(program: Program) -> list[For]:
    """Serial loops of few iterations inside vector loops, the innermost first."""
    found = [
        s
        for f in _vector_loops(program)
        for s in statements(f.body)
        if isinstance(s, For) and s.kind is Kind.SERIAL and s.extent.op == "const" and int(s.extent.value) <= _FULL
    ]
    return found[::-1]


def _long_inside(program: Program) -> list[For]:
    """Other serial loops inside vector loops that have nothing but stores: several turns fill neighbouring places."""
    return [
        s
        for f in _vector_loops(program)
        for s in f.body
        if isinstance(s, For) and s.kind is Kind.SERIAL and all(isinstance(t, Store) for t in s.body)
        and not (s.extent.op == "const" and int(s.extent.value) <= _FULL)
    ]  # fmt: skip


def _around(program: Program) -> list[For]:
    """Serial loops whose body has a vector loop, the innermost first."""
    return [
        s
        for s in statements(program.body)
        if isinstance(s, For) and s.kind is Kind.SERIAL and any(map(_is_vector, s.body))
    ][::-1]


def _is_vector(s: Statement) -> bool:
    return isinstance(s, For) and s.kind is Kind.VECTOR


def _words(text: str) -> str:
    groups = sorted(set(_VECTORS.findall(text)))
    plain = f"rewrite the loops: {text}"
    return f"{plain} (LMUL {', '.join(groups)} of the widest value)" if groups else plain
