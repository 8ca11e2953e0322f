"""Opening a session from settings: journal, cache, budget, usable proposers and verifiers, the model's client."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any

from accelcore.errors import BudgetSpent
from accelcore.pipeline.progress import Judged, Note
from accelcore.pipeline.settings import Settings
from accelcore.registry import registry
from accelcore.values import Candidate, Evaluation, Status

if TYPE_CHECKING:
    from accelcore.journal import Journal
    from accelcore.models.client import Client
    from accelcore.session import Progress, Session


class Watch:
    """Turns what a session tells into events, and ends the search after Ctrl-C.

    Invariant: `stop` is only looked at when a result has been journalled, so an interrupted run loses nothing and
    resumes at the next candidate.
    """

    def __init__(self, chosen: Settings) -> None:
        self._chosen = chosen
        self.judged: list[tuple[Candidate, Evaluation]] = []
        self._best: Evaluation | None = None
        self.stop = False

    @property
    def has_kernel(self) -> bool:
        """Whether there is a correct kernel that an interruption would keep."""
        return self._best is not None and self._best.status is Status.OK

    def __call__(self, progress: Progress) -> None:
        """One thing that happened in the session."""
        if progress.candidate is not None and progress.evaluation is not None:
            self.judged.append((progress.candidate, progress.evaluation))
            if progress.kind == "best":
                self._best = progress.evaluation
            left = _left(self._chosen, progress.spent)
            self._chosen.progress(Judged(progress.candidate, progress.evaluation, self._best, len(self.judged), left))
            if self.stop and self.has_kernel:
                raise BudgetSpent("interrupted", hint="accelcore resume last goes on")


def _left(chosen: Settings, spent: Mapping[str, float]) -> str:
    """What the budget has left, and what models have cost, in words."""
    words = []
    if chosen.max_evaluations is not None:
        words.append(f"{max(0, chosen.max_evaluations - int(spent.get('evaluations', 0)))} evaluations left")
    if chosen.max_seconds is not None:
        words.append(f"{max(0.0, chosen.max_seconds - spent.get('seconds', 0.0)):.0f} s left")
    if chosen.max_dollars is not None:
        words.append(f"${max(0.0, chosen.max_dollars - spent.get('dollars', 0.0)):.2f} left")
    if spent.get("tokens"):
        words.append(f"{spent['tokens']:,.0f} tokens, ${spent.get('dollars', 0.0):.2f} spent")
    return ", ".join(words)


@contextlib.contextmanager
def opened(
    chosen: Settings,
    config: Mapping[str, Any],
    *,
    durable: bool = True,
    journal: Journal | None = None,
    watch: Watch | None = None,
) -> Iterator[Session]:
    """A session that is closed at the end, as "interrupted" when it was stopped from outside.

    durable: keep its journal in the runs folder; else it is forgotten.  journal: one to go on with.
    """
    from accelcore.cache import Cache
    from accelcore.session import Session

    if journal is None:
        journal = _new_journal(chosen, config) if durable else _memory(chosen, config)
    watch = watch or Watch(chosen)
    try:
        client = model_client(chosen)
        session = Session(
            journal,
            cache=Cache.user() if chosen.cache else Cache.off(),
            budget=client.capped(chosen.budget) if client else chosen.budget,
            proposers=[p for p in registry().proposers() if not p.missing()],
            verifiers=[v for v in registry().verifiers() if not v.missing()],
            client=client,
            watch=watch,
            verify_seconds=chosen.proof_seconds,
            knowledge=chosen.knowledge,
        )
    except BaseException:
        journal.close()
        raise
    with session:
        yield session
        if watch.stop:
            session.close("interrupted")


def _new_journal(chosen: Settings, config: Mapping[str, Any]) -> Journal:
    from accelcore.journal import Journal

    return Journal.create(chosen.runs, seed=chosen.seed, config=config, versions=versions())


def _memory(chosen: Settings, config: Mapping[str, Any]) -> Journal:
    from accelcore.journal import Journal

    return Journal.memory(seed=chosen.seed, config=config)


def model_client(chosen: Settings) -> Client | None:
    """The client of the chosen model; None without one.  The first line says what is sent to whom, and the cap."""
    if chosen.model is None:
        return None
    from accelcore.models.client import client_for
    from accelcore.sandbox.level import require_isolation

    if not chosen.allow_unsafe:
        require_isolation()
    client = client_for(chosen.model, chosen.budget)
    budget = client.capped(chosen.budget)
    cap = f"at most ${budget.dollars:g}" if budget.dollars is not None else f"at most {budget.tokens} tokens"
    chosen.progress(Note(f"{client.notice}; {cap}"))
    return client


def versions() -> dict[str, str]:
    """Versions of accelcore and of every distribution that brings a plugin."""
    import platform
    from importlib import metadata

    found = {"python": platform.python_version()}
    for owner in sorted({"accelcore", *(offer.owner for offer in registry().offers())}):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[owner] = metadata.version(owner)
    return found


@contextlib.contextmanager
def interruptible(watch: Watch, chosen: Settings) -> Iterator[None]:
    """While inside, Ctrl-C once asks the search to end after the candidate at hand; twice ends at once.

    While there is no correct kernel yet there is nothing to keep, and once ends at once too.  Outside the main thread,
    where Python delivers no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(number: int, frame: FrameType | None) -> None:
        if watch.stop or not watch.has_kernel:
            signal.default_int_handler(number, frame)
        watch.stop = True
        chosen.progress(
            Note("stopping after the candidate at hand, the best so far is kept; Ctrl-C again stops at once")
        )

    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
