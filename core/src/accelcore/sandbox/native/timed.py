"""Batches for timing: each call of a batch on input of its own, all of them checked by the caller afterwards.

The caller puts the inputs of one batch at a time into shared memory that the process sees read-only, at the same
addresses every time; inputs of later batches are nowhere in its reach.  Results go to shared memory of this process and
the caller, filled with poison before.  The clock is the keeper's (`_jail.stopwatch`).  Before each batch the process
reads all its buffers once, so that what fits the caches is in them for every contender alike.

The time of a batch is the larger of the clock's window and the CPU time that the process used from its start until it
was idle again, so that nothing is gained by answering early and working on, on this thread or on another.  What a batch
costs by itself is subtracted, and measured by `Blank`, a process without a kernel: a candidate shares its process with
the loop that calls it, and could make an empty batch slow.  For the same reason the CPU time *between* batches is told,
beside what a process without a kernel uses there: working before the clock starts shows in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from accelcore.sandbox import frames
from accelcore.sandbox.native.guarded import POISONS, check_code
from accelcore.sandbox.native.layout import Deck
from accelcore.sandbox.native.session import Clocked, Code, Library, Script, Session
from accelcore.values import Limits, Role

if TYPE_CHECKING:
    import numpy as np

_INPUTS, _RESULTS = 0, 1  # slots, and descriptors, in the process
_EMPTY_RUNS = 5
_NOTHING = "def nothing(*given):\n    return None\n"


@dataclass(frozen=True)
class Timing:
    """One batch: calls; nanoseconds for all of them, the empty batch's cost subtracted; window and CPU time as read.

    outside_ns: CPU time before the batch; idle_ns: what a process without a kernel used there.
    """

    calls: int
    ns: float
    window_ns: int
    cpu_ns: int
    outside_ns: int = 0
    idle_ns: int = 0

    @property
    def seconds(self) -> float:
        """Seconds of one call.

        All calls take a nanosecond at least, the clock's unit: a few that do next to nothing may come out shorter than
        the empty batch.
        """
        return max(self.ns, 1.0) * 1e-9 / self.calls

    @property
    def shown_ns(self) -> float:
        """What the clock showed for all calls, the empty batch's cost subtracted, whatever CPU time was used."""
        return self.ns - max(0, self.cpu_ns - self.window_ns)


class Timed:
    """A process for timed batches.

    window: blocks for the inputs of the calls of a batch, which the caller fills before `show`.  results: blocks for
    what they write (results and in-place arrays), lent to no other process that holds foreign code; `outputs(k)` are
    those of call k of the last batch.  No input may be used twice; the caller sees to that.
    """

    def __init__(self, code: Code, window: Deck, results: Deck, sizes: Mapping[str, int], limits: Limits) -> None:
        self.code, self.window, self.sizes = code, window, dict(sizes)
        self._results = results
        self._batches = 0
        self.session = Session(code, (window.region.fd_read, results.region.fd), limits)
        try:
            self._arrange()
        except BaseException:
            self.session.close()
            raise

    def _arrange(self) -> None:
        lent = (self.window.region.size, self._results.region.size)
        pieces = [(slot, 0, slot, 0, size) for slot, size in enumerate(lent)]
        self._bases = self.session.prepare([(lent[_INPUTS], False), (lent[_RESULTS], True)], pieces)
        wanted = self.session.wanted_workspace(frames.size_words(self.code.arguments, self.sizes))
        self._workspace = [] if wanted is None else [self.session.workspace(wanted)]
        self.session.describe({**self.window.arrays(0), **self._results.arrays(0)})

    def show(self, calls: int) -> None:
        """Have the inputs of so many calls read once."""
        self.session.touch(self._near(calls)[:1])

    def batch(self, calls: int, blank: Blank) -> Timing:
        """Run over the inputs of so many calls.  Raises RunFailure."""
        alone = blank.costs(calls)
        self._batches += 1
        self._poison(calls)
        clocked, codes = self.session.run(self._words(calls), self._near(calls))
        for code in set(codes):
            check_code(code, self.sizes)
        spent = max(clocked.window, clocked.cpu) - alone.window
        return Timing(calls, spent, clocked.window, clocked.cpu, clocked.outside, alone.outside)

    def _near(self, calls: int) -> list[tuple[int, int]]:
        blocks = (self.window.layout.block, self._results.layout.block)
        return [(base, calls * block) for base, block in zip(self._bases, blocks, strict=True)]

    def outputs(self, call: int) -> dict[str, np.ndarray[Any, Any]]:
        """What call number `call` of the last batch wrote: arrays into shared memory, valid until the next batch."""
        return self._results.arrays(call)

    def results(self, calls: int) -> dict[str, np.ndarray[Any, Any]]:
        """What all calls of the last batch wrote, by name, the call's number in front; valid until the next batch."""
        return {name: column[:calls] for name, column in self._results.columns().items()}

    def _poison(self, calls: int) -> None:
        """Prepare the results of all calls: poison, or the values at entry of arrays that change in place."""
        self._results.blocks()[:calls] = POISONS[self._batches % 2]
        if any(argument.role is Role.INOUT for argument in self.code.arguments):
            entry, results = self.window.columns(), self._results.columns()
            for argument in self.code.arguments:
                if argument.role is Role.INOUT:
                    results[argument.name][:calls] = entry[argument.name][:calls]

    def _words(self, calls: int) -> np.ndarray[Any, Any]:
        import numpy as np

        rows = np.zeros((calls, len(self.session.signature)), np.uint64)
        steps = np.arange(calls, dtype=np.uint64)
        for column, argument in enumerate(self.code.arguments):
            if argument.kind == "pointer":
                slot = _INPUTS if argument.role is Role.IN else _RESULTS
                layout = self.window.layout if slot == _INPUTS else self._results.layout
                base = self._bases[slot] + layout.field(argument.name).offset
                rows[:, column] = np.uint64(base) + steps * np.uint64(layout.block)
            elif argument.kind == "size":
                rows[:, column] = self.sizes[argument.name]
            else:
                rows[:, column] = frames.words_of(self.window.columns()[argument.name][:calls])
        if self._workspace:
            rows[:, -1] = self._workspace[0]
        return rows

    def close(self) -> None:
        """End the process; the memory is the caller's."""
        self.session.close()

    def __enter__(self) -> Timed:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Blank(Timed):
    """The same process without a kernel: what a batch costs by itself.  No foreign code runs in it."""

    def __init__(self, code: Code, window: Deck, results: Deck, sizes: Mapping[str, int], limits: Limits) -> None:
        script = isinstance(code, Script)
        nothing = Script(_NOTHING, "nothing", code.arguments) if script else Library("", "", code.arguments)
        self._costs: dict[int, Clocked] = {}
        super().__init__(nothing, window, results, sizes, limits)

    def costs(self, calls: int) -> Clocked:
        """Of an empty batch of so many calls: the shortest window of a few, and the median CPU time before it."""
        if calls not in self._costs:
            words, near = self._words(calls), self._near(calls)
            runs = []
            for _ in range(_EMPTY_RUNS):
                self.session.touch(near[:1])
                runs.append(self.session.run_empty(words, near))
            outside = int(median(run.outside for run in runs))
            self._costs[calls] = Clocked(min(run.window for run in runs), min(run.cpu for run in runs), outside)
        return self._costs[calls]
