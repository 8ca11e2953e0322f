"""What a session tells whoever watches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from accelcore.values import Candidate, Evaluation, Verdict


@dataclass(frozen=True)
class Progress:
    """One thing that happened.  kind: "judged", "verdict", "best", "event".

    `spent` is what the run has spent so far, `relative` the best cost so far over the cost of the start (None before).
    """

    kind: str
    text: str = ""
    candidate: Candidate | None = None
    evaluation: Evaluation | None = None
    verdict: Verdict | None = None
    relative: float | None = None
    spent: Mapping[str, float] = field(default_factory=dict)


Watcher = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Watch nothing."""
