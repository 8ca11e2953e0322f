"""Racing strategies over landscapes: what each spends until it is near the best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from statistics import median, quantiles

from accelcore.bench.landscape import Landscape
from accelcore.bench.recorded import Recorded
from accelcore.journal import Journal
from accelcore.protocols import Proposer, Strategy
from accelcore.session import Bench, Progress, Session
from accelcore.values import Artifact, Budget, Evaluation, Task

WITHIN = (0.05, 0.01)
"""Distances from the best cost at which spending is reported."""


@dataclass(frozen=True)
class Trace:
    """One search.  path: (evaluations, proposals, best cost) after each improvement, counted in the logical order.

    evaluations counts what the bench judged; repeats how many of these were judged before (0 for a sound session).
    """

    strategy: str
    landscape: str
    seed: int
    path: tuple[tuple[int, int, float], ...]
    evaluations: int
    proposals: int
    repeats: int

    def reached(self, cost: float) -> tuple[int, int] | None:
        """(evaluations, proposals) at the first cost that is as low; None when it was not reached."""
        return next(((e, p) for e, p, found in self.path if found <= cost), None)


class _Counting:
    """A landscape that notes what it judges."""

    def __init__(self, landscape: Landscape | Recorded) -> None:
        self._landscape = landscape
        self.judged: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._landscape, name)

    def judge(self, task: Task, artifact: Artifact, incumbent: Artifact | None) -> Evaluation:
        """Note, then judge."""
        self.judged.append(artifact.kernel.digest)
        return self._landscape.judge(task, artifact, incumbent)


class _Path:
    """Follows a session: improvements by the number of distinct kernels and of proposals handed out before."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int, float]] = []
        self._seen: set[str] = set()
        self._proposals = 0

    def __call__(self, progress: Progress) -> None:
        candidate, evaluation = progress.candidate, progress.evaluation
        if candidate is None or evaluation is None:
            return
        self._seen.add(candidate.digest)
        self._proposals += candidate.parent is not None
        if progress.kind == "best" and evaluation.cost is not None:
            self.steps.append((len(self._seen), self._proposals, evaluation.cost.value))


def trace(
    strategy: Strategy,
    landscape: Landscape | Recorded,
    seed: int,
    *,
    evaluations: int = 300,
    proposer: Proposer | None = None,
) -> Trace:
    """One search over one landscape with at most `evaluations`; proposer: the landscape's own unless one is given."""
    counting, path = _Counting(landscape), _Path()
    proposer = proposer or landscape.proposer(seed)
    budget = Budget(evaluations=evaluations, proposals=50 * evaluations)
    with Session(Journal.memory(seed=seed), budget=budget, proposers=[proposer], watch=path, jobs=1) as session:
        session.focus(landscape.task(), landscape, counting)  # type: ignore[arg-type]  # forwards to the landscape
        session.search(strategy, session.start(landscape.lower(session.task), lowered=True))
        spent = session.meter.spent
    judged = counting.judged
    return Trace(
        strategy=label(strategy),
        landscape=landscape.name,
        seed=seed,
        path=tuple(path.steps),
        evaluations=len(judged),
        proposals=int(spent["proposals"]),
        repeats=len(judged) - len(set(judged)),
    )


def searched(
    strategy: Strategy, landscape: Landscape, bench: Bench, seed: int, *, evaluations: int = 40
) -> tuple[tuple[tuple[str, float | None], ...], str]:
    """(kernels with their costs in logical order, the best kernel) of a search whose candidates `bench` judges.

    Wherever that judges, and whatever happens to its workers, it is the same for one landscape and seed.
    """
    seen: list[tuple[str, float | None]] = []

    def watch(progress: Progress) -> None:
        if progress.candidate is not None and progress.evaluation is not None:
            cost = progress.evaluation.cost
            seen.append((progress.candidate.kernel.text, cost.value if cost else None))

    proposers, budget = [landscape.proposer(seed)], Budget(evaluations=evaluations)
    with Session(Journal.memory(seed=seed), budget=budget, proposers=proposers, watch=watch) as session:
        session.focus(landscape.task(), landscape, bench)
        best = session.search(strategy, session.start(landscape.lower(session.task)))
    assert best is not None, "the start of a landscape is right"
    return tuple(seen), best.kernel.text


def label(strategy: Strategy) -> str:
    """Name and options that differ from the defaults: "beam:width=8"."""
    if not is_dataclass(strategy):
        return strategy.name
    values = [(f.name, getattr(strategy, f.name), f.default) for f in fields(strategy)]
    changed = [f"{name}={value}" for name, value, default in values if value != default]
    return ":".join([strategy.name, *([",".join(changed)] if changed else [])])


@dataclass(frozen=True)
class Comparison:
    """All traces of a race."""

    traces: tuple[Trace, ...]
    optima: tuple[tuple[str, float], ...]

    def table(self) -> str:
        """Median and interquartile range of evaluations and proposals to within 5 % and 1 % of the best."""
        wide = max(14, *(len(t.strategy) + 2 for t in self.traces))
        head = f"{'landscape':<{self._named}}{'strategy':<{wide}}{'within':>7}{'reached':>9}"
        head += f"{'evaluations':>26}{'proposals':>26}"
        return "\n".join([head, *self._rows(wide)])

    @property
    def _named(self) -> int:
        return max(12, *(len(trace.landscape) + 2 for trace in self.traces))

    def _rows(self, wide: int) -> Iterable[str]:
        optima = dict(self.optima)
        for landscape, strategy in dict.fromkeys((t.landscape, t.strategy) for t in self.traces):
            mine = [t for t in self.traces if (t.landscape, t.strategy) == (landscape, strategy)]
            for within in WITHIN:
                found = [t.reached(optima[landscape] * (1 + within)) for t in mine]
                there = [pair for pair in found if pair]
                yield (
                    f"{landscape:<{self._named}}{strategy:<{wide}}{within:>7.0%}{len(there):>5}/{len(mine):<3}"
                    f"{_spread([e for e, _ in there], len(mine)):>26}{_spread([p for _, p in there], len(mine)):>26}"
                )


def compare(
    strategies: Sequence[Strategy],
    over: Sequence[Landscape | Recorded],
    seeds: Iterable[int] = range(20),
    *,
    evaluations: int = 300,
) -> Comparison:
    """Every strategy on every landscape with every seed."""
    seeds = tuple(seeds)
    traces = [trace(s, land, seed, evaluations=evaluations) for land in over for s in strategies for seed in seeds]
    return Comparison(tuple(traces), tuple((land.name, land.optimum) for land in over))


def _spread(found: Sequence[int], runs: int) -> str:
    """Median [quartiles] over all runs; a run that never arrived counts as later than all others."""
    ranked: list[float] = [*sorted(found), *[float("inf")] * (runs - len(found))]
    if not found:
        return "-"
    low, _, high = quantiles(ranked, n=4, method="inclusive") if runs > 1 else (ranked[0], 0, ranked[0])
    return f"{median(ranked):g} [{low:g}, {high:g}]"
