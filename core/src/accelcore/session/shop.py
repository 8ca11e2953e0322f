"""Evaluating kernels of one task on one bench: known first, then paid for, built in the background, judged in order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from threading import Lock, Thread

from accelcore.budget import Meter
from accelcore.cache import Cache
from accelcore.journal import EvaluationRow, Journal
from accelcore.pools.threads import DaemonThreads
from accelcore.session.bench import Bench, Builder, Built, contained
from accelcore.session.forms import form_of
from accelcore.session.standing import Standing
from accelcore.values import Artifact, Candidate, Evaluation, Fidelity, Grade, Kernel, Status, Task, digest_of

REUSABLE = frozenset({Status.UNSUPPORTED, Status.WRONG})
"""Failures that follow from the key alone.  Timeouts, crashes, accusations, and builds that did not get the processes
or the memory that they needed may be the machine's fault."""

PRUNE = 1.25
"""A cached measured time this many times the best cached one is not measured again (twice the worst drift between
interleaved sittings in the noise table of reference/integrity 4b would be 1.04; this leaves room for other loads)."""


NARROW = 0.9
"""Ratios to the incumbent between this and a tie are measured once more before they count."""


@dataclass
class Ticket:
    """One candidate on its way.  `row` is set when its evaluation is known; `built` while it is (being) built."""

    candidate: Candidate
    key: str
    row: EvaluationRow | None = None
    built: Future[Built] | None = None
    done: Future[EvaluationRow] | None = None


class Shop:
    """All evaluations of one task on one bench.

    Invariants: a key is judged at most once per run (`_rows`, `_flying`) and charged at most once (`_charged`); charges
    fall in the order of `admit`, which is the logical order; with one lane kernels are judged in that order, each
    against the fastest kernel before it; with several (a pool of devices) against the fastest that is known by then,
    which the journal notes.
    """

    def __init__(self, task: Task, bench: Bench, journal: Journal, cache: Cache, meter: Meter, jobs: int) -> None:
        self.task, self.bench = task, bench
        self._journal, self._cache, self._meter = journal, cache, meter
        self.standing = Standing(timed=bench.timed)
        self._builders = DaemonThreads(jobs, "accelcore-build")
        self._lane = DaemonThreads(max(1, bench.lanes), "accelcore-judge")
        self._builder = Builder(bench, task, self._builders)
        self._task_digest = task_digest(task)
        self._rows: dict[str, EvaluationRow] = {}
        self._flying: dict[str, Future[EvaluationRow]] = {}
        self._charged: set[str] = set()
        self._kernels: dict[str, Kernel] = {}
        self._forms: dict[str, Kernel] = {}
        self._artifacts: dict[str, Artifact] = {}
        self.derived: set[str] = set()
        self._lock = Lock()

    def key(self, kernel: Kernel) -> str:
        """Identity of an evaluation."""
        bench = self.bench
        return digest_of(form_of(kernel), self._task_digest, self.task.sizes, bench.fingerprint, bench.version)

    def named(self, candidate: Candidate) -> Candidate:
        """The candidate with the first kernel of this run that says the same."""
        first = self._forms.setdefault(form_of(candidate.kernel), candidate.kernel)
        return candidate if first is candidate.kernel else replace(candidate, kernel=first)

    def evaluation(self, kernel: Kernel) -> Evaluation | None:
        """The evaluation of a kernel, if it was made in this run."""
        row = self._rows.get(self.key(kernel))
        return row.evaluation if row else None

    def grade(self, digest: str, fidelity: Fidelity) -> Grade:
        """DERIVED for what only legality-checked rewrites of a proved summary made, and what was judged as it is."""
        derived = digest in self.derived and fidelity is not Fidelity.INTERPRETED
        return Grade.DERIVED if derived else Grade.TESTED

    def take(self, candidate: Candidate) -> Ticket:
        """Look the candidate up; start building it when its evaluation is not known.  Costs nothing."""
        ticket = Ticket(candidate, self.key(candidate.kernel))
        self._kernels.setdefault(candidate.digest, candidate.kernel)
        ticket.row = self._known(ticket)
        if ticket.row is None and ticket.key not in self._flying:
            ticket.built = self._builder.submit(candidate.kernel)
        return ticket

    def admit(self, ticket: Ticket) -> None:
        """Pay for the evaluation and put it in the judge's line; raises BudgetSpent and leaves the ticket as it was."""
        flying = self._flying.get(ticket.key)
        if flying is not None and not flying.cancelled():
            ticket.done = flying
            return
        if ticket.row is None:
            self._meter.live()
        if ticket.key not in self._charged:
            self._charge(ticket)
        if ticket.row is None and ticket.built is None:  # its first judgement was given up before it began
            ticket.built = self._builder.submit(ticket.candidate.kernel)
        ticket.done = self._flying[ticket.key] = self._lane.submit(self._judged, ticket)

    def _charge(self, ticket: Ticket) -> None:
        """What an earlier run paid for is free while the budget lasts, and is not looked at after its end: the cache
        may have grown since, and a resumed run would not end where it ended before."""
        if ticket.row is not None and ticket.row.cached:
            self._meter.require("evaluations")
            return
        self._meter.charge("evaluations")
        self._charged.add(ticket.key)

    def drop(self, ticket: Ticket) -> None:
        """Nobody waits for this ticket any more; what has begun is finished and kept."""
        if ticket.built is not None:
            ticket.built.cancel()
        if ticket.done is not None:
            ticket.done.cancel()

    def close(self, *, wait: bool = True) -> None:
        """Give up what has not begun, wait for what runs, remove built files; without `wait` in the background."""
        self._builders.shutdown(wait=False, cancel_futures=True)
        self._lane.shutdown(wait=False, cancel_futures=True)
        if wait:
            self._cleared()
        else:
            Thread(target=self._cleared, name="accelcore-clearing", daemon=True).start()

    def _cleared(self) -> None:
        """Once nothing runs any more, what it ran on is given back."""
        self._builders.shutdown(wait=True)
        self._lane.shutdown(wait=True)
        self.bench.close()

    # In the caller's thread.

    def _known(self, ticket: Ticket) -> EvaluationRow | None:
        row = self._rows.get(ticket.key) or self._journal.evaluation(ticket.key)
        return row or self._cached(ticket)

    def _cached(self, ticket: Ticket) -> EvaluationRow | None:
        """What an earlier run found, as far as it may decide here."""
        found = self._cache.evaluation(ticket.key)
        if found is None or (found.status is not Status.OK and found.status not in REUSABLE):
            return None
        found = replace(found, kernel=ticket.candidate.digest)  # another run may have laid it out otherwise
        if found.status is Status.OK and self.bench.timed:
            return self._pruned(found)
        return EvaluationRow(found, None, cached=True)

    def _pruned(self, found: Evaluation) -> EvaluationRow | None:
        """A kernel that was measured far behind the best of earlier runs: placed by the old times, not raced again."""
        anchor = self.standing.anchor
        start = self._cache.evaluation(self.key(self._kernels[anchor])) if anchor else None
        best = self._cache.best(self._group)
        if start is None or start.cost is None or found.cost is None or best is None:
            return None
        if found.cost.value < PRUNE * best:
            return None
        metrics = dict(found.metrics) | {"ratio": found.cost.value / start.cost.value, "pruned": 1.0}
        return EvaluationRow(replace(found, metrics=tuple(metrics.items())), anchor, cached=True)

    @property
    def _group(self) -> str:
        """Evaluations whose costs may be compared: all of this task, sizes and fingerprint."""
        return digest_of(self._task_digest, self.task.sizes, self.bench.fingerprint, self.bench.version)

    # In the judge's lane.

    def _judged(self, ticket: Ticket) -> EvaluationRow:
        row = ticket.row or self._judge(ticket)
        digest = ticket.candidate.digest
        row = replace(row, evaluation=replace(row.evaluation, grade=self.grade(digest, row.evaluation.fidelity)))
        self._journal.put_evaluation(ticket.key, row)
        if ticket.row is None:
            self._cache.put_evaluation(ticket.key, self._group, row.evaluation)
        self.standing.add(row.evaluation, row.incumbent)
        if self.bench.timed:  # only the incumbent is raced again
            self._artifacts = {d: a for d, a in self._artifacts.items() if d == self.standing.incumbent}
        with self._lock:
            self._rows[ticket.key] = row
        return row

    def _judge(self, ticket: Ticket) -> EvaluationRow:
        kernel = ticket.candidate.kernel
        assert ticket.built is not None
        self._meter.live()  # what waited in the line until the time was over is not begun
        result = contained_built(ticket.built.result, kernel, self.task)
        if isinstance(result, Evaluation):
            return EvaluationRow(result, None, cached=False)
        if self.bench.timed:
            self._artifacts[kernel.digest] = result
        incumbent = self.standing.incumbent if self.bench.timed else None
        rival = self._artifact(incumbent) if incumbent else None

        def sitting() -> Evaluation:
            return contained(lambda: self.bench.judge(self.task, result, rival), kernel, self.task)

        evaluation = sitting()
        if rival is not None and self._wins_narrowly(evaluation):
            evaluation = sitting()
        return EvaluationRow(evaluation, incumbent, cached=False)

    def _wins_narrowly(self, evaluation: Evaluation) -> bool:
        """Whether luck may have made this kernel the incumbent.

        A ratio that is looked at because it is the smallest so far is too small on average.  The ratio of a second
        sitting was not chosen, so it is the one that counts: lucky kernels do not become the incumbent, and the chain
        of ratios back to the start does not drift downwards.
        """
        ratio = evaluation.metric("ratio") if self.bench.timed and evaluation.status is Status.OK else None
        return ratio is not None and NARROW < ratio < 1 - self.standing.tie

    def _artifact(self, digest: str) -> Artifact | None:
        """The incumbent's artifact; built again where the incumbent comes from the journal."""
        found = self._artifacts.get(digest)
        if found is None:
            built = self.bench.build(self.task, [self._kernels[digest]])[0]
            if isinstance(built, Evaluation):
                return None
            found = self._artifacts[digest] = built
        return found


def contained_built(result: Callable[[], Built], kernel: Kernel, task: Task) -> Built:
    """What a build gave; a plugin's exception becomes a HARNESS_ERROR."""
    found: list[Built] = []

    def work() -> Evaluation:
        found.append(result())
        return Evaluation(kernel.digest, task.name, (), Status.OK)

    failed = contained(work, kernel, task)
    return found[0] if found else failed


def task_digest(task: Task) -> str:
    """Identity of a task: everything but where its source lies on the disk."""
    from accelcore import codec

    source = replace(task.source, path=None) if task.source else None
    return digest_of(codec.canonical(replace(task, source=source)))
