"""Beam search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from accelcore.session import Session
    from accelcore.values import Candidate


@dataclass(frozen=True)
class Beam:
    """Keep the `width` fastest distinct kernels; expand each; keep the fastest of parents and children.

    Invariant: the beam holds the fastest `width` of all kernels judged so far, so its best never gets worse; a kernel
    that stays in the beam goes on with the proposals that it has not tried.  Stops after `depth` levels, when
    `patience` levels in a row leave the beam as it was, or when nothing is proposed any more.
    """

    width: int = field(default=4, metadata={"help": "kernels kept from level to level"})
    tries: int = field(default=8, metadata={"help": "proposals asked for each kernel of the beam at each level"})
    depth: int = field(default=16, metadata={"help": "most levels"})
    patience: int = field(default=2, metadata={"help": "levels without change before it stops"})

    name: ClassVar[str] = "beam"
    about: ClassVar[str] = "keep the fastest kernels and expand them all, level by level"

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def search(self, session: Session, start: Candidate) -> None:
        """See the class."""
        known = [candidate for candidate, _ in session.evaluate(session.replays(start))]  # by earlier runs
        beam, unchanged = session.fastest([start, *known], self.width) or [start], 0
        streams: dict[str, Iterator[Candidate]] = {}
        for _ in range(self.depth):
            for parent in beam:  # all are open before the first is read, so that proposers overlap
                if parent.digest not in streams:
                    streams[parent.digest] = session.children(parent, n=self.tries * self.depth)
            level = chain.from_iterable(islice(streams[parent.digest], self.tries) for parent in beam)
            children = [judged.candidate for judged in session.evaluate(level)]
            following = session.fastest([*beam, *children], self.width)
            unchanged = unchanged + 1 if _digests(following) == _digests(beam) else 0
            if not children or not following or unchanged == self.patience:
                return
            beam = following


def _digests(beam: Sequence[Candidate]) -> set[str]:
    return {candidate.digest for candidate in beam}
