"""A Gemmini schedule: every choice of a generated kernel, as one frozen value and as text that replays.

    Schedule().after("tile(rows, 8)").after("buffers(2)").text == ("tile(rows, 8)", "buffers(2)")

The default is the simplest kernel: one block at a time, nothing kept, nothing overlapped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from accelcore.errors import IllegalRewrite
from accelcore_gemmini.config import Config

_FLAGS = ("banks", "spread", "reuse", "overwrite", "hoist", "hardware")
_WIDTHS = {"a": "load_a", "b": "load_b", "store": "store"}
_STEP = re.compile(r"(\w+)\(([\w, ]*)\)")


@dataclass(frozen=True)
class Schedule:
    """Choices; sizes are in blocks of the array's size.

    rows, cols: of a tile that stays in the accumulator; depth: of one step of the sum.  load_a, load_b, store: blocks
    that one command moves.  buffers: 2 loads the next step while this one computes, in halves of both memories.
    banks: A and B, and their halves, in banks of their own.  spread: loads and stores between the computes instead of
    before them.  reuse: weights stay in the array over the rows of a tile.  overwrite: the first step of a sum
    overwrites instead of adding to loaded zeros.  hoist: each operand has its own load state, configured once.
    outer: the loop over tiles that is outermost, "rows" or "cols".  hardware: a tile is one loop of the hardware, which
    overlaps and places by itself; of the other choices only the sizes of tiles and the outermost loop count.
    """

    rows: int = 1
    cols: int = 1
    depth: int = 1
    load_a: int = 1
    load_b: int = 1
    store: int = 1
    buffers: int = 1
    banks: bool = False
    spread: bool = False
    reuse: bool = False
    overwrite: bool = False
    hoist: bool = False
    outer: str = "rows"
    hardware: bool = False

    def after(self, step: str) -> Schedule:
        """The schedule after one step, or several joined by "; ".  IllegalRewrite for what is none."""
        made = self
        for one in step.split("; "):
            made = made._after(one)
        return made

    def _after(self, step: str) -> Schedule:
        found = _STEP.fullmatch(step)
        if not found:
            raise IllegalRewrite(f"{step!r} is no step of a Gemmini schedule")
        name, given = found[1], [word.strip() for word in found[2].split(",") if word.strip()]
        if name == "tile" and len(given) == 2 and given[0] in ("rows", "cols", "depth"):
            return self._with(given[0], _positive(given[1], 256))
        if name == "width" and len(given) == 2 and given[0] in _WIDTHS:
            return self._with(_WIDTHS[given[0]], _positive(given[1], 64))
        if name == "buffers" and len(given) == 1:
            return replace(self, buffers=_positive(given[0], 2))
        if name == "outer" and given in (["rows"], ["cols"]):
            return replace(self, outer=given[0])
        if name in _FLAGS and not given:
            return self._with(name, True)
        raise IllegalRewrite(f"{step!r} is no step of a Gemmini schedule")

    def _with(self, name: str, value: Any) -> Schedule:
        return replace(self, **{name: value})

    @property
    def text(self) -> tuple[str, ...]:
        """The steps that lead from the simplest kernel to this one."""
        return tuple(_STEPS[f.name](getattr(self, f.name)) for f in fields(self) if getattr(self, f.name) != f.default)

    def problem(self, config: Config) -> str:
        """Why it does not fit an instance's memories and commands; "" when it does."""
        widest = max(config.max_bytes // (config.dim * config.element_bytes), 1)
        for name in _WIDTHS.values():
            if getattr(self, name) > widest:
                return f"{name} {getattr(self, name)}: one command moves at most {widest} blocks"
        sums = self.rows * self.cols * config.dim
        if sums > config.acc_rows // self.buffers:
            return f"a tile of {self.rows} x {self.cols} blocks does not fit the accumulator"
        a, b = (n * self.depth * config.dim for n in (self.rows, self.cols))
        bank = config.spad_rows // config.spad_banks
        if self.banks and config.spad_banks < 2 * self.buffers:
            return f"{config.spad_banks} banks are too few for {self.buffers} buffers"
        if (self.banks and max(a, b) > bank) or (a + b) * self.buffers > config.spad_rows:
            return "a step does not fit the scratchpad"
        if self.hardware and (2 * (a + b) > config.spad_rows or 2 * sums > config.acc_rows):
            return "a tile of the hardware's loop has half of each memory"
        if self.spread and self.buffers < 2:
            return "spreading loads needs two buffers"
        return ""


_STEPS = {
    **{name: f"tile({name}, {{}})".format for name in ("rows", "cols", "depth")},
    "load_a": "width(a, {})".format, "load_b": "width(b, {})".format, "store": "width(store, {})".format,
    "buffers": "buffers({})".format, "outer": "outer({})".format,
    **{name: f"{name}()".format for name in _FLAGS},
}  # fmt: skip


def _positive(word: str, most: int) -> int:
    if not word.isdigit() or not 1 <= int(word) <= most:
        raise IllegalRewrite(f"{word} is no number from 1 to {most}")
    return int(word)


def replay(steps: Iterable[str], config: Config) -> Schedule:
    """The schedule of these steps.  IllegalRewrite with the reason when it does not fit the instance."""
    made = Schedule()
    for step in steps:
        made = made.after(step)
    if problem := made.problem(config):
        raise IllegalRewrite(problem)
    return made
