"""Which engine does what: by name, or so that the busy times of the engines stay level.

With engine(balance) each instruction on whole tiles goes to the engine that would be done first, and once all are known
they are levelled (`level`) and the source is written again.  The costs are cycles an element of the cost text at the
clocks of trn2; only their ratios matter here, the model of the generation has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accelcore_nki.lowering.frames import NOMINAL, Frame, Value
from accelcore_nki.lowering.writer import Writer

PASS, TWICE, GPSIMD, SCALAR = 1 / 0.96, 2 / 0.96, 2 / 1.2, 1 / 1.2  # ns an element


@dataclass(frozen=True)
class Pick:
    """An engine that was chosen, and what the instruction costs on each: ns at nominal extents."""

    engine: str
    costs: dict[str, float]


def level(picks: Sequence[Pick], busy: dict[str, float]) -> list[Pick]:
    """The same choices with levelled busy times: each in turn moves to where it is done first, until none gains.

    Every move lowers the sorted list of busy times of the two engines, so it ends.
    """
    found, load = list(picks), dict(busy)
    moved = True
    while moved:
        moved = False
        for at, pick in enumerate(found):
            for other, cost in pick.costs.items():
                mine = load[pick.engine]
                if max(load.get(other, 0.0) + cost, mine - pick.costs[pick.engine]) < mine * (1 - 1e-9):
                    load[pick.engine] = mine - pick.costs[pick.engine]
                    load[other] = load.get(other, 0.0) + cost
                    pick = found[at] = Pick(other, pick.costs)
                    moved = True
    return found


class Engines(Writer):
    """Chooses engines and keeps their busy times.

    picks: the choices that were made, each with what it would cost; plan: choices to make instead, in that order.
    """

    plan: Sequence[Pick] = ()

    def pick(self, options: dict[str, float], *, span: int = NOMINAL) -> str:
        """The engine for an instruction that costs so much an element on each; the first where nothing says more."""
        first = next(iter(options))
        chosen = self.choices.engine
        if span == 1:
            return first
        if chosen != "balance":
            return chosen if chosen in options and chosen in self.choices.taken else first
        costs = {engine: cost * span * self.block.trips for engine, cost in options.items()}
        best = min(costs, key=lambda engine: self.busy.get(engine, 0.0) + costs[engine])
        at = len(self.picks)
        if at < len(self.plan) and self.plan[at].costs == costs:
            best = self.plan[at].engine
        self.picks.append(Pick(best, costs))
        self.busy[best] = self.busy.get(best, 0.0) + costs[best]
        return best

    def charge(self, engine: str, cost: float, span: int = NOMINAL) -> None:
        """Count an instruction that only one engine has."""
        self.busy[engine] = self.busy.get(engine, 0.0) + self.block.trips * cost * span

    def flag(self, engine: str, default: str = "vector") -> str:
        """`, engine=...` unless it is the default."""
        return "" if engine == default else f", engine=nisa.engine.{engine}"

    def copy_engine(self, value: Value) -> str:
        """`, engine=...` for a copy."""
        options = {"vector": PASS, "scalar": SCALAR}
        if not value.psum:
            options["gpsimd"] = GPSIMD
        return self.flag(self.pick(options, span=value.span))

    def pair_engine(self, left: Value, right: Value) -> str:
        """`, engine=...` for an operation on two tiles."""
        if left.psum or right.psum:
            self.charge("vector", PASS, left.span)
            return ""
        return self.flag(self.pick({"vector": TWICE, "gpsimd": GPSIMD}, span=left.span))

    # What is a tile, a copy, an operand.

    def copied(self, value: Value, frame: Frame, dtype: str) -> Value:
        """The tile in SBUF, as another type."""
        result = self.tile(frame, wide=value.wide, dtype=dtype)
        self.emit(f"nisa.tensor_copy({result.text}, {value.at(frame)}{self.copy_engine(value)})")
        return result

    def spread_out(self, value: Value, frame: Frame, dtype: str = "float32") -> Value:
        """The value as a tile with the frame's columns."""
        if value.wide:
            return value
        result = self.tile(frame, wide=True, dtype=dtype)
        self.emit(f"nisa.memset({result.text}, {value.text if value.number else 0.0})")
        if not value.number:
            column = self.as_operand(value, frame)
            self.emit(f"nisa.tensor_scalar({result.text}, {result.text}, nl.add, {column})")
        return result

    def as_operand(self, value: Value, frame: Frame) -> str:
        """A number or a float32 column, as operand of a scalar instruction."""
        if value.number:
            return value.text
        if value.dtype != "float32":
            value = self.copied(value, frame, "float32")
        return value.at(frame)
