"""The session: what a translator and a strategy hold, and the only way to spend anything."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING
from weakref import WeakSet

from accelcore.budget import Meter
from accelcore.cache import Cache
from accelcore.errors import BudgetSpent, JournalError, PluginError
from accelcore.journal import EvaluationRow, Journal
from accelcore.knowledge import Knowledge, read
from accelcore.pools.threads import DaemonThreads
from accelcore.session.bench import Bench
from accelcore.session.line import Desk, Judged, Line
from accelcore.session.menu import Gains
from accelcore.session.progress import Progress, Watcher, silent
from accelcore.session.reuse import Memory
from accelcore.session.shop import Shop, task_digest
from accelcore.session.streams import FEW, Asked, Stream, Waiting
from accelcore.session.verifying import Court
from accelcore.values import (
    Budget,
    Candidate,
    Evaluation,
    Kernel,
    Move,
    Phase,
    Proof,
    Proposal,
    Request,
    Status,
    Summary,
    Task,
    Verdict,
    digest_of,
)

if TYPE_CHECKING:
    from accelcore.models.client import Client
    from accelcore.protocols import Proposer, Strategy, Target, Verifier

_QUICKER = 4
"""Rewrites that are tried where the loops as lowered take too long: each may take as long again."""

_WAITERS = 64
"""Threads that wait for proposers: they sleep, so this bounds open requests, not work."""


class Session:
    """A run in progress.  All its methods are called from one thread, the strategy's.

    Invariants: every verb looks in the journal and the cache, asks the budget, does the work, journals it, and hands
    results out in logical (step, slot) order, whatever the speed of its parts; equal keys are paid for once.  Nothing
    that a strategy can see depends on time, so a resumed run replays its rows and decides as the uninterrupted one.
    BudgetSpent is raised by any verb once the budget is spent; `best` is kept.
    """

    def __init__(
        self,
        journal: Journal | None = None,
        *,
        cache: Cache | None = None,
        budget: Budget = Budget(),  # noqa: B008  # frozen
        proposers: Sequence[Proposer] = (),
        verifiers: Sequence[Verifier] = (),
        client: Client | None = None,
        watch: Watcher = silent,
        jobs: int | None = None,
        verify_seconds: float = 30.0,
        knowledge: Path | None = None,
    ) -> None:
        self.journal = journal or Journal.memory()
        self.cache = cache or Cache.off()
        budget = client.capped(budget) if client else budget
        self.meter = Meter(budget, elapsed=float(self.journal.spent.get("seconds", 0.0)))
        self.meter.add(self.journal.usage())
        self.client = client
        if client is not None:
            client.attach(self.journal, self.cache, self.meter)
        self._watch = watch
        self._jobs = jobs or max(1, (os.cpu_count() or 2) - 1)
        self._proposers = tuple(proposers)
        self._bound: tuple[Proposer, ...] = ()
        self._waiters = DaemonThreads(_WAITERS, "accelcore-propose")
        self._waiting = Waiting(self._waiters, Event())
        self._court = Court(self.journal, self.meter, verifiers, verify_seconds)
        self._shop: Shop | None = None
        self._steps, self._starts = count(1), count()
        self._legal: set[tuple[str, str]] = set()
        self.target: Target | None = None
        self.knowledge, self._folder = Knowledge(), knowledge
        self.best: Candidate | None = None
        self._gains = Gains()
        self._memory = Memory(self.journal, self.cache)
        self._open: WeakSet[Stream] = WeakSet()
        self._closed = False

    # What a strategy may look at.

    @property
    def seed(self) -> int:
        """The run's seed."""
        return self.journal.seed

    @property
    def task(self) -> Task:
        """What is searched for; PluginError before `focus`."""
        return self._focused.task

    @property
    def verdict(self) -> Verdict | None:
        """The strongest verdict so far."""
        return self._court.verdict

    @property
    def summary(self) -> Summary | None:
        """The summary that the strongest verdict is about."""
        return self._court.summary

    def rng(self, step: int, slot: int = 0) -> random.Random:
        """Randomness of one logical place: the same in a resumed run."""
        return random.Random(f"{self.seed}/{step}/{slot}")

    def step(self) -> int:
        """A new step number."""
        return next(self._steps)

    def evaluation(self, candidate: Candidate) -> Evaluation | None:
        """The evaluation of a candidate that this run has judged."""
        return self._focused.evaluation(candidate.kernel)

    def relative(self, candidate: Candidate) -> float | None:
        """Its cost over the start's; None unless it is OK and comparable."""
        return self._focused.standing.relative(candidate.digest)

    def better(self, candidate: Candidate, than: Candidate) -> bool:
        """Whether it is faster by more than a tie; an incomparable kernel is never better."""
        a, b = self.relative(candidate), self.relative(than)
        return a is not None and (b is None or self._focused.standing.better(a, b))

    def fastest(self, candidates: Iterable[Candidate], width: int) -> list[Candidate]:
        """The `width` fastest of these that are OK, best first; within a tie the earlier one leads."""
        return self._focused.standing.fastest(candidates, width)

    # The verbs.

    def focus(self, task: Task, target: Target, bench: Bench) -> None:
        """Search for kernels of this task from now on.

        Raises JournalError when a resumed run was measured under another fingerprint.
        """
        if self._shop is not None:
            self._shop.close()
        before = self.journal.fingerprint
        if before and before != bench.fingerprint:
            raise JournalError(
                "this run was measured with another machine or other tools; its costs cannot be compared with new ones",
                where=str(self.journal.path),
                hint=f"resume it where it began ({before}), or start a new run",
            )
        self.journal.set_task(task, bench.fingerprint)
        self.target, self._bound = target, ()
        if self.client is not None:  # only prompts use it
            self.knowledge = read(target.knowledge, self._folder)
        self._memory.focus(task, target)
        self._shop = Shop(task, bench, self.journal, self.cache, self.meter, self._jobs)

    def propose(self, requests: Iterable[Request], *, n: int = 8, whole: bool = False) -> Stream:
        """At most n proposals of every proposer for every request, in logical order.

        Proposers start at the call, so open several streams before reading the first.  whole: all n are wanted, so all
        may be paid for before the first is taken; the default for few.
        """
        return self._stream(requests, n, self._charged, whole=whole)

    def wait(self, holds: Callable[[], bool]) -> None:
        """Wait for a condition on what has arrived in open streams; it is tried now and whenever an answer comes."""
        while True:
            self._waiting.news.clear()
            if holds():
                return
            self._waiting.news.wait()

    def verify(self, task: Task, summary: Summary) -> Verdict:
        """What the usable verifiers say, strongest first: the strongest answer that one of them gave."""
        verdict = self._court.try_(task, summary)
        self._tell(Progress("verdict", verdict.reason, verdict=verdict))
        return verdict

    def evaluate(self, candidates: Iterable[Candidate], *, ahead: int | None = None) -> Iterator[Judged]:
        """Judge candidates and hand them out in their order, as a new step.

        ahead: how many candidates beyond the one that is asked for may be judged (and charged) already; None, the
        default, is all of them: right for a strategy that looks at all.  A strategy that may stop early says 0.
        """
        return self._line(candidates, ahead, self.meter.check)

    def expand(
        self, parents: Sequence[Candidate], *, n: int = 8, ahead: int | None = None, moves: Sequence[Move] = ()
    ) -> Iterator[Judged]:
        """Propose and evaluate at the same time: at most n children of every parent by every proposer.

        moves: what the proposers may choose from; () is the `menu` of each parent.
        """
        requests = [self.request(Phase.IMPLEMENT, parent, moves=moves or self.menu(parent)) for parent in parents]
        stream = self._stream(requests, n, self._noted)
        return self._line(_Children(stream, self), ahead, lambda: self.meter.charge("proposals"))

    def children(self, parent: Candidate, *, n: int = 64, moves: Sequence[Move] = ()) -> Iterator[Candidate]:
        """The proposals for one parent as candidates that are not judged: a stream to come back to.

        Proposers start at the call.
        """
        request = self.request(Phase.IMPLEMENT, parent, moves=moves or self.menu(parent))
        return _Children(self._stream([request], n, self._charged), self)

    def start(self, kernel: Kernel, *, lowered: bool = False) -> Candidate:
        """Judge a kernel to search from, at step 0; `evaluation(start)` tells how it went.

        lowered: it is what the target made of a summary; DERIVED if that summary is proved.  Plain loops whose call
        takes longer than the judge allows (a product of large matrices) give their place to one of the first of the
        target's rewrites of them that does not.
        """
        begun = self._started(Candidate(kernel, origin="lower" if lowered else "user"), derived=lowered)
        if lowered and begun.evaluation.status is Status.TIMEOUT:
            return self._quicker(begun.candidate) or begun.candidate
        return begun.candidate

    def _quicker(self, slow: Candidate) -> Candidate | None:
        """The first of the target's rewrites of a start that ends OK; None when none of the first few does."""
        moves = self.target.moves(self.task, slow.kernel) if self.target else ()
        for move in moves[:_QUICKER]:
            child = self.rewritten(slow, [move], origin="lower")
            if child is not None and (begun := self._started(child, derived=True)).evaluation.status is Status.OK:
                self.event("start", f"the loops as lowered take too long; the search begins with {move.name}")
                return begun.candidate
        return None

    def _started(self, first: Candidate, *, derived: bool) -> Judged:
        shop = self._focused
        candidate = shop.named(replace(first, step=0, slot=next(self._starts)))
        if derived and self._is_proved:
            shop.derived.add(candidate.digest)
        return next(Line(shop, [candidate], 0, Desk(lambda c: c, self.meter.check, self._settle)))

    def measured(self, purpose: str, *parts: object, work: Callable[[], Evaluation]) -> Evaluation:
        """An evaluation outside the search (a confirmation, a baseline): done once, then answered from the journal.

        parts: what it depends on beside the task and the bench, such as digests of kernels.
        """
        shop = self._focused
        key = digest_of(purpose, *parts, task_digest(shop.task), shop.bench.fingerprint, shop.bench.version)
        found = self.journal.measurement(key)
        if found is None:
            found = work()
            self.journal.put_measurement(key, purpose, found)
        return found

    def search(self, strategy: Strategy, start: Candidate) -> Candidate | None:
        """Run a strategy to its end or the budget's; the best candidate."""
        try:
            strategy.search(self, start)
        except BudgetSpent as end:
            self.event("budget", end.what)
        self._share(start)
        return self.best

    # For strategies that propose and evaluate apart.

    def menu(self, parent: Candidate) -> list[Move]:
        """The target's moves for a kernel: first what helped elsewhere in this run, last what did not.

        With a model the ideas of the target's knowledge follow; they are words, so rules pass over them.
        """
        if self.target is None:
            return []
        moves = self.target.moves(self.task, parent.kernel)
        ordered = self._gains.ordered(moves, self._focused.standing.tie, self.rng(self.step()))
        return [*ordered, *self.knowledge.menu]

    def rewritten(self, parent: Candidate, moves: Sequence[Move], *, origin: str) -> Candidate | None:
        """The child that the target's own moves make of a kernel, one after the other.

        Moves that are not legal where they come are left out; None when none of them is.
        """
        kernel = self._memory.rewritten(parent.kernel, moves)
        if kernel is None:
            return None
        self._legal.add((parent.digest, kernel.digest))
        move = Move("; ".join(m.name for m in moves))
        return Candidate(kernel, parent.digest, ", ".join(m.text or m.name for m in moves), move, origin)

    @property
    def ideas(self) -> tuple[Move, ...]:
        """What earlier runs of similar tasks did in words, or on other targets; only a model can carry it out."""
        return self._memory.ideas if self.client else ()

    def replays(self, start: Candidate) -> Iterator[Candidate]:
        """The best kernels of earlier runs of similar tasks here: their moves carried over to `start`.

        Moves that are not legal at its shapes are left out.  Empty without a cache.
        """
        for candidate in self._memory.replays(start):
            self._legal.add((start.digest, candidate.digest))  # every step of it was a rewrite of the target
            yield candidate

    def request(
        self,
        phase: Phase,
        parent: Candidate,
        *,
        moves: Sequence[Move] = (),
        feedback: str = "",
        history: Sequence[str] = (),
    ) -> Request:
        """A request about a candidate, with what the judge said of it."""
        said = self.evaluation(parent)
        feedback = feedback or (said.feedback if said else "")
        target = self.target.name if self.target else ""
        return Request(phase, self.task, target, parent, tuple(moves), feedback, history=tuple(history))

    def candidate(self, request: Request, proposal: Proposal) -> Candidate | None:
        """The kernel in a proposal as a child of the request's parent; None when the proposal has no kernel."""
        parent = request.parent
        kernel = proposal.kernel
        if kernel is None and proposal.text and parent is not None:
            kernel = replace(parent.kernel, text=proposal.text, schedule=())
        if kernel is None:
            return None
        digest = parent.digest if parent else None
        return Candidate(kernel, digest, proposal.plan, proposal.move, proposal.origin)

    def event(self, kind: str, text: str) -> None:
        """Write a line into the run's log."""
        self.journal.event(kind, text)
        self._tell(Progress("event", f"{kind}: {text}"))

    def close(self, status: str = "done", *, wait: bool = True) -> None:
        """End the run: stop what runs, write its state, let go of the files.  Idempotent.

        Without `wait`, a candidate that is being judged is left to end in the background; its result is lost.
        """
        if self._closed:
            return
        self._stop(wait=wait)
        if self.client is not None:
            self.client.close()
        if self.cache.trouble:
            self.journal.event("cache", self.cache.trouble)
        self.cache.close()
        self.journal.progress(best=self.best.digest if self.best else None, spent=self.meter.spent, status=status)
        self.journal.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, JournalError):  # it cannot be written any more; what was committed stands
            self._abandon()
            return
        at_once = isinstance(error, KeyboardInterrupt)
        self.close("done" if error is None else "interrupted" if at_once else "stopped", wait=not at_once)

    def _stop(self, *, wait: bool = True) -> None:
        """End everything that runs for this session."""
        self._closed = True
        for stream in list(self._open):
            stream.close()
        self._waiters.shutdown(wait=False, cancel_futures=True)
        if self._shop is not None:
            self._shop.close(wait=wait)

    def _abandon(self) -> None:
        self._stop()
        try:
            self.journal.close()
        except JournalError:
            return

    # Plumbing.

    @property
    def _focused(self) -> Shop:
        if self._shop is None:
            raise PluginError("the session has no task to search for yet", hint="call focus(task, target, bench)")
        return self._shop

    @property
    def _is_proved(self) -> bool:
        verdict = self.verdict
        return verdict is not None and verdict.proof is Proof.PROVED and self.task.reference == self.summary

    def _stream(
        self, requests: Iterable[Request], n: int, seen: Callable[[Asked], None], *, whole: bool = False
    ) -> Stream:
        step = self.step()
        placed = [r if r.step else replace(r, step=step, slot=slot) for slot, r in enumerate(requests)]
        proposers = self._asked()
        whole = whole or n <= FEW
        stream = Stream(placed, proposers, n=n, whole=whole, seed=self._seed_of, waiting=self._waiting, seen=seen)
        self._open.add(stream)
        return stream

    def _asked(self) -> tuple[Proposer, ...]:
        """The proposers, given what they need of this session: a `bind(session)` method asks for it."""
        if not self._bound:
            self._bound = tuple(p.bind(self) if hasattr(p, "bind") else p for p in self._proposers)
        return self._bound

    def _seed_of(self, request: Request) -> int:
        return self.rng(request.step, request.slot).getrandbits(63)

    def _charged(self, asked: Asked) -> None:
        self.meter.charge("proposals")
        self._noted(asked)

    def _noted(self, asked: Asked) -> None:
        """Remember kernels that a proposer of legality-checked rewrites (`legal`) made, by parent."""
        parent, kernel = asked.request.parent, asked.proposal.kernel
        if parent is not None and kernel is not None and getattr(asked.proposer, "legal", False):
            self._legal.add((parent.digest, kernel.digest))

    def _line(self, candidates: Iterable[Candidate], ahead: int | None, pay: Callable[[], None]) -> Line:
        shop, step, slots = self._focused, self.step(), count()

        def place(candidate: Candidate) -> Candidate:
            candidate = shop.named(candidate)
            if candidate.parent in shop.derived and (candidate.parent, candidate.digest) in self._legal:
                shop.derived.add(candidate.digest)
            return replace(candidate, step=step, slot=next(slots))

        return Line(shop, candidates, ahead, Desk(place, pay, self._settle))

    def _settle(self, candidate: Candidate, row: EvaluationRow) -> None:
        """A result is handed out: now it counts."""
        self.journal.put_candidate(candidate)
        self._memory.note(candidate)
        before = self._focused.standing.relative(candidate.parent) if candidate.parent else None
        self._gains.note(candidate.move, before, self.relative(candidate))
        is_best = row.evaluation.status is Status.OK and (self.best is None or self.better(candidate, self.best))
        if is_best:
            self.best = candidate
        spent = self.meter.spent
        self.journal.progress(best=self.best.digest if self.best else None, spent=spent)
        kind = "best" if is_best else "judged"
        relative = self.relative(self.best) if self.best else None
        self._tell(Progress(kind, "", candidate, row.evaluation, relative=relative, spent=spent))

    def _share(self, start: Candidate) -> None:
        """Let later runs of similar tasks know, where this one found something."""
        if self.best is not None and self.better(self.best, start):
            after, before = self.relative(self.best), self.relative(start)
            if after is not None and before:
                self._memory.share(start, self.best, after / before)

    def _tell(self, progress: Progress) -> None:
        self._watch(progress)


class _Children:
    """The candidates in a stream of proposals; those without a kernel are passed over."""

    def __init__(self, stream: Stream, session: Session) -> None:
        self._stream, self._session = stream, session

    def __iter__(self) -> _Children:
        return self

    def __next__(self) -> Candidate:
        while True:
            asked = self._stream.take()
            found = self._session.candidate(asked.request, asked.proposal)
            if found is not None:
                return found

    @property
    def ready(self) -> bool:
        return self._stream.ready

    def close(self) -> None:
        self._stream.close()
