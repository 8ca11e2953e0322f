"""The kernels of one search, and how each of them came to be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelcore.session import Session
    from accelcore.values import Candidate

_WORDS = 200
"""Characters of an ancestor's plan that a prompt shows."""

_TOKEN = re.compile(r"\w+|[^\w\s]")


class Family:
    """Candidates by digest.  A kernel that was found twice keeps its first parent, so lines have no loops."""

    def __init__(self, session: Session, start: Candidate) -> None:
        self._session = session
        self._known = {start.digest: start}

    def add(self, candidate: Candidate) -> None:
        """A judged candidate."""
        self._known.setdefault(candidate.digest, candidate)

    def line(self, candidate: Candidate) -> Iterator[Candidate]:
        """The candidate, its parent, and so on to the start."""
        at: Candidate | None = candidate
        while at is not None:
            yield at
            at = self._known.get(at.parent) if at.parent else None

    def ancestor(self, candidate: Candidate, among: Collection[str]) -> Candidate | None:
        """The nearest ancestor among these digests: a repaired kernel's is that of the kernel that failed."""
        return next((c for c in self.line(candidate) if c is not candidate and c.digest in among), None)

    def history(self, candidate: Candidate, most: int) -> tuple[str, ...]:
        """What the last `most` steps to a kernel did, oldest first, each with what it gained."""
        line = [c for c in self.line(candidate) if c.plan][:most]
        return tuple(f"{_short(c.plan)}{self._gain(c)}" for c in reversed(line))

    def _gain(self, candidate: Candidate) -> str:
        parent = self._known.get(candidate.parent) if candidate.parent else None
        before = self._session.relative(parent) if parent else None
        after = self._session.relative(candidate)
        return f" ({after / before:.2f} times the cost before)" if before and after else ""


def _short(plan: str) -> str:
    words = " ".join(plan.split())
    return words if len(words) <= _WORDS else words[: _WORDS - 4] + " ..."


def admits(session: Session, child: Candidate, parent: Candidate | None, allowed: float) -> bool:
    """Whether a kernel is right and at most `allowed` times as slow as its parent, if that runs here."""
    mine, theirs = session.relative(child), session.relative(parent) if parent else None
    return mine is not None and (theirs is None or mine <= theirs * allowed)


def apart(ranked: Sequence[Candidate], spread: float) -> list[Candidate]:
    """Those that differ from each one kept before them in at least the part `spread` of their tokens."""
    found: list[tuple[Candidate, Counter[str]]] = []
    for candidate in ranked:
        tokens = Counter(_TOKEN.findall(candidate.kernel.text))
        if all(_distance(tokens, other) >= spread for _, other in found):
            found.append((candidate, tokens))
    return [candidate for candidate, _ in found]


def _distance(a: Counter[str], b: Counter[str]) -> float:
    """The part of the longer text's tokens that the other does not have."""
    return 1.0 - (a & b).total() / max(1, a.total(), b.total())
