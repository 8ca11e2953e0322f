"""Runners of the Gemmini evaluator: the log of a child executed on the judge's inputs, or plain C of the host, priced.

The child sees sizes, scalars and addresses, never an array.  So its log is one program for all inputs of those sizes;
it is taken once, and executed on each.  Its cycles follow from the log alone: what the child prints or returns counts
for nothing, and a forged log is just another program.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelcore.errors import RunFailure
from accelcore.values import Cost, Limits, Role, Status, Task, abi_arguments
from accelcore_gemmini.commands import FENCE_WORD, CommandError, Rule
from accelcore_gemmini.config import HOST_CYCLES_PER_BLOCK, Config
from accelcore_gemmini.machine import Buffer, Machine, Outcome, layout
from accelcore_gemmini.timeline import spans

if TYPE_CHECKING:
    import numpy as np

    from accelcore.protocols import Runner
    from accelcore.values import Span

    Array = np.ndarray[Any, Any]
    Buffers = Mapping[str, Array]

HOST_CYCLES_PER_OPERATION = 4
"""Modelled: cycles of an in-order host for one operation of a summary: a load, the operation, its share of the loop."""

SIMULATION_SHARE = 6.0
"""The parent's simulation of a log has so many times the wall time of the child that wrote it."""

_LOG = "commands.log"
_MOST_COMMANDS, _MOST_PRODUCTS = 4 << 20, 8 << 20
_UNSUPPORTED_SIZES = 3
_TOO_MANY = (4, -25)  # the log cannot be written: the limit of a file's size
_LOOP, _BOUNDS, _CONVOLUTION = 8, 9, 15
_MOST_CONVOLUTIONS = 4096


class LogRunner:
    """Runs one kernel of the array; see the module."""

    def __init__(self, path: Path, task: Task, config: Config, limits: Limits) -> None:
        self.path, self.task, self.config, self.limits = path, task, config, limits
        self.sandbox = self.feedback = ""
        self.metrics: dict[str, float] = {}
        self._longest: Outcome | None = None
        self._logs: dict[tuple[str, ...], Array] = {}
        self._cycles: dict[tuple[str, ...], float] = {}

    def __enter__(self) -> LogRunner:
        return self

    def __exit__(self, *_: object) -> None:
        self._logs.clear()

    def call(self, batch: Sequence[Buffers], sizes: Mapping[str, int]) -> Sequence[Cost]:
        """Execute the kernel's commands on each set."""
        return [Cost(self._one(buffers, sizes), "cycles") for buffers in batch]

    def _one(self, buffers: Buffers, sizes: Mapping[str, int]) -> float:
        memory = self._memory(buffers)
        words = tuple(self._words(memory, buffers, sizes))
        if words not in self._logs:
            self._logs[words] = self._taken(words)
        log = self._logs[words]
        outcome = self._executed(log, memory, timed=words not in self._cycles)
        if words not in self._cycles:
            self._cycles[words] = self._account(outcome, log)
        return self._cycles[words]

    def _account(self, outcome: Outcome, log: Array) -> float:
        """Cycles of a timed run, at least one; the account of the longest for people and models.

        The simulator counts from the first command to the fence: what the host did before it is added.
        """
        cycles = float(max(outcome.cycles + _before(log), 1))
        if cycles > max(self._cycles.values(), default=0.0):
            told = outcome.feedback()
            self.feedback, self._longest = told.text(), outcome
            self.metrics = {
                "utilization": told.utilization, "best_cycles": float(told.best), "commands": float(len(log)),
                "host_cycles": float(log[:, 3].sum()),
            }  # fmt: skip
        return cycles

    @property
    def timeline(self) -> Iterator[Span]:
        """What each queue did when, in the longest run."""
        return spans(self._longest) if self._longest else iter(())

    # What the child gets, and what it gives.

    def _memory(self, buffers: Buffers) -> tuple[Buffer, ...]:
        """The arrays at made-up addresses; inputs cannot be written."""
        arrays = {}
        for p in self.task.params:
            if p.role in (Role.SIZE, Role.SCALAR):
                continue
            view = buffers[p.name].reshape(-1)
            view.flags.writeable = p.role is not Role.IN
            arrays[p.name] = view
        return layout(arrays)

    def _words(self, memory: Sequence[Buffer], buffers: Buffers, sizes: Mapping[str, int]) -> list[str]:
        bases = {b.name: b.base for b in memory}
        words = []
        for a in abi_arguments(self.task):
            if a.kind == "pointer":
                words.append(f"{bases[a.name]:x}")
            elif a.kind == "size":
                words.append(f"{sizes[a.name] & (1 << 64) - 1:x}")
            else:
                words.append(buffers[a.name].tobytes().ljust(8, b"\0")[::-1].hex())
        return words

    def _taken(self, words: Sequence[str]) -> Array:
        """The log of a child that was called with these words."""
        from dataclasses import replace

        import numpy as np

        from accelcore.sandbox import KERNEL, run_child

        with tempfile.TemporaryDirectory(prefix="gemmini-") as folder:
            policy = replace(KERNEL, name="kernel", write_cwd=True, file_size=_MOST_COMMANDS * 32)
            child = run_child([self.path, *words], policy, self.limits, cwd=folder)
            self.sandbox = child.sandbox
            if child.returncode == _UNSUPPORTED_SIZES:
                raise RunFailure("the kernel does not take these sizes", status=Status.UNSUPPORTED)
            if child.returncode in _TOO_MANY:
                raise RunFailure(f"the kernel issues more than {_MOST_COMMANDS} commands", status=Status.UNSUPPORTED)
            if child.status is not Status.OK:
                what, status = _ending(child.status, child.returncode)
                raise RunFailure(what, status=status)
            log = Path(folder) / _LOG
            if not log.is_file() or log.is_symlink():
                raise RunFailure("the kernel's commands are lost", status=Status.CRASHED)
            records = np.fromfile(log, np.uint64)
        return bounded(records[: len(records) // 4 * 4].reshape(-1, 4))

    def _executed(self, log: Array, memory: tuple[Buffer, ...], *, timed: bool) -> Outcome:
        machine = Machine(self.config, check_unwritten=True, seconds=SIMULATION_SHARE * self.limits.seconds)
        try:
            return machine.run(log, memory, timed=timed)
        except CommandError as error:
            wrong = error.violation.rule is Rule.DRAM_READONLY
            raise RunFailure(str(error.violation), status=Status.WRONG if wrong else Status.CRASHED) from None


def _before(log: Array) -> int:
    """Host cycles before the first command, and between a fence and the next."""
    import numpy as np

    fences = ((log[:-1, 0] & 0xFFFFFFFF) == FENCE_WORD).nonzero()[0] + 1
    return int(log[np.concatenate(([0], fences)), 3].sum()) if len(log) else 0


def bounded(log: Array) -> Array:
    """The log with host work priced.  RunFailure for more commands than a kernel has use for, or an open end."""
    import numpy as np

    functs = log[:, 0] & 0xFFFFFFFF
    bounds = np.where(functs == _BOUNDS, log[:, 2], 0)
    extents = [(bounds >> np.uint64(16 * at) & np.uint64(0xFFFF)).astype(np.float64) for at in range(3)]
    largest = float(((extents[0] + 1) * (extents[1] + 1) * (extents[2] + 1)).max(initial=0.0))
    if largest * float((functs == _LOOP).sum()) > _MOST_PRODUCTS or (functs == _CONVOLUTION).sum() > _MOST_CONVOLUTIONS:
        raise RunFailure("the kernel's hardware loops are longer than any use", status=Status.TIMEOUT)
    stores, fences = ((functs == 3) | (functs == _LOOP)).nonzero()[0], (functs == FENCE_WORD).nonzero()[0]
    if len(stores) and (not len(fences) or fences[-1] < stores[-1]):
        raise RunFailure("the kernel returns before its stores are done: end it with a fence", status=Status.WRONG)
    log[:, 3] = np.minimum(log[:, 3], np.uint64(1 << 24)) * np.uint64(HOST_CYCLES_PER_BLOCK)
    return log


def _ending(status: Status, code: int) -> tuple[str, Status]:
    """What is said of a child that did not end well."""
    if status is Status.TIMEOUT:
        return "the kernel did not come back in time", status
    if code == -signal.SIGSYS:
        return "made a system call that a kernel has no use for", Status.CHEATED
    if code in (-signal.SIGSEGV, -signal.SIGBUS):
        return "the host touched memory that is not its own: arrays are reached by mvin and mvout only", status
    return f"the kernel's process ended with {code}", status


class HostRunner:
    """Plain C of the host: right or wrong as the native sandbox finds, its cost by the operations of the summary."""

    def __init__(self, inner: Runner, task: Task) -> None:
        self.inner, self.task = inner, task

    @property
    def sandbox(self) -> str:
        """Level and layers of the process."""
        return str(getattr(self.inner, "sandbox", ""))

    def __enter__(self) -> HostRunner:
        self.inner.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.inner.__exit__(*exception)

    def reserve(self, room: Mapping[str, int]) -> None:
        """Announce the bytes that arrays will need."""
        self.inner.reserve(room)  # type: ignore[attr-defined]  # the native runner has it

    def call(self, batch: Sequence[Buffers], sizes: Mapping[str, int]) -> Sequence[Cost]:
        """Run natively; the same modelled cost for each set."""
        from accelcore.pipeline.work import work

        self.inner.call(batch, sizes)
        done = work(self.task, sizes)
        operations = done.operations if done else 0.0
        return [Cost(max(operations, 1.0) * HOST_CYCLES_PER_OPERATION, "cycles")] * len(batch)
