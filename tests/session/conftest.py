"""Fakes for sessions: a target, bench and proposer whose every answer a test decides."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from accelcore.bench import landscapes
from accelcore.journal import Journal
from accelcore.session import Session
from accelcore.values import Cost, Evaluation, Fidelity, Kernel, Move, Proposal, Source, Status, Task


class FakeTarget:
    """Kernels are words; the moves of a word append a letter."""

    name, about, language, knowledge = "fake", "words", "text", None

    def missing(self):
        return ()

    def lower(self, task):
        return word("s")

    def moves(self, task, kernel):
        return [Move(letter, f"append {letter}") for letter in "abcdef"]

    def rewrite(self, move, task, kernel):
        return [word(kernel.text + move.name)]


class FakeBench:
    """Costs by word, from a table; unknown words cost 100.  Counts what it builds and judges."""

    fingerprint, version, batch, lanes = "fake 1", "1", 4, 1

    def __init__(self, costs=(), *, timed=False, before=None, fail=()):
        self.costs, self.timed, self.fail = dict(costs), timed, dict(fail)
        self.before = before or (lambda stage, text: None)
        self.built, self.judged, self.rivals, self.batches = Counter(), Counter(), [], []
        self.closed, self._lock = False, threading.Lock()

    def build(self, task, kernels):
        from accelcore.values import Artifact

        with self._lock:
            self.batches.append(len(kernels))
            self.built.update(k.text for k in kernels)
        for kernel in kernels:
            self.before("build", kernel.text)
        return [
            Evaluation(k.digest, task.name, (), Status.COMPILE_ERROR, log="no such word")
            if self.fail.get(k.text) is Status.COMPILE_ERROR
            else Artifact(k, "", "")
            for k in kernels
        ]

    def judge(self, task, artifact, incumbent):
        text = artifact.kernel.text
        self.before("judge", text)
        with self._lock:
            self.judged[text] += 1
            self.rivals.append((text, incumbent.kernel.text if incumbent else None))
        what = self.fail.get(text, Status.OK)
        if isinstance(what, Exception):
            raise what
        if what is not Status.OK:
            return Evaluation(artifact.kernel.digest, task.name, (), what)
        cost = float(self.costs.get(text, 100.0))
        metrics = ()
        if incumbent is not None:
            metrics = (("ratio", cost / float(self.costs.get(incumbent.kernel.text, 100.0))),)
        fidelity = Fidelity.HARDWARE if self.timed else Fidelity.MODELLED
        facts = {"metrics": metrics, "fidelity": fidelity, "fingerprint": self.fingerprint}
        return Evaluation(artifact.kernel.digest, task.name, (), Status.OK, cost=Cost(cost), **facts)

    def close(self):
        self.closed = True


class FakeProposer:
    """Answers every request with the words that a function gives for the parent's word."""

    name, about = "fake", "words"

    def __init__(self, words, *, inline=False, legal=False, error=None):
        self.words, self.inline, self.legal, self.error = words, inline, legal, error
        self.requests = []

    def missing(self):
        return ()

    def propose(self, request, *, n, seed):
        self.requests.append((request, n, seed))
        for text in self.words(request.parent.kernel.text if request.parent else ""):
            yield Proposal(text, plan=f"try {text}", kernel=word(text))
        if self.error:
            raise self.error


def word(text):
    return Kernel(text, "text", "f")


def words(judged):
    return [candidate.kernel.text for candidate, _ in judged]


@pytest.fixture
def task():
    return Task("words", (), Source("", "text", "f"), sizes=((),))


@pytest.fixture
def begin(task):
    """begin(bench, proposers, ...) -> (session, judged start)."""
    opened = []

    def begin(bench=None, proposers=(), *, journal=None, lowered=False, **options):
        session = Session(journal or Journal.memory(seed=1), proposers=proposers, **{"jobs": 2, **options})
        opened.append(session)
        session.focus(task, FakeTarget(), bench or FakeBench())
        return session, session.start(word("s"), lowered=lowered)

    yield begin
    for session in opened:
        session.close()


@pytest.fixture
def gemm():
    return next(found for found in landscapes() if found.name == "gemm")


@pytest.fixture
def fakes():
    """The classes above, for tests that make their own."""

    class Fakes:
        target, bench, proposer = FakeTarget, FakeBench, FakeProposer

    Fakes.word, Fakes.words = staticmethod(word), staticmethod(words)
    return Fakes
