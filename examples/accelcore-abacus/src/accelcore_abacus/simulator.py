"""The time that a listing takes on the abacus: three engines side by side, operations issued in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from accelcore.loops.execute import Execution
from accelcore.loops.listing import Line
from accelcore.simulation import Account
from accelcore.values import Cost, Span

if TYPE_CHECKING:
    from accelcore.protocols import Buffers

FAST = {"add", "sub", "mul", "min", "max", "abs", "neg", "select", "lt", "le", "eq", "ne", "and", "or", "xor", "cast"}
SLOW_CYCLES, LATENCY = 4, 6  # a division, exp or the like; from the end of an operation to the use of its result


class Simulator(Execution):
    """An operation begins when its engine is free, its operands are there, and the one before it has begun."""

    def __init__(self, memory: Buffers, sizes: Mapping[str, int], tick: Callable[[], None], width: int) -> None:
        super().__init__(memory, sizes, tick)
        self.width, self.interleave, self.issued = width, 1, 0.0
        self.ends, self.ready = {"memory": 0.0, "vector": 0.0, "scalar": 0.0}, dict[str, float]()
        self.spans: list[Span] = []

    def account(self, lines: Sequence[Line]) -> Account:
        """Run the program: its cycles, and which engine was busy when."""
        self.run(lines)
        busy = {engine: sum(end - start for e, _, start, end in self.spans if e == engine) for engine in self.ends}
        text = ", ".join(f"{engine} {cycles:.0f}" for engine, cycles in busy.items())
        cost = Cost(max(self.issued, *self.ends.values()), "cycles")
        return Account(cost, f"busy cycles: {text}", busy, self.spans)

    def did(self, line: Line, elements: int, apart: bool) -> None:
        """Place an operation on its engine's timeline."""
        lead, *words = line.words
        strips = -(-max(elements, 1) // self.width)
        if lead in ("loop", "lanes"):  # the branch at the end of a round, shared by unrolled and interleaved ones
            self.interleave = max(int(words[2]), 1)
            self.issued += 2 * strips / self.interleave
            return
        made, op = (lead, words[1]) if words[0] == "=" else (words[lead == "acc"], lead)
        engine = "memory" if op in ("load", "store") else "vector" if elements else "scalar"
        each = self.width if apart else 1 if engine == "memory" or op in FAST else SLOW_CYCLES
        if op == "acc" and elements:  # a sum waits for itself, unless others are summed meanwhile
            each = max(LATENCY // self.interleave, 1)
        start = max(self.issued, self.ends[engine], *(self.ready.get(word, 0.0) for word in words))
        end = start + strips * each
        self.issued, self.ends[engine], self.ready[made] = start + 1, end, end + LATENCY
        self.spans.append((engine, op, start, end))
