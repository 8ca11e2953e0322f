"""The choices of a schedule: what each of its texts means.

A schedule is a list of `name(argument, ...)`; a later text replaces an earlier one of the same name.  Lowering replays
it on any sizes.  `MENU` says in words what each choice does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from accelcore.errors import IllegalRewrite

_TEXT = re.compile(r"(\w+)\(([\w, ]*)\)")
MENU = {
    "tile": "elements of a row that one instruction works on: larger tiles hide start-up, smaller ones overlap",
    "rows": "keep whole rows in SBUF: every value of a row is loaded and computed once and shared by all that use it",
    "parts": "with whole rows: columns of a result that are computed and stored at a time, so that stores start early",
    "block": "rows and columns of a product that share operands in SBUF: larger blocks read HBM less often",
    "hoist": "load an operand of a product once for its block instead of once for every product",
    "order": "which block loop is outer: its operand stays in SBUF while the other streams",
    "swap": "let the other axis of the result be the partitions: stationary and moving operand change places",
    "fuse": "one instruction for what two do: scale and bias in an activation, two scalar operations, a sum on the way",
    "name": "use the activation tables' own functions: sigmoid, silu, square, rsqrt",
    "pipeline": "how many tiles of rows are in work at a time, their instructions taking turns, to overlap engines",
    "turns": "with a pipeline: write next what an estimate of the engines' times lets start first",
    "steps": "with a pipeline by the clock: how many repetitions of a tile's loop over a sum are in work at a time",
    "apart": "turns between the starts of two tiles in work, where the schedule has a pipeline",
    "engine": "which engine does element-wise work and copies out of PSUM: one, or by level busy times",
    "transpose": "how operands are turned: by the tensor engine, by DMA, or by strided DMA",
    "narrow": "compute what a product multiplies in bfloat16 where its other operand is bfloat16",
    "keys": "scores of a softmax in front of a product that are in work at a time, with a running maximum",
    "split": "write a computed operand as two bfloat16 that add up to it where its other operand is bfloat16",
    "weights": "keep a softmax's weights as float16, each block's for its own maximum, where their sum is long enough",
    "detour": "with weights(half): one of so many blocks of weights is turned by DMA instead of the tensor engine",
    "fold": "elements of a one-dimensional result that a partition takes at a time",
    "accumulate": "where sums of tiles grow: in PSUM, which the vector engine reads faster, while they fit there",
    "sums": "how many terms of a short sum are multiplied and added by two instructions, on engines of their own",
    "surface": "generation of NKI that the source is for; the compiler of NKI 1 orders tiles in work by itself",
    "unroll": "work on shifted views of one loaded window instead of loading every shift",
}  # fmt: skip
_NUMBERS = {
    "tile": (1,), "parts": (1,), "pipeline": (1,), "apart": (1,), "block": (2,), "fold": (1,),
    "keys": (1,), "sums": (1,), "steps": (1,), "surface": (1,), "detour": (1,),
}  # fmt: skip
_WORDS = {
    "rows": {"whole"}, "hoist": {"stationary", "moving", "both"}, "order": {"rows", "columns"}, "swap": {"axes"},
    "fuse": {"all"}, "name": {"functions"}, "engine": {"vector", "scalar", "gpsimd", "balance"},
    "transpose": {"tensor", "dma", "strided"}, "narrow": {"operands"}, "unroll": {"windows"},
    "split": {"operands"}, "turns": {"clock"}, "weights": {"half"},
    "accumulate": {"psum"},
}  # fmt: skip


@dataclass(frozen=True)
class Choices:
    """All choices; the defaults are the seed's."""

    tile: int = 512
    rows: str = ""
    parts: int = 0
    block: tuple[int, int] = (128, 512)
    hoist: str = ""
    order: str = "rows"
    swap: str = ""
    fuse: str = ""
    name: str = ""
    pipeline: int = 1
    apart: int = 0
    turns: str = ""
    engine: str = "vector"
    transpose: str = "tensor"
    narrow: str = ""
    keys: int = 0
    split: str = ""
    weights: str = ""
    detour: int = 0
    sums: int = 0
    steps: int = 1
    accumulate: str = ""
    fold: int = 512
    unroll: str = ""
    surface: int = 2

    @property
    def taken(self) -> frozenset[str]:
        """Engines that take all they can."""
        return frozenset({self.engine} - {"balance"})

    def with_text(self, text: str) -> Choices:
        """With one more choice; IllegalRewrite for a text that is none."""
        found = _TEXT.fullmatch(text)
        words = [w.strip() for w in found[2].split(",")] if found else []
        if found is None or found[1] not in MENU:
            raise IllegalRewrite(f"{text!r} is no choice of an NKI schedule", hint=f"one of {', '.join(MENU)}")
        if found[1] in _NUMBERS:
            return self._with(found[1], _numbers(text, words, _NUMBERS[found[1]][0]))
        if len(words) != 1 or words[0] not in _WORDS[found[1]]:
            raise IllegalRewrite(f"{text!r}: one of {', '.join(sorted(_WORDS[found[1]]))}")
        return self._with(found[1], words[0])

    def _with(self, name: str, value: Any) -> Choices:
        return replace(self, **{name: value})


def _numbers(text: str, words: Sequence[str], count: int) -> object:
    if len(words) != count or not all(w.isdigit() and int(w) > 0 for w in words):
        raise IllegalRewrite(f"{text!r} takes {count} positive numbers")
    numbers = tuple(int(w) for w in words)
    return numbers if count > 1 else numbers[0]


def choices(schedule: Sequence[str]) -> Choices:
    """All texts of a schedule in order."""
    found = Choices()
    for text in schedule:
        found = found.with_text(text)
    return found
