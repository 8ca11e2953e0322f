"""What a run may spend, and what it has spent.

`Meter` is the single place where a limit is compared.  Evaluations and proposals are charged *before* the work, in the
logical order of the search, so that a resumed run is cut at the same place.  Tokens and dollars are known only
afterwards: calls reserve an upper estimate before they are sent and settle it when the answer is there, so that
concurrent calls cannot overrun the cap together; a call that does not fit waits for those in flight to settle.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from accelcore.errors import BudgetSpent
from accelcore.values import Budget, Usage

_FLAG = {
    "evaluations": "--max-evaluations",
    "proposals": "--max-proposals",
    "tokens": "--max-tokens",
    "dollars": "--max-dollars",
    "seconds": "--max-seconds",
}


class Meter:
    """Spending of one run against its Budget.  Thread-safe.

    Invariant: for every kind, spent + reserved <= limit at the moment when work is admitted; `seconds` counts the wall
    time of all sittings of the run.  Time is only looked at once the run is `live`: a resumed run whose time is over
    still replays what it has, and ends where it ended before.
    """

    def __init__(self, budget: Budget, *, elapsed: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self._clock, self._started = clock, clock() - elapsed
        self._spent: dict[str, float] = {"evaluations": 0, "proposals": 0, "tokens": 0, "dollars": 0.0}
        self._reserved: dict[str, float] = {"tokens": 0, "dollars": 0.0}
        self._is_live = False
        self._lock = threading.Lock()
        self._settled = threading.Condition(self._lock)

    @property
    def seconds(self) -> float:
        """Wall seconds of this run, earlier sittings included."""
        return self._clock() - self._started

    @property
    def remaining_seconds(self) -> float | None:
        """Wall seconds left, at least 0; None without a limit."""
        limit = self.budget.seconds
        return None if limit is None else max(0.0, limit - self.seconds)

    @property
    def spent(self) -> Mapping[str, float]:
        """Everything spent so far, by kind."""
        with self._lock:
            return {**self._spent, "seconds": self.seconds}

    def live(self) -> None:
        """From now on there is work to do that no journal has; raises BudgetSpent when the time is over."""
        with self._lock:
            self._is_live = True
            self._check_seconds()

    def charge(self, kind: str) -> None:
        """Pay for one evaluation or proposal; raises BudgetSpent, and pays nothing, when there is none left."""
        with self._lock:
            self._check_seconds()
            self._check(kind, 1)
            self._spent[kind] += 1

    def require(self, kind: str) -> None:
        """Pay nothing, but raise BudgetSpent when nothing of this kind is left."""
        with self._lock:
            self._check(kind, 1)

    def check(self) -> None:
        """Raise BudgetSpent when the time is over or the money is gone."""
        with self._lock:
            self._check_seconds()
            for kind in ("tokens", "dollars"):
                limit = self._limit(kind)
                if limit is not None and self._spent[kind] >= limit:
                    raise _spent(kind, limit)

    @contextmanager
    def reserve(self, *, tokens: int, dollars: float) -> Iterator[None]:
        """Hold an upper estimate of one model call while it runs; `add` the true usage inside."""
        held = {"tokens": tokens, "dollars": dollars}
        with self._lock:
            while not self._fits(held):
                self._settled.wait(timeout=1.0)
            for kind, amount in held.items():
                self._reserved[kind] += amount
        try:
            yield
        finally:
            with self._lock:
                for kind, amount in held.items():
                    self._reserved[kind] -= amount
                self._settled.notify_all()

    def add(self, usage: Usage) -> None:
        """Record what an answer cost."""
        with self._lock:
            self._spent["tokens"] += usage.tokens_in + usage.tokens_out
            self._spent["dollars"] += usage.dollars

    def _fits(self, held: Mapping[str, float]) -> bool:
        """Whether there is room; BudgetSpent when there is none even if the calls in flight cost nothing."""
        self._check_seconds()
        for kind, amount in held.items():
            limit = self._limit(kind)
            if limit is not None and self._spent[kind] + amount > limit:
                raise _spent(kind, limit)
            if limit is not None and self._spent[kind] + self._reserved[kind] + amount > limit:
                return False
        return True

    def _check(self, kind: str, amount: float) -> None:
        limit = self._limit(kind)
        if limit is not None and self._spent[kind] + self._reserved.get(kind, 0) + amount > limit:
            raise _spent(kind, limit)

    def _check_seconds(self) -> None:
        limit = self.budget.seconds
        if self._is_live and limit is not None and self.seconds >= limit:
            raise _spent("seconds", limit)

    def _limit(self, kind: str) -> float | None:
        limit: float | None = getattr(self.budget, kind)
        return limit


def _spent(kind: str, limit: float) -> BudgetSpent:
    amount = f"${limit:.2f}" if kind == "dollars" else f"{limit:g} {kind}"
    return BudgetSpent(f"the budget of {amount} is spent", hint=f"the best so far is kept; go on with {_FLAG[kind]}")
