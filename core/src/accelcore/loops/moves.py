"""What to try next on a program: a short list of rewrites, most promising first, and whole schedules by rule.

The lists are deterministic, and every text in them has been applied once: it is legal here.  A move may be several
rewrites joined by "; ".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from accelcore.errors import AccelcoreError, IllegalRewrite
from accelcore.ir.expr import walk
from accelcore.loops import schedule, traffic, turning
from accelcore.loops.analysis import (
    Contraction,
    calls,
    contractions,
    rows_summed,
    serial_loops,
    siblings,
    small,
    strided,
)
from accelcore.loops.compact_loops import compacting
from accelcore.loops.edit import around, loops_of
from accelcore.loops.nodes import Accumulate, For, Kind, Program, Store
from accelcore.loops.rewrites.values import divisors, invariant, repeated, weight
from accelcore.loops.tiling import aligned, bytes_of, depth_of_sums, extent_of, packed, tile_text
from accelcore.loops.unit import VectorUnit
from accelcore.values import Role

MOST = 30
_WORTH_KEEPING = 12  # weight of a repeated expression that pays for a store and a load: a function call
_SHIFTS = 16  # bytes of a register whose lanes are worth shifting for a scan; one that is counted by words has fewer
_STEPS = 4  # of a sum in a row where the number of them is known
_ROWS_WORTH_PACKING = 32  # rows that share an operand before a copy of it is repaid
_ROWS_WORTH_ALIGNING = 128  # and before one is whose vectors touch one cache line each instead of two


_BANDS = ((48, 6, 4), (14, 14, 2), (24, 6, 4), (96, 6, 4))
"""Bands of rows, each in whole tiles of so many rows by so many vectors."""


_BESIDE, _BESIDE_VECTORS = 8, 2  # rows side by side and vectors of each: sums that fit into registers


@dataclass(frozen=True)
class Plan:
    """The choices that a recipe leaves open.

    rows, vectors: the register tile of matrix products (0: the `choice`th of those that suit the sizes best).
    panel: tiles of columns per panel (0: no panels).  pack: copy the shared operands.  interleave: vectors per strip
    of reductions.  deep: products that long sums add at a time (0: all).
    stream: write results around the caches.  ahead: ask for the next row while one is computed (1: into the nearest
    cache that has room for it, 2: into the other one, 0: no).  band: rows that go through all products before the next
    ones (0: all).
    beside: rows of a matrix that are summed side by side, each a stream from memory.
    lift: walk a matrix by rows where its columns are summed.  staged: turn into a local block that is copied from.
    within: what follows a product is done in its tile's registers, however long it is.
    fixed: a version of the loops for those sizes.  sizes: the ones that matter most, where they are known.
    """

    rows: int = 0
    vectors: int = 0
    panel: int = 0
    pack: bool = False
    interleave: int = 4
    stream: bool = False
    ahead: int = 0
    band: int = 0
    beside: int = 0
    lift: bool = False
    staged: bool = False
    choice: int = 0
    deep: int = 0
    within: bool = False
    fixed: bool = False
    sizes: tuple[tuple[str, int], ...] = ()


def recipe(
    program: Program, unit: VectorUnit, sizes: Mapping[str, int] | None = None, plan: Plan | None = None
) -> tuple[str, ...]:
    """A good schedule by rules, without search.  sizes: the sizes that matter most, where they are known."""
    chosen = plan or _plan(program, unit, sizes or {})
    cook = _Cook(program, unit, chosen)
    cook.versions()
    cook.algorithms()
    cook.fusions()
    cook.products()
    cook.rows()
    cook.columns()
    cook.repetitions()
    cook.invariants()
    cook.turned()
    cook.scattered()
    cook.lanes()
    cook.steps()
    return tuple(cook.done)


def recipes(
    program: Program, unit: VectorUnit, sizes: Mapping[str, int] | None = None, most: int = 100
) -> list[tuple[str, ...]]:
    """At most `most` whole schedules by rule, the likeliest first, each different."""
    first = _plan(program, unit, sizes or {})
    plans = [first, *(_product_plans(program, first) if contractions(program) else ())]
    if any(b.role is Role.OUT and b.shape for b in program.arguments):
        plans += [replace(first, stream=True, ahead=0), replace(first, stream=True), replace(first, stream=False)]
    plans.append(replace(first, staged=not first.staged))
    if rows_summed(program):
        other = (
            replace(first, beside=0, interleave=4)
            if first.beside
            else replace(first, beside=_BESIDE, interleave=_BESIDE_VECTORS)
        )
        plans[1:1] = [other, replace(first, beside=_BESIDE // 2, interleave=_BESIDE_VECTORS)]
    plans += [replace(first, interleave=n) for n in (2, 8, 1)]
    plans.append(replace(first, lift=not first.lift))
    found: dict[tuple[str, ...], None] = {}
    for plan in plans:
        if len(found) == most:
            break
        found.setdefault(recipe(program, unit, sizes, plan))
    return [steps for steps in found if steps]


def _product_plans(program: Program, first: Plan) -> Iterator[Plan]:
    """Other register tiles, panels, bands and operands to copy, the likeliest first."""
    if not all(c.nested for c in contractions(program)):
        yield from (replace(first, band=rows, rows=tall, vectors=wide) for rows, tall, wide in _BANDS)
    if any(calls(program.loop(c.column)) for c in contractions(program)):
        yield replace(first, within=True)
    if first.fixed:
        yield replace(first, fixed=False)
    if first.pack:
        yield replace(first, panel=0, pack=False)
    if first.deep:
        yield from (replace(first, deep=products) for products in (2 * first.deep, 0))
    yield from (replace(first, choice=n) for n in (1, 2, 3))
    yield from (replace(first, panel=2 * first.panel or 1, pack=True, choice=n, fixed=False) for n in (0, 1))
    for rows, vectors in ((0, 4), (0, 3), (0, 2), (4, 4), (8, 2), (4, 2)):
        for panel, pack in ((0, False), (1, True), (1, False), (4, True)):
            yield Plan(rows, vectors, panel, pack)


def _plan(program: Program, unit: VectorUnit, sizes: Mapping[str, int]) -> Plan:
    """Panels and packing where the operand that rows share is large and used by many rows."""
    pays, deep = False, 0
    products = contractions(program)
    for c in products:
        deep = max(deep, depth_of_sums(program, c, unit, sizes))
        shared = max(bytes_of(program, name, sizes) for name in c.reused)
        rows = extent_of(program, c.row, sizes)
        pays |= rows >= _ROWS_WORTH_PACKING and shared > unit.l2 // 2
        pays |= rows >= _ROWS_WORTH_ALIGNING and shared > unit.l1 and not aligned(program, c, unit, sizes)
    far = [b for b in program.arguments if b.shape and bytes_of(program, b.name, sizes) > unit.l2]
    streamed = any(b.role is Role.OUT for b in far) and not contractions(program)  # tiles write parts of lines
    beside = any(len(b.shape) > 1 for b in far) and bool(rows_summed(program))
    return Plan(
        beside=_BESIDE if beside else 0,
        interleave=_BESIDE_VECTORS if beside else Plan.interleave,
        panel=int(pays),
        pack=pays,
        stream=streamed,
        ahead=1 if far else 0,
        deep=deep,
        fixed=bool(products) and not pays and all(_worth_fixing(program, c, unit, sizes) for c in products),
        lift=any(len(b.shape) > 1 for b in far),
        staged=streamed and turning.unaligned(program, sizes),
        sizes=tuple(sorted(sizes.items())),
    )


def _worth_fixing(program: Program, c: Contraction, unit: VectorUnit, sizes: Mapping[str, int]) -> bool:
    """Whether a product at known sizes gains from a version of its own: tiles with constant distances, no copies."""
    several = min(extent_of(program, name, sizes) for name in (c.row, c.column)) > 1
    return several and c.nested and not packed(program, c, unit)


class _Cook:
    """Applies rules one after the other; a step that is not legal is left out."""

    def __init__(self, program: Program, unit: VectorUnit, plan: Plan) -> None:
        self.program, self.unit, self.plan = program, unit, plan
        self.done: list[str] = []
        self.banded = False

    def may(self, text: str) -> bool:
        """Apply a step where it is legal."""
        try:
            self.program = schedule.apply(self.program, text)
        except IllegalRewrite:
            return False
        self.done.append(text)
        return True

    def versions(self) -> None:
        """A version for the sizes that matter most; all that follows is done to both, each with its own tiles."""
        if self.plan.fixed:
            self.may(f"specialize({', '.join(f'{name}={n}' for name, n in self.plan.sizes)})")

    def steps(self) -> None:
        """Several steps of a product in a row, in the version whose extents are numbers: fewer tests and jumps."""
        if not self.plan.fixed:
            return
        for loop in [f for f in loops_of(self.program.body) if f.kind is Kind.VECTOR]:
            for f in loops_of(loop.body):
                if f.kind is Kind.SERIAL and f.unroll == 1 and f.extent.op == "const" and not small(f, 2 * _STEPS):
                    self.may(f"unroll({f.iterator}, {_STEPS})")

    def algorithms(self) -> None:
        """Sequential searches and scans in forms that run side by side."""
        for text in _algorithm_moves(self.program, self.unit):
            self.may(text)

    def fusions(self) -> None:
        """Reductions over one extent that stand side by side in one loop, so that they share their reads."""
        changed = True
        while changed:
            changed = any(self.may(text) for text in _fusion_moves(self.program))

    def products(self) -> None:
        """Register tiles for matrix products."""
        seen: set[str] = set()
        while True:
            c = next((c for c in contractions(self.program) if c.column not in seen), None)
            if c is None:
                return
            seen.add(c.column)
            inner = {f.iterator for f in loops_of(self.program.body)}
            if self.plan.band and not c.nested and not self.banded:
                c = self._banded(c)
            if not c.nested and not self.may(f"isolate({c.column})"):
                continue
            c = next((x for x in contractions(self.program) if x.column == c.column), c)
            if self.plan.deep and self.may(f"deepen({c.inner}, {c.row}, {self.plan.deep})"):
                c = next((x for x in contractions(self.program) if x.inner not in inner), c)
                seen.add(c.column)
            self.may(tile_text(self.program, c, self.unit, self.plan))

    def _banded(self, c: Contraction) -> Contraction:
        """Bands of rows that go through all products, so that what lies between these stays in the nearest caches.

        Operands that have to be turned are turned once, before the bands.
        """
        for name in c.turned:
            self.may(f"pack({name}, {c.row}, last={c.column})")
        self.banded = self.may(f"split({c.row}, {self.plan.band})")
        return next((x for x in contractions(self.program) if x.column == c.column), c)

    def rows(self) -> None:
        """Several rows of a matrix times a vector: memory answers to all of them, and a vector is read once for all."""
        for loop in rows_summed(self.program) if self.plan.beside else ():
            self.may(f"jam({loop.iterator}, {self.plan.beside})")

    def columns(self) -> None:
        """Sums down the columns of a matrix: whole rows added to a row of sums, so that memory is read in order."""
        for text in _lift_moves(self.program) if self.plan.lift else ():
            self.may(text)

    def repetitions(self) -> None:
        """What several loops compute again is kept; what both branches of a choice do is done once."""
        for text in list(_keeping_moves(self.program, least=_WORTH_KEEPING)):
            self.may(text)
        for loop in _innermost(self.program):
            self.may(f"share({loop.iterator})")

    def invariants(self) -> None:
        """Invariant values before innermost loops, divisions as multiplications."""
        for loop in _innermost(self.program):
            if invariant(loop):
                self.may(f"hoist({loop.iterator})")
        for loop in _innermost(self.program):
            if divisors(loop):
                self.may(f"reciprocal({loop.iterator})")

    def turned(self) -> None:
        """Nests that read one way and write the other: squares turned in registers, or blocks that stay in cache."""
        for text in turning.forms(self.program, self.unit, staged=self.plan.staged):
            before = {f.iterator for f in loops_of(self.program.body)}
            if self.may(text) and text.startswith("block"):
                innermost = [f for f in _innermost(self.program) if f.iterator not in before]
                self.may(f"vectorize({innermost[0].iterator})")

    def scattered(self) -> None:
        """Sums at places that data decide, in as many copies as the nearest cache holds."""
        for text in _private_moves(self.program, self.unit)[:1]:
            self.may(text)

    def lanes(self) -> None:
        """Vector loops."""
        for text in _compaction_moves(self.program, self.unit):
            self.may(text)
        n = self.plan.interleave
        self.may(f"simd(interleave={n})" if n > 1 else "simd()")
        if self.plan.stream:
            for text in traffic.streams(self.program):
                self.may(text)
        if self.plan.ahead:
            for text in traffic.ahead(self.program, self.unit, dict(self.plan.sizes), flip=self.plan.ahead == 2):
                self.may(text)


# Single moves.


def moves(program: Program, unit: VectorUnit, sizes: Mapping[str, int] | None = None) -> list[str]:
    """At most MOST rewrites that are legal on this program, most promising first."""
    candidates = [*_whole(program, unit, sizes), *_single(program, unit)]
    found: list[str] = []
    results: set[Program] = {program}
    for text in dict.fromkeys(candidates):
        if len(found) == MOST:
            break
        new = _tried(program, text)
        if new is not None and new not in results:
            results.add(new)
            found.append(text)
    return found


def _tried(program: Program, text: str) -> Program | None:
    try:
        return schedule.apply(program, text)
    except AccelcoreError:
        return None


def _whole(program: Program, unit: VectorUnit, sizes: Mapping[str, int] | None) -> Iterator[str]:
    """Whole schedules, offered while nothing has been scheduled yet."""
    if any(f.kind is not Kind.SERIAL for f in loops_of(program.body)):
        return
    yield from ("; ".join(steps) for steps in recipes(program, unit, sizes, most=12))


def _single(program: Program, unit: VectorUnit) -> Iterator[str]:
    yield from _algorithm_moves(program, unit)
    yield from _compaction_moves(program, unit)
    yield from _product_moves(program, unit)
    yield from _keeping_moves(program, least=1)
    for loop in _innermost(program):
        if divisors(loop):
            yield f"reciprocal({loop.iterator})"
        if invariant(loop):
            yield f"hoist({loop.iterator})"
        yield f"share({loop.iterator})"
    yield from _fusion_moves(program)
    yield from ("simd(interleave=4)", "simd(interleave=2)", "simd()", "simd(interleave=8)")
    yield from traffic.streams(program)
    yield from _lane_moves(program)
    yield from _stride_moves(program, unit)
    yield from _loop_moves(program)
    yield from _private_moves(program, unit)


def _algorithm_moves(program: Program, unit: VectorUnit) -> list[str]:
    loops = [f.iterator for f in serial_loops(program)]
    scans = ("scan_lanes", "scan_blocks") if unit.bytes >= _SHIFTS else ("scan_blocks",)
    found = [f"two_pass({i})" for i in loops] + [f"{scan}({i})" for scan in scans for i in loops]
    return [text for text in found if _tried(program, text) is not None]


def _compaction_moves(program: Program, unit: VectorUnit) -> list[str]:
    """Chosen values stored side by side, in lanes."""
    loops = serial_loops(program) if unit.masks else ()
    return [f"compact_lanes({f.iterator})" for f in loops if compacting(f) is not None]


def _product_moves(program: Program, unit: VectorUnit) -> Iterator[str]:
    for c in contractions(program):
        if not c.nested:
            yield f"isolate({c.column})"
            continue
        for vectors in (4, 3, 2, 1) if unit.registers >= 32 else (2, 1, 3):
            for panel, pack in ((0, False), (1, True), (1, False)):
                yield tile_text(program, c, unit, Plan(0, vectors, panel, pack))
        yield tile_text(program, c, unit, Plan(1, 4))


def _keeping_moves(program: Program, *, least: int) -> Iterator[str]:
    """materialize for pairs of sibling loops, into a result's own elements first, then into a row."""
    for producer in serial_loops(program):
        for consumer in siblings(program, producer):
            if consumer.kind is not Kind.SERIAL or consumer.extent is not producer.extent:
                continue
            shared = repeated(producer, consumer)
            if not shared or weight(shared[0]) < least:
                continue
            text = f"materialize({producer.iterator}, {consumer.iterator}"
            targets = dict.fromkeys(s.buffer for s in consumer.body if isinstance(s, Store) and s.indices)
            options = [f"{text}, to={name})" for name in targets] + [f"{text})"]
            yield next((t for t in options if _tried(program, t) is not None), options[-1])


def _fusion_moves(program: Program) -> list[str]:
    """Neighbouring reductions over one extent."""
    found = []
    for loop in serial_loops(program):
        after = siblings(program, loop)
        if after and _reduction(loop) and _reduction(after[0]) and after[0].extent is loop.extent:
            text = f"fuse({loop.iterator}, {after[0].iterator})"
            if _tried(program, text) is not None:
                found.append(text)
    return found


def _reduction(loop: For) -> bool:
    return loop.kind is Kind.SERIAL and all(isinstance(s, Accumulate) and not s.indices for s in loop.body)


def _lane_moves(program: Program) -> Iterator[str]:
    """Other interleavings of vector loops, the longest bodies last."""
    vectors = [f for f in loops_of(program.body) if f.kind is Kind.VECTOR]
    for loop in sorted(vectors, key=calls):
        yield from (f"interleave({loop.iterator}, {n})" for n in (2, 4, 1, 8) if n != loop.interleave)


def _stride_moves(program: Program, unit: VectorUnit) -> Iterator[str]:
    """Nests without a loop whose accesses lie side by side: blocks, then lanes with gathers."""
    loops = [f for f in serial_loops(program) if not small(f)]
    for loop in loops:
        inner = loop.body[0] if len(loop.body) == 1 else None
        if isinstance(inner, For) and strided(loop) and strided(inner) and not _blocked(program, loop):
            yield from (f"block({loop.iterator}, {inner.iterator}, {n})" for n in (16, 32, 8, 64))
    for loop in loops:
        if strided(loop) and loop in _innermost(program):
            yield f"vectorize({loop.iterator})"


def _blocked(program: Program, loop: For) -> bool:
    return len(around(program, loop.iterator)) >= 2 and loop.iterator.endswith("i")


def _loop_moves(program: Program) -> Iterator[str]:
    """Unroll-and-jam around vector loops, unrolling and several accumulators of serial ones, one-pass forms."""
    for loop in loops_of(program.body):
        if loop.kind is Kind.SERIAL and any(isinstance(s, For) and s.kind is Kind.VECTOR for s in loop.body):
            if not small(loop, 8):
                yield from (f"jam({loop.iterator}, {n})" for n in (8, 4, 2))
    yield from _lift_moves(program)
    for loop in _innermost(program):
        if loop.kind is Kind.SERIAL and loop.unroll == 1 and not small(loop, 8):
            sums = any(isinstance(s, Accumulate) for s in loop.body)
            yield f"accumulate({loop.iterator}, 4)" if sums else f"unroll({loop.iterator}, 4)"
    for loop in serial_loops(program):
        for other in siblings(program, loop)[:1]:
            yield f"online({loop.iterator}, {other.iterator})"


def _private_moves(program: Program, unit: VectorUnit) -> list[str]:
    """Copies of what is accumulated at places read from memory, few enough to stay in the nearest cache."""
    found = []
    for loop in serial_loops(program):
        for s in loop.body:
            if isinstance(s, Accumulate) and any(n.op == "get" for i in s.indices for n in walk(i)):
                room = unit.l1 // max(bytes_of(program, s.buffer, {}), 1)
                found += [f"privatize({s.buffer}, {loop.iterator}, {n})" for n in (8, 4, 2) if n <= room]
    return [text for text in found if _tried(program, text) is not None]


def _lift_moves(program: Program) -> list[str]:
    """Reductions inside a loop along which memory is contiguous, but not along the reduction."""
    return [
        f"lift({s.iterator}, {loop.iterator})"
        for loop in serial_loops(program)
        for s in loop.body
        if isinstance(s, For) and _reduction(s) and strided(s) and not strided(loop) and not small(s, 16)
    ]


def _innermost(program: Program) -> list[For]:
    """Loops without loops inside, fully unrolled ones aside."""
    return [f for f in loops_of(program.body) if f.kind is not Kind.UNROLL and not _loops(f)]


def _loops(loop: For) -> Sequence[For]:
    return [f for f in loops_of(loop.body) if f.kind is not Kind.UNROLL]
