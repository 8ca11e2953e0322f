"""Events that the pipeline tells about; the terminal prints them, a notebook or a test may collect them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelcore.pipeline.results import LiftedFunction
    from accelcore.values import Candidate, Evaluation


@dataclass(frozen=True)
class Started:
    """A stage of the straight line begins: "lift", "lower", "search", "promote", "measure", "export"."""

    stage: str
    text: str = ""


@dataclass(frozen=True)
class Lifted:
    """A function was lifted, or was not."""

    function: LiftedFunction


@dataclass(frozen=True)
class Judged:
    """A candidate was judged.  best: the incumbent's evaluation afterwards.  budget_left: in words, "" for no limit."""

    candidate: Candidate
    evaluation: Evaluation
    best: Evaluation | None
    count: int
    budget_left: str = ""


@dataclass(frozen=True)
class Note:
    """One line that the user should see: what is sent to whom, a weaker sandbox, a missing tool."""

    text: str


Event = Started | Lifted | Judged | Note
