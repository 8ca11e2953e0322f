"""Racing: is one kernel faster than another, decided by pairs of batches in one sitting?

Both run in processes of their own on one CPU, turn about (A B B A A B ...), over the same inputs.  After 5 pairs a
contender that is more than 15 % behind is dropped, after 11 one that is more than 5 % behind, at 21 most are decided,
and what is within 2 % then runs to 41 (reference: successive halving, cpu measurements).  The score is the median of
the paired ratios, which neither drift nor outliers of one side move.

Invariant: within one process no input is used twice, and everything that a batch wrote is compared, on the first use
of an input with the oracle and later bit by bit with what was accepted then.  So a process serves one pass over the
deck, and the next pass has fresh ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from accelcore.errors import RunFailure, SandboxError
from accelcore.judge.compare import difference
from accelcore.judge.pool import TimedDeck
from accelcore.sandbox.native.session import Library
from accelcore.sandbox.native.timed import Timed, Timing
from accelcore.values import Limits, Status

TIE = 0.01
"""Ratios closer to 1 than this decide nothing."""

_STAGES = ((5, 1.15), (11, 1.05), (21, 0.0))
_CLOSE, _MOST_PAIRS = 0.02, 41
_BATCH_SECONDS = 0.4e-3
_WARM_SETS = 1
_GROSS_CPU = 1.5  # CPU time over wall time of a batch from which on it is an accusation
_SETTLED = 3  # batches that must agree on it


@dataclass
class Contender:
    """One side of a race: its library, and what it was found to compute on each set of the deck."""

    library: Library
    limits: Limits
    accepted: dict[int, dict[str, bytes]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    sandbox: str = ""

    def check(self, run: Timed, deck: TimedDeck, first: int, calls: int) -> None:
        """Compare all results of a batch.  RunFailure WRONG or CHEATED for the first that is not accepted."""
        for call in range(calls):
            outputs = run.outputs(call)
            known = self.accepted.get(first + call)
            if known is None:
                for name, expected in deck.expected[first + call].items():
                    if problem := difference(name, outputs[name], expected):
                        raise RunFailure(f"{problem} (timed call)", status=self._status(first + call))
                self.accepted[first + call] = {name: outputs[name].tobytes() for name in outputs}
                continue
            for name, data in known.items():
                if outputs[name].tobytes() != data:
                    text = f"{name} differs between two processes on the same input (timed call)"
                    raise RunFailure(text, status=Status.WRONG)

    def _status(self, _set: int) -> Status:
        """Every screened kernel was right before: one that is wrong when it is timed behaves otherwise then."""
        return Status.CHEATED


@dataclass(frozen=True)
class Result:
    """Outcome of a race.  ratio: contender over incumbent, median of pairs; None without an incumbent.

    seconds: of the contender's calls, one for each batch.  low: smallest time of one over smallest of the other.
    """

    seconds: tuple[float, ...]
    ratio: float | None
    low: float | None
    pairs: int
    sets: int
    realtime: bool


def race(contender: Contender, incumbent: Contender | None, deck: TimedDeck, *, pairs: int = _MOST_PAIRS) -> Result:
    """Time a contender alone or against an incumbent.  The caller holds the device's lease.

    Raises RunFailure of the contender; an incumbent that fails raises SandboxError, since it was judged before.
    """
    ratios: list[float] = []
    sides = [contender] if incumbent is None else [contender, incumbent]
    realtime = True
    contender.seconds.clear()
    while not _decided(ratios if incumbent else contender.seconds, pairs, alone=incumbent is None):
        with _Sitting(sides, deck) as sitting:
            realtime = realtime and sitting.realtime
            for times in sitting.batches():
                contender.seconds.append(times[0].seconds)
                contender.busy.append(times[0].cpu_ns / max(1, times[0].window_ns))
                if incumbent is not None:
                    ratios.append(times[0].ns / max(1.0, times[1].ns))
                    incumbent.seconds.append(times[1].seconds)
                if _decided(ratios if incumbent else contender.seconds, pairs, alone=incumbent is None):
                    break
    _accuse_hidden_work(contender)
    low = min(contender.seconds) / min(incumbent.seconds) if incumbent and min(incumbent.seconds) > 0 else None
    ratio = median(ratios) if ratios else None
    return Result(tuple(contender.seconds), ratio, low, len(ratios), len(contender.accepted), realtime)


def _decided(measured: Sequence[float], most: int, *, alone: bool) -> bool:
    """Whether more pairs would not change what is done with the contender."""
    count = len(measured)
    if count >= most:
        return True
    if alone:
        return count >= _STAGES[1][0]
    for stage, limit in _STAGES:
        if count == stage or (count > stage and stage == _STAGES[-1][0]):
            ratio = median(measured)
            return ratio > limit if limit else abs(ratio - 1) > _CLOSE
    return False


def _accuse_hidden_work(contender: Contender) -> None:
    if len(contender.busy) >= _SETTLED and median(contender.busy) > _GROSS_CPU:
        share = median(contender.busy)
        text = f"used {share:.1f} times as much CPU time as passed: it works on other threads or after it returned"
        raise RunFailure(text, status=Status.CHEATED)


class _Sitting:
    """One process for each side, for one pass over the deck."""

    def __init__(self, sides: Sequence[Contender], deck: TimedDeck) -> None:
        self.sides, self.deck = sides, deck
        self.runs: list[Timed] = []
        self.realtime = True

    def __enter__(self) -> _Sitting:
        cpu = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        try:
            for side in self.sides:
                run = Timed(side.library, self.deck.deck, self.deck.results, dict(self.deck.sizes), self._most, side.limits)
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

    @property
    def _most(self) -> int:
        return max(1, self.deck.count - _WARM_SETS)

    def batches(self) -> Iterator[list[Timing]]:
        """Timings of the sides, batch by batch; the order of the sides alternates."""
        warm = [self._batch(at, 0, _WARM_SETS) for at in range(len(self.sides))]
        calls = self._calls(min(t.seconds for t in warm))
        order = list(range(len(self.sides)))
        for first in range(_WARM_SETS, self.deck.count - calls + 1, calls):
            times = {at: self._batch(at, first, calls) for at in order}
            yield [times[at] for at in range(len(self.sides))]
            order.reverse()

    def _calls(self, seconds: float) -> int:
        """Calls of a batch: long enough for the clock, at least two batches of them in a pass."""
        return max(1, min(int(_BATCH_SECONDS / max(seconds, 1e-9)) + 1, self._most))

    def _batch(self, at: int, first: int, calls: int) -> Timing:
        try:
            timing = self.runs[at].batch(first, calls)
            self.sides[at].check(self.runs[at], self.deck, first, calls)
        except RunFailure as failure:
            if at == 0:
                raise
            raise SandboxError(f"the incumbent, judged before, now fails: {failure.what}") from failure
        return timing
