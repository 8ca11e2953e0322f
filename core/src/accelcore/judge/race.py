"""Racing: is one kernel faster than another, decided by rounds of batches in one sitting?

Both run in processes of their own on one CPU over the same inputs; a round is four batches, A B B A or B A A B, so
that neither drift nor whoever finds the caches warmer decides.  The score is the median of the rounds' ratios, which
outliers do not move.  After 3 rounds a contender that is more than 15 % behind is dropped, after 6 one that is more
than 5 % behind; at 11 most are decided, and what is within 4 % then runs to 21.  In a search one that is far ahead
after 3 rounds is decided too: against a slow start more rounds cost seconds, and a champion is confirmed anyway.

Invariant: within one process no input is used twice, and everything that a batch wrote is compared, on the first use
of an input with the oracle and later bit by bit with what was accepted then.  So a process serves one pass over the
deck, and the next pass has fresh ones.  It stops because every sitting yields at least one round.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from accelcore.errors import RunFailure, SandboxError
from accelcore.judge.compare import difference, same_bits
from accelcore.judge.pool import TimedDeck
from accelcore.sandbox.native.session import Code
from accelcore.sandbox.native.timed import Timed, Timing
from accelcore.values import Limits, Status

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


_STAGES = ((3, 1.15), (6, 1.05), (11, 0.0))
_CLOSE, _MOST, _ALONE = 0.04, 21, 6
_FAR_AHEAD = 0.7
_BATCH_SECONDS = 0.4e-3
_WARM_SHARE = 40  # of this many sets of a deck one goes into the first batch
_GROSS_CPU = 1.5  # CPU time over wall time of a batch from which on it is an accusation ...
_GROSS_NS = 200_000  # ... where it is more than waking, answering and going to sleep again cost on a busy machine
_SETTLED = 3  # batches that must agree on it
_SHARE = 2  # the part of a batch's time, as a divisor, from which on as much CPU time before it is an accusation


@dataclass
class Contender:
    """One side of a race: its code, and what it was found to compute on each set of the deck.

    answers: by result, the set's number in front; known: for which sets they were compared with the oracle.
    """

    code: Code
    limits: Limits
    answers: dict[str, Array] = field(default_factory=dict)
    known: Array | None = None
    seconds: list[float] = field(default_factory=list)
    busy: list[Timing] = field(default_factory=list)
    sandbox: str = ""

    def take(self, timings: Sequence[Timing]) -> None:
        """Keep the times of a round."""
        self.seconds += [timing.seconds for timing in timings]
        self.busy += timings

    def check(self, run: Timed, deck: TimedDeck, first: int, calls: int) -> None:
        """Compare all results of a batch.  RunFailure CHEATED for the first that is not accepted: it was screened, so
        one that is wrong when it is timed behaves otherwise then."""
        import numpy as np

        results = run.results(calls)
        if self.known is None:
            shapes = {name: (deck.count, *column.shape[1:]) for name, column in results.items()}
            self.answers = {name: np.zeros(shape, results[name].dtype) for name, shape in shapes.items()}
            self.known = np.zeros(deck.count, bool)
        here = slice(first, first + calls)
        before = self.known[here].copy()
        for call in np.flatnonzero(~before):
            for name, expected in deck.expected[first + call].items():
                if problem := difference(name, results[name][call], expected):
                    raise RunFailure(f"{problem} (timed call)", status=Status.CHEATED)
                self.answers[name][first + call] = results[name][call]
            self.known[first + call] = True
        for call in np.flatnonzero(before):  # by views: a mask would copy both sides
            for name, column in results.items():
                if not same_bits(column[call], self.answers[name][first + call]):
                    text = f"{name} differs between two processes on the same input (timed call)"
                    raise RunFailure(text, status=Status.WRONG)

    @property
    def inputs(self) -> int:
        """How many sets were compared with the oracle."""
        return 0 if self.known is None else int(self.known.sum())


@dataclass(frozen=True)
class Result:
    """Outcome of a race.  ratio: contender over incumbent, median of rounds; None without an incumbent.

    seconds: of the contender's calls, one for each batch.  low: smallest time of one over smallest of the other.
    sets: how many inputs were compared.  realtime: no other process could interfere with either.  beside: seconds of
    CPU time that the contender used before a batch, where it had only to take commands, if that is too much; else 0.
    hidden: how many times as much CPU time as passed it used in a batch, if that is too much; else 0.
    """

    seconds: tuple[float, ...]
    ratio: float | None
    low: float | None
    rounds: int
    sets: int
    realtime: bool
    beside: float = 0.0
    hidden: float = 0.0


def race(contender: Contender, incumbent: Contender | None, deck: TimedDeck, *, most: int = _MOST) -> Result:
    """Time a contender alone or against an incumbent, for at most so many rounds.  The caller holds the device's lease.

    Raises RunFailure of the contender; an incumbent that fails raises SandboxError, since it was judged before.
    """
    ratios: list[float] = []
    sides = [contender] if incumbent is None else [contender, incumbent]
    realtime = True
    sittings = 0
    for side in sides:
        side.seconds.clear()
        side.busy.clear()
    while not _decided(ratios, most, alone=incumbent is None):
        sittings += 1
        with _Sitting(sides, deck, flip=len(ratios) % 2 == 1, swap=sittings % 2 == 0) as sitting:
            realtime = realtime and sitting.realtime
            for times in sitting.rounds():
                for side, timings in zip(sides, times, strict=True):
                    side.take(timings)
                totals = [max(1.0, sum(t.ns for t in timings)) for timings in times]
                ratios.append(totals[0] / totals[-1])
                if _decided(ratios, most, alone=incumbent is None):
                    break
    low = None if incumbent is None else min(contender.seconds) / max(1e-12, min(incumbent.seconds))
    return Result(
        tuple(contender.seconds), None if incumbent is None else median(ratios), low, len(ratios), contender.inputs,
        realtime, _beside(contender), _hidden(contender),
    )  # fmt: skip


def _decided(ratios: Sequence[float], most: int, *, alone: bool) -> bool:
    """Whether more rounds would not change what is done with the contender."""
    count = len(ratios)
    if count >= most:
        return True
    if alone:
        return count >= _ALONE
    if count >= _STAGES[0][0] and most <= _MOST and median(ratios) < _FAR_AHEAD:
        return True
    passed = [limit for stage, limit in _STAGES if count == stage or (count > stage == _STAGES[-1][0])]
    if not passed:
        return False
    ratio = median(ratios)
    return ratio > passed[-1] if passed[-1] else abs(ratio - 1) > _CLOSE


def _hidden(contender: Contender) -> float:
    """CPU time over the time that passed, where it is much more; else 0.

    Who works on other threads, or after it answered, has it.  Less is no gain: a batch costs the larger of the two.
    """
    if len(contender.busy) < _SETTLED:
        return 0.0
    share = median(timing.cpu_ns / max(1, timing.window_ns) for timing in contender.busy)
    excess = median(timing.cpu_ns - timing.window_ns for timing in contender.busy)
    return share if share > _GROSS_CPU and excess > _GROSS_NS else 0.0


def _beside(contender: Contender) -> float:
    """Seconds of CPU time before a batch beyond those of taking commands, where they are as many again, and half of
    those of the batch; else 0.

    Who works before the clock starts, or while a rival's runs, has them; honest code has next to none.
    """
    if len(contender.busy) < _SETTLED:
        return 0.0
    excess = median(timing.outside_ns - timing.idle_ns for timing in contender.busy)
    shown = median(timing.ns for timing in contender.busy)
    taking = median(timing.idle_ns for timing in contender.busy)
    return excess * 1e-9 if excess > max(shown / _SHARE, taking, _GROSS_NS) else 0.0


class _Sitting:
    """One process for each side, for one pass over the deck.

    swap: the sides take each other's memory for results, so that over sittings neither is luckier with it.
    """

    def __init__(self, sides: Sequence[Contender], deck: TimedDeck, *, flip: bool, swap: bool) -> None:
        self.sides, self.deck, self._flip, self._swap = sides, deck, flip, swap
        self.runs: list[Timed] = []
        self.realtime = True

    def __enter__(self) -> _Sitting:
        cpu = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        try:
            self._blank = self.deck.blank_for(self.sides[0].code, self.sides[0].limits, cpu)
            for at, side in enumerate(self.sides):
                results = self.deck.outputs[at ^ self._swap]
                run = Timed(side.code, self.deck.window, results, dict(self.deck.sizes), side.limits)
                self.runs.append(run)
                side.sandbox = run.session.sandbox
                self.realtime = run.session.pin(cpu, realtime=True) and self.realtime
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for run in self.runs:
            run.close()

    def rounds(self) -> Iterator[list[list[Timing]]]:
        """Timings by side, two of each.

        A first batch tells how many calls make a long enough one.  The first round of that length only warms up; where
        the deck has no sets for another one, it counts.  Where it was much too short after all (a first call is slow,
        and who hides work may spare it), batches become longer: in a short one little CPU time is a large share.
        """
        first = max(1, self.deck.count // _WARM_SHARE)
        calls = self._calls(self._turns(0, first).values())
        warm = self._round(first, calls)
        first += 2 * calls
        longer = self._calls(timing for side in warm for timing in side)
        if longer > 2 * calls and first + 2 * longer <= self.deck.count:
            calls = longer
        if first + 2 * calls > self.deck.count:
            yield warm
        while first + 2 * calls <= self.deck.count:
            yield self._round(first, calls)
            first += 2 * calls

    def _calls(self, timings: Iterable[Timing]) -> int:
        """Calls of a batch that is long enough for the clock, and leaves sets for two rounds if possible."""
        seconds = min(timing.shown_ns * 1e-9 / timing.calls for timing in timings)
        most = max(1, (self.deck.count - max(1, self.deck.count // _WARM_SHARE)) // 4)
        return max(1, min(round(_BATCH_SECONDS / max(seconds, 1e-9)), most, self.deck.window.count))

    def _round(self, first: int, calls: int) -> list[list[Timing]]:
        self._flip = not self._flip  # A B B A, then B A A B: the first place is the worst
        there, back = self._turns(first, calls), self._turns(first + calls, calls, back=True)
        return [[there[at], back[at]] for at in range(len(self.sides))]

    def _turns(self, first: int, calls: int, *, back: bool = False) -> dict[int, Timing]:
        """One batch of each side over the same sets.  All see the inputs before any runs, so none finds them colder."""
        order = range(len(self.sides))[:: -1 if back != self._flip else 1]
        self.deck.reveal(first, calls)
        for at in order:
            self.runs[at].show(calls)
        return {at: self._batch(at, first, calls) for at in order}

    def _batch(self, at: int, first: int, calls: int) -> Timing:
        try:
            timing = self.runs[at].batch(calls, self._blank)
            self.sides[at].check(self.runs[at], self.deck, first, calls)
        except RunFailure as failure:
            if at == 0:
                raise
            raise SandboxError(f"the incumbent, judged before, now fails: {failure.what}") from failure
        return timing
