"""Batches for timing: each call of a batch on input of its own, all of them checked by the caller afterwards.

Inputs are shown to the process batch by batch, read-only and without a copy, at the same addresses every time; results
go to shared memory that the caller fills with poison before.  The clock is the keeper's (`_jail.stopwatch`); the cost
of an empty batch is subtracted.  Before each batch the process reads all its buffers once, so that what fits the caches
is in them for every contender alike.

The time of a batch is the larger of the clock's window and the CPU time that the process used from its start until it
was idle again, so that nothing is gained by answering early and working on, on this thread or on another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelcore.sandbox import frames
from accelcore.sandbox.native.guarded import POISONS, check_code
from accelcore.sandbox.native.layout import Deck
from accelcore.sandbox.native.session import Code, Session
from accelcore.values import Limits, Role

if TYPE_CHECKING:
    import numpy as np

_INPUTS, _RESULTS = 0, 1  # slots, and descriptors, in the process
_EMPTY_RUNS = 5


@dataclass(frozen=True)
class Timing:
    """One batch: calls; nanoseconds for all of them, the empty batch's cost subtracted; window and CPU time as read."""

    calls: int
    ns: float
    window_ns: int
    cpu_ns: int

    @property
    def seconds(self) -> float:
        """Seconds of one call."""
        return self.ns * 1e-9 / self.calls


class Timed:
    """A process for timed batches over the sets of a deck of inputs.

    results: blocks for what the calls of a batch write (results and in-place arrays); a batch has at most as many
    calls.  Contenders take turns on the same ones, so that none is luckier with its memory; `outputs(k)` are those of
    call k of the last batch.  Every set may be used once only; the caller sees to that.
    """

    def __init__(self, code: Code, deck: Deck, results: Deck, sizes: Mapping[str, int], limits: Limits) -> None:
        self.code, self.deck, self.sizes = code, deck, dict(sizes)
        self._results = results
        self._batches = 0
        self._empty: dict[int, int] = {}
        self.session = Session(code, (deck.region.fd_read, results.region.fd), limits)
        try:
            self._arrange()
        except BaseException:
            self.session.close()
            raise

    def _arrange(self) -> None:
        shapes = [(self.deck.layout.block * self._results.count, False), (self._results.region.size, True)]
        self._bases = self.session.prepare(shapes, [(_RESULTS, 0, _RESULTS, 0, self._results.region.size)])
        wanted = self.session.wanted_workspace(frames.size_words(self.code.arguments, self.sizes))
        self._workspace = [] if wanted is None else [self.session.workspace(wanted)]
        self.session.describe({**self.deck.arrays(0), **self._results.arrays(0)})

    def show(self, first: int, calls: int) -> None:
        """Map the inputs of the sets first .. first + calls - 1 and read them all once."""
        size = self.deck.layout.block
        piece = (_INPUTS, 0, _INPUTS, first * size, calls * size)
        self.session.show([piece], [(self._bases[_INPUTS], calls * size)])

    def batch(self, first: int, calls: int) -> Timing:
        """Run over these sets, which `show` has mapped.  Raises RunFailure."""
        self._batches += 1
        self._poison(first, calls)
        words = self._words(first, calls)
        if calls not in self._empty:
            self._empty[calls] = self.session.run_empty(words, _EMPTY_RUNS)
        inputs, results = self.deck.layout.block, self._results.layout.block
        near = [(self._bases[_INPUTS], calls * inputs), (self._bases[_RESULTS], calls * results)]
        window, cpu, codes = self.session.run(words, near)
        for code in set(codes):
            check_code(code, self.sizes)
        return Timing(calls, max(window, cpu) - self._empty[calls], window, cpu)

    def outputs(self, call: int) -> dict[str, np.ndarray[Any, Any]]:
        """What call number `call` of the last batch wrote: arrays into shared memory, valid until the next batch."""
        return self._results.arrays(call)

    def results(self, calls: int) -> dict[str, np.ndarray[Any, Any]]:
        """What all calls of the last batch wrote, by name, the call's number in front; valid until the next batch."""
        return {name: column[:calls] for name, column in self._results.columns().items()}

    def _poison(self, first: int, calls: int) -> None:
        """Prepare the results of all calls: poison, or the values at entry of arrays that change in place."""
        self._results.blocks()[:calls] = POISONS[self._batches % 2]
        if any(argument.role is Role.INOUT for argument in self.code.arguments):
            entry, results = self.deck.columns(), self._results.columns()
            for argument in self.code.arguments:
                if argument.role is Role.INOUT:
                    results[argument.name][:calls] = entry[argument.name][first : first + calls]

    def _words(self, first: int, calls: int) -> np.ndarray[Any, Any]:
        import numpy as np

        rows = np.zeros((calls, len(self.session.signature)), np.uint64)
        steps = np.arange(calls, dtype=np.uint64)
        for column, argument in enumerate(self.code.arguments):
            if argument.kind == "pointer":
                slot = _INPUTS if argument.role is Role.IN else _RESULTS
                layout = self.deck.layout if slot == _INPUTS else self._results.layout
                base = self._bases[slot] + layout.field(argument.name).offset
                rows[:, column] = np.uint64(base) + steps * np.uint64(layout.block)
            elif argument.kind == "size":
                rows[:, column] = self.sizes[argument.name]
            else:
                rows[:, column] = frames.words_of(self.deck.columns()[argument.name][first : first + calls])
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
