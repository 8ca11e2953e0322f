"""Edits instead of a whole kernel: pairs of fenced blocks `old` and `new`, exact, each applied once or refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from accelcore.proposers.answers import BESIDE, Block, Refused, blocks, checked, code_in

_TAGS = ("old", "new")


@dataclass(frozen=True)
class Edit:
    """Whole lines that are replaced by others; both texts end with a line break, `new` may be empty."""

    old: str
    new: str


def kernel_in(answer: str, language: str, entry: str, before: str, *, beside: Sequence[str] = BESIDE) -> str:
    """The kernel in an answer: whole, or as edits of the kernel `before`.  Refused when it is neither.

    beside: tags of other blocks that may stand there.
    """
    found = [block for block in blocks(answer) if block.tag not in beside]
    if not any(block.tag in _TAGS for block in found):
        return code_in(answer, language, entry, beside=beside)
    return checked(applied(before, _edits(found)), entry)


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text after all edits, each of which names its place in the text as it is now, by whole lines.

    Nothing is guessed: Refused when a place is missing, is there twice or overlaps another, and when nothing changes.
    """
    text = text if text.endswith("\n") else text + "\n"
    places = sorted((*_place(text, edit.old, n), edit.new) for n, edit in enumerate(edits, 1))
    done, at = [], 0
    for start, end, new in places:
        if start < at:
            raise Refused("two edits overlap; join them into one")
        done += [text[at:start], new]
        at = end
    after = "".join([*done, text[at:]])
    if after == text:
        raise Refused("the edits change nothing")
    return after


def _place(text: str, old: str, number: int) -> tuple[int, int]:
    starts = [match.start() for match in re.finditer(rf"(?m)^(?={re.escape(old)})", text)]
    if len(starts) != 1:
        how = f"is there {len(starts)} times; add lines around it until it is unique" if starts else "is not there"
        raise Refused(f"edit {number}: the text of `old` must be whole lines of the kernel, to the letter; it {how}")
    return starts[0], starts[0] + len(old)


def _edits(found: Sequence[Block]) -> list[Edit]:
    if [block.tag for block in found] != [*_TAGS] * (len(found) // 2):
        raise Refused("edits are pairs of fenced blocks, `old` and then `new`, and no other block stands beside them")
    pairs = [(old.text, new.text) for old, new in zip(found[::2], found[1::2], strict=True)]
    for number, (old, _) in enumerate(pairs, 1):
        if not old.strip():
            raise Refused(f"edit {number}: the block `old` is empty")
    return [Edit(old, new if new.strip() else "") for old, new in pairs]
