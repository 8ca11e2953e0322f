"""A long document in two levels of headings, and the part of it that matters for one kernel."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@dataclass(frozen=True)
class Entry:
    """What stands under one `###` heading: usually one instruction.  text begins with the heading."""

    title: str
    text: str


@dataclass(frozen=True)
class Section:
    """What stands under one `##` heading.  head: the heading and what comes before the first entry."""

    title: str
    head: str
    entries: tuple[Entry, ...] = ()

    @property
    def text(self) -> str:
        """All of it."""
        return "\n\n".join([self.head, *(entry.text for entry in self.entries)])


def sections(text: str) -> tuple[Section, ...]:
    """A Markdown document as sections and entries; what comes before the first `##` is a section without a title.

    Headings inside fenced code are code.
    """
    found = []
    for title, body in _split(text.splitlines(), 2):
        parts = _split(body, 3)
        entries = tuple(Entry(name, _joined(lines)) for name, lines in parts[1:])
        section = Section(title, _joined(parts[0][1]), entries)
        if section.head or entries:
            found.append(section)
    return tuple(found)


def select(found: Sequence[Section], about: str, limit: int) -> str:
    """The part of a document that fits into `limit` characters and has most to do with the text `about`.

    First sections are ranked, then the entries within each: a word counts the more, the fewer entries use it.  What is
    chosen keeps the order of the document; a last line names the sections that are missing or cut.  Deterministic.
    """
    whole = "\n\n".join(section.text for section in found)
    if len(whole) <= limit:
        return whole
    chosen, left = set[tuple[int, int]](), limit
    for place, text in _ranked(found, about):
        if len(text) + 2 <= left:
            chosen.add(place)
            left -= len(text) + 2
    kept = [text for place, text in _pieces(found) if place in chosen]
    cut = [s.title for i, s in enumerate(found) if s.title and not _is_whole(i, s, chosen)]
    note = f"(Not all is shown of: {', '.join(cut)})"
    return "\n\n".join([*kept, note if len(note) <= 600 else note[:600] + " ...)"])


_Piece = tuple[tuple[int, int], str]
"""(section, entry) and text; entry 0 is the section's head."""


def _pieces(found: Sequence[Section]) -> list[_Piece]:
    pieces = [[((i, 0), s.head), *(((i, j + 1), e.text) for j, e in enumerate(s.entries))] for i, s in enumerate(found)]
    return [piece for piece in chain.from_iterable(pieces) if piece[1]]


def _ranked(found: Sequence[Section], about: str) -> list[_Piece]:
    """Pieces, the most wanted first: sections by their best entry, entries by themselves, a head before its entries."""
    pieces = _pieces(found)
    words = [_words(text) for _, text in pieces]
    used, asked = Counter(chain.from_iterable(words)), _words(about)
    scores = {
        place: math.fsum(math.log(1 + len(pieces) / used[word]) for word in sorted(mine & asked))
        for (place, _), mine in zip(pieces, words, strict=True)
    }
    best: dict[int, float] = {}
    for (section, _), score in scores.items():
        best[section] = max(score, best.get(section, 0.0))

    def order(piece: _Piece) -> tuple[float, int, bool, float, int]:
        section, entry = piece[0]
        return -best[section], section, entry > 0, -scores[piece[0]], entry

    def matters(piece: _Piece) -> bool:
        section, entry = piece[0]
        return scores[piece[0]] > 0 or (entry == 0 and best[section] > 0)

    return sorted(pieces, key=lambda piece: (not matters(piece), order(piece)))


def _is_whole(at: int, section: Section, chosen: set[tuple[int, int]]) -> bool:
    entries = all((at, j + 1) in chosen for j in range(len(section.entries)))
    return entries and (not section.head or (at, 0) in chosen)


def _words(text: str) -> frozenset[str]:
    """Words of prose and parts of identifiers: `_mm512_fmadd_ps` speaks of mm512, fmadd and ps."""
    return frozenset(word.lower() for word in _WORD.findall(text) if len(word) > 1)


def _split(lines: Iterable[str], level: int) -> list[tuple[str, list[str]]]:
    """(title, lines) of what stands under each heading of a level; the first has no title."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
        heading = None if fence else _HEADING.match(line)
        if heading and len(heading[1]) == level:
            parts.append((heading[2], []))
        parts[-1][1].append(line)
    return parts


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip()
