"""Kernels that still have proposals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelcore.session import Judged, Session
    from accelcore.values import Candidate


class OpenNodes:
    """The frontier of a best-first search, with the unread rest of each kernel's proposals."""

    def __init__(self, session: Session, candidates: Iterable[Candidate]) -> None:
        self._session = session
        self._open = {candidate.digest: candidate for candidate in candidates}
        self._streams: dict[str, Iterator[Judged]] = {}
        self._closed: set[str] = set()

    def add(self, candidate: Candidate) -> None:
        """A judged kernel; one that is not OK, or was exhausted before, is left out."""
        if candidate.digest not in self._closed and self._session.relative(candidate) is not None:
            self._open.setdefault(candidate.digest, candidate)

    def fastest(self) -> Candidate | None:
        """The fastest open kernel; None when there is none."""
        found = self._session.fastest(self._open.values(), 1)
        return found[0] if found else None

    def children(self, parent: Candidate, expand: Callable[[], Iterator[Judged]]) -> Iterator[Judged]:
        """The parent's stream, opened once."""
        if parent.digest not in self._streams:
            self._streams[parent.digest] = expand()
        return self._streams[parent.digest]

    def close(self, candidate: Candidate) -> None:
        """It has no more proposals."""
        self._closed.add(candidate.digest)
        self._open.pop(candidate.digest, None)
        self._streams.pop(candidate.digest, None)
