"""Vector loops: groups of lanes side by side, then what is left under a mask or one by one.

On a scalable ISA a VECTOR loop becomes

    accumulators = identity
    for (; i < n; i += vl)  vl = as many of n - i as there are lanes; body
    targets op= accumulators, reduced

On others it becomes

    accumulators = identity
    if (start)                      body for one group, lanes up to an aligned streamed store    (streams, bit masks)
    for (; i + L*U <= n; i += L*U)  body for U groups of L lanes, all active
    for (; i < n; i += L)           body for one group, lanes beyond n inactive       (ISAs with bit masks)
    for (; i + L <= n; i += L)      body for one group                                (others)
    for (; i < n; ++i)              body of scalars                                   (others)
    targets op= accumulators, reduced

and falls back to a plain loop, with the reason, where a body does not run side by side.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from accelcore.cgen import accesses, compaction, counting, reductions, scans, searches, turned
from accelcore.cgen.expressions import Expressions
from accelcore.cgen.frame import Frame, Lanes, Place, Value
from accelcore.cgen.names import ctype, identifier
from accelcore.cgen.reductions import Reduction
from accelcore.cgen.rewriting import Block
from accelcore.cgen.scans import Scan
from accelcore.cgen.unit import NotVectorizable
from accelcore.cgen.widths import choose_lanes
from accelcore.ir.dtypes import DTYPES
from accelcore.loops.compact_loops import Compacting
from accelcore.loops.nodes import Accumulate, Buffer, For, If, Kind, Memory, Store

if TYPE_CHECKING:
    from accelcore.cgen.emit import Emitter


def vector_loop(emitter: Emitter, loop: For, frame: Frame) -> bool:
    """Write a vector loop; False, with a comment written, when it has to be a plain one."""
    mark = emitter.writer.mark()
    try:
        compact = compaction.compacted(emitter, loop) if loop.kind is Kind.COMPACT else None
        loop = loop if compact is None else compaction.side_by_side(emitter, loop, compact)
        lanes = choose_lanes(emitter, loop, frame)
        if lanes is None:
            return False
        scan = scans.scan_of(emitter, loop.body, lanes) if loop.kind is Kind.SCAN else None
        body = loop.body if scan is None else loop.body[1:]
        found, reason = reductions.reducible(body, loop.iterator)
        reason = reason or reductions.clash(body, found)
        if reason:
            raise NotVectorizable(reason)
        counts = counting.counted(emitter.isa, lanes.count, body, found)
        found = {key: one for key, one in found.items() if key not in counts}
        if (chosen := searches.condition(emitter, loop)) is not None:
            searches.write(emitter, loop, chosen, lanes, frame)
            return True
        with emitter.writer.block(""):
            _VectorLoop(emitter, loop, frame, lanes, scan, compact).write(found)
    except NotVectorizable as error:
        emitter.writer.rewind(mark)
        emitter.writer.line(f"/* one by one: {error.what} */")
        return False
    return True


class _VectorLoop:
    """One vector loop while it is written."""

    def __init__(
        self, emitter: Emitter, loop: For, frame: Frame, lanes: Lanes, scan: Scan | None, compact: Compacting | None
    ) -> None:  # fmt: skip
        self.emitter, self.loop, self.lanes, self.scan, self.compact = emitter, loop, lanes, scan, compact
        self.writer = emitter.writer
        self.name = identifier(loop.iterator)
        self.outer = frame
        self.frame = frame.with_loop(loop.iterator, self.name, loop.extent)
        self.constant = int(loop.extent.value) if loop.extent.op == "const" else None
        self.reductions: list[Reduction] = []
        self.body: Block = loop.body

    def write(self, found: dict[reductions.Key, Accumulate]) -> None:
        """The whole loop."""
        self.extent = self.emitter.extent(self.loop, self.outer)
        if self.emitter.isa.scalable:
            self.writer.line(f"size_t ac_vl = {self.length('longest')};")
        if not self.extent.isidentifier() and self.constant is None:
            name = self.writer.name(f"{self.loop.iterator}_end")
            self.writer.line(f"const int64_t {name} = {self.extent};")
            self.extent = name
        self.reductions = reductions.vector_reductions(self.emitter, found, self.lanes, self.frame)
        stand_ins = {key: one.buffer.name for key, one in zip(found, self.reductions, strict=True)}
        self.body = reductions.redirected(self.loop.body, stand_ins)
        self.writer.line(f"int64_t {self.name} = 0;")
        if self.emitter.isa.scalable:
            self.strips()
            return
        if self.scan is not None:
            self.scan = scans.started(self.emitter, self.scan, self.lanes, self.outer)
        self.masked_start()
        left = self.full(self.lanes.groups, self.constant)
        if self.emitter.isa.masks == "bits":
            self.masked_rest(left)
            self.carried()
            self.finish(self.reduced())
        else:
            if self.lanes.groups > 1:
                left = self.full(1, left)
            self.carried()
            totals = self.reduced()
            self.scalar_rest(left, totals)
            self.finish(totals)

    def full(self, groups: int, count: int | None) -> int | None:
        """Turns of `groups` full vectors; gives the iterations left when the extent is constant."""
        step = groups * self.lanes.count
        if count is not None and count < step:
            return count
        head = f"for (; {self.name} + {step - 1} < {self.extent}; {self.name} += {step})"
        with self.writer.block(head):
            self.turn(self.inside(groups))
        return None if count is None else count % step

    def turn(self, frame: Frame) -> None:
        """The body once."""
        if self.compact is not None:
            compaction.write(self.emitter, self.compact, frame)
            return
        body = self.body
        if self.scan is not None:
            body, frame = body[1:], scans.scanned(self.emitter, self.scan, frame)
        self.emitter.block(body, turned.with_tiles(self.emitter, body, frame))

    def carried(self) -> None:
        """What a scan came to, in its own variable."""
        if self.scan is not None:
            scans.finished(self.emitter, self.scan, self.lanes, self.outer)

    def length(self, role: str, **operands: str) -> str:
        """C text that sets the vector length."""
        template = self.emitter.isa.move(role, "bool", self.lanes.count)
        assert template is not None, "a scalable ISA sets its vector length"
        return self.emitter.unit.expand(template, **operands)

    def strips(self) -> None:
        """Strips of as many iterations as the machine has lanes; a scan's are written by length of the registers."""
        if self.scan is None:
            self.strip()
        else:
            started = scans.started(self.emitter, self.scan, self.lanes, self.outer)
            for head, scan in scans.versions(self.emitter, started, self.lanes):
                self.scan = scan
                with self.writer.block(head):
                    self.strip()
            self.carried()
        if self.reductions:
            self.writer.line(f"ac_vl = {self.length('longest')};")
            self.finish(self.reduced())

    def strip(self) -> None:
        """The loop over strips; the last one may be shorter."""
        with self.writer.block(f"for (; {self.name} < {self.extent}; {self.name} += (int64_t)ac_vl)"):
            self.writer.line(f"ac_vl = {self.length('length', n=f'(size_t)({self.extent} - {self.name})')};")
            self.turn(self.inside(1))

    def inside(self, groups: int, active: Value | None = None) -> Frame:
        """Frame of the body for that many groups."""
        frame = replace(self.frame, lanes=replace(self.lanes, groups=groups), active=active)
        for one in self.reductions:
            frame = frame.with_place(Place(one.buffer, one.names[:groups], varying=True, keeps=True))
        return frame

    def masked_start(self) -> None:
        """Iterations up to where streamed stores are aligned, under a mask: others would not go around the caches."""
        streamed = next((s for s in self.body if isinstance(s, Store) and s.stream), None)
        if streamed is None or self.emitter.isa.masks != "bits" or self.constant is not None:
            return
        dtype, count = streamed.value.dtype, self.lanes.count
        target = accesses.start_of(self.emitter.expressions(self.inside(1)), streamed.buffer, streamed.indices)
        if target is None or self.emitter.isa.move("stream", dtype, count) is None:
            return
        size = (DTYPES[dtype].bits or 64) // 8
        name = self.writer.name(f"{self.loop.iterator}_start")
        self.writer.line(f"int64_t {name} = (int64_t)(-(uintptr_t)({target}) % {count * size}) / {size};")
        self.writer.line(f"if ({name} > {self.extent}) {name} = {self.extent};")
        with self.writer.block(f"if ({name})"):
            self.turn(self.inside(1, self.first(name)))
        self.writer.line(f"{self.name} = {name};")

    def masked_rest(self, left: int | None) -> None:
        """What is left, under a mask."""
        if left == 0:
            return
        count = self.lanes.count
        several = self.lanes.groups > 1 and (left is None or left > count)
        step = f"{self.name} += {count}"
        head = f"for (; {self.name} < {self.extent}; {step})" if several else f"if ({self.name} < {self.extent})"
        with self.writer.block(head):
            mask = self.first(f"{self.extent} - {self.name}")
            self.turn(self.inside(1, mask))

    def first(self, count: str) -> Value:
        """A mask of the first `count` lanes."""
        kind = self.emitter.unit.vector("bool", self.lanes.count)
        name = self.writer.temporary()
        template = self.emitter.isa.move("first", "bool", self.lanes.count)
        assert template is not None, "an ISA with bit masks describes the mask of the first lanes"
        self.writer.line(f"const {kind} {name} = {self.emitter.unit.expand(template, n=f'({count})')};")
        return Value("bool", (name,), varying=True)

    def scalar_rest(self, left: int | None, totals: list[str]) -> None:
        """What is left, one by one."""
        if left == 0:
            return
        with self.writer.block(f"for (; {self.name} < {self.extent}; ++{self.name})"):
            frame = replace(self.frame, lanes=None)
            for one, name in zip(self.reductions, totals, strict=True):
                frame = frame.with_place(Place(one.buffer, (name,)))
            self.emitter.block(self.body, frame)

    def reduced(self) -> list[str]:
        """Scalar variables that hold what the lanes of each reduction come to."""
        names = []
        for one in self.reductions:
            text = reductions.reduce_lanes(self.emitter, one, self.lanes, self.frame)
            name = self.writer.name(f"{one.target.buffer}_total")
            element = "int" if one.buffer.dtype == "bool" else ctype(one.buffer.dtype)
            self.writer.line(f"{element} {name} = {text};")
            names.append(name)
        return names

    def finish(self, totals: list[str]) -> None:
        """The reductions' targets."""
        for one, name in zip(self.reductions, totals, strict=True):
            reductions.add_to_target(self.emitter, one, name, self.outer)


def allocate_lanes(emitter: Emitter, buffer: Buffer, frame: Frame, block: Block) -> Frame:
    """A local buffer of a vector loop: one value, or one small array, per lane."""
    from accelcore.cgen.emit import cellular, elements

    assert frame.lanes is not None
    if buffer.memory is Memory.WORKSPACE:
        raise NotVectorizable(f"{buffer.name} is workspace inside the vector loop")
    at = emitter.expressions(frame)
    natural = Value("bool", (), varying=True, mask=at.masks.natural)
    kind = at.masks.ctype(natural) if buffer.dtype == "bool" else emitter.unit.vector(buffer.dtype, at.count)
    base = identifier(buffer.name)
    names = tuple(f"{base}_g{g}" for g in range(at.groups)) if at.groups > 1 else (base,)
    cells = bool(buffer.shape) and cellular(buffer, block)
    for name in names:
        if not buffer.shape:
            emitter.writer.line(f"{kind} {name};")
        elif cells:
            emitter.writer.line(f"{kind} {', '.join(f'{name}_c{n}' for n in range(elements(buffer)))};")
        else:
            emitter.writer.line(f"{kind} {name}[{elements(buffer)}];")
    return frame.with_place(Place(buffer, names, varying=True, cells=cells))


def masked(emitter: Emitter, statement: If, frame: Frame) -> None:
    """An if whose condition differs by lane: both branches run, each in its own lanes."""
    at = emitter.expressions(frame)
    condition = held(at, at.value(statement.condition))
    branches = ((statement.then, False), (statement.otherwise, True))
    for block, inverted in branches:
        if not block:
            continue
        active = held(at, at.masks.narrowed(frame.active, condition, inverted=inverted))
        with emitter.writer.block(""):
            emitter.block(block, replace(frame, active=active, guarded=True))


def held(at: Expressions, mask: Value) -> Value:
    """A mask in variables of its own: the statements of a branch may change what it was computed from."""
    mask = at.spread(mask)
    return replace(mask, texts=at.bound("bool", at.masks.ctype(mask), mask.texts, keep=True))
