"""What earlier runs of similar tasks did: kept in the cross-run store, looked up once, the same in a resumed run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelcore.errors import IllegalRewrite
from accelcore.knowledge import IDEA
from accelcore.values import Candidate, Kernel, Move, Source, Task, digest_of

if TYPE_CHECKING:
    from accelcore.cache import Cache
    from accelcore.journal import Journal
    from accelcore.protocols import Target

EVENT = "reuse"
"""Kind of the journal's line that holds what was looked up."""

MOST = 4
"""Lineages that a run begins with."""

_WORDS = frozenset({IDEA, "plan", "combine", "invent"})
"""Names of moves that are words of a model."""

_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Lineage:
    """The moves from the start of a run to its best kernel, and the cost that they led to over the start's."""

    target: str
    ratio: float
    moves: tuple[Move, ...]

    @classmethod
    def of(cls, data: dict[str, Any]) -> Lineage:
        """From its JSON."""
        moves = tuple(Move(str(name), str(text)) for name, text in data["moves"])
        return cls(str(data["target"]), float(data["ratio"]), moves)


def pattern_of(task: Task) -> str:
    """Identity of what a task computes whatever its parameters are called, stored as, and sized.

    Similar tasks are equal under it: a summary's sizes are symbols, so the shapes of a run do not enter; names count by
    the order in which they appear, and storage types not at all.
    """
    from accelcore.ir.dtypes import DTYPES

    reference = task.reference
    if isinstance(reference, Source):
        return digest_of("source", reference.language, reference.text)
    names = {p.name for p in task.params}
    order: dict[str, str] = {}

    def plain(match: re.Match[str]) -> str:
        word = match[0]
        if word in DTYPES:
            return "T"
        return order.setdefault(word, f"p{len(order)}") if word in names else word

    return digest_of("summary", *(_WORD.sub(plain, repr(e)) for _, e in reference.post))


class Memory:
    """The lineages that a run begins with, and the one that it leaves.

    Invariant: a resumed run begins with the lineages of its first sitting, whatever the cache has learned since.
    """

    def __init__(self, journal: Journal, cache: Cache) -> None:
        self._journal, self._cache = journal, cache
        self._task: Task | None = None
        self._target: Target | None = None
        self._lineages: tuple[Lineage, ...] = ()
        self._steps: dict[str, Candidate] = {}

    def focus(self, task: Task, target: Target) -> None:
        """Look up what earlier runs of similar tasks found, this target's first."""
        self._task, self._target = task, target
        pattern, said = pattern_of(task), self._journal.noted(EVENT)
        if said is not None:
            noted = json.loads(said)
            rows = noted["lineages"] if noted["pattern"] == pattern else []
        elif self._journal.is_new:
            rows = self._looked_up(pattern, target.name)
        else:
            rows = []
        self._lineages = tuple(Lineage.of(row) for row in rows)

    def _looked_up(self, pattern: str, target: str) -> list[dict[str, Any]]:
        """The best lineages of the cache, which the journal notes."""
        rows = self._cache.lineages(pattern)
        rows = sorted(rows, key=lambda row: (row["target"] != target, row["ratio"]))[:MOST]
        if rows:
            self._journal.event(EVENT, json.dumps({"pattern": pattern, "lineages": rows}))
        return rows

    def note(self, candidate: Candidate) -> None:
        """A judged candidate."""
        self._steps.setdefault(candidate.digest, candidate)

    def replays(self, start: Candidate) -> Iterator[Candidate]:
        """The lineages of this target carried over to a kernel, each kernel once."""
        seen = {start.digest}
        for lineage in self._lineages:
            kernel = self.rewritten(start.kernel, lineage.moves) if self._is_ours(lineage) else None
            if kernel is not None and kernel.digest not in seen:
                seen.add(kernel.digest)
                name = "; ".join(move.name for move in lineage.moves)
                yield Candidate(kernel, start.digest, "the schedule of an earlier run", Move(name), EVENT)

    def _is_ours(self, lineage: Lineage) -> bool:
        return self._target is not None and lineage.target == self._target.name

    def rewritten(self, kernel: Kernel, moves: Iterable[Move]) -> Kernel | None:
        """The kernel after those moves that are legal on it, in their order; None when none of them is."""
        target, task, at = self._target, self._task, kernel
        if target is None or task is None:
            return None
        for move in moves:
            try:
                at = next(iter(target.rewrite(move, task, at)), at)
            except IllegalRewrite:
                continue  # the next one may still fit
        return None if at.digest == kernel.digest else at

    @property
    def ideas(self) -> tuple[Move, ...]:
        """Moves that only a model can carry out: words of models, and rewrites of other targets."""
        here = self._target.name if self._target else ""
        return tuple(
            dict.fromkeys(
                Move(IDEA, move.text or move.name)
                for lineage in self._lineages
                for move in lineage.moves
                if lineage.target != here or move.name in _WORDS
            )
        )

    def share(self, start: Candidate, best: Candidate, ratio: float) -> None:
        """Keep how the best kernel came to be; ratio: its cost over the start's."""
        moves: list[tuple[str, str]] = []
        at: Candidate | None = best
        while at is not None and at.digest != start.digest:
            moves[:0] = _parts(at.move)
            at = self._steps.get(at.parent) if at.parent else None
        if at is not None and moves and self._task is not None and self._target is not None:
            self._cache.put_lineage(pattern_of(self._task), self._target.name, ratio, moves)


def _parts(move: Move | None) -> list[tuple[str, str]]:
    """A move as (name, text) pairs; several joined in one name are taken apart, so that each may fit by itself.

    A rewrite is its name; only the words of a model are kept as text, so that equal lineages are equal rows.
    """
    if move is None:
        return []
    return [(name, move.text if name in _WORDS else "") for name in move.name.split("; ")]
