"""`Machine.run`: execute commands on memory, exactly, and say how many cycles they take and why."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from accelcore.errors import RunFailure, UsageError
from accelcore.values import Status
from accelcore_gemmini.commands import FENCE, NAMES, Command, CommandError, Rule, Violation
from accelcore_gemmini.config import Config

if TYPE_CHECKING:
    from accelcore_gemmini.feedback import Feedback

COUNTERS = (
    "load_busy", "execute_busy", "store_busy", "read_bytes", "write_bytes", "read_requests", "write_requests",
    "overlapped", "load_full", "execute_full", "store_full", "load_waits", "execute_waits_load",
    "execute_waits_store", "store_waits", "bank_conflict", "in_flight", "channel", "small_requests",
)  # fmt: skip
"""Names of the simulator's counters, in its order: cycles, but for bytes and requests."""

_WORD, _BASE = (1 << 64) - 1, 0x8000_0000
_NO_MEMORY, _STUCK, _TOO_LONG = -1, -2, -3
_AT_ONCE = 256  # commands between two looks at the clock
_LEAST_SECONDS = 1e-6


@dataclass(frozen=True)
class Buffer:
    """A named piece of memory that commands may touch.

    data: a C-contiguous array, read and written in place.  base: the address of its first byte.
    """

    name: str
    base: int
    data: Any


@dataclass(frozen=True)
class Timing:
    """When things happened.

    segments: (first, last + 1) cycle of each stretch of commands between fences.  times: i64[operations, 4] with the
    cycles of acceptance, allocation, issue and completion, -1 where that does not happen.  counters: by COUNTERS.
    """

    segments: tuple[tuple[int, int], ...]
    times: Any
    counters: Mapping[str, int]

    @property
    def cycles(self) -> int:
        """Cycles of all segments together; the idle time at fences is not in it."""
        return sum(end - start for start, end in self.segments)


@dataclass(frozen=True)
class Outcome:
    """What a run gave.

    operations: a structured array of the primitive operations, those of hardware loops among them (fields as in
    `operation_type`).  rows_written: local rows that were written, of the scratchpad and of the accumulator.
    unwritten_reads: commands that read rows which nothing has written; first_unwritten: source line of the first.
    """

    config: Config
    timing: Timing
    operations: Any
    rows_written: tuple[int, int]
    unwritten_reads: int
    first_unwritten: int
    buffers: tuple[Buffer, ...] = field(repr=False)

    @property
    def cycles(self) -> int:
        """Cycles of all segments."""
        return self.timing.cycles

    def feedback(self) -> Feedback:
        """Where the cycles went."""
        from accelcore_gemmini.feedback import feedback

        return feedback(self)


def operation_type() -> Any:
    """The numpy dtype of one recorded operation; the layout of the C library's gm_op."""
    import numpy as np

    fields = [("kind", "u1"), ("queue", "u1"), ("flags", "u2")]
    fields += [(name, "i4") for name in ("rows", "cols", "block_stride")]
    fields += [("local", "u4"), ("second", "u4"), ("rows2", "i4"), ("cols2", "i4"), ("dram", "u8"), ("stride", "i8")]
    fields += [(name, "i4") for name in ("element_bytes", "a_stride", "c_stride", "host_gap", "line")]
    fields += [("stream", "u1"), ("parity", "u1"), *((name, "i2") for name in ("i", "j", "k", "next_minor", "next_k"))]
    return np.dtype(fields, align=True)


@dataclass(frozen=True)
class Machine:
    """A Gemmini accelerator.

    Each run starts from zeroed local memories and unset registers.  Reading a local row that no command has written
    (the hardware would give what an earlier program left there) is counted, and an error with `check_unwritten`.
    seconds: wall time of a run, after which it ends with RunFailure (status TIMEOUT); None for no limit.
    """

    config: Config = field(default_factory=Config)
    check_unwritten: bool = False
    seconds: float | None = None

    def run(
        self, commands: Iterable[Command | Sequence[int]], memory: Iterable[Buffer] | Mapping[str, Any] = (), *,
        timed: bool = True,
    ) -> Outcome:  # fmt: skip
        """Execute commands in order on buffers, which are changed in place.

        commands: (funct, rs1, rs2) or Command, FENCE between them.  memory: Buffers, or arrays by name, which are
        then laid out one after the other from 0x80000000 on (`layout` gives their addresses).
        Raises CommandError at the first command that breaks a rule; what came before has been done.
        """
        buffers = layout(memory) if isinstance(memory, Mapping) else tuple(memory)
        calls = encode(commands)
        with _Handle(self.config, self.seconds) as handle:
            for buffer in buffers:
                handle.region(buffer)
            handle.lib.gm_checks(handle.machine, int(self.check_unwritten), 0)
            handle.run(calls)
            return handle.outcome(buffers, timed)

    def replay(self, commands: Iterable[Command | Sequence[int]]) -> Outcome:
        """Check and time a log without its memory: loads read zeros, stores go nowhere."""
        calls = encode(commands)
        with _Handle(self.config, self.seconds) as handle:
            handle.lib.gm_checks(handle.machine, 0, 1)
            handle.run(calls)
            return handle.outcome((), timed=True)


def _too_long() -> RunFailure:
    return RunFailure("simulating the commands took longer than the time limit", status=Status.TIMEOUT)


def layout(arrays: Mapping[str, Any]) -> tuple[Buffer, ...]:
    """Buffers one after the other from 0x80000000 on, each aligned to 64 bytes."""
    made, at = [], _BASE
    for name, data in arrays.items():
        made.append(Buffer(name, at, data))
        at += (int(data.nbytes) + 63) // 64 * 64
    return tuple(made)


def encode(commands: Iterable[Command | Sequence[int]]) -> Any:
    """A log as u64[n, 4]: line and funct in one word, rs1, rs2, host cycles.  `run` takes it too, and faster."""
    import numpy as np

    if isinstance(commands, np.ndarray):
        return np.ascontiguousarray(commands, dtype=np.uint64)
    rows = []
    for given in commands:
        funct, rs1, rs2, line, host = given if isinstance(given, Command) else (*given, *FENCE[len(given) :])
        rows.append((line << 32 | funct, rs1 & _WORD, rs2 & _WORD, host))
    return np.array(rows, dtype=np.uint64).reshape(len(rows), 4)


class _Handle:
    """One machine of the C library."""

    def __init__(self, config: Config, seconds: float | None) -> None:
        from accelcore_gemmini.library import library

        self.deadline = None if seconds is None else time.monotonic() + seconds
        self.lib, self.config = library(), config
        words = config.words()
        self.words = (ctypes.c_int32 * (len(words) + 1))(*words)
        self.machine = self.lib.gm_new(self.words)
        if not self.machine:
            raise MemoryError("the simulator's memories")

    def __enter__(self) -> _Handle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.lib.gm_free(self.machine)

    def region(self, buffer: Buffer) -> None:
        if not buffer.data.flags.c_contiguous:
            raise UsageError(f"buffer {buffer.name} is not C-contiguous", hint="numpy.ascontiguousarray")
        writable = int(buffer.data.flags.writeable)
        full = self.lib.gm_region(self.machine, buffer.base, buffer.data.nbytes, buffer.data.ctypes.data, writable)
        if full:
            raise UsageError(self.lib.gm_message(self.machine).decode())

    def run(self, calls: Any) -> None:
        rule, done = ctypes.c_int32(), 0
        while done < len(calls) and not rule.value:
            self.left()
            count = min(_AT_ONCE, len(calls) - done)
            done += self.lib.gm_run(self.machine, calls[done:].ctypes.data, count, ctypes.byref(rule))
        if not rule.value:
            return
        word = int(calls[done, 0])
        name = NAMES.get(word & 0xFFFFFFFF, f"funct {word & 0xFFFFFFFF}")
        reason = self.lib.gm_message(self.machine).decode()
        raise CommandError(Violation(int(done), name, word >> 32, Rule(rule.value), reason))

    def left(self) -> float:
        """Seconds that remain, 0 for no limit; RunFailure when none do."""
        if self.deadline is None:
            return 0.0
        if time.monotonic() > self.deadline:
            raise _too_long()
        return max(self.deadline - time.monotonic(), _LEAST_SECONDS)

    def outcome(self, buffers: tuple[Buffer, ...], timed: bool) -> Outcome:
        import numpy as np

        count = ctypes.c_int64()
        address = self.lib.gm_ops(self.machine, ctypes.byref(count))
        made = operation_type()
        if made.itemsize != self.lib.gm_op_size():
            raise AssertionError("operation_type and gm_op differ")
        text = ctypes.string_at(address, count.value * made.itemsize) if count.value else b""
        operations = np.frombuffer(text, dtype=made)
        facts = np.zeros(4, np.int64)
        self.lib.gm_rows_written(self.machine, facts.ctypes.data)
        timing = self.timing(address, operations) if timed else Timing((), np.empty((0, 4), np.int64), {})
        spad, acc, unwritten, line = facts.tolist()
        return Outcome(self.config, timing, operations, (spad, acc), unwritten, line, buffers)

    def timing(self, address: int, operations: Any) -> Timing:
        import numpy as np

        from accelcore_gemmini.commands import Kind

        times = np.full((len(operations), 4), -1, np.int64)
        room = int((operations["kind"] == Kind.FENCE).sum()) + 1
        segments, counters = np.zeros((room, 2), np.int64), np.zeros(len(COUNTERS), np.int64)
        made = self.lib.gm_timing_run(
            self.words, address, len(operations), times.ctypes.data, segments.ctypes.data, room, counters.ctypes.data,
            self.left(),
        )  # fmt: skip
        if made == _TOO_LONG:
            raise _too_long()
        if made == _STUCK:
            raise RunFailure("the commands never end: a preload waits for its compute", status=Status.TIMEOUT)
        if made == _NO_MEMORY:
            raise MemoryError("the model of time")
        pairs = tuple((int(a), int(b)) for a, b in segments[:made].tolist())
        return Timing(pairs, times, dict(zip(COUNTERS, counters.tolist(), strict=True)))
