"""Executes listings with NumPy, all lanes of a loop at once: the functional half of a simulator.

What an operation means is settled here; what it costs is the machine's.  A subclass counts in `did`, which is told of
every operation after it was done.  A listing is anybody's text: it sees the arrays that it was given and its own
buffers, a store outside of them is a RunFailure, and `tick` is called for every line, so that a clock can end it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from accelcore.errors import RunFailure
from accelcore.loops import lanes
from accelcore.loops.listing import Line

if TYPE_CHECKING:
    from accelcore.loops.lanes import Lanes

MOST = 1 << 26
"""Elements of a local buffer, and lanes of a loop."""


def _no_clock() -> None:
    return None


class Execution:
    """State of one run.

    memory: arrays by name, scalar arguments of shape () among them; results are written into it.  sizes: by name.
    Inside `lanes`, lane holds the numbers of the lanes and mask which of them are switched on; a buffer that is made
    there has a last axis of lanes.  Invariant: outside of `lanes` both are None.
    """

    def __init__(
        self, memory: Mapping[str, Lanes], sizes: Mapping[str, int], tick: Callable[[], None] = _no_clock
    ) -> None:
        import numpy as np

        self.memory: MutableMapping[str, Lanes] = dict(memory)
        self.values: MutableMapping[str, Any] = {name: np.int64(value) for name, value in sizes.items()}
        self.tick = tick
        self.lane: Lanes | None = None
        self.mask: Lanes | None = None
        self._own: set[str] = set()

    def did(self, line: Line, elements: int, apart: bool) -> None:
        """Count an operation.  To override.

        elements: how many lanes it took; 0 where one value is for all, and for what begins a round of a loop.
        apart: the lanes were not side by side in memory.
        """

    def run(self, lines: Sequence[Line]) -> None:
        """Execute the lines in order."""
        for line in lines:
            self.tick()
            lead, *words = line.words
            if words[0] == "=":
                self.values[lead] = self._computed(line, *words[1:])
            else:
                self._statements[lead](self, line, *words)

    def value(self, word: str) -> Any:
        """What an operand is now: a constant, a value, or the contents of a variable."""
        if (constant := lanes.operand(word)) is not None:
            return constant
        if word in self.values:
            return self.values[word]
        if word not in self.memory:
            raise RunFailure(f"{word} has no value")
        return self.memory[word][()]

    def _place(self, buffer: str, indices: Sequence[str]) -> tuple[Any, ...]:
        if buffer not in self.memory:
            raise RunFailure(f"there is no buffer {buffer}")
        own = [self.lane] if buffer in self._own else []
        return (*map(self.value, indices), *own)

    def _did(self, line: Line, varying: bool, place: tuple[Any, ...] = ()) -> None:
        import numpy as np

        elements = len(self.lane) if varying and self.lane is not None else 0
        apart = bool(elements and place and np.ndim(place[-1]) and np.any(np.diff(place[-1]) != 1))
        self.did(line, elements, apart)

    def _computed(self, line: Line, op: str, kind: str, *words: str) -> Lanes:
        import numpy as np

        place: tuple[Any, ...] = ()
        if op == "load":
            place = self._place(kind, words)
            found = lanes.load(self.memory[kind], place)
        elif op == "cast":
            found = lanes.convert(self.value(words[2]), kind, words[0], words[1])
        else:
            found = lanes.apply(op, [self.value(word) for word in words], kind)
        self._did(line, np.ndim(found) > 0, place)
        return found

    def _new(self, line: Line, name: str, dtype: str, *extents: str) -> None:
        import numpy as np

        shape = [int(self.value(word)) for word in extents] + ([] if self.lane is None else [len(self.lane)])
        if not 0 <= prod(shape) <= MOST:
            raise RunFailure(f"there is no memory for {name} of shape {tuple(shape)}")
        self.memory[name] = np.zeros(shape, lanes.numpy_dtype(dtype))
        (self._own.discard if self.lane is None else self._own.add)(name)

    def _store(self, line: Line, buffer: str, value: str, *indices: str) -> None:
        place = self._place(buffer, indices)
        mask = None if self.mask is None or self.mask.all() else self.mask
        lanes.store(self.memory[buffer], place, self.value(value), mask)
        self._did(line, self.lane is not None, place)

    def _acc(self, line: Line, op: str, buffer: str, value: str, *indices: str) -> None:
        place = self._place(buffer, indices)
        lanes.update(op, self.memory[buffer], place, self.value(value), self.mask)
        self._did(line, self.lane is not None, place)

    def _if(self, line: Line, condition: str) -> None:
        import numpy as np

        found, before = self.value(condition), self.mask
        if not np.ndim(found):
            self.run(line.body if found else line.otherwise)
            return
        for chosen, block in ((found, line.body), (~found, line.otherwise)):
            self.mask = chosen & before
            self.run(block)
        self.mask = before

    def _loop(self, line: Line, iterator: str, extent: str, _times: str) -> None:
        import numpy as np

        for i in range(int(self.value(extent))):
            self.tick()
            self.values[iterator] = np.int64(i)
            self._did(line, varying=False)
            self.run(line.body)

    def _lanes(self, line: Line, iterator: str, extent: str, _strips: str) -> None:
        import numpy as np

        count = int(self.value(extent))
        if count > MOST or self.lane is not None:
            raise RunFailure(f"there are no {count} lanes for {iterator}")
        if count > 0:
            self.lane = self.values[iterator] = np.arange(count)
            self.mask = np.ones(count, bool)
            self._did(line, varying=True)
            self.run(line.body)
            self.lane = self.mask = None

    _statements: Mapping[str, Callable[..., None]] = {
        "new": _new, "store": _store, "acc": _acc, "if": _if, "loop": _loop, "lanes": _lanes,
    }  # fmt: skip
