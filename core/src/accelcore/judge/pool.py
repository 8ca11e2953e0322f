"""Inputs with their oracles: built once for a task and sizes, shared by all candidates.

The seeds are secret: drawn from the system's randomness unless given, and never passed to a candidate.  A candidate
meets each set at most once in one process; `Deck` sets are for timing, `Trial` sets for checking.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from accelcore.errors import IrError, UsageError
from accelcore.ir.compulsory import compulsory_bytes
from accelcore.judge.compare import Window, window_of
from accelcore.judge.extents import depends_on_sizes_only, shape
from accelcore.judge.inputs import FAMILIES, draw, numpy_dtype
from accelcore.judge.oracle import Interpreter, expect
from accelcore.sandbox.native.guarded import POISONS
from accelcore.sandbox.native.layout import Deck, Field, Layout
from accelcore.sandbox.native.session import Code
from accelcore.sandbox.native.timed import Blank
from accelcore.values import Limits, Role, Sizes, Task

if TYPE_CHECKING:
    import numpy as np

    from accelcore.ir.evaluate import Bounded

    Array = np.ndarray[Any, Any]

_DECK_BYTES = 128 << 20  # memory for the inputs of timed batches
_OUTPUT_BYTES = 64 << 20  # memory for what one batch writes
_DECK_SETS = (5, 800)  # fewest and most sets of a deck
_DECK_SECONDS = 1.5  # time that may be spent on the oracles of a deck beyond its fewest sets
_TAMER = 6  # families that are tried when a task has no value on a set


@dataclass(frozen=True)
class Trial:
    """One set for checking: buffers with results to be filled, and what must be in them afterwards.

    results: names of the buffers that only the kernel fills.  The buffers cannot be written.
    """

    family: str
    buffers: Mapping[str, Array]
    expected: Mapping[str, Bounded]
    sizes: Sizes
    results: tuple[str, ...] = ()

    @cached_property
    def windows(self) -> dict[str, Window | None]:
        """For each result what is plainly right: every candidate is compared with the same sets."""
        return {name: window_of(expected, self.buffers[name].dtype) for name, expected in self.expected.items()}

    def fresh(self, *, lend: bool = False) -> dict[str, Array]:
        """Copies of the buffers, for one call; results hold poison.

        lend: to a runner that copies for itself (`isolated`): inputs are the very buffers, results hold anything.
        """
        import numpy as np

        if lend:
            written = self.expected
            return {n: np.empty_like(a) if n in self.results else a.copy() if n in written else a
                    for n, a in self.buffers.items()}  # fmt: skip
        copies = {name: array.copy() for name, array in self.buffers.items()}
        for name in self.results:
            copies[name].reshape(-1).view("u1")[:] = POISONS[secrets.randbelow(2)]
        return copies


class Pool:
    """All sets of one task, for all size sets, built when first asked for.

    Equal (task, seed) give equal sets.  Thread-safe.
    """

    def __init__(self, task: Task, *, seed: int | None = None, interpret: Interpreter | None = None) -> None:
        self.task, self.interpret = task, interpret
        self._seed = secrets.randbits(64) if seed is None else seed
        self._trials: dict[tuple[Sizes, int], Trial] = {}
        self._decks: dict[Sizes, TimedDeck] = {}
        self._lock = threading.RLock()

    def trial(self, sizes: Sizes, number: int) -> Trial:
        """Check set `number` at these sizes; its family goes round FAMILIES."""
        with self._lock:
            key = (sizes, number)
            if key not in self._trials:
                family = FAMILIES[number % len(FAMILIES)]
                self._trials[key] = _build(self, sizes, family, self._rng("trial", sizes, number))
            return self._trials[key]

    def possible(self, sizes: Sizes) -> bool:
        """Whether there are inputs of these sizes that satisfy what the task requires."""
        if all(map(depends_on_sizes_only, self.task.requires)):
            return True
        try:
            self.trial(sizes, 0)
        except UsageError:
            return False
        return True

    def deck(self, sizes: Sizes) -> TimedDeck:
        """The sets for timing at these sizes."""
        with self._lock:
            if sizes not in self._decks:
                self._decks[sizes] = TimedDeck(self, sizes)
            return self._decks[sizes]

    def close(self) -> None:
        """Give the shared memory back."""
        with self._lock:
            for deck in self._decks.values():
                deck.close()
            self._decks.clear()

    def _rng(self, *purpose: object) -> np.random.Generator:
        import zlib

        import numpy as np

        return np.random.default_rng([self._seed, zlib.crc32(repr(purpose).encode())])


class TimedDeck:
    """Inputs of ordinary values with their oracles, and the shared memory through which timed batches see them.

    compulsory: bytes that one call must at least read and write.
    """

    def __init__(self, pool: Pool, sizes: Sizes) -> None:
        task = pool.task
        values = dict(sizes)
        self.compulsory = int(compulsory_bytes(task, values))
        params = [p for p in task.params if p.role is not Role.SIZE]
        fields = {p.name: Field(p.name, numpy_dtype(p.dtype).str, shape(p, values)) for p in params}
        self.sizes = sizes
        self.inputs = Layout.of([fields[p.name] for p in params if p.role is not Role.OUT])
        self.results = Layout.of([fields[p.name] for p in task.results])
        fewest, most = _DECK_SETS
        self.count = max(fewest, min(most, _DECK_BYTES // (self.inputs.block + self.results.block)))
        self.deck = Deck(self.inputs, self.count)
        self.blank: Blank | None = None
        self.expected: list[Mapping[str, Bounded]] = []
        self._fill(pool, fewest)
        most = max(1, min(self.count // 4 + 1, _OUTPUT_BYTES // self.results.block))
        self.window = Deck(self.inputs, most)
        # One for each side of a race, and for the blank: nobody sees what another answers to the same inputs.
        self.outputs, self._unread = (Deck(self.results, most), Deck(self.results, most)), Deck(self.results, most)

    def _fill(self, pool: Pool, fewest: int) -> None:
        """Build sets until the deck is full or enough time has gone into it."""
        began = time.monotonic()
        for at in range(self.count):
            if at >= fewest and time.monotonic() - began > _DECK_SECONDS:
                self.count = at
                break
            trial = _build(pool, self.sizes, "normal", pool._rng("deck", self.sizes, at))
            self.deck.fill(at, trial.buffers)
            self.expected.append(trial.expected)


    def close(self) -> None:
        """End the blank process and give the memory back."""
        if self.blank is not None:
            self.blank.close()
        for deck in (self.deck, self.window, *self.outputs, self._unread):
            deck.close()

    def reveal(self, first: int, calls: int) -> None:
        """Put the sets first .. first + calls - 1 where candidates see them; the other sets stay here."""
        self.window.blocks()[:calls] = self.deck.blocks()[first : first + calls]

    def blank_for(self, code: Code, limits: Limits, cpu: int) -> Blank:
        """A process of this code's kind without a kernel, on that CPU, kept as long as the deck."""
        if self.blank is not None and type(self.blank.code) is not type(code):
            self.blank.close()
            self.blank = None
        if self.blank is None:
            self.blank = Blank(code, self.window, self._unread, dict(self.sizes), limits)
            self.blank.session.pin(cpu, realtime=True)
        return self.blank


def _build(pool: Pool, sizes: Sizes, family: str, rng: np.random.Generator) -> Trial:
    """A set of the family, or of the next ones where the task has no value on what was drawn."""
    problem: Exception | None = None
    start = FAMILIES.index(family)
    for attempt in range(_TAMER):
        # Two draws of the family that was asked for, then others: some families cannot be had for some tasks.
        kind = family if attempt < 2 else (*FAMILIES[start + 1 :], *FAMILIES)[attempt - 2]
        try:
            buffers = draw(pool.task, dict(sizes), kind, rng)
            expected = expect(pool.task, buffers, dict(sizes), pool.interpret)
        except (IrError, ArithmeticError, IndexError) as error:
            problem = error
            continue
        for array in buffers.values():
            array.flags.writeable = False
        results = tuple(p.name for p in pool.task.params if p.role is Role.OUT)
        return Trial(kind, buffers, expected, sizes, results)
    raise UsageError(
        f"the task {pool.task.name} has no value on random inputs: {problem}",
        hint="state what it requires, or narrow its inputs by bounds",
    )
