"""Two runs side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelcore.pipeline.results import cost_json
from accelcore.values import Evaluation, Run, Status


@dataclass(frozen=True)
class Ending:
    """How one run ended.  best: the champion's confirmation, or, where none was made, its evaluation in the search."""

    run: Run
    best: Evaluation | None
    speedup: float | None

    @property
    def statuses(self) -> dict[str, int]:
        """How many evaluations ended with each status."""
        return dict(Counter(str(e.status) for e in self.run.evaluations))

    @property
    def schedule(self) -> tuple[str, ...]:
        """The best kernel's rewrites."""
        digest = self.best.kernel if self.best else None
        return next((c.kernel.schedule for c in self.run.candidates if c.digest == digest), ())

    def json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "run": self.run.id,
            "status": self.run.status,
            "task": self.run.task.name if self.run.task else None,
            "target": self.run.config.get("target"),
            "verdict": str(self.run.verdict.proof) if self.run.verdict else None,
            "best": cost_json(self.best) if self.best else None,
            "fingerprint": self.best.fingerprint if self.best else "",
            "speedup": self.speedup,
            "statuses": self.statuses,
            "spent": dict(self.run.spent),
            "schedule": list(self.schedule),
        }


@dataclass(frozen=True)
class ComparisonResult:
    """Two runs.  ratio: the second's best cost over the first's; None where they may not be compared, and why."""

    first: Ending
    second: Ending
    ratio: float | None
    reason: str = ""

    exit_code = 0

    def json(self) -> dict[str, Any]:
        """The object of `report --compare --json`."""
        return {
            "first": self.first.json(), "second": self.second.json(), "ratio": self.ratio, "reason": self.reason,
        }  # fmt: skip


def compare(first: str | Path, second: str | Path, *, runs: Path = Path("accelcore-runs")) -> ComparisonResult:
    """How two runs ended, side by side.

    first, second: paths, ids or `last`.  Costs are divided only where task, sizes, unit and fingerprint are the same;
    measured ones are of different sittings even then.  Raises JournalError when there is no such run.
    """
    from accelcore.journal import find, read

    a, b = (ending_of(read(find(run, runs))) for run in (first, second))
    reason = _unlike(a, b)
    if reason or a.best is None or b.best is None or a.best.cost is None or b.best.cost is None:
        return ComparisonResult(a, b, None, reason)
    return ComparisonResult(a, b, b.best.cost.value / a.best.cost.value)


def ending_of(run: Run) -> Ending:
    """How a run ended, as far as it came."""
    judged = {e.kernel: e for e in run.evaluations}
    confirmed = [e for what, e in run.measurements if what == "confirmation" and e.status is Status.OK]
    best = confirmed[-1] if confirmed else judged.get(run.best or "")
    if best is None:
        return Ending(run, None, None)
    ratio = best.metric("ratio") if confirmed else None
    return Ending(run, best, 1 / ratio if ratio else _quotient(run, best))


def _quotient(run: Run, best: Evaluation) -> float | None:
    """Over the first correct kernel by costs alone, where both are of one evaluator; the champion's own is its own."""
    seed = next((e for e in run.evaluations if e.status is Status.OK), None)
    if seed is None or seed.cost is None or best.cost is None or not best.cost.value:
        return None
    alike = (seed.cost.unit, seed.fingerprint) == (best.cost.unit, best.fingerprint)
    return seed.cost.value / best.cost.value if alike else None


def _unlike(a: Ending, b: Ending) -> str:
    """Why their costs may not be compared; "" when they may."""
    from accelcore import codec

    for ending in (a, b):
        if ending.best is None or ending.best.cost is None:
            return f"{ending.run.id} has no correct kernel"
    assert a.best is not None and b.best is not None
    references = [codec.canonical(e.run.task.reference) if e.run.task else "" for e in (a, b)]
    if references[0] != references[1]:
        return "they searched for unlike tasks"
    if a.best.sizes != b.best.sizes:
        return "they measured at unlike sizes"
    return "" if a.best.fingerprint == b.best.fingerprint else "they were measured by unlike machines or tools"
